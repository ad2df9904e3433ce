"""Contracts: what fits a description, and what is told of each."""

from datetime import UTC, datetime
from typing import Any

import pytest
from trading_house import CALL, HIGH_CALL, LATE_CALL, NVDA, PUT, SPY, house

from gamma_scalper.domain.instruments import TickRule
from gamma_scalper.domain.sessions import parse_liquid_hours
from gamma_scalper.gateway.details import RULES, rule_id
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.requests_of_data import (
    RequestContractDetails,
    RequestDepthExchanges,
    RequestMarketRule,
    RequestMatchingSymbols,
    RequestNewsProviders,
    RequestSecDefOptParams,
)
from gamma_scalper.gateway.wire.requests_of_orders import RequestFamilyCodes, RequestSoftDollarTiers

OPTIONS = [CALL, PUT, HIGH_CALL, LATE_CALL]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"con_id": CALL}, [CALL]),
        ({"con_id": CALL, "sec_type": "OPT", "exchange": "SMART"}, [CALL]),
        ({"con_id": CALL, "sec_type": "STK"}, []),
        ({"con_id": CALL, "exchange": "NOWHERE"}, []),
        ({"con_id": 404}, []),
        ({"symbol": "SPY", "sec_type": "STK", "exchange": "SMART", "currency": "USD"}, [SPY]),
        ({"symbol": "SPY", "sec_type": "STK", "primary_exchange": "ARCA"}, [SPY]),
        ({"local_symbol": "NVDA", "sec_type": "STK"}, [NVDA]),
        ({"symbol": "SPY", "sec_type": "STK", "currency": "EUR"}, []),
        ({"symbol": "SPY", "sec_type": "IND"}, []),
        ({"symbol": "SPY", "sec_type": "FUT"}, []),
        ({"symbol": "SPY", "sec_type": "OPT"}, OPTIONS),
        ({"symbol": "SPY", "sec_type": "OPT", "expiry": "20260109"}, [CALL, PUT, HIGH_CALL]),
        ({"symbol": "SPY", "sec_type": "OPT", "expiry": "202602"}, [LATE_CALL]),
        ({"symbol": "SPY", "sec_type": "OPT", "expiry": "20260110"}, []),
        ({"symbol": "SPY", "sec_type": "OPT", "right": "P"}, [PUT]),
        ({"symbol": "SPY", "sec_type": "OPT", "right": "CALL", "strike": 610.0}, [HIGH_CALL]),
        ({"symbol": "SPY", "sec_type": "OPT", "strike": 600.0, "multiplier": "100"}, [CALL, PUT, LATE_CALL]),
        ({"symbol": "SPY", "sec_type": "OPT", "multiplier": "10"}, []),
        ({"trading_class": "SPY", "sec_type": "OPT", "expiry": "202602"}, [LATE_CALL]),
        ({"trading_class": "SPYX", "sec_type": "OPT"}, []),
        ({"local_symbol": "SPY   260109C00610000", "sec_type": "OPT"}, [HIGH_CALL]),
        ({"local_symbol": "SPY 260109C00610000", "sec_type": "OPT"}, [HIGH_CALL]),
        ({"local_symbol": "SPY   260109C00999000", "sec_type": "OPT"}, []),
        ({"symbol": "NVDA", "sec_type": "OPT"}, []),
    ],
)  # fmt: skip
async def test_a_contract_is_found_by_any_of_its_fields(fields: dict[str, Any], found: list[int]) -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(RequestContractDetails(5, ContractFields(**fields)))
        assert sorted(each.contract.con_id for each in said if isinstance(each, answers.ContractDetails)) == sorted(
            found
        )
        assert client.errors(5) == ([] if found else [200])
        assert (said[-1] == answers.ContractDetailsEnd(5)) is bool(found)


@pytest.mark.parametrize(
    "fields",
    [
        {"symbol": "SPY"},
        {"sec_type": "STK"},
        {"symbol": "SPY", "sec_type": "OPT", "expiry": "2026-01-09"},
        {"symbol": "SPY", "sec_type": "OPT", "expiry": "20260231"},
        {"symbol": "SPY", "sec_type": "OPT", "right": "X"},
    ],
)
async def test_a_description_that_makes_no_sense_gets_321(fields: dict[str, Any]) -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestContractDetails(5, ContractFields(**fields)))
        assert client.errors(5) == [321]


async def test_an_option_is_described_in_full() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(RequestContractDetails(5, ContractFields(con_id=CALL)))
        contract, details = said[0].contract, said[0].details
        assert contract == ContractFields(
            con_id=CALL, symbol="SPY", sec_type="OPT", expiry="20260109", strike=600.0, right="C", multiplier="100",
            exchange="SMART", currency="USD", local_symbol="SPY   260109C00600000", trading_class="SPY",
        )  # fmt: skip
        assert (details.under_con_id, details.under_symbol, details.under_sec_type) == (SPY, "SPY", "STK")
        assert (details.contract_month, details.real_expiration_date) == ("202601", "20260109")
        assert (details.min_tick, details.last_trade_time) == (0.01, "16:00:00")
        rules = details.market_rule_ids.split(",")
        assert len(rules) == len(details.valid_exchanges.split(",")) and set(rules) == {"109"}


