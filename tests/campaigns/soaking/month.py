"""Many sessions of the market on end: what a month of two books is, its street, and whoever looks at each day."""

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path as Folder
from random import Random

from attrs import evolve, frozen
from staging.drawing import any_trouble
from staging.plan import CALM, EVERY_S, MINUTES, Mishap, Plan, Trouble
from staging.play import Played, Stage
from staging.world import Path, World
from theatre import EXPIRIES

from gamma_scalper.domain.sessions import Session
from gamma_scalper.exchange.replay import trading_hours

DAYS, A_DAY = 21, 390.0  # of which the last begins ten days before the options expire; minutes of a day
FIRST = datetime(2026, 1, 12, 14, 30, tzinfo=UTC)
# A process that goes on shows what it gathers; one that is started again has forgotten it. A clock that was set stays
# so until then.
FIRST_HALF_ONLY = (Mishap.DEATH, Mishap.TORN_DEATH, Mishap.DISK_FULL, Mishap.PERSON_STOPS, Mishap.CLOCK_JUMP)
_LEAVES_EARLY_S = 20.0  # before a day's end it is looked at
_SPOT, _SD, _BACK_IN = 600.0, 0.006, 390.0  # dollars; of where it is; minutes after which it is back by two thirds
_LONG_HELD = (
    "risk.structure.min_dte=1",
    "risk.structure.max_dte=60",
    "exits.min_dte=0",
    "exits.roll_dte=0",
    "risk.hedging.max_per_day=1000",
    "hedge.policy=fixed",
    "hedge.band_shares=8",
)
_BOOKS = (  # one that holds for weeks, one that enters every morning
    ("sizing.straddles=2", "entry.form=combo", "nights.overnight=hold", "nights.weekend=hold"),
    ("sizing.straddles=1", "entry.form=legs", "nights.overnight=flatten", "nights.weekend=flatten"),
)


@lru_cache(maxsize=10)
def _sessions(start: datetime, minutes: float) -> Sequence[Session]:
    """From the one it begins in to the one it ends in."""
    found, left = [], timedelta(minutes=minutes)
    for session in trading_hours(FIRST.date(), EXPIRIES[1]).shares.sessions:
        if session.closes > start and left > timedelta(0):
            begins = max(session.opens, start)
            found.append(Session(session.day, begins, session.closes))
            left -= session.closes - begins
    return found


@frozen(kw_only=True)
class Month(Plan):
    """Session after session, from the open to the close; the nights between don't count."""

    @property
    def night(self) -> None:
        return None  # there are many

    @property
    def sessions(self) -> Sequence[Session]:
        return _sessions(self.start, self.minutes)

    def moment(self, minute: float) -> datetime:
        """The end of a day belongs to that day."""
        left = timedelta(minutes=minute)
        for session in self.sessions:
            if left <= session.closes - session.opens:
                return session.opens + left
            left -= session.closes - session.opens
        return session.closes + left

    def minute_of(self, at: datetime) -> float:
        passed = (min(at, each.closes) - each.opens for each in self.sessions if at > each.opens)
        return sum(passed, timedelta()).total_seconds() / 60

    @property
    def ends_of_days(self) -> Sequence[datetime]:
        last = self.moment(self.minutes)
        return [min(each.closes, last) for each in self.sessions]


def drawn_month(seed: int, days: int = DAYS, every_s: float = 30.0) -> Month:
    """About two troubles a day, of any kind there is."""
    chance = Random(seed)
    of_the_days = [(day, chance.choice((1, 2, 2, 3))) for day in range(days)]
    troubles = [_of_the_day(chance, day, late=day >= days / 2) for day, many in of_the_days for _ in range(many)]
    beat = f"streamer.heartbeat_s={max(15.0, 2.5 * every_s):g}"
    ages = _ages(every_s)
    return Month(
        seed=seed,
        start=FIRST,
        minutes=days * A_DAY,
        every_s=every_s,
        books=tuple((*each, *_LONG_HELD, beat, *ages) for each in _BOOKS),
        minded=True,
        troubles=troubles,
    )


def _ages(every_s: float) -> Sequence[str]:
    """Of a quote that the books may still trade by: on a slow street the newest there is."""
    if every_s <= EVERY_S:
        return ()
    wider = {"age_s": 1, "stale_s": 3, "lag_s": 5}
    return [f"risk.quotes.{name}={every_s + more:g}" for name, more in wider.items()]


def _of_the_day(chance: Random, day: int, *, late: bool) -> Trouble:
    found = any_trouble(chance)
    while late and found.kind in FIRST_HALF_ONLY:
        found = any_trouble(chance)
    before = chance.uniform(0, A_DAY - MINUTES) if day else chance.uniform(CALM, A_DAY - MINUTES)
    return evolve(found, minute=round(day * A_DAY + before + found.minute, 2))


def path_of(plan: Plan) -> Path:
    """A share that keeps coming back, so that the strikes that are listed do for a month."""
    chance = Random(plan.seed)
    kept = math.exp(-plan.every_s / 60 / _BACK_IN)
    step, at, prices = _SD * math.sqrt(1 - kept * kept), 0.0, []
    for _ in range(int(plan.minutes * 60 / plan.every_s) + 2):
        prices.append(_SPOT * math.exp(at))
        at = kept * at + chance.gauss(0, step)
    return Path(prices, plan.every_s)


class MonthsWorld(World):
    """Its street's truth is kept for a day alone."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.path = path_of(plan)

    def quoted(self) -> Sequence[int]:
        """The shares last: a book looks when they move, and then nothing it looks at is of the round before."""
        return sorted(super().quoted(), reverse=True)


class MonthsStage(Stage):
    """Calls `looks` at each day's end, while everything runs."""

    def __init__(self, plan: Month, folder: Folder, looks: Callable[["MonthsStage", int], None]) -> None:
        self._days, self._looks = plan.ends_of_days, looks
        super().__init__(plan, folder)

    def made_world(self) -> World:
        return MonthsWorld(self.plan)

    async def play(self) -> Played:
        looking = asyncio.create_task(self._look(), name="the measuring")
        try:
            return await super().play()
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def _look(self) -> None:
        for day, ends in enumerate(self._days, 1):
            await self.world.until_moment(ends - timedelta(seconds=_LEAVES_EARLY_S))
            self.world.remember()
            self.world.ticks.clear()
            self.world.heard.clear()
            self._looks(self, day)
