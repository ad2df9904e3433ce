"""What trading cost: each order's fills against the middle it was decided on, and the bills for them.

An order's arrival price is the middle of the quotes it names, a combo's that of its legs; its slippage is what its
fills were worse than that, and its quoted half spread what crossing to the other side was to cost at that moment. An
order is counted where it first filled; one that never did has cost nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from attrs import define, field, frozen

from gamma_scalper.domain.entries import Ordered
from gamma_scalper.domain.fills import Commission, Fill, InferredFill, revision
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Intent, IntentId
from gamma_scalper.portfolio.inferred import Inference, left_of

_NEW_YORK = ZoneInfo("America/New_York")
_ZERO = Decimal(0)
_SIZES = ((Decimal(1_000), "to $1,000"), (Decimal(10_000), "to $10,000"), (Decimal(100_000), "to $100,000"))
_LARGEST = "upwards of $100,000"


@frozen(kw_only=True)
class TradeCost:
    """In dollars, of one order or of many. Slippage and spread are of what had an arrival price."""

    orders: int = 0
    executions: int = 0
    worth: Decimal = _ZERO  # of what filled, at its arrival prices, each leg counted as positive
    slippage: Decimal = _ZERO  # positive: worse than arrival
    half_spread: Decimal = _ZERO  # quoted at arrival, for what filled
    commission: Decimal = _ZERO  # as far as it was billed
    unbilled: int = 0  # executions without a bill
    unpriced: int = 0  # executions without an arrival price
    timed: int = 0  # orders of which an execution was told, and not only concluded
    seconds: float = 0.0  # from order to the word of its last execution, of these together

    def __add__(self, other: "TradeCost") -> "TradeCost":
        return TradeCost(
            orders=self.orders + other.orders,
            executions=self.executions + other.executions,
            worth=self.worth + other.worth,
            slippage=self.slippage + other.slippage,
            half_spread=self.half_spread + other.half_spread,
            commission=self.commission + other.commission,
            unbilled=self.unbilled + other.unbilled,
            unpriced=self.unpriced + other.unpriced,
            timed=self.timed + other.timed,
            seconds=self.seconds + other.seconds,
        )

    @property
    def total(self) -> Decimal:
        return self.slippage + self.commission

    @property
    def slippage_bp(self) -> Decimal | None:
        return 10_000 * self.slippage / self.worth if self.worth else None

    @property
    def spread_paid_pct(self) -> Decimal | None:
        """Effective half spread in percent of the quoted one: 100 is crossing to the other side, 0 the middle."""
        return 100 * self.slippage / self.half_spread if self.half_spread else None

    @property
    def mean_seconds(self) -> float | None:
        return self.seconds / self.timed if self.timed else None


@frozen(kw_only=True)
class OrderCost:
    """One order that filled, all of it or in part."""

    intent: Intent
    ordered_at: datetime
    filled_at: datetime  # when the first of it was taken down
    filled: Decimal  # whole units of it; of a combo as often as all its legs
    arrival: Decimal | None  # per share of one unit; a combo's is the sum of its legs'
    price: Decimal | None  # what a unit came to on average; None while the legs are out of proportion
    cost: TradeCost

    @property
    def day(self) -> str:
        return f"{self.filled_at.astimezone(_NEW_YORK).date()}"

    @property
    def hour(self) -> str:
        """New York's."""
        return f"{self.filled_at.astimezone(_NEW_YORK):%H}:00"

    @property
    def purpose(self) -> str:
        return self.intent.purpose.value

    @property
    def size(self) -> str:
        """By what it was worth at arrival."""
        if not self.cost.worth:
            return "unknown"
        return next((name for most, name in _SIZES if self.cost.worth <= most), _LARGEST)


class Arrival(NamedTuple):
    """Of one contract, per share."""

    mid: Decimal
    half_spread: Decimal


@define
class _Order:
    intent: Intent
    ordered_at: datetime
    arrivals: Mapping[int, Arrival]  # by conId, of those that were quoted on both sides
    filled_at: datetime | None = None
    told_at: datetime | None = None  # of the last execution; a broker's own times are whole seconds
    fills: dict[str, Fill] = field(factory=dict)  # by execution key, as corrected last
    inferences: list[Inference] = field(factory=list)


