"""Past quotes from the command line: download, import, list, check, record; and Ctrl+C, which loses nothing whole."""

import json
import signal
from datetime import date

import pytest
from typed import REPOSITORY, typed

from gamma_scalper.backtest.history.store import HistoryStore
from gamma_scalper.commands import history_download, recording
from gamma_scalper.commands.history_files import writing
from gamma_scalper.exchange.replay import read_rec

MARKET = "gbm:sigma=0.4,implied=0.4,spot=100,step=20"
HEADER = "time,symbol,expiry,strike,right,bid,ask,bid_size,ask_size"
QUICK = ("--set", "selection.max_expiries=1", "--set", "selection.strikes_per_expiry=3")


def asked(folder, *words):
    return typed(REPOSITORY, *words, STATE_DIR=str(folder), MARKET=MARKET, LOG_LEVEL="ERROR", COLUMNS="200")


def told(answer):
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def csv(folder, *rows):
    path = folder / "quotes.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_a_download_plays_as_a_market_and_is_found_whole(tmp_path):
    span = ("--from", "2026-01-05", "--to", "2026-01-06")
    first = asked(tmp_path, "history", "download", "--book", "spy", *span, "--strikes", "2", "--expiries", "2")
    assert first.code == 0 and "2 of 2 sessions are there" in first.out, first.err
    again = told(asked(tmp_path, "history", "download", "--symbol", "SPY", *span, "--json"))
    assert again["schema"] == "history_download/1"
    assert [(day["day"], day["what"], day["faults"]) for day in again["days"]] == [
        ("2026-01-05", "there already", []),
        ("2026-01-06", "there already", []),
    ]
    (series,) = told(asked(tmp_path, "history", "list", "--json"))["series"]
    assert (series["what"], series["symbol"], series["missing_days"]) == ("quotes", "SPY", [])
    assert series["days"][0]["contracts"] > 1 and "BID and ASK" in series["days"][0]["source"]
    assert told(asked(tmp_path, "history", "check", "--json"))["ok"] is True
    folder = tmp_path / "history" / "quotes" / "SPY"
    market = told(asked(tmp_path, "market", "--market", f"parquet:{folder},step=60", "--json"))
    assert market["from"].startswith("2026-01-05T14:31") and market["statistics"]["contracts"] > 1


def test_ctrl_c_ends_a_download_with_every_whole_day_kept(tmp_path, monkeypatch):
    def stop(bars, far):
        if far.day == date(2026, 1, 6):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(history_download._Bars, "told", stop)
    span = ("--from", "2026-01-05", "--to", "2026-01-07")
    stopped = asked(tmp_path, "history", "download", "--symbol", "SPY", *span)
    assert stopped.code == 130
    assert stopped.err.splitlines()[-1] == "stopped: 1 days are whole; the same command goes on from there"
    monkeypatch.undo()
    rest = told(asked(tmp_path, "history", "download", "--symbol", "SPY", *span, "--json"))
    assert [day["what"] for day in rest["days"]] == ["there already", "stored", "stored"]


def test_an_import_accounts_for_every_row_and_check_finds_what_is_wrong(tmp_path):
    path = csv(
        tmp_path,
        "2026-01-05T14:31:00Z,SPY,,,,600,600.1,1,1",
        "2026-01-05T14:32:00Z,SPY,,,,600.3,600.2,1,1",
        "2026-01-05T22:00:00Z,SPY,,,,600,600.1,1,1",
    )
    found = told(asked(tmp_path, "history", "import", f"csv:{path}", "--json"))
    assert (found["rows"], found["stored"], found["rejected"]) == (3, 2, {"after the close": 1})
    shown = asked(tmp_path, "history", "import", f"csv:{path}")
    assert "there already" in shown.out and "2 of days that were there, 1 rejected (after the close)" in shown.out
    checked = asked(tmp_path, "history", "check")
    assert checked.code == 2
    assert "no row for 388 min from 14:32 UTC" in checked.out and "1 rows crossed" in checked.out
    assert "1 days looked at, 1 with something wrong, 0 missing" in checked.out


