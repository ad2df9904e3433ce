"""One market-data line: what its ticks have added up to."""

from datetime import date, datetime

from attrs import Factory, define, evolve

from gamma_scalper.broker.ib import numbers
from gamma_scalper.broker.ib.short_sales import ShortSales
from gamma_scalper.domain.greeks import BrokerGreeks
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.quotes import DataType, Quote

# Tick numbers, live and delayed.
_BID, _ASK, _LAST = (1, 66), (2, 67), (4, 68)
_LOW, _CLOSE = (7, 73), (9, 75)
_BID_SIZE, _ASK_SIZE, _LAST_SIZE = (0, 69), (3, 70), (5, 71)
_HALTED, _SHORTABLE = 49, 89
_OPEN_INTEREST = {"C": 27, "P": 28}
_MODEL = (13, 83)
_DELAYED = frozenset({66, 67, 68, 69, 70, 71})
_VEGA_UNIT = 100  # the broker's vega is for a hundredth of volatility, ours for all of it


@define(eq=False)
class Line:
    """Of one contract, from its subscription on; `readers` counts how often it was asked for."""

    instrument: Stock | Index | Option
    short_sales: ShortSales
    request: int = 0
    readers: int = 1
    _frozen: dict[str, str] = Factory(dict)  # cause -> why its quotes do not count
    _awaited: set[tuple[int, int]] = Factory(set)  # sides whose newest price is from before a freeze
    _bid: float | None = None
    _ask: float | None = None
    _last: float | None = None
    _bid_size: int = 0
    _ask_size: int = 0
    _condition: Condition = Factory(Condition)

    def price(self, tick: int, price: float, size: float, today: date) -> bool:
        """True where the tick is of the offer itself, and all of the offer is of now."""
        if tick in _BID:
            self._bid, self._bid_size = numbers.price(price), numbers.size(size)
            self._awaited.discard(_BID)
        elif tick in _ASK:
            self._ask, self._ask_size = numbers.price(price), numbers.size(size)
            self._awaited.discard(_ASK)
        elif tick in _LAST:
            self._last = numbers.positive(price)
            self.short_sales.traded(self.instrument.con_id, self._last, today)
        else:
            self._other_price(tick, price, today)
            return False
        return self._touched(tick)

    def _other_price(self, tick: int, price: float, today: date) -> None:
        if tick in _LOW:
            self.short_sales.traded(self.instrument.con_id, numbers.positive(price), today)
        elif tick in _CLOSE:
            close = numbers.positive(price)
            self._condition = evolve(self._condition, prior_close=close)
            self.short_sales.closed(self.instrument.con_id, close, today)

    def size(self, tick: int, size: float) -> bool:
        """A size comes alone only where its price still stands, so that it speaks for its side."""
        if tick in _BID_SIZE:
            self._bid_size = numbers.size(size)
            self._awaited.discard(_BID)
        elif tick in _ASK_SIZE:
            self._ask_size = numbers.size(size)
            self._awaited.discard(_ASK)
        elif tick not in _LAST_SIZE:
            self._other_size(tick, size)
            return False
        return self._touched(tick)

    def _other_size(self, tick: int, size: float) -> None:
        if tick == _SHORTABLE:
            self._condition = evolve(self._condition, shortable_shares=numbers.count(size))
        elif isinstance(self.instrument, Option) and tick == _OPEN_INTEREST[self.instrument.right]:
            self._condition = evolve(self._condition, open_interest=numbers.count(size))

    def generic(self, tick: int, value: float) -> None:
        if tick == _HALTED:  # -1: not known; 1 and 2: by rule or by volatility
            self._condition = evolve(self._condition, halted={0.0: False, 1.0: True, 2.0: True}.get(value))

    def greeks(self, tick: int, figures: dict[str, float], at: datetime) -> None:
        """The model's alone; those of bid, ask and last follow from single prices. A spoilt figure is None."""
        if tick not in _MODEL or not isinstance(self.instrument, Option):
            return
        vega = numbers.not_negative(figures["vega"])
        greeks = BrokerGreeks(
            at=at,
            implied_vol=numbers.positive(figures["implied_vol"]),
            delta=numbers.delta(figures["delta"], self.instrument.right),
            gamma=numbers.not_negative(figures["gamma"]),
            theta_per_day=numbers.theta(figures["theta"]),
            vega=None if vega is None else vega * _VEGA_UNIT,
            price=numbers.not_negative(figures["price"]),
            underlying_price=numbers.positive(figures["underlying"]),
        )
        # Where not even a volatility was found, a delta of -1 is the mark of that and not a put's.
        self._condition = evolve(
            self._condition, greeks=greeks if greeks.implied_vol is not None else evolve(greeks, delta=None)
        )

    def data_type(self, kind: int) -> None:
        known = kind in DataType._value2member_map_
        self._condition = evolve(self._condition, data_type=DataType(kind) if known else None)

    # -- what counts ---------------------------------------------------------------------------------------------------

    @property
    def frozen(self) -> str:
        """Why its quotes do not count; empty: they count."""
        return "; ".join(self._frozen.values())

    def freeze(self, cause: str, why: str) -> None:
        """Nothing counts until each side that was quoted is told of again; a trade says nothing of either."""
        self._frozen[cause] = why
        self._awaited = {side for side, price in ((_BID, self._bid), (_ASK, self._ask)) if price is not None}

    def thaw(self, cause: str) -> None:
        """This cause has passed; no quote is made of prices from before it."""
        self._frozen.pop(cause, None)

    def forget(self) -> None:
        """To be asked for anew: nothing of before is in force any more."""
        self.request = 0
        self._awaited.clear()
        self._bid = self._ask = self._last = None
        self._bid_size = self._ask_size = 0
        self._condition = evolve(self._condition, data_type=None, halted=None, greeks=None)

    def quote(self, snapshot_id: int, now: datetime) -> Quote:
        # A size of nothing beside a price of nothing means that nobody is there, not that nothing is asked for it.
        bid = None if self._bid == 0 and not self._bid_size else self._bid
        ask = None if self._ask == 0 else self._ask
        return Quote(
            con_id=self.instrument.con_id,
            snapshot_id=snapshot_id,
            bid=bid,
            ask=ask,
            bid_size=self._bid_size,
            ask_size=self._ask_size,
            last=self._last,
            data_type=self._condition.data_type or DataType.LIVE,
            received_at=now,
        )

    def condition(self, today: date, link: str) -> Condition:
        """What is known; `link` is why nothing at all counts just now."""
        frozen, restricted = link or self.frozen, self.short_sales.restricted(self.instrument.con_id, today)
        known = self._condition
        if known.frozen != frozen or known.short_sale_restricted is not restricted:
            known = self._condition = evolve(known, frozen=frozen, short_sale_restricted=restricted)
        return known

    def _touched(self, tick: int) -> bool:
        if tick in _DELAYED and self._condition.data_type in (None, DataType.LIVE):
            # The number of the tick says it where the broker did not.
            self._condition = evolve(self._condition, data_type=DataType.DELAYED)
        if self._awaited:
            return False
        self._frozen.clear()
        return True
