"""What money costs, by maturity."""

import math
import re
from collections.abc import Mapping

from attrs import field, frozen

_TENOR = re.compile(r"(\d+(?:\.\d+)?)([my])\s+([+-]?\d+(?:\.\d+)?)")
_COUPONS_A_YEAR = 2
_LONGEST = 100.0


def _pairs(points: "tuple[tuple[float, float], ...]") -> tuple[tuple[float, float], ...]:
    return tuple(sorted((float(years), float(rate)) for years, rate in points))


@frozen
class ZeroCurve:
    """Continuously compounded rates per year: straight between `(years, rate)` points, flat before and after them."""

    points: tuple[tuple[float, float], ...] = field(converter=_pairs)

    def __attrs_post_init__(self) -> None:
        times = [years for years, _ in self.points]
        if not times or times[0] < 0 or len(set(times)) < len(times):
            raise ValueError(f"a curve needs points at different times from 0 up, not {self.points}")
        if not all(math.isfinite(years) and math.isfinite(rate) for years, rate in self.points):
            raise ValueError(f"a curve is made of finite numbers, not {self.points}")

    def rate(self, years: float) -> float:
        if not years >= 0:
            raise ValueError(f"years must not be negative, not {years}")
        before, after = self.points[0], self.points[-1]
        for point in self.points:
            if point[0] <= years:
                before = point
            else:
                after = point
                break
        if after[0] <= before[0] or years <= before[0]:
            return before[1] if years >= before[0] else after[1]
        share = (years - before[0]) / (after[0] - before[0])
        return before[1] + share * (after[1] - before[1])

    def discount(self, years: float) -> float:
        return math.exp(-self.rate(years) * years)


def flat(rate: float) -> ZeroCurve:
    return ZeroCurve(((0.0, rate),))


def from_par_yields(yields: Mapping[float, float]) -> ZeroCurve:
    """From `years -> yield` as treasuries publish them: simple up to half a year, then with two coupons a year.

    Shortest first, each point is set so that its bond is worth par on the curve so far.
    """
    if not yields:
        raise ValueError("a curve needs at least one yield")
    points: list[tuple[float, float]] = []
    for years, par in sorted(yields.items()):
        if not (0 < years <= _LONGEST and -0.5 < par < 1.0):
            raise ValueError(f"a yield of {par:g} for {years:g} years: years are above 0, up to 100, and 5% is 0.05")
        low, high = -2.0, 2.0
        for _ in range(60):
            middle = (low + high) / 2
            if _worth(par, years, ZeroCurve((*points, (years, middle)))) > 1:
                low = middle
            else:
                high = middle
        if abs(low) > 1.99:
            raise ValueError(f"a yield of {par:g} for {years:g} years fits no curve through the shorter ones")
        points.append((years, (low + high) / 2))
    return ZeroCurve(tuple(points))


def _worth(par: float, years: float, curve: ZeroCurve) -> float:
    """Of a bond that pays the par yield; its first coupon is for what is left of its period."""
    if years <= 1 / _COUPONS_A_YEAR:
        return (1 + par * years) * curve.discount(years)
    period = 1 / _COUPONS_A_YEAR
    worth, due = curve.discount(years), years
    while due > 1e-9:
        worth += par * min(period, due) * curve.discount(due)
        due -= period
    return worth


def parse_rates(text: str) -> ZeroCurve:
    """'4.1' is one rate for all maturities; '3m 4.3, 1y 4.05, 10y 4.2' are par yields. In percent."""
    try:
        percent = float(text)
    except ValueError:
        return from_par_yields(_par_yields(text))
    if not -50 < percent < 100:
        raise ValueError(f"a rate of {text} percent is out of range")
    return flat(percent / 100)


def _par_yields(text: str) -> dict[float, float]:
    yields: dict[float, float] = {}
    for part in (part.strip() for part in text.split(",")):
        found = _TENOR.fullmatch(part)
        if found is None:
            raise ValueError(f"cannot read {part!r}; expected a maturity and a yield, such as 3m 4.3")
        number, unit, par = found.groups()
        years = float(number) / (12 if unit == "m" else 1)
        if years in yields:
            raise ValueError(f"cannot read {part!r}: its maturity is there twice")
        yields[years] = float(par) / 100
    return yields
