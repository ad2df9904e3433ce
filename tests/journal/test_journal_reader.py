"""Others read the journal while the trader writes it, see only what is durable, and change nothing."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from every_kind import NOON, SAMPLES
from journals import busy, fails, journal
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gamma_scalper.domain.entries import Elapsed
from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.kernel import LoopClock


@pytest.fixture
def reader(sqlite_url):
    with journal(sqlite_url) as opened:
        busy(opened)
    made = JournalReader.open(sqlite_url)
    yield made
    made.close()


def test_it_needs_no_lock_and_sees_what_is_durable(sqlite_url, tmp_path):
    with journal(sqlite_url, lock=tmp_path / "lock") as opened:
        reader = JournalReader.open(sqlite_url)
        opened.append("spy", Elapsed(), NOON)
        assert list(reader.rows()) == []
        opened.flush_now()
        assert list(reader.rows()) == list(opened.rows())
        assert reader.head == opened.head == reader.verify()
        busy(opened)
        assert list(reader.rows(after=1, book="nvda")) == list(opened.rows(after=1, book="nvda"))
        reader.close()


def test_it_can_not_write(reader):
    with pytest.raises(DBAPIError, match="readonly"), reader._engine.begin() as connection:
        connection.execute(text("delete from event"))
    assert len(list(reader.rows())) == len(SAMPLES)


def test_no_journal_is_said_and_none_is_made(tmp_path):
    with pytest.raises(UserError, match="there is no journal at") as caught:
        JournalReader.open(f"sqlite:///{tmp_path}/journal.db")
    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_damage_is_said_by_every_way_of_reading(reader, tmp_path):
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("update event set payload = '{\"odd\":1}' where seq = 3")
        connection.commit()
    for read in (lambda: list(reader.rows()), reader.verify):
        with fails("row 3 is not what was written"):
            read()
    with fails("row 3 can't be read"):
        list(reader.rows(book=""))
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("drop table head")
        connection.execute("drop table event")
    for read in (lambda: reader.head, lambda: list(reader.rows()), reader.verify):
        with fails("journal.db"):
            read()


FORGERIES = {
    "a fill": ("update event set payload = replace(payload, '599.97', '599.98') where kind = 'Fill'", "is not what"),
    "a row gone": ("delete from event where seq = 5", "row 5 is missing"),
    "the last row gone": ("delete from event where seq = (select seq from head)", "not the one noted"),
    "the head's hash": ("update head set hash = '0'", "not the one noted"),
    "the head": ("delete from head", "the row that says where the chain ends is missing"),
    "the head's number": ("update head set seq = 'x'", "can't end at row 'x'"),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_figure_changed_by_hand_is_never_shown(reader, tmp_path, what):
    change, said = FORGERIES[what]
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute(change)
        connection.commit()
    for after in (0, 3):
        with fails(said):
            list(reader.rows(after))


def test_what_is_written_while_it_reads_is_no_forgery(sqlite_url, reader, monkeypatch):
    monkeypatch.setattr("gamma_scalper.journal.tables._CHUNK", 10)
    reading = reader.rows()
    first = next(reading)
    with journal(sqlite_url) as opened:
        busy(opened)
        assert [first, *reading] == list(opened.rows())
        assert list(reader.rows(after=opened.head[0])) == []


def test_reading_goes_on_behind_a_row_that_is_there(reader):
    with fails("row 999 is missing"):
        list(reader.rows(after=999))


def test_a_file_that_is_no_journal_is_said_by_every_way_of_reading(tmp_path):
    (tmp_path / "journal.db").write_bytes(b"x" * 9_000)
    reader = JournalReader.open(f"sqlite:///{tmp_path}/journal.db")
    for read in (lambda: reader.head, lambda: list(reader.rows()), reader.verify):
        with fails("no journal"):
            read()
    reader.close()


async def test_following_tells_each_row_once_soon_after_it_became_durable(sqlite_url):
    clock, seen = LoopClock(asyncio.get_running_loop(), NOON), []

    async def follow(reader, **what):
        async for row in reader.follow(clock, every_s=0.5, **what):
            seen.append((clock.monotonic(), row.seq))

    with journal(sqlite_url) as opened:
        opened.append("spy", Elapsed(), NOON)
        opened.append("nvda", Elapsed(), NOON)
        opened.flush_now()
        reader = JournalReader.open(sqlite_url)
        following = asyncio.create_task(follow(reader, book="nvda"))
        await clock.sleep(1.2)
        for book in ("nvda", "spy", "nvda"):
            opened.append(book, Elapsed(), NOON)
        opened.flush_now()
        await clock.sleep(1.2)
        assert seen == [(0.0, 2), (1.5, 3), (1.5, 5)]
        following.cancel()
        await asyncio.wait([following])
        reader.close()
