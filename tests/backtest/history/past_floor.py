"""Our adapter on the embedded gateway with a past, on the virtual clock, and downloads from it."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from gamma_scalper.backtest.history.choosing import near_on
from gamma_scalper.backtest.history.downloading import Asked, Download
from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import Fault, FaultSchedule
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.opening import open_market
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.kernel import LoopClock

ME = "DU1000001"
MARKET = "gbm:symbol=SPY,sigma=0.3,implied=0.3,spot=600,step=20"
OPENS = datetime(2026, 1, 8, 14, 30, tzinfo=UTC)  # after three sessions


def fault(kind, at_s=0.0, lasts_s=0.0, **more):
    """So many seconds after the market opens."""
    begins = OPENS + timedelta(seconds=at_s)
    return Fault(at=begins, kind=kind, duration_s=lasts_s, **more) if lasts_s else Fault(at=begins, kind=kind, **more)


class PastFloor:
    """A broker with three past sessions; `past` is what its gateway knows."""

    def __init__(self, broker, gateway, past):
        self.broker, self.gateway, self.past = broker, gateway, past
        self.clock = gateway.clock
        self.told = []  # progress
        self._wait = (lambda far: False, lambda: None)

    def download(self, store, **asked) -> Download:
        plain = {"symbol": "SPY", "first": datetime(2026, 1, 5).date(), "last": datetime(2026, 1, 7).date()}
        return Download(self.broker, self.clock, store, Asked(**plain | asked), self._hear)

    def at_progress(self, reached, then) -> None:
        """Once, at the first progress of which it is so."""
        self._wait = (reached, then)

    def _hear(self, far) -> None:
        self.told.append(far)
        reached, then = self._wait
        if reached(far):
            self._wait = (lambda far: False, then)
            then()


@asynccontextmanager
async def past_floor(*faults, near=None, market=MARKET, parameters=IbParameters()):
    loop = asyncio.get_running_loop()
    also = (lambda market: near_on(market, "SPY", near)) if near else (lambda market: ())
    opened, past = open_market(market, seed=5, past_sessions=3, also=also)
    schedule = FaultSchedule(faults)
    engine = Engine(opened, accounts={ME: Decimal(1_000_000)}, seed=5, faults=schedule)
    gateway = Gateway(engine, LoopClock(loop, engine.now), GatewayParameters(), faults=schedule, past=past)
    loop.register_host("gateway", gateway.protocol)
    running = asyncio.ensure_future(gateway.run())
    broker = IbBroker(("gateway", 7497), 17, ME, gateway.clock, parameters, read_only=True)
    try:
        await broker.start()
        yield PastFloor(broker, gateway, past)
    finally:
        await broker.stop()
        loop.unregister_host("gateway")
        await gateway.close()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
