"""Commands from other processes to the trader, in a database of their own; what came of each is said there too.

The trader copies every command into the chain (`CommandTaken`) before it answers, so the inbox itself proves nothing.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import URL, Column, Connection, Integer, MetaData, Row, Table, Text, insert, select, update
from sqlalchemy.exc import DBAPIError

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.ports import Command
from gamma_scalper.journal.codec import moment_of
from gamma_scalper.journal.failures import failed
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
    """`domain.ports.Controls`, and where the command line and the dashboard put what they want.

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

    def put(self, name: str, by: str, at: datetime, book: str | None = None, argument: str = "") -> int:
        """The command's number, by which its outcome is asked for."""
        for what, said in (("command", name), ("name of who asks", by)):
            if not said or not said.isprintable():
                raise UserError(f"{said!r} is no {what}; a line of text is wanted")
        row = {"name": name, "by": by, "at": moment_of(at), "book": book, "argument": argument}
        number: int = self._committed(
            lambda connection: connection.execute(
                insert(COMMANDS).values(row).returning(COMMANDS.c.number)
            ).scalar_one()
        )
        return number

    def pending(self) -> tuple[Command, ...]:
        """Those without an answer, oldest first."""
        wanted = select(COMMANDS).where(COMMANDS.c.outcome.is_(None)).order_by(COMMANDS.c.number)
        return tuple(self._committed(lambda connection: [_command(row) for row in connection.execute(wanted)]))

    def answer(self, number: int, outcome: str, at: datetime) -> None:
        """Say what came of it. The first answer stands: a trader that died after it says the same again."""
        unanswered = update(COMMANDS).where(COMMANDS.c.number == number, COMMANDS.c.outcome.is_(None))
        self._committed(
            lambda connection: connection.execute(unanswered.values(outcome=outcome, answered_at=moment_of(at)))
        )

    def outcome(self, number: int) -> str | None:
        """What came of a command; None as long as nobody has answered."""
        wanted = select(COMMANDS.c.outcome).where(COMMANDS.c.number == number)
        found = self._committed(lambda connection: connection.execute(wanted).first())
        if found is None:
            raise UserError(f"the inbox holds no command {number}")
        said: str | None = found.outcome
        return said

    def close(self) -> None:
        self._engine.dispose()

    def _committed(self, use: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return use(connection)
        except DBAPIError as error:
            raise failed(self._name, error) from error


def _command(row: Row[tuple[object, ...]]) -> Command:
    return Command(row.number, row.name, row.by, datetime.fromisoformat(row.at), row.book, row.argument)
