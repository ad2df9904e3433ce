"""Everything the journal may hold of a book or of the house. State is a fold over these, and nothing else.

The desk takes the first three groups, the risk rules fold the fourth. Nothing here differs between two equal runs: no
durations that were measured, no wall-clock facts beside the moment of the journal's row.
"""

import enum
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen, validators
from attrs.validators import instance_of

from gamma_scalper.domain.checks import counted, exact, not_empty, not_negative, positive, utc
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, IntentId, Pricing
from gamma_scalper.domain.ports import Altered, LinkReport, OrderReport, Recap, Warned
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.domain.strategy_entries import StrategyEntry


def _tuple(each: Iterable[Any]) -> tuple[Any, ...]:
    """For a converter: mypy does not infer a type variable through one."""
    return tuple(each)


# -- orders: what the house did ----------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Ordered:
    """Permitted, numbered and taken down: from here on these orders exist, sent or not."""

    intents: tuple[Intent, ...] = field(converter=_tuple, validator=not_empty)
    reserved: tuple[Money, ...] = field(converter=_tuple)  # per intent, held back until it is dead
    patience_s: float = field(validator=not_negative)
    together: bool = True  # legs go out at once; parts one after the other
    spacing_s: float = 0.0
    structure: str = ""
    good_for_s: float = field(validator=not_negative)  # not sent when older than this, counted from the entry's moment
    quotes: tuple[Quote, ...] = field(default=(), converter=_tuple)  # those the decision names, for the audit

    def __attrs_post_init__(self) -> None:
        if len(self.reserved) != len(self.intents):
            raise ValueError("an amount is reserved for each intent")


@frozen
class Dispatched:
    """It was handed to the broker's client; whether it arrived is another matter."""

    intent: IntentId


@frozen
class NotSent:
    """It was certainly not handed over: too old, no longer permitted, or refused by the client itself."""

    intent: IntentId
    why: str = field(validator=not_empty)
    code: int | None = None


@frozen
class AmendAsked:
    intent: IntentId
    pricing: Pricing
    why: str = field(validator=not_empty)


@frozen
class AmendFailed:
    """The amendment was refused or could not be sent; the order stands as it stood, or is in doubt."""

    intent: IntentId
    why: str
    in_doubt: bool = False


@frozen
class CancelAsked:
    intent: IntentId
    why: str = field(validator=not_empty)


@frozen
class CancelFailed:
    """The cancel could not be sent or was refused; that says nothing of the order."""

    intent: IntentId
    why: str


@frozen
class Elapsed:
    """Time has passed; whatever is due by now is due."""


