"""Many ticks: each by itself, of many lines at once, and for a client that doesn't keep up."""

import asyncio

import pytest
from attrs import evolve
from trading_house import (
    CALL,
    SHARE,
    SPY,
    house,
    of_option,
    order,
    prices,
)

from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.parameters import GatewayParameters, PacingParameters
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.requests_of_data import (
    CancelTickByTick,
    RequestContractDetails,
    RequestMarketData,
    RequestMarketDataType,
    RequestTickByTick,
)

BID, ASK, LAST, HALTED = 1, 2, 4, 49

# -- every single tick -------------------------------------------------------------------------------------------------


async def test_every_trade_offer_or_mid_is_told_by_itself() -> None:
    async with house() as trading:
        client = await trading.client()
        kinds = ("BidAsk", "MidPoint", "Last", "AllLast")
        client.send(*[RequestTickByTick(number, SHARE, what) for number, what in enumerate(kinds)])
        await asyncio.sleep(0.001)
        for last in (600.0, 600.0, 600.01):
            trading.quote(SPY, 599.99, 600.01 + (last - 600.0), last=last)
        await asyncio.sleep(0.001)
        assert [(each.bid, each.ask) for each in client.of(answers.TickByTickBidAsk)][-2:] == [
            (599.99, 600.01),
            (599.99, pytest.approx(600.02)),
        ]
        assert len(client.of(answers.TickByTickBidAsk)) == len(client.of(answers.TickByTickMidPoint)) == 2
        trades = client.of(answers.TickByTickTrade)
        assert [(each.tick_type, each.price) for each in trades] == [(1, 600.0), (2, 600.0)] * 2 + [
            (1, 600.01),
            (2, 600.01),
        ]
        before = len(client.said)
        client.send(*[CancelTickByTick(number) for number in range(4)])
        await asyncio.sleep(0.001)
        trading.quote(SPY, 610.0, 610.02, last=610.0)
        await asyncio.sleep(0.001)
        assert client.said[before:] == [] and trading.engine.floor.looked == {}


async def test_a_stream_of_ticks_that_cant_be_is_refused() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(
            RequestTickByTick(1, SHARE, "Noise"),
            RequestTickByTick(2, SHARE, "Last", count=10),
            RequestTickByTick(3, ContractFields(con_id=404), "Last"),
            CancelTickByTick(4),
            *[RequestTickByTick(number, SHARE, "Last") for number in (10, 10, 11, 12, 13, 14, 15)],
        )
        assert [client.errors(number) for number in (1, 2, 3, 4, 10, 15)] == [
            [321],
            [321],
            [200],
            [300],
            [322],
            [10190],
        ]


async def test_a_tick_of_many_lines_is_told_in_slices_that_let_others_in() -> None:
    parameters = GatewayParameters(pacing=PacingParameters(market_data_lines=400))
    exchange, past = open_exchange("gbm:symbol=SPY", seed=3, past_sessions=0)
    async with house(exchange, past=past, parameters=parameters) as trading:
        client, other = await trading.client(1), await trading.client(2)
        listed = exchange.market.options(1001, exchange.market.expiries(1001)[12])[:320]
        client.send(*[RequestMarketData(number, of_option(option.con_id)) for number, option in enumerate(listed)])
        await asyncio.sleep(0.5)
        before = len(client.writes)
        await asyncio.sleep(0.5)
        assert trading.engine.now.second == 1 and len(client.writes) - before >= len(listed) // 64
        assert await other.ask(RequestMarketDataType(9)) == [other.said[-1]]


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


async def test_whole_chains_asked_for_at_once_wait_for_the_reader_and_not_in_memory() -> None:
    exchange, past = open_exchange("gbm:symbol=SPY,spot=100", seed=3, past_sessions=0)
    async with house(exchange, past=past) as trading:
        client = await trading.client()
        chain = ContractFields(sec_type="OPT", symbol="SPY", exchange="SMART")
        client.send(*[RequestContractDetails(number, chain) for number in (1, 2)])
        outbox, most = trading.gateway._sessions[0].outbox, 0
        while len(client.of(answers.ContractDetailsEnd)) < 2:
            await asyncio.sleep(0)
            most = max(most, outbox.size)
        assert most < 70_000 and len(client.wrote) > 1_000_000
