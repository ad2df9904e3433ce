"""Nothing is missing and nothing is there twice: rows, rows of a book, intents, commands."""

from collections import defaultdict
from datetime import datetime

from attrs import define, field

from gamma_scalper.audit.findings import Check, Findings
from gamma_scalper.domain.entries import CommandTaken, Ordered, RecordsRead
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.ports import OrderReport, Recap
from gamma_scalper.journal.chain import Row


@define
class Sequences:
    """What the next number of each kind has to be."""

    findings: Findings
    rows: int = 0
    of_books: defaultdict[str, int] = field(factory=lambda: defaultdict(int))
    ordered: defaultdict[str, int] = field(factory=lambda: defaultdict(int))  # book -> highest number ordered
    heard: defaultdict[str, int] = field(factory=lambda: defaultdict(int))  # book -> highest the broker has named
    commands: set[tuple[int, datetime | None]] = field(factory=set)

    def number(self, row: Row) -> None:
        """Of the row, whatever is in it."""
        self.rows += 1
        self.of_books[row.book] += 1
        self.findings.link(Check.SEQUENCE, 2)
        if row.seq != self.rows:
            self.findings.breaks(Check.SEQUENCE, row, "the rows' numbers have a gap", str(self.rows), str(row.seq))
            self.rows = row.seq
        if row.book_seq != self.of_books[row.book]:
            expected, found = str(self.of_books[row.book]), str(row.book_seq)
            whose = f"the numbers of {row.book or 'the house'}'s rows have a gap"
            self.findings.breaks(Check.SEQUENCE, row, whose, expected, found)
            self.of_books[row.book] = row.book_seq

    def order(self, row: Row, entry: Ordered) -> None:
        """Intents count from 1. A number goes unused only where the broker has an order of that name already."""
        for intent in entry.intents:
            ordered, number = self.ordered[row.book], intent.id.number
            allowed = {ordered + 1, max(ordered, self.heard[row.book]) + 1}
            if not self.findings.holds(
                Check.SEQUENCE,
                row,
                number in allowed and intent.id.book == row.book,
                "the numbers of intents have a gap",
                " or ".join(f"{row.book}/{each}" for each in sorted(allowed)),
                str(intent.id),
            ):
                number = max(number, ordered)
            self.ordered[row.book] = number

    def hear(self, row: Row, entry: OrderReport | Fill | Recap | RecordsRead) -> None:
        """Names of orders that the broker has on record."""
        if isinstance(entry, OrderReport):
            self._named(row.book, IntentId.parse(entry.order_ref))
        elif isinstance(entry, Fill):
            self._named(row.book, entry.intent)
        else:
            for report in entry.open_orders:
                self._named(row.book, IntentId.parse(report.order_ref))

    def _named(self, book: str, id: IntentId | None) -> None:
        if id is not None and id.book == book:
            self.heard[book] = max(self.heard[book], id.number)

    def command(self, row: Row, entry: CommandTaken) -> None:
        """One that was answered in an earlier life is not answered again."""
        asked = entry.number, entry.asked_at
        what = f"command {entry.number} ({entry.name}) was answered before"
        self.findings.holds(
            Check.SEQUENCE, row, asked not in self.commands, what, "one answer", "a second one"
        )  # fmt: skip
        self.commands.add(asked)
