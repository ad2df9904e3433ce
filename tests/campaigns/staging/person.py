"""What a person does who keeps to the runbook: says what a difference was, lifts a halt once its cause is known."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from gamma_scalper.domain.entries import Difference, Halted, HaltLifted, Reconciled
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.journal.chain import Row

NAME = "ada"


class Word(NamedTuple):
    """As it is put into the inbox."""

    command: str
    argument: str
    book: str | None = None


class Person:
    """Reads the journal from time to time, and says each thing once."""

    def __init__(self, first_book: str) -> None:
        self._first_book = first_book
        self._differences: tuple[Difference, ...] = ()
        self._halts: dict[tuple[str, str], None] = {}
        self._said: set[Word] = set()
        self.read_to = 0  # the journal's row

    def has_news(self, path: Path) -> bool:
        """Something to be read that concerns people."""
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            kinds = ", ".join(f"'{kind.__name__}'" for kind in (Reconciled, Halted, HaltLifted))
            found = connection.execute(f"SELECT max(seq) FROM event WHERE kind IN ({kinds})").fetchone()
        return (found[0] or 0) > self.read_to

    def words(self, rows: Iterable[Row]) -> list[Word]:
        """What is to be said after these rows too."""
        for row in rows:
            self._read(row)
        said = [word for word in self._words() if word not in self._said]
        self._said.update(said)
        return said

    def _read(self, row: Row) -> None:
        self.read_to = row.seq
        match row.entry:
            case Reconciled(unexplained=unexplained):
                self._differences = unexplained
            case Halted(breaker=breaker):
                self._halts[row.book, breaker] = None
            case HaltLifted(breaker=breaker):
                self._halts.pop((row.book, breaker), None)
                self._said.discard(Word("lift", breaker, row.book or None))  # it may come again

    def _words(self) -> Iterator[Word]:
        for each in self._differences:
            yield Word("accept", f"{each.id} {_was(each, self._first_book)}")
        for book, breaker in self._halts:
            yield Word("lift", breaker, book or None)


def _was(difference: Difference, first_book: str) -> str:
    """One of its explanations; what was taken from the book's own; else something of the user's."""
    if difference.explanations:
        return "1"
    less = abs(difference.theirs) < abs(difference.ours) and isinstance(difference.instrument, Stock)
    return "manual" if difference.book and less else f"baseline:{first_book}"
