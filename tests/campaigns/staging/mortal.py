"""A process that can be killed at any moment: what it leaves on its disk, and what it has put on the wire."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from attrs import define, field

from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.journal.tables import address
from gamma_scalper.kernel import LoopClock

KEPT = JournalParameters(synchronous="off", flush_every_s=5.0)


class Died(BaseException):
    """The process is gone, at this very moment."""


@define
class Fate:
    """Counts what a process does from some moment on, and kills it at the n-th."""

    left: int | None = None  # None: it lives
    waits: bool = False  # and counts from the next order on
    torn: bool = False  # the last write to the disk is cut in the middle
    dead: bool = False
    told: Callable[[], None] = lambda: None
    points: list[str] = field(factory=list)

    def does(self, what: str) -> None:
        if self.dead:
            raise Died
        if self.left is None or (self.waits and what != "append Ordered"):
            return
        self.waits = False
        self.left -= 1
        if self.left <= 0:
            self.points.append(what)
            self.die()
            raise Died

    def die(self) -> None:
        self.dead = True
        self.told()


def mortal(send: Callable[[Callable[[Any], None]], None], fate: Fate) -> Callable[[Callable[[Any], None]], None]:
    """Dies before or after a message leaves."""

    def sends(call: Callable[[Any], None]) -> None:
        fate.does("before a message")
        send(call)
        fate.does("after a message")

    return sends


class MortalClock(LoopClock):
    """A machine's clock, which somebody may set."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


class MortalJournal(SqlJournal):
    """Dies before an append, or around a commit. What was not durable is gone then, and the disk is as it was."""

    def __init__(self, path: Path, clock: MortalClock, fate: Fate) -> None:
        self.path, self.log, self.fate = path, path.with_name(path.name + "-wal"), fate
        self.torn_between: tuple[int, int] | None = None  # sizes of the log before and after the write
        super().__init__(address(f"sqlite:///{path}"), None, clock, False, KEPT)

    def append(self, book: str, entry: Any, at: datetime) -> int:
        self.fate.does(f"append {type(entry).__name__}")
        return super().append(book, entry, at)

    def flush_now(self) -> None:
        if self.fate.dead:
            raise Died
        super().flush_now()

    def _commit(self, batch: Any) -> None:
        before = self._logged()
        self.fate.does("before a commit")
        super()._commit(batch)
        try:
            self.fate.does("after a commit")
        except Died:
            if self.fate.torn and self._logged() > before:
                self.torn_between = before, self._logged()
            raise

    def _logged(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def bury(self, chance: Random) -> None:
        """Close it as a living process does; or leave the files as a dead one has."""
        if not self.fate.dead:
            with suppress(UserError):
                self.close()
            return
        self._pending.clear()
        kept = {file: file.with_name(file.name + ".kept") for file in (self.path, self.log) if file.exists()}
        for file, aside in kept.items():
            shutil.copy(file, aside)
        self._open = False
        self._held.close()  # which tidies up, as a process that is killed does not
        for file, aside in kept.items():
            aside.replace(file)
        if self.torn_between is not None:
            with self.log.open("r+b") as log:
                log.truncate(chance.randrange(*self.torn_between))
