"""What the plots and tables of a backtest show: equity, parts, stretches of days, and hedge by hedge."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from attrs import define, frozen

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.portfolio.attribution import PARTS
from gamma_scalper.portfolio.trade_costs import OrderCost
from gamma_scalper.reports.backtest.book_runs import BookRun, Moments, day_of, seconds_of
from gamma_scalper.reports.backtest.figures import break_even, held
from gamma_scalper.reports.backtest.story import Column, Looks
from gamma_scalper.reports.backtest.trading_time import nanoseconds

_ZERO = Decimal(0)
_UNKNOWN = math.nan
_MOST_STRETCHES = 60
_FEW_DAYS = 2
_SHORT = timedelta(minutes=30)
_SECONDS_PER_DAY, _SESSION_S = 86_400.0, 23_400.0
_DAYS_A_YEAR, _SESSIONS_A_YEAR = 365, 252


@frozen(eq=False)
class Equity:
    """At the beginning, and at the end of each interval."""

    at: Moments
    profit: Column
    drawdown: Column  # $, never positive
    parts: Mapping[str, Column]  # each summed up so far


def equity(intervals: Sequence[Attributed]) -> Equity:
    at = nanoseconds([each.since for each in intervals[:1]] + [each.until for each in intervals])
    profit = _summed(intervals, "total")
    peaks = np.maximum.accumulate(profit) if len(profit) else profit
    return Equity(at, profit, profit - peaks, {part: _summed(intervals, part) for part in PARTS})


def _summed(intervals: Sequence[Attributed], part: str) -> Column:
    """Exact sums, rounded only to be drawn."""
    sums = [_ZERO] * bool(intervals)
    for each in intervals:
        sums.append(sums[-1] + getattr(each, part))
    return np.array([float(amount) for amount in sums], dtype=np.float64)


# -- stretches ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Stretch:
    """Half an hour, a day, or several: movement against time. A night belongs to the day after it.

    What has no night in it is counted as so much of a session, and that with its share of nights and weekends: else
    every first day would look wild.
    """

    begins: datetime
    ends: datetime
    realised: float  # volatility, a year of 365 days
    implied: float
    move: float  # $ a day: root of the mean square
    break_even: float  # $ a day


def stretches(run: BookRun) -> list[Stretch]:
    """Of the time options were held; in as many parts as can be drawn."""
    kept = [each for each in run.intervals if held(each)]
    days = sorted({day_of(each.until) for each in kept})
    parts: dict[object, list[Attributed]] = {}
    if len(days) <= _FEW_DAYS:
        for each in kept:
            parts.setdefault(each.until.timestamp() // _SHORT.total_seconds(), []).append(each)
    else:
        size = -(-len(days) // _MOST_STRETCHES)
        places = {day: place // size for place, day in enumerate(days)}
        for each in kept:
            parts.setdefault(places[day_of(each.until)], []).append(each)
    points = _BreakEvens.of(run.looks)
    return [_stretch(part, points) for part in parts.values()]


def _stretch(part: Sequence[Attributed], points: "_BreakEvens") -> Stretch:
    lasted = [(each.until - each.since).total_seconds() for each in part]
    nights = any(day_of(each.since) != day_of(each.until) for each in part)
    days = sum(lasted) / (_SECONDS_PER_DAY if nights else _SESSION_S * _SESSIONS_A_YEAR / _DAYS_A_YEAR)
    logs = sum(math.log(each.spot_to / each.spot_from) ** 2 for each in part if min(each.spot_to, each.spot_from) > 0)
    moves = sum((each.spot_to - each.spot_from) ** 2 for each in part)
    known = [(each.implied_from, s) for each, s in zip(part, lasted, strict=True) if each.implied_from is not None]
    weight = sum(s for _, s in known)
    begins = part[0].since if day_of(part[0].since) == day_of(part[0].until) else part[0].until
    return Stretch(
        begins=begins,
        ends=part[-1].until,
        realised=math.sqrt(logs / days * _DAYS_A_YEAR) if days else _UNKNOWN,
        implied=sum(vol * s for vol, s in known) / weight if weight else _UNKNOWN,
        move=math.sqrt(moves / days) if days else _UNKNOWN,
        break_even=points.mean(begins, part[-1].until),
    )


@frozen(eq=False)
class _BreakEvens:
    """Summed up look by look, so that any stretch of time has a mean."""

    at: Moments
    moves: Column
    weights: Column

    @classmethod
    def of(cls, looks: Sequence[Looks]) -> "_BreakEvens":
        if len(looks) != 1:  # dollars of different underlyings
            return cls(np.zeros(0, dtype=np.int64), np.zeros(1), np.zeros(1))
        moves, weights = break_even(looks[0]), seconds_of(looks[0])
        weights = np.where(np.isfinite(moves), weights, 0.0)
        sums = (np.append(0.0, np.cumsum(each)) for each in (np.nan_to_num(moves) * weights, weights))
        return cls(looks[0].at, *sums)

    def mean(self, begins: datetime, ends: datetime) -> float:
        first, last = np.searchsorted(self.at, nanoseconds((begins, ends)))
        weight = float(self.weights[last] - self.weights[first])
        return float(self.moves[last] - self.moves[first]) / weight if weight else _UNKNOWN


# -- hedge by hedge ----------------------------------------------------------------------------------------------------


@define(kw_only=True)
class Since:
    """What the time since the hedge before brought, or since the beginning."""

    gamma: Decimal = _ZERO
    theta: Decimal = _ZERO
    spot_from: float = _UNKNOWN
    spot_to: float = _UNKNOWN

    def take(self, interval: Attributed) -> None:
        self.gamma += interval.gamma
        self.theta += interval.theta
        if held(interval):
            self.spot_from = interval.spot_from if math.isnan(self.spot_from) else self.spot_from
            self.spot_to = interval.spot_to

    @property
    def move(self) -> float:
        return self.spot_to - self.spot_from


@frozen(kw_only=True)
class Hedge:
    """One order that filled."""

    at: datetime
    side: str
    shares: Decimal
    price: Decimal | None
    reason: str
    delta_before: float
    delta_after: float
    commission: Decimal
    slippage: Decimal
    since: Since
    break_even: float  # $: the move that would have earned what time cost since the hedge before


@frozen(kw_only=True)
class Hedges:
    """All of one book's, and what came after the last."""

    rows: tuple[Hedge, ...]
    after: Since


