"""What was quoted so far: underlyings at every tick, other contracts while somebody looked at them."""

import math
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import OutsideCalendar, Sessions
from gamma_scalper.exchange.market import Market, UnknownContract

Floats = npt.NDArray[np.float64]

_UNDERLYING_SLOT_S, _OTHER_SLOT_S = 1.0, 5.0  # the newest quote in each is remembered
_MOST_UNDERLYING, _MOST_OTHER = 250_000, 5_000
_DAYS = 90  # whose volume counts
_NAN = math.nan


class Figures(NamedTuple):
    """Of the day so far; NaN where nothing was seen."""

    open: float
    high: float
    low: float
    volume: float
    trades: int
    mean: float  # by volume
    prior_close: float


class Samples(NamedTuple):
    """Columns of equal length, by time."""

    at: Floats  # seconds since 1970
    bid: Floats
    ask: Floats
    last: Floats
    volume: Floats


class Series:
    """One contract's quotes, the newest of each slot of time, and the figures of its day.

    Nobody else trades here, so the volume is a stand-in: with each new offer that has a last price its scarcer side
    counts as traded.
    """

    def __init__(self, sessions: Sessions, slot_s: float, most: int) -> None:
        self._sessions = sessions
        self._slot_s, self._most = slot_s, most
        self._at, self._bid, self._ask, self._last, self._volume = (array("d") for _ in range(5))
        self._slot_ends = -math.inf
        self._window = (math.inf, math.inf)  # within which it is known whether the market is open
        self._noted = -math.inf
        self._in_session = False
        self._opened: datetime | None = None  # when the newest session did
        self._closing = _NAN  # the newest price within a session
        self._day = [_NAN, _NAN, _NAN, 0.0, 0.0]  # open, high, low, volume, value
        self._trades = 0
        self._prior_close = _NAN
        self._volumes: list[float] = []  # of the days before
        self.low, self.high = _NAN, _NAN  # of all days
        self.newest: float | None = None  # when the last price was traded
        self.traded = 0.0  # in the newest trade
        self.bid, self.ask, self.last = _NAN, _NAN, _NAN  # the newest that anybody quoted

    def note(self, at: float, bid: float | None, ask: float | None, last: float | None, traded: float) -> None:
        """What is on offer now; a side nobody quotes is None."""
        if not self._window[0] <= at < self._window[1]:
            self._enter(at)
        if at == self._noted:  # the same offer told again
            traded = 0.0
        self._noted = at
        if last is not None:
            self.last = last
        if bid is not None and ask is not None:
            self.bid, self.ask = bid, ask
            if self._in_session:
                self._count(last if last is not None else (bid + ask) / 2, traded)
        if traded:
            self.newest, self.traded = at, traded
        row = _NAN if bid is None else bid, _NAN if ask is None else ask, _NAN if last is None else last
        if at < self._slot_ends:
            self._at[-1], self._bid[-1], self._ask[-1], self._last[-1] = at, *row
            self._volume[-1] += traded
            return
        self._slot_ends = math.floor(at / self._slot_s) * self._slot_s + self._slot_s
        for column, value in zip(self._columns(), (at, *row, traded), strict=True):
            column.append(value)
        if len(self._at) > self._most:
            for column in self._columns():
                del column[: self._most // 5]

    def _enter(self, at: float) -> None:
        """A session begins, or has ended; figures are those of the newest one."""
        moment = datetime.fromtimestamp(at, UTC)
        try:
            session = self._sessions.at(moment)
            following = self._sessions.after(moment).opens.timestamp()
        except OutsideCalendar:
            session, following = None, at + 3600
        self._in_session = session is not None
        self._window = (at, following) if session is None else (at, session.closes.timestamp())
        if session is None or session.opens == self._opened:
            return
        self._opened = session.opens
        if not math.isnan(self._closing):
            self._prior_close = self._closing
            self._volumes = [*self._volumes, self._day[3]][-_DAYS:]
        self._day, self._trades = [_NAN, _NAN, _NAN, 0.0, 0.0], 0

    def _count(self, price: float, traded: float) -> None:
        day, self._closing = self._day, price
        if day[0] != day[0]:
            day[:3] = price, price, price
            self.low = price if math.isnan(self.low) else min(self.low, price)
            self.high = price if math.isnan(self.high) else max(self.high, price)
        elif price > day[1]:
            day[1] = price
            self.high = max(self.high, price)
        elif price < day[2]:
            day[2] = price
            self.low = min(self.low, price)
        if traded:
            day[3] += traded
            day[4] += traded * price
            self._trades += 1

    def _columns(self) -> Iterator["array[float]"]:
        return iter((self._at, self._bid, self._ask, self._last, self._volume))

    @property
    def figures(self) -> Figures:
        opened, high, low, volume, value = self._day
        mean = round(value / volume, 4) if volume else _NAN
        return Figures(opened, high, low, volume, self._trades, mean, self._prior_close)

    @property
    def mean_volume(self) -> float:
        """A day's, of the days before this one."""
        return round(sum(self._volumes) / len(self._volumes)) if self._volumes else self._day[3]

    @property
    def begins(self) -> float | None:
        return self._at[0] if self._at else None

    def samples(self, begin: float, end: float) -> Samples:
        """Those from `begin` up to and without `end`."""
        at = np.array(self._at)
        first, last = np.searchsorted(at, (begin, end))
        return Samples(*(np.array(column)[first:last] for column in self._columns()))


Also = Callable[[Market], Iterable[int]]  # conIds to be remembered besides the underlyings


def nothing_else(market: Market) -> Iterable[int]:
    return ()


class Past:
    """Every contract's series."""

    def __init__(self) -> None:
        self._series: dict[int, Series] = {}  # conId -> Series

    @classmethod
    def walked(cls, market: Market, until: datetime, also: Also = nothing_else) -> "Past":
        """Let the market go on until then, and remember its underlyings; it needs a market that has ticks.

        `also` is asked at each day's first tick which other contracts are remembered, by the last tick of each minute.
        """
        past, others, day = cls(), tuple[int, ...](), None
        while True:
            past.sample(market)
            if market.now.date() != day:
                day, others = market.now.date(), (*others, *also(market))
            tick = market.next_tick()
            minute = market.now.replace(second=0, microsecond=0)
            if others and (tick is None or tick.replace(second=0, microsecond=0) != minute):
                others = tuple(dict.fromkeys(each for each in others if not _is_over(market, each)))
                past.sample_these(market, others)
            if tick is None or tick > until:
                return past
            market.advance(tick)

    def sample(self, market: Market, *, without: Container[int] = ()) -> None:
        """Underlyings at a new tick of the market; one that is fed from outside tells all by quotes."""
        if getattr(market, "push", None) is not None:
            return
        self.sample_these(market, [each.con_id for each in market.underlyings() if each.con_id not in without])

    def sample_these(self, market: Market, con_ids: Sequence[int]) -> None:
        """What is on offer of these contracts."""
        at = market.now.timestamp()
        for con_id, offer in zip(con_ids, market.offers(con_ids) if con_ids else (), strict=True):
            traded = 0 if offer.carried or offer.last is None else min(offer.bid_size, offer.ask_size)
            self._of(con_id, market).note(at, offer.bid, offer.ask, offer.last, traded)

    def note(self, quote: Quote, market: Market) -> None:
        """One that somebody was told."""
        traded = 0 if quote.carried or quote.last is None else min(quote.bid_size, quote.ask_size)
        at = quote.received_at.timestamp()
        self._of(quote.con_id, market).note(at, quote.bid, quote.ask, quote.last, traded)

    def series(self, con_id: int) -> Series | None:
        return self._series.get(con_id)

    def forget_expired(self, market: Market, now: datetime) -> None:
        """Options that are gone have no past."""
        for con_id in list(self._series):
            try:
                instrument = market.instrument(con_id)
            except UnknownContract:
                del self._series[con_id]
                continue
            if isinstance(instrument, Option) and instrument.expires_at < now - timedelta(days=1):
                del self._series[con_id]

    def _of(self, con_id: int, market: Market) -> Series:
        found = self._series.get(con_id)
        if found is None:
            option = isinstance(market.instrument(con_id), Option)
            slot_s, most = (_OTHER_SLOT_S, _MOST_OTHER) if option else (_UNDERLYING_SLOT_S, _MOST_UNDERLYING)
            found = self._series[con_id] = Series(market.sessions(con_id), slot_s, most)
        return found


def _is_over(market: Market, con_id: int) -> bool:
    contract = market.instrument(con_id)
    return isinstance(contract, Option) and contract.expires_at <= market.now
