"""The simulated market: prices, listing and quotes put together, a day at a time."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.sessions import Sessions, exchange_sessions
from gamma_scalper.exchange.market import NOTHING_ON_OFFER, Listed, Offer, UnknownContract
from gamma_scalper.exchange.simulated import option_quotes
from gamma_scalper.exchange.simulated.assets import Asset
from gamma_scalper.exchange.simulated.day import Day, Level
from gamma_scalper.exchange.simulated.listing import FIRST_OPTION, Listing
from gamma_scalper.exchange.simulated.markets import Generator
from gamma_scalper.exchange.simulated.option_quotes import Rows
from gamma_scalper.exchange.simulated.parameters import MarketParameters
from gamma_scalper.exchange.simulated.quote_kernel import occasion
from gamma_scalper.pricing.dividends import DividendSchedule

CALENDAR = "XNYS"
FIRST_UNDERLYING = 1_001
_LONGEST_OPTION = timedelta(days=385)
_MOST_REMEMBERED = 2_000  # lists of contracts that were asked for
_OPEN_INTEREST = 2  # what chance is for, beside sizes; conIds are for themselves


class Watched(NamedTuple):
    """A list of contracts that was asked for: places of underlyings, and options by asset."""

    underlyings: list[tuple[int, int]]  # place, asset
    options: list[tuple[int, Rows]]


class SimulatedMarket:
    """Assets with independent paths, quoted from the open until the last product closes; see `Market`.

    The first tick of a session is its open, the last its latest close. At a product's close nothing of it is on offer.
    """

    _day: Day
    _tick: int
    _now: datetime
    _next: datetime | None

    def __init__(self, name: str, parameters: MarketParameters, generators: Sequence[Generator]) -> None:
        start, end = parameters.first_date, parameters.first_date + timedelta(days=parameters.days)
        self._calendar = _calendar(start - timedelta(days=15), end + _LONGEST_OPTION)
        self._name, self._parameters = name, parameters
        self._assets = [Asset(FIRST_UNDERLYING + i, made, self._calendar) for i, made in enumerate(generators)]
        self._trading_days = [session.day for session in self._calendar.sessions]
        inside = [i for i, day in enumerate(self._trading_days) if start <= day < end]
        if not inside:
            raise ValueError(f"there is no session in the {parameters.days} days from {start}")
        self._last_day = inside[-1]
        self._listing = Listing()
        self._series = np.empty((3, 0))
        self._watched: dict[tuple[int, ...], Watched] = {}
        self._offered: dict[int, Offer] = {}  # asset -> its underlying's offer at this tick
        self._options: dict[int, Option] = {}  # conId -> contract, for those that were asked for
        self._interest: dict[int, int] = {}  # conId -> its open interest this morning, for those that were asked for
        self._interest_of: object = None  # the day that is of
        self._open(inside[0], [Level(made.spot, made.first_variance) for made in generators])
        self._list_options()

    # Time

    @property
    def name(self) -> str:
        return self._name

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def step_s(self) -> float:
        return self._parameters.step

    def next_tick(self) -> datetime | None:
        return self._next

    def _following(self) -> datetime | None:
        if self._tick < self._day.ticks:
            return self._day.at(self._tick + 1)
        return self._calendar.sessions[self._day.place + 1].opens if self._day.place < self._last_day else None

    def advance(self, tick: datetime) -> None:
        following = self._next
        if following is None or tick != following:
            raise ValueError(f"the market goes from {self._now} to {self._next}, not to {tick}")
        if self._tick < self._day.ticks:
            self._tick, self._now = self._tick + 1, following
            self._next = self._following()
            self._offered.clear()
            return
        self._open(self._day.place + 1, self._day.closing())
        self._list_options()

    def _open(self, place: int, levels: Sequence[Level]) -> None:
        self._day = Day(self._assets, place, levels, self._parameters.seed, self._parameters.step)
        self._go_to(0)

    def _go_to(self, tick: int) -> None:
        self._tick, self._now = tick, self._day.at(tick)
        self._next = self._following()
        self._offered.clear()

    # Listing

    def _list_options(self) -> None:
        """What the morning's prices ask for."""
        for i, asset in enumerate(self._assets):
            spot = self._day.prices[i].spots[0]
            self._listing.open_morning(i, asset.rules, spot, self._day.date, self._trading_days)
        self._know_series()

    def _know_series(self) -> None:
        """Of each series: its settlement, variance time then, and when its trading ends."""
        series = self._listing.series
        known = self._series.shape[1]
        added = np.empty((3, len(series) - known))
        owners = np.array([one.asset for one in series[known:]])
        for place, one in enumerate(series[known:]):
            added[2, place], added[0, place] = self._assets[one.asset].ends(one)
        for i, asset in enumerate(self._assets):
            added[1, owners == i] = asset.time.at(added[0, owners == i])
        self._series = np.concatenate((self._series, added), axis=1)

    def underlyings(self) -> Sequence[Stock | Index]:
        return [asset.instrument for asset in self._assets]

    def expiries(self, underlying_con_id: int) -> Sequence[date]:
        i, now = self._place(underlying_con_id), self._day.seconds(self._tick)
        series = zip(self._listing.series, self._series[2].tolist(), strict=True)
        alive = {one.expiry for one, end in series if one.asset == i and end > now}
        return [date.fromordinal(day) for day in sorted(alive)]

    def options(self, underlying_con_id: int, expiry: date) -> Sequence[Option]:
        series = self._listing.expiring(self._place(underlying_con_id), expiry)
        alive = [one for one in series if self._series[2, one] > self._day.seconds(self._tick)]
        found = [self._option(con_id) for one in alive for con_id in self._listing.contracts(one)]
        return found if len(alive) < 2 else sorted(found, key=lambda option: (option.strike, option.trading_class))

    def instrument(self, con_id: int) -> Listed:
        return self._option(con_id) if con_id >= FIRST_OPTION else self._asset(con_id).instrument

    def sessions(self, con_id: int) -> Sessions:
        return self._asset(con_id).options if con_id >= FIRST_OPTION else self._asset(con_id).shares

    def open_interest(self, con_id: int) -> int:
        if con_id < FIRST_OPTION:
            self._place(con_id)
            return 0
        day = self._day.place
        if self._interest_of != day:
            self._interest_of, self._interest = day, {}
        if con_id not in self._interest:  # it is told every second, and changes over night
            self._interest[con_id] = self._this_mornings_interest(con_id)
        return self._interest[con_id]

    def _this_mornings_interest(self, con_id: int) -> int:
        ((i, rows),) = self._watch([con_id]).options
        series = self._listing.series[int(rows.ids[1, 0])]
        at = option_quotes.seen(self._assets[i], self._day.now(0, i), self._series, rows)
        today = int(occasion(self._parameters.seed, self._day.place, _OPEN_INTEREST))
        return int(option_quotes.open_interest(rows, at, today, series.monthly)[0])

    def dividends(self, underlying_con_id: int) -> DividendSchedule:
        return self._assets[self._place(underlying_con_id)].schedule

    def rate(self, underlying_con_id: int) -> float:
        """What money costs in this market, continuously per year."""
        return self._assets[self._place(underlying_con_id)].generator.rate

    def dividend_yield(self, underlying_con_id: int) -> float:
        """Continuously per year, besides the cash dividends."""
        return self._assets[self._place(underlying_con_id)].generator.yield_

    def _option(self, con_id: int) -> Option:
        if con_id not in self._options:
            series, strike, put = (int(found[0]) for found in self._listing.find(np.array([con_id])))
            terms = self._listing.series[series]
            self._options[con_id] = self._assets[terms.asset].option(con_id, terms, strike, bool(put))
        return self._options[con_id]

    def _asset(self, con_id: int) -> Asset:
        """That a contract belongs to."""
        if con_id < FIRST_OPTION:
            return self._assets[self._place(con_id)]
        series, _, _ = self._listing.find(np.array([con_id]))
        return self._assets[self._listing.series[int(series[0])].asset]

    def _place(self, underlying_con_id: int) -> int:
        place = underlying_con_id - FIRST_UNDERLYING
        if not 0 <= place < len(self._assets):
            raise UnknownContract(f"contract {underlying_con_id} is no underlying of this market")
        return place

    # Quotes

    def spot(self, con_id: int) -> float:
        """The price of an underlying behind its quote."""
        return self._day.prices[self._place(con_id)].spots[self._tick]

    def previous_close(self, con_id: int) -> float:
        """Of an underlying, at the last tick of the session before."""
        return self._day.levels[self._place(con_id)].spot

    def variance(self, con_id: int) -> float:
        """Of an underlying, per year of variance time, as it is now."""
        return max(self._day.prices[self._place(con_id)].variances[self._tick], 0.0)

    def implied_vol(self, con_ids: Sequence[int]) -> list[float]:
        """The volatility behind each option's quote, per year of calendar time; 0 for an underlying."""
        found = [0.0] * len(con_ids)
        for i, rows in self._watch(con_ids).options:
            at = option_quotes.seen(self._assets[i], self._day.now(self._tick, i), self._series, rows)
            for place, vol in zip(rows.places, at.vols.tolist(), strict=True):
                found[place] = vol
        return found

    def offers(self, con_ids: Sequence[int]) -> Sequence[Offer]:
        watched, day, tick = self._watch(con_ids), self._day, self._tick
        seconds = day.seconds(tick)
        found = [NOTHING_ON_OFFER] * len(con_ids)
        for place, i in watched.underlyings:
            if seconds < day.closes[i]:
                found[place] = self._underlying_offer(i)
        for i, rows in watched.options:
            if seconds < day.closes[i]:
                option_quotes.put_on_offer(
                    self._assets[i], day.now(tick, i), self._series, rows, self._parameters.seed, self._moment, found
                )
        return found

    def _underlying_offer(self, i: int) -> Offer:
        """Made once a tick, since it is asked for by whoever watches the underlyings and whoever quotes them."""
        found = self._offered.get(i)
        if found is None:
            found = self._offered[i] = self._made_offer(i)
        return found

    def _made_offer(self, i: int) -> Offer:
        """An index is one number, bid and asked alike for nothing."""
        asset, spot = self._assets[i], self._day.prices[i].spots[self._tick]
        unit = 10_000.0 if spot < 1.0 else 100.0
        last = round(spot * unit) / unit
        if isinstance(asset.instrument, Index):
            return Offer(last, last, 0, 0, last)
        half = 0.5e-4 * asset.generator.spread_bps * spot * unit
        bid, ask = math.floor(spot * unit - half), math.ceil(spot * unit + half)
        luck = int(occasion(self._parameters.seed, self._moment, asset.con_id))
        bid_size, ask_size = 100 + 100 * (luck % 12), 100 + 100 * (luck // 12 % 12)
        return Offer(bid / unit, max(ask, bid + 1) / unit, bid_size, ask_size, last)

    @property
    def _moment(self) -> int:
        """The number of the tick, among all that the market might have."""
        return self._day.place * 100_000 + self._tick

    def _watch(self, con_ids: Sequence[int]) -> Watched:
        key = tuple(con_ids)
        if key not in self._watched:
            if len(self._watched) >= _MOST_REMEMBERED:
                self._watched.clear()
            shares = [(place, con_id) for place, con_id in enumerate(key) if con_id < FIRST_OPTION]
            places = [place for place, con_id in enumerate(key) if con_id >= FIRST_OPTION]
            by_asset = self._rows(places, [key[place] for place in places])
            self._watched[key] = Watched(
                [(place, self._place(con_id)) for place, con_id in shares],
                by_asset,
            )
        return self._watched[key]

    def _rows(self, places: list[int], con_ids: list[int]) -> list[tuple[int, Rows]]:
        ids = np.array(con_ids, dtype=np.int64)
        series, cents, put = self._listing.find(ids)
        strikes: npt.NDArray[np.float64] = cents / 100.0
        signs = np.where(put == 1, -1.0, 1.0)
        owners = np.array([self._listing.series[one].asset for one in series.tolist()], dtype=np.int64)
        found = []
        for i in sorted(set(owners.tolist())):
            own = np.flatnonzero(owners == i)
            rows = Rows.of([places[row] for row in own.tolist()], ids[own], series[own], strikes[own], signs[own])
            found.append((i, rows))
        return found

    # Memory

    def state(self) -> Mapping[str, Any]:
        return {
            "market": self._name,
            "day": self._day.date.isoformat(),
            "tick": self._tick,
            "at_last_close": [list(level) for level in self._day.levels],
            **self._listing.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        if state["market"] != self._name:
            raise UserError(f"what is remembered is of the market {state['market']}, not of {self._name}")
        levels = [Level(spot, variance) for spot, variance in state["at_last_close"]]
        self._listing = Listing.restored(state["series"], state["blocks"])
        self._open(self._trading_days.index(date.fromisoformat(state["day"])), levels)
        self._series = np.empty((3, 0))
        self._know_series()
        self._watched.clear()
        self._options.clear()
        self._go_to(int(state["tick"]))


@lru_cache(maxsize=8)
def _calendar(first: date, last: date) -> Sessions:
    return exchange_sessions(CALENDAR, first, last)
