"""A curve reprices the bonds it was made of."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.pricing.rates import ZeroCurve, flat, from_par_yields, parse_rates

TREASURIES = {1 / 12: 0.0435, 0.25: 0.0430, 0.5: 0.0421, 1.0: 0.0404, 2.0: 0.0388, 5.0: 0.0395, 10.0: 0.0425}


def test_one_rate_holds_for_all_maturities():
    assert [flat(0.04).rate(years) for years in (0.0, 0.1, 30.0)] == [0.04] * 3
    assert flat(0.04).discount(2.0) == pytest.approx(math.exp(-0.08))


@given(shift=st.floats(-0.05, 0.05), tilt=st.floats(-0.01, 0.01))
def test_every_bond_on_the_curve_is_worth_par(shift, tilt):
    yields = {years: par + shift + tilt * math.log(years) for years, par in TREASURIES.items()}
    curve = from_par_yields(yields)
    for years, par in yields.items():
        if years <= 0.5:
            worth = (1 + par * years) * curve.discount(years)
        else:
            coupons = sum(par / 2 * curve.discount(half / 2) for half in range(1, round(2 * years) + 1))
            worth = coupons + curve.discount(years)
        assert worth == pytest.approx(1.0, abs=1e-9)


def test_a_flat_par_curve_is_a_flat_rate_compounded_continuously():
    curve = from_par_yields({0.5: 0.04, 1.0: 0.04, 2.0: 0.04, 3.0: 0.04})
    for years in (0.5, 0.75, 1.0, 2.5, 3.0, 10.0):
        assert curve.rate(years) == pytest.approx(2 * math.log(1.02), abs=1e-9)


def test_between_points_it_is_straight_and_outside_flat():
    curve = ZeroCurve(((1.0, 0.05), (0.5, 0.03)))
    assert [curve.rate(years) for years in (0.0, 0.5, 0.75, 1.0, 9.0)] == pytest.approx([0.03, 0.03, 0.04, 0.05, 0.05])


def test_rates_are_read_from_one_number_or_from_par_yields():
    assert parse_rates("4.1").rate(3) == pytest.approx(0.041)
    assert parse_rates("-0.5").rate(1) == -0.005
    assert parse_rates("3m 4.3, 1y 4.05,10y 4.2") == from_par_yields({0.25: 0.043, 1.0: 0.0405, 10.0: 0.042})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "high",
        "3x 4.3",
        "3m",
        "3m 4.3;",
        "4.1, 4.2",
        "nan",
        "inf",
        "400",
        "0m 4",
        "1y 900",
        "3m 4, 3m 5",
        "12m 4, 1y 5",
        "30000y 4",
        "30y 90, 1y 1",
    ],
)
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(ValueError, match=r"cannot read|out of range|years are above 0|fits no curve"):
        parse_rates(text)


@pytest.mark.parametrize("points", [(), ((-1.0, 0.03),), ((1.0, 0.03), (1.0, 0.04)), ((1.0, math.nan),)])
def test_a_curve_needs_points_in_time(points):
    with pytest.raises(ValueError, match="a curve"):
        ZeroCurve(points)
    with pytest.raises(ValueError, match="years"):
        flat(0.04).rate(-1.0)


def test_without_yields_there_is_no_curve():
    with pytest.raises(ValueError, match="at least one"):
        from_par_yields({})
