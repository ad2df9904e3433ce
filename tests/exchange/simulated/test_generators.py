"""Prices have the volatility, the jumps, the spells and the leverage they were asked for.

Seeds are fixed. Bounds are 4 standard errors of the estimate (a chance of 1 in 16,000 each, had the seed been drawn)
unless a test says otherwise.
"""

import math
from datetime import date

import numpy as np
import pytest

from gamma_scalper.exchange.simulated import Gbm, Heston, Merton, Regime
from gamma_scalper.exchange.simulated.markets import Steps
from gamma_scalper.exchange.simulated.noise import stream
from gamma_scalper.exchange.simulated.quote_kernel import expected_variance

A_SESSION = 1 / 252
CALENDAR_A_SESSION = 1 / 252  # as good as any


def walk(generator, sessions, per_session=13, seed=1, overnight=0.2):
    """Returns by step (rows: sessions; first column: the night) and variance after each."""
    one = np.concatenate(([overnight], np.full(per_session, (1 - overnight) / per_session))) * A_SESSION
    variance = np.tile(one, sessions)
    years = np.full(variance.size, CALENDAR_A_SESSION / one.size)
    path = generator.path(generator.first_variance, Steps(variance, years), stream(seed, "SPY", date(2026, 1, 5)))
    returns = np.diff(np.concatenate(([0.0], path.growth))).reshape(sessions, -1)
    return returns, path.variance.reshape(sessions, -1)


def within(estimate, truth, error):
    assert abs(estimate - truth) < 4 * error, f"{estimate} is {(estimate - truth) / error:.1f} errors from {truth}"


@pytest.mark.parametrize("generator", [Gbm(sigma=0.25), Heston(sigma=0.25, xi=0.0), Regime(sigma=0.25, wild=0.25)])
def test_volatility_is_what_was_asked_for(generator):
    returns, _ = walk(generator, 4_000)
    within(np.mean(returns.sum(1) ** 2) * 252, 0.0625, 0.0625 * math.sqrt(2 / 4_000))
    within(np.sum(returns**2) / 4_000 * 252, 0.0625, 0.0625 * math.sqrt(2 / returns.size))


def test_nights_have_their_share_and_are_normal():
    returns, _ = walk(Gbm(sigma=0.2), 6_000)
    nights = returns[:, 0]
    variance = 0.04 * 0.2 * A_SESSION
    within(np.var(nights), variance, variance * math.sqrt(2 / 6_000))
    within(np.mean(((nights - nights.mean()) / nights.std()) ** 4), 3.0, math.sqrt(24 / 6_000))
    within(np.mean(nights > nights.mean()), 0.5, 0.5 / math.sqrt(6_000))


def test_heston_wanders_around_its_long_run_variance():
    heston = Heston(sigma=0.2, kappa=6.0, xi=0.5, rho=-0.7)
    _, variance = walk(heston, 100_000, per_session=1)
    years = 100_000 / 252
    # The mean of a process that forgets at rate kappa, watched for so many years.
    spread = heston.xi**2 * 0.04 / (2 * heston.kappa)
    within(variance.mean(), 0.04, math.sqrt(2 * spread / (heston.kappa * years)))
    assert np.var(variance) == pytest.approx(spread, rel=0.15)


def test_heston_falls_when_its_variance_rises():
    returns, variance = walk(Heston(rho=-0.7), 4_000, per_session=13)
    before = variance.ravel()[:-1]
    usual = before > 0.005  # near nothing the pull to the mean is all there is
    scale = np.sqrt(before[usual] * np.tile([0.8 / 13] * 13 + [0.2], 4_000)[:-1][usual])
    moves, changes = returns.ravel()[1:][usual] / scale, np.diff(variance.ravel())[usual] / scale
    within(np.corrcoef(moves, changes)[0, 1], -0.7, (1 - 0.49) / math.sqrt(scale.size) + 0.001)


