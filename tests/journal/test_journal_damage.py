"""Whatever is wrong with the journal ends trading with exit code 5 and one line; nothing is put right or cut off."""

import resource
import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from every_kind import NOON, SAMPLES
from journals import FixedClock, busy, fails, journal, stays_failed
from sqlalchemy import make_url

from gamma_scalper.domain.entries import Elapsed
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.journal.store import SqlJournal


def kept(path):
    """A closed journal of 120 rows with every kind of row in it."""
    with journal(f"sqlite:///{path}") as opened:
        for number in range(120):
            sample = SAMPLES[number % len(SAMPLES)]
            opened.append(("spy", "nvda", "")[number % 3], sample, NOON + timedelta(seconds=number))
        opened.flush_now()
        return list(opened.rows())


# -- while it is written -----------------------------------------------------------------------------------------------


def test_a_full_disk_stops_trading_and_keeps_what_was_durable(sqlite_url):
    with journal(sqlite_url) as opened:
        busy(opened)
        opened._connection.exec_driver_sql("PRAGMA max_page_count = 12")
        opened._connection.rollback()
        with fails("the disk is full; make room"):
            busy(opened, 100)
        durable = opened.head
        stays_failed(opened, "the disk is full")
    with journal(sqlite_url) as opened:
        assert opened.head == durable


