"""What we want (an intent), what it is for (its purpose), and what became of it (an order's state)."""

import enum
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen

from gamma_scalper.domain.checks import exact, not_empty, not_negative, positive, utc
from gamma_scalper.domain.instruments import Combo, Tradable


class Purpose(enum.Enum):
    """Why an order exists; guards and modes allow or refuse by it."""

    ENTRY = "entry"
    HEDGE = "hedge"
    REPAIR = "repair"  # complete or unwind a half-filled structure
    EXIT = "exit"
    FLATTEN = "flatten"


class Side(enum.Enum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


# -- how it is priced and how long it lives --------------------------------------------------------------------------


@frozen
class Market:
    """At whatever the market offers."""


@frozen
class Limit:
    """At this price or better."""

    price: Decimal = field(converter=exact)


Pricing = Market | Limit


@frozen
class ImmediateOrCancel:
    """What does not fill at once is cancelled by the broker."""


@frozen
class GoodTill:
    """The broker cancels it at this moment, whether or not we are still there."""

    until: datetime = field(converter=utc)


# Every order dies by itself if we do; an order without an end can't be written down.
Lifetime = ImmediateOrCancel | GoodTill


# -- the intent ------------------------------------------------------------------------------------------------------


@frozen(order=True)
class IntentId:
    """Counts a book's intents from 1, so that a restart finds the same names; travels in the broker's orderRef."""

    book: str = field(validator=not_empty)
    number: int = field(validator=positive)

    def __str__(self) -> str:
        return f"{self.book}/{self.number}"

    @classmethod
    def parse(cls, order_ref: str) -> "IntentId | None":
        """The id in an orderRef; None where the order is not ours."""
        book, slash, number = order_ref.rpartition("/")
        if not (slash and book and number.isascii() and number.isdecimal() and number[0] != "0"):
            return None
        return cls(book, int(number))


@frozen(kw_only=True)
class Intent:
    """One order as it was decided, on which quotes and why. It never changes; an amendment is a new price for it."""

    id: IntentId
    purpose: Purpose
    instrument: Tradable
    side: Side
    quantity: Decimal = field(converter=exact, validator=positive)
    pricing: Pricing
    lifetime: Lifetime
    account: str = field(validator=not_empty)
    outside_rth: bool = False
    snapshot_ids: tuple[int, ...] = field(converter=tuple, validator=not_empty)  # the quotes it was decided on
    reason: str = field(validator=not_empty)

    def __attrs_post_init__(self) -> None:
        price = self.pricing.price if isinstance(self.pricing, Limit) else None
        if price is not None and price <= 0 and not isinstance(self.instrument, Combo):
            raise ValueError(f"intent {self.id} has the limit {price}; only a combo's may be zero or negative")


# -- the order -------------------------------------------------------------------------------------------------------


@frozen
class Planned:
    """Decided, not yet durable."""


@frozen
class Journaled:
    """Durable, not yet sent."""


@frozen
class Sent:
    """On the wire, not yet acknowledged."""

    at: datetime = field(converter=utc)


@frozen
class Working:
    """Alive at the broker, nothing filled."""


@frozen
class PartlyFilled:
    """Alive at the broker, some of it filled."""


@frozen
class Unknown:
    """We can't tell. Nothing of this intent is sent again until the broker's records say what it is."""

    why: str


@frozen
class Filled:
    """Dead: all of it filled."""


@frozen
class Cancelled:
    """Dead: cancelled, by us or by the broker."""

    why: str = ""


@frozen
class Rejected:
    """Dead: the broker or a guard refused it."""

    code: int | None
    why: str


@frozen
class Expired:
    """Dead: its lifetime ran out."""


Alive = Planned | Journaled | Sent | Working | PartlyFilled | Unknown
Dead = Filled | Cancelled | Rejected | Expired
OrderState = Alive | Dead

_NOTHING_FILLED = (Planned, Journaled, Sent, Working)


def _distinct(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(numbers)))


@frozen
class Order:
    """An intent and what became of it; states that contradict the filled quantity can't be written down."""

    intent: Intent
    state: OrderState = Planned()
    filled: Decimal = field(default=Decimal(0), converter=exact, validator=not_negative)
    perm_ids: tuple[int, ...] = field(default=(), converter=_distinct)

    def __attrs_post_init__(self) -> None:
        wanted, filled = self.intent.quantity, self.filled
        if filled > wanted:
            raise ValueError(f"{filled} filled of {wanted} ordered ({self.intent.id})")
        legal = (
            filled == 0
            if isinstance(self.state, _NOTHING_FILLED)
            else 0 < filled < wanted
            if isinstance(self.state, PartlyFilled)
            else filled == wanted
            if isinstance(self.state, Filled)
            else True
        )
        if not legal:
            raise ValueError(f"{type(self.state).__name__} with {filled} of {wanted} filled ({self.intent.id})")

    @property
    def alive(self) -> bool:
        """Might still fill, as far as we know."""
        return isinstance(self.state, Alive)

    @property
    def remaining(self) -> Decimal:
        """What may still fill; nothing once it is dead."""
        return self.intent.quantity - self.filled if self.alive else Decimal(0)

    @property
    def signed_remaining(self) -> Decimal:
        return self.intent.side.sign * self.remaining
