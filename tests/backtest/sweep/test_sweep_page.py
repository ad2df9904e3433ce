"""The page of a sweep stands alone, says what the verdict says, and draws what there is."""

import math
import re

import numpy as np
import pytest
from attrs import evolve
from sweeping import alone, cells_of, plain_run
from test_sweep_search import GROUND

from gamma_scalper.backtest.sweep.grid import axes_of
from gamma_scalper.backtest.sweep.sweep import sweep_of, swept
from gamma_scalper.reports.sweep.outcome import Estimate, FailedRun, OutOfSample
from gamma_scalper.reports.sweep.page import page, write_pictures
from gamma_scalper.reports.sweep.plots import plots
from gamma_scalper.reports.sweep.shown import plain_outcome, shown


def _played(cell, seed):
    hedge = cell.book.hedge
    own = np.random.default_rng([seed, len(hedge.policy), round(hedge.band_shares)]).normal(0, 10, 2)
    hedged = own * hedge.band_shares / 10
    return plain_run(cell, seed, own.tolist(), cost=30 / (1 + hedge.band_shares), hedged=hedged.tolist())


def _outcome(folder, *grid, seeds=range(1, 13)):
    sweep = sweep_of(
        cells_of(ground=GROUND), axes_of(grid, ranges=False),
        seeds=seeds, objective="profit", search=None, settings={"spy:hedge.policy": "fee_aware"},
    )  # fmt: skip
    return swept(sweep, alone(folder, _played))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return _outcome(tmp_path_factory.mktemp("sweep"), "hedge.band_shares=2,5,10", "hedge.policy=fixed,whalley_wilmott")


def test_the_page_needs_nothing_from_elsewhere_and_is_the_same_every_time(outcome):
    text = page(outcome)
    assert not re.search(r"<script|<link|<img|https?://|url\((?!#)", text)
    assert text == page(outcome)
    assert text.count("<svg") == 3


def test_the_page_tells_the_verdict_every_cell_and_what_was_played(outcome):
    text = page(outcome)
    assert text.count(">as it is<") == 2  # in two pictures
    for policy in ("fixed", "whalley_wilmott"):
        for band in ("2", "5", "10"):
            assert f'<td class="wrap">{band}, {policy}</td>' in text
    assert "after correcting for 6 cells" in text or "No cell did better" in text
    assert GROUND.market in text and "spy:hedge.policy" in text and "1 to 12" in text


def test_what_failed_and_what_was_left_out_is_told_and_escaped(outcome):
    spoilt = evolve(outcome, failures=(FailedRun("a=1", 7, "<b>it broke"),), left_out=("a=2",))
    text = page(spoilt)
    assert "&lt;b&gt;it broke" in text and "<b>it broke" not in text and "half of their runs failed: a=2" in text


def test_every_cell_on_the_frontier_is_beaten_by_none(outcome):
    for cell in outcome.cells:
        beaten = any(
            other.risk.value <= cell.risk.value and other.cost.value <= cell.cost.value and other is not cell
            for other in outcome.cells
        )
        assert cell.efficient != beaten


@pytest.mark.parametrize(
    "grid",
    [
        ("hedge.band_shares=2,5,10",),
        ("hedge.band_shares=2,5", "hedge.policy=fixed,whalley_wilmott", "hedge.steps=1,2"),
        ("hedge.band_shares=5",),
    ],
)
def test_one_key_three_keys_and_none_that_varies_can_be_drawn(tmp_path, grid):
    found = _outcome(tmp_path / "runs", *grid)
    names = [each.name for each in plots(found)]
    assert names == ["frontier", "profit", "landscape"][: 3 if "," in grid[0] else 2]
    written = write_pictures(found, tmp_path / "pictures")
    assert len(written) == len(names)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


def test_a_search_is_drawn_as_dots(outcome):
    found = evolve(outcome, search="random")
    assert [each.name for each in plots(found)][-1] == "landscape"
    assert "cell the search tried" in page(found)


def test_what_can_not_be_told_is_left_open(tmp_path):
    found = _outcome(tmp_path, "hedge.band_shares=2,5", seeds=(1,))
    text = page(found)
    assert [each.name for each in plots(found)] == ["landscape"]
    assert "3 runs of 2 sessions on seed 1;" in text
    assert "nan" not in text.lower().replace("finance", "")
    assert plain_outcome(found)["cells"][0]["profit"]["low"] is None


def test_a_machine_gets_the_same(outcome):
    fresh = OutOfSample(seeds="13 to 24", cell="x", within=Estimate(1.0), beyond=Estimate(0.5, 0.0, 1.0), p=0.04)
    plain = plain_outcome(evolve(outcome, fresh=fresh))
    assert len(plain["cells"]) == 7 and plain["best"] == outcome.cells[outcome.best].name
    assert plain["out_of_sample"]["beyond"] == {"value": "0.5000", "low": "0.0000", "high": "1.0000"}
    assert plain["deflated_sharpe"] is None or math.isfinite(plain["deflated_sharpe"])
    assert shown(outcome) is not None