async def test_hours_are_text_that_a_client_can_read_with_closed_days_and_early_closes() -> None:
    async with house(start=datetime(2026, 11, 23, 15, tzinfo=UTC)) as trading:  # the week of Thanksgiving
        client = await trading.client()
        details = (await client.ask(RequestContractDetails(5, ContractFields(con_id=SPY))))[0].details
        liquid = parse_liquid_hours(details.liquid_hours, details.time_zone_id)
        days = details.liquid_hours.split(";")
        assert days[:6] == [
            "20261123:0930-20261123:1600",
            "20261124:0930-20261124:1600",
            "20261125:0930-20261125:1600",
            "20261126:CLOSED",
            "20261127:0930-20261127:1300",
            "20261128:CLOSED",
        ]
        assert len(days) == 35
        assert details.trading_hours == details.liquid_hours, "nobody trades before or after"
        assert liquid.sessions[3].closes == datetime(2026, 11, 27, 18, tzinfo=UTC)


async def test_an_option_that_has_expired_is_found_by_its_con_id_only_if_that_was_asked_for() -> None:
    async with house(start=datetime(2026, 1, 12, 15, tzinfo=UTC)) as trading:
        client = await trading.client()
        await client.ask(RequestContractDetails(5, ContractFields(con_id=CALL)))
        said = await client.ask(RequestContractDetails(6, ContractFields(con_id=CALL), include_expired=True))
        assert client.errors(5) == [200]
        assert said[0].contract.con_id == CALL


async def test_a_chain_is_told_for_each_exchange_and_class() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(RequestSecDefOptParams(5, "SPY", "", "STK", SPY))
        assert said[-1] == answers.SecDefOptParamsEnd(5)
        assert [each.exchange for each in said[:-1]] == ["SMART", "AMEX", "CBOE", "ISE", "PHLX"]
        assert said[0] == answers.SecDefOptParams(
            5, "SMART", SPY, "SPY", "100", ("20260109", "20260220"), (600.0, 610.0)
        )


async def test_an_index_has_a_morning_class_that_stops_trading_the_day_before() -> None:
    exchange, past = open_exchange("gbm:symbol=SPX,kind=index,spot=5000", past_sessions=0)
    async with house(exchange, past=past) as trading:
        client = await trading.client()
        index = ContractFields(symbol="SPX", sec_type="IND", exchange="CBOE")
        details = (await client.ask(RequestContractDetails(5, index)))[0]
        assert (details.contract.sec_type, details.contract.exchange, details.details.valid_exchanges) == (
            "IND",
            "CBOE",
            "CBOE",
        )
        said = await client.ask(RequestSecDefOptParams(6, "SPX", "", "IND", details.contract.con_id))
        classes = {each.trading_class: each for each in said if isinstance(each, answers.SecDefOptParams)}
        assert set(classes) == {"SPX", "SPXW"}
        assert "20260115" in classes["SPX"].expiries and "20260116" not in classes["SPX"].expiries
        option = ContractFields(
            symbol="SPX", sec_type="OPT", expiry="20260115", strike=5000.0, right="C", trading_class="SPX"
        )
        (found, _) = await client.ask(RequestContractDetails(7, option))
        assert found.details.real_expiration_date == "20260116"


async def test_what_has_no_options_or_does_not_exist_is_refused() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(
            RequestSecDefOptParams(5, "X", "", "STK", 404), RequestSecDefOptParams(6, "SPY", "", "OPT", CALL)
        )
        assert (client.errors(5), client.errors(6)) == ([200], [321])
        assert await client.ask(RequestSecDefOptParams(7, "NVDA", "", "STK", NVDA)) == [answers.SecDefOptParamsEnd(7)]


async def test_a_market_rule_gives_the_steps_in_bands() -> None:
    async with house() as trading:
        client = await trading.client()
        steps = (answers.PriceIncrement(0.0, 0.0001), answers.PriceIncrement(1.0, 0.01))
        assert await client.ask(RequestMarketRule(26)) == [answers.MarketRule(26, steps)]
        await client.ask(RequestMarketRule(4))
        assert client.errors(-1)[-1] == 321


def test_an_unusual_rule_has_a_number_that_follows_from_its_bands() -> None:
    odd = TickRule((("0", "0.02"), ("5", "0.20")))
    assert rule_id(odd) == rule_id(TickRule((("0.0", "0.020"), ("5.00", "0.2"))))
    assert rule_id(odd) >= 10_000 and rule_id(odd) not in RULES


@pytest.mark.parametrize(("pattern", "found"), [("S", ["SPY"]), ("spy", ["SPY"]), ("", []), ("QQ", [])])
async def test_symbols_are_found_by_how_they_begin(pattern: str, found: list[str]) -> None:
    async with house() as trading:
        client = await trading.client()
        (answer,) = await client.ask(RequestMatchingSymbols(5, pattern))
        assert [each.contract.symbol for each in answer.samples] == found


async def test_questions_about_what_a_paper_house_has_not_are_answered_all_the_same() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(
            RequestDepthExchanges(), RequestNewsProviders(), RequestSoftDollarTiers(5), RequestFamilyCodes()
        )
        assert [type(each).__name__ for each in said] == [
            "DepthExchanges",
            "NewsProviders",
            "SoftDollarTiers",
            "FamilyCodes",
        ]
