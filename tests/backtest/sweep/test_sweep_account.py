"""From runs to an answer: the same seeds for all, failures told, and words that don't oversell."""

import numpy as np
import pytest
from sweeping import cells_of, plain_run

from gamma_scalper.backtest.sweep.account import compared, failures_of, objective_of, panel_of
from gamma_scalper.backtest.sweep.store import Run
from gamma_scalper.backtest.sweep.verdict import verdict

SEEDS = range(1, 41)


@pytest.fixture(scope="module")
def cells():
    made = cells_of()
    return [made.as_it_is(), *(made.cell({"hedge.band_shares": str(band)}) for band in (5, 10, 20))]


def _runs(cells, edges, sessions=2, seeds=SEEDS, cost=1.0):
    """Each seed has its luck, the same for all; each cell its edge and a little of its own."""
    runs = {}
    for row, (cell, edge) in enumerate(zip(cells, edges, strict=True)):
        for seed in seeds:
            luck = np.random.default_rng(seed).normal(0, 50, sessions)
            own = np.random.default_rng([seed, row]).normal(edge, 2, sessions)
            run = plain_run(cell, seed, (luck + own).tolist(), cost=cost + row)
            runs[run.key] = run
    return runs


def _said(cells, runs, objective="profit", seeds=SEEDS):
    panel = panel_of(cells, runs, seeds)
    found = compared(panel, 0, objective)
    return found, verdict(found, panel.profit.shape[1], objective)


def test_an_edge_is_told_apart_from_luck_that_all_cells_share(cells):
    found, said = _said(cells, _runs(cells, (0, 0, 4, 0)))
    assert found.cells[found.best].name == "hedge.band_shares=10"
    assert "holds after correcting for 3 cells" in said[0]
    assert "1 are better" in said[1] and "0 are worse" in said[1]
    assert found.cells[2].profit.low < 0 < found.cells[2].profit.high  # by itself it tells nothing


def test_a_lucky_cell_is_not_sold_as_an_edge(cells):
    found, said = _said(cells, _runs(cells, (0, 0, 0, 0)))
    assert "not distinguishable from the book as it is after correcting for 3 cells" in said[0] or "no cell" in said[0]
    assert min(cell.corrected for cell in found.cells) > 0.05


def test_the_book_as_it_is_may_be_the_best(cells):
    _, said = _said(cells, _runs(cells, (5, 0, 0, 0)))
    assert said[0].startswith("no cell did better than the book as it is")
    assert "3 are worse" in said[1]


@pytest.mark.parametrize(("objective", "best"), [("cost", 1), ("profit", 3), ("hedged", 3), ("risk_adjusted", 3)])
def test_the_best_is_the_best_by_the_objective(cells, objective, best):
    """Costs rise with the row; less of them is better."""
    found, _ = _said(cells, _runs(cells, (0, 0, 0, 30)), objective)
    assert found.best == best


def test_figures_are_of_a_session(cells):
    sums = {cells[0].digest: 10.0, cells[1].digest: 16.0}
    runs = {}
    for cell in cells[:2]:
        for seed in range(10):
            bumps = (-1.0, 1.0) if seed % 2 else (1.0, -1.0)
            total = sums[cell.digest] + (4 if seed % 2 else -4)
            run = plain_run(cell, seed, [total / 2 + bump for bump in bumps], cost=3.0)
            runs[run.key] = run
    (base, other), _ = _said(cells[:2], runs, seeds=range(10))[0].cells, None
    assert (base.profit.value, other.profit.value, other.difference.value) == pytest.approx((5, 8, 3))
    assert base.cost.value == pytest.approx(3) and base.hedges == pytest.approx(1)
    assert base.risk.value == pytest.approx(4 / 2**0.5)  # of a run it is 4, over two sessions


def test_cells_are_compared_on_the_seeds_they_share(cells):
    runs = _runs(cells, (0, 0, 0, 0))
    for seed in (3, 4):
        runs[cells[1].digest, seed] = Run(cell=cells[1].digest, seed=seed, failure="it broke")
    panel = panel_of(cells, runs, SEEDS)
    assert panel.profit.shape == (4, 38) and not panel.left_out
    assert [(each.cell, each.seed, each.reason) for each in failures_of(cells, runs, SEEDS)] == [
        ("hedge.band_shares=5", 3, "it broke"),
        ("hedge.band_shares=5", 4, "it broke"),
    ]


def test_a_cell_that_fails_on_half_of_its_seeds_is_left_out_and_spoils_no_other(cells):
    runs = _runs(cells, (0, 0, 0, 0))
    for seed in SEEDS[:20]:
        runs[cells[2].digest, seed] = Run(cell=cells[2].digest, seed=seed, failure="it broke")
    panel = panel_of(cells, runs, SEEDS)
    assert [cell.name for cell in panel.left_out] == ["hedge.band_shares=10"]
    assert panel.profit.shape == (3, 40)
    assert panel_of([cells[2]], {}, SEEDS) is None
    assert objective_of(cells[2], {}, SEEDS, "profit") is None


def test_with_few_seeds_weeks_are_the_units(cells):
    panel = panel_of(cells, _runs(cells, (0, 0, 0, 0), sessions=23, seeds=(1, 2)), (1, 2))
    assert panel.profit.shape == (4, 8) and "block" in panel.unit
    assert panel.sessions == pytest.approx(46 / 8)


def test_too_little_is_called_too_little(cells):
    _, said = _said(cells, _runs(cells, (0, 9, 0, 0), seeds=(1, 2, 3)), seeds=(1, 2, 3))
    assert "3 units are too few to tell it from luck" in said[0]


def test_alone_there_is_nothing_to_compare(cells):
    _, said = _said(cells[:1], _runs(cells[:1], (0,)))
    assert said[0].startswith("nothing to compare")


def test_a_setting_that_changes_nothing_is_told(cells):
    runs = _runs(cells, (0, 0, 0, 0))
    for seed in SEEDS:
        twin = runs[cells[1].digest, seed]
        runs[cells[3].digest, seed] = plain_run(cells[3], seed, twin.profit, cost=twin.costs[0])
    found, _ = _said(cells, runs)
    assert [cell.same_as for cell in found.cells] == ["", "", "", "hedge.band_shares=5"]


def test_seeds_of_one_path_are_not_taken_for_chances_of_their_own(cells):
    """Forty seeds on ten recorded sessions are two weeks, not forty runs."""
    week = np.random.default_rng(1).normal(3, 9, 10)
    runs = {}
    for row, cell in enumerate(cells[:2]):
        for seed in SEEDS:
            noise = np.random.default_rng([seed, row]).normal(0, 0.1, 10)
            run = plain_run(cell, seed, (row * week + noise).tolist())
            runs[run.key] = run
    panel = panel_of(cells[:2], runs, SEEDS, one_path=True)
    assert panel.profit.shape == (2, 2) and panel.sessions == 5
    assert panel.profit[1] == pytest.approx([week[:5].mean(), week[5:].mean()], abs=0.1)
    assert panel.hedges == pytest.approx([1, 1])
    assert "too few" in verdict(compared(panel, 0, "profit"), 2, "profit")[0]
