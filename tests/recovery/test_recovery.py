"""A process that died comes back to the state that its rows make, by a snapshot or without one."""

import gc
import os
import pickle
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from diary import OPENING, SPY, Diary, begun, diaries, hedge, straddle, write
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger

from gamma_scalper import recovery
from gamma_scalper.domain import entries as e
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import WallClock
from gamma_scalper.portfolio.ledger import holdings, quantity
from gamma_scalper.recovery import Remembered, code_name, fold, keep, recover

PACKAGE = Path(recovery.__file__).parent
SOME = settings(max_examples=settings().max_examples // 2)


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    heard: list[str] = []
    sink = logger.add(lambda message: heard.append(message.record["message"]), level="WARNING")
    yield heard
    logger.remove(sink)


def an_hour() -> Diary:
    """A few orders, and something else to remember."""
    diary = Diary()
    write(diary, begun(OPENING), OPENING)
    for number in range(1, 6):
        at = OPENING + timedelta(minutes=number)
        write(diary, (("spy", entry) for entry in hedge(number, at)), at)
    diary.write("spy", e.Halted("daily loss", "-512 today"), at)
    return diary


def with_snapshot(diary: Diary, seq: int) -> Diary:
    """As it is after a snapshot of the state at that row."""
    keep(diary, fold(islice(diary.rows(), seq)))
    return diary


# -- the same state ----------------------------------------------------------------------------------------------------


@SOME
@given(diaries(), st.data())
def test_a_snapshot_and_the_rows_behind_it_make_the_state_that_all_rows_make(diary: Diary, data: st.DataObject) -> None:
    whole = fold(diary.rows())
    with_snapshot(diary, data.draw(st.integers(0, len(diary.lines))))
    assert recover(diary) == whole
    assert whole.seq == len(diary.lines)


def test_what_is_remembered_is_what_was_held_ordered_decided_and_declared() -> None:
    diary = an_hour()
    diary.write("spy", e.BaselineDeclared([]), OPENING)
    write(diary, (("spy", entry) for entry in straddle(6, OPENING, 1)), OPENING)
    found = recover(with_snapshot(diary, 20))
    desk = found.desk("spy")
    assert [holding.quantity for holding in holdings(desk.ledger)] == [4, 1, 20]
    assert (desk.next_number, desk.repairing) == (8, (6,))
    assert ("spy", "daily loss") in found.governance.halts
    assert dict(found.baselines) == {"spy": ()}
    assert found.desk("nvda").next_number == 1, "a book of which nothing was ever written"


def test_only_the_rows_behind_the_snapshot_are_read() -> None:
    diary = with_snapshot(an_hour(), 20)
    diary.lines[:20] = [("spy", OPENING, "Gone", 1, b"")] * 20
    assert recover(diary).desk("spy").next_number == 6


def test_a_long_fold_is_kept_and_a_short_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    diary = an_hour()
    recover(diary)
    assert not diary.snapshots
    monkeypatch.setattr(recovery, "_SNAPSHOT_EVERY", 20)
    whole = recover(diary)
    assert [seq for seq, _ in diary.snapshots.values()] == [whole.seq]
    assert recover(diary) == whole
    keep(empty := Diary(), Remembered())
    assert not empty.snapshots, "nothing is no state to keep"


# -- snapshots that don't count ----------------------------------------------------------------------------------------


def test_a_snapshot_that_other_code_made_is_passed_over(tmp_path: Path) -> None:
    copy = tmp_path / "gamma_scalper"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    names = [code_name(PACKAGE), code_name(copy)]
    for path in ("domain/fills.py", "portfolio/lots.py", "risk/governance.py", "journal/codec.py", "recovery.py"):
        (copy / path).write_text((copy / path).read_text() + "\n")
        code_name.cache_clear()
        names.append(code_name(copy))
    assert names[0] == names[1]
    assert len(set(names)) == 6
    diary = with_snapshot(an_hour(), 20)
    diary.snapshots = {names[2]: (20, b"of other code")}
    assert recover(diary) == fold(diary.rows())


def test_a_snapshot_that_was_cut_off_anywhere_is_passed_over() -> None:
    diary = an_hour()
    whole = fold(diary.rows())
    with_snapshot(diary, 20)
    ((name, (seq, payload)),) = diary.snapshots.items()
    for length in range(0, len(payload), 97):
        diary.snapshots[name] = seq, payload[:length]
        assert recover(diary) == whole


def test_a_snapshot_that_stands_on_another_row_than_it_says_is_passed_over(warnings: list[str]) -> None:
    diary = with_snapshot(an_hour(), 20)
    ((name, (_, payload)),) = diary.snapshots.items()
    diary.snapshots[name] = 19, payload
    assert recover(diary) == fold(diary.rows())
    assert warnings == ["the snapshot at row 19 holds the state of row 20; it is ignored"]


def test_a_snapshot_that_was_changed_in_the_file_is_passed_over(tmp_path: Path, warnings: list[str]) -> None:
    with journal(tmp_path) as written:
        for row in an_hour().rows():
            written.append(row.book, row.entry, row.at)
        written.flush_now()
        keep(written, fold(islice(written.rows(), 20)))
        whole = recover(written)
    assert not warnings
    with closing(sqlite3.connect(tmp_path / "journal.db")) as database, database:
        database.execute("update snapshot set payload = cast(payload || x'00' as blob)")
    with journal(tmp_path) as found:
        assert recover(found) == fold(found.rows()) == whole
    assert len(warnings) == 1
    assert "does not fit the chain at row 20" in warnings[0]


def journal(folder: Path) -> closing[SqlJournal]:
    url, quick = f"sqlite:///{folder / 'journal.db'}", JournalParameters(synchronous="off")
    return closing(SqlJournal.open(url, lock=None, clock=WallClock(), threaded=False, parameters=quick))


class _Mischief:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self._path),)


