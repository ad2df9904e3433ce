"""Rows come back as they were appended, whole and in order, on every database; durable means durable."""

import asyncio
import sqlite3
import threading
from collections import Counter
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from hashlib import sha256
from tempfile import TemporaryDirectory

import pytest
from every_kind import HEDGE, NOON, SAMPLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journals import FixedClock, busy, fails, journal, stays_failed
from loguru import logger
from sqlalchemy import create_engine, text

from gamma_scalper.domain.entries import Dispatched, Elapsed
from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal.chain import BEGINNING, seal
from gamma_scalper.journal.codec import encode
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.journal.tables import address, name_of
from gamma_scalper.kernel import LoopClock
from gamma_scalper.system import Config, SystemParameters


def test_rows_come_back_in_order_with_their_numbers(url):
    with journal(url) as opened:
        busy(opened)
    with journal(url) as opened:
        rows = list(opened.rows())
    assert [row.entry for row in rows] == list(SAMPLES)
    assert [row.seq for row in rows] == list(range(1, len(SAMPLES) + 1))
    assert [row.at for row in rows] == [NOON + timedelta(seconds=number) for number in range(len(SAMPLES))]
    counted = Counter()
    for row in rows:
        counted[row.book] += 1
        assert row.book_seq == counted[row.book]


def test_numbers_and_chain_go_on_after_a_restart_as_if_there_had_been_none(url, tmp_path):
    with journal(f"sqlite:///{tmp_path / 'whole.db'}") as whole:
        busy(whole, 2)
    for _ in range(2):
        with journal(url) as parted:
            for number, sample in enumerate(SAMPLES, parted.head[0]):
                book = ("spy", "nvda", "")[number % 3]
                parted.append(book, sample, NOON + timedelta(seconds=number))
    assert parted.head == whole.head


def test_the_rows_of_one_book_and_those_behind_a_row(url):
    with journal(url) as opened:
        busy(opened, 2)
        every = list(opened.rows())
        assert [row for row in every if row.book == "nvda"] == list(opened.rows(book="nvda"))
        assert every[10:] == list(opened.rows(after=10))
        assert [row for row in every[10:] if row.book == ""] == list(opened.rows(after=10, book=""))
        assert list(opened.rows(after=every[-1].seq)) == []


@pytest.mark.parametrize("rows", [29, 30, 31])
def test_more_rows_than_are_read_or_written_at_once(url, monkeypatch, rows):
    monkeypatch.setattr("gamma_scalper.journal.tables._CHUNK", 10)
    monkeypatch.setattr("gamma_scalper.journal.tables._AT_ONCE", 6)
    with journal(url) as opened:
        for number in range(rows):
            opened.append(("spy", "")[number % 2], Elapsed(), NOON + timedelta(seconds=number))
        opened.flush_now()
        assert [row.seq for row in opened.rows()] == list(range(1, rows + 1))
        assert [row.seq for row in opened.rows(book="")] == list(range(2, rows + 1, 2))


def test_what_was_not_flushed_is_not_read_and_not_there_for_others(url):
    with journal(url, flush_rows=100_000) as opened:
        assert opened.append("spy", Elapsed(), NOON) == 1
        assert list(opened.rows()) == []
        assert opened.head == BEGINNING
        opened.flush_now()
        assert [row.seq for row in opened.rows()] == [1]
        assert opened.head[0] == 1


def test_closing_writes_what_is_pending(url):
    with journal(url) as opened:
        opened.append("spy", Elapsed(), NOON)
    with journal(url) as opened:
        assert opened.head[0] == 1


def test_closing_twice_is_closing_and_nothing_is_taken_afterwards(sqlite_url):
    with journal(sqlite_url) as opened:
        opened.close()
    with pytest.raises(ValueError, match="closed"):
        opened.append("spy", Elapsed(), NOON)


