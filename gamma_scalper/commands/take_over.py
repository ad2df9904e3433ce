"""When the trader hangs: its process is ended, and what its books own is sold from here, through the very same desk."""

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from loguru import logger

from gamma_scalper import logs
from gamma_scalper.commands.run import digest, last_moment, program_version
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Instrument
from gamma_scalper.domain.ports import Broker
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.journal.writer_lock import FileLock
from gamma_scalper.kernel import Clock, Stage, WallClock
from gamma_scalper.market_access import with_broker
from gamma_scalper.paper_account import Kept
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.recovery import Remembered, recover
from gamma_scalper.residents import resident_of
from gamma_scalper.system import Config
from gamma_scalper.trading import Terms, Trading

_MERCY_S, _LOOK_S, _LONGER_S = 5.0, 0.2, 60.0


def take_over(config: Config) -> ExitCode:
    """Sell everything; 7 where something is left for a person."""
    system = config.system
    logs.configure(WallClock(), system.log_level, system.mode_dir / "log", secrets=config.secrets())
    with ExitStack() as held:
        lock = asyncio.run(_ended(system.lock_path, WallClock()))
        held.callback(lock.release)
        if system.gateway == "embedded":
            load_market_code()

        async def sell(broker: Broker, clock: Clock) -> ExitCode:
            return await _sold(config, broker, clock)

        kept = Kept(system.exchange_path, last_moment(system))
        return with_broker(system, sell, pace=None, kept=kept)


async def _ended(path: Path, clock: Clock) -> FileLock:
    """The lock, once whoever holds it is gone: asked first, and then no longer."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        lock = _taken(path, clock)
        if lock is not None:
            return lock
        process = _holder(path)
        logger.warning("process {} holds {}; it gets {}", process, path, number.name)
        with suppress(ProcessLookupError):
            os.kill(process, number)
        until = clock.monotonic() + _MERCY_S
        while clock.monotonic() < until:
            lock = _taken(path, clock)
            if lock is not None:
                return lock
            await clock.sleep(_LOOK_S)
    raise UserError(f"{path} is still held; close the positions in TWS by hand", ExitCode.NEEDS_A_PERSON)


def _taken(path: Path, clock: Clock) -> FileLock | None:
    try:
        return FileLock(path, clock.now())
    except UserError:
        return None


def _holder(path: Path) -> int:
    found = re.match(r"process ([1-9][0-9]*) ", path.read_text(encoding="utf-8"))
    if found is None:
        raise UserError(f"{path} does not say whose it is; end the trader by hand", ExitCode.NEEDS_A_PERSON)
    return int(found[1])


async def _sold(config: Config, broker: Broker, clock: Clock) -> ExitCode:
    system = config.system
    await broker.start()
    journal = SqlJournal.open(
        system.journal_address,
        lock=None,
        clock=clock,
        threaded=system.gateway != "embedded",
        parameters=system.journal,
    )
    try:
        remembered = recover(journal)
        trading = Trading(
            broker=broker,
            journal=journal,
            clock=clock,
            remembered=remembered,
            residents=[await resident_of(broker, clock, about) for about in _concerned(config, remembered).values()],
            terms=Terms(
                session=SessionBegan(system.mode, program_version(), digest(config)),
                reconcile=system.reconcile,
                caretaker=system.caretaker,
            ),
            panic=lambda: True,  # the caretaker does the rest
        )
        within_s = system.caretaker.flatten_s + _LONGER_S
        await trading.run(_idle, _watched(trading), {"ends when sold": _until_sold(trading, clock, within_s)})
        return ExitCode.NEEDS_A_PERSON if _left(trading) else ExitCode.OK
    finally:
        journal.close()


def _concerned(config: Config, remembered: Remembered) -> Mapping[str, BookParameters]:
    """Books that own or have asked for something."""
    found = {}
    for name, desk in sorted(remembered.desks.items()):
        if desk.living or holdings(desk.ledger):
            if name not in config.books:
                raise UserError(f"there is no books/{name}.toml any more, and the book holds something; put it back")
            found[name] = config.books[name]
    return found


def _watched(trading: Trading) -> list[Instrument]:
    seen: list[Instrument] = [each.underlying for each in trading.house.residents.values()]
    for state in trading.house.states.values():
        seen += [each.instrument for each in holdings(state.ledger) if each.instrument not in seen]
    return seen


def _idle(_: object) -> list[Stage]:
    """No strategy: only the desk works."""
    return [Stage("nothing", _for_ever)]


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _until_sold(trading: Trading, clock: Clock, within_s: float) -> None:
    until = clock.monotonic() + within_s
    while _left(trading) and clock.monotonic() < until:
        await clock.sleep(_LOOK_S)
    trading.stop("everything is sold" if not _left(trading) else "time is up")
    await asyncio.Event().wait()


def _left(trading: Trading) -> bool:
    return any(book.manager.state.living or holdings(book.manager.state.ledger) for book in trading.books.values())