def _pairs(each: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    return tuple(tuple(pair) for pair in each)


@frozen
class Restarted:
    """The process began anew: what was on its way then is in doubt now.

    From here on these settings hold; what was decided under others is folded under those.
    """

    settings: tuple[tuple[str, float], ...] = field(default=(), converter=_pairs)


@frozen(kw_only=True)
class RecordsRead:
    """The broker's own lists, asked for because something was in doubt. Its executions were told as fills before."""

    open_orders: tuple[OrderReport, ...] = field(converter=_tuple)
    completed: tuple[OrderReport, ...] | None = None  # None: the broker did not answer, which it often does not
    complete: bool = True  # executions were pulled too


# -- flattening and repair ---------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class FlattenAsked:
    """Sell what the book owns, with or without Greeks; `within_s` is when patience with prices ends."""

    why: str = field(validator=not_empty)
    by: str = field(validator=not_empty)
    within_s: float = field(validator=positive)


@frozen
class FlattenStopped:
    why: str
    by: str


@frozen
class Looked:
    """Quotes as they were when the desk asked to see them."""

    quotes: tuple[Quote, ...] = field(converter=_tuple)
    closed: tuple[int, ...] = field(default=(), converter=_tuple)  # conIds that nobody can trade just now


@frozen
class PlanRefused:
    """The desk wanted orders of its own, and was not permitted them."""

    purpose: str
    refusals: tuple[Refusal, ...] = field(converter=_tuple)


# -- the ledger: what changed without an order of ours -----------------------------------------------------------------


@frozen(kw_only=True)
class Delivered:
    """An option came to its end against shares or cash: exercised by us, assigned to us, or settled."""

    id: str = field(validator=not_empty)  # made from what it was concluded from, so that it is booked once
    how: str = field(validator=validators.in_(("exercise", "assignment", "settlement")))
    option: Option = field(validator=instance_of(Option))
    contracts: Decimal = field(converter=exact, validator=positive)  # that are gone
    was_long: bool
    underlying: Stock | None = None  # None: settled in cash
    settled_per_share: Decimal | None = None  # of a cash settlement
    evidence: str = field(validator=not_empty)
    accepted_by: str = field(validator=not_empty)

    def __attrs_post_init__(self) -> None:
        if (self.underlying is None) is (self.settled_per_share is None):
            raise ValueError("a delivery is of shares or of cash")


@frozen(kw_only=True)
class Lapsed:
    """Options that ended without worth."""

    id: str = field(validator=not_empty)
    option: Option = field(validator=instance_of(Option))
    contracts: Decimal = field(converter=exact)  # signed, as held
    evidence: str = field(validator=not_empty)
    accepted_by: str = field(validator=not_empty)


@frozen(kw_only=True)
class Replaced:
    """A corporate action: so many of one contract became so many of another, or of the same after a split."""

    id: str = field(validator=not_empty)
    before: Stock | Option = field(validator=instance_of(Stock | Option))
    after: Stock | Option = field(validator=instance_of(Stock | Option))
    ratio: Decimal = field(converter=exact, validator=positive)  # new ones for each old one
    cash: Money | None = None  # in lieu of fractions
    evidence: str = field(validator=not_empty)
    accepted_by: str = field(validator=not_empty)

    def __attrs_post_init__(self) -> None:
        if self.before.currency != self.after.currency:
            raise ValueError("a contract is replaced by one of its own currency")


@frozen(kw_only=True)
class Paid:
    """Cash without a trade: a dividend, interest, a fee. Negative: we paid."""

    id: str = field(validator=not_empty)
    amount: Money
    what: str = field(validator=not_empty)
    con_id: int | None = None
    accepted_by: str = field(validator=not_empty)


@frozen(kw_only=True)
class TakenOver:
    """A holding entered the book, or left it, at a stated price per share and without an order of ours."""

    id: str = field(validator=not_empty)
    instrument: Stock | Option = field(validator=instance_of(Stock | Option))
    quantity: Decimal = field(converter=exact)  # signed change
    price: Decimal = field(converter=exact, validator=not_negative)
    why: str = field(validator=not_empty)  # "adopted", "manual trade", "liquidated by the broker", ...
    accepted_by: str = field(validator=not_empty)


LedgerEntry = Fill | Commission | InferredFill | Delivered | Lapsed | Replaced | Paid | TakenOver


@frozen
class BooksClosed:
    """What happened before that moment is kept as its outcome alone: the broker tells nothing of it any more."""

    before: datetime = field(converter=utc)


DeskEntry = (
    Ordered
    | Dispatched
    | NotSent
    | AmendAsked
    | AmendFailed
    | CancelAsked
    | CancelFailed
    | Elapsed
    | Restarted
    | RecordsRead
    | FlattenAsked
    | FlattenStopped
    | Looked
    | PlanRefused
    | OrderReport
    | Altered
    | Recap
    | LinkReport
    | Warned
    | LedgerEntry
    | BooksClosed
)


# -- the house: modes, halts, days -------------------------------------------------------------------------------------


class Mode(enum.Enum):
    """How much may be done at all; each mode caps the purposes of orders."""

    LIVE = "live"
    DEGRADED = "degraded"
    OBSERVE = "observe"
    EMERGENCY = "emergency"


@frozen
class SessionBegan:
    """A process opened the journal to trade."""

    mode: str  # paper or live
    version: str
    settings: str  # digest of the configuration in force


@frozen
class SessionEnded:
    why: str
    exit_code: int


@frozen
class ModeChanged:
    mode: Mode
    why: str = field(validator=not_empty)
    by: str = field(validator=not_empty)


@frozen
class Paused:
    why: str = field(validator=not_empty)
    by: str = field(validator=not_empty)


@frozen
class Unpaused:
    by: str = field(validator=not_empty)


@frozen
class Halted:
    """A breaker: nothing but what reduces risk until a person lifts it. Survives restarts."""

    breaker: str = field(validator=not_empty)  # which: "altered order", "daily loss", "drawdown", "rejections", ...
    why: str = field(validator=not_empty)


@frozen
class HaltLifted:
    breaker: str = field(validator=not_empty)
    by: str = field(validator=not_empty)


@frozen
class DayBegan:
    """A trading day: counters start at nothing."""

    day: date


@frozen(kw_only=True)
class Marked:
    """What a book, or the house, was worth on good quotes; feeds loss and drawdown."""

    profit_today: Decimal = field(converter=exact)
    equity: Decimal = field(converter=exact)


@frozen
class PermitChanged:
    """What may be done now, and why not; written when it changes."""

    purposes: tuple[str, ...] = field(converter=_tuple)  # those allowed
    refusals: tuple[Refusal, ...] = field(converter=_tuple)


@frozen(kw_only=True)
class PlanNotPermitted:
    """A plan of a strategy that the guards refused."""

    purpose: str
    reason: str
    refusals: tuple[Refusal, ...] = field(converter=_tuple, validator=not_empty)


@frozen(kw_only=True)
class Difference:
    """Account and books disagree on a contract, and what may explain it."""

    id: str = field(validator=not_empty)  # the same for the same difference, so that a person can name it
    instrument: Stock | Option = field(validator=instance_of(Stock | Option))
    ours: Decimal = field(converter=exact)  # all books and the baseline
    theirs: Decimal = field(converter=exact)
    explanations: tuple[str, ...] = field(default=(), converter=_tuple)  # none, or more than one that fits
    book: str = ""  # whose it would be, where that is clear
    average_cost: Decimal | None = None  # the broker's, per share


@frozen(kw_only=True)
class Reconciled:
    """Books and account were compared; written when the outcome changes."""

    explained: tuple[str, ...] = field(default=(), converter=_tuple)
    unexplained: tuple[Difference, ...] = field(default=(), converter=_tuple)


@frozen(kw_only=True)
class Accepted:
    """A person settled a difference."""

    difference: str = field(validator=not_empty)
    by: str = field(validator=not_empty)
    how: str = field(validator=not_empty)


@frozen(kw_only=True)
class CommandTaken:
    """A command of the inbox, copied into the chain with what came of it."""

    number: int = field(validator=counted)
    asked_at: datetime | None = None  # names it together with its number, since an inbox may be lost and count anew
    name: str = field(validator=not_empty)
    by: str = field(validator=not_empty)
    argument: str = ""
    outcome: str = field(validator=not_empty)


@frozen
class BaselineDeclared:
    """The user's own holdings, never touched, as the book's file states them."""

    holdings: tuple[Holding, ...] = field(converter=_tuple)


HouseEntry = (
    SessionBegan
    | SessionEnded
    | ModeChanged
    | Paused
    | Unpaused
    | Halted
    | HaltLifted
    | DayBegan
    | Marked
    | PermitChanged
    | PlanNotPermitted
    | Reconciled
    | Accepted
    | CommandTaken
    | BaselineDeclared
)

Entry = DeskEntry | HouseEntry | StrategyEntry