def test_the_end_of_a_session_says_where_the_chain_ends(sqlite_url):
    said = []
    listening = logger.add(lambda message: said.append(message.record["message"]))
    try:
        with journal(sqlite_url) as opened:
            busy(opened)
    finally:
        logger.remove(listening)
    seq, hash = opened.head
    assert said[-1].endswith(f"ends at row {seq}, hash {hash}")


def test_a_restored_journal_has_the_head_that_was_noted(url):
    with journal(url) as opened:
        busy(opened)
        noted = opened.head
    with journal(url) as opened:
        assert opened.head == noted


def test_the_hash_of_a_row_covers_the_one_before_and_every_column():
    columns = ["0" * 64, 7, "spy", 3, "2026-01-05T17:00:00+00:00", "Elapsed", 1, b"{}"]
    others = ["1" * 64, 8, "spx", 4, "2026-01-05T17:00:01+00:00", "Elapsee", 2, b"{ }"]
    hashes = {seal(*columns)}
    for number, other in enumerate(others):
        hashes.add(seal(*[*columns[:number], other, *columns[number + 1 :]]))
    assert len(hashes) == 1 + len(others)


def test_the_chain_can_be_checked_without_this_program(sqlite_url, tmp_path):
    with journal(sqlite_url) as opened:
        busy(opened)
    hash = "0" * 64
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        for *columns, payload, sealed in connection.execute("select * from event order by seq"):
            lines = "".join(f"{column}\n" for column in (hash, *columns))
            hash = sha256((lines + payload).encode()).hexdigest()
            assert hash == sealed
        assert connection.execute("select seq, hash from head").fetchall() == [(len(SAMPLES), hash)]


def test_no_name_of_a_book_can_pass_for_another_column(sqlite_url):
    with journal(sqlite_url) as opened:
        with pytest.raises(ValueError):
            opened.append("spy\n1", Elapsed(), NOON)
        with pytest.raises(ValueError):
            opened.append("spy", Elapsed(), NOON.replace(tzinfo=None))
        assert opened.append("spy", Elapsed(), NOON) == 1


