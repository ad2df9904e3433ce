"""Market-data lines: of what is on offer, what the client has not been told yet."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.exchange.tickets import ComboLeg
from gamma_scalper.gateway.wire.answers_of_data import (
    MarketDataType,
    TickGeneric,
    TickOptionComputation,
    TickPrice,
    TickSize,
    TickString,
)

Tick = TickPrice | TickSize | TickString | TickGeneric | TickOptionComputation | MarketDataType

HALTED = 49
NOBODY = -1.0
"""The price of a side nobody quotes."""


class TickTypes(NamedTuple):
    """The numbers by which the wire calls each kind of tick."""

    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    last_time: int
    bid_greeks: int
    ask_greeks: int
    model_greeks: int


LIVE = TickTypes(1, 2, 4, 0, 3, 5, 6, 7, 8, 9, 14, 45, 10, 11, 13)
DELAYED = TickTypes(66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 88, 80, 81, 83)
_EXECUTABLE = 1  # attribute of a bid or ask that can be traded on at once


class Line:
    """One subscription. After the first time only what has changed is told."""

    def __init__(
        self,
        req_id: int,
        legs: Sequence[ComboLeg],
        say: Callable[[Tick], None],
        *,
        generic: frozenset[int] = frozenset(),
        ends_at: datetime | None = None,
    ) -> None:
        self.req_id = req_id
        self.legs = tuple(legs)
        self.generic = generic
        self.ends_at = ends_at  # of a snapshot: when it is over, complete or not
        self.types = LIVE
        self.data_type: DataType | None = None
        self.shown = False  # a quote has been told
        self._say = say
        self._bid = self._ask = self._last = float("nan")
        self._bid_size = self._ask_size = -1
        self._said: dict[int, Tick] = {}  # tick type -> what was told of it last
        self._figures: dict[int, float | str] = {}  # the same, of what is looked at each second

    @property
    def con_id(self) -> int | None:
        """None: it is a combo's."""
        return self.legs[0].con_id if len(self.legs) == 1 else None

    @property
    def snapshot(self) -> bool:
        return self.ends_at is not None

    def begin(self, data_type: DataType) -> None:
        """What kind of data follows; ticks of another kind have other numbers, so all is news again."""
        if data_type is self.data_type:
            return
        self.data_type = data_type
        self.types = DELAYED if data_type in (DataType.DELAYED, DataType.DELAYED_FROZEN) else LIVE
        self._bid = self._ask = self._last = float("nan")
        self._bid_size = self._ask_size = -1
        self._said.clear()
        self._figures.clear()
        self._say(MarketDataType(self.req_id, int(data_type)))

    def quoted(self, quote: Quote) -> None:
        """A bid of nothing is none, as the broker sends it."""
        bid, ask = quote.bid, quote.ask
        self.show(
            bid or NOBODY,
            ask or NOBODY,
            quote.bid_size if bid else 0,
            quote.ask_size if ask else 0,
            quote.last,
            quote.data_type,
        )

    def show(
        self, bid: float, ask: float, bid_size: int, ask_size: int, last: float | None, data_type: DataType
    ) -> None:
        """The two sides and the last price, as far as they are news."""
        if data_type is not self.data_type:
            self.begin(data_type)
        req_id, types, say = self.req_id, self.types, self._say
        if bid != self._bid:
            self._bid, self._bid_size = bid, bid_size
            say(TickPrice(req_id, types.bid, bid, bid_size, _EXECUTABLE))
        elif bid_size != self._bid_size:
            self._bid_size = bid_size
            say(TickSize(req_id, types.bid_size, bid_size))
        if ask != self._ask:
            self._ask, self._ask_size = ask, ask_size
            say(TickPrice(req_id, types.ask, ask, ask_size, _EXECUTABLE))
        elif ask_size != self._ask_size:
            self._ask_size = ask_size
            say(TickSize(req_id, types.ask_size, ask_size))
        if last is not None and last != self._last:
            self._last = last
            say(TickPrice(req_id, types.last, last, min(bid_size, ask_size)))
        self.shown = True

    def price(self, tick_type: int, price: float) -> None:
        """A price by itself, if there is one and it is news."""
        if price == price and self._figures.get(tick_type) != price:
            self._figures[tick_type] = price
            self._say(TickPrice(self.req_id, tick_type, price))

    def size(self, tick_type: int, size: float) -> None:
        if self._figures.get(tick_type) != size:
            self._figures[tick_type] = size
            self._say(TickSize(self.req_id, tick_type, size))

    def number(self, tick_type: int, value: float) -> None:
        if self._figures.get(tick_type) != value:
            self._figures[tick_type] = value
            self._say(TickGeneric(self.req_id, tick_type, value))

    def text(self, tick_type: int, value: str) -> None:
        if self._figures.get(tick_type) != value:
            self._figures[tick_type] = value
            self._say(TickString(self.req_id, tick_type, value))

    def tell(self, tick: Tick, tick_type: int) -> None:
        """Anything else, if it is news."""
        if self._said.get(tick_type) != tick:
            self._said[tick_type] = tick
            self._say(tick)


class Offered(NamedTuple):
    """A combo's two sides, made of its legs'."""

    bid: float
    ask: float
    bid_size: int
    ask_size: int
    data_type: DataType


def combined(legs: Sequence[ComboLeg], weights: Sequence[float], quotes: Sequence[Quote]) -> Offered:
    """To buy a combo one buys the legs it buys and sells those it sells; `weights` are shares of its multiplier."""
    bid, bids = _side(legs, weights, quotes, buying=False)
    ask, asks = _side(legs, weights, quotes, buying=True)
    worst = max((quote.data_type for quote in quotes), default=DataType.LIVE)
    return Offered(bid, ask, bids, asks, worst)


def _side(
    legs: Sequence[ComboLeg], weights: Sequence[float], quotes: Sequence[Quote], *, buying: bool
) -> tuple[float, int]:
    """Price and how many combos; nobody's where one leg has no such side."""
    price, sizes = 0.0, []
    for leg, weight, quote in zip(legs, weights, quotes, strict=True):
        takes_ask = (leg.ratio > 0) == buying
        side, size = (quote.ask, quote.ask_size) if takes_ask else (quote.bid, quote.bid_size)
        if not side:
            return NOBODY, 0
        price += leg.ratio * weight * side
        sizes.append(size // abs(leg.ratio))
    return round(price, 4), min(sizes)
