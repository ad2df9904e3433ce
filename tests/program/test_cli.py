"""The program as a person meets it: commands, help, one-line errors, exit codes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gamma_scalper import cli
from gamma_scalper.domain.exits import ExitCode, UserError

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def house(tmp_path):
    """The program in a folder of its own, so that its files can be spoilt."""
    for name in ("main.py", "config.py"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "books", tmp_path / "books")
    (tmp_path / "gamma_scalper").symlink_to(REPOSITORY / "gamma_scalper")
    (tmp_path / "books" / "nvda.toml").write_text('[underlying]\nsymbol = "NVDA"\n')
    return tmp_path


def run(house: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("MODE", "GATEWAY", "ACCOUNT")}
    return subprocess.run(
        [sys.executable, house / "main.py", *arguments],
        env={**clean, "COLUMNS": "160", **environment}, capture_output=True, text=True, cwd=house.parent,
    )  # fmt: skip


def test_it_explains_itself(house):
    ran = run(house, "--help")
    assert ran.returncode == 0
    assert "books" in ran.stdout and "--speed" in ran.stdout and "Exit codes" in ran.stdout


@pytest.mark.parametrize("command", ["books", "config"])
def test_every_command_has_a_help_text(house, command):
    ran = run(house, command, "--help")
    assert ran.returncode == 0
    assert "--json" in ran.stdout and "--set" in ran.stdout


def test_books_lists_strategy_and_limits(house):
    ran = run(house, "books")
    assert ran.returncode == 0
    row = next(line for line in ran.stdout.splitlines() if " spy " in line)
    assert "gamma_scalp" in row and "SPY" in row and "ring.recoverable_per_minute 60" in row


def test_books_speaks_json(house):
    shown = json.loads(run(house, "books", "--json", "--book", "spy", "--set", "ring.recoverable_per_minute=5").stdout)
    assert shown["schema"] == "books/1"
    (spy,) = shown["books"]
    limits = spy.pop("limits")
    assert spy == {"name": "spy", "strategy": "gamma_scalp", "underlying": "SPY", "fees": "tiered"}
    assert (limits["ring.recoverable_per_minute"], limits["risk.loss.max_daily_loss"]) == (5, 1_000)


def test_config_tells_each_value_and_where_it_was_set(house):
    (house / ".env").write_text("CLIENT_ID=33\nACCOUNT=DU7654321\n")
    ran = run(house, "config", "--book", "spy", "--set", "spy.ring.drain_s=9", LOG_LEVEL="DEBUG")
    rows = {line.split("│")[2].strip(): line for line in ran.stdout.splitlines() if line.count("│") == 6}
    assert "33" in rows["client_id"] and ".env" in rows["client_id"]
    assert "DEBUG" in rows["log_level"] and "environment" in rows["log_level"]
    assert "9.0" in rows["ring.drain_s"] and "--set" in rows["ring.drain_s"]
    assert "books/spy.toml" in rows["fees.schedule"]
    assert "default" in rows["mode"]
    assert "(set, not shown)" in rows["account"] and "DU7654321" not in ran.stdout


def test_config_speaks_json(house):
    shown = json.loads(run(house, "config", "--json", "--book", "spy", ACCOUNT="DU7654321").stdout)
    settings = {(row["book"], row["key"]): row for row in shown["settings"]}
    assert shown["schema"] == "config/1"
    assert settings[None, "account"]["value"] == "(set, not shown)"
    assert settings[None, "state_dir"]["value"] == str(house / "state")
    assert settings["spy", "ring.drain_s"] == {
        "book": "spy", "key": "ring.drain_s", "value": 2.0, "unit": "s", "origin": "default"
    }  # fmt: skip


def test_what_a_person_wrote_is_shown_as_written(house):
    ran = run(house, "config", STATE_DIR="/tmp/a[bold]b[/x]")
    assert ran.returncode == 0
    assert "/tmp/a[bold]b[/x]" in ran.stdout


def test_into_a_pipe_a_table_is_as_wide_as_it_needs_to_be(house):
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, house / "main.py", "config"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "session.option_close_delay_min" in ran.stdout


def test_without_a_book_it_says_what_a_book_is(house):
    shutil.rmtree(house / "books")
    ran = run(house, "books")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "books/: there is no book in it; a book is a file such as books/spy.toml\n"


def test_the_exit_code_is_the_error_s_own(monkeypatch, capsys):
    def halted(_):
        raise UserError("the loss limit is reached", ExitCode.HALTED_BY_RISK)

    monkeypatch.setattr(sys, "argv", ["main.py", "books"])
    with pytest.raises(SystemExit) as caught:
        cli.main(halted)
    assert caught.value.code == 4
    assert capsys.readouterr().err == "the loss limit is reached\n"


def test_config_prints_its_manual(house):
    assert run(house, "config", "--manual").stdout == (REPOSITORY / "docs" / "config.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["books", "config"])
def test_a_wrong_setting_is_one_line_exit_code_2_and_nothing_else(house, command):
    (house / "books" / "spy.toml").write_text("[ring]\ndrain_s = 61\n")
    ran = run(house, command)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "books/spy.toml: ring.drain_s = 61 is not allowed; allowed: 0 to 60 s\n"


def test_an_unknown_book_is_one_line_too(house):
    ran = run(house, "books", "--book", "qqq")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "--book qqq: there is no books/qqq.toml; there are: nvda, spy\n"


@pytest.mark.parametrize("arguments", [("boks",), ("books", "--jsn")])
def test_an_unknown_command_or_flag_ends_with_exit_code_2(house, arguments):
    ran = run(house, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr


def test_it_works_from_any_folder_and_writes_nothing(house):
    before = sorted(house.iterdir())
    assert run(house, "books").returncode == 0
    assert [path for path in sorted(house.iterdir()) if path.name != "__pycache__"] == before


def test_price_answers_a_machine_too_and_a_wrong_option_is_one_line(house):
    asked = ("price", "--book", "nvda", "--spot", "600", "--strike", "600", "--days", "30")
    told = json.loads(run(house, *asked, "--vol-pct", "15", "--json").stdout)
    assert (told["schema"], told["book"], told["inputs"]["rate"]) == ("price/1", "nvda", 0.04)
    assert [row["model"] for row in told["models"]] == ["QuantLibCRR(steps=101)", "Lattice(steps=51)", "BlackScholes()"]
    assert "Lattice(steps=51)" in run(house, *asked, "--price", "11", "--right", "p").stdout
    ran = run(house, *asked)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "price: give exactly one of --vol-pct and --price\n")
    ran = run(house, "price", "--spot", "600", "--strike", "600", "--days", "30", "--vol-pct", "15")
    told = "price: whose rates and dividends? Name one book with --book: nvda, spy\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", told)
