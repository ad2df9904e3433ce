"""A trading day of ib_insync's own client against the gateway in memory, told as one hash; also run as a program.

A straddle is bought in the morning and hedged with shares every half hour; the fault schedule is not empty.
"""

import asyncio
import hashlib
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ib_insync import IB, ComboLeg, Contract, Fill, LimitOrder, MarketOrder, Option, Stock, Ticker, Trade

from gamma_scalper.broker.ib.our_clock import put_ib_insync_on
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.kernel import LoopClock, VirtualLoop

SPEC = "heston:sigma=0.2,implied=0.2,spot=600,step=60"


class Day:
    """What a client saw and did."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.told = hashlib.sha256()
        self.ticks = self.fills = 0

    def run(self) -> str:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(self._run())
        return f"{self.ticks} ticks, {self.fills} fills, {self.told.hexdigest()}"

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        engine, past = open_exchange(SPEC, seed=self.seed, accounts={"DU1": Decimal(1_000_000)}, past_sessions=0)
        start = engine.now
        faults = FaultSchedule(
            [
                Fault(start + timedelta(hours=1), Kind.DISCONNECT_1102, duration_s=60),
                Fault(start + timedelta(hours=2), Kind.LATE_COMMISSION, amount=20),
                Fault(start + timedelta(hours=3), Kind.OUT_OF_ORDER_EXECUTIONS, duration_s=10),
            ]
        )
        clock = LoopClock(loop, start)
        gateway = Gateway(engine, clock, faults=faults, past=past)
        with put_ib_insync_on(clock, loop):
            loop.register_host("gateway", gateway.protocol)
            running = asyncio.create_task(gateway.run())
            ib = IB()
            await ib.connectAsync("gateway", 0, clientId=5, account="DU1")
            try:
                await self._trade(ib, engine.market.sessions(1001).at(start).closes, clock)
            finally:
                ib.disconnect()
                await gateway.close()
                running.cancel()

    async def _trade(self, ib: IB, closes: object, clock: LoopClock) -> None:
        ib.pendingTickersEvent += self._saw
        ib.orderStatusEvent += self._heard
        ib.execDetailsEvent += self._filled
        ib.commissionReportEvent += lambda trade, fill, report: self._note("bill", report.execId, report.commission)
        ib.errorEvent += lambda req_id, code, text, contract: self._note("error", req_id, code, text)
        share = Stock("SPY", "SMART", "USD")
        await ib.qualifyContractsAsync(share)
        tickers = {share.conId: ib.reqMktData(share, "100,101,106,236,456")}
        (chain, *_) = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", share.conId)
        strike = min(chain.strikes, key=lambda strike: abs(strike - 600))
        legs = [Option("SPY", sorted(chain.expirations)[8], strike, right, "SMART") for right in "CP"]
        await ib.qualifyContractsAsync(*legs)
        tickers |= {leg.conId: ib.reqMktData(leg) for leg in legs}
        await asyncio.sleep(900)
        bag = Contract(
            symbol="SPY", secType="BAG", exchange="SMART", currency="USD",
            comboLegs=[ComboLeg(leg.conId, 1, "BUY", "SMART") for leg in legs],
        )  # fmt: skip
        price = round(sum(tickers[leg.conId].ask for leg in legs) + 0.2, 2)
        ib.placeOrder(bag, LimitOrder("BUY", 5, price, account="DU1", orderRef="entry/1"))
        while clock.now() < closes - timedelta(minutes=20):
            await asyncio.sleep(1800)
            self._hedge(ib, share, tickers)
            for each in await ib.reqPositionsAsync():
                self._note("holds", each.contract.conId, each.position, each.avgCost)
        for each in await ib.reqExecutionsAsync():
            self._note("executed", each.execution.execId, each.execution.shares, each.execution.price)
        for each in await ib.accountSummaryAsync():
            self._note("account", each.tag, each.value)

    def _hedge(self, ib: IB, share: Stock, tickers: dict[int, Ticker]) -> None:
        delta = 0.0
        for each in ib.positions():
            greeks = tickers[each.contract.conId].modelGreeks
            delta += each.position * (100 * greeks.delta if greeks else 1)
        if round(delta):
            action = "SELL" if delta > 0 else "BUY"
            ib.placeOrder(share, MarketOrder(action, abs(round(delta)), account="DU1", tif="IOC"))

    def _saw(self, tickers: list[Ticker]) -> None:
        for ticker in tickers:
            greeks = ticker.modelGreeks
            self.ticks += len(ticker.ticks)
            self._note(
                "ticks", ticker.contract.conId, ticker.time, ticker.ticks, None if greeks is None else tuple(greeks)
            )

    def _heard(self, trade: Trade) -> None:
        status = trade.orderStatus
        self._note("order", trade.order.permId, status.status, status.filled, status.remaining, status.avgFillPrice)

    def _filled(self, trade: Trade, fill: Fill) -> None:
        self.fills += 1
        self._note("fill", fill.execution)

    def _note(self, *facts: object) -> None:
        self.told.update(repr(facts).encode())


if __name__ == "__main__":
    print(Day(int(sys.argv[1])).run())
