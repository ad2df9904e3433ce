"""What is told of the market: bid, ask, last and all that goes with them."""

import asyncio

import pytest
from trading_house import (
    CALL,
    HIGH_CALL,
    SHARE,
    SPY,
    engine,
    fault,
    house,
    of_option,
    prices,
    sizes,
)

from gamma_scalper.exchange.faults import Kind
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.parameters import GatewayParameters, PacingParameters
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.contracts import ContractFields, LegFields
from gamma_scalper.gateway.wire.requests_of_data import (
    CancelMarketData,
    RequestMarketData,
    RequestMarketDataType,
)

BID, ASK, LAST, HALTED = 1, 2, 4, 49


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


async def test_after_the_close_of_a_generated_market_the_last_price_and_the_close_are_told() -> None:
    exchange, past = open_exchange("gbm:symbol=SPY,step=60", seed=3, past_sessions=0)
    async with house(exchange, past=past) as trading:
        await asyncio.sleep(8 * 3600)
        client = await trading.client()
        await client.ask(RequestMarketData(5, ContractFields(con_id=1001)))
        assert prices(client, BID) == [-1.0] and prices(client, LAST)[0] > 0
        assert prices(client, 6)[-1] > prices(client, 7)[-1] > 0
        await asyncio.sleep(18 * 3600)
        assert prices(client, BID)[-1] > 0 and prices(client, 9)[-1] > 0


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


# -- what was paid for -------------------------------------------------------------------------------------------------


async def test_data_that_nobody_paid_for_is_refused() -> None:
    async with house(parameters=GatewayParameters(data="none")) as trading:
        client = await trading.client()
        said = await client.ask(RequestMarketData(5, SHARE))
        assert [(each.req_id, each.code) for each in said if isinstance(each, answers.Error)] == [(5, 354)]
        trading.quote(SPY, 599.0, 600.0)
        await asyncio.sleep(1)
        assert not client.of(answers.TickPrice)


async def test_delayed_data_is_for_those_who_ask_for_it() -> None:
    async with house(parameters=GatewayParameters(data="delayed")) as trading:
        client = await trading.client()
        said = await client.ask(RequestMarketData(5, SHARE))
        assert [each.code for each in said if isinstance(each, answers.Error)] == [10089]
        client.send(RequestMarketDataType(3))
        said = await client.ask(RequestMarketData(6, SHARE))
        assert [each.code for each in said if isinstance(each, answers.Error)] == [10167]
        assert client.of(answers.MarketDataType) == [answers.MarketDataType(6, 3)]
        assert prices(client, 66, 6) == [599.99] and not prices(client, BID, 6)
