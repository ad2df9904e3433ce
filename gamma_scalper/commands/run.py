"""The program: `uv run main.py`. It trades until it is asked to stop, and says what came of it."""

import asyncio
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from attrs import evolve, frozen
from rich.console import Console

from gamma_scalper import logs
from gamma_scalper.backtest.history.recorded import RecordedBroker
from gamma_scalper.commands.opening import Opening
from gamma_scalper.commands.panel import Notices, drawable, show
from gamma_scalper.commands.panel_sources import Sources, view_of
from gamma_scalper.compiled_code import load_compiled_code, load_market_code
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.ports import Broker
from gamma_scalper.domain.settings import keys_of, value_at
from gamma_scalper.exchange.replay import Recorder
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.journal.writer_lock import FileLock
from gamma_scalper.kernel import Clock, Patience, WallClock
from gamma_scalper.market_access import with_broker
from gamma_scalper.paper_account import Kept
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.recovery import keep, recover
from gamma_scalper.reports.summary_shown import session_summary
from gamma_scalper.residents import resident_of
from gamma_scalper.risk.governance import HOUSE
from gamma_scalper.scalping import Scalping
from gamma_scalper.system import Config, SystemParameters
from gamma_scalper.trading import Terms, Trading

_SIGNALS = ((signal.SIGINT, "Ctrl+C"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "the terminal was closed"))
_HURRIED_LOOK_S = 5.0
UNITS = {"s": 1, "m": 60, "h": 3_600}


@frozen(kw_only=True)
class Asked:
    """What a person wants of this run."""

    books: Mapping[str, BookParameters]
    speed: float | None = 1.0  # of the offline market; None: as fast as it can
    lasts: str = ""  # 30m, 2h, or 1d for sessions; empty: until it is stopped
    start: str = "resume"
    record: Path | None = None  # where the session's quotes are written down


def run(config: Config, asked: Asked) -> ExitCode:
    """Trade, to the exit code. Everything it needs is opened here and closed again."""
    system = config.system
    parsed_duration(asked.lasts)
    with ExitStack() as held:
        held.callback(FileLock(system.lock_path, WallClock().now()).release)
        load_market_code() if system.gateway == "embedded" else load_compiled_code()
        first = next(iter(asked.books.values()))
        kept = Kept(system.exchange_path, last_moment(system), first.fees)

        recorder = None if asked.record is None else held.enter_context(Recorder(asked.record))

        async def trade(broker: Broker, clock: Clock) -> ExitCode:
            used = broker if recorder is None else RecordedBroker(broker, recorder)
            return await Program(config, asked, used, clock).run()

        return with_broker(system, trade, pace=asked.speed, kept=kept)


def parsed_duration(text: str) -> tuple[int, str] | None:
    """'30m' as (30, 'm'); d counts sessions."""
    if not text:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,4})([smhd])", text)
    if found is None:
        raise UserError(f"--for {text}: say how long, as 30m, 2h, or 1d for one session")
    return int(found[1]), found[2]


def last_moment(system: SystemParameters) -> datetime | None:
    """Up to when the journal has seen the market."""
    if not system.journal_url and not (system.mode_dir / "journal.db").exists():
        return None
    reader = JournalReader.open(system.journal_address)
    try:
        newest = list(reader.rows(max(reader.head[0] - 1, 0)))
        return newest[-1].at if newest else None
    except UserError:
        return None  # it has no tables yet, or whoever opens it to write will say what is wrong
    finally:
        reader.close()


