"""Bars: their sizes, how far back a duration reaches, and how samples of quotes become them."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gamma_scalper.domain.sessions import OutsideCalendar, Session, Sessions
from gamma_scalper.gateway.errors import Refused, invalid
from gamma_scalper.gateway.moments import NEW_YORK, local_day, midnight, stamp
from gamma_scalper.gateway.past import Samples
from gamma_scalper.gateway.wire.answers_of_data import Bar

Floats = npt.NDArray[np.float64]

_SIZES = {
    **{f"{n} sec{s}": n for n in (1, 5, 10, 15, 30) for s in ("", "s")},
    **{f"{n} min{s}": 60 * n for n in (1, 2, 3, 5, 10, 15, 20, 30) for s in ("", "s")},
    **{f"{n} hour{s}": 3600 * n for n in (1, 2, 3, 4, 8) for s in ("", "s")},
}
DAY_S = 86_400
_LONGER = {
    "1 day": "day",
    "1 week": "week",
    "1W": "week",
    "1w": "week",
    "1 month": "month",
    "1M": "month",
    "1m": "month",
}
_DURATION = re.compile(r"([0-9]{1,5}) ?([SDWMY])")
_DAYS = {"W": 7, "M": 30, "Y": 365}
_MOST_DAYS = 36_500

KINDS = ("TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK")


class Size(NamedTuple):
    """Of a bar: seconds within a day, or a span of days."""

    seconds: int  # 0: it is a span of days
    span: str = ""  # day, week, month


def read_size(written: str) -> Size:
    written = written.strip()
    if written in _SIZES:
        return Size(_SIZES[written])
    if written in _LONGER or written == "1 days":
        return Size(0, _LONGER.get(written, "day"))
    raise invalid(f"Historical data bar size setting is invalid. Legal ones are: {', '.join([*_SIZES, *_LONGER])}")


def begins(duration: str, end: datetime, sessions: Sessions) -> datetime:
    """Where so much time before `end` begins; days are those on which the product trades, the last one included."""
    found = _DURATION.fullmatch(duration.strip())
    if found is None or int(found[1]) == 0:
        raise invalid(
            f"Historical data query duration {duration!r} is invalid; it is written as 3600 S, 2 D, 1 W, 1 M, 1 Y"
        )
    count, unit = int(found[1]), found[2]
    if unit == "S":
        return end - timedelta(seconds=count)
    if unit != "D":
        return midnight(local_day(end) - timedelta(days=min(count * _DAYS[unit], _MOST_DAYS)))
    day, left = local_day(end), count
    while True:
        try:
            traded = [session for session in sessions.on(day) if session.opens < end]
        except OutsideCalendar:
            return midnight(day)
        left -= bool(traded)
        if not left:
            return midnight(day)
        day -= timedelta(days=1)


def whole(begin: datetime, end: datetime, size: Size) -> tuple[datetime, datetime]:
    """From the begin of the bar that `begin` is in to the end of the one just before `end`: bars are never cut."""
    first = _bar_of(begin, size)[0]
    return first, _bar_of(end - timedelta(microseconds=1), size)[1]


def _bar_of(moment: datetime, size: Size) -> tuple[datetime, datetime]:
    """When the bar that holds a moment begins and ends."""
    day = local_day(moment)
    if size.seconds:
        begin = midnight(day)
        begin += (moment - begin) // timedelta(seconds=size.seconds) * timedelta(seconds=size.seconds)
        return begin, min(begin + timedelta(seconds=size.seconds), midnight(day + timedelta(days=1)))
    first = _first_of(day, size.span)
    following = first + timedelta(days={"day": 1, "week": 7, "month": 31}[size.span])
    return midnight(first), midnight(_first_of(following, size.span))


def regular(samples: Samples, sessions: Sessions) -> Samples:
    """Those within the product's own liquid hours."""
    keep = np.zeros(samples.at.size, dtype=bool)
    for session in _sessions(samples, sessions):
        first, last = np.searchsorted(samples.at, (session.opens.timestamp(), session.closes.timestamp()))
        keep[first:last] = True
    return Samples(*(column[keep] for column in samples))


