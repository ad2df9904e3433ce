"""`verify` from the command line: what a person reads, what a machine reads, how it ends."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import Result
from retold import changed, find, played, write
from typer.testing import CliRunner

from config import load_config
from gamma_scalper import cli
from gamma_scalper.domain.entries import Ordered
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.journal.chain import Row


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    write(folder, played())
    return folder


def run(state: Path, *arguments: str) -> Result:
    def loader(overrides):
        return load_config([f"state_dir={state}", *overrides], environment={})

    return CliRunner().invoke(cli.app, ["verify", *arguments], obj=loader)


def told(state: Path, *arguments: str) -> dict:
    return json.loads(run(state, *arguments, "--json").stdout)


def old_quotes(row: Row) -> Ordered:
    def older(quote: Quote) -> Quote:
        return evolve(quote, received_at=quote.received_at.replace(minute=quote.received_at.minute - 1))

    return evolve(row.entry, quotes=[older(each) for each in row.entry.quotes])


@pytest.fixture(scope="module")
def lied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A hedge on quotes of a minute ago, sealed anew; and the row in which that stands."""
    rows, folder = played(), tmp_path_factory.mktemp("lied")
    place = find(rows, Ordered, of=lambda entry: entry.intents[0].purpose is Purpose.HEDGE)
    later = next(n for n in range(place, len(rows)) if isinstance(rows[n].entry, Ordered) and rows[n].at.minute)
    write(folder, changed(rows, later, old_quotes(rows[later])))
    return folder, rows[later].seq


def test_a_journal_that_holds_together_ends_with_0_and_a_line_for_every_kind_of_link(state: Path) -> None:
    ran = run(state)
    assert ran.exit_code == 0
    for line in ("hash chain", "orders and quotes", "fills and orders", "positions", "money"):
        assert any(line in each and "ok" in each for each in ran.stdout.splitlines())
    assert f"{len(played())} rows hold together; the head is row {len(played())}, hash " in ran.stdout


def test_json_has_a_schema_and_is_the_same_each_time(state: Path) -> None:
    first = told(state)
    assert (first["schema"], first["ok"], first["first_broken"]) == ("verify/1", True, None)
    assert first["rows"] == first["head"]["seq"] == len(played())
    assert all(each["links"] and not each["broken"] for each in first["checks"])
    assert first == told(state)


def test_a_lie_that_was_sealed_anew_ends_with_5_and_the_first_broken_link_in_words(lied: tuple[Path, int]) -> None:
    folder, row = lied
    ran = run(folder)
    assert ran.exit_code == 5
    last = ran.stdout.splitlines()[-1]
    assert f"first broken link (orders and quotes): row {row} (spy)" in last and "at most 2 s old" in last
    broken = told(folder)["first_broken"]
    assert (broken["row"], broken["check"], broken["book"]) == (row, "orders and quotes", "spy")


def test_a_row_that_was_changed_and_not_sealed_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, played())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update event set payload = replace(payload, 'SPY', 'SPX') where kind = 'Fill' and seq > 60")
    ran = run(tmp_path)
    assert ran.exit_code == 5
    assert "first broken link (hash chain): row 79" in ran.stdout and "is not what was written" in ran.stdout


def test_rows_that_are_gone_from_the_end_do_not_fit_the_head(tmp_path: Path) -> None:
    path = write(tmp_path, played())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("delete from event where seq > 150")
    ran = run(tmp_path)
    assert ran.exit_code == 5 and "first broken link (hash chain): row 151" in ran.stdout


def test_of_one_book_the_same_is_told_and_of_one_that_is_not_there_a_line(state: Path) -> None:
    assert told(state, "--book", "spy")["checks"] == told(state)["checks"]
    error = run(state, "--book", "nvda").exception
    assert str(error) == "--book nvda: the journal has no row of it; it has rows of: spy"


@pytest.mark.parametrize("ages", ("2", "2,5", "a,b,c", "0,5,30", "2,-1,30"))
def test_ages_that_are_none_are_refused_in_a_line(state: Path, ages: str) -> None:
    error = run(state, "--ages", ages).exception
    assert isinstance(error, UserError) and "three numbers of seconds above 0" in str(error)


def test_a_book_that_allows_older_quotes_can_be_gone_over_by_its_own_rule(lied: tuple[Path, int]) -> None:
    folder, _ = lied
    assert told(folder, "--ages", "65,65,65")["ok"]


def test_without_a_journal_or_with_an_empty_one_there_is_one_line(tmp_path: Path) -> None:
    error = run(tmp_path).exception
    assert isinstance(error, UserError) and error.exit_code == 2 and "there is no journal" in str(error)
    write(tmp_path, ())
    ran = run(tmp_path)
    assert (ran.exit_code, len(ran.stdout.splitlines())) == (0, 1)
    assert "there is nothing to verify" in ran.stdout
