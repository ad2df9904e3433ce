"""What a client can ask of the exchange: orders as they are sent in, and everything else it takes."""

import enum
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen, validators

from gamma_scalper.domain.checks import counted, exact, not_empty, positive, utc, whole
from gamma_scalper.domain.orders import Limit, Market, Side


@frozen
class Stop:
    """Asleep until the market trades through this price against its owner; a market order from then on."""

    price: Decimal = field(converter=exact)


@frozen
class MarketOnClose:
    """At the market, in the last moment of the session."""


Kind = Market | Limit | Stop | MarketOnClose


class TimeInForce(enum.StrEnum):
    """How long an order lives; the words are the wire's."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    GTD = "GTD"


class Oca(enum.IntEnum):
    """What a fill does to the other orders of its group; the numbers are the wire's."""

    CANCEL = 1
    REDUCE = 2  # by the part of it that was filled
    REDUCE_UNBLOCKED = 3  # here the same: an order is never exposed to more than one fill at a time


@frozen
class ComboLeg:
    """So many of a contract for each combo bought; negative where they are sold."""

    con_id: int = field(validator=counted)
    ratio: int = field(validator=whole)


def _legs(what: int | Iterable[ComboLeg]) -> int | tuple[ComboLeg, ...]:
    return what if isinstance(what, int) else tuple(what)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else utc(moment)


@frozen(kw_only=True)
class Ticket:
    """An order as it is sent in. What is wrong with it the exchange says, not this class: clients send anything."""

    account: str
    what: int | tuple[ComboLeg, ...] = field(converter=_legs)  # a conId, or the legs of a combo
    side: Side
    quantity: Decimal = field(converter=exact)
    kind: Kind = field(factory=Market)
    tif: TimeInForce = TimeInForce.DAY
    good_till: datetime | None = field(default=None, converter=_utc)
    outside_rth: bool = False
    oca_group: str = ""
    oca: Oca = Oca.CANCEL
    parent: int | None = None  # permId of the order whose fill wakes this one
    owner: str = ""  # whose order it is, in the words of whoever routed it: client and order id, say
    order_ref: str = ""

    legs: tuple[ComboLeg, ...] = field(init=False, repr=False, eq=False)  # of a single contract the one it has

    @legs.default
    def _its_legs(self) -> tuple[ComboLeg, ...]:
        return (ComboLeg(self.what, 1),) if isinstance(self.what, int) else self.what

    @property
    def limit(self) -> Decimal | None:
        return self.kind.price if isinstance(self.kind, Limit) else None


# -- what else the exchange takes --------------------------------------------------------------------------------------


@frozen
class Tick:
    """Nothing but time."""


@frozen
class Look:
    """Quote this contract from now on, once more for each time it is asked."""

    con_id: int


@frozen
class LookAway:
    """One looker less."""

    con_id: int


@frozen
class Place:
    """A new order."""

    ticket: Ticket


@frozen
class Modify:
    """A new ticket for a living order: another price, quantity or lifetime."""

    perm_id: int
    ticket: Ticket


@frozen
class Cancel:
    """Asked for; whether it comes before a fill is another matter."""

    perm_id: int
    owner: str = ""


@frozen
class CancelAll:
    """Every living order of one account, or of all."""

    account: str = ""


@frozen
class Exercise:
    """A holder's instruction: exercise now (American) or at expiry, or let expire what would be exercised."""

    account: str
    con_id: int
    quantity: int = field(validator=counted)
    lapse: bool = False


@frozen
class Halt:
    """Trading in a share and all on it stops for so long."""

    con_id: int
    seconds: float = field(validator=[positive, validators.le(10 * 86_400.0)])


@frozen
class Deposit:
    """Cash from outside; opens the account where there is none of this name."""

    account: str = field(validator=[not_empty, validators.matches_re(r"[A-Za-z0-9]+")])
    amount: Decimal = field(converter=exact)


@frozen
class SetShortable:
    """So many shares can be borrowed from now on."""

    con_id: int
    shares: int = field(validator=whole)
