"""What was executed, back to the order it was executed for; each execution once, each bill for one of them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from attrs import define, field

from gamma_scalper.audit.findings import Break, Check, Findings
from gamma_scalper.audit.orders import Order
from gamma_scalper.domain.entries import (
    AmendAsked,
    Dispatched,
    Halted,
    NotSent,
    Ordered,
    RecordsRead,
    Restarted,
    SessionBegan,
)
from gamma_scalper.domain.fills import Commission, Execution, Fill, InferredFill, revision
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Purpose
from gamma_scalper.domain.ports import Altered, OrderReport, Standing
from gamma_scalper.journal.chain import Row

_ZERO = Decimal(0)
_HANDING_S = 30.0  # that the line's pace may keep an order waiting
_LONGEST_GOOD_S = 60.0  # as no setting allows more
_SET_BACK_S = 60.0  # by which a clock may be set between two rows of one moment
_FILLED, _DEAD = "filled", "dead"  # what a report says that executions don't
_ANOTHER_ZONE = timedelta(hours=20)  # no clock in another zone is further off


class Known(NamedTuple):
    """An execution that was told."""

    exec_id: str
    intent: IntentId


class Lacking(NamedTuple):
    """Since when executions of an order are missing."""

    row: int
    at: datetime


class Odd(NamedTuple):
    """What the broker's report of an order does not agree with; more of its words may still explain it."""

    row: int
    at: datetime
    what: str
    expected: str
    found: str


