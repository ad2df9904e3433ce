"""A real journal, played once, and how somebody would lie in it: rows changed, taken out, put in, and numbered anew."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quick import QUICK
from theatre import Street, Theatre, asked, book

from gamma_scalper.audit.findings import Break
from gamma_scalper.audit.verdict import Audit, Verdict
from gamma_scalper.commands.verify import gone_over
from gamma_scalper.journal.chain import BEGINNING, Row, seal
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import WallClock

_SCRIPT = ((0, 600.0), (0.5, 600.0), (1.5, 603.0), (2.5, 598.0))


@cache
def played() -> tuple[Row, ...]:
    """An entry as a combo, repriced; hedges; a restart; all of it flattened by a person, and marked afterwards."""
    with TemporaryDirectory() as folder:
        street, books = Street(script=_SCRIPT), {"spy": book("spy", *QUICK)}
        first = Theatre(Path(folder), street, books)
        first.play(2)
        street.script = ((0, 601.0), (0.4, 598.0))
        second = Theatre(Path(folder), street, books, start=first.engine.now, engine=first.engine)
        return tuple(second.play(1.2, (0.6, asked("flatten"))).rows)


def audited(rows: Sequence[Row]) -> Verdict:
    """As the command does it."""
    return gone_over(rows, Audit())


def first_broken(rows: Sequence[Row]) -> Break:
    first = audited(rows).findings.first
    assert first is not None, "nothing was found"
    return first


def find(rows: Sequence[Row], kind: type, number: int = 0, *, of: Callable[[Any], bool] = lambda entry: True) -> int:
    """Where the n-th row of a kind stands."""
    return [place for place, row in enumerate(rows) if isinstance(row.entry, kind) and of(row.entry)][number]


def changed(rows: Sequence[Row], place: int, entry: Any) -> list[Row]:
    told = list(rows)
    told[place] = told[place]._replace(entry=entry)
    return told


def without(rows: Sequence[Row], *places: int) -> list[Row]:
    """Taken out, and numbered anew, so that no gap is left."""
    return renumbered([row for place, row in enumerate(rows) if place not in places])


def put_in(rows: Sequence[Row], place: int, *entries: Any) -> list[Row]:
    """Behind the row there, at its moment and in its book."""
    after = rows[place]
    new = [after._replace(kind=type(entry).__name__, entry=entry) for entry in entries]
    return renumbered([*rows[: place + 1], *new, *rows[place + 1 :]])


def renumbered(rows: Sequence[Row]) -> list[Row]:
    counts: Counter[str] = Counter()
    told = []
    for seq, row in enumerate(rows, 1):
        counts[row.book] += 1
        told.append(row._replace(seq=seq, book_seq=counts[row.book]))
    return told


def write(state: Path, rows: Iterable[Row]) -> Path:
    """With a chain of its own: whoever lies well seals it anew."""
    path = state / "paper" / "journal.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = SqlJournal.open(
        f"sqlite:///{path}", lock=None, clock=WallClock(), threaded=False,
        parameters=JournalParameters(synchronous="off"),
    )  # fmt: skip
    for row in rows:
        opened.append(row.book, row.entry, row.at)
    opened.flush_now()
    opened.close()
    return path


def reseal(path: Path) -> None:
    """Every hash made anew, whatever the columns hold now."""
    with closing(sqlite3.connect(path)) as connection, connection:
        seq, hash = BEGINNING
        for line in connection.execute("select * from event order by seq").fetchall():
            seq, hash = line[0], seal(hash, *line[:6], str(line[6]).encode())
            connection.execute("update event set hash = ? where seq = ?", (hash, seq))
        connection.execute("update head set seq = ?, hash = ?", (seq, hash))
