"""The real GOOG day of 24 December 2015 through the whole ring, from its first quote to its early close at 13:00."""

import math
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import fields
from playing import play, sound

from gamma_scalper.domain.entries import Dispatched, Halted, SessionEnded
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_cents
from gamma_scalper.reports.backtest.figures import Figures
from gamma_scalper.reports.backtest.page import page
from gamma_scalper.reports.backtest.told import told

LEAN = Path(os.environ.get("LEAN_DATA") or Path(__file__).parents[4] / "shared" / "data" / "lean")
OPENS, CLOSES = datetime(2015, 12, 24, 14, 30, tzinfo=UTC), datetime(2015, 12, 24, 18, 0, tzinfo=UTC)
OF_ONE_DAY = {"deviation", "hedged_deviation"}  # nothing to reckon them from
# A stock whose strikes are $2.50 apart and whose options were hardly traded that day; the book sells before the close.
FOR_GOOG = (
    "underlying.symbol=GOOG", "selection.min_open_interest=0", "risk.structure.moneyness_pct=3",
    "risk.quotes.wide_pct=10", "entry.give_up_pct=3", "hedge.policy=fixed", "hedge.band_shares=4",
    "nights.weekend=flatten", "nights.overnight=flatten", "nights.flatten_before_s=3600",
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    not (LEAN / "option/usa/minute/goog").is_dir(), reason=f"the GOOG day is not in {LEAN}; set LEAN_DATA to its folder"
)


@pytest.fixture(scope="module")
def played():
    return play(f"lean:{LEAN},step=60", 1, None, None, *FOR_GOOG)


def test_it_is_traded_in_its_hours_and_the_books_are_sound(played):
    sound(played)
    fills = played.rows(Fill)
    assert all(OPENS < row.at < CLOSES for row in (*fills, *played.rows(Dispatched)))
    bought = [row.entry.instrument for row in fills if isinstance(row.entry.instrument, Option)]
    assert {each.right for each in bought} == {"C", "P"} and all(each.symbol == "GOOG" for each in bought)
    assert [row.entry for row in fills if not isinstance(row.entry.instrument, Option)], "it was hedged"
    assert not played.ledger.holdings and not played.entries(Halted)
    assert played.entries(SessionEnded) == [SessionEnded("the last day is over", 0)]


def test_every_row_of_the_source_is_accounted_for_in_the_run_and_on_its_page(played):
    source = played.story.source
    assert [(each.rows, each.used, sum(each.rejected.values())) for each in source] == [
        (260, 234, 26), (275_552, 275_387, 165), (2_058, 2_058, 0)
    ]  # fmt: skip
    text = page(told(played.story))
    assert "277,679 used and 191 rejected make 277,870 of 277,870 rows read." in text
    for each in source:
        assert Path(each.name).name in text
    assert played.story.first == played.story.last == date(2015, 12, 24) and not played.story.missing


def test_its_figures_are_sane_and_sum_to_the_cent(played):
    figures = told(played.story).whole.figures
    floats = {each.name: getattr(figures, each.name) for each in fields(Figures) if each.name not in OF_ONE_DAY}
    assert all(math.isfinite(each) for each in floats.values() if isinstance(each, float | Decimal)), floats
    parts = (figures.delta, figures.gamma, figures.theta, figures.vega, figures.vanna, figures.volga, figures.zomma)
    assert sum(parts) + figures.carry + figures.costs + figures.unexplained == figures.profit == played.attributed
    assert figures.profit == to_cents(figures.cash) and figures.worth == 0
    assert figures.gamma > 0 > figures.theta and 0.05 < figures.implied_vol < 0.6
    assert figures.straddles_bought == figures.straddles_closed > 0
    assert abs(figures.unexplained) < 5 and figures.costs < 0