def test_an_entry_that_can_not_be_written_leaves_no_gap(sqlite_url):
    with journal(sqlite_url) as opened:
        with pytest.raises((KeyError, TypeError)):
            opened.append("spy", object(), NOON)
        opened.append("spy", Dispatched(HEDGE), NOON)
        opened.flush_now()
        assert [(row.seq, row.book_seq) for row in opened.rows()] == [(1, 1)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(st.lists(st.sampled_from(["append", "append", "flush", "reopen"]), max_size=12))
def test_any_course_of_appends_flushes_and_restarts_makes_the_same_chain(tmp_path, steps):
    expected = BEGINNING
    with TemporaryDirectory(dir=tmp_path) as folder, ExitStack() as held:
        made = partial(journal, f"sqlite:///{folder}/journal.db")
        opened = held.enter_context(made())
        for step in steps:
            if step == "append":
                appended = expected[0] + 1
                sample = SAMPLES[appended % len(SAMPLES)]
                assert opened.append("spy", sample, NOON) == appended
                kind, version, payload = encode(sample)
                at = "2026-01-05T17:00:00+00:00"
                expected = appended, seal(expected[1], appended, "spy", appended, at, kind, version, payload)
            elif step == "flush":
                opened.flush_now()
            else:
                held.close()
                opened = held.enter_context(made())
        opened.flush_now()
        assert opened.head == expected
        assert sum(1 for _ in opened.rows()) == expected[0]


def test_a_snapshot_comes_back_with_the_row_it_stands_on(url):
    with journal(url) as opened:
        busy(opened)
        assert opened.snapshot("desk/spy") is None
        opened.save_snapshot("desk/spy", b"\x00old", 7)
        opened.save_snapshot("desk/spy", b"\x00\xffnew", 9)
        opened.save_snapshot("desk/nvda", b"", 8)
    with journal(url) as opened:
        assert opened.snapshot("desk/spy") == (9, b"\x00\xffnew")
        assert opened.snapshot("desk/nvda") == (8, b"")
        assert [row.seq for row in opened.rows(after=9)][:2] == [10, 11]


# -- flushing on a loop ------------------------------------------------------------------------------------------------


def test_on_a_real_loop_rows_are_written_in_a_thread_while_more_are_appended(url):
    async def main():
        with journal(url, threaded=True, flush_rows=100_000) as opened:
            loop_thread, written_in = threading.get_ident(), set()
            commit = opened._commit
            opened._commit = lambda batch: (written_in.add(threading.get_ident()), commit(batch))
            flushes = []
            for number in range(2_000):
                opened.append("spy", SAMPLES[number % len(SAMPLES)], NOON)
                if number % 100 == 0:
                    flushes.append(asyncio.create_task(opened.flush()))
                    await asyncio.sleep(0)
            await asyncio.gather(*flushes)
            assert opened.head[0] >= 1_901
            await opened.flush()
            assert opened.head[0] == 2_000
            assert written_in and loop_thread not in written_in

    asyncio.run(main())
    with journal(url) as opened:
        assert opened.head[0] == 2_000


def test_waiting_together_costs_one_transaction(sqlite_url):
    async def main():
        with journal(sqlite_url, threaded=True) as opened:
            batches = []
            commit = opened._commit
            opened._commit = lambda batch: (batches.append(len(batch)), commit(batch))
            for _ in range(50):
                opened.append("spy", Elapsed(), NOON)
            await asyncio.gather(*(opened.flush() for _ in range(20)))
            assert batches == [50]

    asyncio.run(main())


def test_giving_up_waiting_for_a_flush_loses_nothing(sqlite_url):
    async def main():
        with journal(sqlite_url, threaded=True) as opened:
            for number in range(20):
                opened.append("spy", Elapsed(), NOON)
                waiting = asyncio.create_task(opened.flush())
                await asyncio.sleep(0)
                if number % 2:
                    waiting.cancel()
                await asyncio.wait([waiting])
            await opened.flush()
            assert opened.head[0] == 20

    asyncio.run(main())


async def test_on_the_virtual_loop_a_flush_is_done_when_it_returns(sqlite_url):
    with journal(sqlite_url) as opened:
        opened.append("spy", Elapsed(), NOON)
        await opened.flush()
        assert opened.head[0] == 1
        await opened.flush()


async def test_what_nobody_waits_for_is_written_by_time(sqlite_url):
    clock = LoopClock(asyncio.get_running_loop(), NOON)
    with journal(sqlite_url, clock=clock, flush_every_s=0.25) as opened:
        keeping = asyncio.create_task(opened.keep_flushing())
        opened.append("spy", Elapsed(), NOON)
        await clock.sleep(0.2)
        assert opened.head[0] == 0
        await clock.sleep(0.1)
        assert opened.head[0] == 1
        keeping.cancel()


async def test_while_nothing_is_written_down_nobody_looks_whether_there_is(sqlite_url):
    looks: list[float] = []

    class Counting(LoopClock):
        async def sleep(self, seconds: float) -> None:
            looks.append(seconds)
            await super().sleep(seconds)

    loop = asyncio.get_running_loop()
    with journal(sqlite_url, clock=Counting(loop, NOON), flush_every_s=0.25) as opened:
        keeping = asyncio.create_task(opened.keep_flushing())
        await asyncio.sleep(3_600)
        assert not looks
        opened.append("spy", Elapsed(), NOON)
        await asyncio.sleep(3_600)
        assert looks == [0.25]
        assert opened.head[0] == 1
        keeping.cancel()


@pytest.mark.parametrize("threaded", [False, True])
def test_what_nobody_waits_for_is_written_by_number(sqlite_url, threaded):
    with journal(sqlite_url, flush_rows=10, threaded=threaded) as opened:
        for _ in range(25):
            opened.append("spy", Elapsed(), NOON)
        if threaded:
            opened._pool.submit(int).result()  # behind what was asked for before
        assert opened.head[0] in (range(20, 26) if threaded else [20])


# -- the database ------------------------------------------------------------------------------------------------------


def test_sqlite_is_told_to_survive_a_power_cut(sqlite_url, tmp_path):
    with journal(sqlite_url, synchronous="full") as opened:
        asked = opened._connection.exec_driver_sql
        assert asked("PRAGMA journal_mode").scalar() == "wal"
        assert asked("PRAGMA synchronous").scalar() == 2
        opened._connection.rollback()


def test_a_person_can_read_it_with_plain_sql(url):
    with journal(url) as opened:
        opened.append("spy", Dispatched(HEDGE), NOON)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        row = connection.execute(text("select seq, book, at, kind, payload from event")).one()
    engine.dispose()
    assert tuple(row) == (1, "spy", "2026-01-05T17:00:00+00:00", "Dispatched", '{"intent":"spy/1"}')


def test_moments_sort_as_text_too(sqlite_url, tmp_path):
    moments = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(milliseconds=100), NOON + timedelta(seconds=1)]
    with journal(sqlite_url) as opened:
        for at in moments:
            opened.append("spy", Elapsed(), at)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        assert [seq for (seq,) in connection.execute("select seq from event order by at")] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "oracle9://x/y",
        "mysql://x/y",
        "postgresql+psycopg2://x/y",
        "postgresql+asyncpg://x/y",
        "postgresql://x:port/y",
        "sqlite+aiosqlite:////tmp/x.db",
    ],
)
def test_a_url_that_is_none_is_one_line_for_a_person(url):
    for open_ in (lambda: SqlJournal.open(url, lock=None, clock=FixedClock()), lambda: JournalReader.open(url)):
        with pytest.raises(UserError, match="JOURNAL_URL: it is no database URL this program knows; allowed") as caught:
            open_()
        assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite:///x.db?mode=ro",
        "sqlite://x.db",
        "sqlite://host/x.db",
    ],
)
def test_a_journal_is_never_kept_in_memory(url):
    with pytest.raises(UserError, match="JOURNAL_URL: SQLite wants the path of a file") as caught:
        SqlJournal.open(url, lock=None, clock=FixedClock())
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "url", ["postgresql://ada:secret@db/day", "postgresql://db/day?user=ada&password=secret&sslpassword=secret"]
)
def test_the_name_a_person_is_told_has_no_password_in_it(url):
    name = name_of(address(url))
    assert name.endswith(("@db/day", "//db/day"))
    assert "secret" not in name