def test_a_disk_that_refuses_a_write_stops_trading(sqlite_url, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with journal(sqlite_url) as opened:
        busy(opened)
        room = (tmp_path / "journal.db-wal").stat().st_size + 10_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            with fails("the disk"):
                busy(opened, 50)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        durable = opened.head
        stays_failed(opened, "the disk")
    with journal(sqlite_url) as opened:
        assert opened.head == durable


def test_a_journal_that_may_only_be_read_is_refused_at_the_start(tmp_path):
    kept(tmp_path / "journal.db")
    with fails("it may only be read"):
        SqlJournal(
            make_url(f"sqlite:///file:{tmp_path}/journal.db?mode=ro&uri=true"),
            lock=None,
            clock=FixedClock(),
            threaded=False,
            parameters=JournalParameters(),
        )


def test_a_journal_that_became_read_only_stops_trading(sqlite_url):
    with journal(sqlite_url) as opened:
        opened._connection.exec_driver_sql("PRAGMA query_only = ON")
        opened._connection.rollback()
        opened.append("spy", Elapsed(), NOON)
        with fails("it may only be read"):
            opened.flush_now()
        stays_failed(opened, "it may only be read")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with fails(f"{tmp_path}/none/journal.db: it can't be opened"):
        SqlJournal.open(f"sqlite:///{tmp_path}/none/journal.db", lock=None, clock=FixedClock())


def test_a_lock_that_lasts_stops_trading_after_the_deadline(sqlite_url, tmp_path):
    with journal(sqlite_url, lock_wait_s=0.05) as opened, closing(sqlite3.connect(tmp_path / "journal.db")) as other:
        other.execute("begin immediate")
        opened.append("spy", Elapsed(), NOON)
        with fails("another process keeps it locked"):
            opened.flush_now()
        other.rollback()
        stays_failed(opened, "another process keeps it locked")


def test_a_lock_that_ends_in_time_is_waited_for(sqlite_url, tmp_path):
    with journal(sqlite_url, lock_wait_s=30) as opened, closing(sqlite3.connect(tmp_path / "journal.db")) as other:
        other.execute("begin immediate")
        opened.append("spy", Elapsed(), NOON)
        flushing = threading.Thread(target=opened.flush_now)
        flushing.start()
        flushing.join(0.02)
        assert flushing.is_alive() and opened.head[0] == 0
        other.rollback()
        flushing.join()
        assert opened.head[0] == 1


def test_a_failure_in_the_background_is_raised_by_the_next_call(sqlite_url, tmp_path):
    with (
        journal(sqlite_url, lock_wait_s=0, flush_rows=1, threaded=True) as opened,
        closing(sqlite3.connect(tmp_path / "journal.db")) as other,
    ):
        other.execute("begin immediate")
        opened.append("spy", Elapsed(), NOON)
        opened._pool.submit(int).result()  # behind the write
        other.rollback()
        stays_failed(opened, "another process keeps it locked")


def test_an_interrupted_write_never_leaves_a_gap(sqlite_url):
    with journal(sqlite_url) as opened:
        busy(opened)
        durable, commit = opened.head, opened._commit

        def interrupted(batch):
            raise KeyboardInterrupt

        opened._commit = interrupted
        opened.append("spy", Elapsed(), NOON)
        with pytest.raises(KeyboardInterrupt):
            opened.flush_now()
        opened._commit = commit
        opened.append("spy", Elapsed(), NOON)
        with fails("was interrupted"):
            opened.flush_now()
        stays_failed(opened, "was interrupted")
    with journal(sqlite_url) as opened:
        assert opened.head == durable


# -- a second writer ---------------------------------------------------------------------------------------------------


def test_a_second_writer_that_got_past_the_lock_stops_at_its_first_write(sqlite_url):
    with journal(sqlite_url) as first, journal(sqlite_url) as second:
        second.append("spy", Elapsed(), NOON)
        busy(first)
        noted = first.head
        with fails("another process has written behind row 0"):
            second.flush_now()
        stays_failed(second, "another process has written")
        busy(first)
    with journal(sqlite_url) as opened:
        assert opened.head[0] == 2 * noted[0]


# -- what is found at the start ----------------------------------------------------------------------------------------

CHANGES = {
    "a payload": (
        "update event set payload = replace(payload, '599.97', '599.98') where kind = 'Fill'",
        r"is not what was written \(Fill",
    ),
    "a moment": ("update event set at = replace(at, '17:00:30', '17:00:31')", "row 31 is not what was written"),
    "a book": ("update event set book = 'tsla' where seq = 4", "row 4 is not"),
    "a book's number": ("update event set book_seq = 99 where seq = 4", "row 4 is not"),
    "a kind": ("update event set kind = 'Restarted' where seq = 9", "row 9 is not"),
    "a version": ("update event set version = 2 where seq = 9", "row 9 is not"),
    "a payload that is no text": ("update event set payload = cast(payload as blob) where seq = 9", "row 9 is not"),
    "a hash": ("update event set hash = replace(hash, 'a', 'b') where seq = 5", "row 5 is not"),
    "two rows the other way round": (
        "update event set seq = case seq when 3 then -4 when 4 then -3 end where seq in (3, 4);"
        "update event set seq = -seq where seq < 0",
        "row 3 is not",
    ),
    "a row gone in the middle": ("delete from event where seq = 17", "there should be 120"),
    "a row gone in the middle, and the rest moved up": (
        "delete from event where seq = 17; update event set seq = seq - 1 where seq > 17;update head set seq = seq - 1",
        "row 17 is not",
    ),
    "the first row gone": ("delete from event where seq = 1", "119 rows from 2 to 120"),
    "the last row gone": ("delete from event where seq = 120", "there should be 120"),
    "a row twice": (
        "insert into event select 121, book, book_seq, at, kind, version, payload, hash from event where seq = 120",
        "there should be 120",
    ),
    "a row twice, and counted": (
        "insert into event select 121, book, book_seq, at, kind, version, payload, hash from event where seq = 120;"
        "update head set seq = 121",
        "row 121 is not",
    ),
    "everything gone": ("delete from event", "0 rows from None to None, and there should be 120"),
    "the head's number": ("update head set seq = 'x'", "the chain can't end at row 'x'"),
    "the head's hash": (
        "update head set hash = replace(hash, 'a', 'b')",
        "the chain's end at row 120 is not the one noted for row 120",
    ),
    "the head": ("delete from head", "the row that says where the chain ends is missing"),
    "the head's table": ("drop table head", "the table head is missing"),
    "the rows' table": ("drop table event", "the table event is missing"),
    "the snapshots' table": ("drop table snapshot", "the table snapshot is missing"),
    "a newer program's tables": ("update head set schema = 2", "in version 2, this program knows version 1"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "journal.db"
    kept(path)
    return path


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_by_hand_is_found_and_left_as_it_is(sound, tmp_path, what):
    change, said = CHANGES[what]
    path = shutil.copy(sound, tmp_path / "journal.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(change)
    changed = path.read_bytes()
    with fails(said):
        SqlJournal.open(f"sqlite:///{path}", lock=None, clock=FixedClock())
    assert path.read_bytes() == changed


def test_a_damaged_page_is_never_read_as_something_else(sound, tmp_path):
    """Each page in turn is overwritten: the journal is refused, or holds what it held."""
    whole, rows = sound.read_bytes(), kept(tmp_path / "like.db")
    size, noticed = 4096, 0
    for page in range(len(whole) // size):
        path = tmp_path / f"{page}.db"
        path.write_bytes(whole[: page * size] + b"\xa5" * size + whole[(page + 1) * size :])
        try:
            with journal(f"sqlite:///{path}") as opened:
                assert list(opened.rows()) == rows
                opened.append("spy", Elapsed(), NOON)
        except JournalFailed as failure:
            assert failure.exit_code == 5
            noticed += 1
    assert noticed >= len(whole) // size - 2  # but the pages of the snapshots, of which there are none


@pytest.mark.parametrize(
    "change", ["at = '2026-01%05T17:00:00+00:00'", "at = x'00'", "version = 'abc'", "payload = x'ff'", "kind = x'00'"]
)
def test_a_damaged_cell_of_one_book_is_named(sound, tmp_path, change):
    """Nothing but the row itself tells, since the rows of one book alone make no chain."""
    path = shutil.copy(sound, tmp_path / "journal.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"update event set {change} where seq = 4")
        connection.commit()
    reader = JournalReader.open(f"sqlite:///{path}")
    with fails("row 4 can't be read"):
        list(reader.rows(book="spy"))
    reader.close()


def test_a_damaged_name_of_a_table_is_damage_too(sound, tmp_path):
    """SQLite keeps it in the file's first page, and its complaint names the table with whatever bytes are there."""
    path = tmp_path / "journal.db"
    damaged = (
        sound.read_bytes().replace(b"tableeventevent", b"table\x93ventevent").replace(b"TABLE event", b"TABLE(event")
    )
    path.write_bytes(damaged)
    for use in (
        lambda: SqlJournal.open(f"sqlite:///{path}", lock=None, clock=FixedClock()),
        lambda: list(JournalReader.open(f"sqlite:///{path}").rows()),
    ):
        with fails(str(path)):
            use()


@pytest.mark.parametrize("content", [b"x" * 10_000, b"SQLite format 3\x00" + b"\xff" * 4080])
def test_a_file_that_is_no_journal_is_refused(tmp_path, content):
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with fails("no journal, or its beginning is damaged"):
        SqlJournal.open(f"sqlite:///{path}", lock=None, clock=FixedClock())
    assert path.read_bytes() == content


def test_a_row_that_fits_the_chain_and_can_not_be_read_is_named(sqlite_url, monkeypatch):
    monkeypatch.setattr("gamma_scalper.journal.store.encode", lambda entry: ("Elapsed", 1, b'{"odd":1}'))
    with journal(sqlite_url) as opened:
        opened.append("spy", Elapsed(), NOON)
        opened.flush_now()
        with fails("row 1 can't be read: Elapsed in version 1"):
            list(opened.rows())


# -- a power cut -------------------------------------------------------------------------------------------------------


def test_a_torn_write_comes_back_to_the_last_commit_before_it(tmp_path):
    """The write-ahead log is cut at every few bytes: what is left is always a state that was once durable."""
    with journal(f"sqlite:///{tmp_path}/journal.db") as opened:
        heads = [opened.head]
        for sample in SAMPLES[:20]:
            opened.append("spy", sample, NOON)
            opened.append("spy", Elapsed(), NOON)
            opened.flush_now()
            heads.append(opened.head)
        base, log = ((tmp_path / name).read_bytes() for name in ("journal.db", "journal.db-wal"))
    seen = []
    for cut in range(0, len(log) + 1, max(1, len(log) // 15)):
        path = Path(tmp_path / f"cut{cut}.db")
        path.write_bytes(base)
        path.with_name(path.name + "-wal").write_bytes(log[:cut])
        with journal(f"sqlite:///{path}") as left:
            seen.append(heads.index(left.head))
            assert sum(1 for _ in left.rows()) == left.head[0]
    assert seen == sorted(seen)
    assert seen[0] == 0 and seen[-1] >= len(heads) - 2


def test_a_torn_and_garbled_write_is_not_taken_for_a_commit(tmp_path):
    with journal(f"sqlite:///{tmp_path}/journal.db") as opened:
        busy(opened)
        before = opened.head
        room = (tmp_path / "journal.db-wal").stat().st_size
        busy(opened)
        base, log = ((tmp_path / name).read_bytes() for name in ("journal.db", "journal.db-wal"))
    (tmp_path / "torn.db").write_bytes(base)
    (tmp_path / "torn.db-wal").write_bytes(log[: room + 100] + b"\x00" * (len(log) - room - 100))
    with journal(f"sqlite:///{tmp_path}/torn.db") as left:
        assert left.head == before
