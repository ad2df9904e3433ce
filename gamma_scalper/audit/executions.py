"""What was executed, back to the order it was executed for; each execution once, each bill for one of them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from attrs import define, field

from gamma_scalper.audit.findings import Break, Check, Findings
from gamma_scalper.domain.entries import AmendAsked, Dispatched, Halted, NotSent, Ordered, Restarted
from gamma_scalper.domain.fills import Commission, Execution, Fill, InferredFill, revision
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Pricing, Purpose
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.journal.chain import Row

_ZERO = Decimal(0)


class Done(NamedTuple):
    """One execution, or what is left of it after its correction."""

    con_id: int
    signed: Decimal
    price: Decimal


@define
class Order:
    """One intent and what became of it, as its rows say."""

    intent: Intent
    limit: Decimal | None  # the most generous that was asked for; None: at the market
    sent: bool = False
    kept_back: bool = False
    orphaned: bool = False  # the process ended before it could write down whether it was sent
    done: dict[str, Done] = field(factory=dict)  # execution key or id of an inferred one -> it
    said: dict[int, Decimal] = field(factory=dict)  # permId -> filled, as the broker's reports say
    corrected: bool = False  # reports don't follow corrections

    def units(self) -> list[Decimal]:
        """How often each leg was executed, in units of the order."""
        signed: dict[int, Decimal] = {}
        for each in self.done.values():
            signed[each.con_id] = signed.get(each.con_id, _ZERO) + each.signed
        legs = legs_of(self.intent.instrument)
        return [self.intent.side.sign * signed.get(leg.instrument.con_id, _ZERO) / leg.ratio for leg in legs]

    def paid(self) -> Decimal:
        return sum((each.signed * each.price for each in self.done.values()), _ZERO)

    def hear(self, report: OrderReport) -> None:
        """A nameless order takes the first name that is said."""
        if report.standing is Standing.UNKNOWN:
            return
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


class Known(NamedTuple):
    """An execution that was told."""

    exec_id: str
    intent: IntentId


class Lacking(NamedTuple):
    """Since when executions of an order are missing."""

    row: int
    at: datetime


@define
class Executions:
    """Of all books."""

    findings: Findings
    inferred: int = 0
    corrections: int = 0
    strangers: set[str] = field(factory=set)  # executions of somebody else, or of a book that was not at work
    orders: dict[IntentId, Order] = field(factory=dict)
    known: dict[str, Known] = field(factory=dict)  # execution key -> the version in force
    billed: set[str] = field(factory=set)  # execution keys
    _unsent: defaultdict[str, set[IntentId]] = field(factory=lambda: defaultdict(set))
    _lacking: defaultdict[str, dict[IntentId, Lacking]] = field(factory=lambda: defaultdict(dict))
    _halts: defaultdict[str, list[str]] = field(factory=lambda: defaultdict(list))  # why, with the order's name

    @property
    def unbilled(self) -> int:
        return len(self.known.keys() - self.billed)

    # -- orders --------------------------------------------------------------------------------------------------------

    def order(self, row: Row, entry: Ordered) -> None:
        """Nobody begins anything while executions are missing: that is what flattening alone may do."""
        if entry.intents[0].purpose is not Purpose.FLATTEN:
            self._nothing_lacks(row, entry.intents[0])
        for intent in entry.intents:
            if intent.id in self.orders:
                self.findings.breaks(Check.SENDING, row, f"{intent.id} was ordered", "one such order", "a second one")
            limit = intent.pricing.price if isinstance(intent.pricing, Limit) else None
            self.orders[intent.id] = Order(intent, limit)
            self._unsent[row.book].add(intent.id)

    def _nothing_lacks(self, row: Row, intent: Intent) -> None:
        for id, since in self._lacking[row.book].items():
            order = self.orders[id]
            said, told = sum(order.said.values(), _ZERO), min(order.units())
            self.findings.add(
                Break(
                    check=Check.FILLS, row=since.row, at=since.at, book=row.book,
                    what=f"the broker says that {id} filled, and with {intent.id} the book goes on",
                    expected=f"executions of {said:f}", found=f"of {told:f}",
                )
            )  # fmt: skip

    def restart(self, row: Row, entry: Restarted) -> None:
        for id in self._unsent[row.book]:
            self.orders[id].orphaned = True
        self._unsent[row.book].clear()

    def dispatch(self, row: Row, entry: Dispatched) -> None:
        order = self.orders.get(entry.intent)
        what = f"{entry.intent} was handed over"
        if order is None:
            self.findings.holds(Check.SENDING, row, False, what, "that it was written down before", "that it was not")
            return
        found = "that it was sent before" if order.sent else "that it was written down as not sent"
        self.findings.holds(
            Check.SENDING, row, not order.sent and not order.kept_back, what, "that this happened once", found
        )  # fmt: skip
        order.sent = True
        self._unsent[row.book].discard(entry.intent)

    def keep_back(self, row: Row, entry: NotSent) -> None:
        order = self.orders.get(entry.intent)
        sound = order is not None and not order.sent
        what = f"{entry.intent} was not sent"
        self.findings.holds(Check.SENDING, row, sound, what, "an order that was not sent before", "none such")
        if order is not None:
            order.kept_back = True
            self._unsent[row.book].discard(entry.intent)

    def amend(self, row: Row, entry: AmendAsked) -> None:
        order = self.orders.get(entry.intent)
        sound = order is not None and (order.sent or order.orphaned)
        self.findings.holds(
            Check.SENDING, row, sound, f"{entry.intent} was to be changed", "an order that was sent", "none such"
        )  # fmt: skip
        if order is not None:
            order.limit = _more_generous(order, entry.pricing)

    def report(self, row: Row, entry: OrderReport) -> None:
        order = self._named(entry.order_ref)
        if order is not None:
            order.hear(entry)
            self._look(row, order)

    def halt(self, row: Row, entry: Halted) -> None:
        """A contradiction of the broker's that was noticed, and written down before its cause."""
        self._halts[row.book].append(entry.why)

    # -- executions ----------------------------------------------------------------------------------------------------

    def stranger(self, row: Row, entry: Fill) -> None:
        self.strangers.add(entry.key)

    def fill(self, row: Row, entry: Fill) -> None:
        """A correction may come without the order's name."""
        key = entry.key
        before = self.known.get(key)
        if entry.intent is None and before is None:
            self.strangers.add(key)
            return
        self.findings.holds(
            Check.EXECUTIONS, row, before is None or before.exec_id != entry.exec_id, f"execution {entry.exec_id}",
            "that it is told once", "it for a second time",
        )  # fmt: skip
        if before is not None and revision(entry.exec_id) <= revision(before.exec_id):
            return
        intent = before.intent if before is not None else entry.intent
        order = None if intent is None else self.orders.get(intent)
        what = f"execution {entry.exec_id} of {intent}"
        if order is None or intent is None:
            self.findings.holds(Check.FILLS, row, False, what, "an order of that name, written down before", "none")
            return
        self.known[key] = Known(entry.exec_id, intent)
        if before is not None:
            self.corrections += 1
            order.corrected = True
        self.findings.holds(
            Check.FILLS, row, order.sent or order.orphaned, what, "that the order had been handed over",
            "that it was written down as not sent" if order.kept_back else "that it had not",
        )  # fmt: skip
        order.done[key] = Done(entry.instrument.con_id, entry.signed_quantity, entry.price)
        self._as_ordered(row, order, entry, what)
        self._look(row, order)

    def infer(self, row: Row, entry: InferredFill) -> None:
        """What was concluded must be of an order, and no more than that."""
        self.inferred += 1
        order = None if entry.intent is None else self.orders.get(entry.intent)
        what = f"the inferred fill {entry.id} of {entry.intent}"
        if order is None:
            self.findings.holds(Check.FILLS, row, False, what, "an order of that name, written down before", "none")
            return
        order.corrected = True  # what the reports said is settled by it, and it shrinks by what is told later
        self._contract(row, order, entry, what)
        self._look(row, order)

    def bill(self, row: Row, entry: Commission) -> None:
        known = entry.key in self.known or entry.key in self.strangers
        self.findings.holds(
            Check.COMMISSIONS, row, known, f"a commission of {entry.amount}",
            f"the execution {entry.exec_id} it is for", "none of that name",
        )  # fmt: skip
        self.billed.add(entry.key)

    def doubts(self) -> Iterator[str]:
        """Of the journal's end: the broker may tell them yet, and nobody has traded on it since."""
        for book in sorted(self._lacking):
            for id, since in sorted(self._lacking[book].items()):
                order = self.orders[id]
                said, told = sum(order.said.values(), _ZERO), min(order.units())
                yield f"{id}: row {since.row} says that {said:f} filled, and executions of {told:f} were told"

    # -- one of them ---------------------------------------------------------------------------------------------------

    def _named(self, order_ref: str) -> Order | None:
        id = IntentId.parse(order_ref)
        return None if id is None else self.orders.get(id)

    def _look(self, row: Row, order: Order) -> None:
        lacking, id = self._lacking[row.book], order.intent.id
        if order.missing:
            lacking.setdefault(id, Lacking(row.seq, row.at))
        else:
            lacking.pop(id, None)

    def _as_ordered(self, row: Row, order: Order, fill: Fill, what: str) -> None:
        if not self._contract(row, order, fill, what):
            return
        units, intent = order.units(), order.intent
        most, least = max(units), min(units)
        self.findings.holds(
            Check.FILLS, row, most <= intent.quantity or self._noticed(row.book, intent.id), what,
            f"executions of {intent.quantity:f} at most", f"of {most:f}",
        )  # fmt: skip
        if order.limit is None or order.corrected or most != least or not least:
            return  # a combo's price is that of all its legs, and the broker corrects to whatever was true
        worst, paid = intent.side.sign * least * order.limit, order.paid()
        self.findings.holds(
            Check.FILLS, row, paid <= worst, what,
            f"a price of {order.limit:f} or better", f"{intent.side.sign * paid / least:f}",
        )  # fmt: skip

    def _contract(self, row: Row, order: Order, execution: Execution, what: str) -> bool:
        intent = order.intent
        ratios = {leg.instrument.con_id: leg.ratio for leg in legs_of(intent.instrument)}
        ratio = ratios.get(execution.instrument.con_id, 0)
        wanted = ratio * intent.side.sign * execution.side.sign > 0 and execution.account == intent.account
        found = "another contract" if not ratio else "the other side, or another account"
        return self.findings.holds(
            Check.FILLS, row, wanted or self._noticed(row.book, intent.id), what,
            "the contract, side and account that were ordered", found,
        )  # fmt: skip

    def _noticed(self, book: str, id: IntentId) -> bool:
        """The desk halted because of this very order."""
        return any(why.startswith(f"{id}: ") for why in self._halts[book])


def _more_generous(order: Order, pricing: Pricing) -> Decimal | None:
    """An order may fill at its old price until the new one has arrived."""
    if order.limit is None or not isinstance(pricing, Limit):
        return None
    either = order.limit, pricing.price
    return max(either) if order.intent.side.sign > 0 else min(either)
