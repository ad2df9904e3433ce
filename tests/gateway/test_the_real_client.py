"""The real ib_insync against the gateway in memory: the calls a program makes in a day."""

import asyncio
from datetime import timedelta

import pytest
from ib_insync import (
    IB,
    ComboLeg,
    Contract,
    ExecutionFilter,
    Index,
    LimitOrder,
    MarketOrder,
    Option,
    Stock,
    StopOrder,
)
from trading_house import ME, YOU, Client, fault, house

from gamma_scalper.exchange.faults import Kind
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.requests_of_data import RequestMarketData
from gamma_scalper.kernel import VirtualLoop


def spy() -> Stock:
    """A new one each time, since the library fills it in."""
    return Stock("SPY", "SMART", "USD")


@pytest.fixture(autouse=True)
def errors_of_the_library(caplog: pytest.LogCaptureFixture):
    """What its decoder or its wrapper can't make sense of it only logs."""
    yield
    bad = [each.getMessage() for each in caplog.records if each.name in ("ib_insync.Decoder", "asyncio")]
    assert bad == []


async def settled(ib: IB, seconds: float = 1.0) -> None:
    await asyncio.sleep(seconds)


async def test_a_connection_brings_accounts_positions_and_orders() -> None:
    async with house(accounts=(ME, YOU)) as trading, trading.ib() as ib:
        assert ib.managedAccounts() == [ME, YOU]
        assert {value.account for value in ib.accountValues() if value.tag == "NetLiquidation"} == {ME, YOU}
        assert (ib.positions(), ib.openTrades(), ib.fills()) == ([], [], [])


async def test_contracts_are_qualified_by_name() -> None:
    async with house() as trading, trading.ib() as ib:
        wanted = [spy(), Option("SPY", "20260109", 600, "C", "SMART"), Option("SPY", "20260109", 600, "P", "SMART")]
        assert [each.conId for each in await ib.qualifyContractsAsync(*wanted)] == [1, 11, 12]
        assert await ib.qualifyContractsAsync(Index("VIX", "CBOE")) == []
        (chain, *_) = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", 1)
        assert chain.expirations == ["20260109", "20260220"]
        assert [each.contract.symbol for each in await ib.reqMatchingSymbolsAsync("N")] == ["NVDA"]
        assert [(each.lowEdge, each.increment) for each in await ib.reqMarketRuleAsync(26)] == [
            (0.0, 0.0001),
            (1.0, 0.01),
        ]


async def test_quotes_and_greeks_arrive_in_its_tickers() -> None:
    async with house() as trading, trading.ib() as ib:
        share, call = await ib.qualifyContractsAsync(spy(), Option("SPY", "20260109", 600, "C", "SMART"))
        first, second = ib.reqMktData(share, "236,456"), ib.reqMktData(call, "101")
        await settled(ib)
        assert (first.bid, first.bidSize, first.ask, first.askSize) == (599.99, 1000, 600.01, 1000)
        assert (first.shortableShares, first.halted, first.marketDataType) == (10_000_000, 0, 1)
        assert 0 < second.modelGreeks.delta < 1 and second.bidGreeks.impliedVol < second.askGreeks.impliedVol
        (snapshot,) = await ib.reqTickersAsync(share)
        assert snapshot.ask == 600.01
        ib.cancelMktData(share)
        await settled(ib)
        trading.quote(1, 610.0, 610.02)
        await settled(ib)
        assert first.bid == 599.99


async def test_all_ticks_of_one_moment_come_in_one_batch() -> None:
    async with house() as trading, trading.ib() as ib:
        share, call = await ib.qualifyContractsAsync(spy(), Option("SPY", "20260109", 600, "C", "SMART"))
        first, second = ib.reqMktData(share), ib.reqMktData(call)
        await settled(ib)
        batches = []
        ib.pendingTickersEvent += lambda tickers: batches.append([each.contract.conId for each in tickers])
        trading.quote(1, 601.0, 601.02)
        trading.quote(11, 5.5, 5.6)
        await asyncio.sleep(0.001)
        assert batches == [[1, 11]]
        assert (first.bid, second.bid) == (601.0, 5.5)


async def test_an_order_lives_and_dies_with_its_trade() -> None:
    async with house() as trading, trading.ib() as ib:
        (share,) = await ib.qualifyContractsAsync(spy())
        bought = ib.placeOrder(share, MarketOrder("BUY", 100))
        resting = ib.placeOrder(share, LimitOrder("BUY", 100, 500))
        await settled(ib)
        assert bought.orderStatus.status == "Filled" and bought.fills[0].commissionReport.commission == 1.0
        assert resting.orderStatus.status == "Submitted"
        resting.order.lmtPrice = 501
        ib.placeOrder(share, resting.order)
        await settled(ib)
        assert [float(each.ticket.limit) for each in trading.engine.open_orders()] == [501.0]
        ib.cancelOrder(resting.order)
        await settled(ib)
        assert resting.orderStatus.status == "Cancelled"
        assert [(each.contract.conId, each.position) for each in ib.positions()] == [(1, 100)]
        assert ib.portfolio()[0].marketPrice == 600.0


async def test_a_bracket_of_the_library_is_taken_whole() -> None:
    async with house() as trading, trading.ib() as ib:
        (share,) = await ib.qualifyContractsAsync(spy())
        trades = [ib.placeOrder(share, each) for each in ib.bracketOrder("BUY", 100, 600.05, 650, 550)]
        await settled(ib)
        assert [each.orderStatus.status for each in trades] == ["Filled", "Submitted", "PreSubmitted"]
        trading.quote(1, 549.0, 549.02)
        await settled(ib)
        assert [each.orderStatus.status for each in trades] == ["Filled", "Cancelled", "Filled"]


