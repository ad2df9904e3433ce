"""A gateway in memory whose quotes are pushed, with the real client of ib_insync looking at all of them."""

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from ib_insync import IB, Contract

from gamma_scalper.broker.ib.our_clock import put_ib_insync_on
from gamma_scalper.domain import instruments as ours
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.parameters import GatewayParameters, PacingParameters
from gamma_scalper.kernel import LoopClock, VirtualLoop

START = market_from("gbm:", seed=1).now
CASH = {"DU1": Decimal(10**9)}
UNPACED = GatewayParameters(pacing=PacingParameters(messages_per_s=0, market_data_lines=1_000))


class Fed:
    """A gateway in memory over a market whose quotes are pushed, and the real client with its lines."""

    def __init__(self, loop: asyncio.AbstractEventLoop, shares: int) -> None:
        self.clock = LoopClock(loop, START)
        self.market = Pushed(
            [ours.Stock(con_id=i, symbol=f"S{i}") for i in range(1, shares + 1)],
            trading_hours(START.date(), START.date()),
            START,
        )
        self.engine = Engine(self.market, accounts=CASH)
        self.gateway = Gateway(self.engine, self.clock, UNPACED)
        self.shares = shares
        self.number = 0

    def push(self, quotes: int) -> None:
        """Every one with a new bid or a new ask, in turns."""
        now = self.clock.now()
        for _ in range(quotes):
            self.number += 1
            rise = self.number // self.shares
            quote = Quote(
                con_id=1 + self.number % self.shares,
                snapshot_id=self.number,
                bid=100.0 + 0.01 * ((rise + 1) // 2 % 1_000),
                ask=120.0 + 0.01 * (rise // 2 % 1_000),
                bid_size=100,
                ask_size=100,
                received_at=now,
            )
            self.gateway.do(quote)


def in_memory(use: Callable[[Fed, IB], Coroutine[Any, Any, Any]], shares: int) -> Any:
    async def run() -> Any:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        fed = Fed(loop, shares)
        with put_ib_insync_on(fed.clock, loop):
            loop.register_host("gateway", fed.gateway.protocol)
            running = asyncio.create_task(fed.gateway.run())
            ib = IB()
            await ib.connectAsync("gateway", 0, clientId=1)
            for i in range(1, shares + 1):
                ib.reqMktData(Contract(conId=i, exchange="SMART"))
            await asyncio.sleep(1)
            found = await use(fed, ib)
            ib.disconnect()
            await fed.gateway.close()
            running.cancel()
        return found

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())
