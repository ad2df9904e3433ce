"""A lucky cell isn't sold as an edge, and an edge is found: the statistics on data whose truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.backtest.sweep.statistics import (
    against,
    deflated_sharpe,
    deviation_by_unit,
    not_dominated,
    ratio_by_unit,
    spread,
    student_quantile,
)

CELLS, UNITS, TRIES, FLIPS = 50, 40, 150, 399

NOISE = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy tails": lambda rng, shape: rng.standard_t(3, size=shape),
    "skewed": lambda rng, shape: rng.exponential(size=shape),
}


def _worlds(kind, edge=0.0):
    """Fifty cells and a baseline on the same luck; cell 7 may have an edge."""
    for seed in range(TRIES):
        rng = np.random.default_rng([seed, len(kind)])
        values = NOISE[kind](rng, (CELLS + 1, UNITS)) + 3 * rng.normal(size=(1, UNITS))
        values[7] += edge
        yield seed, values


@pytest.mark.parametrize("kind", NOISE)
def test_among_fifty_idle_cells_one_in_twenty_sweeps_at_most_finds_an_edge(kind):
    found = sum((against(values, 0, seed=seed, flips=FLIPS).corrected <= 0.05).any() for seed, values in _worlds(kind))
    assert found / TRIES <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / TRIES)


def test_without_the_correction_most_sweeps_would_find_one():
    found = sum((against(values, 0, seed=seed, flips=FLIPS).p[1:] <= 0.05).any() for seed, values in _worlds("normal"))
    assert found / TRIES > 0.5


def test_a_true_edge_is_found():
    found = [against(values, 0, seed=seed, flips=FLIPS).corrected for seed, values in _worlds("normal", edge=1.0)]
    assert sum(p[7] <= 0.05 for p in found) / TRIES > 0.75


def test_versions_of_one_idea_cost_little():
    """Thirty cells that do nearly the same are not thirty chances."""
    rng = np.random.default_rng(5)
    idea = 0.45 + rng.normal(size=(1, UNITS))
    values = np.vstack([np.zeros((1, UNITS)), idea + 0.01 * rng.normal(size=(30, UNITS))])
    tested = against(values, 0)
    assert tested.corrected[1:].max() < 2 * tested.p[1:].max()


@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(2, 30))
def test_corrected_is_never_less_than_alone_and_keeps_their_order(seed, cells, units):
    values = np.random.default_rng(seed).normal(size=(cells, units))
    tested = against(values, 0, seed=seed, flips=199)
    assert tested.p[0] == tested.corrected[0] == 1
    assert (tested.corrected >= tested.p).all() and (tested.corrected <= 1).all()
    again = against(values, 0, seed=seed, flips=199)
    assert (again.corrected == tested.corrected).all()


def test_a_cell_that_does_the_same_differs_by_nothing():
    values = np.random.default_rng(1).normal(size=(1, 20)).repeat(3, axis=0)
    tested = against(values, 0)
    assert (tested.difference.mean == 0).all() and (tested.p == 1).all() and (tested.corrected == 1).all()


def test_an_edge_that_never_varies_is_certain():
    values = np.vstack([np.arange(20.0), np.arange(20.0) + 1])
    assert against(values, 0).corrected[1] == pytest.approx(1 / 5_000)


def test_too_few_units_can_prove_nothing():
    values = np.vstack([np.zeros(4), np.full(4, 100.0)])
    assert against(values, 0).p[1] > 0.05
    one = against(values[:, :1], 0)
    assert one.corrected[1] == 1 and math.isnan(one.difference.low[1])


@pytest.mark.parametrize(
    ("df", "known"), [(1, 12.7062), (2, 4.30265), (4, 2.77645), (9, 2.26216), (30, 2.04227), (199, 1.97196)]
)
def test_students_quantile_is_that_of_the_tables(df, known):
    assert student_quantile(0.975, df) == pytest.approx(known, rel=5e-4)


def test_an_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(1_000):
        found = spread(np.random.default_rng(seed).normal(2, 3, size=(1, 12)))
        held += found.low[0] <= 2 <= found.high[0]
    assert 0.93 <= held / 1_000 <= 0.97


@given(st.integers(0, 10**6))
def test_objectives_by_unit_average_to_what_they_are(seed):
    values = np.random.default_rng(seed).normal(1, 2, size=(3, 50))
    assert deviation_by_unit(values).mean(axis=1) == pytest.approx(values.std(axis=1))
    assert ratio_by_unit(values).mean(axis=1) == pytest.approx(values.mean(axis=1) / values.std(axis=1))


def test_the_error_of_a_deviation_is_known():
    values = np.random.default_rng(3).normal(0, 3, size=(1, 4_000))
    assert spread(deviation_by_unit(values)).error[0] == pytest.approx(3 / math.sqrt(8_000), rel=0.05)


def test_the_luckiest_of_many_idle_cells_has_a_small_deflated_sharpe_ratio():
    values = np.random.default_rng(4).normal(0, 1, size=(100, 60))
    best = int((values.mean(axis=1) / values.std(axis=1)).argmax())
    alone = deflated_sharpe(values[[best]], 0)
    assert alone > 0.95
    assert deflated_sharpe(values, best) < 0.8
    values[best] += 1
    assert deflated_sharpe(values, best) > 0.99
    assert math.isnan(deflated_sharpe(values[:, :3], best))


def test_who_is_beaten_in_both_is_not_on_the_frontier():
    risk, reward = np.array([1.0, 2.0, 2.0, 3.0, 1.0]), np.array([1.0, 3.0, 2.0, 3.0, 1.0])
    assert not_dominated(risk, reward).tolist() == [True, True, False, False, True]