@define
class TradeCosts:
    """Fed a journal's entries from its first on, whichever books' they are."""

    _orders: dict[IntentId, _Order] = field(factory=dict)
    _owners: dict[str, IntentId] = field(factory=dict)  # execution key -> its order
    _bills: dict[str, Commission] = field(factory=dict)  # execution key -> the newest

    def take(self, entry: object, at: datetime) -> None:
        match entry:
            case Ordered():
                arrivals = _arrivals(entry)
                for intent in entry.intents:
                    self._orders[intent.id] = _Order(intent, at, arrivals)
            case Fill():
                self._fill(entry, at)
            case InferredFill():
                self._infer(entry, at)
            case Commission():
                before = self._bills.get(entry.key)
                if before is None or revision(entry.exec_id) >= revision(before.exec_id):
                    self._bills[entry.key] = entry

    def orders(self) -> Iterator[OrderCost]:
        """Those that filled, in the order in which they were given."""
        for order in self._orders.values():
            if order.filled_at is not None:
                yield self._cost(order, order.filled_at)

    def _fill(self, fill: Fill, at: datetime) -> None:
        id = self._owners.get(fill.key, fill.intent)
        order = None if id is None else self._orders.get(id)
        if id is None or order is None:
            return
        before = order.fills.get(fill.key)
        if before is not None and revision(fill.exec_id) <= revision(before.exec_id):
            return
        self._owners[fill.key] = id
        order.fills[fill.key] = fill
        order.filled_at = order.filled_at or at
        order.told_at = order.told_at if before is not None else at

    def _infer(self, fill: InferredFill, at: datetime) -> None:
        order = None if fill.intent is None else self._orders.get(fill.intent)
        if order is not None and all(each.fill.id != fill.id for each in order.inferences):
            order.inferences.append(Inference(fill, tuple(order.fills), fill.quantity))
            order.filled_at = order.filled_at or at

    def _cost(self, order: _Order, filled_at: datetime) -> OrderCost:
        left = left_of(order.inferences, list(order.fills.values()))
        done = [(fill, fill.quantity) for fill in order.fills.values()]
        traded = [*done, *((each.fill, rest) for each, rest in zip(order.inferences, left, strict=True) if rest)]
        worth = slippage = half_spread = _ZERO
        unpriced = 0
        for fill, quantity in traded:
            arrival, shares = order.arrivals.get(fill.instrument.con_id), quantity * fill.instrument.multiplier
            if arrival is None:
                unpriced += 1
                continue
            worth += shares * arrival.mid
            slippage += fill.side.sign * shares * (fill.price - arrival.mid)
            half_spread += shares * arrival.half_spread
        bills = [self._bills.get(key) for key in order.fills]
        told_at = order.told_at
        cost = TradeCost(
            orders=1,
            executions=len(traded),
            worth=worth,
            slippage=slippage,
            half_spread=half_spread,
            commission=sum((bill.amount.amount for bill in bills if bill is not None), _ZERO),
            unbilled=bills.count(None) + len(traded) - len(done),
            unpriced=unpriced,
            timed=int(told_at is not None),
            seconds=0.0 if told_at is None else (told_at - order.ordered_at).total_seconds(),
        )
        filled, price = _made(
            order.intent, [(fill.instrument.con_id, fill.side.sign * n, fill.price) for fill, n in traded]
        )
        return OrderCost(
            intent=order.intent,
            ordered_at=order.ordered_at,
            filled_at=filled_at,
            filled=filled,
            arrival=_together(order),
            price=price,
            cost=cost,
        )


def summed(orders: Iterable[OrderCost]) -> TradeCost:
    return sum((order.cost for order in orders), TradeCost())


def grouped(orders: Iterable[OrderCost], by: Callable[[OrderCost], str]) -> dict[str, TradeCost]:
    """By the names that `by` gives, sorted."""
    found: dict[str, TradeCost] = {}
    for order in orders:
        found[by(order)] = found.get(by(order), TradeCost()) + order.cost
    return dict(sorted(found.items()))


def _arrivals(entry: Ordered) -> dict[int, Arrival]:
    """Sums of two floats' decimals: the middle is exact, and so is every sum of costs."""
    found = {}
    for quote in entry.quotes:
        if quote.usable and quote.bid is not None and quote.ask is not None:
            bid, ask = to_decimal(quote.bid), to_decimal(quote.ask)
            found[quote.con_id] = Arrival((bid + ask) / 2, (ask - bid) / 2)
    return found


def _together(order: _Order) -> Decimal | None:
    """The arrival price of one unit, per share; None where a leg had none."""
    legs = legs_of(order.intent.instrument)
    mids = [(leg.ratio, order.arrivals.get(leg.instrument.con_id)) for leg in legs]
    if any(mid is None for _, mid in mids):
        return None
    return sum((ratio * mid.mid for ratio, mid in mids if mid is not None), _ZERO)


def _made(intent: Intent, traded: Iterable[tuple[int, Decimal, Decimal]]) -> tuple[Decimal, Decimal | None]:
    """How many units filled, and at what average price per share, where all legs are as far."""
    signed: dict[int, Decimal] = {}
    paid = _ZERO
    for con_id, quantity, price in traded:
        signed[con_id] = signed.get(con_id, _ZERO) + quantity
        paid += quantity * price
    sign, legs = intent.side.sign, legs_of(intent.instrument)
    units = [sign * signed.get(leg.instrument.con_id, _ZERO) / leg.ratio for leg in legs]
    least = min(units)
    return least, sign * paid / least if least > 0 and max(units) == least else None