def named(module: str, name: str) -> bytes:
    """A pickle of something by its name, called with nothing."""
    texts = (b"\x8c" + bytes([len(text)]) + text for text in (module.encode(), name.encode()))
    return b"\x80\x04" + b"".join(texts) + b"\x93)R."


def test_a_snapshot_that_wants_to_call_something_is_passed_over(tmp_path: Path, warnings: list[str]) -> None:
    diary = with_snapshot(an_hour(), 20)
    (name,) = diary.snapshots
    diary.snapshots[name] = 20, pickle.dumps(_Mischief(tmp_path / "done"), protocol=5)
    assert recover(diary) == fold(diary.rows())
    assert not (tmp_path / "done").exists()
    assert len(warnings) == 1
    assert warnings[0].endswith("posix.mkdir is no part of a state")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("builtins", "dict"),
        ("os", "getcwd"),
        ("gamma_scalper.recovery", "Remembered"),
        ("gamma_scalper.kernel.clock", "WallClock"),
        ("gamma_scalper.portfolio.desk", "opened"),
        ("gamma_scalper.portfolio.ledger", "TypeVar"),
        ("gamma_scalper.portfolio.ledger", "Ledger.__class__"),
        ("gamma_scalper.portfolio.desk_state", "Link"),
        ("gamma_scalper.portfolio.no_such_file", "Ledger"),
        ("gamma_scalper.portfolio.ledger", "NoSuchClass"),
    ],
)
def test_nothing_but_the_values_of_a_state_is_made(module: str, name: str, warnings: list[str]) -> None:
    diary = with_snapshot(an_hour(), 20)
    diary.snapshots = dict.fromkeys(diary.snapshots, (20, named(module, name)))
    assert recover(diary) == fold(diary.rows())
    assert len(warnings) == 1
    assert "can't be read, the whole journal is" in warnings[0]


# -- rows that don't follow --------------------------------------------------------------------------------------------


def test_a_row_that_does_not_follow_from_those_before_ends_in_words() -> None:
    diary = an_hour()
    diary.write("spy", e.Dispatched(IntentId("spy", 3)), OPENING)
    with pytest.raises(
        UserError, match=f"row {len(diary.lines)} of the journal does not follow.*keep the journal"
    ) as raised:
        recover(diary)
    assert raised.value.exit_code is ExitCode.JOURNAL_DAMAGED
    assert "\n" not in str(raised.value)


def test_the_collector_is_left_as_it_was_found() -> None:
    diary = an_hour()
    fold(diary.rows())
    assert gc.isenabled()
    diary.write("spy", e.Dispatched(IntentId("spy", 3)), OPENING)
    with pytest.raises(UserError):
        fold(diary.rows())
    assert gc.isenabled()
    gc.disable()
    try:
        fold(islice(diary.rows(), 5))
        assert not gc.isenabled()
    finally:
        gc.enable()


# -- months ------------------------------------------------------------------------------------------------------------


def test_after_a_month_the_state_is_as_large_as_after_a_week() -> None:
    """A busy book, closed every morning on what is older than two days."""
    state, number, sizes = Remembered(), 1, []
    for day in range(30):
        diary, at = Diary(), OPENING + timedelta(days=day)
        write(diary, begun(at), at)
        diary.write("", e.DayBegan(at.date()), at)
        diary.write("spy", e.BooksClosed(at - timedelta(days=2)), at)
        for _ in range(14):
            at += timedelta(minutes=5)
            write(diary, (("spy", entry) for entry in hedge(number, at)), at)
            diary.write("spy", e.Marked(profit_today=0, equity=100_000), at)
            number += 1
        state = fold(diary.rows(), state)
        keep(diary, state)
        sizes.append(len(diary.snapshots[code_name(PACKAGE)][1]))
    assert max(sizes[7:]) <= 1.02 * sizes[6]
    assert quantity(state.desk("spy").ledger, SPY.con_id) == 0
    assert state.desk("spy").settled_through == 420
