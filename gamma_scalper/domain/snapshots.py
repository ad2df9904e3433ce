"""One consistent picture: these quotes, this position. A decision is always taken on a whole one."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen
from attrs.validators import instance_of

from gamma_scalper.domain.checks import exact, not_negative, utc, whole
from gamma_scalper.domain.instruments import Option, Stock, tradable_quantity
from gamma_scalper.domain.orders import Order
from gamma_scalper.domain.quotes import Quote


@frozen
class MarketSnapshot:
    """The quotes of a book's contracts at one moment, the underlying's among them."""

    at: datetime = field(converter=utc)
    underlying_con_id: int
    quotes: tuple[Quote, ...] = field(converter=tuple)

    def __attrs_post_init__(self) -> None:
        if len({quote.con_id for quote in self.quotes}) < len(self.quotes):
            raise ValueError("a contract is quoted twice")
        if self.of(self.underlying_con_id) is None:
            raise ValueError(f"the underlying {self.underlying_con_id} is not among the quotes")
        for quote in self.quotes:
            if quote.received_at > self.at:
                raise ValueError(f"contract {quote.con_id}: a quote from after the snapshot, {quote.received_at}")

    def of(self, con_id: int) -> Quote | None:
        """The quote of one contract; a book has a handful."""
        return next((quote for quote in self.quotes if quote.con_id == con_id), None)


@frozen
class Holding:
    """So many contracts or shares, negative where sold short."""

    instrument: Stock | Option = field(validator=instance_of(Stock | Option))
    quantity: Decimal = field(converter=exact)

    def __attrs_post_init__(self) -> None:
        tradable_quantity(self.instrument, self.quantity)
        if self.quantity == 0:
            raise ValueError(f"a holding of nothing in {self.instrument.symbol}")


def _holdings(each: Iterable[Holding]) -> tuple[Holding, ...]:
    return tuple(each)


def _orders(each: Iterable[Order]) -> tuple[Order, ...]:
    return tuple(each)


@frozen
class PositionSnapshot:
    """What a book holds and what may still fill.

    `settled_through` is the highest intent number up to which the end of every intent is known: a decision that
    waits for intent 7 may be taken once it is 7 or more.
    """

    holdings: tuple[Holding, ...] = field(converter=_holdings)
    live: tuple[Order, ...] = field(converter=_orders)
    settled_through: int = field(validator=[whole, not_negative])

    def __attrs_post_init__(self) -> None:
        if len({holding.instrument.con_id for holding in self.holdings}) < len(self.holdings):
            raise ValueError("a contract is held twice")
        if len({order.intent.id for order in self.live}) < len(self.live):
            raise ValueError("an intent lives twice")
        if len({order.intent.id.book for order in self.live}) > 1:
            raise ValueError("orders of two books in one position")
        for order in self.live:
            if not order.alive:
                raise ValueError(f"intent {order.intent.id} is dead and can't be live")
            if order.intent.id.number <= self.settled_through:
                raise ValueError(
                    f"intent {order.intent.id} lives, so nothing is settled through {self.settled_through}"
                )

    def quantity(self, con_id: int) -> Decimal:
        """What is held of one contract; zero where there is none."""
        return next((held.quantity for held in self.holdings if held.instrument.con_id == con_id), Decimal(0))