def hedges(run: BookRun) -> Hedges:
    """Of one book. An interval ends with a fill, so that it belongs to the hedge that ended it."""
    orders = sorted(run.of(Purpose.HEDGE), key=lambda order: order.filled_at)
    moments = [order.filled_at for order in orders]
    since = [Since() for _ in range(len(orders) + 1)]
    for interval in run.intervals:
        since[bisect_right(moments, interval.since)].take(interval)
    looks = run.looks[0] if len(run.looks) == 1 else None
    befores = [None, *moments]
    rows = [_hedge(*each, looks) for each in zip(orders, since[:-1], befores[:-1], strict=True)]
    return Hedges(rows=tuple(rows), after=since[-1])


def _hedge(order: OrderCost, since: Since, before: datetime | None, looks: Looks | None) -> Hedge:
    return Hedge(
        at=order.filled_at,
        side=order.intent.side.value,
        shares=order.filled,
        price=order.price,
        reason=order.intent.reason,
        delta_before=_delta(looks, order.ordered_at, 0),
        delta_after=_delta(looks, order.filled_at, 1),
        commission=order.cost.commission,
        slippage=order.cost.slippage,
        since=since,
        break_even=_break_even(looks, since, before, order.filled_at),
    )


def _delta(looks: Looks | None, at: datetime, after: int) -> float:
    """Of what was held by the last look up to that moment, or by the first after it."""
    if looks is None:
        return _UNKNOWN
    place = int(np.searchsorted(looks.at, nanoseconds([at])[0], side="right")) - 1 + after
    return float(looks.filled[place]) if 0 <= place < len(looks.at) else _UNKNOWN


def _break_even(looks: Looks | None, since: Since, before: datetime | None, at: datetime) -> float:
    """By the mean gamma of that time."""
    if looks is None:
        return _UNKNOWN
    last = int(np.searchsorted(looks.at, nanoseconds([at])[0]))
    first = 0 if before is None else int(np.searchsorted(looks.at, nanoseconds([before])[0]))
    gammas = looks.gamma[first:last]
    gammas = gammas[np.isfinite(gammas) & (gammas > 0)]
    return math.sqrt(2 * abs(float(since.theta)) / float(gammas.mean())) if len(gammas) else _UNKNOWN


# -- what filled -------------------------------------------------------------------------------------------------------


def filled(run: BookRun, purposes: Iterable[Purpose]) -> list[OrderCost]:
    wanted = set(purposes)
    return sorted((order for order in run.orders if order.intent.purpose in wanted), key=lambda each: each.filled_at)
