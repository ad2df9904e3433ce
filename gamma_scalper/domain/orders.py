"""What we want (an intent), what it is for (its purpose), and what became of it (an order's state)."""

import enum
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen, validators
from attrs.validators import instance_of

from gamma_scalper.domain.checks import counted, exact, not_empty, not_negative, positive, utc
from gamma_scalper.domain.instruments import Combo, Tradable, tradable_quantity


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

    book: str = field(validator=validators.matches_re(r"[a-z0-9_-]+"))
    number: int = field(validator=counted)

    def __str__(self) -> str:
        return f"{self.book}/{self.number}"

    @classmethod
    def parse(cls, order_ref: str) -> "IntentId | None":
        """The id in an orderRef; None where the order is not ours."""
        found = re.fullmatch(r"([a-z0-9_-]+)/([1-9][0-9]{0,17})", order_ref)
        return cls(found[1], int(found[2])) if found else None


def _as_tuple(snapshot_ids: Iterable[int]) -> tuple[int, ...]:
    return tuple(snapshot_ids)


@frozen(kw_only=True)
class Intent:
    """One order as it was decided, on which quotes and why. It never changes; an amendment is a new price for it."""

    id: IntentId = field(validator=instance_of(IntentId))
    purpose: Purpose = field(validator=instance_of(Purpose))
    instrument: Tradable = field(validator=instance_of(Tradable))
    side: Side = field(validator=instance_of(Side))
    quantity: Decimal = field(converter=exact, validator=positive)
    pricing: Pricing = field(validator=instance_of(Pricing))
    lifetime: Lifetime = field(validator=instance_of(Lifetime))
    account: str = field(validator=not_empty, repr=False)
    outside_rth: bool = False
    snapshot_ids: tuple[int, ...] = field(  # the quotes it was decided on
        converter=_as_tuple, validator=[not_empty, validators.deep_iterable(instance_of(int))]
    )
    reason: str = field(validator=not_empty)

    def __attrs_post_init__(self) -> None:
        tradable_quantity(self.instrument, self.quantity)
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

    intent: Intent = field(validator=instance_of(Intent))
    state: OrderState = field(default=Planned(), validator=instance_of(OrderState))
    filled: Decimal = field(default=Decimal(0), converter=exact, validator=not_negative)
    perm_ids: tuple[int, ...] = field(default=(), converter=_distinct, validator=validators.deep_iterable(counted))

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
            else filled < wanted or isinstance(self.state, Unknown)
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
