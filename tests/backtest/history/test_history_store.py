"""A day in the store is whole or absent, and says where it came from."""

import errno
import os
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.backtest.history.store import HistoryStore, Origin, damaged
from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay import read_parquet

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
TABLE = pa.table({"time": [1, 2]})
ORIGIN = Origin(
    source="csv:quotes.csv", written_at=datetime(2026, 2, 1, tzinfo=UTC), rows=2, contracts=1,
    rejected={"after the close": 3}, notes=("sizes are assumed",),
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return HistoryStore(tmp_path / "history")


def test_a_day_is_read_back_with_where_it_came_from(store):
    store.write("quotes", "SPY", MONDAY, TABLE, ORIGIN)
    assert store.read("quotes", "SPY", MONDAY).to_pydict() == {"time": [1, 2]}
    assert store.origin("quotes", "SPY", MONDAY) == ORIGIN
    assert (store.symbols("quotes"), store.symbols("bars")) == (["SPY"], [])


def test_days_are_told_by_the_names_of_their_files_alone(store):
    for day in (TUESDAY, MONDAY, date(2026, 1, 9)):
        store.write("bars", "SPY", day, TABLE, ORIGIN)
    folder = store.folder("bars", "SPY")
    for stray in ("notes.parquet", "20260107.parquet", ".2026-01-08.parquet.half", "2026-01-08.csv"):
        (folder / stray).write_text("")
    store.path("bars", "SPY", MONDAY).write_text("no longer parquet")
    assert store.days("bars", "SPY") == [MONDAY, TUESDAY, date(2026, 1, 9)]
    assert store.days("bars", "SPY", TUESDAY, date(2026, 1, 8)) == [TUESDAY]


def test_a_write_that_fails_leaves_the_day_as_it_was(store, monkeypatch):
    store.write("quotes", "SPY", MONDAY, TABLE, ORIGIN)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for day in (MONDAY, TUESDAY):
        with pytest.raises(UserError, match=f"{day}.parquet: cannot be written .No space left.*make room"):
            store.write("quotes", "SPY", day, pa.table({"time": [9]}), ORIGIN)
    assert store.days("quotes", "SPY") == [MONDAY]
    assert store.read("quotes", "SPY", MONDAY).to_pydict() == {"time": [1, 2]}


@given(cut=st.integers(0, 400))
def test_a_file_cut_short_is_told_in_one_line_that_says_what_to_do(tmp_path_factory, cut):
    store = HistoryStore(tmp_path_factory.mktemp("cut"))
    path = store.write("quotes", "SPY", MONDAY, TABLE, ORIGIN)
    path.write_bytes(path.read_bytes()[:cut])
    for look in (store.read, store.origin):
        with pytest.raises(UserError) as told:
            look("quotes", "SPY", MONDAY)
        line = str(told.value)
        assert line.startswith(f"{path}: this day is damaged") and "remove the file" in line and "\n" not in line


def test_a_parquet_file_of_somebody_else_is_not_taken_for_a_day(store):
    store.write("quotes", "SPY", MONDAY, TABLE, ORIGIN)
    pa.parquet.write_table(TABLE, store.path("quotes", "SPY", MONDAY))
    with pytest.raises(UserError, match="does not say where it came from"):
        store.origin("quotes", "SPY", MONDAY)


@given(symbol=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12))
def test_any_symbol_is_a_folder_of_its_own_inside_the_store(tmp_path_factory, symbol):
    root = tmp_path_factory.mktemp("symbols")
    store = HistoryStore(root)
    path = store.write("quotes", symbol, MONDAY, TABLE, ORIGIN)
    assert path.resolve().parent.parent == (root / "quotes").resolve()
    assert store.symbols("quotes") == [symbol]


def test_a_damaged_day_that_was_not_asked_for_is_not_read(store):
    folder = store.folder("quotes", "SPY")
    folder.mkdir(parents=True)
    (folder / f"{MONDAY}.parquet").write_text("no parquet")
    with pytest.raises(UserError, match="no day from 2026-01-07"):
        read_parquet(folder, days=(date(2026, 1, 7), None))
    with pytest.raises(UserError, match="no readable parquet file"):
        read_parquet(folder, days=(MONDAY, None))


def test_what_is_wrong_is_said_without_a_wall_of_text(store):
    assert len(str(damaged(store.path("quotes", "SPY", MONDAY), ValueError("x" * 5_000)))) < 500
