"""What is told of the market: bid, ask, last and all that goes with them."""

import asyncio
import math
from datetime import UTC, date, datetime

import pytest
from attrs import evolve
from trading_house import CALL, HIGH_CALL, MONDAY, NVDA, PUT, SHARE, SPY, Client, engine, fault, house, of_option, order

from gamma_scalper.domain.sessions import years_between
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import Halt, SetShortable
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.parameters import GatewayParameters, PacingParameters
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.contracts import ContractFields, LegFields
from gamma_scalper.gateway.wire.requests_of_data import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    CancelMarketData,
    RequestMarketData,
    RequestMarketDataType,
    RequestSmartComponents,
)
from gamma_scalper.pricing import BlackScholes, MarketInputs
from gamma_scalper.pricing.dividends import Dividend, DividendSchedule
from gamma_scalper.pricing.model import OptionTerms

BID, ASK, LAST, HALTED = 1, 2, 4, 49


def prices(client: Client, tick_type: int, req_id: int = 5) -> list[float]:
    return [each.price for each in client.of(answers.TickPrice) if (each.req_id, each.tick_type) == (req_id, tick_type)]


def sizes(client: Client, tick_type: int, req_id: int = 5) -> list[float]:
    return [each.size for each in client.of(answers.TickSize) if (each.req_id, each.tick_type) == (req_id, tick_type)]


def generic(client: Client, tick_type: int, req_id: int = 5) -> list[float]:
    return [
        each.value for each in client.of(answers.TickGeneric) if (each.req_id, each.tick_type) == (req_id, tick_type)
    ]


# -- bid and ask -------------------------------------------------------------------------------------------------------


async def test_a_line_begins_with_its_kind_of_data_and_tells_only_what_changes() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(RequestMarketData(5, SHARE))
        assert said[0] == answers.TickReqParams(5, 0.0001, "9c0001", 3)
        assert said[1] == answers.MarketDataType(5, 1)
        assert (prices(client, BID), prices(client, ASK)) == ([599.99], [600.01])
        before = len(client.said)
        trading.quote(SPY, 599.99, 600.02)
        await asyncio.sleep(0.001)
        assert client.said[before:] == [answers.TickPrice(5, ASK, 600.02, 1000, 1)]
        trading.quote(SPY, 599.99, 600.02, sizes=(300, 1000))
        await asyncio.sleep(0.001)
        assert client.said[before + 1 :] == [answers.TickSize(5, 0, 300)]


async def test_a_side_that_nobody_quotes_is_minus_one_with_no_size() -> None:
    async with house() as trading:
        client = await trading.client()
        client.send(RequestMarketData(5, SHARE))
        await asyncio.sleep(0.001)
        trading.quote(SPY, None, 600.02)
        await asyncio.sleep(0.001)
        assert client.of(answers.TickPrice)[-2] == answers.TickPrice(5, BID, -1.0, 0, 1)


async def test_the_last_price_comes_with_its_time_the_days_figures_and_the_volume() -> None:
    async with house() as trading:
        client = await trading.client()
        client.send(RequestMarketData(5, SHARE))
        for price in (600.0, 601.0, 599.0):
            await asyncio.sleep(1)
            trading.quote(SPY, price - 0.01, price + 0.01, sizes=(100, 300), last=price)
        await asyncio.sleep(0.001)
        assert prices(client, LAST) == [600.0, 601.0, 599.0]
        assert (prices(client, 6)[-1], prices(client, 7)[-1]) == (601.0, 599.0)
        assert sizes(client, 8)[-1] == 300
        stamps = [each.value for each in client.of(answers.TickString) if each.tick_type == 45]
        assert stamps[-1] == str(int(trading.clock.now().timestamp()))


async def test_after_a_cancel_nothing_comes_and_a_second_cancel_is_refused() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE), CancelMarketData(5))
        before = len(client.said)
        trading.quote(SPY, 601.0, 601.02)
        await asyncio.sleep(0.001)
        assert client.said[before:] == []
        await client.ask(CancelMarketData(5))
        assert client.errors(5) == [300]


async def test_two_lines_of_one_contract_are_independent() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE), RequestMarketData(6, SHARE), CancelMarketData(5))
        trading.quote(SPY, 601.0, 601.02)
        await asyncio.sleep(0.001)
        assert (prices(client, BID, 5)[-1], prices(client, BID, 6)[-1]) == (599.99, 601.0)


async def test_a_request_id_in_use_and_a_contract_nobody_lists_are_refused() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(
            RequestMarketData(5, SHARE), RequestMarketData(5, SHARE), RequestMarketData(6, ContractFields(con_id=9))
        )
        assert (client.errors(5), client.errors(6)) == ([322], [200])


