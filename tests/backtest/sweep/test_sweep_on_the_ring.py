"""A true sweep: the very ring, in processes of their own, one of which dies on the way."""

import os
from datetime import date
from functools import partial

import pytest
from sweeping import MARKET, cells_of

from gamma_scalper.backtest.sweep.cells import Ground
from gamma_scalper.backtest.sweep.crew import crew
from gamma_scalper.backtest.sweep.grid import axes_of
from gamma_scalper.backtest.sweep.measuring import bench_of, measured
from gamma_scalper.backtest.sweep.player import Player
from gamma_scalper.backtest.sweep.store import SweepStore
from gamma_scalper.backtest.sweep.sweep import ring, sweep_of, swept
from gamma_scalper.domain.exits import UserError

GROUND = Ground(MARKET, "", date(2026, 1, 5), date(2026, 1, 5))
DEADLY_SEED = 3


def _deadly(bench, cell, seed):
    """As if memory ran out, in one cell on one seed."""
    if seed == DEADLY_SEED and cell.given:
        os._exit(9)
    return measured(bench, cell, seed)


@pytest.fixture(scope="module")
def swept_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    cells = cells_of(["log_level=ERROR"], GROUND)
    sweep = sweep_of(
        cells, axes_of(["hedge.risk_aversion_per_straddle=0.5"], ranges=False),
        seeds=(1, 2, DEADLY_SEED), objective="profit", search=None, settings={},
    )  # fmt: skip
    play = partial(_deadly, bench_of(GROUND, cells.system, "spy"))
    heard = []
    player = Player(play=play, store=SweepStore(folder, heard.append), workers=1)
    return sweep, folder, swept(sweep, player), player.store.runs, heard


def test_a_process_that_dies_costs_its_own_run_only(swept_once):
    _, _, outcome, runs, _ = swept_once
    assert len(runs) == 6
    (failed,) = outcome.failures
    assert failed.seed == DEADLY_SEED and "died" in failed.reason
    assert outcome.runs == 5 and len(outcome.cells) == 2 and not outcome.left_out


def test_elsewhere_the_ring_does_what_it_does_here(swept_once):
    sweep, _, _, runs, _ = swept_once
    here = ring(sweep.cells)(sweep.grid[0], 2)
    assert here == runs[here.key]
    assert here.hedges > 0 and sum(here.costs) > 0 and len(here.profit) == 1


def test_seeds_are_paths_and_cells_are_books(swept_once):
    sweep, _, _, runs, _ = swept_once
    grid, as_it_is = sweep.grid[0].digest, sweep.as_it_is.digest
    assert len({run.profit for run in runs.values() if not run.failure}) == 5
    assert runs[grid, 1].hedges > runs[as_it_is, 1].hedges  # a tighter band


def test_the_second_time_only_what_failed_is_played_again(swept_once):
    sweep, folder, _, runs, heard = swept_once
    store = SweepStore(folder, heard.append)
    assert store.runs == runs and not heard
    keys = [(cell.digest, seed) for seed in sweep.seeds for cell in (*sweep.grid, sweep.as_it_is)]
    assert store.missing(keys) == [(sweep.grid[0].digest, DEADLY_SEED)]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    ("address", "answer"),
    [("tcp://127.0.0.1:9", "no Dask scheduler answers there"), ("somewhere", "expected tcp://HOST:PORT")],
)
def test_a_scheduler_out_of_reach_is_one_line(address, answer, monkeypatch):
    monkeypatch.setattr("gamma_scalper.backtest.sweep.crew._FIND_S", 0.2)
    with pytest.raises(UserError, match=answer), crew(address):
        pass
