"""What somebody wants traded, before and after it was permitted. Only what is approved becomes an intent."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import field, frozen, validators
from attrs.validators import instance_of

from gamma_scalper.domain.checks import counted, exact, not_empty, not_negative, positive, utc
from gamma_scalper.domain.instruments import Option, Tradable, tradable_quantity
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import (
    GoodTill,
    ImmediateOrCancel,
    Intent,
    IntentId,
    Lifetime,
    Pricing,
    Purpose,
    Side,
)
from gamma_scalper.domain.quotes import Quote


def _ids(each: Iterable[int]) -> tuple[int, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Proposal:
    """One order as somebody would like it: an intent without a number, an account and an end."""

    purpose: Purpose = field(validator=instance_of(Purpose))
    instrument: Tradable = field(validator=instance_of(Tradable))
    side: Side = field(validator=instance_of(Side))
    quantity: Decimal = field(converter=exact, validator=positive)
    pricing: Pricing = field(validator=instance_of(Pricing))
    patience_s: float = field(validator=not_negative)  # how long it may work; 0: at once or not at all
    outside_rth: bool = False
    snapshot_ids: tuple[int, ...] = field(converter=_ids, validator=not_empty)  # the quotes it was decided on
    reason: str = field(validator=not_empty)

    def __attrs_post_init__(self) -> None:
        tradable_quantity(self.instrument, self.quantity)

    @property
    def signed_quantity(self) -> Decimal:
        return self.side.sign * self.quantity

    def numbered(self, id: IntentId, account: str, now: datetime) -> Intent:
        """The intent it becomes. Its end at the broker is twice its patience away, whether or not we live."""
        return Intent(
            id=id,
            purpose=self.purpose,
            instrument=self.instrument,
            side=self.side,
            quantity=self.quantity,
            pricing=self.pricing,
            lifetime=lifetime(self.patience_s, now),
            account=account,
            outside_rth=self.outside_rth,
            snapshot_ids=self.snapshot_ids,
            reason=self.reason,
        )


def lifetime(patience_s: float, now: datetime) -> Lifetime:
    """The end an order carries with it."""
    return GoodTill(now + timedelta(seconds=2 * patience_s)) if patience_s else ImmediateOrCancel()


def _proposals(each: Iterable[Proposal]) -> tuple[Proposal, ...]:
    return tuple(each)


def _quotes(each: Iterable[Quote]) -> tuple[Quote, ...]:
    return tuple(each)


def _legs(each: Iterable[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    return tuple(each)


@frozen(kw_only=True)
class Deltas:
    """What the engine made of the market and position that a plan was decided on, in shares of the underlying."""

    as_of: datetime = field(converter=utc)  # of the market
    legs: tuple[tuple[int, float], ...] = field(converter=_legs)  # conId of an option -> its delta per share
    gamma: float
    filled: float
    projected: float  # with what is working
    centre: float = 0.0  # what the policy hedges around
    target: float | None = None  # where it wants the projected delta now


@frozen(kw_only=True)
class Plan:
    """Orders that are permitted or refused as one: a single one, the legs of a structure, the parts of a large one."""

    proposals: tuple[Proposal, ...] = field(converter=_proposals, validator=not_empty)
    together: bool = True  # legs go out at once; parts one after the other
    structure: str = ""  # what the legs build, such as "straddle 2026-12-18 600"; empty: nothing to keep in balance
    spacing_s: float = field(default=0.0, validator=not_negative)  # between one part and the next
    decided_at: datetime = field(converter=utc)
    good_for_s: float = field(validator=[not_negative])  # older than this it is not sent
    settled_through: int = field(validator=not_negative)  # the position it was decided on: see PositionSnapshot
    quotes: tuple[Quote, ...] = field(default=(), converter=_quotes)  # those its proposals name
    deltas: Deltas | None = None  # None: it was decided without, as exits and the desk's own plans are

    def __attrs_post_init__(self) -> None:
        if len({proposal.purpose for proposal in self.proposals}) > 1:
            raise ValueError("one plan has one purpose")

    @property
    def purpose(self) -> Purpose:
        return self.proposals[0].purpose


@frozen
class Reprice:
    """A living order is to have another price."""

    intent: IntentId
    pricing: Pricing
    why: str = field(validator=not_empty)


@frozen
class Withdraw:
    """A living order is to be cancelled."""

    intent: IntentId
    why: str = field(validator=not_empty)


@frozen(kw_only=True)
class Flatten:
    """All that the book owns is to go."""

    why: str = field(validator=not_empty)
    by: str = field(validator=not_empty)
    within_s: float


@frozen
class Instruct:
    """Options held are to be exercised before their time: irrevocable, and at no price."""

    option: Option = field(validator=instance_of(Option))
    contracts: int = field(validator=counted)
    why: str = field(validator=not_empty)


TradeCommand = Plan | Reprice | Withdraw | Flatten | Instruct
"""All that a book's desk can be asked for."""


@frozen
class Refusal:
    """A guard's no, in words a person can act on."""

    guard: str = field(validator=not_empty)
    why: str = field(validator=not_empty)


def _refusals(each: Iterable[Refusal]) -> tuple[Refusal, ...]:
    return tuple(each)


@frozen
class Refused:
    """Not permitted, by all of these."""

    refusals: tuple[Refusal, ...] = field(converter=_refusals, validator=not_empty)

    def __str__(self) -> str:
        return "; ".join(f"{refusal.guard}: {refusal.why}" for refusal in self.refusals)


def _amounts(each: Iterable[Money]) -> tuple[Money, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Approved:
    """A plan that was permitted. `risk.permit` alone makes these, and the desk takes nothing else."""

    plan: Plan = field(validator=instance_of(Plan))
    at: datetime = field(converter=utc)
    reserved: tuple[Money, ...] = field(  # per proposal: what it may cost at worst, held back until it is dead
        converter=_amounts, validator=validators.deep_iterable(instance_of(Money))
    )

    def __attrs_post_init__(self) -> None:
        if len(self.reserved) != len(self.plan.proposals):
            raise ValueError("an amount is reserved for each proposal, zero where it costs nothing")
        if any(amount.amount < 0 for amount in self.reserved):
            raise ValueError("nothing less than zero can be reserved")
