"""A search finds what is there to find, asks for the same cells every time, and goes on where it stopped."""

import math
from datetime import date

import numpy as np
import pytest
from attrs import evolve
from sweeping import MARKET, alone, cells_of, plain_run

from gamma_scalper.backtest.sweep.cells import Ground
from gamma_scalper.backtest.sweep.grid import axes_of
from gamma_scalper.backtest.sweep.search import Search, searched
from gamma_scalper.backtest.sweep.sweep import sweep_of, swept
from gamma_scalper.domain.exits import UserError
from gamma_scalper.reports.sweep.shown import told

SEEDS = range(1, 11)
WIDE = ("hedge.band_shares=1..200",)
SEARCH = Search(method="bayes", trials=16, objective="profit", seed=3)
ROW = "2026-01-06T15:00:00Z,SPY,,,,600,600.02,500,500"
GROUND = Ground(MARKET, "", None, date(2026, 1, 6))


def _hill(cell, seed):
    """A book earns most with a band of 60 shares, and never more than luck lets it."""
    luck = np.random.default_rng(seed).normal(0, 30)
    own = np.random.default_rng([seed, round(cell.book.hedge.band_shares)]).normal(0, 1)
    return plain_run(cell, seed, [luck + own - abs(cell.book.hedge.band_shares - 60) / 10])


def _names(search, folder, axes=WIDE):
    player = alone(folder, _hill)
    return [cell.name for cell in searched(search, axes_of(axes, ranges=True), cells_of(), player, SEEDS)], player


def test_a_search_finds_the_hill(tmp_path):
    names, _ = _names(evolve(SEARCH, trials=40), tmp_path)
    late = [float(name.partition("=")[2]) for name in names[20:]]
    assert np.median(np.abs(np.array(late) - 60)) < 25


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_the_same_search_goes_on_where_it_stopped(tmp_path, method):
    search = evolve(SEARCH, method=method)
    first, player = _names(evolve(search, trials=8), tmp_path)
    longer, again = _names(search, tmp_path)
    assert longer[:8] == first and len(longer) == 16
    assert player.played == len(set(first)) * len(SEEDS)
    assert again.played == len(set(longer) - set(first)) * len(SEEDS)
    assert _names(evolve(search, seed=4), tmp_path)[0] != longer


def test_values_stay_in_their_range_and_are_written_short(tmp_path):
    axes = ("hedge.risk_aversion=0.001..1log", "hedge.steps=1..4", "hedge.execution=limit,passive")
    names, _ = _names(evolve(SEARCH, method="random"), tmp_path, axes)
    cells = [dict(part.split("=") for part in name.split(", ")) for name in names]
    for given in cells:
        assert 0.001 <= float(given["hedge.risk_aversion"]) <= 1 and len(given["hedge.risk_aversion"]) <= 9
        assert given["hedge.steps"] in "1234" and given["hedge.execution"] in ("limit", "passive")
    logs = [math.log10(float(given["hedge.risk_aversion"])) for given in cells]
    assert -2.3 < np.mean(logs) < -0.7


def test_a_book_that_is_not_allowed_is_a_trial_that_failed(tmp_path):
    axes = ("hedge.policy=fee_aware,fixed", "hedge.to=best,edge")
    names, _ = _names(evolve(SEARCH, method="random"), tmp_path, axes)
    assert names and not any("fee_aware, hedge.to=edge" in name for name in names)


def test_the_best_is_told_again_on_seeds_it_was_not_chosen_on(tmp_path):
    cells = cells_of(ground=GROUND)
    sweep = sweep_of(cells, axes_of(WIDE, ranges=True), seeds=SEEDS, objective="profit", search=SEARCH, settings={})
    player = alone(tmp_path, _hill)
    outcome = swept(sweep, player)
    fresh = outcome.fresh
    assert fresh.cell == outcome.cells[outcome.best].name and fresh.seeds == "11 to 20"
    assert fresh.beyond.value != fresh.within.value
    assert {seed for _, seed in player.store.runs} == set(range(1, 21))
    assert len({cell.digest for cell in outcome.cells}) == len(outcome.cells)


def test_on_a_file_nothing_is_called_out_of_sample(tmp_path):
    """Another seed of the same days is no other day."""
    path = tmp_path / "quotes.csv"
    path.write_text(f"time,symbol,expiry,strike,right,bid,ask,bid_size,ask_size\n{ROW}\n")
    cells = cells_of(ground=Ground(f"csv:{path}", "", None, None))
    sweep = sweep_of(cells, axes_of(WIDE, ranges=True), seeds=SEEDS, objective="profit", search=SEARCH, settings={})
    player = alone(tmp_path / "runs", _hill)
    outcome = swept(sweep, player)
    assert outcome.fresh is None and {seed for _, seed in player.store.runs} == set(SEEDS)
    assert any(line.startswith("Nothing was tried out of sample") for line in told(outcome))


def test_a_range_is_checked_at_both_ends_before_anything_is_played():
    with pytest.raises(UserError, match="step_s = '100' is not allowed"):
        sweep_of(
            cells_of(), axes_of(["hedge.step_s=1..100"], ranges=True),
            seeds=SEEDS, objective="profit", search=SEARCH, settings={},
        )  # fmt: skip


def test_a_market_with_a_seed_of_its_own_is_refused():
    ground = Ground("heston:step=60,seed=4", "", None, None)
    with pytest.raises(UserError, match="leave seed= out"):
        sweep_of(
            cells_of(ground=ground), axes_of(["hedge.steps=1,2"], ranges=False),
            seeds=SEEDS, objective="profit", search=None, settings={},
        )  # fmt: skip
