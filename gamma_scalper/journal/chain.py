"""Rows as they stand in the database, each sealed with the hash of the row before it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.entries import Entry
from gamma_scalper.journal.codec import decode
from gamma_scalper.journal.failures import JournalFailed

Head = tuple[int, str]  # the sequence number and the hash of a row
BEGINNING: Head = 0, "0" * 64


class Line(NamedTuple):
    """One row, as text."""

    seq: int
    book: str  # empty: the house
    book_seq: int
    at: str
    kind: str
    version: int
    payload: str
    hash: str


class Row(NamedTuple):
    """One row, read."""

    seq: int
    book: str
    book_seq: int
    at: datetime
    kind: str
    version: int
    entry: Entry
    hash: str


def seal(before: str, seq: int, book: str, book_seq: int, at: str, kind: str, version: int, payload: bytes) -> str:
    """The hash of a row: over the hash before it and every column, so that none can be changed, moved or taken out."""
    columns = f"{before}\n{seq}\n{book}\n{book_seq}\n{at}\n{kind}\n{version}\n"
    return sha256(columns.encode() + payload).hexdigest()


def followed(name: str, lines: Iterable[Line], head: Head, since: Head = BEGINNING) -> Iterator[Line]:
    """The same lines while they fit the chain that goes on from `since`; it must reach `head`, and may go beyond.

    Raises `JournalFailed` at the first that doesn't fit, or at the end.
    """
    seq, hash = reached = since
    for line in lines:
        if line.seq != seq + 1:
            raise JournalFailed(f"{name}: row {seq + 1} is missing; {ADVICE}")
        payload = str(line.payload)  # a damaged one may be bytes, or nothing
        hash = seal(hash, *line[:6], payload.encode())
        if line.hash != hash:
            raise JournalFailed(f"{name}: row {line.seq} is not what was written ({line.kind}, {line.at}); {ADVICE}")
        seq = line.seq
        if seq <= head[0]:
            reached = seq, hash
        yield line
    if reached != head:
        raise JournalFailed(
            f"{name}: the chain's end at row {reached[0]} is not the one noted for row {head[0]}; {ADVICE}"
        )


def read(name: str, lines: Iterable[Line]) -> Iterator[Row]:
    """The rows with their entries; raises `JournalFailed` at one that can't be read."""
    for line in lines:
        try:
            entry = decode(line.kind, line.version, line.payload)
            at = utc(datetime.fromisoformat(line.at))
            if type(line.book) is not str or type(line.book_seq) is not int:  # SQLite keeps anything in any column
                raise TypeError(f"row {line.book_seq!r} of {line.book!r}")
        except (ValueError, TypeError) as error:  # `Unreadable`, or a cell of another type or form
            raise JournalFailed(f"{name}: row {line.seq} can't be read: {error}; {ADVICE}") from error
        yield Row(line.seq, line.book, line.book_seq, at, line.kind, line.version, entry, line.hash)


ADVICE = "keep the file as it is, and go on from a copy or from a new STATE_DIR"
