"""A journal that lives as long as the process: the rows of a run that is told of once it is over."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

from gamma_scalper.domain.entries import Entry
from gamma_scalper.journal.chain import BEGINNING, Row, seal
from gamma_scalper.journal.codec import encode, moment_of


class MemoryJournal:
    """`domain.journal_ports.Journal`. Rows are written and sealed when they are read, and not before."""

    def __init__(self) -> None:
        self._taken: list[tuple[str, Entry, datetime]] = []

    def append(self, book: str, entry: Entry, at: datetime) -> int:
        self._taken.append((book, entry, at))
        return len(self._taken)

    async def flush(self) -> None:
        """Nothing outlives a power cut here."""

    async def keep_flushing(self) -> None:
        await asyncio.Event().wait()

    def rows(self, after: int = 0) -> Iterator[Row]:
        """In order, behind row `after`: the very rows, hashes included, that a journal on a disk would hold."""
        hash, book_seqs = BEGINNING[1], dict[str, int]()
        for seq, (book, entry, at) in enumerate(self._taken, 1):
            book_seq = book_seqs[book] = book_seqs.get(book, 0) + 1
            kind, version, payload = encode(entry)
            hash = seal(hash, seq, book, book_seq, moment_of(at), kind, version, payload)
            if seq > after:
                yield Row(seq, book, book_seq, at, kind, version, entry, hash)
