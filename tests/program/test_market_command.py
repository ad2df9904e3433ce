"""`main.py market`: a day of any market, in a table, as JSON and as a picture; mistakes are one line."""

import json
import re
from pathlib import Path

import pytest
from typed import REPOSITORY, started, typed

from gamma_scalper.commands.market_picture import draw, facts, look_at
from gamma_scalper.domain.exits import UserError

LEAN = REPOSITORY.parent / "shared" / "data" / "lean"
NVDA = "regime:step=300,symbol=NVDA,spot=180"


@pytest.fixture(scope="module")
def day():
    return look_at(NVDA, seed=3, sessions=2, lenient=False, plot=None)


def test_a_person_gets_a_table_and_a_picture(tmp_path):
    ran = typed(REPOSITORY, "market", "--market", NVDA, "--plot", str(tmp_path / "day.svg"))
    assert (ran.code, ran.err) == (0, "")
    told = {cells[1].strip(): cells[2].strip() for line in ran.out.splitlines() if (cells := line.split("│"))[1:3]}
    assert told["underlying"] == "NVDA"
    assert "high" in told["price, $"] and "bid to ask" in told["its spread"] and "options of" in told["listed"]
    assert told["picture"].endswith("day.svg") or "picture" in told
    assert (tmp_path / "day.svg").read_text().startswith("<?xml")


def test_a_picture_can_be_png_and_where_it_goes_is_checked(tmp_path, day):
    draw(day, tmp_path / "day.png")
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "folder.svg").mkdir()
    for plot, told in (
        (tmp_path / "day.gif", r"ends in .png or .svg"),
        (tmp_path / "none" / "day.png", "there is no folder"),
        (tmp_path / "folder.svg", "is a folder"),
        (Path("/proc/day.svg"), "can't be written"),
    ):
        with pytest.raises(UserError, match=told):
            draw(day, plot)


def test_a_machine_gets_json():
    found = json.loads(typed(REPOSITORY, "market", "--market", NVDA, "--seed", "3", "--json").out)
    assert (found["schema"], found["symbol"], found["account"]) == ("market-day/1", "NVDA", None)
    assert "seed=3" in found["market"]
    assert found["statistics"]["low"] <= found["statistics"]["close"] <= found["statistics"]["high"]
    assert len(found["half_hours_vol"]) == 13


def test_figures_agree_with_one_another(day):
    found = day.statistics
    assert found["sessions"] == 2
    assert found["contracts"] > 50 * found["expiries"] / 2
    assert found["straddle_strike"] == pytest.approx(180, rel=0.1)
    days = found["straddle_days"]
    usual = 0.8 * found["straddle_strike"] * found["implied_vol_30d"] * (days / 365) ** 0.5
    assert found["straddle_price"] == pytest.approx(usual, rel=0.15)
    assert 0 < found["straddle_spread"] < 0.1 * found["straddle_price"]


def test_what_nobody_knows_is_said_to_be_unknown(day):
    said = dict(facts(day))
    assert said["overnight gap"].endswith("from the close before")
    day.statistics["gap_pct"], before = float("nan"), day.statistics["gap_pct"]
    assert dict(facts(day))["overnight gap"] == "not known"
    day.statistics["gap_pct"] = before


def test_a_mistake_is_one_line_and_exit_code_2():
    ran = started(REPOSITORY, "market", "--market", "heston:sgima=0.2")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("heston:sgima=0.2: there is no sgima; did you mean sigma?")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"spec": "hestno:"}, "there is no market 'hestno'; did you mean heston?"),
        ({"seed": -1}, "seed = -1 is not allowed; allowed: 0 to 2^63 - 1"),
        ({"sessions": 0}, "market: --days 0 is not allowed; allowed: 1 to 252"),
        ({"plot": Path("day.jpg")}, "day.jpg: a picture's name ends in .png or .svg"),
        ({"spec": "push:start=2026-01-05"}, "nothing is listed"),
    ],
)
def test_what_can_t_be_shown_is_refused(wrong, told):
    with pytest.raises(UserError, match=re.escape(told)):
        look_at(**{"spec": NVDA, "seed": 3, "sessions": 1, "lenient": False, "plot": None} | wrong)


@pytest.mark.skipif(not LEAN.is_dir(), reason="the sample data are not there")
def test_a_replayed_file_shows_its_account():
    day = look_at(f"lean:{LEAN},step=300", seed=None, sessions=1, lenient=False, plot=None)
    assert (day.symbol, day.instantaneous) == ("GOOG", None)
    assert 0.1 < day.statistics["implied_vol_30d"] < 0.4
    account, said = day.as_json()["account"], facts(day)
    assert account["rows"] == account["used"] + sum(account["rejected"].values()) > 0
    assert ("rows of the file", f"{account['rows']:,}") in said
    assert [count for what, count in said if what == "rejected"] == [
        f"{count:,}: {reason}" for reason, count in sorted(account["rejected"].items())
    ]
