"""The page says what was played, the same each time, and nothing of it by hand."""

from pathlib import Path

import pytest
from proving.full import Found, Shown
from proving.outcome import Outcome
from proving.report import BEGIN, END, printed, write
from proving.results import Results
from proving.totals import KINDS, figures
from staging.strikes import STATES

PLAYED = (
    Outcome(seed=1, end="flat", minutes=30.0, lives=2, deaths=1, orders=4, struck={"death": {"holding": 1}}),
    Outcome(seed=2, end="flat", minutes=30.0, lives=1, orders=2, struck={"death": {"holding": 1, "flat": 1}}),
    Outcome(seed=3, end="hung", violations=["one/1 was sent | twice"], struck={"death": {"flat": 1}}),
)


def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path / "shown.json", {"age-gate": Found(7, 7, "a quote | 9 s old")}, None)


def test_a_pair_that_never_met_is_blank_and_counted_as_not_shown(tmp_path: Path) -> None:
    page = printed(PLAYED, shown(tmp_path))
    line = next(line for line in page.splitlines() if line.startswith("| death |"))
    cells = dict(zip(("injected", *STATES), (cell.strip() for cell in line.split("|")[2:-1]), strict=True))
    assert (cells["holding"], cells["flat"], cells["night"]) == ("2", "**1/2**", "")
    assert f"{len(KINDS) * len(STATES) - 2} of {len(KINDS) * len(STATES)} pairs" in page


def test_a_session_that_broke_a_rule_has_survived_nothing() -> None:
    told = figures(PLAYED)
    assert told["struck"]["death"] == {"holding": 2, "flat": 2}
    assert told["survived"]["death"] == {"holding": 2, "flat": 1}
    assert told["violations"] == {"3": ["one/1 was sent | twice"]}


def test_a_protection_whose_absence_was_not_noticed_is_said_to_be_not_shown(tmp_path: Path) -> None:
    lines = printed(PLAYED, shown(tmp_path)).splitlines()
    assert any(line.startswith("| age-gate |") and line.endswith("| 7 | a quote / 9 s old |") for line in lines)
    assert any(line.startswith("| unknown-rule |") and line.endswith("| not shown | |") for line in lines)


def test_only_what_is_between_the_markers_is_written_and_twice_is_once(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    readme = tmp_path / "README.md"
    for each in (page, readme):
        each.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(PLAYED, shown(tmp_path), page, readme)
    once = page.read_text()
    write(PLAYED, shown(tmp_path), page, readme)
    assert page.read_text() == once
    assert "3 sessions" in readme.read_text() and "**1 sessions broke a rule.**" in readme.read_text()
    assert once.startswith("before\n") and once.endswith(f"{END}\nafter\n") and "\nold\n" not in once


def test_a_page_without_a_place_for_it_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("mine")
    with pytest.raises(ValueError, match="no place"):
        write(PLAYED, shown(tmp_path), page, page)
    assert page.read_text() == "mine"


def test_what_was_played_is_read_again_and_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    results = Results(tmp_path, "abc")
    for outcome in PLAYED:
        results.keep(outcome)
    with results.file.open("a") as file:
        file.write('{"seed": 4, "vio')
    assert results.read() == {outcome.seed: outcome for outcome in PLAYED}


def test_results_of_other_code_are_not_mixed_in(tmp_path: Path) -> None:
    Results(tmp_path, "old").keep(PLAYED[0])
    new = Results(tmp_path, "new")
    assert not new.read()
    assert new.others() == ["old"]


def test_what_else_was_shown_is_kept(tmp_path: Path) -> None:
    before = shown(tmp_path)
    before.kills = {"kills": 100, "in_the_air": 40, "violations": 0}
    before.keep()
    assert Shown.read(before.file) == before
