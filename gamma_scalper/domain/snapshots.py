"""One consistent picture: these quotes, this position. A decision is always taken on a whole one."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from attrs import field, frozen

from gamma_scalper.domain.checks import exact, not_negative, utc
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import Order
from gamma_scalper.domain.quotes import Quote


def _read_only(quotes: Mapping[int, Quote]) -> Mapping[int, Quote]:
    return MappingProxyType(dict(quotes))


@frozen
class MarketSnapshot:
    """The quotes of a book's contracts at one moment; `quotes` is conId -> Quote and includes the underlying's."""

    at: datetime = field(converter=utc)
    underlying: Quote
    quotes: Mapping[int, Quote] = field(converter=_read_only, hash=False)

    def __attrs_post_init__(self) -> None:
        for con_id, quote in self.quotes.items():
            if con_id != quote.con_id:
                raise ValueError(f"the quote of contract {quote.con_id} stands under {con_id}")
            if quote.received_at > self.at:
                raise ValueError(f"the quote of contract {con_id} is from after the snapshot: {quote.received_at}")
        if self.quotes.get(self.underlying.con_id) != self.underlying:
            raise ValueError("the underlying's own quote is not among the quotes")


@frozen
class Holding:
    """So many contracts or shares, negative where sold short."""

    instrument: Stock | Option
    quantity: Decimal = field(converter=exact)

    def __attrs_post_init__(self) -> None:
        if self.quantity == 0:
            raise ValueError(f"a holding of nothing in {self.instrument.symbol}")


@frozen
class PositionSnapshot:
    """What a book holds and what may still fill.

    `settled_through` is the highest intent number up to which the end of every intent is known: a decision that
    waits for intent 7 may be taken once it is 7 or more.
    """

    holdings: tuple[Holding, ...] = field(converter=tuple)
    live: tuple[Order, ...] = field(converter=tuple)
    settled_through: int = field(validator=not_negative)

    def __attrs_post_init__(self) -> None:
        if len({holding.instrument.con_id for holding in self.holdings}) < len(self.holdings):
            raise ValueError("a contract is held twice")
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