def _sessions(samples: Samples, sessions: Sessions) -> Iterator[Session]:
    if not samples.at.size:
        return
    first, last = (local_day(_moment(at)) for at in (samples.at[0], samples.at[-1]))
    for ahead in range((last - first).days + 1):
        try:
            yield from sessions.on(first + timedelta(days=ahead))
        except OutsideCalendar:
            continue


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(float(at), NEW_YORK)


def make_bars(
    samples: Samples,
    what: str,
    size: Size,
    dated: Callable[[float, Size], str],
    sessions: Sessions,
    before: datetime | None = None,
) -> list[Bar]:
    """One bar for each span that holds a price and begins `before`; `dated` writes the moment a bar begins."""
    known = ~np.isnan(_prices(samples, what)[0])
    samples = Samples(*(column[known] for column in samples))
    if not samples.at.size:
        return []
    starts = _starts(samples, size, sessions)
    edges = np.flatnonzero(np.diff(starts, prepend=np.nan))
    ends = np.append(edges[1:], starts.size)
    return [
        _bar(Samples(*(column[first:last] for column in samples)), what, dated(float(starts[first]), size))
        for first, last in zip(edges.tolist(), ends.tolist(), strict=True)
        if before is None or starts[first] < before.timestamp()
    ]


def _prices(samples: Samples, what: str) -> tuple[Floats, Floats]:
    """The price a bar is made of; of BID_ASK both."""
    if what == "TRADES":
        return samples.last, samples.last
    if what == "BID":
        return samples.bid, samples.bid
    if what == "ASK":
        return samples.ask, samples.ask
    if what == "MIDPOINT":
        mids = (samples.bid + samples.ask) / 2
        return mids, mids
    return np.where(np.isnan(samples.ask), np.nan, samples.bid), samples.ask


def _bar(samples: Samples, what: str, when: str) -> Bar:
    low, high = _prices(samples, what)
    if what == "BID_ASK":  # the mean bid, the highest ask, the lowest bid, the mean ask
        opened, closed = round(float(low.mean()), 4), round(float(high.mean()), 4)
        return Bar(when, opened, float(high.max()), float(low.min()), closed, -1, -1, -1)
    extremes = float(low[0]), float(high.max()), float(low.min()), float(low[-1])
    if what != "TRADES":
        return Bar(when, *extremes, -1, -1, -1)
    volume, traded = float(samples.volume.sum()), int((samples.volume > 0).sum())
    mean = float((low * samples.volume).sum()) / volume if volume else float(low.mean())
    return Bar(when, *extremes, volume, round(mean, 4), traded)


def _starts(samples: Samples, size: Size, sessions: Sessions) -> Floats:
    """When the bar of each sample begins: at multiples of its size since midnight in New York, and at the open."""
    at = samples.at
    days = [local_day(_moment(moment)) for moment in (at[0], at[-1])]
    found = np.empty_like(at)
    for ahead in range((days[1] - days[0]).days + 1):
        day = days[0] + timedelta(days=ahead)
        begin, end = midnight(day).timestamp(), midnight(day + timedelta(days=1)).timestamp()
        first, last = np.searchsorted(at, (begin, end))
        if size.seconds:
            found[first:last] = begin + (at[first:last] - begin) // size.seconds * size.seconds
        else:
            found[first:last] = midnight(_first_of(day, size.span)).timestamp()
    for session in _sessions(samples, sessions) if size.seconds else ():
        first, last = np.searchsorted(at, (session.opens.timestamp(), session.closes.timestamp()))
        np.maximum(found[first:last], session.opens.timestamp(), out=found[first:last])
    return found


def _first_of(day: date, span: str) -> date:
    if span == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if span == "month" else day


def as_text(at: float, size: Size) -> str:
    """Format 1: with the zone; of a day its date."""
    moment = _moment(at)
    return stamp(moment) if size.seconds else f"{moment:%Y%m%d}"


def as_seconds(at: float, size: Size) -> str:
    """Format 2: since 1970; of a day its date all the same."""
    return str(int(at)) if size.seconds else f"{_moment(at):%Y%m%d}"


def check_kind(what: str) -> str:
    if what in KINDS:
        return what
    if what in ("HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY", "ADJUSTED_LAST", "FEE_RATE", "AGGTRADES"):
        raise Refused(
            162, f"Historical Market Data Service error message:No data of type {what} is served by this gateway"
        )
    raise invalid(f"Historical data request for {what!r} is invalid; served are {', '.join(KINDS)} and SCHEDULE")