class Program:
    """One run, on the loop and the clock of its broker."""

    def __init__(self, config: Config, asked: Asked, broker: Broker, clock: Clock) -> None:
        self._config, self._asked, self._broker, self._clock = config, asked, broker, clock
        self._system = config.system

    async def run(self) -> ExitCode:
        system = self._system
        offline = system.gateway == "embedded"  # no account outlives a power cut there, and nobody waits for the disk
        console = Console()
        drawn = drawable(console)
        notices = Notices()
        logs.configure(
            self._clock,
            system.log_level,
            system.mode_dir / "log",
            secrets=self._config.secrets(),
            console=notices if drawn else None,
        )
        await self._broker.start()
        journal = SqlJournal.open(
            system.journal_address,
            lock=None,
            clock=self._clock,
            threaded=not offline,
            parameters=evolve(system.journal, synchronous="normal", flush_every_s=5.0) if offline else system.journal,
        )
        inbox = Inbox.open(system.inbox_path)
        try:
            trading = Trading(
                broker=self._broker,
                journal=journal,
                clock=self._clock,
                remembered=recover(journal),
                residents=[await resident_of(self._broker, self._clock, about) for about in self._asked.books.values()],
                terms=self._terms(),
                controls=inbox,
                panic=system.panic_watch(),
            )
            try:
                await self._trade(trading, console, notices.lines if drawn else ())
            finally:
                keep(journal, recover(journal))
            with suppress(OSError):  # a terminal that is gone
                console.print(session_summary(journal.rows()))
        finally:
            inbox.close()
            journal.close()
        return ExitCode.HALTED_BY_RISK if _halted_for_good(trading) else ExitCode.OK

    async def _trade(self, trading: Trading, console: Console, notices: Sequence[str]) -> None:
        fresh = self._asked.start == "fresh"
        scalping = Scalping(trading, self._asked.books, self._broker, self._clock, forgetful=fresh)
        offline = self._system.gateway == "embedded"
        opening = Opening(scalping, trading, self._asked.start, self._clock, waits_for_the_open=offline)
        sources = Sources(
            house=trading.house,
            accounting=scalping.accounting,
            thoughts=scalping.thoughts,
            outlooks=scalping.governor.outlooks,
            money=self._system.mode,
            pace=self._asked.speed,
            notices=notices,
        )
        loop = asyncio.get_running_loop()
        for number, name in _SIGNALS:
            loop.add_signal_handler(number, trading.stop, name)
        also = {
            "opens": opening.run(),
            "shows": show(lambda: view_of(sources), self._clock, self._asked.speed, console),
        }
        if self._asked.lasts:
            also["ends in time"] = self._end_in_time(trading)
        try:
            await scalping.run(also)
        finally:
            for number, _ in _SIGNALS:
                loop.remove_signal_handler(number)

    def _terms(self) -> Terms:
        system, books = self._system, self._asked.books
        patience = [book.ring.patience() for book in books.values()]
        return Terms(
            session=SessionBegan(system.mode, program_version(), digest(self._config)),
            reconcile=system.reconcile,
            caretaker=evolve(system.caretaker, look_s=self._look_s()),
            patience=max(patience, key=lambda each: each.drain_s, default=Patience()),
        )

    def _look_s(self) -> float:
        """Commands of people come by the wall clock: in a market that is hurried they are looked for less often."""
        speed = self._asked.speed
        return max(
            self._system.caretaker.look_s, _HURRIED_LOOK_S if speed is None else min(speed / 10, _HURRIED_LOOK_S)
        )

    async def _end_in_time(self, trading: Trading) -> None:
        count, unit = parsed_duration(self._asked.lasts) or (0, "s")
        if unit == "d":
            for _ in range(count):
                await self._until_closed(trading)
        else:
            await self._clock.sleep(count * UNITS[unit])
        trading.stop(f"--for {self._asked.lasts} is over")
        await asyncio.Event().wait()

    async def _until_closed(self, trading: Trading) -> None:
        """The end of the session that is open, else of the next one; of the book that closes last."""
        ends = []
        for book in trading.books.values():
            resident: Resident = book.resident
            assert isinstance(resident.underlying, Stock)
            session = resident.hours.of(resident.underlying, self._clock.now())
            ends += [] if session is None else [session.closes]
        until = max(ends, default=self._clock.now() + timedelta(days=1))
        await self._clock.sleep((until - self._clock.now()).total_seconds())


def _halted_for_good(trading: Trading) -> bool:
    """Every book is halted and holds nothing: a start would change nothing until a person lifts it."""
    halted = {book for book, _ in trading.house.governance.halts}
    return all(
        (HOUSE in halted or name in halted) and not holdings(book.manager.state.ledger)
        for name, book in trading.books.items()
    )


def program_version() -> str:
    try:
        return version("gamma-scalper")
    except PackageNotFoundError:  # it is run from its folder, and is no installed package
        return "0.1.0"


def digest(config: Config) -> str:
    """Names the settings in force, so that two sessions can be told apart; private ones are left out."""
    keys = [key for key in keys_of(SystemParameters) if not key.about.private]
    text = [f"{key.path}={value_at(config.system, key.path)}" for key in keys if key.path != "state_dir"]
    for name, book in sorted(config.books.items()):
        text += [f"{name}.{key.path}={value_at(book, key.path)}" for key in keys_of(BookParameters)]
    return sha256("\n".join(text).encode()).hexdigest()[:16]
