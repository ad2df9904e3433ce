"""A session carries 1/252 of a year's variance, its closed time a stated part of it, the rush hours more than noon."""

from datetime import date

import numpy as np
import pytest

from gamma_scalper.domain.sessions import exchange_sessions
from gamma_scalper.exchange.simulated.variance_time import VarianceTime

YEAR = exchange_sessions("XNYS", date(2025, 11, 20), date(2026, 12, 20))
TIME = VarianceTime(YEAR, overnight=0.2, ushape=0.6)


def span(start, end, time=TIME):
    return float(time.at(end.timestamp()) - time.at(start.timestamp()))


def of_session(day):
    return YEAR.on(day)[0]


def test_a_session_with_the_night_before_it_is_one_252nd():
    monday, tuesday = of_session(date(2026, 1, 12)), of_session(date(2026, 1, 13))
    assert span(monday.closes, tuesday.closes) == pytest.approx(1 / 252)
    assert span(monday.closes, tuesday.opens) == pytest.approx(0.2 / 252)


def test_a_weekend_and_a_holiday_are_no_longer_than_a_night():
    friday, tuesday = of_session(date(2026, 1, 16)), of_session(date(2026, 1, 20))  # Martin Luther King's day between
    assert span(friday.closes, tuesday.opens) == pytest.approx(0.2 / 252)


def test_an_early_close_has_less_by_as_much_as_it_is_shorter():
    early = of_session(date(2025, 11, 28))
    assert span(early.opens, early.closes) == pytest.approx(0.8 / 252 * 210 / 390)


def test_the_first_half_hour_is_busiest_then_the_last_and_noon_least():
    session = of_session(date(2026, 1, 13))
    edges = session.opens.timestamp() + 1800.0 * np.arange(14)
    halves = np.diff(TIME.at(edges))
    assert halves.argmax() == 0
    assert np.argsort(halves)[-2] == 12
    assert 5 < halves[0] / halves.min() < 8
    assert halves.sum() == pytest.approx(0.8 / 252)
    flat = np.diff(VarianceTime(YEAR, 0.2, 0.0).at(edges))
    np.testing.assert_allclose(flat, flat[0])


def test_it_never_stands_still_or_goes_back():
    opens, closes = YEAR.sessions[0].opens, YEAR.sessions[-1].closes
    moments = np.linspace(opens.timestamp(), closes.timestamp(), 50_000)
    assert np.all(np.diff(TIME.at(moments)) > 0)


def test_outside_the_calendar_nothing_is_known():
    for moment in (YEAR.sessions[0].opens.timestamp() - 1, YEAR.sessions[-1].closes.timestamp() + 1):
        with pytest.raises(ValueError, match="outside the calendar"):
            TIME.at(moment)
