"""What the journal holds of a strategy's thinking, and of what came of it."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen
from attrs.validators import instance_of

from gamma_scalper.domain.checks import exact, not_empty, positive, utc
from gamma_scalper.domain.instruments import Option


@frozen
class Decided:
    """What the strategy decided and by which rule; a decision to wait is written when its rule changes."""

    rule: str = field(validator=not_empty)  # such as "inside the band", "hedge", "stop"
    why: str = field(validator=not_empty)


@frozen
class Noted:
    """What the strategy must remember across a restart, in its own words; the newest counts."""

    notes: str


def _texts(each: Iterable[str]) -> tuple[str, ...]:
    return tuple(each)


@frozen
class StateChanged:
    """The book's six dimensions, in their order: O, D, M, L, E, S."""

    states: tuple[str, ...] = field(converter=_texts)
    orphan: bool = False


@frozen(kw_only=True)
class Instructed:
    """Options were to be exercised before their time; what came of the instruction."""

    option: Option = field(validator=instance_of(Option))
    contracts: Decimal = field(converter=exact, validator=positive)
    why: str = field(validator=not_empty)
    refused: str = ""  # why it could not be sent; a person has to do it. Empty: it was sent


@frozen(kw_only=True)
class Attributed:
    """Where a book's profit of one interval came from, in dollars; the parts sum to the whole to the cent."""

    since: datetime = field(converter=utc)
    until: datetime = field(converter=utc)
    total: Decimal = field(converter=exact)
    delta: Decimal = field(converter=exact)
    gamma: Decimal = field(converter=exact)
    theta: Decimal = field(converter=exact)
    vega: Decimal = field(converter=exact)
    vanna: Decimal = field(converter=exact)
    volga: Decimal = field(converter=exact)
    zomma: Decimal = field(converter=exact)
    carry: Decimal = field(converter=exact)
    costs: Decimal = field(converter=exact)
    unexplained: Decimal = field(converter=exact)
    spot_from: float
    spot_to: float
    implied_from: float | None = None  # volatility of the options held, by their vegas; None: none held
    implied_to: float | None = None

    def __attrs_post_init__(self) -> None:
        parts = (
            self.delta, self.gamma, self.theta, self.vega, self.vanna, self.volga, self.zomma, self.carry, self.costs,
            self.unexplained,
        )  # fmt: skip
        if sum(parts) != self.total:
            raise ValueError(f"the parts sum to {sum(parts)}, and the whole is {self.total}")


StrategyEntry = Decided | Noted | StateChanged | Instructed | Attributed
