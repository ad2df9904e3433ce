"""status, positions, reconcile, ops, export and the commands to the trader, on the journal of a session that was."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from busy_house import BOOK, Deaths, Session, lived_in
from scripted import script
from typer.testing import CliRunner, Result

from config import load_config
from gamma_scalper import cli
from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal.inbox import Inbox

START = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
SESSION = Session(
    start=START,
    until=START + timedelta(minutes=3),
    wishes=script(START, [(0, 2, 0, 1_000, "take"), (1, 2, -40, 1_000, "take")]),
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a trader that bought two straddles, sold forty shares, and has been stopped since."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "paper").mkdir()
    lived_in(folder / "paper", SESSION, Deaths())
    return folder


def run(state: Path, *words: str) -> Result:
    def loader(overrides):
        return load_config([f"state_dir={state}", *overrides], environment={})

    return CliRunner().invoke(cli.app, list(words), obj=loader)


def test_status_tells_how_the_house_stands_and_that_nobody_is_needed(state: Path) -> None:
    ran = run(state, "status", "--json")
    told = json.loads(ran.stdout)
    assert ran.exit_code == 0
    assert told["schema"] == "status/1"
    assert (told["mode"], told["paused"], told["halts"], told["needs_a_person"]) == ("live", None, [], [])
    (book,) = told["books"]
    assert (book["book"], book["holdings"], book["living"], book["hedges_today"]) == (BOOK, 3, [], 1)
    assert "3 holdings, 1 hedges today" in run(state, "status").stdout


def test_positions_are_what_was_bought_and_what_it_cost(state: Path) -> None:
    told = json.loads(run(state, "positions", "--json").stdout)["positions"]
    assert [(each["con_id"], each["quantity"], each["average_price"], each["cost"]) for each in told] == [
        (1, "-40", "599.99", "-23999.60"),
        (11, "2", "10.02", "2004.00"),
        (12, "2", "9.02", "1804.00"),
    ]
    assert "SPY 2026-01-30 600 C" in run(state, "positions").stdout
    assert json.loads(run(state, "positions", "--json", "--book", "other").stdout)["positions"] == []


def test_reconcile_says_that_books_and_account_agree_and_knows_no_difference_to_accept(state: Path) -> None:
    ran = run(state, "reconcile")
    assert ran.exit_code == 0 and "agree" in ran.stdout
    refused = run(state, "reconcile", "--accept", "abc")
    assert isinstance(refused.exception, UserError) and "no difference abc" in str(refused.exception)


def test_ops_answers_what_was_done_and_why_and_can_be_filtered(state: Path) -> None:
    everything = run(state, "ops", "--last", "0").stdout.splitlines()
    hedges = run(state, "ops", "--purpose", "hedge", "--last", "0").stdout
    assert "the script says so" in hedges and "sell 40 SPY" in hedges
    assert 0 < len(hedges.splitlines()) < len(everything)
    assert run(state, "ops", "--from", "2026-01-06").stdout == ""
    fills = json.loads(run(state, "ops", "--kind", "Fill", "--json").stdout)["operations"]
    assert len(fills) == 3


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_export_gives_order_fill_and_risk_records_in_every_form(state: Path, tmp_path: Path, form: str) -> None:
    file = tmp_path / f"trades.{form}"
    assert run(state, "export", str(file)).exit_code == 0
    if form == "parquet":
        rows = pq.read_table(file).to_pylist()
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(file.read_text())))
    else:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert {row["record"] for row in rows} == {"ORDER", "FILL", "RISK"}
    assert len([row for row in rows if row["record"] == "FILL" and row["event"] == "Fill"]) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "trades.xlsx"], "allowed: jsonl, csv, parquet"),
        (["ops", "--from", "yesterday"], "write it as 2026-01-05"),
        (["ops", "--kind", "Filled"], "allowed: Accepted, Altered, AmendAsked"),
        (["ops", "--purpose", "hegde"], "allowed: entry, hedge, repair, exit, flatten"),
    ],
)
def test_a_wrong_word_is_answered_in_one_line(state: Path, words: list[str], said: str) -> None:
    ran = run(state, *words)
    assert isinstance(ran.exception, UserError)
    assert said in str(ran.exception) and "\n" not in str(ran.exception)


def test_without_a_journal_there_is_nothing_to_tell_and_nothing_is_made(tmp_path: Path) -> None:
    ran = run(tmp_path, "status")
    assert isinstance(ran.exception, UserError) and "there is no journal" in str(ran.exception)
    assert not (tmp_path / "paper").exists()


def test_a_command_waits_in_the_inbox_while_no_trader_runs(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamma_scalper.commands.inbox._PATIENCE_S", 0.0)
    ran = run(state, "pause", "going to lunch")
    assert "no trader has answered" in ran.stdout and ran.exit_code == 7
    (waiting,) = Inbox.open(state / "paper" / "inbox.db").pending()
    assert (waiting.name, waiting.book, waiting.argument) == ("pause", None, "going to lunch")


def test_a_mode_is_named_as_it_stands_in_the_documents_or_refused_with_those_allowed(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gamma_scalper.commands.inbox._PATIENCE_S", 0.0)
    assert run(state, "mode", "OBSERVE", "--book", BOOK).exit_code == 7
    waiting = Inbox.open(state / "paper" / "inbox.db").pending()[-1]
    assert (waiting.name, waiting.book, waiting.argument) == ("mode", BOOK, "observe")
    refused = run(state, "mode", "sideways").exception
    assert isinstance(refused, UserError) and "allowed: LIVE, DEGRADED, OBSERVE, EMERGENCY" in str(refused)


def test_stop_without_an_answer_does_not_pretend_that_it_will_be_taken_later(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gamma_scalper.commands.inbox._PATIENCE_S", 0.0)
    ran = run(state, "stop")
    assert ran.exit_code == 7 and "none runs, or it hangs" in ran.stdout
