"""What hedging at even steps leaves over and costs, against what theory says of it."""

import math

import numpy as np
import pytest
from law_hedgers import MANY, PATHS, each_step, first_greeks

from gamma_scalper.backtest.laws.greeks import grid
from gamma_scalper.backtest.laws.hedger import Hedged, run
from gamma_scalper.backtest.laws.trial import Trial, chunks

STEPS = (50, 100, 200, 400, 800)
LAMBDA = 1e-4
WEEK = Trial(straddles=MANY, years=7 / 365, steps=5 * 78)  # in steps of five minutes


@pytest.fixture(scope="module")
def by_steps() -> dict[int, tuple[Trial, Hedged]]:
    trials = {steps: Trial(straddles=MANY, steps=steps) for steps in STEPS}
    return {steps: (trial, run(trial, [each_step(LAMBDA)], PATHS, seed=3)[0]) for steps, trial in trials.items()}


@pytest.mark.parametrize("steps", STEPS)
def test_the_deviation_of_a_hedged_straddle_falls_with_the_root_of_the_number_of_hedges(
    by_steps: dict[int, tuple[Trial, Hedged]], steps: int
) -> None:
    trial, found = by_steps[steps]
    _, _, vega = first_greeks(trial)
    law = math.sqrt(math.pi / 4) * vega * trial.implied / math.sqrt(steps)
    assert found.before_costs.std() == pytest.approx(law, rel=0.05)


@pytest.mark.parametrize("steps", STEPS)
def test_a_proportional_cost_grows_with_the_root_of_the_number_of_hedges(
    by_steps: dict[int, tuple[Trial, Hedged]], steps: int
) -> None:
    trial, found = by_steps[steps]
    _, gamma, _ = first_greeks(trial)
    turnover = trial.realised * trial.spot**2 * gamma * trial.years / math.sqrt(trial.step_years)
    assert found.costs.mean() == pytest.approx(math.sqrt(2 / math.pi) * LAMBDA * turnover, rel=0.03)


def test_what_a_step_earns_is_gamma_times_the_move_less_the_move_that_was_paid_for() -> None:
    """Hedged to the fraction of a share, in steps of five minutes, the last tenth of life left out."""
    last = WEEK.steps * 9 // 10
    sums = np.zeros(5)
    for spots in chunks(WEEK, PATHS, seed=5):
        seen = grid(WEEK, spots)
        moves = np.diff(seen.spots[:, : last + 1])
        earned = np.diff(seen.values[:, : last + 1]) - seen.deltas[:, :last] * moves
        paid_for = (WEEK.implied * seen.spots[:, :last]) ** 2 * WEEK.step_years
        said = seen.gammas[:, :last] * (moves**2 - paid_for) / 2
        sums += [earned.sum(), said.sum(), (earned**2).sum(), (said**2).sum(), (earned * said).sum()]
    count = PATHS * last
    covariance = sums[4] / count - sums[0] * sums[1] / count**2
    deviations = math.sqrt((sums[2] / count - (sums[0] / count) ** 2) * (sums[3] / count - (sums[1] / count) ** 2))
    assert covariance / deviations >= 0.999
    assert covariance / (sums[3] / count - (sums[1] / count) ** 2) == pytest.approx(1.0, abs=0.01)  # of the same size
