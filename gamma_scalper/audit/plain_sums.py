"""Holdings and money as anybody would add them up from the rows, to be held against what the ledger makes of them.

Nothing of the ledger is used here: no lots, no order of events, no closed books, only signed sums.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from attrs import define, field

from gamma_scalper.audit.findings import Check, Findings
from gamma_scalper.domain.entries import BooksClosed, Delivered, Lapsed, Marked, Paid, Replaced, TakenOver
from gamma_scalper.domain.fills import Commission, Fill, InferredFill, revision
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money, to_cents
from gamma_scalper.domain.orders import Intent, Purpose
from gamma_scalper.journal.chain import Row
from gamma_scalper.portfolio import ledger as book_keeping
from gamma_scalper.portfolio.ledger import Ledger

_ZERO = Decimal(0)
_SMALLEST = Decimal("0.000001")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Counted(NamedTuple):
    """One execution as it stands in the sums."""

    exec_id: str
    number: int  # of its intent
    at: datetime
    con_id: int
    signed: Decimal
    cash: Decimal  # before commissions
    currency: str


@define
class Concluded:
    """An inferred fill, of which less is left the more the broker tells after all."""

    fill: InferredFill
    known: frozenset[str]  # executions of its order that were told before


@define
class Sums:
    """One book's."""

    held: defaultdict[int, Decimal] = field(factory=lambda: defaultdict(Decimal))
    cash: defaultdict[str, Decimal] = field(factory=lambda: defaultdict(Decimal))  # before commissions
    commissions: defaultdict[str, Decimal] = field(factory=lambda: defaultdict(Decimal))
    taken_over: defaultdict[str, Decimal] = field(factory=lambda: defaultdict(Decimal))  # came in without cash
    executions: dict[str, Counted] = field(factory=dict)  # by execution key
    of_orders: defaultdict[int, list[str]] = field(factory=lambda: defaultdict(list))  # number -> execution keys
    bills: dict[str, Commission] = field(factory=dict)
    events: set[str] = field(factory=set)
    concluded: dict[int, list[Concluded]] = field(factory=dict)  # number of the intent -> inferred fills
    closed: datetime = _BEGINNING
    late: list[Fill | Commission] = field(factory=list)  # of executions that a closing came after: do they still count?
    options: set[int] = field(factory=set)  # conIds of those that were ever dealt in
    replaced: bool = False  # fractions may have gone, with what they had cost

    def add(self, con_id: int, signed: Decimal, cash: Decimal, currency: str) -> None:
        self.held[con_id] += signed
        self.cash[currency] += cash

    def execute(self, fill: Fill, number: int) -> None:
        """Of the intent with that number, told for the first time or corrected."""
        key = fill.key
        before, cash = self.executions.get(key), fill.cash
        if before is None:
            self.of_orders[number].append(key)
        else:
            self.add(before.con_id, -before.signed, -before.cash, before.currency)
        if isinstance(fill.instrument, Option):
            self.options.add(fill.instrument.con_id)
        con_id, signed = fill.instrument.con_id, fill.signed_quantity
        self.add(con_id, signed, cash.amount, cash.currency)
        self.executions[key] = Counted(fill.exec_id, number, fill.at, con_id, signed, cash.amount, cash.currency)
        bill = self.bills.get(key)
        if before is None and bill is not None:
            self.commissions[bill.amount.currency] += bill.amount.amount

    def charge(self, bill: Commission) -> None:
        before = self.bills.get(bill.key)
        if before is not None and revision(bill.exec_id) < revision(before.exec_id):
            return
        self.bills[bill.key] = bill
        if bill.key in self.executions:
            if before is not None:
                self.commissions[before.amount.currency] -= before.amount.amount
            self.commissions[bill.amount.currency] += bill.amount.amount

    def settle(self, ledger: Ledger) -> None:
        """What was told after a closing counts where its execution is still open to change, and nowhere else.

        Whether it is depends on every order of that time; this once the ledger's word is taken: that it has kept it.
        """
        for entry in self.late:
            if entry.key in ledger.fills and book_keeping.told_before(ledger, entry):
                if isinstance(entry, Fill):
                    self.execute(entry, self.executions[entry.key].number)
                else:
                    self.charge(entry)
        self.late.clear()

    def holdings(self) -> dict[int, Decimal]:
        """By conId, none of zero."""
        held = dict(self.held)
        for execution, left in self._left():
            con_id = execution.instrument.con_id
            held[con_id] = held.get(con_id, _ZERO) + execution.side.sign * left
        return {con_id: quantity for con_id, quantity in held.items() if quantity}

    def money(self) -> dict[str, Decimal]:
        """Cash by currency, before commissions."""
        cash = dict(self.cash)
        for execution, left in self._left():
            currency, each = execution.instrument.currency, execution.price * execution.instrument.multiplier
            cash[currency] = cash.get(currency, _ZERO) - execution.side.sign * left * each
        return cash

    def earned(self) -> Decimal:
        """Of a book that holds nothing, in all currencies together."""
        gone = sum(self.commissions.values(), _ZERO) + sum(self.taken_over.values(), _ZERO)
        return sum(self.money().values(), _ZERO) - gone

    def _left(self) -> list[tuple[InferredFill, Decimal]]:
        """Each execution told later stands for the oldest conclusion that it fits, once."""
        found = []
        for number, conclusions in self.concluded.items():
            told = [(key, self.executions[key]) for key in self.of_orders[number]]
            unused = {key: abs(each.signed) for key, each in told}
            for concluded in sorted(conclusions, key=lambda each: (each.fill.concluded_at, each.fill.id)):
                fill, left = concluded.fill, concluded.fill.quantity
                for key, each in told:
                    if key not in concluded.known and each.at <= fill.concluded_at and _alike(each, fill):
                        used = min(left, unused[key])
                        left, unused[key] = left - used, unused[key] - used
                found.append((fill, left))
        return found


