"""Known truths: published values, and what converged engines say."""

import math

import pytest
from attrs import evolve
from truth import DAY, SPY, true_greeks, true_price, true_price_with_dividends

from gamma_scalper.pricing import BlackScholes, Greeks, Lattice, MarketInputs, OptionTerms, QuantLibCRR

pytestmark = pytest.mark.compiled

# Straddles at spot 600: days to expiry -> price, delta, gamma, theta per day, vega.
STRADDLES = {
    7: (9.964181, 0.0282676, 0.06426992, -0.713399),
    30: (20.684059, 0.0570407, 0.03119985, -0.346660),
    60: (29.321506, 0.0792399, 0.02215235, -0.246384),
}
CALLS_AT_VOL_20 = {80: 0.21937, 90: 1.38639, 100: 4.78261, 110: 11.09770, 120: 20.00042}
CALLS_AT_VOL_40 = {80: 2.68878, 90: 5.72207, 100: 10.23867, 110: 16.18114, 120: 23.35971}
THREE_DIVIDENDS = ((0.5, 4.0), (1.5, 4.0), (2.5, 4.0))


def straddle(model: object, inputs: MarketInputs, vol: float) -> Greeks:
    legs = (OptionTerms("C", 600.0), OptionTerms("P", 600.0))
    return sum((model.greeks(leg, inputs, vol) for leg in legs[1:]), model.greeks(legs[0], inputs, vol))


@pytest.mark.parametrize(
    ("model", "price", "delta", "gamma", "theta"),
    [
        (QuantLibCRR(101), 0.08, 5e-4, 3e-3, 3e-3),
        (Lattice(51), 0.005, 1e-4, 2e-4, 2e-4),
        (Lattice(101), 0.003, 3e-5, 1e-4, 1e-4),
    ],
)
@pytest.mark.parametrize("days", STRADDLES)
def test_a_spy_straddle_has_its_known_greeks(model, days, price, delta, gamma, theta):
    known = STRADDLES[days]
    found = straddle(model, evolve(SPY, years=days * DAY), 0.15)
    assert found.price == pytest.approx(known[0], abs=price)
    assert found.delta == pytest.approx(known[1], abs=delta)
    assert found.gamma == pytest.approx(known[2], rel=gamma)
    assert found.theta_per_day == pytest.approx(known[3], rel=theta)


@pytest.mark.parametrize("days", [1, 7, 30, 60, 365])
@pytest.mark.parametrize("right", ["C", "P"])
@pytest.mark.parametrize("strike", [560.0, 594.0, 600.0, 606.0, 630.0])
def test_the_lattice_s_greeks_are_the_differences_of_a_converged_price(days, right, strike):
    terms, inputs = OptionTerms(right, strike), evolve(SPY, years=days * DAY)
    known, found = true_greeks(terms, inputs, 0.15), Lattice(201).greeks(terms, inputs, 0.15)
    assert found.price == pytest.approx(known.price, abs=4e-3)
    assert found.delta == pytest.approx(known.delta, abs=1e-4 if abs(strike - 600) < 10 else 2e-3)
    assert found.gamma == pytest.approx(known.gamma, rel=2e-3, abs=1e-6)
    assert found.theta_per_day == pytest.approx(known.theta_per_day, abs=2e-3)
    assert found.vega == pytest.approx(known.vega, rel=2e-3, abs=0.05)


@pytest.mark.parametrize(("vol", "known"), [(0.2, CALLS_AT_VOL_20), (0.4, CALLS_AT_VOL_40)])
@pytest.mark.parametrize("spot", [80, 90, 100, 110, 120])
def test_american_calls_on_a_high_yield(spot, vol, known):
    terms, inputs = OptionTerms("C", 100), MarketInputs(spot, 0.5, 0.03, 0.07)
    assert Lattice(501).price(terms, inputs, vol) == pytest.approx(known[spot], abs=6e-4)
    assert Lattice().price(terms, inputs, vol) == pytest.approx(known[spot], abs=5e-3)
    assert QuantLibCRR().price(terms, inputs, vol) == pytest.approx(known[spot], abs=3e-2)
    assert true_price(terms, inputs, vol) == pytest.approx(known[spot], abs=1e-5)


def test_the_american_put_whose_value_is_known_to_twelve_places():
    terms, inputs = OptionTerms("P", 100), MarketInputs(100, 1, 0.05, 0.05)
    assert true_price(terms, inputs, 0.25) == pytest.approx(9.569445298914, abs=1e-9)
    assert Lattice(1001).price(terms, inputs, 0.25) == pytest.approx(9.569445298914, abs=5e-5)


