"""The journal as its one writer holds it: rows are sealed when they are appended, and durable when `flush` returns."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Self, TypeVar

from loguru import logger
from sqlalchemy import URL

from gamma_scalper.domain.entries import Entry
from gamma_scalper.journal import opening, snapshots
from gamma_scalper.journal.chain import Head, Line, Row, read, seal
from gamma_scalper.journal.codec import encode, moment_of
from gamma_scalper.journal.failures import DATABASE_ERRORS, JournalFailed, failed
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.tables import add, address, engine_of, lines, move_head, name_of
from gamma_scalper.journal.writer_lock import FileLock, lock_database
from gamma_scalper.kernel.clock import Clock

T = TypeVar("T")


class SqlJournal:
    """`domain.journal_ports.Journal` over any database SQLAlchemy knows.

    After the first failure every call raises it again: what could not be written down must not be traded on.
    """

    @classmethod
    def open(
        cls,
        url: str,
        *,
        lock: Path | None,
        clock: Clock,
        threaded: bool = True,
        parameters: JournalParameters = JournalParameters(),
    ) -> Self:
        """Take the lock, check the chain, and stand behind its last row. Without `threaded` a flush blocks the loop."""
        return cls(address(url), lock, clock, threaded, parameters)

    def __init__(
        self, url: URL, lock: Path | None, clock: Clock, threaded: bool, parameters: JournalParameters
    ) -> None:
        self.name = name_of(url)
        self._clock = clock
        self._parameters = parameters
        self._failure: JournalFailed | None = None
        self._open = True
        self._pending: deque[Line] = deque()
        self._appended = asyncio.Event()  # since `keep_flushing` wrote
        self._one_at_a_time = Lock()  # transactions; appending goes on meanwhile
        with ExitStack() as held:
            if lock is not None and url.get_backend_name() == "sqlite":
                held.callback(FileLock(lock, clock.now()).release)
            self._engine = engine_of(url, synchronous=parameters.synchronous, lock_wait_s=parameters.lock_wait_s)
            held.callback(self._engine.dispose)
            self._connection = self._guarded(lambda: held.enter_context(self._engine.connect()))
            if url.get_backend_name() == "postgresql":
                self._guarded(lambda: lock_database(self._connection))
            found = self._guarded(self._opened)
            self._durable: Head = found.head
            self._seq, self._hash = found.head
            self._book_seqs = dict(found.books)
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="journal") if threaded else None
            self._held = held.pop_all()

    def _opened(self) -> opening.Found:
        opening.prepare(self._connection)
        found = opening.check(self.name, self._connection, self._parameters.verify_rows)
        opening.try_writing(self._connection)
        return found

    # -- writing -------------------------------------------------------------------------------------------------------

    @property
    def head(self) -> Head:
        """Number and hash of the last durable row; whoever has noted it will see any change to what is before it."""
        return self._durable

    def append(self, book: str, entry: Entry, at: datetime) -> int:
        """Number and seal it; durable with the next flush."""
        self._check()
        kind, version, payload = encode(entry)
        seq, book_seq, moment = self._seq + 1, self._book_seqs.get(book, 0) + 1, moment_of(at)
        if book_seq == 1 and not book.isprintable():
            raise ValueError(f"{book!r} is no name of a book")
        hash = seal(self._hash, seq, book, book_seq, moment, kind, version, payload)
        self._pending.append(Line(seq, book, book_seq, moment, kind, version, payload.decode(), hash))
        self._seq, self._hash, self._book_seqs[book] = seq, hash, book_seq
        self._appended.set()
        if seq % self._parameters.flush_rows == 0:
            self._flush_soon()
        return seq

    async def flush(self) -> None:
        """Return once all that was appended before is durable, in one transaction with whatever else is pending."""
        self._check()
        if self._seq == self._durable[0]:
            return
        if self._pool is None:
            self.flush_now()
        else:
            await asyncio.get_running_loop().run_in_executor(self._pool, self.flush_now)

    def flush_now(self) -> None:
        """The same, for those who can't wait otherwise."""
        with self._one_at_a_time:
            self._check()
            batch = []
            while self._pending:  # `append` may add to it from another thread meanwhile
                batch.append(self._pending.popleft())
            if batch:
                self._guarded(lambda: self._commit(batch))
                self._durable = batch[-1].seq, batch[-1].hash

    async def keep_flushing(self) -> None:
        """Write what nobody waits for, for ever; while nothing is appended it rests."""
        while True:
            await self._appended.wait()
            await self._clock.sleep(self._parameters.flush_every_s)
            self._appended.clear()
            await self.flush()

    def close(self) -> None:
        """Write what is pending, say where the chain ends, and let go of the lock."""
        if not self._open:
            return
        try:
            if self._pool is not None:
                self._pool.shutdown()
            if self._failure is None:
                self.flush_now()
                logger.info("the journal {} ends at row {}, hash {}", self.name, *self._durable)
        finally:
            self._open = False
            self._held.close()

    def _commit(self, batch: list[Line]) -> None:
        seq, last = self._durable[0], batch[-1]
        if batch[0].seq != seq + 1:
            raise JournalFailed(f"{self.name}: the writing of row {seq + 1} was interrupted; start again")
        with self._connection.begin():
            if not move_head(self._connection, self._durable, (last.seq, last.hash)):
                raise JournalFailed(
                    f"{self.name}: another process has written behind row {seq}; only one may, so find out which"
                )
            add(self._connection, batch)

    def _flush_soon(self) -> None:
        if self._pool is None:
            self.flush_now()
        else:
            self._pool.submit(self.flush_now)  # should it fail, the next call raises that

    # -- reading -------------------------------------------------------------------------------------------------------

    def rows(self, after: int = 0, book: str | None = None) -> Iterator[Row]:
        """What is durable, in order, behind row `after`; of one book, or of all and the house."""
        try:
            with self._engine.connect() as connection:
                yield from read(self.name, lines(connection, after, book))
        except DATABASE_ERRORS as error:
            raise self._latched(failed(self.name, error)) from error

    def save_snapshot(self, name: str, payload: bytes, seq: int) -> None:
        """Keep the state that the rows up to `seq` fold to; they must be durable."""
        with self._one_at_a_time:
            self._check()
            if not 0 < seq <= self._durable[0]:
                raise ValueError(f"row {seq} is not durable, so no snapshot can stand on it")
            self._guarded(lambda: snapshots.save(self._connection, name, payload, seq))

    def snapshot(self, name: str) -> tuple[int, bytes] | None:
        """The row it stands on, and the state; None where there is none that fits this chain."""
        with self._one_at_a_time:
            self._check()
            return self._guarded(lambda: snapshots.load(self._connection, name))

    # -- failing -------------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not self._open:
            raise ValueError("the journal was closed")

    def _guarded(self, use: Callable[[], T]) -> T:
        """What the database can't do is the end of trading, and stays it."""
        try:
            return use()
        except DATABASE_ERRORS as error:
            raise self._latched(failed(self.name, error)) from error
        except JournalFailed as failure:
            raise self._latched(failure) from None

    def _latched(self, failure: JournalFailed) -> JournalFailed:
        self._failure = self._failure or failure
        return self._failure
