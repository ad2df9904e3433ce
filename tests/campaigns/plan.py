"""What happens in one session, drawn from a seed: the market, the books, and everything that goes wrong."""

import enum
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Self

from attrs import asdict, evolve, field, frozen

from gamma_scalper.exchange.faults import ABOUT, Fault, Kind, Shape

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


LASTS = {  # seconds, drawn from
    Mishap.DEATH: (1.0, 90.0),  # until somebody starts it again
    Mishap.TORN_DEATH: (1.0, 90.0),
    Mishap.DISK_FULL: (5.0, 120.0),
    Mishap.GATEWAY_RESTART: (2.0, 150.0),
    Mishap.PERSON_PAUSES: (20.0, 240.0),
    Mishap.PERSON_PANICS: (20.0, 120.0),
    Mishap.PERSON_STOPS: (5.0, 60.0),
}
OUTAGES = (Kind.DISCONNECT_1101, Kind.DISCONNECT_1102)  # the gateway is there, and its broker is not
AT_ORDER = "order"  # target of a death that counts from the next order on
POINTS, POINTS_AT_ORDER = 40, 12  # a death is at one of so many moments
_NEVER = {Kind.ASSIGNMENT}  # drawn where a short option is there to be assigned


@frozen(order=True)
class Trouble:
    """One thing that goes wrong, so many minutes of the market after the session's beginning."""

    minute: float
    kind: Kind | Mishap
    duration_s: float = 0.0
    amount: float = 0.0
    target: str = ""

    @property
    def ends(self) -> float:
        return self.minute + self.duration_s / 60

    def __str__(self) -> str:
        more = [f"{self.duration_s:g} s"] * bool(self.duration_s) + [f"{self.amount:g}"] * bool(self.amount)
        return f"{self.minute:.2f} min {self.kind}" + (f" ({', '.join(more)})" if more else "")


@frozen(kw_only=True)
class Plan:
    """A session to be played. The same plan gives the same session, to the byte."""

    seed: int  # of the market's path and the exchange's chances
    start: datetime = MONDAY
    vol: float = 0.5  # that the shares move by
    jumps: tuple[tuple[float, float], ...] = ()  # (minute, percent)
    books: tuple[tuple[str, ...], ...] = ((),)  # settings of each, besides those of every campaign
    cash: int = 200_000
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

    def minute_of(self, at: datetime) -> float:
        """Of the market's time that has passed: nights don't count."""
        if self.night is None:
            return (at - self.start).total_seconds() / 60
        after = max(at - self.night, timedelta(0))
        return (min(at, self.closes) - self.start + after).total_seconds() / 60

    def faults(self) -> list[Fault]:
        """The broker's part of it."""
        return [
            Fault(self.moment(each.minute), each.kind, each.target, each.duration_s, each.amount)
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


# -- drawing -----------------------------------------------------------------------------------------------------------

_A_STRADDLE = 2_400  # dollars, about
POLICIES = ("fixed", "fixed", "fee_aware", "whalley_wilmott", "zakamouline", "time", "move")


def drawn(seed: int) -> Plan:
    """Each seed is another session; every kind of trouble comes as often as any other."""
    chance = Random(seed)
    start = chance.choices((MONDAY, BEFORE_A_NIGHT, FRIDAY), (24, 2, 1))[0]
    books = [_settings(chance) for _ in range(chance.choices((1, 2), (4, 1))[0])]
    troubles = [trouble(chance) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4, 6)))]
    short_call = start in NIGHTS and chance.random() < 0.3
    if short_call:
        troubles.append(Trouble(1.0, Kind.ASSIGNMENT))
    return Plan(
        seed=seed,
        start=start,
        vol=chance.choice((0.2, 0.5, 1.0)),
        jumps=tuple((chance.uniform(2, MINUTES - 2), chance.uniform(-1.2, 1.2)) for _ in range(chance.randint(0, 2))),
        books=tuple(books),
        cash=_cash(chance, books),
        short_call=short_call,
        asleep=chance.random() < 0.9,
        minded=chance.random() < 0.5,
        troubles=troubles,
    )


def _settings(chance: Random) -> tuple[str, ...]:
    return (
        f"sizing.straddles={chance.choice((1, 1, 2, 3))}",
        f"hedge.policy={chance.choice(POLICIES)}",
        f"hedge.band_shares={chance.choice((2, 4, 8))}",
        f"entry.form={chance.choice(('combo', 'legs'))}",
        f"nights.overnight={chance.choice(('hold', 'hold', 'tighten', 'flatten'))}",
    )


def _cash(chance: Random, books: Sequence[tuple[str, ...]]) -> int:
    """Sometimes just enough for either of two books to enter, and not for both."""
    if len(books) == 1:
        return 200_000
    settings = [setting.partition("=") for book in books for setting in book]
    straddles = [int(value) for name, _, value in settings if name == "sizing.straddles"]
    return chance.choice((200_000, _A_STRADDLE * max(straddles) + _A_STRADDLE * min(straddles) // 2))


def trouble(chance: Random) -> Trouble:
    """Of any kind, in the first minutes of a session, that ends before it does."""
    kind = chance.choice([each for each in (*Kind, *Mishap) if each not in _NEVER])
    minute = round(chance.uniform(0.0, MINUTES - CALM), 2)
    if isinstance(kind, Mishap):
        lasts = round(chance.uniform(*LASTS[kind]), 1) if kind in LASTS else 0.0
        if kind in (Mishap.DEATH, Mishap.TORN_DEATH):
            where = chance.choice(("", AT_ORDER))
            moment = chance.randint(1, POINTS_AT_ORDER if where else POINTS)
            return Trouble(minute, kind, lasts, float(moment), where)
        return Trouble(minute, kind, lasts, round(chance.uniform(0.5, 40), 1) if kind is Mishap.CLOCK_JUMP else 0.0)
    about = ABOUT[kind]
    duration = round(min(chance.uniform(*about.lasts), 60 * (MINUTES - CALM / 2 - minute)), 1)
    target = SYMBOL if about.needs_target else ""
    if kind is Kind.SOCKET_DROP:
        duration = round(chance.uniform(0, 60), 1)
    if about.shape is Shape.NEXT:
        duration = 0.0
    return Trouble(minute, kind, duration, _amount_of_fault(chance, kind), target)


def _amount_of_fault(chance: Random, kind: Kind) -> float:
    amount = ABOUT[kind].amount
    if amount is None or amount.low == amount.high:
        return 0.0
    drawn = chance.uniform(amount.low, amount.high)
    return float(round(drawn)) if amount.whole else round(drawn, 2)
