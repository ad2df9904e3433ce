"""The surface is free of static arbitrage for all parameters a spec can have, and a straddle on it is fair."""

import math
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.sessions import exchange_sessions
from gamma_scalper.exchange.simulated import Gbm, quote_kernel
from gamma_scalper.exchange.simulated.assets import Asset
from gamma_scalper.exchange.simulated.markets import Steps
from gamma_scalper.exchange.simulated.noise import stream
from gamma_scalper.exchange.simulated.option_quotes import Now, Rows, seen

expected_variance = np.vectorize(quote_kernel.expected_variance)
total_variance = np.vectorize(quote_kernel.total_variance)

skews = st.floats(-0.95, 0.95)
bends = st.floats(0.0, 1.0)
variances = st.floats(1e-6, 4.0)


def normal(x):
    return 0.5 * np.vectorize(math.erfc)(-x / math.sqrt(2))


def calls(moneyness, variance):
    """Undiscounted, of a forward of 1."""
    root = np.sqrt(variance)
    d1 = -moneyness / root + root / 2
    return normal(d1) - np.exp(moneyness) * normal(d1 - root)


@given(skews, bends, variances)
def test_no_butterfly_is_free(skew, bend, at_the_money):
    smile = bend * 2.0 / (1.0 + abs(skew))
    reach = 5.0 * math.sqrt(at_the_money)
    strikes = np.linspace(math.exp(-reach), math.exp(reach), 101)
    prices = calls(np.log(strikes), total_variance(np.log(strikes), np.full(101, at_the_money), skew, smile))
    assert np.all(np.diff(prices) <= 1e-12)
    assert np.all(np.diff(prices, 2) >= -1e-12)


@given(skews, bends, variances, st.floats(1.0, 3.0), st.floats(-2.0, 2.0))
def test_no_calendar_is_free(skew, bend, at_the_money, growth, moneyness):
    smile = bend * 2.0 / (1.0 + abs(skew))
    near, far = (
        total_variance(np.array([moneyness]), np.array([v]), skew, smile) for v in (at_the_money, at_the_money * growth)
    )
    assert far[0] >= near[0] * (1 - 1e-12)


@given(st.floats(0.0, 4.0), st.floats(1e-4, 4.0), st.floats(0.1, 500.0))
def test_more_variance_passes_in_a_longer_time(now, mean, reversion):
    passed = expected_variance(np.linspace(0.0, 1.5, 200), now, mean, reversion)
    assert passed[0] == 0.0
    assert np.all(np.diff(passed) >= 0.0)


CALENDAR = exchange_sessions("XNYS", date(2025, 12, 15), date(2026, 4, 30))


@pytest.mark.parametrize(
    ("bought", "expires"),
    [
        (datetime(2026, 1, 5, 14, 30, tzinfo=UTC), datetime(2026, 1, 5, 21, 0, tzinfo=UTC)),  # at the open, for a day
        (datetime(2026, 1, 5, 17, 30, tzinfo=UTC), datetime(2026, 1, 5, 21, 0, tzinfo=UTC)),  # at noon
        (datetime(2026, 1, 9, 20, 59, tzinfo=UTC), datetime(2026, 1, 12, 21, 0, tzinfo=UTC)),  # before a weekend
        (datetime(2026, 1, 9, 15, 0, tzinfo=UTC), datetime(2026, 1, 16, 21, 15, tzinfo=UTC)),
        (datetime(2026, 1, 12, 20, 0, tzinfo=UTC), datetime(2026, 3, 20, 20, 0, tzinfo=UTC)),
    ],
)
def test_a_straddle_bought_at_any_hour_is_fair(bought, expires):
    """Implied is sigma, the options European: what it pays at expiry is its price, to 4 errors of 400,000 ends."""
    generator = Gbm(sigma=0.2, rate=0.04, skew=0.0, smile=0.0, exercise="european")
    asset = Asset(1001, generator, CALENDAR)
    lived = asset.time.at(np.array([bought.timestamp(), expires.timestamp()]))
    now, both = Now(600.0, 0.04, bought.timestamp(), float(lived[0])), np.array([0, 0])
    series = np.array([[expires.timestamp()], [lived[1]], [expires.timestamp()]])
    straddle = Rows.of([0, 1], both, both, np.array([600.0, 600.0]), np.array([1.0, -1.0]))
    price = seen(asset, now, series, straddle).mids.sum()
    count = 400_000
    years = (expires - bought).total_seconds() / (365 * 86_400)
    steps = Steps(np.full(count, lived[1] - lived[0]), np.full(count, years))
    path = generator.path(0.04, steps, stream(3, "SPY", date(2026, 1, 5)))
    ends = 600.0 * np.exp(np.diff(np.concatenate(([0.0], path.growth))))
    worth = np.abs(ends - 600.0) * math.exp(-0.04 * years)
    assert abs(worth.mean() - price) < 4 * worth.std() / math.sqrt(count)


def test_implied_is_a_knob_of_its_own():
    asset = Asset(1001, Gbm(sigma=0.2, implied=0.3), CALENDAR)
    moments = np.array(
        [datetime(2026, 1, 5, 17, 30, tzinfo=UTC).timestamp(), datetime(2026, 4, 17, tzinfo=UTC).timestamp()]
    )
    present, lived = asset.time.at(moments).tolist()
    series, none = np.array([[moments[1]], [lived], [moments[1]]]), np.array([0])
    forward = 600.0 * math.exp(0.04 * (moments[1] - moments[0]) / (365 * 86_400))
    row = Rows.of([0], none, none, np.array([forward]), np.array([1.0]))
    at_the_money = seen(asset, Now(600.0, 0.04, float(moments[0]), present), series, row)
    assert at_the_money.moneyness[0] == pytest.approx(0.0, abs=1e-12)
    assert at_the_money.at_the_money[0] == pytest.approx(0.09 * (lived - present))
    # 73 sessions' worth of variance in 102 days: a calendar volatility as one reads it off a screen.
    assert at_the_money.vols[0] == pytest.approx(0.3, abs=0.01)
