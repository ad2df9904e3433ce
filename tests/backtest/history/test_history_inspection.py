"""What is wrong with a stored day is found, and nothing else is called wrong."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_sources import NOW, OPEN, call, csv, minute, share, whole_day

from gamma_scalper.backtest.history.importing import Wanted, import_days
from gamma_scalper.backtest.history.inspection import inspect, missing_days
from gamma_scalper.backtest.history.store import HistoryStore

MONDAY = date(2026, 1, 5)


def inspected(folder, *rows, day=MONDAY):
    store = HistoryStore(folder / "history")
    import_days(store, f"csv:{csv(folder / 'q.csv', *rows)}", Wanted(), NOW)
    return inspect(store, "quotes", "SPY", day)


def test_a_whole_day_has_no_fault(tmp_path):
    seen = inspected(tmp_path, *whole_day(), call(minute(9), "", 4), call(minute(10), 3.9, 4))
    assert seen.faults == ()
    assert (seen.rows, seen.contracts, seen.missing_min, seen.options_one_sided) == (392, 2, 0, 1)


@given(gaps=st.lists(st.tuples(st.integers(1, 390), st.integers(1, 40)), max_size=5))
def test_exactly_the_minutes_without_a_row_are_missing(tmp_path_factory, gaps):
    gone = {number for begin, length in gaps for number in range(begin, begin + length)} & set(range(2, 391))
    rows = [row for number, row in enumerate(whole_day(), 1) if number not in gone]
    seen = inspected(tmp_path_factory.mktemp("day"), *rows)
    assert seen.missing_min == len(gone)
    first = [int((gap.begins - OPEN).total_seconds()) // 60 + 1 for gap in seen.gaps]
    told = {begin + ahead for begin, gap in zip(first, seen.gaps, strict=True) for ahead in range(gap.minutes)}
    assert told == gone, "a row at the end of a minute is of that minute"


def test_an_early_close_ends_the_minutes_that_are_expected(tmp_path):
    day = date(2026, 11, 27)
    ahead = (day - MONDAY).days  # New York's clock is the same on both days
    seen = inspected(tmp_path, *(share(minute(n, ahead), 600 + n % 3, 601 + n % 3) for n in range(1, 211)), day=day)
    assert seen.faults == ()


def test_bad_quotes_are_counted_and_named(tmp_path):
    rows = whole_day()
    rows[10] = share(minute(11), 601, 600)
    rows[20] = share(minute(21), "", 600)
    rows[30] = share(minute(31), "", "")
    seen = inspected(tmp_path, *rows, call(minute(12), 5, 4))
    assert (seen.crossed, seen.one_sided) == (2, 2)
    assert seen.faults == ("2 rows crossed", "2 rows of the underlying lack a side")


@pytest.mark.parametrize(("minutes", "wrong"), [(15, ()), (16, ("the underlying stood still for 16 minutes",))])
def test_an_underlying_that_stands_still_too_long_is_told(tmp_path, minutes, wrong):
    rows = whole_day()
    for number in range(100, 100 + minutes):
        rows[number] = share(minute(number + 1), 555, 556)
    assert inspected(tmp_path, *rows).faults == wrong


def test_a_damaged_day_is_one_fault_and_no_crash(tmp_path):
    store = HistoryStore(tmp_path / "history")
    inspected(tmp_path, *whole_day())
    store.path("quotes", "SPY", MONDAY).write_bytes(b"PAR1")
    (fault,) = inspect(store, "quotes", "SPY", MONDAY).faults
    assert "this day is damaged" in fault


def test_sessions_without_a_file_are_missing_and_holidays_are_not():
    days = [date(2026, 1, 15), date(2026, 1, 21)]
    assert missing_days(days) == [date(2026, 1, 16), date(2026, 1, 20)], "the 19th is a holiday"
    assert missing_days([]) == []
