"""A journal that somebody made up, hashes and all, ends in a line about a row and never in a traceback."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from retold import find, played, reseal, write
from typer.testing import CliRunner

from config import load_config
from gamma_scalper import cli
from gamma_scalper.domain.entries import Dispatched, Ordered
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.strategy_entries import Decided


def run(state: Path, *arguments: str) -> Result:
    def loader(overrides):
        return load_config([f"state_dir={state}", *overrides], environment={})

    return CliRunner().invoke(cli.app, ["verify", *arguments], obj=loader)


def changed(state: Path, kind: type, column: str, change: Callable[[str], object], *, sealed: bool = True) -> int:
    """One cell of the first row of its kind, which is told."""
    path, row = write(state, played()), find(played(), kind) + 1
    with closing(sqlite3.connect(path)) as connection, connection:
        (text,) = connection.execute(f"select {column} from event where seq = ?", (row,)).fetchone()
        connection.execute(f"update event set {column} = ? where seq = ?", (change(text), row))
    if sealed:
        reseal(path)
    return row


def field(name: str, value: str) -> Callable[[str], str]:
    def change(payload: str) -> str:
        after, times = re.subn(rf'"{name}":("[^"]*"|[0-9.]+)', f'"{name}":{value}', payload, count=1)
        assert times == 1
        return after

    return change


@pytest.mark.parametrize(
    ("kind", "column", "change", "word"),
    [
        (Fill, "at", lambda at: at[:19], "no time zone"),
        (Ordered, "at", lambda at: at[:19], "no time zone"),
        (Fill, "at", lambda at: "0001-01-01T00:00:00+14:00", "no moment"),
        (Fill, "at", lambda at: "9999-12-31T23:59:59-14:00", "no moment"),
        (Decided, "book_seq", lambda seq: "zz", "can't be read"),
        (Decided, "book_seq", lambda seq: 1.5, "can't be read"),
        (Fill, "book", lambda book: b"\xff", "can't be read"),
        (Fill, "payload", field("price", '"1E+14"'), "no amount"),
        (Fill, "payload", field("quantity", '"1E+14"'), "no amount"),
        (Fill, "payload", field("at", '"9999-12-31T23:59:59-14:00"'), "no moment"),
    ],
)
def test_what_can_not_be_so_is_told_at_its_row(
    tmp_path: Path, kind: type, column: str, change: Callable[[str], object], word: str
) -> None:
    row = changed(tmp_path, kind, column, change)
    ran = run(tmp_path)
    assert ran.exit_code == 5, ran.exception
    assert f"first broken link (hash chain): row {row}, " in ran.stdout and word in ran.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("kind", "column", "change"),
    [
        (Fill, "at", lambda at: "9999-12-31T23:59:59+00:00"),
        (Dispatched, "at", lambda at: "9999-12-31T23:59:59+00:00"),
        (Ordered, "payload", field("patience_s", "1e308")),
        (Fill, "payload", field("exec_id", '"a.b.c.' + "1" * 5_000 + '"')),
    ],
)
def test_what_can_not_be_reckoned_with_is_told_too(
    tmp_path: Path, kind: type, column: str, change: Callable[[str], object]
) -> None:
    row = changed(tmp_path, kind, column, change)
    ran = run(tmp_path)
    assert ran.exit_code == 5, ran.exception
    told = re.search(r"first broken link \([a-z ]+\): row (\d+)", ran.stdout)
    assert told and int(told[1]) in range(row, row + 2)


def test_the_unknown_book_of_a_damaged_journal_is_no_excuse(tmp_path: Path) -> None:
    path = write(tmp_path, played())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update event set payload = '{}' where seq = 2")
    ran = run(tmp_path, "--book", "spy", "--json")
    assert ran.exit_code == 5
    assert json.loads(ran.stdout)["first_broken"]["row"] == 2


def test_a_text_that_is_none_is_named_by_its_row(tmp_path: Path) -> None:
    """The database itself can't read it, and would rather tell nothing of its neighbours."""
    path = write(tmp_path, played())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update event set payload = cast(x'7b22ff227d' as text) where seq = 120")
    ran = run(tmp_path, "--json")
    assert ran.exit_code == 5
    first = json.loads(ran.stdout)["first_broken"]
    assert (first["check"], first["row"]) == ("hash chain", 120) and "UTF-8" in first["found"]


@pytest.mark.parametrize("ages", ("inf,5,30", "nan,5,30", "2,1e300,30", "2,5,86401"))
def test_ages_beyond_all_reason_are_refused_in_a_line(tmp_path: Path, ages: str) -> None:
    write(tmp_path, played())
    ran = run(tmp_path, "--ages", ages)
    assert getattr(ran.exception, "exit_code", None) == 2, ran.exception
    assert len(str(ran.exception).splitlines()) == 1
