"""The audit of a whole journal, row by row, and what it came to."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from attrs import define, frozen

from gamma_scalper.audit.causes import Causes
from gamma_scalper.audit.executions import Executions
from gamma_scalper.audit.findings import Break, Check, Findings
from gamma_scalper.audit.moments import Moments
from gamma_scalper.audit.permits import Permits
from gamma_scalper.audit.plain_sums import PlainSums
from gamma_scalper.audit.quote_ages import QuoteAges
from gamma_scalper.audit.sequences import Sequences
from gamma_scalper.audit.sessions import Sessions
from gamma_scalper.domain import entries as e
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.ports import Altered, LinkReport, OrderReport, Recap
from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.journal.chain import Row
from gamma_scalper.portfolio.ledger import Ledger

_Handler = Callable[[Row, Any], None]
_Table = Iterable[tuple[_Handler, tuple[type, ...]]]  # what is done with which kinds of entries


@frozen(kw_only=True)
class Verdict:
    """What a person and a machine are told."""

    rows: int
    findings: Findings
    told: Mapping[str, int]  # what is no break, and should be known
    doubts: tuple[str, ...]  # orders whose fills were not all told by the journal's end

    @property
    def ok(self) -> bool:
        return self.findings.first is None


@define(init=False)
class Audit:
    """Fed every row of a journal from its first on; memory grows with orders and executions, not with rows."""

    findings: Findings
    rows: int
    seen: set[str]  # books that have rows
    _last: Row | None
    _books: Collection[str] | None
    _sequences: Sequences
    _sessions: Sessions
    _moments: Moments
    _permits: Permits
    _executions: Executions
    _sums: PlainSums
    _of_all: Mapping[type, tuple[_Handler, ...]]  # whoever's rows they are
    _of_books: Mapping[type, tuple[_Handler, ...]]  # of the books that were asked for

    def __init__(self, books: Collection[str] | None = None, ages: QuoteAges = QuoteAges()) -> None:
        """`books`: whose links are gone over, None for all; chain, numbers and sessions are the journal's anyway."""
        found = self.findings = Findings()
        self.rows, self.seen, self._last, self._books = 0, set(), None, books
        self._sequences, self._sessions = Sequences(found), Sessions(found)
        self._executions, self._sums, self._moments = Executions(found), PlainSums(found), Moments(found)
        self._permits = Permits(found, self._sums)
        self._of_all = _by_kind(_of_all(self._sequences, self._sessions, self._executions, self._permits))
        causes = Causes(found, ages, self._sums)
        self._of_books = _by_kind(_of_books(causes, self._permits, self._executions, self._sums))

    def followed(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, each seen by the audit before whoever asked for it."""
        for row in rows:
            self.see(row)
            yield row

    def see(self, row: Row) -> None:
        self.rows += 1
        self._last = row
        self.findings.link(Check.CHAIN)  # whoever read it has compared the hash
        self._sequences.number(row)
        self._moments.follow(row)
        kind = type(row.entry)
        for handle in self._of_all.get(kind, ()):
            handle(row, row.entry)
        if not row.book:
            if isinstance(row.entry, Fill):
                self._executions.stranger(row, row.entry)
            return
        self.seen.add(row.book)
        if self._books is None or row.book in self._books:
            for handle in self._of_books.get(kind, ()):
                handle(row, row.entry)

    def broken_off(self, check: Check, row: int, what: str, found: str) -> None:
        """The journal can't be read or followed beyond that row."""
        expected = "a row that follows from those before it"
        self.findings.add(Break(check=check, row=row, at=None, book="", what=what, expected=expected, found=found))

    def verdict(self, ledgers: Mapping[str, Ledger] | None) -> Verdict:
        """`ledgers` are those of the recovery, by book; None where it did not get through."""
        if ledgers is not None and self._last is not None:
            wanted = {name: each for name, each in ledgers.items() if self._books is None or name in self._books}
            self._sums.compare(self._last, wanted)
        executions, sessions = self._executions, self._sessions
        doubts = () if self._last is None else tuple(executions.doubts(self._last.at))
        told = {
            "sessions": sessions.began,
            "deaths": sessions.deaths,
            "orders": sum(self._sequences.ordered.values()),
            "inferred fills": executions.inferred,
            "corrections": executions.corrections,
            "executions without a bill": executions.unbilled,
            "executions of strangers": len(executions.strangers),
        }
        return Verdict(rows=self.rows, findings=self.findings, told=told, doubts=doubts)


def _of_all(sequences: Sequences, sessions: Sessions, executions: Executions, permits: Permits) -> _Table:
    return (
        (sequences.order, (e.Ordered,)),
        (sequences.hear, (OrderReport, Fill, Recap, e.RecordsRead)),
        (sequences.command, (e.CommandTaken,)),
        (sessions.begin, (e.SessionBegan,)),
        (sessions.end, (e.SessionEnded,)),
        (sessions.restart, (e.Restarted,)),
        (sessions.trade, (e.Ordered, e.Dispatched, e.AmendAsked)),
        (executions.begin, (e.SessionBegan,)),
        (permits.begin, (e.SessionBegan,)),
        (permits.connect, (LinkReport,)),
        (permits.change, (e.ModeChanged,)),
        (permits.pause, (e.Paused,)),
        (permits.unpause, (e.Unpaused,)),
        (permits.halt, (e.Halted,)),
        (permits.lift, (e.HaltLifted,)),
    )


def _of_books(causes: Causes, permits: Permits, executions: Executions, sums: PlainSums) -> _Table:
    return (
        (causes.decide, (Decided,)),
        (causes.restart, (e.Restarted,)),
        (causes.flatten, (e.FlattenAsked,)),
        (causes.keep, (e.FlattenStopped,)),
        (causes.look, (e.Looked,)),
        (causes.order, (e.Ordered,)),
        (causes.amend, (e.AmendAsked,)),
        (permits.order, (e.Ordered,)),
        (permits.dispatch, (e.Dispatched,)),
        (executions.order, (e.Ordered,)),
        (executions.restart, (e.Restarted,)),
        (executions.dispatch, (e.Dispatched,)),
        (executions.keep_back, (e.NotSent,)),
        (executions.amend, (e.AmendAsked,)),
        (executions.report, (OrderReport,)),
        (executions.alter, (Altered,)),
        (executions.read, (e.RecordsRead,)),
        (executions.halt, (e.Halted,)),
        (executions.fill, (Fill,)),
        (executions.infer, (InferredFill,)),
        (executions.bill, (Commission,)),
        (sums.fill, (Fill,)),
        (sums.infer, (InferredFill,)),
        (sums.bill, (Commission,)),
        (sums.happen, (e.Delivered, e.Lapsed, e.Replaced, e.Paid, e.TakenOver)),
        (sums.close, (e.BooksClosed,)),
        (sums.mark, (e.Marked,)),
    )


def _by_kind(handlers: _Table) -> Mapping[type, tuple[_Handler, ...]]:
    table: dict[type, tuple[_Handler, ...]] = {}
    for handler, kinds in handlers:
        for kind in kinds:
            table[kind] = (*table.get(kind, ()), handler)
    return table
