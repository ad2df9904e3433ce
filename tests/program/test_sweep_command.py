"""The command `sweep` as a person types it."""

import json
from datetime import date
from functools import partial

import numpy as np
import pytest
from typed import REPOSITORY, typed

from config import load_config
from gamma_scalper.backtest.sweep.cells import Cells, Ground
from gamma_scalper.backtest.sweep.store import Run, SweepStore

MARKET, DAY = "heston:step=60", "2026-01-05"
BANDS = ("5", "10")


@pytest.fixture
def played(tmp_path):
    """A folder in which this sweep was played to its end, and how it is asked for."""
    load = partial(load_config, root=REPOSITORY, environment={})
    ground = Ground(MARKET, "", date.fromisoformat(DAY), date.fromisoformat(DAY))
    cells = Cells(load, (), ground, load().system, "spy")
    store = SweepStore(tmp_path / "runs", print)
    for row, cell in enumerate([cells.as_it_is(), *(cells.cell({"hedge.band_shares": band}) for band in BANDS)]):
        for seed in range(1, 13):
            luck, own = np.random.default_rng(seed).normal(0, 30), np.random.default_rng([seed, row]).normal(row, 1)
            profit = float(luck + own)
            store.add([Run(cell=cell.digest, seed=seed, profit=(profit,), hedged=(profit,), costs=(9.0 - row,))])
    grid = ["--grid", f"hedge.band_shares={','.join(BANDS)}"]
    asked = ["sweep", "--market", MARKET, "--from", DAY, "--to", DAY, "--seeds", "12", *grid]
    return [*asked, "--out", str(tmp_path / "runs")]


def test_a_sweep_that_was_played_is_told_again_at_once(played):
    ran = typed(REPOSITORY, *played)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Best cell hedge.band_shares=10:")
    assert "after correcting for 2 cells" in ran.out
    assert "the book as it is" in ran.out and "36 runs of 1 session on seeds 1 to 12" in ran.out


def test_the_objective_may_be_another(played):
    told = json.loads(typed(REPOSITORY, *played, "--objective", "cost", "--json").out)
    assert told["schema"] == "sweep/1"
    assert told["objective"] == "cost" and told["best"] == "hedge.band_shares=10"
    assert told["cells"][0]["settings"] == {"hedge.band_shares": "5"}


def test_page_and_pictures_are_written_where_asked(played, tmp_path):
    ran = typed(REPOSITORY, *played, "--report", str(tmp_path / "out.html"), "--pngs", str(tmp_path / "pngs"))
    assert ran.code == 0, ran.err
    assert "hedge.band_shares=10" in (tmp_path / "out.html").read_text()
    names = sorted(path.name for path in (tmp_path / "pngs").iterdir())
    assert names == ["spy_frontier.png", "spy_landscape.png", "spy_profit.png"]


def test_ctrl_c_is_one_line_that_says_what_is_kept_and_how_to_go_on(played, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gamma_scalper.backtest.sweep.player.crew", interrupted)
    ran = typed(REPOSITORY, *played, "--seeds", "14")
    assert (ran.code, ran.out) == (130, "")
    assert "36 of 42 runs are kept in" in ran.err and "the same command goes on from there" in ran.err


@pytest.mark.parametrize(
    ("flags", "answer"),
    [
        ([], "--grid: give at least one"),
        (["--grid", "hedge.band=1"], "--grid: unknown key hedge.band; did you mean hedge.band_shares"),
        (["--grid", "hedge.band_shares=1,-1"], "allowed: at least 0 shares"),
        (["--grid", "hedge.band_shares=1..9"], "add --search random or bayes"),
        (["--grid", "hedge.band_shares=1", "--objective", "luck"], "allowed: profit, hedged, cost, risk,"),
        (["--grid", "hedge.band_shares=1", "--search", "best"], "allowed: random or bayes"),
        (["--grid", "hedge.band_shares=1", "--seeds", "0"], "allowed: 1 to 10000"),
        (["--grid", "hedge.band_shares=1", "--report", "nowhere/out.html"], "there is no folder nowhere"),
        (["--grid", "hedge.band_shares=1", "--book", "spy", "--book", "nvda"], "a sweep is of one book"),
        (["--grid", "hedge.band_shares=1", "--market", "heston:seed=3"], "leave seed= out"),
        (["--grid", "hedge.band_shares=1", "--scheduler", "there"], "expected tcp://HOST:PORT"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(tmp_path, flags, answer):
    market = [] if "--market" in flags else ["--market", MARKET]
    ran = typed(REPOSITORY, "sweep", *market, "--set", f"state_dir={tmp_path / 'state'}", *flags)
    assert (ran.code, ran.out) == (2, "")
    assert answer in ran.err and ran.err.count("\n") == 1
