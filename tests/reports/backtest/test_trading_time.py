"""On a plot's time axis one trading day follows another, and what is thinned out keeps its extremes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_stories import OPENS, later

from gamma_scalper.reports.backtest.book_runs import days_of
from gamma_scalper.reports.backtest.trading_time import TradingTime, band, line, nanoseconds

OFFSETS = st.lists(st.integers(0, 5 * 24 * 60), min_size=1, max_size=60).map(sorted)
LEVELS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400)


@given(OFFSETS)
def test_time_never_runs_backwards_and_each_day_is_one_wide(minutes):
    at = nanoseconds(later(minute) for minute in minutes)
    axis = TradingTime.of(at)
    x = axis.x(at)
    assert (np.diff(x) >= 0).all()
    assert (np.floor(x) == np.searchsorted(axis.days, days_of(at))).all()


def test_a_night_and_a_weekend_take_no_room():
    friday = OPENS + timedelta(days=3)
    at = nanoseconds([friday, friday + timedelta(hours=6.5), friday + timedelta(days=3)])
    open_, close, monday = TradingTime.of(at).x(at)
    assert close - open_ > 0.9
    assert monday - close < 0.1


def test_days_are_new_yorks_on_both_sides_of_the_change_of_its_clocks():
    before, after = (datetime(2026, 3, day, hour, 30, tzinfo=UTC) for day, hour in ((6, 14), (9, 13)))  # half past nine
    at = nanoseconds([before, before + timedelta(hours=1), after])
    assert TradingTime.of(at).x(at)[[0, 2]] % 1 == pytest.approx([0.02, 0.02])


def test_an_assignment_in_the_night_stands_at_the_edge_of_its_day():
    at = nanoseconds([later(0), later(390), later(1440), later(1830)])
    evening, after_midnight = TradingTime.of(at).x(nanoseconds([later(600), later(900)]))
    assert (evening, after_midnight) == (pytest.approx(0.98), pytest.approx(1.02))


@given(LEVELS, st.integers(2, 50))
def test_a_thinned_line_keeps_its_extremes_and_its_ends(levels, most):
    y = np.array(levels)
    x = np.linspace(0.0, 0.9, len(y))
    xs, ys = line(x, y, most)
    known = np.isfinite(ys)
    assert (ys[known].min(), ys[known].max()) == (y.min(), y.max())
    assert (ys[known][0], ys[known][-1]) == (y[0], y[-1])
    assert known.sum() <= max(len(y) if len(y) <= most + 2 else 0, most + 2)
    assert (np.diff(xs) >= 0).all()


def test_no_line_is_drawn_through_a_night():
    xs, ys = line(np.array([0.1, 0.9, 1.1, 1.9]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert np.isnan(ys[np.searchsorted(xs, 0.9, side="right") - 1])
    assert list(ys[np.isfinite(ys)]) == [1.0, 2.0, 3.0, 4.0]


@given(LEVELS, st.integers(1, 40))
def test_a_thinned_band_is_never_narrower_than_the_band(levels, most):
    high = np.abs(np.array(levels))
    x = np.linspace(0.0, 0.9, len(high))
    edges, low, top = band(x, -high, high, most)
    for place, level in zip(x, high, strict=True):
        inside = (edges <= place) & np.isfinite(top)
        assert np.nanmax(top[inside]) >= level or top[edges >= place].max() >= level
    assert np.nanmin(low) == -high.max()
