"""One consistent picture: these quotes, this position. A decision is always taken on a whole one."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen
from attrs.validators import instance_of, optional

from gamma_scalper.domain.checks import exact, not_negative, utc, whole
from gamma_scalper.domain.greeks import BrokerGreeks
from gamma_scalper.domain.instruments import Combo, Option, Stock, tradable_quantity
from gamma_scalper.domain.orders import Order
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Session


@frozen(kw_only=True)
class Shortlist:
    """What a look through the chain has found for a book that holds no options."""

    at: datetime = field(converter=utc)
    best: Combo | None = field(default=None, validator=optional(instance_of(Combo)))  # None: nothing passes
    why: str  # of the best its rank in words; else which filter removed how many


@frozen
class MarketSnapshot:
    """The quotes of a book's contracts at one moment, the underlying's among them."""

    at: datetime = field(converter=utc)
    underlying_con_id: int
    quotes: tuple[Quote, ...] = field(converter=tuple)
    options: tuple[Option, ...] = field(default=(), converter=tuple)  # those to be priced: held, ordered or wanted
    brokers: tuple[tuple[int, BrokerGreeks], ...] = field(default=(), converter=tuple)  # conId -> the broker's figures
    session: Session | None = None  # of the shares: the one that is open, else the next to open
    prior_close: float | None = None  # of the shares
    shortlist: Shortlist | None = None  # None: nobody looks for anything

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


def _pairs(each: Iterable[tuple[int, Decimal]]) -> tuple[tuple[int, Decimal], ...]:
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
    average_prices: tuple[tuple[int, Decimal], ...] = field(default=(), converter=_pairs)  # conId -> paid per share
    realised: Decimal = field(default=Decimal(0), converter=exact)  # of the book since it began, less commissions
    busy: str = ""  # what the desk does by itself just now, such as flattening or mending; empty: nothing

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
