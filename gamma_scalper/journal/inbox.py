"""Commands from other processes to the trader, in a database of their own; what came of each is said there too.

The trader copies every command into the chain (`CommandTaken`) before it answers, so the inbox itself proves nothing.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from loguru import logger
from sqlalchemy import URL, Column, Connection, Integer, MetaData, Row, Table, Text, insert, select, update

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.journal_ports import Command
from gamma_scalper.journal.codec import moment_of
from gamma_scalper.journal.failures import DATABASE_ERRORS, failed
from gamma_scalper.journal.tables import address, engine_of, name_of

T = TypeVar("T")

_tables = MetaData()

COMMANDS = Table(
    "command",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("book", Text),  # null: the house
    Column("argument", Text, nullable=False),
    Column("outcome", Text),  # null: not answered yet
    Column("answered_at", Text),
    sqlite_autoincrement=True,  # a number is never given twice
)


class Inbox:
    """`domain.journal_ports.Controls`, and where the command line and the dashboard put what they want.

    When it can't be read it raises `JournalFailed`: a trader that can't be told to stop must not go on.
    """

    @classmethod
    def open(cls, where: str | Path) -> Self:
        """By a file's path or a database URL; made where there is none."""
        return cls(URL.create("sqlite", database=str(where)) if isinstance(where, Path) else address(where))

    def __init__(self, url: URL) -> None:
        self._name = name_of(url)
        self._engine = engine_of(url)
        self._committed(_tables.create_all)
        self._empty_at: int | None = None  # the database's version when nothing waited in it
        self._watching = self._engine.raw_connection() if self._engine.name == "sqlite" else None

    def put(self, name: str, by: str, at: datetime, book: str | None = None, argument: str = "") -> int:
        """The command's number, by which its outcome is asked for."""
        _check(name, by, book, argument)
        row = {"name": name, "by": by, "at": moment_of(at), "book": book, "argument": argument}
        number: int = self._committed(
            lambda connection: connection.execute(
                insert(COMMANDS).values(row).returning(COMMANDS.c.number)
            ).scalar_one()
        )
        return number

    def pending(self) -> tuple[Command, ...]:
        """Those without an answer, oldest first; one that can't be read gets its answer here, and is not among them."""
        version = self._version()
        if version is not None and version == self._empty_at:
            return ()
        wanted = select(COMMANDS).where(COMMANDS.c.outcome.is_(None)).order_by(COMMANDS.c.number)
        found = self._committed(lambda connection: connection.execute(wanted).all())
        self._empty_at = None if found else version
        return tuple(self._readable(found))

    def _version(self) -> int | None:
        """Another one after each change by others: cheap to ask every second. None: this database has none."""
        if self._watching is None:
            return None
        try:
            cursor = self._watching.cursor()
            cursor.execute("pragma data_version")
            row = cursor.fetchone()
            return None if row is None else int(row[0])
        except (*DATABASE_ERRORS, sqlite3.Error) as error:
            raise failed(self._name, error) from error

    def _readable(self, rows: Iterable[Row[tuple[object, ...]]]) -> Iterator[Command]:
        for row in rows:
            try:
                yield _command(row)
            except (UserError, ValueError, TypeError) as error:
                said = f"it can't be read, and nothing was done: {error}"
                logger.warning("{}: command {}: {}", self._name, row.number, said)
                self._settle(row.number, said)

    def answer(self, number: int, outcome: str, at: datetime) -> None:
        """Say what came of it. The first answer stands: a trader that died after it says the same again."""
        self._settle(number, outcome, moment_of(at))

    def _settle(self, number: int, outcome: str, at: str | None = None) -> None:
        unanswered = update(COMMANDS).where(COMMANDS.c.number == number, COMMANDS.c.outcome.is_(None))
        self._committed(lambda connection: connection.execute(unanswered.values(outcome=outcome, answered_at=at)))

    def outcome(self, number: int) -> str | None:
        """What came of a command; None as long as nobody has answered."""
        wanted = select(COMMANDS.c.outcome).where(COMMANDS.c.number == number)
        found = self._committed(lambda connection: connection.execute(wanted).first())
        if found is None:
            raise UserError(f"the inbox holds no command {number}")
        said: str | None = found.outcome
        return said

    def close(self) -> None:
        if self._watching is not None:
            self._watching.close()
        self._engine.dispose()

    def _committed(self, use: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return use(connection)
        except DATABASE_ERRORS as error:
            raise failed(self._name, error) from error


def _check(name: object, by: object, book: object, argument: object) -> None:
    """All of it is copied into the chain and shown to people, so that each must be a line of text."""
    said = {"command": name, "name of who asks": by, "book": "all" if book is None else book, "argument": argument}
    for what, text in said.items():
        if not isinstance(text, str) or not text.isprintable() or not (text or what == "argument"):
            raise UserError(f"{text!r} is no {what}; a line of text is wanted")


def _command(row: Row[tuple[object, ...]]) -> Command:
    _check(row.name, row.by, row.book, row.argument)
    return Command(row.number, row.name, row.by, datetime.fromisoformat(row.at), row.book, row.argument)
