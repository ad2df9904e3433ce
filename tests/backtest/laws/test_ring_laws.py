"""The laws through the whole ring, on so few paths that only what chance has little to do with is told; and that a
breach is seen. Two hundred paths: benchmarks/ring_laws.py."""

import json
import math
from datetime import date

import numpy as np
import pytest
from attrs import asdict, evolve

from gamma_scalper.backtest.laws.ring import verdicts, world
from gamma_scalper.backtest.laws.ring.deals import NotAsPlanned
from gamma_scalper.backtest.laws.ring.outcome import Outcome, outcome
from gamma_scalper.backtest.laws.ring.theory import noise_variance, straddle, turnover
from gamma_scalper.backtest.laws.ring.trials import Run, Trial, judged, runs
from gamma_scalper.backtest.laws.ring.world import EVERY_TICK, World, play
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.reports.backtest.story import Story

SEEDS = (1, 2, 3)
BAND = "fixed, narrow"
WEEK, DAY = date(2026, 1, 9), date(2026, 1, 5)
CHEAP, DEAR, FINE = evolve(world.CHEAP, last=WEEK), evolve(world.DEAR, last=WEEK), evolve(world.FINE, last=DAY)
SLIPPERY = evolve(CHEAP, venue=evolve(CHEAP.venue, slippage_bps=1))


