"""What happens in one session: the market, the books, and everything that goes wrong."""

import enum
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from attrs import asdict, evolve, field, frozen

from gamma_scalper.exchange.faults import Fault, Kind

MINUTES, CALM = 30.0, 6.0  # of the market; at the end nothing new goes wrong, so that all can be settled
MONDAY, FRIDAY, BEFORE_A_NIGHT = (
    datetime(2026, 1, 12, 15, 0, tzinfo=UTC),  # 10:00 in New York
    datetime(2026, 1, 16, 20, 42, tzinfo=UTC),  # before a Monday that is a holiday
    datetime(2026, 1, 13, 20, 42, tzinfo=UTC),
)
NIGHTS = {  # when the session goes on
    FRIDAY: datetime(2026, 1, 20, 14, 30, tzinfo=UTC),
    BEFORE_A_NIGHT: datetime(2026, 1, 14, 14, 30, tzinfo=UTC),
}
SYMBOL = "SPY"
SOLD_BY_HAND = timedelta(seconds=4)  # that the sale of a short call takes, in which nothing goes wrong
AMPLE = 200_000  # dollars
EVERY_S = 5.0  # from one quote of a contract to the next


class Mishap(enum.StrEnum):
    """What goes wrong on our own side, and what people do; the broker's own failures are `Kind`."""

    # kill -9 at the `amount`-th moment from then, or the next order, on: an append, a flush, a message to the broker
    DEATH = "death"
    TORN_DEATH = "torn_death"  # the same in the middle of a write to the disk
    DISK_FULL = "disk_full"
    GATEWAY_RESTART = "gateway_restart"  # every connection is cut, and none is made for so long
    CLOCK_JUMP = "clock_jump"  # our own clock is set forward by so many seconds
    PERSON_PAUSES = "person_pauses"
    PERSON_FLATTENS = "person_flattens"
    PERSON_STOPS = "person_stops"
    PERSON_PANICS = "person_panics"


OUTAGES = (Kind.DISCONNECT_1101, Kind.DISCONNECT_1102)  # the gateway is there, and its broker is not
AT_ORDER = "order"  # target of a death that counts from the next order on


@frozen(order=True)
class Trouble:
    """One thing that goes wrong, so many minutes of the market after the session's beginning."""

    minute: float
    kind: Kind | Mishap
    duration_s: float = 0.0
    amount: float = 0.0
    target: str = ""
    night_h: float = 0.0  # so many hours after the first day's close, where the session goes on the next day

    def __str__(self) -> str:
        more = [f"{self.duration_s:g} s"] * bool(self.duration_s) + [f"{self.amount:g}"] * bool(self.amount)
        at = f"{self.night_h:.2f} h into the night" if self.night_h else f"{self.minute:.2f} min"
        return f"{at} {self.kind}" + (f" ({', '.join(more)})" if more else "")


@frozen(kw_only=True)
class Plan:
    """A session to be played. The same plan gives the same session, to the byte."""

    seed: int  # of the market's path and the exchange's chances
    start: datetime = MONDAY
    vol: float = 0.5  # that the shares move by
    jumps: tuple[tuple[float, float], ...] = ()  # (minute, percent)
    books: tuple[tuple[str, ...], ...] = ((),)  # settings of each, besides those of every campaign
    cash: int = AMPLE
    short_call: bool = False  # an option of the user's own, sold, in the account before anybody trades
    asleep: bool = False  # over the night the program is stopped, or dead
    minded: bool = False  # by a person who looks every minute, and keeps to the runbook
    minutes: float = MINUTES
    every_s: float = EVERY_S
    troubles: tuple[Trouble, ...] = field(default=(), converter=lambda each: tuple(sorted(each)))

    @property
    def night(self) -> datetime | None:
        """When the next session of the market begins; None: it is over before a night."""
        return NIGHTS.get(self.start)

    @property
    def closes(self) -> datetime:
        """The first day's session."""
        return self.start.replace(hour=21, minute=0)

    def only(self, numbers: Sequence[int]) -> Self:
        """The same with some of its troubles, by their places."""
        return evolve(self, troubles=[self.troubles[number] for number in numbers])

    def moment(self, minute: float) -> datetime:
        """Of the market's time; minutes after the close are those of the next session."""
        at = self.start + timedelta(minutes=minute)
        if self.night is not None and at >= self.closes:
            return self.night + (at - self.closes)
        return at

    def when(self, trouble: Trouble) -> datetime:
        if trouble.night_h and self.night is not None:
            return self.closes + timedelta(hours=trouble.night_h)
        return self.moment(trouble.minute)

    def minute_of(self, at: datetime) -> float:
        """Of the market's time that has passed: nights don't count."""
        if self.night is None:
            return (at - self.start).total_seconds() / 60
        after = max(at - self.night, timedelta(0))
        return (min(at, self.closes) - self.start + after).total_seconds() / 60

    def faults(self) -> list[Fault]:
        """The broker's part of it."""
        first = self.start + self.short_call * SOLD_BY_HAND
        return [
            Fault(max(self.when(each), first), each.kind, each.target, each.duration_s, each.amount)
            for each in self.troubles
            if isinstance(each.kind, Kind)
        ]

    def mishaps(self) -> list[Trouble]:
        return [each for each in self.troubles if isinstance(each.kind, Mishap)]

    def as_json(self) -> dict[str, Any]:
        return asdict(self, value_serializer=lambda _, __, value: value.isoformat() if _is_time(value) else value)

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Self:
        troubles = [Trouble(**{**each, "kind": _kind(each["kind"])}) for each in told["troubles"]]
        pairs = {key: tuple(tuple(each) for each in told[key]) for key in ("jumps", "books")}
        return cls(**{**told, **pairs, "start": datetime.fromisoformat(told["start"]), "troubles": troubles})


def _is_time(value: object) -> bool:
    return isinstance(value, datetime)


def _kind(name: str) -> Kind | Mishap:
    return Mishap(name) if name in set(Mishap) else Kind(name)
