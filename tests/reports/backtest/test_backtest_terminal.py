"""A backtest is told in a terminal, to a machine and in pictures as on its page."""

import io
import json
from decimal import Decimal

import pytest
from made_stories import looks, story
from rich.console import Console

from gamma_scalper.portfolio.attribution import PARTS
from gamma_scalper.reports.backtest.answer import OtherRun
from gamma_scalper.reports.backtest.plain import as_plain
from gamma_scalper.reports.backtest.pngs import write_pngs
from gamma_scalper.reports.backtest.terminal import shown
from gamma_scalper.reports.backtest.told import told


def printed(whole) -> str:
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(shown(whole))
    return out.getvalue()


def test_it_fits_into_eighty_columns_and_says_the_result_and_that_it_adds_up(whole):
    text = printed(whole)
    assert max(map(len, text.splitlines())) <= 80
    figures = whole.whole.figures
    assert f"${abs(figures.profit):,.2f}" in text
    assert "The ten parts sum to" in text


def test_two_books_are_told_after_the_whole():
    text = printed(told(story(each={"spy": looks(), "nvda": looks()})))
    assert text.index("all books together") < text.index("\nnvda\n") < text.index("\nspy\n")


def test_other_bands_of_the_same_days_are_told_in_the_terminal_and_to_a_machine(played, whole):
    both = told(played, [OtherRun("twice as wide", whole.whole.figures)])
    assert "Other bands, the same days" in printed(both)
    assert max(map(len, printed(both).splitlines())) <= 80
    assert [each["band"] for each in as_plain(both)["other_bands"]] == ["twice as wide"]


def test_a_machine_gets_money_as_text_moments_in_utc_and_null_for_what_is_not_known(whole):
    read = json.loads(json.dumps(as_plain(whole), allow_nan=False))
    found = read["whole"]
    assert sum(Decimal(found["attribution"][part]) for part in PARTS) == Decimal(found["profit"])
    (book,) = read["books"]
    assert len(book["hedges"]) == found["hedges"]
    assert {each["at"][-6:] for each in book["hedges"]} == {"+00:00"}
    assert as_plain(told(story()))["whole"]["realised_vol"] is None


def test_pictures_are_written_under_the_names_of_book_and_plot_and_only_where_there_is_something(tmp_path, whole):
    written = write_pngs(whole, tmp_path / "pictures")
    assert sorted(path.name for path in written) == [
        "spy_attribution.png", "spy_costs.png", "spy_delta.png", "spy_equity.png", "spy_gamma_theta.png",
        "spy_spot.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
    assert write_pngs(told(story()), tmp_path) == []


@pytest.mark.parametrize("flag", ["--report", "--pngs"])
def test_where_nothing_could_be_written_nothing_is_played(flag, tmp_path):
    from typer.testing import CliRunner

    from config import load_config
    from gamma_scalper import cli
    from gamma_scalper.domain.exits import UserError

    missing = tmp_path / "missing" / "out.html"
    found = CliRunner().invoke(cli.app, ["backtest", "--market", "heston:step=60", flag, str(missing)], obj=load_config)
    assert isinstance(found.exception, UserError)
    assert str(found.exception) == f"{flag} {missing}: there is no folder {missing.parent}"