@pytest.fixture(scope="module")
def cheap() -> list[Story]:
    return [play(CHEAP, EVERY_TICK, seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def banded() -> list[Story]:
    return [play(CHEAP, BAND, seed) for seed in range(1, 7)]


@pytest.fixture(scope="module")
def dear() -> list[Story]:
    return [play(DEAR, EVERY_TICK, seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def fine() -> list[Outcome]:
    return measured(FINE, [play(FINE, EVERY_TICK, SEEDS[0])])


def measured(told: World, stories: list[Story]) -> list[Outcome]:
    return [outcome(told, story) for story in stories]


def without(kind: type, story: Story) -> Story:
    return evolve(story, rows=tuple(row for row in story.rows if not isinstance(row.entry, kind)))


def test_every_hedge_earns_the_difference_of_two_volatilities(cheap: list[Story], banded: list[Story]) -> None:
    for policy, stories in ((EVERY_TICK, cheap), (BAND, banded)):
        assert verdicts.independence(policy, measured(CHEAP, stories)).ok
    each_tick = verdicts.independence(EVERY_TICK, measured(CHEAP, cheap))
    assert each_tick.error < 0.01 * each_tick.expected  # so that the next tests say something
    orders = [[each.orders for each in measured(CHEAP, stories)] for stories in (banded, cheap)]
    assert max(orders[0]) < min(orders[1])  # or one hedge would have been looked at twice


def test_path_by_path_the_ring_earns_what_a_bare_loop_does(cheap: list[Story]) -> None:
    assert verdicts.beside(measured(CHEAP, cheap)).ok


def test_a_proportional_cost_is_what_theory_says(dear: list[Story]) -> None:
    found = verdicts.cost(measured(DEAR, dear))
    assert found.ok
    assert found.allowed < 0.7 * found.expected


def test_a_step_of_five_minutes_earns_what_the_identity_says_and_is_explained(fine: list[Outcome]) -> None:
    assert len(fine[0].earned) > 60
    assert verdicts.step_identity(fine).ok
    assert verdicts.unexplained(fine).ok


def test_the_attribution_is_the_cash_to_the_cent_and_no_fill_costs_more_than_quotes_and_bills(
    cheap: list[Story], banded: list[Story], dear: list[Story], fine: list[Outcome]
) -> None:
    every = measured(CHEAP, [*cheap, *banded]) + measured(DEAR, dear) + fine
    assert verdicts.to_the_cent(every).ok
    assert verdicts.fills(every).ok


# -- that a breach would be seen ---------------------------------------------------------------------------------------


def test_a_volatility_that_was_not_the_one_paid_is_caught(cheap: list[Story]) -> None:
    assert not verdicts.independence(EVERY_TICK, measured(evolve(CHEAP, implied=0.201), cheap)).ok
    assert not verdicts.premium(measured(evolve(CHEAP, implied=0.205), cheap)).ok


def test_slippage_that_no_quote_speaks_of_is_caught() -> None:
    found = measured(SLIPPERY, [play(SLIPPERY, EVERY_TICK, seed) for seed in SEEDS[:1]])
    assert not verdicts.fills(found).ok


def test_bills_that_are_not_counted_are_caught(cheap: list[Story]) -> None:
    found = measured(CHEAP, [without(Commission, story) for story in cheap])
    assert not verdicts.fills(found).ok
    assert not verdicts.to_the_cent(found).ok


def test_a_spread_that_is_not_the_one_paid_is_caught(dear: list[Story]) -> None:
    assert not verdicts.cost(measured(evolve(DEAR, spread_bps=20), dear)).ok


def test_an_interval_that_is_missing_is_caught(cheap: list[Story]) -> None:
    lost = [row for row in cheap[0].rows if isinstance(row.entry, Attributed)][20]
    story = evolve(cheap[0], rows=tuple(row for row in cheap[0].rows if row is not lost))
    assert not verdicts.to_the_cent(measured(CHEAP, [story])).ok


def test_a_run_without_a_straddle_is_none_to_judge(cheap: list[Story]) -> None:
    with pytest.raises(NotAsPlanned, match="no straddle"):
        outcome(CHEAP, without(Fill, cheap[0]))


def test_what_cannot_be_judged_counts_as_broken(cheap: list[Story]) -> None:
    assert not verdicts.independence(EVERY_TICK, measured(CHEAP, cheap[:1])).ok


def test_every_trial_is_judged_on_its_own_runs(cheap: list[Story], fine: list[Outcome]) -> None:
    found = evolve(outcome(CHEAP, cheap[0]), earned=fine[0].earned, said=fine[0].said, unexplained=fine[0].unexplained)
    wanted = runs(3, seed=5)
    broken = evolve(found, slipped=2.0)
    at_fault = next(run for run in wanted if run.trial == Trial(world.DEAR, EVERY_TICK))
    of = judged({run: broken if run == at_fault else found for run in wanted})
    assert {each.of for each in of if each.law == "policy independence"} >= {EVERY_TICK, BAND}
    assert next(each for each in of if each.law == "fills").found == 2.0
    assert {run.seed for run in wanted if run.trial == Trial(world.CHEAP, BAND)} == {5, 6, 7}
    assert len(set(wanted)) == len(wanted)
    assert json.dumps([asdict(each) | {"ok": each.ok} for each in of])  # plain numbers
    assert isinstance(wanted[0], Run)


# -- theory ------------------------------------------------------------------------------------------------------------


def test_over_a_whole_life_in_even_steps_the_noise_is_the_known_one() -> None:
    vol, years, steps = 0.2, 0.1, 100
    vega = straddle(600.0, 600.0, vol**2 * years).gamma * vol * years
    known = math.pi / 4 * (vega * vol) ** 2 / steps
    assert noise_variance(600.0, 600.0, vol, years, np.full(steps, years / steps)) == pytest.approx(known, rel=0.01)


@pytest.mark.parametrize("strike", [600.0, 606.0])
def test_noise_and_turnover_of_a_part_of_a_life_in_uneven_steps_are_those_of_simulated_paths(strike: float) -> None:
    vol, hour, paths = 0.2, 1 / (252 * 6.5), 1_000
    steps = np.where(np.arange(40) % 7 == 6, hour / 2, hour)
    years = 90 * hour
    chance = np.random.default_rng(3).standard_normal((paths, len(steps)))
    logs = np.cumsum(vol * np.sqrt(steps) * chance - vol**2 * steps / 2, axis=1)
    spots = 600.0 * np.exp(np.concatenate([np.zeros((paths, 1)), logs], axis=1))
    left = vol**2 * (years - np.concatenate([[0.0], np.cumsum(steps)]))
    seen = np.array(
        [[straddle(spot, strike, to_come) for spot, to_come in zip(row, left, strict=True)] for row in spots]
    )
    values, deltas = seen[:, :, 0], seen[:, :, 1]
    profit = values[:, -1] - values[:, 0] - (deltas[:, :-1] * np.diff(spots)).sum(axis=1)
    traded = (np.abs(np.diff(deltas)) * spots[:, 1:]).sum(axis=1)
    first = straddle(600.0, strike, vol**2 * years)
    assert profit.std() == pytest.approx(math.sqrt(noise_variance(600.0, strike, vol, years, steps)), rel=0.05)
    assert traded.mean() == pytest.approx(turnover([first.gamma] * len(steps), vol, steps), rel=0.03)
