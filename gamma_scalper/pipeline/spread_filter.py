"""Which quote of a contract is acted on: one far wider than usual is not, until that turns out to be the new usual."""

import math
from datetime import datetime

from attrs import frozen

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.quotes import Quote

_INDEX_STEP = 0.01


@frozen(kw_only=True)
class SpreadRule:
    """What is too wide, how fast the eye gets used to it, and how long it looks away."""

    factor: float
    half_life_s: float
    floor_ticks: float
    stand_in_s: float


class SpreadFilter:
    """One contract's quotes. For an odd one, too wide or without two sides, the last good one stands in for a while."""

    def __init__(self, rule: SpreadRule) -> None:
        self._rule = rule
        self._steps: tuple[tuple[float, float], ...] = ((0.0, _INDEX_STEP),)  # (from price, step), the highest first
        self._newest: Quote | None = None
        self._good: Quote | None = None
        self._average: float | None = None  # of the spreads of all quotes with two sides, odd ones too
        self._averaged_at: datetime | None = None

    def of(self, instrument: Stock | Index | Option) -> None:
        """Whose quotes these are: a spread of a tick or two is never odd."""
        if not isinstance(instrument, Index):
            self._steps = tuple((float(start), float(step)) for start, step in reversed(instrument.tick_rule.bands))

    def hear(self, quote: Quote) -> None:
        self._newest = quote
        if not quote.usable:
            return
        spread, at = quote.spread, quote.received_at
        average, before = self._average, self._averaged_at
        if average is None or before is None:
            self._good, self._average, self._averaged_at = quote, spread, at
            return
        factor = self._rule.factor
        if spread <= factor * average or spread <= factor * self._floor(quote.mid):
            self._good = quote
        # By the time that has passed, so that a busy minute weighs no more than a quiet one.
        passed_s = max((at - before).total_seconds(), 0.0)
        self._average = spread + (average - spread) * 0.5 ** (passed_s / self._rule.half_life_s)
        self._averaged_at = at

    def silent_s(self, now: datetime) -> float:
        """How long nothing has been heard."""
        return math.inf if self._newest is None else (now - self._newest.received_at).total_seconds()

    def standing(self, now: datetime) -> Quote | None:
        """The quote to act on at this moment; an odd one where the last good one is too old."""
        good, newest = self._good, self._newest
        if good is newest or good is None:
            return newest
        return good if (now - good.received_at).total_seconds() <= self._rule.stand_in_s else newest

    def _floor(self, price: float) -> float:
        return self._rule.floor_ticks * next(step for start, step in self._steps if price >= start)