async def test_beyond_the_number_of_lines_there_is_101() -> None:
    parameters = GatewayParameters(pacing=PacingParameters(market_data_lines=2))
    async with house(parameters=parameters) as trading:
        client = await trading.client()
        await client.ask(*[RequestMarketData(number, SHARE) for number in (1, 2, 3)])
        assert client.errors(3) == [101]
        await client.ask(CancelMarketData(1), RequestMarketData(3, SHARE))
        assert client.errors(3) == [101]
        assert prices(client, BID, 3) == [599.99]


# -- snapshots, closed markets, kinds of data --------------------------------------------------------------------------


@pytest.mark.parametrize("regulatory", [False, True])
async def test_a_snapshot_tells_both_sides_and_ends(regulatory: bool) -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(
            RequestMarketData(5, of_option(CALL), snapshot=not regulatory, regulatory_snapshot=regulatory)
        )
        assert (prices(client, BID), prices(client, ASK)) == ([5.0], [5.1])
        assert 13 in [each.tick_type for each in client.of(answers.TickOptionComputation)]
        assert said[-1] == answers.TickSnapshotEnd(5)


async def test_a_snapshot_of_what_nobody_quotes_ends_after_eleven_seconds() -> None:
    async with house(engine()) as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE, snapshot=True))
        assert client.of(answers.TickSnapshotEnd) == []
        await asyncio.sleep(11)
        assert client.of(answers.TickSnapshotEnd) == [answers.TickSnapshotEnd(5)]


@pytest.mark.parametrize(("asked", "told", "bids"), [(1, 1, []), (2, 2, [599.99])])
async def test_of_a_closed_market_the_last_price_is_told_and_the_quote_only_if_frozen_data_was_asked_for(
    asked: int, told: int, bids: list[float]
) -> None:
    async with house() as trading:
        trading.quote(SPY, 599.99, 600.01, last=600.0)
        await asyncio.sleep(7 * 3600)  # 17:00 in New York
        client = await trading.client()
        await client.ask(RequestMarketDataType(asked), RequestMarketData(5, SHARE))
        assert client.of(answers.MarketDataType) == [answers.MarketDataType(5, told)]
        assert (prices(client, BID), prices(client, LAST)) == (bids, [600.0])


async def test_live_data_stays_live_when_delayed_was_asked_for() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketDataType(3), RequestMarketData(5, SHARE))
        assert client.of(answers.MarketDataType) == [answers.MarketDataType(5, 1)]
        await client.ask(RequestMarketDataType(7))
        assert client.errors(-1)[-1] == 321


async def test_delayed_quotes_have_numbers_of_their_own() -> None:
    async with house(faults=[fault(Kind.DELAYED_DATA, duration_s=60)]) as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, of_option(CALL)))
        assert client.of(answers.MarketDataType) == [answers.MarketDataType(5, 3)]
        assert (prices(client, 66), prices(client, 67), prices(client, BID)) == ([5.0], [5.1], [])
        assert {each.tick_type for each in client.of(answers.TickOptionComputation)} == {80, 81, 83}
        await asyncio.sleep(61)
        trading.quote(CALL, 5.01, 5.11)
        await asyncio.sleep(0.001)
        assert client.of(answers.MarketDataType)[-1] == answers.MarketDataType(5, 1)
        assert prices(client, BID) == [5.01]


# -- combos ------------------------------------------------------------------------------------------------------------


async def test_a_combos_quote_is_made_of_its_legs() -> None:
    legs = (LegFields(CALL, 1, "BUY", "SMART"), LegFields(HIGH_CALL, 2, "SELL", "SMART"))
    spread = ContractFields(symbol="SPY", sec_type="BAG", exchange="SMART", currency="USD", legs=legs)
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, spread))
        assert (prices(client, BID), prices(client, ASK)) == ([1.8], [2.1])  # 5.00 - 2 x 1.60, 5.10 - 2 x 1.50
        trading.quote(HIGH_CALL, 1.4, 1.6)
        await asyncio.sleep(0.001)
        assert (prices(client, BID), prices(client, ASK)[-1]) == ([1.8], 2.3)
        trading.quote(HIGH_CALL, None, 1.6)
        await asyncio.sleep(0.001)
        assert prices(client, ASK)[-1] == -1.0


async def test_shares_beside_options_count_a_hundredth() -> None:
    legs = (LegFields(SPY, 100, "BUY", "SMART"), LegFields(CALL, 1, "SELL", "SMART"))
    covered = ContractFields(symbol="SPY", sec_type="BAG", exchange="SMART", currency="USD", legs=legs)
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, covered))
        assert prices(client, ASK) == [pytest.approx(600.01 - 5.00)]


# -- Greeks ------------------------------------------------------------------------------------------------------------


