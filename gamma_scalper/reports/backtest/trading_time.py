"""A time axis on which one trading day follows another: nights and weekends take no room. Dates are New York's."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from attrs import field, frozen
from matplotlib.axes import Axes

from gamma_scalper.reports.backtest.book_runs import Moments, days_of, shifted
from gamma_scalper.reports.backtest.story import Column

_DAY_NS = 86_400_000_000_000
_EPOCH = date(1970, 1, 1)
_MARGIN = 0.02  # of a day, on both of its sides
_MOST_LABELS = 7
_HOUR_NS = 3_600_000_000_000


def nanoseconds(moments: Iterable[datetime]) -> Moments:
    """As a column."""
    since = datetime(1970, 1, 1, tzinfo=UTC)
    return np.array([(moment - since) // timedelta(microseconds=1) * 1000 for moment in moments], dtype=np.int64)


@frozen(eq=False)
class TradingTime:
    """Day number n goes from n to n + 1, from the earliest hour that anything happened at to the latest."""

    days: npt.NDArray[np.int64]  # New York's since 1970
    begins: int = field()  # nanoseconds of the day
    ends: int = field()

    @classmethod
    def of(cls, moments: Moments) -> "TradingTime":
        if not len(moments):
            return cls(np.zeros(0, dtype=np.int64), 0, _DAY_NS)
        hours = shifted(moments) % _DAY_NS
        begins, ends = int(hours.min()), int(hours.max())
        return cls(np.unique(days_of(moments)), begins, max(ends, begins + 1))

    def x(self, moments: Moments) -> Column:
        """What happened in a night stands at the edge of its day."""
        if not len(self.days):
            return np.zeros(len(moments))
        days = days_of(moments)
        place = np.clip(np.searchsorted(self.days, days, side="right") - 1, 0, len(self.days) - 1)
        part = np.clip((shifted(moments) % _DAY_NS - self.begins) / (self.ends - self.begins), 0.0, 1.0)
        part = np.where(days > self.days[place], 1.0, np.where(days < self.days[place], 0.0, part))
        return np.asarray(place + _MARGIN + (1 - 2 * _MARGIN) * part, dtype=np.float64)

    def mark(self, axes: Axes) -> None:
        """Dates below; of a single day its hours."""
        count = len(self.days)
        if not count:
            axes.set_xticks([])
            return
        if count == 1:
            hours = np.arange(-(-self.begins // _HOUR_NS), self.ends // _HOUR_NS + 1)
            hours = hours[:: 1 + len(hours) // 9]
            at = (hours * _HOUR_NS - self.begins) / (self.ends - self.begins)
            axes.set_xticks(_MARGIN + (1 - 2 * _MARGIN) * at, [f"{hour:02d}:00" for hour in hours])
            axes.set_xlabel(f"{self._date(0):%a %d %b %Y}, New York time", loc="left")
        else:
            every = -(-count // _MOST_LABELS)
            places = range(0, count, every)
            axes.set_xticks(places, [f"{self._date(place):%d %b}" for place in places], ha="left")
            axes.set_xlabel(f"trading days, {self._date(0):%d %b %Y} to {self._date(count - 1):%d %b %Y}", loc="left")
        axes.set_xlim(0, count)

    def _date(self, place: int) -> date:
        return _EPOCH + timedelta(days=int(self.days[place]))


def line(x: Column, y: Column, most: int = 1_200) -> tuple[Column, Column]:
    """To be drawn: each day's lowest and highest of every stretch, and a gap between days that hides the night."""
    if not len(x):
        return x, y
    days = np.floor(x).astype(np.int64)
    begins = np.flatnonzero(np.append(True, np.diff(days) > 0))
    stretches = max(1, most // (2 * len(begins)))
    xs, ys = [], []
    for place, begin in enumerate(begins):
        end = begins[place + 1] if place + 1 < len(begins) else len(x)
        kept = _extremes(y[begin:end], stretches) + begin
        xs += [x[kept], x[kept[-1:]]]
        ys += [y[kept], np.full(1, np.nan)]
    return np.concatenate(xs), np.concatenate(ys)


def _extremes(y: Column, stretches: int) -> npt.NDArray[np.int64]:
    """Places of the first, the last, and of the extremes of each stretch, in order."""
    if len(y) <= 2 * stretches + 2:
        return np.arange(len(y))
    low, high = np.nan_to_num(y, nan=np.inf), np.nan_to_num(y, nan=-np.inf)
    edges = np.linspace(0, len(y), stretches + 1).astype(np.int64)
    found = [0, len(y) - 1]
    for begin, end in pairwise(edges):
        found += [begin + int(np.argmin(low[begin:end])), begin + int(np.argmax(high[begin:end]))]
    return np.unique(np.array(found, dtype=np.int64))


def band(x: Column, low: Column, high: Column, most: int = 800) -> tuple[Column, Column, Column]:
    """Both edges over common places; a stretch is as wide as it was at its widest."""
    if not len(x):
        return x, low, high
    days = np.floor(x).astype(np.int64)
    begins = np.flatnonzero(np.append(True, np.diff(days) > 0))
    stretches = max(1, most // len(begins))
    rows: list[tuple[float, float, float]] = []
    for place, begin in enumerate(begins):
        end = begins[place + 1] if place + 1 < len(begins) else len(x)
        edges = np.unique(np.linspace(begin, end, min(stretches, end - begin) + 1).astype(np.int64))
        for first, last in pairwise(edges):
            least, most_ = np.fmin.reduce(low[first:last]), np.fmax.reduce(high[first:last])
            rows += [(x[first], least, most_), (x[last - 1], least, most_)]
        rows.append((x[end - 1], np.nan, np.nan))
    table = np.array(rows)
    return table[:, 0], table[:, 1], table[:, 2]