def test_merton_jumps_as_often_and_as_far_as_asked():
    merton = Merton(sigma=0.1, jumps=20.0, jump_mean=-0.06, jump_std=0.01)
    returns, _ = walk(merton, 12_000)
    years = 12_000 / 252
    jumps = returns[np.abs(returns) > 0.03]  # 6 deviations of the mean of the night, 15 of a half hour
    within(jumps.size, 20 * years, math.sqrt(20 * years))
    within(jumps.mean(), -0.06, 0.015 / math.sqrt(jumps.size))
    within(jumps.std(), 0.0105, 0.001)
    total = merton.mean_variance
    fourth = 20 * (0.06**4 + 6 * 0.06**2 * 0.01**2 + 3 * 0.01**4)
    kurtosis = 3 + fourth / total**2 / A_SESSION
    daily = returns.sum(1)
    assert np.mean((daily - daily.mean()) ** 4) / np.var(daily) ** 2 == pytest.approx(kurtosis, rel=0.15)
    within(np.var(daily) * 252, total, total * math.sqrt((kurtosis - 1) / 12_000))


def test_regimes_last_as_long_as_asked_and_have_their_volatility():
    regime = Regime(sigma=0.1, wild=0.4, calm_days=20.0, wild_days=5.0)
    returns, variance = walk(regime, 50_000, per_session=13)
    wild = (variance.ravel() > 0.05).astype(int)
    begins, ends = np.flatnonzero(np.diff(wild) == 1), np.flatnonzero(np.diff(wild) == -1)
    ends = ends[ends > begins[0]]
    spells = ends - begins[: ends.size]
    mean = spells.mean() / 14  # in sessions; a spell shorter than a step is not seen, which is below 1% of 5 sessions
    within(mean, 5.0, 5.0 / math.sqrt(spells.size) + 0.01)
    within(wild.mean(), 0.2, math.sqrt(2 * 0.16 * 4.0 / 50_000))
    assert np.var(returns[:, 1:][variance[:, 1:] < 0.05]) == pytest.approx(0.01 * 0.8 / 13 * A_SESSION, rel=0.05)
    assert np.sum(returns**2) / 50_000 * 252 == pytest.approx(regime.mean_variance, rel=0.1)


@pytest.mark.parametrize(
    "generator",
    [
        Gbm(sigma=0.3, rate=0.05),
        Heston(sigma=0.3, rate=0.05, yield_=0.02),
        Merton(rate=0.05),
        Regime(rate=0.05, yield_=0.01),
    ],
)
def test_the_discounted_price_goes_nowhere_on_average(generator):
    """A quarter, 4,000 times."""
    sessions, ends = 63, []
    steps = Steps(np.full(sessions, A_SESSION), np.full(sessions, 0.25 / sessions))
    for i in range(4_000):
        path = generator.path(generator.first_variance, steps, stream(i, "SPY", date(2026, 1, 5)))
        ends.append(math.exp(path.growth[-1] - 0.25 * generator.carry))
    within(np.mean(ends), 1.0, np.std(ends) / math.sqrt(len(ends)))


def test_a_drift_of_its_own_is_a_drift():
    returns, _ = walk(Gbm(sigma=0.01, drift=0.5), 252)
    within(returns.sum(), 0.5 - 0.00005, 0.01)


def test_expected_variance_is_what_comes_on_average():
    """What the surface expects of a variance that is far from its mean, against what it does."""
    for generator in (Heston(v0=0.16, sigma=0.2, kappa=5.0, xi=0.6), Regime(calm_days=15.0, wild_days=5.0)):
        sessions, passed = 42, []
        steps = Steps(np.full(sessions, A_SESSION), np.full(sessions, A_SESSION))
        for i in range(3_000):
            path = generator.path(generator.first_variance, steps, stream(i, "X", date(2026, 1, 5)))
            before = np.concatenate(([generator.first_variance], path.variance[:-1]))
            passed.append(np.sum(np.maximum(before, 0.0)) * A_SESSION)
        expected = expected_variance(
            sessions * A_SESSION,
            generator.first_variance,
            generator.mean_variance,
            generator.reversion,
        )
        # One step's worth of Euler bias, kappa dt / 2 of the way, on top of chance.
        bias = 0.5 * generator.reversion * A_SESSION * abs(generator.first_variance - generator.mean_variance) / 6
        within(np.mean(passed), expected, np.std(passed) / math.sqrt(3_000) + bias)