def _alike(each: Counted, fill: InferredFill) -> bool:
    return each.con_id == fill.instrument.con_id and each.signed * fill.side.sign > 0


@define
class PlainSums:
    """Of all books."""

    findings: Findings
    books: defaultdict[str, Sums] = field(factory=lambda: defaultdict(Sums))

    # -- adding up -----------------------------------------------------------------------------------------------------

    def fill(self, row: Row, entry: Fill) -> None:
        """A correction takes the place of what it corrects; what is told again says nothing new."""
        sums = self.books[row.book]
        before = sums.executions.get(entry.key)
        if before is None:
            if entry.intent is not None and entry.intent.book == row.book:
                sums.execute(entry, entry.intent.number)
        elif revision(entry.exec_id) > revision(before.exec_id):
            if min(entry.at, before.at) < sums.closed:
                sums.late.append(entry)
            else:
                sums.execute(entry, before.number)

    def infer(self, row: Row, entry: InferredFill) -> None:
        sums = self.books[row.book]
        if entry.id in sums.events or entry.intent is None or entry.concluded_at < sums.closed:
            return
        sums.events.add(entry.id)
        if isinstance(entry.instrument, Option):
            sums.options.add(entry.instrument.con_id)
        number = entry.intent.number
        sums.concluded.setdefault(number, []).append(Concluded(entry, frozenset(sums.of_orders[number])))

    def bill(self, row: Row, entry: Commission) -> None:
        """The newest of an execution counts, once that is known."""
        sums = self.books[row.book]
        execution = sums.executions.get(entry.key)
        if execution is not None and execution.at < sums.closed:
            sums.late.append(entry)
        else:
            sums.charge(entry)

    def happen(self, row: Row, entry: Delivered | Lapsed | Replaced | Paid | TakenOver) -> None:
        """What changed holdings or cash without an order, once each."""
        sums = self.books[row.book]
        if entry.id in sums.events:
            return
        sums.events.add(entry.id)
        match entry:
            case Delivered():
                _deliver(sums, entry)
            case Lapsed():
                sums.held[entry.option.con_id] -= entry.contracts
            case Replaced():
                _replace(sums, entry)
            case Paid():
                sums.cash[entry.amount.currency] += entry.amount.amount
            case TakenOver():
                if isinstance(entry.instrument, Option):
                    sums.options.add(entry.instrument.con_id)
                sums.held[entry.instrument.con_id] += entry.quantity
                worth = entry.quantity * entry.price * entry.instrument.multiplier
                sums.taken_over[entry.instrument.currency] += worth

    def close(self, row: Row, entry: BooksClosed) -> None:
        sums = self.books[row.book]
        sums.closed = max(sums.closed, entry.before)
        self.findings.holds(
            Check.MONEY, row, entry.before <= row.at, f"the books of {row.book} were closed",
            "on a time that was over", f"on {entry.before:%Y-%m-%d %H:%M} UTC",
        )  # fmt: skip

    # -- asking --------------------------------------------------------------------------------------------------------

    def flattens(self, book: str, intent: Intent) -> bool:
        """By its purpose; or it reduces shares that were left without options, which is judged the same."""
        if intent.purpose is Purpose.FLATTEN:
            return True
        if intent.purpose not in (Purpose.HEDGE, Purpose.EXIT) or not isinstance(intent.instrument, Stock):
            return False
        sums = self.books[book]
        holdings = sums.holdings()
        before = holdings.get(intent.instrument.con_id, _ZERO)
        after = before + intent.side.sign * intent.quantity
        return not holdings.keys() & sums.options and abs(after) < abs(before) and before * after >= 0

    # -- comparing -----------------------------------------------------------------------------------------------------

    def mark(self, row: Row, entry: Marked) -> None:
        """A book that holds nothing is worth what it earned: its marks were made while it traded, by the trader."""
        sums = self.books[row.book]
        if sums.replaced or sums.late or sums.holdings():
            return
        earned = to_cents(sums.earned())
        self.findings.holds(
            Check.MONEY, row, earned == entry.equity, f"what {row.book} earned, holding nothing, as it was marked",
            f"{earned:f}, as the rows before it come to", f"{entry.equity:f}",
        )  # fmt: skip

    def compare(self, row: Row, ledgers: Mapping[str, Ledger]) -> None:
        """At the journal's end, with what the recovery has folded."""
        for book in sorted({*self.books, *ledgers}):
            ledger = ledgers.get(book, Ledger(book))
            self.books[book].settle(ledger)
            self._positions(row, book, ledger)
            sums = self.books[book]
            self._money(row, book, "cash", _less(sums.money(), sums.commissions), book_keeping.cash(ledger))
            self._money(row, book, "commissions", dict(sums.commissions), book_keeping.commissions(ledger))
            self._money(row, book, "taken over", dict(sums.taken_over), book_keeping.taken_over(ledger))

    def _positions(self, row: Row, book: str, ledger: Ledger) -> None:
        ours = self.books[book].holdings()
        theirs = {held.instrument.con_id: held.quantity for held in book_keeping.holdings(ledger)}
        for con_id in sorted({*ours, *theirs}):
            added, kept = ours.get(con_id, _ZERO), theirs.get(con_id, _ZERO)
            what = f"what {book} holds of contract {con_id} at the journal's end"
            self.findings.holds(
                Check.POSITIONS, row, added == kept, what, f"{added:f}, as the rows come to", f"{kept:f} in the ledger"
            )  # fmt: skip
        self.findings.link(Check.POSITIONS)  # that there is nothing else

    def _money(self, row: Row, book: str, what: str, ours: Mapping[str, Decimal], ledgers: tuple[Money, ...]) -> None:
        theirs = {each.currency: each.amount for each in ledgers}
        for currency in sorted({*ours, *theirs}):
            added, kept = to_cents(ours.get(currency, _ZERO)), to_cents(theirs.get(currency, _ZERO))
            self.findings.holds(
                Check.MONEY, row, added == kept, f"{what} of {book} at the journal's end, {currency}",
                f"{added:f}, as the rows come to", f"{kept:f} in the ledger",
            )  # fmt: skip


