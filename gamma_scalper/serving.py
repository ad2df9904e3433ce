"""The offline gateway as a program of its own, to which any IB client can connect: the command `gateway`."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.settings import section
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.fault_file import read_faults
from gamma_scalper.exchange.faults import NO_FAULTS
from gamma_scalper.exchange.parameters import ExchangeParameters
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
    exchange: ExchangeParameters = section(ExchangeParameters)
    gateway: GatewayParameters = section(GatewayParameters)


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
    if not 0 <= asked.port < 65_536:
        raise UserError(f"--port {asked.port} is not allowed; allowed: 1 to 65535, or 0 for any that is free")
    if not 1 <= asked.speed <= 1_000:
        raise UserError(f"--speed {asked.speed:g} is not allowed; allowed: 1 to 1000 times the wall clock")
    market, past = open_market(asked.market, seed=asked.seed, past_sessions=asked.past_sessions)
    faults = NO_FAULTS if asked.faults is None else read_faults(asked.faults, market.now)
    accounts = dict.fromkeys(asked.accounts, Decimal(asked.cash))
    engine = Engine(market, accounts=accounts, parameters=asked.exchange, seed=asked.seed, faults=faults)
    clock = PacedClock(WallClock(), engine.now, asked.speed)
    gateway = Gateway(engine, clock, asked.gateway, faults=faults, past=past)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with serving(gateway, port=asked.port) as port:
        symbols = [each.symbol for each in engine.market.underlyings()]
        told(Listening(port, engine.market.name, engine.now, asked.accounts, symbols))
        await ended.wait()