async def test_greeks_are_those_of_the_price_they_stand_beside() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, of_option(CALL)), seconds=0.1)
        found = {each.tick_type: each for each in client.of(answers.TickOptionComputation)}
        assert set(found) == {10, 11, 13}
        inputs = MarketInputs(600.0, years_between(MONDAY, datetime(2026, 1, 9, 21, tzinfo=UTC)), 0.04, 0.0)
        for tick_type, price in ((10, 5.0), (11, 5.1), (13, 5.05)):
            terms, tick = OptionTerms("C", 600.0, "european"), found[tick_type]
            model = BlackScholes()  # a call without dividends is never exercised early
            assert (tick.option_price, tick.under_price) == (price, 600.0)
            assert model.price(terms, inputs, tick.implied_vol) == pytest.approx(price, rel=2e-3)
            greeks = model.greeks(terms, inputs, tick.implied_vol)
            assert tick.delta == pytest.approx(greeks.delta, rel=5e-3)
            assert tick.gamma == pytest.approx(greeks.gamma, rel=2e-2)
            assert tick.vega == pytest.approx(greeks.vega / 100, rel=1e-2)
            assert tick.theta == pytest.approx(greeks.theta_per_day, rel=2e-2)


async def test_a_dividend_in_its_life_is_told_with_the_greeks_and_by_its_own_tick() -> None:
    schedule = DividendSchedule((Dividend(date(2025, 10, 1), 1.1), Dividend(date(2026, 1, 8), 1.25)))
    async with house(dividends=schedule) as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, of_option(PUT)), RequestMarketData(6, SHARE, "456"), seconds=0.1)
        assert {each.pv_dividend for each in client.of(answers.TickOptionComputation)} == {1.25}
        (tick,) = [each for each in client.of(answers.TickString) if each.tick_type == 59]
        assert tick.value == "1.1,1.25,20260108,1.25"


async def test_greeks_come_at_most_every_second_and_those_of_the_sides_every_five() -> None:
    async with house() as trading:
        client = await trading.client()
        client.send(RequestMarketData(5, of_option(CALL)))
        for i in range(100):
            trading.quote(CALL, 5.0 + 0.01 * (i % 7), 5.1 + 0.01 * (i % 7))
            await asyncio.sleep(0.1)
        told = [each.tick_type for each in client.of(answers.TickOptionComputation)]
        assert (told.count(13), told.count(10), told.count(11)) == (10, 2, 2)


async def test_a_price_without_time_value_has_no_greeks() -> None:
    async with house() as trading:
        trading.quote(CALL, 0.0, 0.0001)
        trading.quote(SPY, 700.0, 700.02)
        client = await trading.client()
        await client.ask(RequestMarketData(5, of_option(CALL)), seconds=0.1)
        assert {each.delta for each in client.of(answers.TickOptionComputation)} == {None}


async def test_poisoned_greeks_are_absent_nan_and_unset_in_turn() -> None:
    async with house(faults=[fault(Kind.POISONED_GREEKS, duration_s=60)]) as trading:
        client = await trading.client()
        client.send(RequestMarketData(5, of_option(CALL)))
        told = []
        for i in range(3):
            before = len(client.said)
            trading.quote(CALL, 5.0 + 0.01 * i, 5.2)
            await asyncio.sleep(1.1)
            told.append([each.delta for each in client.of(answers.TickOptionComputation, before)])
        assert told[0] == []
        assert told[1] and all(math.isnan(delta) for delta in told[1])
        assert told[2] and set(told[2]) == {None}


async def test_volatilities_and_prices_are_worked_out_on_request() -> None:
    async with house() as trading:
        client = await trading.client()
        (solved,) = await client.ask(CalculateImpliedVolatility(5, of_option(CALL), 5.05, 600.0))
        (priced,) = await client.ask(CalculateOptionPrice(6, of_option(CALL), solved.implied_vol, 600.0))
        assert priced.option_price == pytest.approx(5.05, abs=1e-4)
        await client.ask(CalculateOptionPrice(7, SHARE, 0.2, 600.0))
        assert client.errors(7) == [321]


# -- generic ticks -----------------------------------------------------------------------------------------------------


