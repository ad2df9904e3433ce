"""What really happened to a position, and how we know."""

from datetime import datetime
from decimal import Decimal

from attrs import field, frozen

from gamma_scalper.domain.checks import exact, not_empty, positive, utc
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Side


@frozen(kw_only=True)
class Fill:
    """One execution the broker reported. A combo's fill is one of these per leg."""

    exec_id: str = field(validator=not_empty)
    intent: IntentId | None  # None: a trade of somebody else in the account
    perm_id: int
    account: str = field(validator=not_empty)
    instrument: Stock | Option
    side: Side
    quantity: Decimal = field(converter=exact, validator=positive)
    price: Decimal = field(converter=exact)
    at: datetime = field(converter=utc)
    snapshot_id: int | None = None  # the quote a simulated fill was made on

    def __attrs_post_init__(self) -> None:
        if self.price < 0:
            raise ValueError(f"execution {self.exec_id} has the price {self.price}")

    @property
    def key(self) -> str:
        """The same for an execution and its corrections, which differ in the last part of the id only."""
        return self.exec_id.rpartition(".")[0] or self.exec_id

    @property
    def signed_quantity(self) -> Decimal:
        return self.side.sign * self.quantity

    @property
    def cash(self) -> Money:
        """What it did to cash, before commission."""
        return Money(-self.signed_quantity * self.price * self.instrument.multiplier, self.instrument.currency)


@frozen(kw_only=True)
class InferredFill:
    """A fill the broker no longer tells of, concluded from positions and orders. It is booked, and marked as such."""

    intent: IntentId | None
    account: str = field(validator=not_empty)
    instrument: Stock | Option
    side: Side
    quantity: Decimal = field(converter=exact, validator=positive)
    price: Decimal = field(converter=exact)
    concluded_at: datetime = field(converter=utc)
    evidence: str = field(validator=not_empty)
    accepted_by: str = field(validator=not_empty)  # a person's name, or "only one explanation fits"

    @property
    def signed_quantity(self) -> Decimal:
        return self.side.sign * self.quantity


@frozen
class Commission:
    """The broker's bill for one execution; it comes after the fill, sometimes much later."""

    exec_id: str = field(validator=not_empty)
    amount: Money
