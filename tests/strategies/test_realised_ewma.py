"""What the pictures say of how much the underlying moves."""

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from gamma_scalper.strategies.realised_ewma import NOTHING_SEEN, Realised

MONDAY = date(2026, 11, 16)
OPENS = datetime(2026, 11, 16, 14, 30, tzinfo=UTC)
A_MINUTE = 1 / math.sqrt(252 * 390)  # of a year's deviation


def day_of(seen: Realised, prices: list[float], days: int = 0, *, half_life: float = 2.0) -> Realised:
    """A price a minute from the open on, so many days after Monday."""
    for minute, price in enumerate(prices):
        at = OPENS + timedelta(days=days, minutes=minute)
        seen = seen.seen(price, at, MONDAY + timedelta(days=days), half_life)
    return seen


def walk(vol: float, minutes: int, seed: int = 1, start: float = 600.0) -> list[float]:
    steps = np.random.default_rng(seed).standard_normal(minutes) * vol * A_MINUTE
    return [float(price) for price in start * np.exp(np.cumsum(steps))]


def test_a_walk_of_fifteen_percent_is_told_as_about_fifteen() -> None:
    seen = day_of(NOTHING_SEEN, walk(0.15, 390))
    assert seen.volatility == pytest.approx(0.15, rel=0.1)


def test_steps_of_one_size_are_told_exactly() -> None:
    """Every minute a move of the same size: nothing to average, whatever the weights."""
    step = 0.2 * A_MINUTE
    seen = day_of(NOTHING_SEEN, [600 * math.exp(step * (minute % 2)) for minute in range(60)])
    assert seen.volatility == pytest.approx(0.2, rel=1e-9)


def test_nothing_is_told_before_half_an_hour_was_watched() -> None:
    assert day_of(NOTHING_SEEN, walk(0.15, 30)).volatility is None
    assert day_of(NOTHING_SEEN, walk(0.15, 31)).volatility is not None


def test_pictures_within_a_minute_change_nothing() -> None:
    seen = day_of(NOTHING_SEEN, [600.0])
    assert seen.seen(650.0, OPENS + timedelta(seconds=59), MONDAY, 2.0) is seen


def test_newer_moves_count_more() -> None:
    calm, wild = walk(0.10, 180), walk(0.40, 180)
    calm_then_wild = day_of(NOTHING_SEEN, calm + walk(0.40, 180, start=calm[-1]))
    wild_then_calm = day_of(NOTHING_SEEN, wild + walk(0.10, 180, start=wild[-1]))
    assert calm_then_wild.volatility is not None
    assert wild_then_calm.volatility is not None
    assert calm_then_wild.volatility > wild_then_calm.volatility


def test_a_night_is_one_move_and_no_time() -> None:
    """A quiet day, a jump of 2%, a quiet day: the jump is told once, over the time that was watched."""
    before = day_of(NOTHING_SEEN, [600.0] * 391, half_life=1_000.0)
    seen = day_of(before, [612.0] * 391, days=1, half_life=1_000.0)
    of_two_days = math.log(1.02) ** 2 / 2 * 252  # variance a year, if such a jump came every second day
    assert seen.volatility == pytest.approx(math.sqrt(of_two_days), rel=0.01)


def test_a_gap_within_the_day_is_not_taken_for_one_minute() -> None:
    """Ten minutes were missed; the move over them is ten minutes' worth."""
    step = 0.2 * A_MINUTE
    seen = day_of(NOTHING_SEEN, [600 * math.exp(step * (minute % 2)) for minute in range(41)])
    after = seen.seen(600 * math.exp(step * math.sqrt(10)), OPENS + timedelta(minutes=50), MONDAY, 2.0)
    assert after.volatility == pytest.approx(0.2, rel=1e-6)


def test_a_straight_line_is_a_trend_and_its_sign_is_its_direction() -> None:
    up = day_of(NOTHING_SEEN, [600.0 + 0.1 * minute for minute in range(40)])
    down = day_of(NOTHING_SEEN, [600.0 - 0.1 * minute for minute in range(40)])
    assert up.trend == pytest.approx(1.0)
    assert down.trend == pytest.approx(-1.0)


def test_to_and_fro_is_no_trend() -> None:
    seen = day_of(NOTHING_SEEN, [600.0 + minute % 2 for minute in range(41)])
    assert seen.trend == pytest.approx(0.0, abs=0.05)


def test_a_trend_needs_half_an_hour_of_this_session() -> None:
    line = [600.0 + 0.1 * minute for minute in range(40)]
    assert day_of(NOTHING_SEEN, line[:30]).trend is None
    assert day_of(day_of(NOTHING_SEEN, line), [604.0] * 5, days=1).trend is None


def test_a_trend_is_not_told_across_a_gap() -> None:
    line = [600.0 + 0.1 * minute for minute in range(40)]
    seen = day_of(NOTHING_SEEN, line)
    assert seen.trend is not None
    assert seen.seen(605.0, OPENS + timedelta(minutes=50), MONDAY, 2.0).trend is None


def test_a_price_that_stands_still_has_no_trend() -> None:
    assert day_of(NOTHING_SEEN, [600.0] * 40).trend is None
