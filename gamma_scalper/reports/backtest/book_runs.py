"""What the journal of a backtest tells of each of its books, gathered in one pass."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from attrs import define, field

from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.domain.strategy_entries import Attributed, Decided, StateChanged
from gamma_scalper.journal.chain import Row
from gamma_scalper.portfolio.ledger import Ledger, booked, cash, taken_over
from gamma_scalper.portfolio.trade_costs import OrderCost, TradeCosts
from gamma_scalper.reports.backtest.story import Column, Looks, Reason, Story

Moments = npt.NDArray[np.int64]  # nanoseconds of UTC since 1970
NEW_YORK = ZoneInfo("America/New_York")
_ZERO = Decimal(0)
_QUIET = (e.PermitChanged, StateChanged, e.Elapsed)  # frequent, and nothing is made of them here


class Refused(NamedTuple):
    """A plan that one guard stopped."""

    at: datetime
    purpose: str
    guard: str
    why: str


class Told(NamedTuple):
    """Something that happened, in words."""

    at: datetime
    what: str


class Contracts(NamedTuple):
    """Options that were bought, or went: how many, and for what, before commissions."""

    number: Decimal = _ZERO
    premium: Decimal = _ZERO


_NONE = Contracts()


@define(kw_only=True)
class BookRun:
    """One book's, or that of all together."""

    book: str  # empty: all of them
    intervals: list[Attributed] = field(factory=list)  # in their order of time
    orders: list[OrderCost] = field(factory=list)  # those that filled
    looks: list[Looks] = field(factory=list)  # one, or one for each of the books
    decisions: list[Reason] = field(factory=list)
    reasons: list[Reason] = field(factory=list)  # of every look; the journal has only the first of a rule
    refusals: list[Refused] = field(factory=list)
    rejected: dict[str, Told] = field(factory=dict)  # by order; a rejection may be told twice
    halts: list[Told] = field(factory=list)
    bought: Contracts = _NONE
    gone: Contracts = _NONE  # sold, exercised, assigned, settled or lapsed; premium of those sold
    cash: Decimal = _ZERO  # that trades, bills and payments moved; what was taken over counts as bought
    holds: bool = False  # anything, at the end
    marked: Decimal | None = None  # what it had earned by the house's newest mark

    def of(self, purpose: Purpose) -> list[OrderCost]:
        return [order for order in self.orders if order.intent.purpose is purpose]


def day_of(moment: datetime) -> date:
    """New York's."""
    return moment.astimezone(NEW_YORK).date()


def book_runs(story: Story) -> list[BookRun]:
    """By the name of the book."""
    gathering = _Gathering(
        {
            book: BookRun(book=book, looks=[looks], reasons=[*story.reasons.get(book, ())])
            for book, looks in story.looks.items()
        }
    )
    for row in story.rows:
        gathering.take(row)
    return gathering.done()


def together(runs: Iterable[BookRun]) -> BookRun:
    """All books as one."""
    runs = list(runs)
    marks = [run.marked for run in runs if run.marked is not None]
    return BookRun(
        book="",
        intervals=sorted((each for run in runs for each in run.intervals), key=lambda interval: interval.until),
        orders=sorted((each for run in runs for each in run.orders), key=lambda order: order.filled_at),
        looks=[each for run in runs for each in run.looks],
        decisions=sorted((each for run in runs for each in run.decisions), key=lambda each: each[0]),
        reasons=sorted((each for run in runs for each in run.reasons), key=lambda each: each[0]),
        refusals=sorted(each for run in runs for each in run.refusals),
        rejected={order: told for run in runs for order, told in run.rejected.items()},
        halts=sorted(each for run in runs for each in run.halts),
        bought=_added(run.bought for run in runs),
        gone=_added(run.gone for run in runs),
        cash=sum((run.cash for run in runs), _ZERO),
        holds=any(run.holds for run in runs),
        marked=sum(marks, _ZERO) if marks else None,
    )


def _added(each: Iterable[Contracts]) -> Contracts:
    each = list(each)
    return Contracts(sum((one.number for one in each), _ZERO), sum((one.premium for one in each), _ZERO))