@pytest.mark.parametrize(("years", "known"), [(1, 10.6606), (2, 15.2007), (3, 18.6002)])
def test_european_calls_with_cash_dividends_in_the_spot_model(years, known):
    terms = OptionTerms("C", 100, "european")
    inputs = MarketInputs(100, years, 0.06, 0.0, THREE_DIVIDENDS)
    assert Lattice().price(terms, inputs, 0.25) == pytest.approx(known, abs=1e-3)
    assert Lattice(201).price(terms, inputs, 0.25) == pytest.approx(known, abs=2e-4)


@pytest.mark.parametrize("ex_day", [1, 2, 5, 15, 25, 28, 29])
@pytest.mark.parametrize("exercise", ["american", "european"])
@pytest.mark.parametrize(("right", "strike"), [("C", 560.0), ("C", 600.0), ("P", 600.0), ("P", 640.0)])
def test_a_cash_dividend_is_worth_what_finite_differences_say(ex_day, exercise, right, strike):
    terms = OptionTerms(right, strike, exercise)
    inputs = evolve(SPY, dividend_yield=0.0, dividends=((ex_day * DAY, 1.80),))
    known = true_price_with_dividends(terms, inputs, 0.15)
    assert Lattice(401).price(terms, inputs, 0.15) == pytest.approx(known, abs=1.5e-3)
    assert Lattice().price(terms, inputs, 0.15) == pytest.approx(known, abs=8e-3)


@pytest.mark.parametrize(
    ("strike", "days", "vol", "rate", "amount", "ex_days", "known"),
    [
        (552.0, 45, 0.3111, 0.0196, 12.0, 1.0, 48.932),
        (570.0, 30, 0.20, 0.045, 6.0, 1.0, 30.667),
        (600.0, 30, 0.20, 0.045, 6.0, 28.8215, 14.548),
        (600.0, 30, 0.20, 0.045, 6.0, 28.8236, 14.549),
        (600.0, 30, 0.20, 0.045, 30.0, 1.1757, 4.568),
        (600.0, 30, 0.15, 0.045, 1.8, 28.4866, 11.214),
    ],
)
def test_a_call_that_is_exercised_before_a_great_dividend(strike, days, vol, rate, amount, ex_days, known):
    """Known from finite differences in steps of minutes."""
    inputs = MarketInputs(600.0, days * DAY, rate, 0.0, ((ex_days * DAY, amount),))
    assert Lattice().price(OptionTerms("C", strike), inputs, vol) == pytest.approx(known, abs=8e-3)


@pytest.mark.parametrize(
    ("strike", "amount", "days", "vol", "price", "delta"),
    [(10.0, 90.0, 1.0, 0.05, 0.07383, -0.4996), (70.0, 30.0, 1 / 24, 0.1, 0.03679, -0.4998)],
)
def test_a_put_far_below_spot_until_a_dividend_as_great_as_the_share(strike, amount, days, vol, price, delta):
    inputs = MarketInputs(100.0, days * DAY, 0.0, 0.0, ((0.5 * days * DAY, amount),))
    found = Lattice().greeks(OptionTerms("P", strike, "european"), inputs, vol)
    assert found.price == pytest.approx(price, rel=0.015)
    assert found.delta == pytest.approx(delta, abs=2e-3)


def test_a_dividend_tomorrow_moves_a_straddle_s_delta_as_no_yield_could():
    """Four such dividends a year, as a continuous yield, put it off by more than a tenth of a share."""
    inputs = MarketInputs(600.0, 7 * DAY, 0.043, 0.0, ((1 * DAY, 1.80),))
    as_yield = MarketInputs(600.0, 7 * DAY, 0.043, 4 * 1.80 / 600)
    difference = straddle(Lattice(), as_yield, 0.15).delta - straddle(Lattice(), inputs, 0.15).delta
    assert difference == pytest.approx(0.106, abs=0.002)


def test_the_evening_before_the_ex_date_a_deep_call_is_worth_exercising():
    inputs = MarketInputs(600.0, 7 * DAY, 0.043, 0.0, ((0.5 * DAY, 1.80),))
    held = Lattice().price(OptionTerms("C", 520.0, "european"), inputs, 0.15)
    assert held == pytest.approx(600 - 1.80 - 520 * math.exp(-0.043 * 7 * DAY), abs=1e-3)
    assert Lattice().price(OptionTerms("C", 520.0), inputs, 0.15) == pytest.approx(80.0, abs=0.05)


def test_the_closed_form_is_quantlib_s():
    for right in "CP":
        terms = OptionTerms(right, 620.0, "european")
        known, found = true_greeks(terms, SPY, 0.15), BlackScholes().greeks(terms, SPY, 0.15)
        assert found.price == pytest.approx(known.price, abs=1e-10)
        assert found.delta == pytest.approx(known.delta, abs=1e-6)
        assert found.gamma == pytest.approx(known.gamma, rel=1e-4)
        assert found.theta_per_day == pytest.approx(known.theta_per_day, abs=1e-6)
        assert found.vega == pytest.approx(known.vega, rel=1e-5)