def test_a_damaged_day_is_told_by_name_and_the_rest_goes_on(tmp_path):
    rows = [f"2026-01-0{day}T14:31:00Z,SPY,,,,600,600.1,1,1" for day in (5, 6, 8)]
    asked(tmp_path, "history", "import", f"csv:{csv(tmp_path, *rows)}")
    damaged = tmp_path / "history" / "quotes" / "SPY" / "2026-01-06.parquet"
    damaged.write_bytes(damaged.read_bytes()[:100])
    listed = asked(tmp_path, "history", "list")
    assert listed.code == 0 and "damaged: 2026-01-06" in listed.out and "2026-01-07" in listed.out
    checked = json.loads(asked(tmp_path, "history", "check", "--json").out)
    assert [bool(day["damage"]) for day in checked["days"]] == [False, True, False]
    assert checked["missing_days"] == {"quotes SPY": ["2026-01-07"]}
    played = asked(tmp_path, "market", "--market", f"parquet:{damaged.parent}")
    assert played.code == 2 and played.err.count("\n") == 1 and "2026-01-06.parquet" in played.err


def test_a_recording_is_made_without_trading_and_plays(tmp_path):
    path = tmp_path / "session.rec"
    words = ("record", "--for", "2m", "--speed", "max", "--to", str(path), *QUICK, "--straddles", "2")
    found = told(asked(tmp_path, *words, "--json"))
    assert found["file"] == str(path) and found["quotes"] > 20 and found["contracts"] >= 5
    assert (found["began"][:16], found["ended"][:16]) == ("2026-01-06T14:30", "2026-01-06T14:32")
    tape = read_rec(path)
    assert tape.account.used == found["quotes"] and tape.open_interest, "open interest with it"
    assert not (tmp_path / "paper").exists(), "nothing was traded or journalled"
    twice = asked(tmp_path, *words)
    assert twice.code == 2 and "not written over" in twice.err


def test_ctrl_c_ends_a_recording_and_what_was_recorded_stays(tmp_path, monkeypatch):
    def stop(bar, far):
        if (far.now - far.began).total_seconds() >= 30:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(recording._Bar, "told", stop)
    answer = asked(tmp_path, "record", "--speed", "max", *QUICK)
    assert answer.code == 0, answer.err
    (path,) = (tmp_path / "history" / "recordings").iterdir()
    assert path.name == "spy-2026-01-06T143000Z.rec" and str(path) in answer.out
    assert read_rec(path).account.used > 10


def test_a_recording_of_sessions_ends_at_the_close(tmp_path):
    path = tmp_path / "day.rec"
    slow = ("--set", "selection.rescan_s=86400", "--straddles", "0")
    found = told(asked(tmp_path, "record", "--for", "1d", "--speed", "max", "--to", str(path), *slow, *QUICK, "--json"))
    assert found["ended"] == "2026-01-06T21:00:00+00:00"


DOWNLOAD = ("history", "download", "--from", "2026-01-05", "--to")
SPY = (*DOWNLOAD, "2026-01-06", "--symbol", "SPY")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*DOWNLOAD, "2026-01-06"), "whose past? Name a symbol"),
        ((*DOWNLOAD, "6 Jan", "--symbol", "SPY"), "--to 6 Jan: not a day"),
        ((*DOWNLOAD, "2026-01-04", "--symbol", "SPY"), "before --from"),
        ((*DOWNLOAD, "2026-01-06", "--book", "spi"), "no books/spi.toml"),
        ((*DOWNLOAD, "2026-01-06", "--symbol", "NONE"), "NONE"),
        ((*SPY, "--what", "ticks"), "quotes and bars"),
        ((*SPY, "--prices", "open"), "close and mean"),
        ((*SPY, "--sizes", "0"), "1000,10"),
        ((*SPY, "--strikes", "999"), "allowed: 1 to 200"),
        (("history", "import", "gbm:spot=100"), "no file of quotes"),
        (("history", "check"), "no such days to check; there is nothing"),
        (("record", "--for", "soon"), "--for soon: say how long"),
        (("record", "--speed", "0"), "--speed 0 is not allowed"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(tmp_path, words, said):
    answer = asked(tmp_path, *words)
    assert answer.code == 2 and said in answer.err and answer.err.count("\n") == 1, answer.err
    assert not list(tmp_path.rglob("*.parquet")) and not list(tmp_path.rglob("*.rec"))


def test_two_commands_never_fill_the_store_at_once(tmp_path):
    lock = writing(HistoryStore(tmp_path / "history"))
    try:
        answer = asked(tmp_path, "history", "import", f"csv:{csv(tmp_path)}")
    finally:
        lock.release()
    assert answer.code == 2 and "is held by process" in answer.err and "one command at a time" in answer.err
