"""Text columns turned into numbers, each with the rules that say which cells could not be."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gamma_scalper.domain.checks import LARGEST
from gamma_scalper.exchange.replay.arrays import Flags, Real, Whole
from gamma_scalper.exchange.replay.hours import NEW_YORK, nanoseconds
from gamma_scalper.exchange.replay.verdict import Rule

_PRICE = r"^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_SIZE = r"^-?\d{1,15}(\.0+)?$"
_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$"
_MILLISECONDS = r"^-?\d{1,15}$"
_DAY_MS = 86_400_000
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_PRICES = "a number from 0 up, or nothing where the side is missing"
_SIZES = "a whole number from 0 up, or nothing"


def price(column: Any, name: str, scale: int = 1) -> tuple[Real, list[Rule]]:
    """NaN where the cell is empty; `scale` is how many units make a dollar."""
    numbers, unreadable, found = _cells(column, _PRICE, pa.float64())
    empty = _flags(pc.equal(column, ""))
    values = np.where(unreadable, np.nan, numbers) / scale
    return values, [
        Rule("unreadable price", unreadable & ~empty, found, _PRICES, name),
        Rule("negative price", values < 0, found, _PRICES, name),
        Rule("price too large", values >= LARGEST, found, f"a number below {LARGEST:.0e}", name),
    ]


def size(column: Any, name: str) -> tuple[Whole, list[Rule]]:
    """Nothing counts as 0."""
    numbers, unreadable, found = _cells(column, _SIZE, pa.float64())
    empty = _flags(pc.equal(column, ""))
    values = numbers.astype(np.int64)
    return values, [
        Rule("unreadable size", unreadable & ~empty, found, _SIZES, name),
        Rule("negative size", values < 0, found, _SIZES, name),
    ]


def moments(column: Any, name: str = "time") -> tuple[Whole, list[Rule]]:
    """Nanoseconds in UTC. A time without a zone names no moment and is refused."""
    stamps, unreadable, found = _cells(column, _MOMENT, pa.timestamp("ns", "UTC"))
    values = stamps.astype(np.int64)
    years = values.astype("datetime64[ns]").astype("datetime64[Y]").astype(np.int64) + 1970
    strange = ~unreadable & ((years < _FIRST_YEAR) | (years > _LAST_YEAR))
    allowed = "an ISO 8601 time with its zone, such as 2015-12-24T14:31:00Z"
    return values, [
        Rule("unreadable time", unreadable, found, allowed, name),
        Rule("time out of range", strange, found, f"a year from {_FIRST_YEAR} to {_LAST_YEAR}", name),
    ]


def sane_year(year: int) -> bool:
    return _FIRST_YEAR <= year <= _LAST_YEAR


def day_moments(column: Any, day: date, later_ns: int, name: str = "time") -> tuple[Whole, list[Rule]]:
    """Nanoseconds in UTC, from milliseconds of a New York day's wall clock, plus `later_ns` of real time."""
    numbers, unreadable, found = _cells(column, _MILLISECONDS, pa.int64())
    outside = (numbers < 0) | (numbers >= _DAY_MS)
    distinct, row_of = np.unique(np.where(outside, 0, numbers), return_inverse=True)
    midnight = datetime.combine(day, time(0), NEW_YORK)
    moments_ns = [nanoseconds(midnight + timedelta(milliseconds=ms)) + later_ns for ms in distinct.tolist()]
    allowed = f"whole milliseconds since midnight in New York, from 0 to {_DAY_MS - 1}"
    return np.array(moments_ns, np.int64)[row_of], [
        Rule("unreadable time", unreadable, found, allowed, name),
        Rule("outside the named day", outside, found, allowed, name),
    ]


def _cells(column: Any, pattern: str, kind: Any) -> tuple[Any, Flags, Callable[[int], object]]:
    """The numbers (0 where there is none), which cells hold none, and what a cell says."""
    readable = _flags(pc.match_substring_regex(column, pattern))
    kept = pc.if_else(pa.array(readable), column, None)
    try:
        numbers = pc.cast(kept, kind)
    except pa.ArrowInvalid:  # the pattern fits, but there is no such day or hour: find out where
        numbers = pa.array([_or_none(cell, kind) for cell in kept], kind)
    readable &= _flags(pc.is_valid(numbers))
    zero = pa.scalar(0, pa.int64()).cast(kind)
    return pc.fill_null(numbers, zero).to_numpy(zero_copy_only=False), ~readable, lambda row: column[row].as_py()


def _or_none(cell: Any, kind: Any) -> Any:
    try:
        return pc.cast(cell, kind)
    except pa.ArrowInvalid:
        return None


def _flags(array: Any) -> Flags:
    return np.array(array.to_numpy(zero_copy_only=False), np.bool_)
