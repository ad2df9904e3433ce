"""Every estimator finds the volatility of a path it was made with, and is as efficient as it says."""

import math

import numpy as np
import pytest

from gamma_scalper.pricing import realised

VOL = 0.2
DAYS, WATCHED = 20_000, 100


@pytest.fixture(scope="module")
def bars():
    """Open, high, low, close of days without nights, each watched 100 times and between the looks as a bridge goes."""
    random = np.random.default_rng(7)
    step = VOL / math.sqrt(252 * WATCHED)
    moves = random.standard_normal((DAYS, WATCHED)) * step
    paths = np.concatenate([np.zeros((DAYS, 1)), np.cumsum(moves, axis=1)], axis=1)
    before, after = paths[:, :-1], paths[:, 1:]
    spread = np.abs(after - before)
    # The highest point of a Brownian bridge between two looks is known in distribution.
    up = 0.5 * (before + after + np.sqrt(spread**2 - 2 * step**2 * np.log(random.random(before.shape))))
    down = 0.5 * (before + after - np.sqrt(spread**2 - 2 * step**2 * np.log(random.random(before.shape))))
    start = np.concatenate([[0.0], np.cumsum(paths[:-1, -1])])
    logs = start, start + up.max(axis=1), start + down.min(axis=1), start + paths[:, -1]
    return tuple(100 * np.exp(column) for column in logs)


ESTIMATORS = {
    "close_to_close": lambda o, h, low, c: realised.close_to_close(c),
    "parkinson": lambda o, h, low, c: realised.parkinson(h, low),
    "garman_klass": realised.garman_klass,
    "rogers_satchell": realised.rogers_satchell,
    "yang_zhang": realised.yang_zhang,
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_finds_the_volatility_of_its_path(name, bars):
    assert ESTIMATORS[name](*bars) == pytest.approx(VOL, rel=0.02)


@pytest.mark.parametrize("name", ["parkinson", "garman_klass", "rogers_satchell", "yang_zhang"])
def test_an_estimator_is_as_efficient_as_it_says(name, bars):
    """Variance of the estimates over ten days each, next to that from ten closes, 2/n; nights don't move here."""
    weeks = [tuple(column[i : i + 10] for column in bars) for i in range(0, DAYS, 10)]
    of_closes = 2 * VOL**4 / 10
    efficiency = of_closes / np.var([ESTIMATORS[name](*week) ** 2 for week in weeks])
    assert efficiency == pytest.approx(realised.EFFICIENCY[name], rel=0.2)


def test_a_trend_deceives_all_but_those_that_know_of_it():
    days = np.arange(300.0)
    opens = 100 * np.exp(0.02 * days)
    closes = opens * math.exp(0.02)
    assert realised.rogers_satchell(opens, closes, opens, closes) == pytest.approx(0.0, abs=1e-6)
    assert realised.yang_zhang(opens, closes, opens, closes) == pytest.approx(0.0, abs=1e-6)
    assert realised.close_to_close(closes) == pytest.approx(0.0, abs=1e-6)
    assert realised.parkinson(closes, opens) > 0.15
    assert realised.garman_klass(opens, closes, opens, closes) > 0.1


def test_nights_count_where_they_are_known():
    """Days that don't move, and nights that move by 1% up or down."""
    levels = 100 * np.exp(0.01 * np.cumsum([1, -1] * 50))
    assert realised.yang_zhang(levels, levels, levels, levels) == pytest.approx(0.01 * math.sqrt(252), rel=0.02)
    days = [[level] * 79 for level in levels]
    assert realised.realised_variance(days) == pytest.approx(0.01**2 * 252, rel=1e-9)


def test_realised_variance_adds_the_days_moves_and_the_nights():
    days = [[100.0, 101.0, 100.0], [102.0, 101.0]]
    within = (2 * math.log(1.01) ** 2 + math.log(102 / 101) ** 2) / 2
    assert realised.realised_variance(days, per_year=1.0) == pytest.approx(within + math.log(1.02) ** 2)


GOOD = [100.0, 101.0, 102.0, 101.0]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("closes", lambda: realised.close_to_close([100.0, 101.0])),
        ("closes", lambda: realised.close_to_close([100.0, math.nan, 101.0])),
        ("highs", lambda: realised.parkinson([100.0, -1.0], [99.0, -2.0])),
        ("highs, lows must be of one length", lambda: realised.parkinson(GOOD, GOOD[:3])),
        ("highs must lie", lambda: realised.parkinson([100.0], [101.0])),
        ("closes must lie", lambda: realised.garman_klass([100.0], [101.0], [99.0], [102.0])),
        ("closes", lambda: realised.yang_zhang(GOOD[:2], GOOD[:2], GOOD[:2], GOOD[:2])),
        ("prices_by_day", lambda: realised.realised_variance([GOOD])),
        ("per_year", lambda: realised.realised_variance([GOOD, GOOD], per_year=-1)),
        ("per_year", lambda: realised.close_to_close(GOOD, per_year=math.nan)),
        ("closes", lambda: realised.close_to_close(["a", "b", "c"])),
        ("prices_by_day", lambda: realised.realised_variance([GOOD, [1.0]])),
        ("highs", lambda: realised.parkinson([[100.0]], [[100.0]])),
    ],
)
def test_bars_that_can_t_be_are_refused_by_name(name, call):
    with pytest.raises(ValueError, match=name):
        call()
