"""The database: three tables, and how it is opened so that a commit survives a power cut."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError

from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal.chain import Line
from gamma_scalper.journal.failures import DATABASE_ERRORS

SCHEMA = 1
_CHUNK = 10_000  # rows read at once
_AT_ONCE = 100  # rows written by one statement

tables = MetaData()
_number = BigInteger().with_variant(Integer, "sqlite")

EVENTS = Table(
    "event",
    tables,
    Column("seq", _number, primary_key=True, autoincrement=False),
    Column("book", Text, nullable=False),
    Column("book_seq", _number, nullable=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("event_of_book", "book", "seq"),
)

# One row: where the chain ends. Written in the transaction that writes the rows.
HEAD = Table(
    "head",
    tables,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("schema", Integer, nullable=False),
    Column("seq", _number, nullable=False),
    Column("hash", Text, nullable=False),
)

SNAPSHOTS = Table(
    "snapshot",
    tables,
    Column("name", Text, primary_key=True),
    Column("seq", _number, nullable=False),
    Column("hash", Text, nullable=False),  # of the row with this number
    Column("digest", Text, nullable=False),  # of the payload
    Column("payload", LargeBinary, nullable=False),
)


# What a URL may begin with -> the driver that comes with the program.
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def address(url: str) -> URL:
    """The URL, read; SQLite means a file, PostgreSQL means psycopg."""
    try:
        read = make_url(url)
    except (ArgumentError, ValueError) as error:  # the second is of a port that is no number
        raise _not_known() from error
    if read.drivername not in _DRIVERS:
        raise _not_known()
    read = read.set(drivername=_DRIVERS[read.drivername])
    if read.get_backend_name() == "sqlite" and not _is_a_file(read):
        raise _not_known("SQLite wants the path of a file and nothing beside it; what is in memory is lost")
    return read


def _is_a_file(url: URL) -> bool:
    """A path and nothing beside it: a server's name, an option or a `file:` may mean a database in memory."""
    path = url.database or ""
    only_a_path = url == URL.create(url.drivername, database=url.database)
    return only_a_path and path not in ("", ":memory:") and not path.startswith("file:")


def _not_known(why: str = "it is no database URL this program knows") -> UserError:
    return UserError(f"JOURNAL_URL: {why}; allowed are sqlite:////path/journal.db and postgresql://user@host/database")


def name_of(url: URL) -> str:
    """What a person is told it is called; never a password, which may stand among the options too."""
    if url.get_backend_name() == "sqlite":
        return url.database or "journal"
    return url.set(query={}).render_as_string(hide_password=True)


def engine_of(url: URL, *, synchronous: str = "FULL", lock_wait_s: float = 5.0, reads_only: bool = False) -> Engine:
    """The waiting for a lock is done by the database itself, up to `lock_wait_s`, on whichever loop we are."""
    if url.get_backend_name() == "sqlite":
        # The driver's own transactions would leave the making of tables out; these are ours, from begin to commit.
        arguments: dict[str, Any] = {"timeout": lock_wait_s, "check_same_thread": False, "isolation_level": None}
        made = create_engine(url, connect_args=arguments)
        pragmas = ["query_only = ON"] if reads_only else _durable(synchronous)
        event.listen(made, "connect", lambda connection, _: _set(connection, pragmas))
        event.listen(made, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return made
    settings = f"-c lock_timeout={round(1000 * lock_wait_s)} -c application_name=gamma_scalper"
    if reads_only:
        settings += " -c default_transaction_read_only=on"
    return create_engine(url, connect_args={"options": settings})


def lines(connection: Connection, after: int = 0, book: str | None = None) -> Iterator[Line]:
    """The rows behind `after` in order, a chunk at a time, so that no reader keeps the writer from tidying up."""
    wanted, many = select(EVENTS).order_by(EVENTS.c.seq), _CHUNK
    if book is not None:
        wanted = wanted.where(EVENTS.c.book == book)
    while True:
        try:
            with connection.begin():
                chunk = connection.execute(wanted.where(EVENTS.c.seq > after).limit(many)).all()
        except DATABASE_ERRORS:
            if many == 1:
                raise
            many = 1  # what stands before the row that can't be read is told first
            continue
        yield from (Line._make(row) for row in chunk)
        if len(chunk) < many:
            return
        after = chunk[-1].seq


def move_head(connection: Connection, before: tuple[int, str], after: tuple[int, str]) -> bool:
    """Whether it stood where it was thought to. Straight to the driver: it is done with every commit."""
    place = _place(connection)
    moving = f"update head set seq = {place}, hash = {place} where seq = {place} and hash = {place}"
    return connection.exec_driver_sql(moving, (*after, *before)).rowcount == 1


def add(connection: Connection, batch: Sequence[Line]) -> None:
    """Many rows to a statement, straight to the driver: three times as fast as row by row and by name."""
    place = _place(connection)
    for begin in range(0, len(batch), _AT_ONCE):
        some = batch[begin : begin + _AT_ONCE]
        row = f"({', '.join([place] * len(Line._fields))})"
        connection.exec_driver_sql(f"insert into event values {', '.join([row] * len(some))}", (*chain(*some),))


def _place(connection: Connection) -> str:
    """Where a value goes in a statement, as the driver writes it."""
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def _durable(synchronous: str) -> list[str]:
    return ["journal_mode = WAL", f"synchronous = {synchronous}", "fullfsync = ON"]  # the last means macOS


def _set(connection: Any, pragmas: list[str]) -> None:
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}").close()
