"""The Greeks of an option's prices, and the ticks a client asks for by number."""

import asyncio
import math
from datetime import UTC, date, datetime

import pytest
from trading_house import (
    CALL,
    MONDAY,
    NVDA,
    PUT,
    SHARE,
    SPY,
    fault,
    generic,
    house,
    of_option,
    order,
    prices,
    sizes,
)

from gamma_scalper.domain.sessions import years_between
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import Halt, SetShortable
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.requests_of_data import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    RequestMarketData,
    RequestSmartComponents,
)
from gamma_scalper.pricing import BlackScholes, MarketInputs
from gamma_scalper.pricing.dividends import Dividend, DividendSchedule
from gamma_scalper.pricing.model import OptionTerms

BID, ASK, LAST, HALTED = 1, 2, 4, 49

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


async def test_greeks_come_at_most_every_three_seconds_and_those_of_the_sides_every_fifteen() -> None:
    async with house() as trading:
        client = await trading.client()
        client.send(RequestMarketData(5, of_option(CALL)))
        for i in range(100):
            trading.quote(CALL, 5.0 + 0.01 * (i % 7), 5.1 + 0.01 * (i % 7))
            await asyncio.sleep(0.3)
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
            await asyncio.sleep(3.1)
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


async def test_generic_ticks_that_have_nothing_to_tell_here_are_taken_all_the_same() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE, "mdoff,256,258,460,577,586,587,588,595,619"))
        assert client.errors(5) == []