async def test_generic_ticks_are_answered_with_what_a_reader_can_use() -> None:
    exchange, past = open_exchange("gbm:symbol=SPY,dividend=1.5", seed=3, past_sessions=1)
    async with house(exchange, past=past) as trading:
        client = await trading.client()
        client.send(
            RequestMarketData(5, ContractFields(con_id=1001), "100,104,106,165,221,233,236,293,294,295,318,375,411,456")
        )
        await asyncio.sleep(30)
        assert generic(client, 23)[-1] == pytest.approx(0.2, abs=0.1)
        assert generic(client, 24)[-1] == pytest.approx(0.2, abs=0.1)
        assert prices(client, 37)[-1] == pytest.approx(prices(client, BID)[-1], rel=1e-3)
        assert sizes(client, 89) == [10_000_000] and generic(client, 46) == [3.0]
        assert prices(client, 15)[-1] < prices(client, 16)[-1]
        assert generic(client, 54)[-1] >= 29 and generic(client, 55)[-1] >= 29 and generic(client, 56)[-1] > 0
        assert prices(client, 57)[-1] == prices(client, LAST)[-1]
        strings = {each.tick_type: each.value for each in client.of(answers.TickString)}
        price, size, moment, volume, mean, single = strings[48].split(";")
        assert float(price) == prices(client, LAST)[-1] and float(volume) == sizes(client, 8)[-1]
        assert strings[48] == strings[77] and strings[59].startswith("0,")
        assert (float(size) > 0, int(moment) > 0, float(mean) > 0, single) == (True, True, True, "false")
        assert prices(client, 9) and prices(client, 9)[-1] == pytest.approx(600, rel=0.1)


async def test_an_options_open_interest_and_volume_are_its_own() -> None:
    async with house() as trading:
        trading.engine.market.list_contract(trading.engine.market.instrument(CALL), open_interest=77)
        client = await trading.client()
        await client.ask(order(1, "BUY", 3, contract=of_option(CALL)), RequestMarketData(5, of_option(CALL), "100,101"))
        assert (sizes(client, 27), sizes(client, 28)) == ([77], [0])
        assert (sizes(client, 29), sizes(client, 30)) == ([3], [0])


async def test_an_unknown_generic_tick_is_refused_with_those_there_are() -> None:
    async with house() as trading:
        client = await trading.client()
        (answer,) = await client.ask(RequestMarketData(5, SHARE, "236,999"))
        assert answer.code == 321 and "236(Shortable)" in answer.message


async def test_a_halt_and_its_end_are_told_of_the_share_and_its_options() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(
            RequestMarketData(5, SHARE),
            RequestMarketData(6, of_option(CALL)),
            RequestMarketData(7, ContractFields(con_id=NVDA)),
        )
        trading.gateway.do(Halt(SPY, 30))
        await asyncio.sleep(31)
        assert generic(client, HALTED, 5) == generic(client, HALTED, 6) == [0, 1, 0]
        assert generic(client, HALTED, 7) == [0]


async def test_shares_that_can_be_borrowed_are_told_as_they_change() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE, "236"))
        trading.gateway.do(SetShortable(SPY, 500))
        await asyncio.sleep(1)
        trading.quote(SPY, 599.0, 599.02)
        await asyncio.sleep(0.001)
        assert (sizes(client, 89), generic(client, 46)) == ([10_000_000, 500], [3.0, 2.0])


async def test_the_letters_of_exchanges_are_explained() -> None:
    async with house() as trading:
        client = await trading.client()
        (answer,) = await client.ask(RequestSmartComponents(5, "9c0001"))
        assert [each.letter for each in answer.components] == ["N", "C"]


# -- a client that reads slowly ----------------------------------------------------------------------------------------


async def test_a_client_that_reads_slowly_gets_the_newest_quote_and_not_all_of_them() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE))
        client.transport.pause_reading()
        for i in range(30_000):
            trading.quote(SPY, 500.0 + 0.01 * i, 500.02 + 0.01 * i)
            if i % 100 == 0:
                await asyncio.sleep(0)
        (session,) = trading.gateway._sessions
        assert session.outbox.size < 400_000
        client.transport.resume_reading()
        await asyncio.sleep(1)
        assert prices(client, BID)[-1] == 799.99
        assert len(prices(client, BID)) < 15_000
        assert session.outbox.size == 0


async def test_a_client_that_does_not_read_at_all_is_disconnected_at_a_limit() -> None:
    parameters = GatewayParameters()
    parameters = evolve(parameters, buffers=evolve(parameters.buffers, close_above_kb=256))
    async with house(parameters=parameters) as trading:
        deaf, good = await trading.client(1), await trading.client(2)
        deaf.transport.pause_reading()
        for number in range(1, 3_000):
            deaf.send(order(number, "BUY", 1))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await deaf.lost.wait()
        await good.ask(order(1, "BUY", 1))
        assert good.statuses(1)[-1] == "Filled"


async def test_no_write_is_long_and_a_turn_makes_one() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE), RequestMarketData(6, of_option(CALL)))
        before = len(client.writes)
        trading.quote(SPY, 601.0, 601.02)
        trading.quote(CALL, 5.5, 5.6)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(client.writes) == before + 1
        for number in range(1, 400):
            client.send(order(number, "BUY", 1))
        await asyncio.sleep(1)
        assert max(client.writes) <= 64_000 and sum(client.writes) > 200_000