@define
class _Gathering:
    books: dict[str, BookRun]
    ledgers: dict[str, Ledger] = field(factory=dict)
    costs: TradeCosts = field(factory=TradeCosts)
    halts: list[Told] = field(factory=list)  # of the whole house

    def take(self, row: Row) -> None:
        entry = row.entry
        if not row.book or isinstance(entry, _QUIET):
            if isinstance(entry, e.Halted):
                self.halts.append(Told(row.at, f"{entry.breaker}: {entry.why}"))
            return
        book = self.books.get(row.book)
        if book is None:
            book = self.books[row.book] = BookRun(book=row.book)
        if isinstance(entry, e.Marked):
            book.marked = entry.equity
        else:
            self._take(book, row)

    def _take(self, book: BookRun, row: Row) -> None:
        match entry := row.entry:
            case Attributed():
                book.intervals.append(entry)
            case Decided():
                book.decisions.append((row.at, entry))
            case e.PlanNotPermitted() | e.PlanRefused():
                book.refusals += [_refused(row.at, entry.purpose, refusal) for refusal in entry.refusals]
            case OrderReport() if entry.standing is Standing.REJECTED:
                book.rejected[entry.order_ref] = Told(row.at, f"{entry.order_ref}: {entry.why or 'no reason given'}")
            case e.Halted():
                book.halts.append(Told(row.at, f"{entry.breaker}: {entry.why}"))
            case e.Ordered():
                self.costs.take(entry, row.at)
            case (
                Fill()
                | InferredFill()
                | Commission()
                | e.Delivered()
                | e.Lapsed()
                | e.Replaced()
                | e.Paid()
                | (e.TakenOver())
            ):
                self.costs.take(entry, row.at)
                ledger = self.ledgers.get(row.book, Ledger(row.book))
                self.ledgers[row.book] = booked(ledger, entry, row.at)
                if isinstance(entry, e.Delivered | e.Lapsed):
                    book.gone = _added((book.gone, Contracts(abs(entry.contracts))))

    def done(self) -> list[BookRun]:
        for order in self.costs.orders():
            self.books[order.intent.id.book].orders.append(order)
        for name, ledger in self.ledgers.items():
            _settle(self.books[name], ledger)
        for book in self.books.values():
            book.halts = sorted([*book.halts, *self.halts])
        return [book for _, book in sorted(self.books.items())]


def _refused(at: datetime, purpose: str, refusal: Refusal) -> Refused:
    return Refused(at, purpose, refusal.guard, refusal.why)


def _settle(book: BookRun, ledger: Ledger) -> None:
    """What the ledger says at the end: corrections are in it, and executions that were inferred."""
    book.cash = sum((amount.amount for amount in cash(ledger)), _ZERO)
    book.cash -= sum((amount.amount for amount in taken_over(ledger)), _ZERO)
    book.holds = bool(ledger.holdings)
    executed = [(fill, fill.quantity) for fill in ledger.fills.values()]
    inferred = [(each.fill, each.left) for each in ledger.inferences.values()]
    for fill, quantity in [*executed, *inferred]:
        if isinstance(fill.instrument, Option):
            part = Contracts(quantity, quantity * fill.price * fill.instrument.multiplier)
            if fill.side.sign > 0:
                book.bought = _added((book.bought, part))
            else:
                book.gone = _added((book.gone, part))


# -- days and weights of looks -----------------------------------------------------------------------------------------

_DAY_NS = 86_400_000_000_000
_LONGEST_GAP_S = 3_600.0  # what lasted longer was not watched


def shifted(at: Moments) -> Moments:
    """New York's own clock instead of UTC's. It is changed while no market is open, so that a day has one shift."""
    known, place = np.unique(at // _DAY_NS, return_inverse=True)
    noons = [datetime.fromtimestamp((int(day) + 0.5) * 86_400, NEW_YORK).utcoffset() for day in known]
    shifts = np.array([0 if noon is None else int(noon.total_seconds()) for noon in noons], dtype=np.int64)
    return at + shifts[place] * 1_000_000_000


def days_of(at: Moments) -> Moments:
    """New York's days since 1970."""
    return shifted(at) // _DAY_NS


def seconds_of(looks: Looks) -> Column:
    """How long each look held: until the next one of its day."""
    if not len(looks.at):
        return np.zeros(0)
    until_next = np.append(np.diff(looks.at) / 1e9, 0.0)
    same_day = np.append(np.diff(days_of(looks.at)) == 0, False)
    return np.where(same_day & (until_next <= _LONGEST_GAP_S), until_next, 0.0)


def by_day(intervals: Iterable[Attributed]) -> Mapping[date, list[Attributed]]:
    """An interval belongs to the day in which it ended."""
    found: dict[date, list[Attributed]] = {}
    for interval in intervals:
        found.setdefault(day_of(interval.until), []).append(interval)
    return found
