"""What is due when. Things due at one moment go by rank, then in the order they were put down."""

import enum
import heapq
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from attrs import Factory, define

from gamma_scalper.domain.checks import utc


class Duty(enum.IntEnum):
    """What is to be done; of several at one moment the lower number comes first."""

    MIDNIGHT = 0  # what was told of yesterday is forgotten; the day's agenda
    OVERNIGHT = 1  # what clearing houses and banks do while nobody looks
    OPEN = 2  # of an underlying
    CLOSE = 3  # of an underlying
    FAULT = 4  # one that strikes by itself
    CORRECT = 5  # an execution's price
    TICK = 6  # the market moves
    REQUOTE = 7  # the lines from this one on are quoted anew
    MEET = 8  # orders after this one meet the new quotes
    RESUME = 9  # a halt is over
    MARK = 10  # the last prices of a session
    AT_CLOSE = 11  # a market-on-close order takes them
    ARRIVE = 12  # an order reaches the book
    AMEND = 13
    CANCEL = 14
    EXPIRE = 15  # an order's lifetime ends


OF_ORDERS = (Duty.AT_CLOSE, Duty.ARRIVE, Duty.AMEND, Duty.CANCEL, Duty.EXPIRE)
"""Their argument is a permId."""


class Due(NamedTuple):
    """One thing to do. The arguments are whole numbers or text, so that an agenda can be kept as JSON."""

    at: datetime
    duty: Duty
    number: int
    arguments: tuple[int | str, ...]


@define
class Agenda:
    """A heap of dues, and how many were ever put down."""

    _heap: list[Due] = Factory(list)
    _numbered: int = 0

    def put(self, at: datetime, duty: Duty, *arguments: int | str) -> None:
        self._numbered += 1
        heapq.heappush(self._heap, Due(at, duty, self._numbered, arguments))

    def next_at(self) -> datetime | None:
        return self._heap[0].at if self._heap else None

    def pop(self, until: datetime) -> Due | None:
        """The next thing due by then, if any."""
        return heapq.heappop(self._heap) if self._heap and self._heap[0].at <= until else None

    def drop(self, finished: Callable[[Due], bool]) -> None:
        """Forget what needn't be done any more."""
        self._heap = [due for due in self._heap if not finished(due)]
        heapq.heapify(self._heap)

    def state(self) -> dict[str, Any]:
        return {
            "numbered": self._numbered,
            "due": [[due.at.isoformat(), int(due.duty), due.number, list(due.arguments)] for due in sorted(self._heap)],
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> "Agenda":
        dues: Sequence[Sequence[Any]] = state["due"]
        heap = [
            Due(utc(datetime.fromisoformat(at)), Duty(duty), number, tuple(rest)) for at, duty, number, rest in dues
        ]
        return cls(heap, state["numbered"])
