"""What came of a session, or of all of them: earned or lost, from what, at what cost, what was refused and decided.

Reckoned from the journal's rows alone, so that the same journal always tells the same to the byte.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import define, field, frozen

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, execution_key
from gamma_scalper.domain.orders import IntentId, Purpose
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.domain.strategy_entries import Attributed, Decided
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.records import Record, records
from gamma_scalper.portfolio.attribution import joined
from gamma_scalper.portfolio.trade_costs import OrderCost, TradeCosts, summed

_NEW_YORK = ZoneInfo("America/New_York")
_ZERO = Decimal(0)


@define(kw_only=True)
class BookSummary:
    """One book's. It is filled row by row."""

    book: str
    earned: Attributed | None = None  # None: nothing was taken down
    ever: Decimal = _ZERO  # earned since the book began, by all that was taken down
    equity: Decimal | None = None  # the same as it was last marked
    commissions: dict[str, Decimal] = field(factory=dict)  # key of the execution -> its newest bill
    fills: dict[str, str] = field(factory=dict)  # key of the execution -> what its order was for
    costs: list[OrderCost] = field(factory=list)  # of the orders that first filled in this span
    orders: Counter[str] = field(factory=Counter)  # purpose -> how many
    hedges: int = 0  # all parts of one count once
    rejected: set[str] = field(factory=set)  # orders; a rejection may be told twice
    refusals: Counter[str] = field(factory=Counter)  # guard -> how often
    decisions: Counter[str] = field(factory=Counter)  # rule -> how often
    halts: list[str] = field(factory=list)

    @property
    def commission(self) -> Decimal:
        return sum(self.commissions.values(), _ZERO)

    @property
    def slippage(self) -> Decimal:
        return summed(self.costs).slippage

    @property
    def fills_by_purpose(self) -> Counter[str]:
        return Counter(self.fills.values())


@frozen(kw_only=True)
class Summary:
    """Of what was asked for."""

    span: str  # in words
    since: datetime | None
    until: datetime | None
    sessions: int
    books: tuple[BookSummary, ...]
    halts: tuple[str, ...]  # of the whole house
    ended: str  # why the last of the sessions ended; empty: it has not

    @property
    def ever(self) -> Decimal:
        """Since the beginning, whatever the span."""
        return sum((book.ever for book in self.books), _ZERO)

    @property
    def total(self) -> Decimal:
        return sum((book.earned.total for book in self.books if book.earned is not None), _ZERO)


def of_last_session(rows: Iterable[Row]) -> Summary:
    """Of the newest session, whether or not it has ended."""
    return _summed(rows, "the last session", lambda _: True, last=True)


def of_all(rows: Iterable[Row]) -> Summary:
    return _summed(rows, "all sessions", lambda _: True)


def of_day(rows: Iterable[Row], day: date) -> Summary:
    """Of one trading day, which is New York's date."""
    return _summed(rows, f"{day}", lambda moment: moment.astimezone(_NEW_YORK).date() == day)


# -- row by row --------------------------------------------------------------------------------------------------------


def _summed(rows: Iterable[Row], span: str, wanted: Callable[[datetime], bool], *, last: bool = False) -> Summary:
    """`last`: each session that begins makes all before it forgotten."""
    tally = _Tally()

    def seen() -> Iterator[Row]:
        for row in rows:
            if last and isinstance(row.entry, e.SessionBegan):
                tally.clear()
            if isinstance(row.entry, Attributed):
                tally.ever[row.book] += row.entry.total
            if wanted(_moment(row)):
                tally.count(row)
            tally.costs.take(row.entry, row.at)
            yield row

    for record in records(seen()):
        at = record["at"]
        assert isinstance(at, datetime), "a record's moment"
        if record["record"] == "FILL" and wanted(at):
            tally.count_fill(record)
    return tally.summary(span, wanted)


def _moment(row: Row) -> datetime:
    """An interval belongs to the day in which it ended, which may be the day before it was written down."""
    return row.entry.until if isinstance(row.entry, Attributed) else row.at


@define
class _Tally:
    """What was counted so far."""

    books: dict[str, BookSummary] = field(factory=dict)
    ever: defaultdict[str, Decimal] = field(factory=lambda: defaultdict(Decimal))  # book -> earned up to here
    halts: list[str] = field(factory=list)
    since: datetime | None = None
    until: datetime | None = None
    sessions: int = 0
    ended: str = ""
    hedging: set[IntentId] = field(factory=set)  # the first intents of hedges
    costs: TradeCosts = field(factory=TradeCosts)  # of all orders ever, since one may fill in the session after its own

    def clear(self) -> None:
        self.books, self.halts, self.since, self.until, self.sessions, self.ended = {}, [], None, None, 0, ""

    def book(self, name: str) -> BookSummary:
        return self.books.setdefault(name, BookSummary(book=name))

    def count(self, row: Row) -> None:
        self.since, self.until = self.since or row.at, row.at
        match row.entry:
            case e.SessionBegan():
                self.sessions += 1
                self.ended = ""
            case e.SessionEnded():
                self.ended = row.entry.why
            case e.Halted() if not row.book:
                self.halts.append(f"{row.entry.breaker}: {row.entry.why}")
            case _ if row.book:
                self._count(self.book(row.book), row)

    def _count(self, book: BookSummary, row: Row) -> None:
        match entry := row.entry:
            case Attributed():
                book.earned = entry if book.earned is None else joined(book.earned, entry)
            case e.Marked():
                book.equity = entry.equity
            case Commission():
                book.commissions[execution_key(entry.exec_id)] = entry.amount.amount
            case e.Ordered():
                first = entry.intents[0]
                book.orders[first.purpose.value] += len(entry.intents)
                if first.purpose is Purpose.HEDGE:
                    self.hedging.add(first.id)
            case e.Dispatched():
                book.hedges += entry.intent in self.hedging
            case OrderReport() if entry.standing is Standing.REJECTED:
                book.rejected.add(entry.order_ref)
            case e.PlanNotPermitted() | e.PlanRefused():
                book.refusals.update(refusal.guard for refusal in entry.refusals)
            case Decided():
                book.decisions[entry.rule] += 1
            case e.Halted():
                book.halts.append(f"{entry.breaker}: {entry.why}")

    def count_fill(self, record: Record) -> None:
        """Of an order of ours."""
        if record["event"] not in ("Fill", "InferredFill") or record["intent"] is None:
            return
        exec_id = record["exec_id"]
        key = execution_key(exec_id) if isinstance(exec_id, str) else f"row {record['seq']}"
        self.book(str(record["book"])).fills[key] = str(record["purpose"] or "unknown")

    def summary(self, span: str, wanted: Callable[[datetime], bool]) -> Summary:
        for name in self.ever:
            self.book(name).ever = self.ever[name]
        for cost in self.costs.orders():
            if self.since is not None and cost.filled_at >= self.since and wanted(cost.filled_at):
                self.book(cost.intent.id.book).costs.append(cost)
        return Summary(
            span=span,
            since=self.since,
            until=self.until,
            sessions=self.sessions,
            books=tuple(book for _, book in sorted(self.books.items())),
            halts=tuple(self.halts),
            ended=self.ended,
        )
