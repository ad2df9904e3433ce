"""`uv run main.py`: it trades, goes on where it stopped, and obeys from a second terminal."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from typed import REPOSITORY, started, typed

from config import load_config
from gamma_scalper.commands import take_over
from gamma_scalper.commands.panic import put_file
from gamma_scalper.commands.run import Asked, run
from gamma_scalper.domain.entries import SessionEnded
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.fills import Fill
from gamma_scalper.journal.reader import JournalReader

MARKET = "gbm:sigma=0.4,implied=0.4,spot=100,step=5"  # at $100 few options are listed
QUICK = ("entry.step_s=1", "entry.step_pct=50", "selection.max_expiries=1", "selection.strikes_per_expiry=3")


def trade(folder, lasts, *overrides, start="resume", book="spy"):
    given = [f"state_dir={folder}", f"market={MARKET}", "log_level=WARNING", *QUICK, *overrides]
    config = load_config(given, environment={})
    return run(config, Asked(books={book: config.books[book]}, speed=None, lasts=lasts, start=start))


def rows(folder):
    reader = JournalReader.open(f"sqlite:///{folder}/paper/journal.db")
    try:
        return list(reader.rows())
    finally:
        reader.close()


def command(folder, *arguments):
    """From a second terminal."""
    answer = typed(REPOSITORY, *arguments, STATE_DIR=str(folder))
    return answer.code, answer.out + answer.err


def test_it_buys_a_straddle_and_goes_on_with_it_where_it_stopped(tmp_path, capsys):
    assert trade(tmp_path, "3m") is ExitCode.OK
    first = rows(tmp_path)
    bought = [row.entry for row in first if isinstance(row.entry, Fill)]
    assert {fill.intent.book for fill in bought} == {"spy"} and len(bought) >= 2
    assert "the last session: " in capsys.readouterr().out
    assert trade(tmp_path, "3m") is ExitCode.OK
    more = rows(tmp_path)[len(first) :]
    assert 0 <= (more[0].at - first[-1].at).total_seconds() < 5, "the market's time goes on"
    ends = [row.entry for row in rows(tmp_path) if isinstance(row.entry, SessionEnded)]
    assert [(end.why, end.exit_code) for end in ends] == [("--for 3m is over", 0)] * 2
    options = [row.entry for row in more if isinstance(row.entry, Fill) and row.entry.instrument.multiplier == 100]
    assert not options, "what is held is gone on with"


def test_a_run_with_a_seed_is_the_same_to_the_byte(tmp_path):
    """In this process, and in one of its own that has another order for whatever has none."""
    told = []
    for ask in (typed, started):
        folder = str(tmp_path / ask.__name__)
        settings = {"STATE_DIR": folder, "PYTHONHASHSEED": "7", "LOG_LEVEL": "WARNING", "COLUMNS": "160"}
        ran = ask(REPOSITORY, "--for", "4m", "--speed", "max", "--market", MARKET, **settings)
        assert ran.code == 0, ran.err
        told.append((ran.out, *(ask(REPOSITORY, each, "--json", **settings).out for each in ("summary", "ops"))))
    assert told[0] == told[1]
    assert "Decided" in told[0][2] and json.loads(told[0][1])["schema"] == "summary/1"


@contextmanager
def trader(folder):
    """A trader that has its first figures; one that still lives at the end is killed."""
    with subprocess.Popen(
        [sys.executable, REPOSITORY / "main.py", "--market", MARKET, "--speed", "5"],
        env=os.environ | {"STATE_DIR": str(folder), "LOG_LEVEL": "INFO"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert any("figures again" in line for line in process.stdout), process.wait()
            yield process
        finally:
            process.kill()


def test_it_obeys_from_a_second_terminal_and_ends_when_it_is_told_to(tmp_path):
    with trader(tmp_path) as process:
        assert command(tmp_path, "pause", "lunch") == (0, "paused: nothing new is begun; what lives goes on\n")
        code, said = command(tmp_path, "status")
        assert code == 0 and "lunch" in said
        assert command(tmp_path, "unpause") == (0, "goes on\n")
        assert command(tmp_path, "--speed", "2", "pause")[0] == ExitCode.CONFIGURATION
        stopped = started(REPOSITORY, "stop", STATE_DIR=str(tmp_path))
        assert stopped.code == 0, stopped
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "the last session" in out
    assert isinstance(rows(tmp_path)[-1].entry, SessionEnded)


def test_ctrl_c_ends_it_with_a_summary_and_without_a_traceback(tmp_path):
    with trader(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "the last session" in out and "Traceback" not in out
    ended = rows(tmp_path)[-1].entry
    assert isinstance(ended, SessionEnded) and ended.why == "Ctrl+C"


def refused(*arguments, **environment):
    answer = typed(REPOSITORY, *arguments, **environment)
    assert len(answer.err.splitlines()) == 1, answer.err
    return answer.code, answer.err


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        (["--book", "qqq"], "there is no books/qqq.toml"),
        (["--speed", "fast"], "or max"),
        (["--for", "soon"], "1d for one session"),
        (["--start", "anew"], "resume, fresh and adopt"),
        (["--mode", "live"], "needs a broker"),
        (["--market", "nowhere:"], "there is no market"),
        (["--set", "hedge.band_sheep=3"], "did you mean hedge.band_shares"),
    ],
)
def test_what_can_t_be_meant_is_refused_in_a_line_before_anything_runs(tmp_path, arguments, about):
    code, said = refused(*arguments, STATE_DIR=str(tmp_path))
    assert code == ExitCode.CONFIGURATION and about in said


def test_a_broker_s_market_can_t_be_hurried(tmp_path):
    code, said = refused("--speed", "10", STATE_DIR=str(tmp_path), GATEWAY="127.0.0.1:7497")
    assert code == ExitCode.CONFIGURATION and "only the offline market" in said


def test_live_asks_for_the_account_a_second_time(tmp_path):
    live = {"MODE": "live", "GATEWAY": "127.0.0.1:1", "LIVE_ACCOUNT": "U1234567", "STATE_DIR": str(tmp_path)}
    code, said = refused(**live)
    assert code == ExitCode.CONFIGURATION and "--confirm-account" in said
    code, said = refused("--confirm-account", "U7654321", **live)
    assert code == ExitCode.CONFIGURATION and "U7654321" not in said and "U1234567" not in said


def test_another_market_does_not_get_the_account_of_this_one(tmp_path):
    trade(tmp_path, "1m")
    with pytest.raises(UserError, match="STATE_DIR") as error:
        trade(tmp_path, "1m", "seed=5")
    assert error.value.exit_code is ExitCode.CONFIGURATION


def test_an_underlying_that_is_not_traded_there_ends_it_with_nothing_traded(tmp_path):
    with pytest.raises(UserError, match="NVDA") as error:
        trade(tmp_path, "1m", book="nvda")
    assert error.value.exit_code is ExitCode.NOTHING_TRADABLE


def test_a_second_trader_is_refused_and_one_that_hangs_is_ended_and_sold_out(tmp_path, monkeypatch):
    trade(tmp_path, "2m")
    monkeypatch.setattr(take_over, "_MERCY_S", 0.3)
    with trader(tmp_path) as process:
        with pytest.raises(UserError, match=f"process {process.pid}"):
            trade(tmp_path, "1m")
        process.send_signal(signal.SIGSTOP)
        put_file(tmp_path / "paper", "ada", "it hangs", datetime.now(UTC))
        config = load_config([f"state_dir={tmp_path}", f"market={MARKET}", "log_level=ERROR"], environment={})
        assert take_over.take_over(config) is ExitCode.OK
        assert process.wait(timeout=30) == -signal.SIGKILL
    code, said = command(tmp_path, "positions", "--json")
    assert code == 0 and json.loads(said)["positions"] == []
    moments = [row.at for row in rows(tmp_path)]
    assert moments == sorted(moments), "after each death it went on where it was"
