"""Which options are listed: expiries by rule, strikes around the spot, more each morning, none gone before its expiry.

Contracts are numbered by a counter in blocks of evenly spaced strikes, so that a year of listings is a short table.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import define, field, frozen

from gamma_scalper.exchange.market import UnknownContract

Ints = npt.NDArray[np.int64]

FIRST_OPTION = 100_001
DAILIES, WEEKLIES, MONTHLIES = timedelta(days=14), timedelta(days=56), timedelta(days=370)
_STEPS = ((25, 50, 250), (100, 100, 500), (250, 250, 500), (1_000, 500, 1_000), (10**9, 1_000, 5_000))
_FUND_STEPS = ((50, 50, 250), (10**9, 100, 500))
_INDEX_STEPS = ((1_000, 100, 500), (10**9, 500, 2_500))


@frozen
class ListingRules:
    """What an exchange lists for an asset."""

    volatility: float  # which says how far strikes reach
    daily: bool = False  # an expiry on every session of the next two weeks
    morning: bool = False  # monthlies of a class of their own, settled in the morning (SPX beside SPXW)
    steps: tuple[tuple[int, int, int], ...] = _STEPS  # below so many $: cents between strikes near the money, and far

    def width(self, days: int) -> float:
        far = 3.0 * self.volatility * math.sqrt(days / 365) + 0.03
        return min(max(far, 0.08), max(0.30, 1.5 * self.volatility), 0.9)


def rules_for(kind: str, pennies: bool, volatility: float) -> ListingRules:
    if kind == "index":
        return ListingRules(volatility, daily=True, morning=True, steps=_INDEX_STEPS)
    return ListingRules(volatility, daily=pennies, steps=_FUND_STEPS if pennies else _STEPS)


def third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


class Expiry(NamedTuple):
    day: date
    monthly: bool


def expiries_to_list(today: date, trading_days: Sequence[date], daily: bool) -> list[Expiry]:
    """In order. A Friday that is a holiday gives its expiry to the session before it."""
    known = _within(trading_days, today - timedelta(days=7), today + MONTHLIES)
    found: dict[date, bool] = {}
    if daily:
        found.update((day, False) for day in _within(known, today, today + DAILIES))
    friday = today + timedelta(days=(4 - today.weekday()) % 7)
    while friday <= today + MONTHLIES:
        monthly = friday == third_friday(friday.year, friday.month)
        week = _within(known, friday - timedelta(days=4), friday)
        if week and week[-1] >= today and (monthly or friday <= today + WEEKLIES):
            found[week[-1]] = monthly
        friday += timedelta(days=7)
    return [Expiry(day, monthly) for day, monthly in sorted(found.items())]


def _within(days: Sequence[date], first: date, last: date) -> Sequence[date]:
    return days[bisect_left(days, first) : bisect_right(days, last)]


class Series(NamedTuple):
    """All options of an asset that expire alike."""

    asset: int
    expiry: int  # ordinal of the date
    monthly: bool
    morning: bool
    near: int  # cents between strikes near the money
    far: int


class Block(NamedTuple):
    """Calls and puts of evenly spaced strikes: the call of the i-th has the conId `first + 2 i`, the put one more."""

    first: int
    series: int
    lowest: int  # cents
    step: int
    strikes: int


@define
class Listing:
    """Everything listed so far, of all assets of a market."""

    series: list[Series] = field(factory=list)
    blocks: list[Block] = field(factory=list)
    next_con_id: int = FIRST_OPTION
    _by_key: dict[tuple[int, int, bool], int] = field(factory=dict)
    _reach: dict[tuple[int, int], tuple[int, int]] = field(factory=dict)  # (series, rest) -> lowest, highest strike
    _table: Ints = field(factory=lambda: np.empty((5, 0), dtype=np.int64))

    def open_morning(
        self, asset: int, rules: ListingRules, spot: float, today: date, trading_days: Sequence[date]
    ) -> None:
        """List what the morning's spot asks for."""
        for expiry in expiries_to_list(today, trading_days, rules.daily):
            width = rules.width((expiry.day - today).days)
            kinds = (True, False) if rules.morning and expiry.monthly else (False,)
            for morning in kinds:
                if not (morning and expiry.day == today):
                    series = self._series_of(asset, rules, spot, expiry, morning)
                    self._cover(series, spot, width, near=expiry.day - today <= WEEKLIES)
        self._tabulate()

    def _series_of(self, asset: int, rules: ListingRules, spot: float, expiry: Expiry, morning: bool) -> int:
        key = (asset, expiry.day.toordinal(), morning)
        if key not in self._by_key:
            near, far = next((near, far) for below, near, far in rules.steps if spot < below)
            self._by_key[key] = len(self.series)
            self.series.append(Series(asset, key[1], expiry.monthly, morning, near, far))
        return self._by_key[key]

    def _cover(self, series: int, spot: float, width: float, near: bool) -> None:
        step = self.series[series].far
        self._reach_out(series, 0, spot, width)
        if near:
            for rest in range(self.series[series].near, step, self.series[series].near):
                self._reach_out(series, rest, spot, width / 2)

    def _reach_out(self, series: int, rest: int, spot: float, width: float) -> None:
        """Strikes that leave `rest` when divided by the step; more of them once the spot nears the end of the row."""
        step = self.series[series].far
        low = max(round(100 * spot * (1 - width)) // step * step, 0 if rest else step) + rest
        high = round(100 * spot * (1 + width)) // step * step + rest
        known = self._reach.get((series, rest))
        if known is None:
            self._add(series, low, high, step)
            self._reach[series, rest] = low, high
            return
        lowest, highest = known
        if 100 * spot * (1 - 0.7 * width) < lowest and low < lowest:
            self._add(series, low, lowest - step, step)
            lowest = low
        if 100 * spot * (1 + 0.7 * width) > highest and high > highest:
            self._add(series, highest + step, high, step)
            highest = high
        self._reach[series, rest] = lowest, highest

    def _add(self, series: int, low: int, high: int, step: int) -> None:
        count = (high - low) // step + 1
        self.blocks.append(Block(self.next_con_id, series, low, step, count))
        self.next_con_id += 2 * count

    def _tabulate(self) -> None:
        if len(self.blocks) > self._table.shape[1]:
            self._table = np.array(self.blocks, dtype=np.int64).T.copy()

    def find(self, con_ids: Ints) -> tuple[Ints, Ints, Ints]:
        """Of each: its series, its strike in cents, and 0 for a call, 1 for a put."""
        if con_ids.size and not (con_ids.min() >= FIRST_OPTION and con_ids.max() < self.next_con_id):
            strange = con_ids[(con_ids < FIRST_OPTION) | (con_ids >= self.next_con_id)]
            raise UnknownContract(f"contract {strange[0]} is not listed")
        block = self._table[:, np.searchsorted(self._table[0], con_ids, side="right") - 1]
        place = con_ids - block[0]
        return block[1], block[2] + place // 2 * block[3], place % 2

    def expiring(self, asset: int, expiry: date) -> list[int]:
        """The series of an asset that expire on a day, the morning's first."""
        day = expiry.toordinal()
        keys = [(asset, day, True), (asset, day, False)]
        return [self._by_key[key] for key in keys if key in self._by_key]

    def contracts(self, series: int) -> list[int]:
        """The conIds of a series by strike, the call before the put."""
        found = [
            (block.lowest + i * block.step, block.first + 2 * i)
            for block in self.blocks
            if block.series == series
            for i in range(block.strikes)
        ]
        return [con_id + put for _, con_id in sorted(found) for put in (0, 1)]

    def state(self) -> dict[str, list[list[int]]]:
        return {"series": [list(map(int, one)) for one in self.series], "blocks": [list(one) for one in self.blocks]}

    @classmethod
    def restored(cls, series_rows: Sequence[Sequence[int]], block_rows: Sequence[Sequence[int]]) -> "Listing":
        listing = cls()
        for asset, expiry, monthly, morning, near, far in series_rows:
            listing._by_key[asset, expiry, bool(morning)] = len(listing.series)
            listing.series.append(Series(asset, expiry, bool(monthly), bool(morning), near, far))
        for first, series, lowest, step, count in block_rows:
            block = Block(first, series, lowest, step, count)
            listing.blocks.append(block)
            listing.next_con_id = first + 2 * count
            rest, last = lowest % step, lowest + (count - 1) * step
            least, most = listing._reach.get((series, rest), (lowest, last))
            listing._reach[series, rest] = min(least, lowest), max(most, last)
        listing._tabulate()
        return listing
