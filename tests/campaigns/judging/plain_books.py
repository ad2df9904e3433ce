"""What the journal's rows come to, by plain sums: written without the ledger, to be compared with it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from gamma_scalper.domain.entries import BaselineDeclared, Delivered, Lapsed, Paid, TakenOver
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.journal.chain import Row

Held = Mapping[int, Decimal]  # conId -> quantity, none of zero

_ZERO = Decimal(0)


class PlainBooks:
    """All books of a journal, row by row."""

    def __init__(self) -> None:
        self.fills: dict[str, Fill] = {}  # execution key -> the last word on it
        self.bills: dict[str, Commission] = {}
        self.baselines: dict[str, Sequence[Holding]] = {}
        self._intents: dict[str, IntentId] = {}  # execution key -> whose it is: a correction may come without a name
        self._held: defaultdict[str, defaultdict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._cash: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._inferred: dict[str, tuple[InferredFill, Decimal]] = {}  # id -> what was concluded, and what is left of it
        self._events: set[str] = set()
        self._traded = _ZERO

    def held(self, book: str) -> Held:
        return {con_id: quantity for con_id, quantity in sorted(self._held[book].items()) if quantity}

    def cash(self, book: str) -> Decimal:
        return self._cash[book]

    @property
    def traded(self) -> Decimal:
        """By executions and their bills alone, in all books."""
        return self._traded

    @property
    def books(self) -> Sequence[str]:
        return sorted(self._held)

    @property
    def everything(self) -> Held:
        """All books and what is the user's own."""
        total: defaultdict[int, Decimal] = defaultdict(Decimal)
        for book in self.books:
            for con_id, quantity in self._held[book].items():
                total[con_id] += quantity
        for holdings in self.baselines.values():
            for each in holdings:
                total[each.instrument.con_id] += each.quantity
        return {con_id: quantity for con_id, quantity in sorted(total.items()) if quantity}

    @property
    def inferred(self) -> bool:
        """Some of it was concluded, at prices nobody told."""
        return bool(self._inferred)

    # -- row by row ----------------------------------------------------------------------------------------------------

    def take(self, row: Row) -> None:
        match row.entry:
            case Fill() as fill:
                self._filled(row.book, fill)
            case Commission() as bill:
                self._billed(row.book, bill)
            case InferredFill() as fill:
                if fill.id not in self._inferred and fill.intent is not None and fill.intent.book == row.book:
                    self._inferred[fill.id] = fill, fill.quantity
                    self._trade(row.book, fill, fill.signed_quantity)
            case BaselineDeclared(holdings=holdings):
                self.baselines[row.book] = holdings
            case Delivered() | Lapsed() | Paid() | TakenOver() as event:
                if row.book and event.id not in self._events:
                    self._events.add(event.id)
                    self._changed(row.book, event)

    def _filled(self, book: str, fill: Fill) -> None:
        before = self.fills.get(fill.key)
        intent = self._intents.get(fill.key, fill.intent)
        if intent is None or intent.book != book or (before is not None and _revision(fill) <= _revision(before)):
            return
        self.fills[fill.key], self._intents[fill.key] = fill, intent
        if before is not None:
            self._trade(book, before, -before.signed_quantity)
        elif fill.key in self.bills:
            self._pay(book, -self.bills[fill.key].amount.amount)
        self._trade(book, fill, fill.signed_quantity)
        if before is None:
            self._told_after_all(book, intent, fill)

    def _told_after_all(self, book: str, intent: IntentId, fill: Fill) -> None:
        """What was concluded shrinks by what is told later."""
        told = fill.quantity
        for id, (concluded, left) in self._inferred.items():
            same = concluded.intent == intent and concluded.instrument.con_id == fill.instrument.con_id
            gone = min(left, told) if same and concluded.side is fill.side else _ZERO
            if gone:
                self._inferred[id] = concluded, left - gone
                self._trade(book, concluded, -concluded.side.sign * gone)
                told -= gone

    def _trade(self, book: str, execution: Fill | InferredFill, quantity: Decimal) -> None:
        self._held[book][execution.instrument.con_id] += quantity
        self._pay(book, -quantity * execution.price * execution.instrument.multiplier)

    def _pay(self, book: str, amount: Decimal) -> None:
        self._cash[book] += amount
        self._traded += amount

    def _billed(self, book: str, bill: Commission) -> None:
        before = self.bills.get(bill.key)
        if before is not None and _revision(bill) < _revision(before):
            return
        self.bills[bill.key] = bill
        if bill.key in self.fills:
            self._pay(book, (_ZERO if before is None else before.amount.amount) - bill.amount.amount)

    def _changed(self, book: str, event: Delivered | Lapsed | Paid | TakenOver) -> None:
        held = self._held[book]
        match event:
            case Delivered(option=option, contracts=contracts):
                gone = -contracts if event.was_long else contracts
                held[option.con_id] += gone
                self._cash[book] -= gone * option.multiplier * (event.settled_per_share or _ZERO)
                if event.underlying is not None:
                    shares = gone * option.multiplier * (-1 if option.right == "C" else 1)
                    held[event.underlying.con_id] += shares
                    self._cash[book] -= shares * option.strike
            case Lapsed(option=option, contracts=contracts):
                held[option.con_id] -= contracts
            case Paid(amount=amount):
                self._cash[book] += amount.amount
            case TakenOver(instrument=instrument, quantity=quantity):
                held[instrument.con_id] += quantity


def _revision(each: Fill | Commission) -> int:
    """Which correction it is, as the execId's last part says."""
    last = each.exec_id.rpartition(".")[2]
    return int(last) if last.isdecimal() and each.exec_id.count(".") >= 3 else 0
