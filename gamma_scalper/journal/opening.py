"""What must be true of a journal before a row is added to it. What is wrong is not put right: it stops the start."""

from collections.abc import Mapping

from attrs import frozen
from sqlalchemy import Connection, func, insert, inspect, select, update

from gamma_scalper.journal import snapshots
from gamma_scalper.journal.chain import ADVICE, BEGINNING, Head, followed
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.tables import EVENTS, HEAD, SCHEMA, lines, tables


@frozen
class Found:
    """Where the journal stands: its last row, and the last number of each book."""

    head: Head
    books: Mapping[str, int]


def prepare(connection: Connection) -> None:
    """Make the tables where there are none at all."""
    with connection.begin():
        if not _there(connection):
            tables.create_all(connection)
            connection.execute(insert(HEAD).values(id=1, schema=SCHEMA, seq=BEGINNING[0], hash=BEGINNING[1]))


def check(name: str, connection: Connection, verify_rows: int | None = None) -> Found:
    """Its tables, its head, and its chain: the whole of it up to `verify_rows` rows."""
    with connection.begin():
        if missing := sorted(set(tables.tables) - _there(connection)):
            raise JournalFailed(f"{name}: the table {missing[0]} is missing; {ADVICE}")
        head = head_of(name, connection)
        _count(name, connection, head)
        whole = verify_rows is None or head[0] <= verify_rows
        since = (None if whole else snapshots.newest(connection)) or BEGINNING
        books = _books(connection)
    for _ in followed(name, lines(connection, since[0]), head, since):
        pass
    return Found(head, books)


def try_writing(connection: Connection) -> None:
    """A journal that can't be written is found out before there is anything to write."""
    with connection.begin():
        connection.execute(update(HEAD).values(schema=SCHEMA))


def _there(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) & set(tables.tables)


def head_of(name: str, connection: Connection) -> Head:
    """Where the chain ends, as it was noted with the last row."""
    kept = connection.execute(select(HEAD)).first()
    if kept is None:
        raise JournalFailed(f"{name}: the row that says where the chain ends is missing; {ADVICE}")
    if kept.schema != SCHEMA:
        raise JournalFailed(
            f"{name}: its tables are in version {kept.schema}, this program knows version {SCHEMA}; "
            "use the program that wrote it, or a new STATE_DIR"
        )
    if not isinstance(kept.seq, int):
        raise JournalFailed(f"{name}: the chain can't end at row {kept.seq!r}; {ADVICE}")
    return kept.seq, kept.hash


def row_hash(name: str, connection: Connection, seq: int) -> str:
    """What the row behind this one goes on from."""
    hash: str | None = connection.scalar(select(EVENTS.c.hash).where(EVENTS.c.seq == seq))
    if hash is None:
        raise JournalFailed(f"{name}: row {seq} is missing; {ADVICE}")
    return hash


def _count(name: str, connection: Connection, head: Head) -> None:
    count, first, last = connection.execute(select(func.count(), func.min(EVENTS.c.seq), func.max(EVENTS.c.seq))).one()
    if (first or 1, last or 0) != (1, head[0]) or count != head[0]:
        raise JournalFailed(f"{name}: {count} rows from {first} to {last}, and there should be {head[0]}; {ADVICE}")


def _books(connection: Connection) -> dict[str, int]:
    last = select(func.max(EVENTS.c.seq)).group_by(EVENTS.c.book)
    kept = connection.execute(select(EVENTS.c.book, EVENTS.c.book_seq).where(EVENTS.c.seq.in_(last)))
    return {row.book: row.book_seq for row in kept}
