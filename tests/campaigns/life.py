"""One process of the trader: the whole program from its journal to the wire. It can be killed at any moment."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from attrs import define, evolve, field
from plan import Plan
from theatre import ACCOUNT, SHARE, book
from world import HOST, SHORT, World

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.commands.opening import Opening
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import LoopClock
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.recovery import recover
from gamma_scalper.scalping import Scalping
from gamma_scalper.trading import Terms, Trading

CLIENT = 17
NAMES = ("one", "two")
SETTINGS = (  # of every campaign: a book that does a lot in half an hour
    "entry.step_s=5",
    "risk.hedging.cooldown_s=0",
    "streamer.heartbeat_s=15",
    "hedge.to=best",
    "pricing.model=lattice",
)


class Died(BaseException):
    """The process is gone, at this very moment."""


@define
class Fate:
    """Counts what a process does from some moment on, and kills it at the n-th."""

    left: int | None = None  # None: it lives
    torn: bool = False  # the last write to the disk is cut in the middle
    dead: bool = False
    told: Callable[[], None] = lambda: None
    points: list[str] = field(factory=list)

    def does(self, what: str) -> None:
        if self.dead:
            raise Died
        if self.left is None:
            return
        self.left -= 1
        if self.left <= 0:
            self.points.append(what)
            self.die()
            raise Died

    def die(self) -> None:
        self.dead = True
        self.told()


class MortalClock(LoopClock):
    """A machine's clock, which somebody may set."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


class MortalJournal(SqlJournal):
    """Dies before an append, or around a commit."""

    fate: Fate
    path: Path

    def append(self, book: str, entry: Any, at: datetime) -> int:
        self.fate.does(f"append {type(entry).__name__}")
        return super().append(book, entry, at)

    def flush_now(self) -> None:
        if self.fate.dead:
            raise Died
        super().flush_now()

    def _commit(self, batch: Any) -> None:
        log = self.path.with_name(self.path.name + "-wal")
        before = log.stat().st_size if log.exists() else 0
        self.fate.does("before a commit")
        super()._commit(batch)
        after = log.stat().st_size if log.exists() else 0
        try:
            self.fate.does("after a commit")
        except Died:
            if self.fate.torn and after > before:
                self.tear = before, after
            raise

    tear: tuple[int, int] | None = None


class MortalWire(Wire):
    """Dies before or after a message leaves."""

    fate: Fate

    def send(self, call: Callable[[Any], None]) -> None:
        self.fate.does("before a message")
        super().send(call)
        self.fate.does("after a message")


class Life:
    """Lives until it is asked to stop, fails, or dies."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder, self.plan = world, folder, world.plan
        self.fate = Fate()
        self.path = folder / "journal.db"
        self.clock = MortalClock(asyncio.get_running_loop(), world.clock.now())
        self.trading: Trading | None = None
        self.broker: IbBroker | None = None
        self.journal: MortalJournal | None = None
        self.code: ExitCode | None = None  # None: it died
        self.why = ""

    @property
    def desks(self) -> Mapping[str, Desk]:
        return {} if self.trading is None else self.trading.house.states

    def kill(self) -> None:
        self.fate.die()

    async def run(self) -> None:
        """Its exit code is known afterwards."""
        main = asyncio.create_task(self._live(), name="the process")
        self.fate.told = lambda: self._gone(main)
        try:
            await main
            self.code = ExitCode.OK
        except UserError as error:
            self.code, self.why = error.exit_code, str(error)
        except (Died, asyncio.CancelledError):
            if not self.fate.dead:
                raise
        except BaseExceptionGroup:
            if not self.fate.dead:
                raise
        finally:
            await self._bury()
        if self.fate.dead:
            self.code = None

    def _gone(self, main: "asyncio.Task[None]") -> None:
        """What it has written to the socket still arrives; nothing else leaves."""
        client = None if self.broker is None else self.broker._wire._client
        if client is not None:
            client.conn.transport.close()
        main.cancel()

    async def _live(self) -> None:
        world = self.world
        self.broker = IbBroker((HOST, 0), CLIENT, ACCOUNT, self.clock, IbParameters(), cache_dir=self.folder)
        wire = self.broker._wire
        wire.__class__ = MortalWire
        wire.fate = self.fate
        self.journal = MortalJournal.__new__(MortalJournal)
        self.journal.fate, self.journal.path = self.fate, self.path
        self.journal.__init__(*_opened(self.path, self.clock))
        self.inbox = Inbox.open(self.folder / "inbox.db")
        await self.broker.start()
        share = await self.broker.catalogue.stock(SHARE.symbol)
        self.books = books_of(self.plan)
        residents = [about.resident(share, about.hours()) for about in self.books.values()]
        if self.plan.short_call:
            residents[0] = evolve(residents[0], baseline=[Holding(SHORT, -1)])
        self.trading = Trading(
            broker=self.broker,
            journal=self.journal,
            clock=self.clock,
            remembered=recover(self.journal),
            residents=residents,
            terms=Terms(session=SessionBegan("paper", "campaign", "")),
            controls=self.inbox,
            panic=self._panics,
        )
        scalping = Scalping(self.trading, self.books, self.broker, self.clock)
        opening = Opening(scalping, self.trading, "resume", self.clock, waits_for_the_open=False)
        await scalping.run({"opens": opening.run()})

    def _panics(self) -> bool:
        return (self.folder / "panic.flag").exists()

    async def _bury(self) -> None:
        if self.broker is not None:
            await self.broker.stop()
        if hasattr(self, "inbox"):
            self.inbox.close()
        journal = self.journal
        if journal is None or not hasattr(journal, "_held"):
            return
        if not self.fate.dead:
            with suppress(UserError):
                journal.close()
            return
        journal._pending.clear()  # what was not flushed is gone with the process
        kept = [self.path, self.path.with_name(self.path.name + "-wal")]
        for file in kept:  # a process that is killed doesn't tidy up
            if file.exists():
                shutil.copy(file, file.with_name(file.name + ".kept"))
        journal._open = False
        journal._held.close()
        for file in kept:
            as_it_was = file.with_name(file.name + ".kept")
            if as_it_was.exists():
                as_it_was.replace(file)
        if journal.tear is not None:
            before, after = journal.tear
            with kept[1].open("r+b") as log:
                log.truncate(Random(self.plan.seed).randrange(before, after))


def _opened(path: Path, clock: LoopClock) -> tuple[Any, ...]:
    from gamma_scalper.journal.tables import address

    return address(f"sqlite:///{path}"), None, clock, False, JournalParameters(synchronous="off")


def books_of(plan: Plan) -> Mapping[str, BookParameters]:
    return {
        name: evolve(book("spy", *SETTINGS, *settings), name=name)
        for name, settings in zip(NAMES, plan.books, strict=False)
    }
