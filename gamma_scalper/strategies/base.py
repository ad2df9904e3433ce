"""What every strategy is: a pure decision on a whole picture, and a memory that is handed on."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeVar

from attrs import field, frozen

from gamma_scalper.domain.checks import not_empty
from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.instruments import Index, Stock, legs_of
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.proposals import Plan, Refusal, TradeCommand
from gamma_scalper.domain.snapshots import MarketSnapshot

M = TypeVar("M")

OLD_S = 1.0  # of a market, and of each quote that an order is priced by


@frozen(kw_only=True)
class Standing:
    """What the house allows a book just now: the newest word of the governor."""

    mode: Mode | None = None  # None: not known yet
    paused: str = ""  # why, and by whom; empty: it is not
    must_exit: str = ""  # why the position has to be ended; empty: it need not
    halted: str = ""  # by which breakers, and why; empty: by none
    hedged_at: datetime | None = None  # the last time, today or before
    hedged_price: Decimal | None = None  # of a share, then
    refusals: Mapping[Purpose, tuple[Refusal, ...]] = field(factory=dict)  # of the moment; none for what is allowed

    def refused(self, purpose: Purpose) -> str:
        """Why nothing of this purpose may be begun now, in words; empty: it may."""
        return "; ".join(f"{each.guard}: {each.why}" for each in self.refusals.get(purpose, ()))


@frozen(kw_only=True)
class View:
    """All that a decision may be made of."""

    now: datetime
    book: str
    underlying: Stock | Index
    picture: Picture
    standing: Standing


@frozen
class Band:
    """Where the projected delta may be, and where an order brings it from below and from above; in shares."""

    low: float
    high: float
    centre: float
    from_below: float  # the target where the delta is below the band
    from_above: float

    def __attrs_post_init__(self) -> None:
        if not self.low <= self.from_below <= self.from_above <= self.high:
            raise ValueError(f"a band's targets lie in it, not {self}")


@frozen
class Hold:
    """Nothing is to be done."""

    rule: str = field(validator=not_empty)  # short, and the same as long as the reason is: "inside the band"
    why: str = field(validator=not_empty)


@frozen
class Act:
    """Something is to be done."""

    rule: str = field(validator=not_empty)
    why: str = field(validator=not_empty)
    command: TradeCommand


def age_s(plan: Plan, market: MarketSnapshot, now: datetime) -> float:
    """Of the oldest quote that its orders are priced by; the market's own, where that is older."""
    traded = {leg.instrument.con_id for each in plan.proposals for leg in legs_of(each.instrument)}
    moments = [market.at, *(quote.received_at for quote in plan.quotes if quote.con_id in traded)]
    return (now - min(moments)).total_seconds()


Decision = Hold | Act


@frozen
class Judgement:
    """A decision, what is remembered of it, and the band it was taken by."""

    decision: Decision
    band: Band | None = None


class Strategy(Protocol[M]):
    """One book's way to trade. All of it is pure; `M` is frozen."""

    def begin(self, notes: str) -> M:
        """The memory to start with, from what was noted before a restart; empty: nothing was."""
        ...

    def notes(self, memory: M) -> str:
        """What of it must outlive a restart. Written down whenever it changes, so it changes seldom."""
        ...

    def decide(self, view: View, memory: M) -> tuple[Judgement, M]:
        """Never raises on a picture that lacks something: it holds, and says why."""
        ...
