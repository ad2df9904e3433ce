"""Without costs no hedge earns: all that is left on average is the volatility that came over the one that was paid."""

import numpy as np
import pytest
from attrs import asdict, evolve
from law_hedgers import MANY, PARAMETERS, PATHS, each_step, first_greeks, hedger, standard_error

from gamma_scalper.backtest.laws.greeks import grid
from gamma_scalper.backtest.laws.hedger import Hedged, hedged, joined, run
from gamma_scalper.backtest.laws.trial import Trial, chunks

BOUGHT_CHEAP = Trial(straddles=MANY, steps=60, implied=0.15, realised=0.20)
BOUGHT_DEAR = Trial(straddles=MANY, steps=60, implied=0.20, realised=0.15)
WITH_INTEREST = Trial(
    straddles=MANY, steps=60, years=90 / 365, implied=0.18, realised=0.18, rate=0.06, dividend_yield=0.013
)
TRIALS = {"bought cheap": BOUGHT_CHEAP, "bought dear": BOUGHT_DEAR, "with interest": WITH_INTEREST}


def expected(trial: Trial) -> float:
    worth, _, _ = first_greeks(evolve(trial, implied=trial.realised))
    paid, _, _ = first_greeks(trial)
    return worth - paid


def errors_off(trial: Trial, found: Hedged) -> float:
    """How many standard errors the mean profit is from what it must be."""
    profit = found.before_costs
    return (float(profit.mean()) - expected(trial)) / standard_error(profit)


@pytest.mark.parametrize("name", TRIALS)
def test_every_policy_earns_the_difference_of_two_volatilities(name: str) -> None:
    trial = TRIALS[name]
    found = run(trial, [hedger(each) for each in PARAMETERS], PATHS, seed=11)
    premium, _, _ = first_greeks(trial)
    for policy, each in zip(PARAMETERS, found, strict=True):
        assert len(each.orders) == PATHS
        assert each.orders.mean() > 3, policy
        assert standard_error(each.before_costs) < 0.005 * premium, policy  # so that the next line says something
        assert abs(errors_off(trial, each)) < 4, policy


def test_the_policies_differ_in_all_but_their_mean() -> None:
    """Or one hedge would have been looked at seven times."""
    found = run(BOUGHT_CHEAP, [hedger(each) for each in PARAMETERS], 2_000, seed=11)
    assert len({float(each.before_costs.std()) for each in found}) == len(PARAMETERS)
    assert len({float(each.traded.mean()) for each in found}) == len(PARAMETERS)


# -- that a breach would be seen ---------------------------------------------------------------------------------------


def test_a_hedger_that_looks_one_step_ahead_is_caught() -> None:
    trial, parts = BOUGHT_CHEAP, []
    for spots in chunks(trial, PATHS, seed=11):
        seen = grid(trial, spots)
        ahead = np.concatenate([seen.deltas[:, 1:], seen.deltas[:, -1:]], axis=1)
        parts.append(hedged(trial, seen._replace(deltas=ahead), each_step()))
    assert abs(errors_off(trial, joined(parts))) > 40


class _NoInterest(Trial):
    @property
    def discounts(self) -> np.ndarray:
        return np.ones(self.steps + 1)


def test_cash_that_earns_no_interest_is_caught() -> None:
    trial = WITH_INTEREST
    forgetful = _NoInterest(**asdict(trial))
    (found,) = run(forgetful, [each_step()], PATHS, seed=11)
    assert abs(errors_off(trial, found)) > 8
    (right,) = run(trial, [each_step()], PATHS, seed=11)
    assert abs(errors_off(trial, right)) < 4
