"""The program as a person meets it: commands, help, one-line errors, exit codes."""

import json
import shutil
import sys

import pytest
from typed import REPOSITORY, started, typed

from gamma_scalper import cli
from gamma_scalper.domain.exits import ExitCode, UserError


@pytest.fixture
def house(tmp_path):
    """What makes it the program of a folder, so that its files can be spoilt."""
    for name in ("main.py", "config.py"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "books", tmp_path / "books")
    (tmp_path / "books" / "nvda.toml").write_text('[underlying]\nsymbol = "NVDA"\n')
    return tmp_path


def test_it_explains_itself(house):
    ran = typed(house, "--help")
    assert ran.code == 0
    assert "books" in ran.out and "--speed" in ran.out and "Exit codes" in ran.out


@pytest.mark.parametrize("command", ["books", "config"])
def test_every_command_has_a_help_text(house, command):
    ran = typed(house, command, "--help")
    assert ran.code == 0
    assert "--json" in ran.out and "--set" in ran.out


def test_books_lists_strategy_and_limits(house):
    ran = typed(house, "books")
    assert ran.code == 0
    spy = ran.out.partition(" spy ")[2].partition(" spy_classic ")[0]
    assert "gamma_scalp" in spy and "SPY" in spy and "ring.recoverable_per_minute 60" in spy


def test_books_speaks_json(house):
    shown = json.loads(typed(house, "books", "--json", "--book", "spy", "--set", "ring.recoverable_per_minute=5").out)
    assert shown["schema"] == "books/1"
    (spy,) = shown["books"]
    limits = spy.pop("limits")
    assert spy == {"name": "spy", "strategy": "gamma_scalp", "underlying": "SPY", "fees": "tiered"}
    assert (limits["ring.recoverable_per_minute"], limits["risk.loss.max_daily_loss"]) == (5, 1_000)


def test_config_tells_each_value_and_where_it_was_set(house):
    (house / ".env").write_text("CLIENT_ID=33\nACCOUNT=DU7654321\n")
    ran = typed(house, "config", "--book", "spy", "--set", "spy.ring.drain_s=9", LOG_LEVEL="DEBUG")
    rows = {line.split("│")[2].strip(): line for line in ran.out.splitlines() if line.count("│") == 6}
    assert "33" in rows["client_id"] and ".env" in rows["client_id"]
    assert "DEBUG" in rows["log_level"] and "environment" in rows["log_level"]
    assert "9.0" in rows["ring.drain_s"] and "--set" in rows["ring.drain_s"]
    assert "books/spy.toml" in rows["fees.schedule"]
    assert "default" in rows["mode"]
    assert "(set, not shown)" in rows["account"] and "DU7654321" not in ran.out


def test_config_speaks_json(house):
    shown = json.loads(typed(house, "config", "--json", "--book", "spy", ACCOUNT="DU7654321").out)
    settings = {(row["book"], row["key"]): row for row in shown["settings"]}
    assert shown["schema"] == "config/1"
    assert settings[None, "account"]["value"] == "(set, not shown)"
    assert settings[None, "state_dir"]["value"] == str(house / "state")
    assert settings["spy", "ring.drain_s"] == {
        "book": "spy", "key": "ring.drain_s", "value": 2.0, "unit": "s", "origin": "default"
    }  # fmt: skip


def test_what_a_person_wrote_is_shown_as_written(house):
    ran = typed(house, "config", STATE_DIR="/tmp/a[bold]b[/x]")
    assert ran.code == 0
    assert "/tmp/a[bold]b[/x]" in ran.out


def test_into_a_pipe_a_table_is_as_wide_as_it_needs_to_be(house):
    ran = started(house, "config")
    assert "session.option_close_delay_min" in ran.out


def test_without_a_book_it_says_what_a_book_is(house):
    shutil.rmtree(house / "books")
    ran = started(house, "books")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "books/: there is no book in it; a book is a file such as books/spy.toml\n"


def test_the_exit_code_is_the_error_s_own(monkeypatch, capsys):
    def halted(_):
        raise UserError("the loss limit is reached", ExitCode.HALTED_BY_RISK)

    monkeypatch.setattr(sys, "argv", ["main.py", "books"])
    with pytest.raises(SystemExit) as caught:
        cli.main(halted)
    assert caught.value.code == 4
    assert capsys.readouterr().err == "the loss limit is reached\n"


def test_config_prints_its_manual(house):
    assert typed(house, "config", "--manual").out == (REPOSITORY / "docs" / "config.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["books", "config"])
def test_a_wrong_setting_is_one_line_exit_code_2_and_nothing_else(house, command):
    (house / "books" / "spy.toml").write_text("[ring]\ndrain_s = 61\n")
    ran = typed(house, command)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "books/spy.toml: ring.drain_s = 61 is not allowed; allowed: 0 to 60 s\n"


def test_an_unknown_book_is_one_line_too(house):
    ran = typed(house, "books", "--book", "qqq")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "--book qqq: there is no books/qqq.toml; there are: nvda, spy, spy_classic\n"


@pytest.mark.parametrize("arguments", [("boks",), ("books", "--jsn")])
def test_an_unknown_command_or_flag_ends_with_exit_code_2(house, arguments):
    ran = typed(house, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err


def test_it_works_from_any_folder_and_writes_nothing(house):
    before = sorted(house.iterdir())
    assert started(house, "books").code == 0
    assert [path for path in sorted(house.iterdir()) if path.name != "__pycache__"] == before


def test_price_answers_a_machine_too_and_a_wrong_option_is_one_line(house):
    asked = ("price", "--book", "nvda", "--spot", "600", "--strike", "600", "--days", "30")
    told = json.loads(started(house, *asked, "--vol-pct", "15", "--json").out)
    assert (told["schema"], told["book"], told["inputs"]["rate"]) == ("price/1", "nvda", 0.04)
    assert [row["model"] for row in told["models"]] == ["QuantLibCRR(steps=101)", "Lattice(steps=51)", "BlackScholes()"]
    assert "Lattice(steps=51)" in typed(house, *asked, "--price", "11", "--right", "p").out
    ran = typed(house, *asked)
    assert (ran.code, ran.out, ran.err) == (2, "", "price: give exactly one of --vol-pct and --price\n")
    of_any = ("price", "--spot", "600", "--strike", "600", "--days", "30", "--vol-pct", "15")
    assert "book spy: rate" in typed(house, *of_any).out, "that which is traded without --book"
    ran = typed(house, *of_any, "--book", "spy", "--book", "nvda")
    told = "price: whose rates and dividends? Name one book with --book: nvda, spy\n"
    assert (ran.code, ran.out, ran.err) == (2, "", told)