@define
class Executions:
    """Of all books."""

    findings: Findings
    inferred: int = 0
    corrections: int = 0
    at_work: set[str] = field(factory=set)  # books that have begun anew in this session
    strangers: set[str] = field(factory=set)  # executions of somebody else, or of a book that was not at work
    orders: dict[IntentId, Order] = field(factory=dict)
    known: dict[str, Known] = field(factory=dict)  # execution key -> the version in force
    currencies: dict[str, str] = field(factory=dict)  # execution key -> its contract's
    billed: set[str] = field(factory=set)  # execution keys
    _unsent: defaultdict[str, set[IntentId]] = field(factory=lambda: defaultdict(set))
    _lacking: defaultdict[str, dict[IntentId, Lacking]] = field(factory=lambda: defaultdict(dict))
    _open: defaultdict[str, set[IntentId]] = field(factory=lambda: defaultdict(set))  # sent, since records were read
    _odd: defaultdict[str, dict[tuple[str, IntentId], Odd]] = field(factory=lambda: defaultdict(dict))
    _halts: defaultdict[str, list[str]] = field(factory=lambda: defaultdict(list))  # why, with the order's name

    @property
    def unbilled(self) -> int:
        return len(self.known.keys() - self.billed)

    # -- orders --------------------------------------------------------------------------------------------------------

    def order(self, row: Row, entry: Ordered) -> None:
        """Nobody begins anything while executions are missing: that is what flattening alone may do."""
        if entry.intents[0].purpose is not Purpose.FLATTEN:
            self._nothing_lacks(row, entry.intents[0])
            self._nothing_odd(row.book)
            self._nothing_unheard_of(row, entry.intents[0])
        for place, intent in enumerate(entry.intents):
            if intent.id in self.orders:
                self.findings.breaks(Check.SENDING, row, f"{intent.id} was ordered", "one such order", "a second one")
            limit = intent.pricing.price if isinstance(intent.pricing, Limit) else None
            good_for_s = min(entry.good_for_s, _LONGEST_GOOD_S) if entry.together or not place else None
            self.orders[intent.id] = Order(intent, limit, row.at, good_for_s)
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

    def _nothing_unheard_of(self, row: Row, intent: Intent) -> None:
        for id in sorted(self._open[row.book]):
            if self.orders[id].unheard_of:
                what = f"{id} was sent, and with {intent.id} the book goes on"
                self.findings.breaks(Check.FILLS, row, what, "a word on what became of it", "none")
        self._open[row.book].clear()

    def _nothing_odd(self, book: str) -> None:
        for odd in self._odd.pop(book, {}).values():
            self.findings.add(
                Break(
                    check=Check.FILLS, row=odd.row, at=odd.at, book=book,
                    what=odd.what, expected=odd.expected, found=odd.found,
                )
            )  # fmt: skip

    def restart(self, row: Row, entry: Restarted) -> None:
        self.at_work.add(row.book)
        for id in self._unsent[row.book]:
            self.orders[id].orphaned = True
        self._open[row.book] |= self._unsent.pop(row.book, set())

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
        if order.good_for_s is not None:
            late = (row.at - order.ordered_at).total_seconds()
            self.findings.holds(
                Check.SENDING, row, -_SET_BACK_S <= late <= order.good_for_s + _HANDING_S, what,
                f"it at most {order.good_for_s:g} s after it was written down, and {_HANDING_S:g} s on its way",
                f"{late:g} s",
            )  # fmt: skip
        order.sent = True
        self._open[row.book].add(entry.intent)
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
            order.allow(entry.pricing)

    def report(self, row: Row, entry: OrderReport) -> None:
        order = self._named(entry.order_ref)
        if order is not None:
            order.hear(entry)
            self._look(row, order)
            self._agrees(row, order, entry)

    def _agrees(self, row: Row, order: Order, report: OrderReport) -> None:
        intent = order.intent
        if report.standing is not Standing.FILLED or order.altered:
            return
        self._odd[row.book].pop((_FILLED, intent.id), None)
        if len(order.said) == 1 and 0 < report.filled < intent.quantity:
            odd = Odd(
                row.seq, row.at, f"the broker says that all of {intent.id} is filled",
                f"{intent.quantity:f}, as was ordered", f"{report.filled:f}",
            )  # fmt: skip
            self._odd[row.book][_FILLED, intent.id] = odd

    def alter(self, row: Row, entry: Altered) -> None:
        """What came back was not what was sent; nor is it, then, what fills."""
        order = self._named(entry.order_ref)
        if order is not None:
            order.altered = True
            self._odd[row.book].pop((_FILLED, order.intent.id), None)

    def read(self, row: Row, entry: RecordsRead) -> None:
        """Whoever has asked the broker knows more than its reports."""
        self._odd.pop(row.book, None)
        for id in self._open[row.book]:
            self.orders[id].asked_after = True
        for report in (*entry.open_orders, *(entry.completed or ())):
            order = self._named(report.order_ref)
            if order is not None:
                order.asked_after = True
        self._open[row.book].clear()

    def halt(self, row: Row, entry: Halted) -> None:
        """A contradiction of the broker's that was noticed, and written down before its cause."""
        self._halts[row.book].append(entry.why)

    # -- executions ----------------------------------------------------------------------------------------------------

    def begin(self, row: Row, entry: SessionBegan) -> None:
        self.at_work.clear()

    def stranger(self, row: Row, entry: Fill) -> None:
        """Told to the house; what has the name of a book that is at work is told to that book."""
        book = None if entry.intent is None else entry.intent.book
        self.findings.holds(
            Check.FILLS, row, book not in self.at_work, f"execution {entry.exec_id} of {entry.intent}",
            f"it to be told to {book}", "that it was told to nobody's book",
        )  # fmt: skip
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
        self._whose(row, entry, intent, order, what)
        if before is not None:
            self.corrections += 1
            order.corrected = True
        self.findings.holds(
            Check.FILLS, row, order.sent or order.orphaned, what, "that the order had been handed over",
            "that it was written down as not sent" if order.kept_back else "that it had not",
        )  # fmt: skip
        order.execute(key, entry)
        self.currencies[key] = entry.instrument.currency
        self._as_ordered(row, order, entry, what)
        self._look(row, order)

    def _whose(self, row: Row, entry: Fill, intent: IntentId, order: Order, what: str) -> None:
        """Of this book, of the same order as ever, and of a moment at which that order was there."""
        self.findings.holds(
            Check.FILLS, row, intent.book == row.book, what, f"an order of {row.book}", f"one of {intent.book}"
        )  # fmt: skip
        if entry.intent not in (None, intent):
            of_it = "a correction to be of the same order"
            self.findings.breaks(Check.EXECUTIONS, row, what, of_it, f"one of {entry.intent}")
        early, late = order.ordered_at - _ANOTHER_ZONE, row.at + _ANOTHER_ZONE
        self.findings.holds(
            Check.FILLS, row, early <= entry.at <= late, what,
            "that it happened after its order and before it was told", f"{entry.at:%Y-%m-%d %H:%M:%S} UTC",
        )  # fmt: skip

    def infer(self, row: Row, entry: InferredFill) -> None:
        """What was concluded must be of an order, and no more than that."""
        self.inferred += 1
        order = None if entry.intent is None else self.orders.get(entry.intent)
        what = f"the inferred fill {entry.id} of {entry.intent}"
        if order is None:
            self.findings.holds(Check.FILLS, row, False, what, "an order of that name, written down before", "none")
            return
        if not self._contract(row, order, entry, what):
            return
        order.conclude(entry)
        most, intent = max(order.units()), order.intent
        self.findings.holds(
            Check.FILLS, row, most <= intent.quantity or self._noticed(row.book, intent.id), what,
            f"no more than was left of {intent.quantity:f}", f"{most:f} with what was executed",
        )  # fmt: skip
        self._look(row, order)

    def bill(self, row: Row, entry: Commission) -> None:
        known = entry.key in self.known or entry.key in self.strangers
        self.findings.holds(
            Check.COMMISSIONS, row, known, f"a commission of {entry.amount}",
            f"the execution {entry.exec_id} it is for", "none of that name",
        )  # fmt: skip
        currency = self.currencies.get(entry.key, entry.amount.currency)
        self.findings.holds(
            Check.COMMISSIONS, row, entry.amount.currency == currency, f"a commission of {entry.amount}",
            f"it in {currency}, as the execution {entry.exec_id}", entry.amount.currency,
        )  # fmt: skip
        self.billed.add(entry.key)

    def doubts(self, now: datetime) -> Iterator[str]:
        """Of the journal's end: the broker may tell them yet, and nobody has traded on it since."""
        for book in sorted(self._lacking):
            for id, since in sorted(self._lacking[book].items()):
                order = self.orders[id]
                said, told = sum(order.said.values(), _ZERO), min(order.units())
                yield f"{id}: row {since.row} says that {said:f} filled, and executions of {told:f} were told"
        for _, odds in sorted(self._odd.items()):
            for odd in odds.values():
                yield f"row {odd.row}, {odd.what}: expected {odd.expected}, found {odd.found}"
        for id, order in self.orders.items():
            if order.forgotten(now):
                yield f"{id}: it was sent, its time has run out, and no row tells what became of it"

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
        if not order.surplus:
            self._odd[row.book].pop((_DEAD, id), None)
            return
        said = sum(order.said.values(), _ZERO)
        odd = Odd(
            row.seq, row.at, f"the broker says that {id} is dead", f"executions of {said:f}, as it says",
            f"of {max(order.units()):f}",
        )  # fmt: skip
        self._odd[row.book].setdefault((_DEAD, id), odd)

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
