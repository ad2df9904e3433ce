"""The offline gateway as a program of its own, to which any IB client can connect: the command `gateway`."""

import asyncio
import gc
import signal
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.fault_file import read_faults
from gamma_scalper.exchange.faults import NO_FAULTS
from gamma_scalper.exchange.parameters import HARSH, ExchangeParameters, VenueParameters
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.opening import PAST_SESSIONS, open_market
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.gateway.server import serving
from gamma_scalper.kernel import PacedClock, WallClock


@frozen(kw_only=True)
class Served:
    """What a person asked to be served."""

    market: str
    seed: int
    port: int
    speed: float
    accounts: Sequence[str]
    cash: int
    past_sessions: int = PAST_SESSIONS
    faults: Path | None = None
    data: str = "live"
    venue: VenueParameters = HARSH


@frozen
class Listening:
    """The gateway serves from now on."""

    port: int
    market: str
    begins: datetime
    accounts: Sequence[str]
    symbols: Sequence[str]


async def serve(asked: Served, told: Callable[[Listening], None]) -> None:
    """Serve until Ctrl+C or SIGTERM; `told` is called once clients can connect."""
    _check(asked)
    market, past = open_market(asked.market, seed=asked.seed, past_sessions=asked.past_sessions)
    faults = NO_FAULTS if asked.faults is None else read_faults(asked.faults, market.now)
    accounts = dict.fromkeys(asked.accounts, Decimal(asked.cash))
    parameters = ExchangeParameters(venue=asked.venue)
    engine = Engine(market, accounts=accounts, parameters=parameters, seed=asked.seed, faults=faults)
    clock = PacedClock(WallClock(), engine.now, asked.speed)
    gateway = Gateway(engine, clock, GatewayParameters(data=asked.data), faults=faults, past=past)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    gc.collect()
    gc.freeze()  # what is there by now stays, and looking through it would hold up orders
    async with serving(gateway, port=asked.port) as port:
        symbols = [each.symbol for each in engine.market.underlyings()]
        told(Listening(port, engine.market.name, engine.now, asked.accounts, symbols))
        await ended.wait()


def _check(asked: Served) -> None:
    """What can be said before the market is made, which takes a while."""
    allowed = (
        ("port", asked.port, 0 <= asked.port < 65_536, "1 to 65535, or 0 for any that is free"),
        ("speed", asked.speed, 1 <= asked.speed <= 1_000, "1 to 1000 times the wall clock"),
        ("market", asked.market, not asked.market.strip().startswith("push"), "one that has quotes of its own"),
        ("data", asked.data, asked.data in ("live", "delayed", "none"), "live, delayed or none"),
        ("cash", asked.cash, 1 <= asked.cash <= 10**12, "1 to 10^12 $"),
        ("past", asked.past_sessions, 0 <= asked.past_sessions <= 250, "0 to 250 sessions"),
        *(("account", name, name.isascii() and name.isalnum(), "letters and digits") for name in asked.accounts),
    )
    for name, given, fine, range_ in allowed:
        if not fine:
            raise UserError(f"--{name} {given} is not allowed; allowed: {range_}")
