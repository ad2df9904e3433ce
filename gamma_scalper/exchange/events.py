"""What the exchange says. Every event has its number in the one order of all events; a quote's is its snapshot id.
Only quotes pushed from outside keep the numbers they came with.

They are tuples, since they are made by the hundred thousand.
"""

import enum
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from gamma_scalper.domain.fees import Fees
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote


class Status(enum.StrEnum):
    """Of an order; the words are the wire's."""

    PRE_SUBMITTED = "PreSubmitted"  # known, and not at the market: closed, asleep, held
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"  # rejected

    @property
    def dead(self) -> bool:
        return self is Status.FILLED or self is Status.CANCELLED or self is Status.INACTIVE


class Cause(enum.StrEnum):
    """Why an account changed without a trade."""

    DEPOSIT = "deposit"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"
    EXPIRY = "expiry"
    SETTLEMENT = "settlement"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    BORROW = "borrow"


class OrderStatus(NamedTuple):
    """An order as it stands now."""

    seq: int
    at: datetime
    perm_id: int
    owner: str
    account: str
    order_ref: str
    status: Status
    filled: Decimal
    remaining: Decimal
    average_price: Decimal
    why_held: str = ""
    code: int | None = None
    why: str = ""


class Executed(NamedTuple):
    """So much changed hands. A combo's is told once for the combo (without conId) and once for each leg."""

    seq: int
    at: datetime
    exec_id: str
    perm_id: int
    owner: str
    account: str
    order_ref: str
    con_id: int | None
    combo: bool  # it, or the order it is a leg of, is a combo's
    side: Side
    quantity: Decimal
    price: Decimal
    cumulative: Decimal
    average_price: Decimal
    snapshot_ids: tuple[int, ...]  # of the quotes it was made on
    liquidation: bool = False

    @property
    def signed_quantity(self) -> Decimal:
        return self.side.sign * self.quantity


class Charged(NamedTuple):
    """The bill for one execution."""

    seq: int
    at: datetime
    exec_id: str
    perm_id: int
    owner: str
    account: str
    fees: Fees
    realised: Decimal


class Moved(NamedTuple):
    """Holdings or cash changed without a trade. A broker's API stays silent about it; only the account shows it."""

    seq: int
    at: datetime
    account: str
    cause: Cause
    con_id: int | None
    quantity: Decimal
    cash: Decimal


class Notice(NamedTuple):
    """What a broker says in a message with a code."""

    seq: int
    at: datetime
    code: int
    text: str
    con_id: int | None = None
    perm_id: int | None = None
    owner: str = ""


class Phase(enum.StrEnum):
    """Of trading in one underlying and all on it."""

    OPEN = "open"
    CLOSED = "closed"
    HALTED = "halted"
    RESUMED = "resumed"
    RESTRICTED = "restricted"  # short sales above the bid only
    UNRESTRICTED = "unrestricted"


class Trading(NamedTuple):
    """Trading in an underlying entered this phase."""

    seq: int
    at: datetime
    con_id: int
    phase: Phase


Event = Quote | OrderStatus | Executed | Charged | Moved | Notice | Trading
