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
from gamma_scalper.exchange.simulated.noise import occasion
from gamma_scalper.exchange.simulated.option_quotes import Chain, Rows
from gamma_scalper.exchange.simulated.parameters import MarketParameters
from gamma_scalper.pricing.dividends import DividendSchedule

CALENDAR = "XNYS"
FIRST_UNDERLYING = 1_001
_LONGEST_OPTION = timedelta(days=385)
_MOST_REMEMBERED = 2_000  # lists of contracts that were asked for
_SIZES, _OPEN_INTEREST = 1, 2  # what chance is for; conIds are for themselves


class Watched(NamedTuple):
    """A list of contracts that was asked for: places of underlyings, and options by asset."""

    underlyings: list[tuple[int, int]]  # place, asset
    options: list[tuple[int, Rows]]


class SimulatedMarket:
    """Assets with independent paths, quoted from the open until the last product closes; see `Market`.

    The first tick of a session is its open, the last its latest close. At a product's close nothing of it is on offer.
    """

    def __init__(self, name: str, parameters: MarketParameters, generators: Sequence[Generator]) -> None:
        start, end = parameters.first_date, parameters.first_date + timedelta(days=parameters.days)
        self._calendar = _calendar(start - timedelta(days=15), end + _LONGEST_OPTION)
        self._name, self._parameters = name, parameters
        self._assets = [Asset(FIRST_UNDERLYING + i, made, self._calendar) for i, made in enumerate(generators)]
        self._trading_days = [session.day for session in self._calendar.sessions]
        inside = [i for i, day in enumerate(self._trading_days) if start <= day <= end]
        if not inside:
            raise ValueError(f"there is no session in the {parameters.days} days from {start}")
        self._last_day = inside[-1]
        self._listing = Listing()
        self._watched: dict[tuple[int, ...], Watched] = {}
        self._options: dict[int, Option] = {}  # conId -> contract, for those that were asked for
        self._open(inside[0], [Level(made.spot, made.first_variance) for made in generators])
        self._list_options()

    # Time

    @property
    def name(self) -> str:
        return self._name

    @property
    def now(self) -> datetime:
        return self._day.at(self._tick)

    def next_tick(self) -> datetime | None:
        if self._tick < self._day.ticks:
            return self._day.at(self._tick + 1)
        return self._calendar.sessions[self._day.place + 1].opens if self._day.place < self._last_day else None

    def advance(self, tick: datetime) -> None:
        if tick != self.next_tick():
            raise ValueError(f"the market goes from {self.now} to {self.next_tick()}, not to {tick}")
        if self._tick < self._day.ticks:
            self._tick += 1
            return
        self._open(self._day.place + 1, self._day.closing())
        self._list_options()

    def _open(self, place: int, levels: Sequence[Level]) -> None:
        self._day = Day(self._assets, place, levels, self._parameters.seed, self._parameters.step)
        self._tick = 0
        self._chains: dict[tuple[int, int], Chain] = {}

    # Listing

    def _list_options(self) -> None:
        """What the morning's prices ask for."""
        for i, asset in enumerate(self._assets):
            spot = self._day.prices[i].spots[0]
            self._listing.open_morning(i, asset.rules, spot, self._day.date, self._trading_days)
        self._know_series()

    def _know_series(self) -> None:
        """Of each series: its end, its settlement, and variance time then."""
        series = self._listing.series
        ends = [self._assets[one.asset].ends(one) for one in series]
        self._ends, self._settles = np.array([end for end, _ in ends]), np.array([settles for _, settles in ends])
        self._lived, owners = np.empty(len(series)), np.array([one.asset for one in series])
        for i, asset in enumerate(self._assets):
            self._lived[owners == i] = asset.time.at(self._settles[owners == i])

    def underlyings(self) -> Sequence[Stock | Index]:
        return [asset.instrument for asset in self._assets]

    def expiries(self, underlying_con_id: int) -> Sequence[date]:
        i, now = self._place(underlying_con_id), self._day.seconds(self._tick)
        series = zip(self._listing.series, self._ends.tolist(), strict=True)
        alive = {one.expiry for one, end in series if one.asset == i and end > now}
        return [date.fromordinal(day) for day in sorted(alive)]

    def options(self, underlying_con_id: int, expiry: date) -> Sequence[Option]:
        series = self._listing.expiring(self._place(underlying_con_id), expiry)
        alive = [one for one in series if self._ends[one] > self._day.seconds(self._tick)]
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
        rows = self._rows([0], [con_id])
        series = self._listing.series[int(rows.series[0])]
        at = option_quotes.seen(self._assets[series.asset], self._chain(series.asset, tick=0), rows)
        today = occasion(self._parameters.seed, self._day.place, _OPEN_INTEREST)
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
            at = option_quotes.seen(self._assets[i], self._chain(i, self._tick), rows)
            for place, vol in zip(rows.places.tolist(), at.vols.tolist(), strict=True):
                found[place] = vol
        return found

    def offers(self, con_ids: Sequence[int]) -> Sequence[Offer]:
        watched, now = self._watch(con_ids), self._day.seconds(self._tick)
        found = [NOTHING_ON_OFFER] * len(con_ids)
        for place, i in watched.underlyings:
            if now < self._assets[i].option_closes[self._day.place]:
                found[place] = self._underlying_offer(i)
        for i, rows in watched.options:
            if now < self._assets[i].option_closes[self._day.place]:
                self._offer_options(i, rows, now, found)
        return found

    def _offer_options(self, i: int, rows: Rows, now: float, found: list[Offer]) -> None:
        asset, chain = self._assets[i], self._chain(i, self._tick)
        at = option_quotes.seen(asset, chain, rows)
        bids, asks = option_quotes.bids_and_asks(asset, chain, rows, at)
        bid_sizes, ask_sizes = option_quotes.sizes(rows, at, self._occasion(_SIZES))
        bid_sizes[bids == 0.0] = 0
        columns = (bids.tolist(), asks.tolist(), bid_sizes.tolist(), ask_sizes.tolist())
        alive = (self._ends[rows.series] > now).tolist()
        for place, trading, *offer in zip(rows.places.tolist(), alive, *columns, strict=True):
            if trading:
                found[place] = Offer(*offer)

    def _underlying_offer(self, i: int) -> Offer:
        """An index is one number, bid and asked alike for nothing."""
        asset, spot = self._assets[i], self._day.prices[i].spots[self._tick]
        unit = 10_000.0 if spot < 1.0 else 100.0
        last = round(spot * unit) / unit
        if isinstance(asset.instrument, Index):
            return Offer(last, last, 0, 0, last)
        half = 0.5e-4 * asset.generator.spread_bps * spot * unit
        bid, ask = math.floor(spot * unit - half), math.ceil(spot * unit + half)
        luck = self._occasion(asset.con_id)
        bid_size, ask_size = 100 + 100 * (luck % 12), 100 + 100 * (luck // 12 % 12)
        return Offer(bid / unit, max(ask, bid + 1) / unit, bid_size, ask_size, last)

    def _occasion(self, purpose: int) -> int:
        return occasion(self._parameters.seed, self._day.place * 100_000 + self._tick, purpose)

    def _chain(self, i: int, tick: int) -> Chain:
        if (i, tick) not in self._chains:
            if len(self._chains) > 2 * len(self._assets):
                self._chains.clear()
            prices = self._day.prices[i]
            self._chains[i, tick] = option_quotes.chain_at(
                self._assets[i], prices.spots[tick], prices.variances[tick], self._day.moment(tick, i),
                self._settles, self._lived,
            )  # fmt: skip
        return self._chains[i, tick]

    def _watch(self, con_ids: Sequence[int]) -> Watched:
        key = tuple(con_ids)
        if key not in self._watched:
            if len(self._watched) >= _MOST_REMEMBERED:
                self._watched.clear()
            shares = [(place, con_id) for place, con_id in enumerate(key) if con_id < FIRST_OPTION]
            places = [place for place, con_id in enumerate(key) if con_id >= FIRST_OPTION]
            rows = self._rows(places, [key[place] for place in places])
            owners = np.array([self._listing.series[series].asset for series in rows.series.tolist()])
            self._watched[key] = Watched(
                [(place, self._place(con_id)) for place, con_id in shares],
                [(i, Rows(*(column[owners == i] for column in rows))) for i in sorted(set(owners.tolist()))],
            )
        return self._watched[key]

    def _rows(self, places: list[int], con_ids: list[int]) -> Rows:
        ids = np.array(con_ids, dtype=np.int64)
        series, cents, put = self._listing.find(ids)
        strikes: npt.NDArray[np.float64] = cents / 100.0
        signs = np.where(put == 1, -1.0, 1.0)
        return Rows(np.array(places, dtype=np.int64), ids, series, strikes, signs)

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
        self._know_series()
        self._watched.clear()
        self._options.clear()
        self._tick = int(state["tick"])


@lru_cache(maxsize=8)
def _calendar(first: date, last: date) -> Sessions:
    return exchange_sessions(CALENDAR, first, last)
