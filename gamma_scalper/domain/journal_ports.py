"""What the rest of the house asks of a journal, and of the people who command it from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.entries import Entry


class Journal(Protocol):
    """What happened, kept. Nothing is sent to a broker before `flush` has returned."""

    def append(self, book: str, entry: Entry, at: datetime) -> int:
        """Take it down and return its sequence number."""
        ...

    async def flush(self) -> None:
        """Return once all that was appended would survive a power cut."""
        ...

    async def keep_flushing(self) -> None:
        """Write what nobody waits for, for ever."""
        ...


@frozen
class Command:
    """What a person asked for from outside: pause, flatten, stop."""

    number: int
    name: str
    by: str
    at: datetime = field(converter=utc)
    book: str | None = None
    argument: str = ""


class Controls(Protocol):
    """Commands from outside, each answered once with what came of it."""

    def pending(self) -> Sequence[Command]:
        """Those without an answer, oldest first."""
        ...

    def answer(self, number: int, outcome: str, at: datetime) -> None: ...