async def test_a_straddle_trades_as_one() -> None:
    async with house() as trading, trading.ib() as ib:
        legs = [ComboLeg(conId=con_id, ratio=1, action="BUY", exchange="SMART") for con_id in (11, 12)]
        bag = Contract(symbol="SPY", secType="BAG", exchange="SMART", currency="USD", comboLegs=legs)
        ticker = ib.reqMktData(bag)
        trade = ib.placeOrder(bag, LimitOrder("BUY", 1, 10.10))
        await settled(ib)
        assert (ticker.bid, ticker.ask) == (9.9, 10.1)
        assert trade.orderStatus.status == "Filled"
        assert sorted(each.contract.secType for each in trade.fills) == ["BAG", "OPT", "OPT"]
        assert trade.fills[0].execution.time == trading.clock.now() - timedelta(seconds=1)


async def test_a_what_if_answers_with_figures() -> None:
    async with house() as trading, trading.ib() as ib:
        (share,) = await ib.qualifyContractsAsync(spy())
        state = await asyncio.wait_for(ib.whatIfOrderAsync(share, MarketOrder("BUY", 100)), 5)
        assert float(state.initMarginAfter) == pytest.approx(30_000, rel=0.01)
        assert state.commissionCurrency == "USD" and state.commission > 0


async def test_records_are_found_after_a_reconnection() -> None:
    async with house() as trading:
        async with trading.ib() as ib:
            (share,) = await ib.qualifyContractsAsync(spy())
            ib.placeOrder(share, MarketOrder("BUY", 100))
            ib.placeOrder(share, StopOrder("SELL", 100, 500))
            await settled(ib)
        async with trading.ib() as ib:
            assert [each.order.orderType for each in ib.openTrades()] == ["STP"]
            assert [each.execution.shares for each in ib.fills()] == [100]
            assert ib.fills()[0].commissionReport.commission == 1.0
            assert len(await ib.reqExecutionsAsync(ExecutionFilter(side="SELL"))) == 0
            assert [each.orderStatus.status for each in await ib.reqCompletedOrdersAsync(False)] == ["Filled"]
            ib.reqGlobalCancel()
            await settled(ib)
            assert ib.openTrades() == []


async def test_bars_schedules_and_the_account_are_read() -> None:
    exchange, past = open_exchange("gbm:symbol=SPY", seed=3, past_sessions=1)
    async with house(exchange, past=past) as trading, trading.ib() as ib:
        (share,) = await ib.qualifyContractsAsync(spy())
        bars = await ib.reqHistoricalDataAsync(share, "", "2 D", "1 hour", "TRADES", True)
        assert bars[0].date.hour == 9 and len(bars) == 8
        live = await ib.reqHistoricalDataAsync(share, "", "60 S", "5 secs", "MIDPOINT", False, keepUpToDate=True)
        real_time = ib.reqRealTimeBars(share, 5, "TRADES", False)
        await settled(ib, 30)
        assert len(live) >= 6 and len(real_time) >= 5
        schedule = await ib.reqHistoricalScheduleAsync(share, 2)
        assert len(schedule.sessions) == 2
        head = await ib.reqHeadTimeStampAsync(share, "TRADES", True, 1)
        assert head.year == 2026
        ticks = await ib.reqHistoricalTicksAsync(share, "", trading.clock.now(), 10, "BID_ASK", False)
        assert len(ticks) == 10
        pnl = ib.reqPnL("DU1234567")
        await settled(ib)
        assert pnl.dailyPnL == 0.0
        assert (await ib.reqCurrentTimeAsync()).timestamp() == int(trading.clock.now().timestamp())
        tags = {value.tag: value.value for value in await ib.accountSummaryAsync()}
        assert tags["NetLiquidation"] == "1000000.00"


async def test_a_dropped_socket_is_seen_and_a_second_connection_goes_on() -> None:
    async with house(faults=[fault(Kind.SOCKET_DROP, after_s=5, duration_s=10)]) as trading, trading.ib() as ib:
        gone = asyncio.Event()
        ib.disconnectedEvent += gone.set
        await asyncio.wait_for(gone.wait(), 10)
        with pytest.raises((ConnectionError, TimeoutError)):
            await ib.connectAsync("gateway", 1, clientId=7, timeout=1)
        await asyncio.sleep(15)
        await ib.connectAsync("gateway", 1, clientId=7)
        assert ib.isConnected()


def _ten_minutes() -> tuple[bytes, str]:
    """Every byte a client got, and what another made of it."""

    async def trade() -> tuple[bytes, str]:
        exchange, past = open_exchange("heston:symbol=SPY", seed=5, past_sessions=0)
        async with house(exchange, past=past) as trading, trading.ib() as ib:
            raw: Client = await trading.client(99)
            raw.send(RequestMarketData(1, ContractFields(con_id=1001), "233,236,456"))
            (share,) = await ib.qualifyContractsAsync(spy())
            ib.reqMktData(share)
            for _ in range(5):
                await asyncio.sleep(120)
                ib.placeOrder(share, MarketOrder("BUY", 100))
            await asyncio.sleep(10)
            return bytes(raw.wrote), repr((ib.fills(), ib.positions(), ib.accountValues()))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(trade())


def test_two_runs_are_alike_byte_for_byte() -> None:
    first, second = _ten_minutes(), _ten_minutes()
    assert first == second and len(first[0]) > 20_000