# -- one of them -------------------------------------------------------------------------------------------------------


def _deliver(sums: Sums, entry: Delivered) -> None:
    """The option goes for nothing and the shares for the strike; or the option goes for what was settled."""
    option = entry.option
    gone = -entry.contracts if entry.was_long else entry.contracts
    settled = entry.settled_per_share or _ZERO
    sums.add(option.con_id, gone, -gone * option.multiplier * settled, option.currency)
    if entry.underlying is not None:
        shares = gone * option.multiplier * (-1 if option.right == "C" else 1)
        sums.add(entry.underlying.con_id, shares, -shares * option.strike, entry.underlying.currency)


def _replace(sums: Sums, entry: Replaced) -> None:
    """Fractions go for the cash; of an option there are none."""
    sums.replaced = True
    if isinstance(entry.after, Option):
        sums.options.add(entry.after.con_id)
    became = (sums.held.pop(entry.before.con_id, _ZERO) * entry.ratio).quantize(_SMALLEST)
    if entry.cash is not None or isinstance(entry.after, Option):
        became = Decimal(int(became))
    sums.held[entry.after.con_id] += became
    if entry.cash is not None:
        sums.cash[entry.cash.currency] += entry.cash.amount


def _less(cash: Mapping[str, Decimal], commissions: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {each: cash.get(each, _ZERO) - commissions.get(each, _ZERO) for each in {*cash, *commissions}}
