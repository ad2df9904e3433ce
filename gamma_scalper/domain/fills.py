"""What really happened to a position, and how we know."""

from datetime import datetime
from decimal import Decimal

from attrs import field, frozen
from attrs.validators import instance_of

from gamma_scalper.domain.checks import exact, not_empty, not_negative, positive, utc
from gamma_scalper.domain.instruments import Option, Stock, tradable_quantity
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Side


@frozen(kw_only=True)
class Execution:
    """So much of an instrument changed hands at a price, however we know of it."""

    intent: IntentId | None  # None: a trade of somebody else in the account
    account: str = field(validator=not_empty, repr=False)
    instrument: Stock | Option = field(validator=instance_of(Stock | Option))
    side: Side = field(validator=instance_of(Side))
    quantity: Decimal = field(converter=exact, validator=positive)
    price: Decimal = field(converter=exact, validator=not_negative)

    def __attrs_post_init__(self) -> None:
        tradable_quantity(self.instrument, self.quantity)
        exact(self.quantity * self.price * self.instrument.multiplier)  # else it is booked, and its cash can't be told

    @property
    def signed_quantity(self) -> Decimal:
        return self.side.sign * self.quantity

    @property
    def cash(self) -> Money:
        """What it did to cash, before commission."""
        return Money(-self.signed_quantity * self.price * self.instrument.multiplier, self.instrument.currency)


@frozen(kw_only=True)
class Fill(Execution):
    """One the broker reported. A combo's fill is one of these per leg."""

    exec_id: str = field(validator=not_empty)
    perm_id: int
    at: datetime = field(converter=utc)
    snapshot_id: int | None = None  # the quote a simulated fill was made on

    @property
    def key(self) -> str:
        """The same for an execution and its corrections."""
        return execution_key(self.exec_id)


@frozen(kw_only=True)
class InferredFill(Execution):
    """One the broker no longer tells of, concluded from positions and orders. It is booked, and marked as such."""

    id: str = field(validator=not_empty)  # made from what it was concluded from, so that a restart finds it again
    concluded_at: datetime = field(converter=utc)
    evidence: str = field(validator=not_empty)
    accepted_by: str = field(validator=not_empty)  # a person's name, or "only one explanation fits"


@frozen
class Commission:
    """The broker's bill for one execution; it comes after the fill, sometimes much later."""

    exec_id: str = field(validator=not_empty)
    amount: Money

    @property
    def key(self) -> str:
        """The key of the execution it is for."""
        return execution_key(self.exec_id)


def execution_key(exec_id: str) -> str:
    """The id less its last part, which counts corrections; ids that are not in the broker's four parts stay whole."""
    return _parts(exec_id)[0]


def revision(exec_id: str) -> int:
    """Which version of an execution this is, counted from 1; 0 of ids that are not in the broker's four parts."""
    return _parts(exec_id)[1]


_MOST_DIGITS = 9  # of a number that counts corrections; what is longer is some other name


def _parts(exec_id: str) -> tuple[str, int]:
    """The text is the broker's: whatever it is, it has a key and a number."""
    stem, _, last = exec_id.rpartition(".")
    counts = last.isascii() and last.isdecimal() and len(last) <= _MOST_DIGITS
    return (stem, int(last)) if counts and stem.count(".") >= 2 else (exec_id, 0)
