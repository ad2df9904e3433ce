"""The journal as others see it while the trader lives: no lock, no writing, only what is durable."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Connection

from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal import opening
from gamma_scalper.journal.chain import BEGINNING, Head, Line, Row, followed, read
from gamma_scalper.journal.failures import DATABASE_ERRORS, failed
from gamma_scalper.journal.tables import address, engine_of, lines, name_of
from gamma_scalper.kernel.clock import Clock


class JournalReader:
    """What the command line and the dashboard read."""

    @classmethod
    def open(cls, url: str) -> Self:
        """Raises `UserError` where there is no journal yet."""
        return cls(address(url))

    def __init__(self, url: URL) -> None:
        self.name = name_of(url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise UserError(f"there is no journal at {self.name}; a session of `uv run main.py` writes one")
        self._engine = engine_of(url, reads_only=True)

    @property
    def head(self) -> Head:
        """Number and hash of the last durable row."""
        with self._connected() as connection:
            return opening.head_of(self.name, connection)

    def rows(self, after: int = 0, book: str | None = None) -> Iterator[Row]:
        """In order, behind row `after`; of one book, or of all and the house, which then must fit the chain."""
        with self._connected() as connection:
            yield from read(
                self.name, self._followed(connection, after) if book is None else lines(connection, after, book)
            )

    def _followed(self, connection: Connection, after: int) -> Iterator[Line]:
        with connection.begin():
            head = opening.head_of(self.name, connection)
            since = (after, opening.row_hash(self.name, connection, after)) if after else BEGINNING
        return followed(self.name, lines(connection, after), head, since)

    async def follow(
        self, clock: Clock, after: int = 0, book: str | None = None, every_s: float = 0.5
    ) -> AsyncIterator[Row]:
        """The same, and then each row soon after it became durable, for ever."""
        while True:
            for row in self.rows(after, book):
                after = row.seq
                yield row
            await clock.sleep(every_s)

    def verify(self) -> Head:
        """The head, after every row of the chain was checked; raises `JournalFailed` at the first that doesn't fit."""
        with self._connected() as connection:
            return opening.check(self.name, connection).head

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DATABASE_ERRORS as error:
            raise failed(self.name, error) from error

    def close(self) -> None:
        self._engine.dispose()
