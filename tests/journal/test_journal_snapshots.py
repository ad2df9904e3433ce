"""A snapshot shortens a start; the chain alone is the truth, so one that doesn't fit it is ignored."""

import sqlite3
from contextlib import closing

import pytest
from every_kind import NOON
from journals import FixedClock, busy, fails, journal

from gamma_scalper.domain.entries import Elapsed
from gamma_scalper.journal.store import SqlJournal


def change(tmp_path, *statements):
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_snapshot_stands_on_a_durable_row_only(sqlite_url):
    with journal(sqlite_url) as opened:
        opened.append("spy", Elapsed(), NOON)
        for seq in (0, 1, 2):
            with pytest.raises(ValueError, match="not durable"):
                opened.save_snapshot("x", b"", seq)
        opened.flush_now()
        opened.save_snapshot("x", b"", 1)


@pytest.mark.parametrize(
    "statement",
    [
        "update snapshot set payload = x'00' where name = 'new'",
        "update snapshot set payload = 'new' where name = 'new'",
        "update snapshot set digest = hash where name = 'new'",
        "update snapshot set seq = 21 where name = 'new'",
        "update snapshot set seq = 999 where name = 'new'",
        "update snapshot set hash = digest where name = 'new'",
    ],
)
def test_a_snapshot_that_does_not_fit_is_ignored(sqlite_url, tmp_path, statement):
    with journal(sqlite_url) as opened:
        busy(opened)
        opened.save_snapshot("old", b"old", 10)
        opened.save_snapshot("new", b"new", 20)
    change(tmp_path, statement)
    with journal(sqlite_url, verify_rows=0) as opened:
        assert opened.snapshot("new") is None
        assert opened.snapshot("old") == (10, b"old")


def test_a_long_chain_is_checked_from_its_newest_snapshot_on(sqlite_url, tmp_path):
    with journal(sqlite_url) as opened:
        busy(opened)
        opened.save_snapshot("desk/spy", b"state", 20)
    change(tmp_path, "update event set payload = '{}' where seq = 19")
    with journal(sqlite_url, verify_rows=10) as opened:
        assert opened.head[0] > 20
    with fails("row 19 is not what was written"):
        SqlJournal.open(sqlite_url, lock=None, clock=FixedClock())
    change(tmp_path, "update event set payload = '{}' where seq = 21")
    with fails("row 21 is not what was written"), journal(sqlite_url, verify_rows=10):
        pass


def test_a_long_chain_without_a_snapshot_that_fits_is_checked_whole(sqlite_url, tmp_path):
    with journal(sqlite_url) as opened:
        busy(opened)
        opened.save_snapshot("desk/spy", b"state", 20)
    change(tmp_path, "update event set payload = '{}' where seq = 19", "update snapshot set payload = x'00'")
    with fails("row 19 is not what was written"), journal(sqlite_url, verify_rows=10):
        pass
