"""The figures of a backtest: what was earned and from what, what hedging cost, and how the band was kept."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from attrs import fields, frozen

from gamma_scalper.domain.money import to_cents
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.portfolio.trade_costs import OrderCost, summed
from gamma_scalper.reports.backtest.book_runs import (
    BookRun,
    book_runs,
    by_day,
    day_of,
    days_of,
    seconds_of,
    together,
)
from gamma_scalper.reports.backtest.story import Column, Looks, Story

_ZERO = Decimal(0)
_SECONDS_PER_DAY = 86_400
_SESSION_S = 23_400
_EPOCH = date(1970, 1, 1)
_UNKNOWN = math.nan


@frozen(kw_only=True)
class Figures:
    """One scalar each; money in dollars, NaN where there was nothing to reckon it from."""

    book: str  # empty: all books together
    days: int  # trading days that were played
    days_held: int  # on which something was earned or lost
    days_won: int
    profit: Decimal  # the ten parts below sum to it, to the cent
    delta: Decimal
    gamma: Decimal  # earned from movement
    theta: Decimal  # paid in time: negative
    vega: Decimal
    vanna: Decimal
    volga: Decimal
    zomma: Decimal
    carry: Decimal
    costs: Decimal
    unexplained: Decimal
    cash: Decimal  # that trades, bills and payments moved
    worth: Decimal  # of what was still held at the end: profit less cash; zero where nothing was
    holds: bool  # anything, at the end
    commissions: Decimal
    slippage: Decimal  # of all fills, against the middle they were decided on; positive is worse
    half_spread: Decimal  # quoted at each decision, for what filled: what crossing was to cost
    hedge_commissions: Decimal
    hedge_slippage: Decimal
    hedges: int  # that filled; all parts of one count once
    hedged_shares: Decimal  # bought and sold
    entries: int
    straddles_bought: Decimal
    straddles_closed: Decimal  # sold, exercised, assigned or lapsed
    premium_paid: Decimal
    premium_received: Decimal
    deviation: float  # $, of the profit of a day
    hedged_deviation: float  # $, of a day's delta, gamma and theta: what hedging can do something about
    drawdown: Decimal  # $, the deepest
    drawdown_pct: float  # the same, in percent of cash and profit at the peak before it
    realised_vol: float  # a year of 365 days, while options were held; nights count, as they do for theta
    session_vol: float  # the same, a year of 252 sessions
    implied_vol: float  # of the options held, over the same time
    move: float  # $ a day, as it was: root of the mean square, over days of 24 hours
    break_even: float  # $ a day, at which gamma earns what theta costs
    break_even_pct: float  # of the spot
    mean_delta: float  # shares: projected delta without its sign, over the time options were held
    outside_pct: float  # of that time in which it was outside the band
    refusals: int
    refused: str  # guards, the most frequent first: "cooldown 3, price move 1"
    rejected: int  # orders
    halts: int
    unexplained_pct: float  # its deviation in percent of the profit's, interval by interval

    @property
    def movement_less_time(self) -> Decimal:
        return self.gamma + self.theta

    @property
    def hedged(self) -> Decimal:
        """Before costs."""
        return self.delta + self.gamma + self.theta

    @property
    def hedge_cost(self) -> Decimal:
        return self.hedge_commissions + self.hedge_slippage


def figures(story: Story) -> Figures:
    """Of all books together."""
    runs = book_runs(story)
    return figures_of(runs[0] if len(runs) == 1 else together(runs), story.cash)


def columns(each: Figures) -> dict[str, float | int | str]:
    """For a table of many runs: money as floats, and what is added up from other columns with them."""
    found = {one.name: getattr(each, one.name) for one in fields(Figures)}
    found |= {name: getattr(each, name) for name in ("movement_less_time", "hedged", "hedge_cost")}
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in found.items()}


def figures_of(run: BookRun, cash: int) -> Figures:
    """`cash`: $ at the beginning, which a drawdown is a part of."""
    profit, hedges = _sum(run.intervals, "total"), run.of(Purpose.HEDGE)
    costs, hedge_costs = summed(run.orders), summed(hedges)
    days, vols, band = _days(run), _volatilities(run.intervals), _band(run.looks)
    drawdown, drawdown_pct = _drawdown(run.intervals, cash)
    return Figures(
        book=run.book,
        days=days.played,
        days_held=days.held,
        days_won=days.won,
        profit=profit,
        delta=_sum(run.intervals, "delta"),
        gamma=_sum(run.intervals, "gamma"),
        theta=_sum(run.intervals, "theta"),
        vega=_sum(run.intervals, "vega"),
        vanna=_sum(run.intervals, "vanna"),
        volga=_sum(run.intervals, "volga"),
        zomma=_sum(run.intervals, "zomma"),
        carry=_sum(run.intervals, "carry"),
        costs=_sum(run.intervals, "costs"),
        unexplained=_sum(run.intervals, "unexplained"),
        cash=run.cash,
        worth=profit - to_cents(run.cash),
        holds=run.holds,
        commissions=costs.commission,
        slippage=costs.slippage,
        half_spread=costs.half_spread,
        hedge_commissions=hedge_costs.commission,
        hedge_slippage=hedge_costs.slippage,
        hedges=decisions_filled(hedges),
        hedged_shares=sum((order.filled for order in hedges), _ZERO),
        entries=decisions_filled(run.of(Purpose.ENTRY)),
        straddles_bought=run.bought.number / 2,
        straddles_closed=run.gone.number / 2,
        premium_paid=run.bought.premium,
        premium_received=run.gone.premium,
        deviation=days.deviation,
        hedged_deviation=days.hedged_deviation,
        drawdown=drawdown,
        drawdown_pct=drawdown_pct,
        realised_vol=vols.realised,
        session_vol=vols.session,
        implied_vol=vols.implied,
        move=vols.move if len(run.looks) == 1 else _UNKNOWN,  # dollars of different underlyings
        break_even=band.break_even,
        break_even_pct=band.break_even_pct,
        mean_delta=band.mean_delta,
        outside_pct=band.outside_pct,
        refusals=len(run.refusals),
        refused=", ".join(f"{guard} {count}" for guard, count in by_number(each.guard for each in run.refusals)),
        rejected=len(run.rejected),
        halts=len(run.halts),
        unexplained_pct=_unexplained_pct(run.intervals),
    )


def decisions_filled(orders: Iterable[OrderCost]) -> int:
    """All parts of one order, and both legs of a straddle, were ordered at one moment and for one reason."""
    return len({(order.intent.id.book, order.ordered_at, order.intent.reason) for order in orders})


def by_number(names: Iterable[str]) -> list[tuple[str, int]]:
    """The most frequent first; of equals by name."""
    return sorted(Counter(names).items(), key=lambda each: (-each[1], each[0]))


# -- from the intervals ------------------------------------------------------------------------------------------------


class _Days(NamedTuple):
    played: int
    held: int
    won: int
    deviation: float
    hedged_deviation: float


class _Volatilities(NamedTuple):
    realised: float = _UNKNOWN
    session: float = _UNKNOWN
    implied: float = _UNKNOWN
    move: float = _UNKNOWN


def _sum(intervals: Iterable[Attributed], part: str) -> Decimal:
    return sum((getattr(each, part) for each in intervals), _ZERO)


def _days(run: BookRun) -> _Days:
    """A day on which nothing was held earned nothing, and counts in the deviation."""
    intervals = by_day(run.intervals)
    seen = {int(day) for looks in run.looks for day in np.unique(days_of(looks.at[np.isfinite(looks.spot)]))}
    played = seen | {(day - _EPOCH).days for day in intervals}
    idle = [_ZERO] * (len(played) - len(intervals))
    earned = [_sum(day, "total") for day in intervals.values()]
    hedged = [sum((_sum(day, part) for part in ("delta", "gamma", "theta")), _ZERO) for day in intervals.values()]
    won = sum(amount > 0 for amount in earned)
    return _Days(len(played), len(earned), won, _deviation(earned + idle), _deviation(hedged + idle))


def _deviation(amounts: Sequence[Decimal]) -> float:
    return float(np.std([float(amount) for amount in amounts], ddof=1)) if len(amounts) > 1 else _UNKNOWN


def _drawdown(intervals: Iterable[Attributed], cash: int) -> tuple[Decimal, float]:
    """The deepest fall from a peak, at the ends of intervals."""
    equity = peak = deepest = _ZERO
    share = 0.0
    for each in intervals:
        equity += each.total
        peak = max(peak, equity)
        deepest = max(deepest, peak - equity)
        base = cash + peak
        if base > 0:
            share = max(share, float((peak - equity) / base))
    return deepest, 100 * share


def held(interval: Attributed) -> bool:
    """Whether options were, while it lasted."""
    return interval.implied_from is not None or interval.theta != 0


def _volatilities(intervals: Iterable[Attributed]) -> _Volatilities:
    squares = moves = seconds = session_s = implied = implied_s = 0.0
    for each in filter(held, intervals):
        lasted = (each.until - each.since).total_seconds()
        if each.spot_from > 0 and each.spot_to > 0:
            squares += math.log(each.spot_to / each.spot_from) ** 2
            moves += (each.spot_to - each.spot_from) ** 2
        seconds += lasted
        session_s += lasted if day_of(each.since) == day_of(each.until) else 0.0
        if each.implied_from is not None:
            implied += each.implied_from * lasted
            implied_s += lasted
    if not seconds:
        return _Volatilities()
    days, sessions = seconds / _SECONDS_PER_DAY, session_s / _SESSION_S
    return _Volatilities(
        realised=math.sqrt(squares / days * 365),
        session=math.sqrt(squares / sessions * 252) if sessions else _UNKNOWN,
        implied=implied / implied_s if implied_s else _UNKNOWN,
        move=math.sqrt(moves / days),
    )


def _unexplained_pct(intervals: Sequence[Attributed]) -> float:
    if len(intervals) < 2:
        return _UNKNOWN
    whole = np.std([float(each.total) for each in intervals])
    return float(100 * np.std([float(each.unexplained) for each in intervals]) / whole) if whole else _UNKNOWN


# -- from the looks ----------------------------------------------------------------------------------------------------


def break_even(looks: Looks) -> Column:
    """Look by look, the move of a day at which gamma earns what theta costs: half gamma times its square."""
    long = (looks.gamma > 0) & (looks.theta < 0)
    ratio: Column = np.divide(-looks.theta, looks.gamma, out=np.full(len(long), np.nan), where=long)
    return np.asarray(np.sqrt(2 * ratio), dtype=np.float64)


class _Band(NamedTuple):
    break_even: float = _UNKNOWN
    break_even_pct: float = _UNKNOWN
    mean_delta: float = _UNKNOWN
    outside_pct: float = _UNKNOWN


def _band(each: Sequence[Looks]) -> _Band:
    """Each look weighs as much as it lasted."""
    if not each:
        return _Band()
    weights = np.concatenate([np.where(looks.gamma != 0, seconds_of(looks), 0.0) for looks in each])
    moves = np.concatenate([break_even(looks) for looks in each])
    spots = np.concatenate([looks.spot for looks in each])
    projected = np.concatenate([looks.projected for looks in each])
    low, high = (np.concatenate([getattr(looks, edge) for looks in each]) for edge in ("low", "high"))
    outside = np.where(np.isnan(projected + low + high), np.nan, (projected < low) | (projected > high))
    return _Band(
        break_even=_mean(moves, weights) if len(each) == 1 else _UNKNOWN,  # dollars of different underlyings
        break_even_pct=100 * _mean(moves / spots, weights),
        mean_delta=_mean(np.abs(projected), weights),
        outside_pct=100 * _mean(outside, weights),
    )


def _mean(of: Column, weights: Column) -> float:
    known = np.isfinite(of) & np.isfinite(weights)
    total = float(weights[known].sum())
    return float((of[known] * weights[known]).sum()) / total if total else _UNKNOWN
