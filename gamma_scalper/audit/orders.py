"""One order as its rows tell of it: what was asked for, what executions and the broker's reports make of it."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from attrs import define, field

from gamma_scalper.domain.fills import Fill, InferredFill
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import GoodTill, Intent, Limit, Pricing
from gamma_scalper.domain.ports import OrderReport, Standing

_ZERO = Decimal(0)
_OVER = (Standing.FILLED, Standing.CANCELLED, Standing.REJECTED)


class Done(NamedTuple):
    """One execution, what is left of it after its correction, or what is left of an inferred one."""

    con_id: int
    signed: Decimal
    price: Decimal


@define
class Order:
    """One intent and what became of it, as its rows say."""

    intent: Intent
    limit: Decimal | None  # the most generous that was asked for; None: at the market
    ordered_at: datetime
    good_for_s: float | None  # until it has to be sent; None: it waits for its turn
    sent: bool = False
    kept_back: bool = False
    orphaned: bool = False  # the process ended before it could write down whether it was sent
    done: dict[str, Done] = field(factory=dict)  # execution key -> it
    concluded: dict[str, Done] = field(factory=dict)  # id of an inferred fill -> what no execution has told of it since
    said: dict[int, Decimal] = field(factory=dict)  # permId -> filled, as the broker's reports say
    over: bool = False  # a report said that it is dead
    asked_after: bool = False  # in records that were read, or by a person
    corrected: bool = False  # reports don't follow corrections, nor what was concluded
    altered: bool = False  # by the broker, on its way

    def units(self) -> list[Decimal]:
        """How often each leg was executed, in units of the order."""
        signed: dict[int, Decimal] = {}
        for each in (*self.done.values(), *self.concluded.values()):
            signed[each.con_id] = signed.get(each.con_id, _ZERO) + each.signed
        legs = legs_of(self.intent.instrument)
        return [self.intent.side.sign * signed.get(leg.instrument.con_id, _ZERO) / leg.ratio for leg in legs]

    def paid(self) -> Decimal:
        return sum((each.signed * each.price for each in (*self.done.values(), *self.concluded.values())), _ZERO)

    def execute(self, key: str, fill: Fill) -> None:
        """What is told stands for what was concluded before, the oldest first."""
        if key not in self.done:
            unused = fill.quantity
            for id, each in self.concluded.items():
                if each.con_id == fill.instrument.con_id and each.signed * fill.side.sign > 0:
                    used = min(unused, abs(each.signed))
                    self.concluded[id] = each._replace(signed=each.signed - fill.side.sign * used)
                    unused -= used
        self.done[key] = Done(fill.instrument.con_id, fill.signed_quantity, fill.price)

    def conclude(self, fill: InferredFill) -> None:
        self.corrected = self.asked_after = True
        self.concluded[fill.id] = Done(fill.instrument.con_id, fill.signed_quantity, fill.price)

    def hear(self, report: OrderReport) -> None:
        """A nameless order takes the first name that is said."""
        if report.standing is Standing.UNKNOWN:
            self.asked_after = True  # the records tell
            return
        self.over = report.standing in _OVER
        filled = report.filled
        if report.standing is Standing.FILLED and not filled:
            filled = self.intent.quantity
        perm_id = report.perm_id or next(reversed(self.said), 0)
        before = self.said.get(perm_id, self.said.pop(0, _ZERO) if perm_id else _ZERO)
        self.said[perm_id] = max(before, filled)

    @property
    def missing(self) -> Decimal:
        """Reported as filled, and told by no execution."""
        if self.corrected or not self.said:
            return _ZERO
        return max(sum(self.said.values(), _ZERO) - min(self.units()), _ZERO)

    @property
    def surplus(self) -> Decimal:
        """Executed of a dead order, beyond what it had filled by the report of its death."""
        if self.corrected or not self.over:
            return _ZERO
        return max(max(self.units()) - sum(self.said.values(), _ZERO), _ZERO)

    @property
    def unheard_of(self) -> bool:
        """Sent, and no row tells what became of it, nor that anybody asked."""
        if not (self.sent or self.orphaned) or self.over or self.asked_after or self.kept_back:
            return False
        return min(self.units()) < self.intent.quantity

    def forgotten(self, now: datetime) -> bool:
        """The same, though its time has run out."""
        lifetime = self.intent.lifetime
        ended_at = lifetime.until if isinstance(lifetime, GoodTill) else self.ordered_at
        return ended_at < now and self.unheard_of

    def allow(self, pricing: Pricing) -> None:
        """Another price was asked for; the order may fill at its old one until that has arrived."""
        if self.limit is None or not isinstance(pricing, Limit):
            self.limit = None
            return
        either = self.limit, pricing.price
        self.limit = max(either) if self.intent.side.sign > 0 else min(either)
