"""What `--grid` says: the values a setting takes, one by one, or the range a search may look in."""

import itertools
import math
import re
from collections.abc import Sequence

from attrs import frozen

from gamma_scalper.domain.exits import UserError

_MOST_CELLS = 5_000
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(log)?")
_EXAMPLE = "such as hedge.band_shares=1,2,5,10"


@frozen
class Values:
    """A setting, and each value it takes, as they were written."""

    key: str
    values: tuple[str, ...]

    def ends(self) -> tuple[str, ...]:
        return self.values


@frozen
class Range:
    """A setting, and between which two values a search may look; `whole` where both are whole numbers."""

    key: str
    low: float
    high: float
    log: bool
    whole: bool

    def ends(self) -> tuple[str, ...]:
        return self.written(self.low), self.written(self.high)

    def written(self, value: float) -> str:
        """Four digits say enough, and make cells that a person can name."""
        return str(round(value)) if self.whole else f"{value:.4g}"


Axis = Values | Range


def axes_of(written: Sequence[str], *, ranges: bool) -> tuple[Axis, ...]:
    """One axis for each `--grid`; `ranges` are for a search only."""
    axes = [_axis(text) for text in written]
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise UserError(f"--grid: {key} is given twice; put all its values behind one --grid")
    for axis in axes:
        if isinstance(axis, Range) and not ranges:
            raise UserError(
                f"--grid {axis.key}: a range is for a search; add --search random or bayes, or list the values"
            )
    return tuple(axes)


def _axis(written: str) -> Axis:
    key, equals, text = (part.strip() for part in written.partition("="))
    if not (equals and key and text):
        raise UserError(f"--grid: expected key=value,value, {_EXAMPLE}")
    if found := _RANGE.fullmatch(text):
        return _range(key, *found.groups())
    values = [value.strip() for value in text.split(";" if ";" in text else ",")]
    if not all(values):
        raise UserError(f"--grid {key}: a value is missing between two commas; expected key=value,value, {_EXAMPLE}")
    for value in values:
        if values.count(value) > 1:
            raise UserError(f"--grid {key}: {value} is given twice")
    return Values(key, tuple(values))


def _range(key: str, low: str, high: str, log: str | None) -> Range:
    whole = all(re.fullmatch(r"[+-]?\d+", end) for end in (low, high))
    found = Range(key, float(low), float(high), log is not None, whole)
    if not (math.isfinite(found.low) and math.isfinite(found.high) and found.low < found.high):
        raise UserError(f"--grid {key}={low}..{high}: the first end has to be the smaller one")
    if found.log and found.low <= 0:
        raise UserError(f"--grid {key}={low}..{high}log: a logarithmic range begins above 0")
    return found


def combinations(axes: Sequence[Values]) -> tuple[dict[str, str], ...]:
    """Every value with every other, the last axis moving first."""
    if math.prod(len(axis.values) for axis in axes) > _MOST_CELLS:
        raise UserError(f"--grid: that makes more than {_MOST_CELLS:,} cells; use fewer values, or --search")
    keys = [axis.key for axis in axes]
    return tuple(dict(zip(keys, values, strict=True)) for values in itertools.product(*(axis.values for axis in axes)))
