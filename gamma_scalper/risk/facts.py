"""Everything that is known of one book at one moment. What is not known is None, and a guard that needs it refuses.

Made anew for every decision, so these are plain records without checks of their own.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from attrs import frozen

from gamma_scalper.domain.entries import Halted, Mode
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Order
from gamma_scalper.domain.ports import AccountValues, Condition, Link, MarginImpact
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.snapshots import Holding

T = TypeVar("T")


class NotKnown(LookupError):
    """A rule needs a fact that nobody knows just now.

    For the operator: what the rule protects is not traded until the fact is there; its name is in the message.
    """


def known(fact: T | None, what: str) -> T:
    """The fact; raises `NotKnown`, in words, where there is none."""
    if fact is None:
        raise NotKnown(f"{what} is not known")
    return fact


@frozen(kw_only=True)
class HedgeRecord:
    """What the journal knows of a book's hedges; a book that never hedged has one of these too."""

    today: int = 0
    last_at: datetime | None = None  # None: it never hedged
    last_price: Decimal | None = None  # of a share, at the last hedge; None: it never hedged at a price


@frozen(kw_only=True)
class GovernanceFacts:
    """What the journal says of the house and this book; see `governance`."""

    mode: Mode | None = None
    paused: str | None = None  # why, and by whom; empty: it is not
    halts: tuple[Halted, ...] | None = None  # latched, the house's and the book's own
    hedging: HedgeRecord | None = None
    orders_lately: int | None = None  # of the book, within `pace.window_s`
    marked_at: datetime | None = None  # the newest mark
    profit_today: Decimal | None = None  # on filtered marks
    drawdown: Decimal | None = None  # below the highest equity, on filtered marks
    rejections: int | None = None  # in a row
    instructed: Mapping[int, Decimal] | None = None  # conId -> contracts that were exercised early today


@frozen(kw_only=True)
class HouseFacts:
    """What is the same for every book of the account."""

    panic: bool | None = None  # a panic file lies there; None: the folder can't be read
    link: Link | None = None
    compared_at: datetime | None = None  # books with account, since the link was confirmed; None: not yet
    unexplained: tuple[int, ...] | None = None  # conIds on which books and account differ and nobody knows why


@frozen(kw_only=True)
class BookFacts:
    """What the book owns and has asked for, as its desk says."""

    book: str
    underlying: Stock | Index
    holdings: tuple[Holding, ...] | None = None
    live: tuple[Order, ...] | None = None  # every intent of the book that is not dead, the doubtful ones too
    others: tuple[Order, ...] | None = None  # those of the other books in the account
    settled_through: int | None = None
    straddles: Decimal | None = None  # whole structures held, or about to be: what figures per straddle count by
    imbalance: Decimal | None = None  # contracts that lack in a half-filled structure or are too many; 0: none


@frozen(kw_only=True)
class ContractFacts:
    """One contract at the moment."""

    instrument: Stock | Index | Option
    quote: Quote | None = None
    condition: Condition | None = None
    session: Session | None = None  # the one that is open, else the next to open


@frozen(kw_only=True)
class Motion:
    """How the underlying has moved; what takes half an hour to know may be missing and bars nothing."""

    jump_pct: float | None = None  # from the snapshot before, or from the prior close at the open, whichever is more
    confirmed: bool | None = None  # a second snapshot has shown the price after the jump
    efficiency: float | None = None  # 30 minutes: the way gone as the crow flies over the whole way
    realised_vol: float | None = None  # 30 minutes, a year's
    implied_vol: float | None = None


@frozen(kw_only=True)
class MarketFacts:
    """The book's contracts, those it holds and those it wants."""

    contracts: Mapping[int, ContractFacts] | None = None  # conId -> what is known of it
    motion: Motion | None = None


@frozen(kw_only=True)
class LegDelta:
    """An option's delta per share, by our own model and by the broker's."""

    own: float | None = None
    broker: float | None = None  # often absent, which alarms and bars nothing


@frozen(kw_only=True)
class DeltaFacts:
    """The Greeks the decision is taken on, in shares of the underlying."""

    as_of: datetime | None = None  # of the market they were computed from
    legs: Mapping[int, LegDelta] | None = None  # conId of an option -> its deltas
    gamma: float | None = None  # of all options held
    filled: float | None = None
    projected: float | None = None  # with what is working
    centre: float | None = None  # what the policy hedges around; 0 for most
    target: float | None = None  # where it wants the projected delta now


@frozen(kw_only=True)
class PurseFacts:
    """The house's purse as it stands, before this plan; see `portfolio.reserve`."""

    reserved: Money | None = None  # by orders of all books that are not dead
    used: Money | None = None  # of this book's budget: what it holds and has reserved


@frozen(kw_only=True)
class MoneyFacts:
    """What the account and the book may still spend, and what this plan would cost."""

    account: AccountValues | None = None
    purse: PurseFacts | None = None
    costs: tuple[Money, ...] | None = None  # each proposal of the plan at worst; zero where it costs nothing
    what_if: MarginImpact | None = None  # the broker's word on this plan; asked for entries alone


@frozen(kw_only=True)
class Facts:
    """One book, one moment: what every rule, the state space, the modes and the lamp look at."""

    now: datetime
    governance: GovernanceFacts = GovernanceFacts()
    house: HouseFacts = HouseFacts()
    book: BookFacts
    market: MarketFacts = MarketFacts()
    delta: DeltaFacts = DeltaFacts()
    money: MoneyFacts = MoneyFacts()
