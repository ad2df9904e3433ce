"""The table of modes as code: which broker the settings name, whose fills count, and what may reach it.

| mode | quotes | fills |
|---|---|---|
| paper, GATEWAY=embedded | offline market | offline exchange |
| paper, GATEWAY=host:port, PAPER_FILLS=simulated | real, read-only, any account | our exchange |
| paper, GATEWAY=host:port, PAPER_FILLS=broker | real | the broker's paper account |
| live | real | real: the account of LIVE_ACCOUNT, named a second time |
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.codes import load_codes
from gamma_scalper.broker.simulated import PaperBroker, Venue
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.ports import Broker
from gamma_scalper.domain.sessions import OutsideCalendar
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.market import Market
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.past import Past
from gamma_scalper.kernel import Clock, LoopClock, VirtualLoop, WallClock
from gamma_scalper.paper_account import Kept, OfflinePast, offline_market, paper_fills
from gamma_scalper.system import SIMULATED_ACCOUNT, SystemParameters

T = TypeVar("T")
Use = Callable[[Broker, Clock], Coroutine[Any, Any, T]]

_EMBEDDED = "embedded"
_AFTER_CLOSE, _BEFORE_OPEN = timedelta(minutes=20), timedelta(minutes=1)  # options may trade on for a while


def with_broker(
    system: SystemParameters,
    use: Use[T],
    *,
    reads_only: bool = False,
    pace: float | None = 1.0,
    kept: Kept | None = None,
    past: OfflinePast = OfflinePast(),
) -> T:
    """Run `use` with the broker of this mode, on the loop and the clock that go with it; it starts the broker itself.

    With `reads_only` a broker's own account gets no order port either, whatever the mode; `pace` is the embedded
    market's speed while it is open, None being as fast as it can; `kept` says where a simulated account outlives this,
    and `past` what the embedded market can tell of the days before it opens.
    """
    if system.gateway == _EMBEDDED:
        with (
            asyncio.Runner(loop_factory=lambda: VirtualLoop(pace)) as runner,
            offline_market(system, kept, past) as offline,
        ):
            return runner.run(_embedded(system, use, *offline, pace))
    clock = WallClock()
    if system.mode == "live" or system.paper_fills == "broker":
        return asyncio.run(_used(use, broker_of(system, clock, reads_only=reads_only), clock))
    with paper_fills(system, clock.now(), kept) as engine:
        return asyncio.run(_used(use, _filled_here(system, clock, engine), clock))


def broker_of(system: SystemParameters, clock: Clock, *, reads_only: bool = False) -> Broker:
    """The broker at HOST:PORT; with simulated fills it is built without an order port, so no order call can exist."""
    if system.mode == "live":
        return _at_broker(system, clock, account=system.live_account, require="live", read_only=reads_only)
    if system.paper_fills == "broker":
        return _at_broker(system, clock, account=system.account, require="paper", read_only=reads_only)
    with paper_fills(system, clock.now(), None) as engine:
        return _filled_here(system, clock, engine)


def _filled_here(system: SystemParameters, clock: Clock, engine: Engine) -> Broker:
    real = _at_broker(system, clock, account=system.account, require=None, read_only=True)
    return PaperBroker(real, Venue(engine, clock), SIMULATED_ACCOUNT)


def confirm_account(system: SystemParameters, given: str | None, ask: Callable[[], str] | None = None) -> bool:
    """Is real money meant, and which? True once the account of live mode has been named a second time.

    `ask` lets a person type it; without either it is False, and in live mode nothing may trade. Raises `UserError`
    where another account was named; neither is ever shown.
    """
    if system.mode != "live":
        return True
    named = given if given is not None else ask() if ask is not None else None
    if named is None:
        return False
    if named.strip() != system.live_account:
        where = "--confirm-account" if given is not None else "what was typed"
        raise UserError(f"{where} is not the account in LIVE_ACCOUNT; name that one, or correct LIVE_ACCOUNT in .env")
    return True


def _at_broker(system: SystemParameters, clock: Clock, **terms: Any) -> IbBroker:
    host, _, port = system.gateway.rpartition(":")
    codes = load_codes(Path(system.error_codes) if system.error_codes else None)
    account = terms.pop("account")
    cache = system.mode_dir / "contracts"
    return IbBroker(
        (host, int(port)), system.client_id, account, clock, system.ib, codes=codes, cache_dir=cache, **terms
    )


async def _embedded(system: SystemParameters, use: Use[T], engine: Engine, past: Past, pace: float | None) -> T:
    """The real client against our own gateway, in memory; market, gateway and client share one clock."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    clock = LoopClock(loop, engine.now)
    gateway = Gateway(engine, clock, past=past)
    loop.register_host(_EMBEDDED, gateway.protocol)
    codes = load_codes(Path(system.error_codes) if system.error_codes else None)
    broker = IbBroker((_EMBEDDED, 0), system.client_id, SIMULATED_ACCOUNT, clock, system.ib, codes=codes)
    running = asyncio.create_task(gateway.run(), name="gateway")
    nights = asyncio.create_task(_hurry_through_nights(loop, engine.market, clock, pace), name="nights")
    using = asyncio.create_task(_used(use, broker, clock), name="user of the embedded gateway")
    try:
        await asyncio.wait((running, using), return_when=asyncio.FIRST_COMPLETED)
        if not using.done():  # time would stand still for ever
            running.result()
        return await using
    finally:
        using.cancel()
        nights.cancel()
        await asyncio.wait((using, nights))
        await gateway.close()
        running.cancel()
        await asyncio.wait((running,))


async def _hurry_through_nights(loop: VirtualLoop, market: Market, clock: Clock, pace: float | None) -> None:
    """Nobody wants to sit through seventeen hours in which nothing trades."""
    hours = market.sessions(market.underlyings()[0].con_id)
    while True:
        now = clock.now()
        session = hours.at(now - _AFTER_CLOSE) or hours.at(now) or hours.at(now + _BEFORE_OPEN)
        loop.pace = None if session is None else pace
        try:
            until = hours.after(now).opens - _BEFORE_OPEN if session is None else session.closes + _AFTER_CLOSE
        except OutsideCalendar:
            return
        await clock.sleep(max((until - now).total_seconds(), 1.0))


async def _used(use: Use[T], broker: Broker, clock: Clock) -> T:
    try:
        return await use(broker, clock)
    finally:
        await broker.stop()
