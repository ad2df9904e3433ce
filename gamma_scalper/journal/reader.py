"""The journal as others see it while the trader lives: no lock, no writing, only what is durable."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self

from sqlalchemy import URL, select
from sqlalchemy.exc import DBAPIError

from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal import opening
from gamma_scalper.journal.chain import Head, Row, read
from gamma_scalper.journal.failures import JournalFailed, failed
from gamma_scalper.journal.tables import HEAD, address, engine_of, lines, name_of
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
        try:
            with self._engine.connect() as connection:
                kept = connection.execute(select(HEAD)).first()
        except DBAPIError as error:
            raise failed(self.name, error) from error
        if kept is None:
            raise JournalFailed(f"{self.name}: the row that says where the chain ends is missing")
        return kept.seq, kept.hash

    def rows(self, after: int = 0, book: str | None = None) -> Iterator[Row]:
        """In order, behind row `after`; of one book, or of all and the house."""
        try:
            with self._engine.connect() as connection:
                yield from read(self.name, lines(connection, after, book))
        except DBAPIError as error:
            raise failed(self.name, error) from error

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
        try:
            with self._engine.connect() as connection:
                return opening.check(self.name, connection).head
        except DBAPIError as error:
            raise failed(self.name, error) from error

    def close(self) -> None:
        self._engine.dispose()