def test_a_password_among_the_options_is_a_secret_as_it_is_written_and_as_it_is_meant():
    system = SystemParameters(journal_url="postgresql://db/day?user=ada&password=s%40cret+1&sslpassword=key")
    assert {"s%40cret+1", "s@cret 1", "key"} < set(Config(system, {}, {}).secrets())


# -- PostgreSQL alone --------------------------------------------------------------------------------------------------


def test_postgres_has_one_writer_and_says_who(emptied_postgres_url):
    with journal(emptied_postgres_url) as opened:
        busy(opened)
        with pytest.raises(UserError, match=r"held by process \d+ from this machine since 20") as caught:
            SqlJournal.open(emptied_postgres_url, lock=None, clock=FixedClock())
        assert caught.value.exit_code == 2
    with journal(emptied_postgres_url) as opened:
        assert opened.head[0] == len(SAMPLES)


def test_a_database_that_went_away_stops_trading(emptied_postgres_url):
    with journal(emptied_postgres_url) as opened:
        engine = create_engine(address(emptied_postgres_url))
        with engine.connect() as connection:
            connection.execute(text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"))
        engine.dispose()
        opened.append("spy", Elapsed(), NOON)
        with fails("the database refuses"):
            opened.flush_now()
        stays_failed(opened, "the database refuses")


def test_a_password_is_never_shown(emptied_postgres_url):
    with fails("the database refuses") as caught:
        SqlJournal.open("postgresql://ada:secret@/none?host=/nowhere", lock=None, clock=FixedClock())
    assert "secret" not in str(caught.value) and "ada" in str(caught.value)
