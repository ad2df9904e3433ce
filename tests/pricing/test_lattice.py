"""What must hold of any option price, whatever the market: properties of the compiled lattice."""

import math

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from truth import DAY, SPY, true_price

from gamma_scalper.pricing import BlackScholes, Lattice, MarketInputs, NoValidTree, OptionTerms, QuantLibCRR

pytestmark = pytest.mark.compiled

LATTICE = Lattice()
RIGHTS = st.sampled_from("CP")
EXERCISES = st.sampled_from(["american", "european"])
VOLS = st.floats(0.01, 5.0)
YEARS = st.one_of(st.floats(1 / 31_536_000, 1 / 365), st.floats(1 / 365, 3.0))
MARKETS = st.builds(
    MarketInputs,
    spot=st.floats(300, 900),
    years=YEARS,
    rate=st.floats(-0.02, 0.08),
    dividend_yield=st.floats(0.0, 0.06),
)
PAYING = st.builds(
    lambda market, share, amount: evolve(market, dividend_yield=0.0, dividends=((market.years * share, amount),)),
    market=MARKETS,
    share=st.floats(0.01, 0.99),
    amount=st.floats(0.01, 20.0),
)
STRIKES = st.floats(300, 900)
CENT = 0.01


@given(right=RIGHTS, exercise=EXERCISES, strike=STRIKES, inputs=st.one_of(MARKETS, PAYING), vol=VOLS)
def test_a_price_is_within_its_no_arbitrage_bounds(right, exercise, strike, inputs, vol):
    terms = OptionTerms(right, strike, exercise)
    price = LATTICE.price(terms, inputs, vol)
    shares = inputs.spot * math.exp(-inputs.dividend_yield * inputs.years)
    shares -= sum(amount * math.exp(-inputs.rate * years) for years, amount in inputs.dividends)
    cash = strike * math.exp(-inputs.rate * inputs.years)
    least = max(terms.sign * (shares - cash), 0.0)
    most = max(inputs.spot if right == "C" else strike, cash if right == "P" else shares)
    if exercise == "american":
        least = max(least, terms.intrinsic(inputs.spot))
    assert least - CENT <= price <= most + CENT
    assert exercise == "european" or price >= terms.intrinsic(inputs.spot)


@given(right=RIGHTS, strike=STRIKES, inputs=MARKETS, vol=VOLS)
def test_early_exercise_is_never_worth_less_than_nothing(right, strike, inputs, vol):
    american, european = OptionTerms(right, strike), OptionTerms(right, strike, "european")
    assert LATTICE.price(american, inputs, vol) >= LATTICE.price(european, inputs, vol) - 1e-6 * strike


@given(strike=STRIKES, inputs=MARKETS, vol=VOLS)
def test_a_call_without_dividends_is_never_exercised_early(strike, inputs, vol):
    inputs = evolve(inputs, rate=abs(inputs.rate), dividend_yield=0.0)
    european = BlackScholes().price(OptionTerms("C", strike, "european"), inputs, vol)
    assert LATTICE.price(OptionTerms("C", strike), inputs, vol) == pytest.approx(european, abs=1e-8 * strike)


@given(right=RIGHTS, exercise=EXERCISES, strike=STRIKES, inputs=MARKETS, vol=st.floats(0.05, 2.0))
def test_a_price_grows_with_volatility_and_moves_with_spot_as_its_right_does(right, exercise, strike, inputs, vol):
    terms = OptionTerms(right, strike, exercise)
    price = LATTICE.price(terms, inputs, vol)
    assert LATTICE.price(terms, inputs, vol * 1.05) >= price - CENT / 10
    higher = LATTICE.price(terms, evolve(inputs, spot=inputs.spot * 1.01), vol)
    assert terms.sign * (higher - price) >= -CENT / 10


@given(right=RIGHTS, strike=STRIKES, inputs=MARKETS, vol=st.floats(0.05, 2.0))
def test_more_time_is_never_worth_less(right, strike, inputs, vol):
    terms = OptionTerms(right, strike)
    longer = evolve(inputs, years=inputs.years * 1.1)
    assert LATTICE.price(terms, longer, vol) >= LATTICE.price(terms, inputs, vol) - 3e-4 * inputs.spot


@given(spot=st.floats(50, 200), strike=st.floats(50, 200), inputs=MARKETS, vol=st.floats(0.05, 5.0))
def test_a_call_is_a_put_with_spot_and_strike_and_rate_and_yield_exchanged(spot, strike, inputs, vol):
    call = MarketInputs(spot, inputs.years, inputs.rate, inputs.dividend_yield)
    put = MarketInputs(strike, inputs.years, inputs.dividend_yield, inputs.rate)
    one = LATTICE.price(OptionTerms("C", strike), call, vol)
    other = LATTICE.price(OptionTerms("P", spot), put, vol)
    assert one == pytest.approx(other, abs=1e-10 * (spot + strike))


@given(
    right=RIGHTS,
    exercise=EXERCISES,
    moneyness=st.floats(-3, 3),
    inputs=st.one_of(MARKETS, PAYING),
    vol=st.floats(0.02, 5.0),
    guess=st.one_of(st.none(), st.floats(0.01, 5.0)),
)
def test_the_implied_volatility_of_a_price_is_the_volatility_it_was_made_with(
    right, exercise, moneyness, inputs, vol, guess
):
    terms = OptionTerms(right, inputs.spot * math.exp(moneyness * vol * math.sqrt(inputs.years)), exercise)
    greeks = LATTICE.greeks(terms, inputs, vol)
    found = LATTICE.implied_vol(terms, inputs, greeks.price, guess)
    if greeks.vega > 0.02 * inputs.spot * math.sqrt(inputs.years):
        assert found == pytest.approx(vol, rel=1e-6, abs=1e-6)
    else:
        assert found is None or LATTICE.price(terms, inputs, found) == pytest.approx(greeks.price, abs=CENT)


@pytest.mark.parametrize("right", ["C", "P"])
@pytest.mark.parametrize("days", [7, 14, 30, 45, 60])
@pytest.mark.parametrize(
    ("rate", "dividend_yield", "vol"), [(0.043, 0.012, 0.15), (0.055, 0.0, 0.30), (0.0, 0.02, 0.2)]
)
def test_near_the_money_the_price_is_good_to_a_cent_and_the_delta_to_a_hundredth_of_a_share(
    right, days, rate, dividend_yield, vol
):
    for spot in (594.0, 600.0, 606.0):
        inputs = MarketInputs(spot, days * DAY, rate, dividend_yield)
        terms = OptionTerms(right, 600.0)
        price, up, down = (true_price(terms, evolve(inputs, spot=spot + at), vol) for at in (0.0, 0.05, -0.05))
        delta = (up - down) / 0.1
        found = LATTICE.greeks(terms, inputs, vol)
        assert found.price == pytest.approx(price, abs=0.01)
        assert found.delta == pytest.approx(delta, abs=1e-4)


@given(right=RIGHTS, exercise=EXERCISES, strike=STRIKES, inputs=PAYING, vol=st.floats(0.05, 1.0))
def test_a_dividend_that_vanishes_or_comes_too_late_is_none(right, exercise, strike, inputs, vol):
    terms = OptionTerms(right, strike, exercise)
    (when, _), *_ = inputs.dividends
    none = LATTICE.greeks(terms, evolve(inputs, dividends=()), vol)
    for ignored in ((when, 0.0), (when, 1e-6), (inputs.years * 1.01, 5.0), (-0.1, 5.0), (0.0, 5.0)):
        assert LATTICE.greeks(terms, evolve(inputs, dividends=(ignored,)), vol) == none


@given(right=RIGHTS, share=st.floats(0.05, 0.95), vol=st.floats(0.1, 0.6))
def test_a_small_dividend_makes_a_small_difference(right, share, vol):
    terms, none = OptionTerms(right, 600.0), evolve(SPY, dividend_yield=0.0)
    small = evolve(none, dividends=((none.years * share, 0.01),))
    assert LATTICE.price(terms, small, vol) == pytest.approx(LATTICE.price(terms, none, vol), abs=0.01 + 0.01)


@pytest.mark.parametrize("strike", [570.0, 600.0, 630.0])
def test_at_expiry_a_dividend_is_nothing_to_a_call_and_all_to_a_put(strike):
    none = evolve(SPY, dividend_yield=0.0)
    last = evolve(none, dividends=((none.years, 5.0),))
    call, put = OptionTerms("C", strike), OptionTerms("P", strike)
    assert LATTICE.price(call, last, 0.2) == pytest.approx(LATTICE.price(call, none, 0.2), abs=5e-3)
    struck_higher = LATTICE.price(OptionTerms("P", strike + 5, "european"), none, 0.2)
    assert LATTICE.price(evolve(put, exercise="european"), last, 0.2) == pytest.approx(struck_higher, abs=2e-2)


@given(
    right=RIGHTS,
    exercise=EXERCISES,
    moneyness=st.floats(-2, 2),
    share=st.floats(0.02, 0.98),
    amount=st.floats(0.5, 20.0),
    vol=st.floats(0.1, 0.6),
)
def test_minutes_between_two_ex_dates_make_no_jump(right, exercise, moneyness, share, amount, vol):
    terms = OptionTerms(right, 600.0 * math.exp(moneyness * vol * math.sqrt(SPY.years)), exercise)
    first, second = (
        LATTICE.price(terms, evolve(SPY, dividend_yield=0.0, dividends=((SPY.years * share + later, amount),)), vol)
        for later in (0.0, DAY / 480)
    )
    assert first == pytest.approx(second, abs=0.015 * max(1.0, vol / 0.15))


@pytest.mark.parametrize("right", ["C", "P"])
def test_two_dividends_of_a_half_together_are_one_dividend(right):
    terms = OptionTerms(right, 600.0)
    one = LATTICE.price(terms, evolve(SPY, dividends=((10 * DAY, 1.8),)), 0.15)
    two = LATTICE.price(terms, evolve(SPY, dividends=((10 * DAY, 0.9), (10 * DAY + 1e-9, 0.9))), 0.15)
    assert two == pytest.approx(one, abs=2e-3)


def test_a_dividend_greater_than_the_share_leaves_nothing():
    inputs = evolve(SPY, dividends=((10 * DAY, 700.0),))
    put = LATTICE.price(OptionTerms("P", 600.0, "european"), inputs, 0.15)
    assert put == pytest.approx(600 * math.exp(-0.043 * 30 * DAY), abs=0.5)
    assert LATTICE.price(OptionTerms("C", 600.0, "european"), inputs, 0.15) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("model", [LATTICE, QuantLibCRR()])
@pytest.mark.parametrize("guess", [0.02, 0.05, 0.2, 20.0, 99.0])
@pytest.mark.parametrize(
    ("spot", "years", "vol"), [(700, 1, 0.55), (700, 0.5, 0.8), (540, 1, 0.2), (1500, 0.75, 0.885)]
)
def test_a_guess_that_is_far_off_costs_time_only(model, guess, spot, years, vol):
    inputs = MarketInputs(spot, years, 0.04, 0.01)
    price = model.price(OptionTerms("C", 600), inputs, vol)
    assert model.implied_vol(OptionTerms("C", 600), inputs, price, guess) == pytest.approx(vol, abs=1e-6)


@given(right=RIGHTS, strike=STRIKES, inputs=st.one_of(MARKETS, PAYING), vol=VOLS)
def test_greeks_are_finite_and_in_their_range(right, strike, inputs, vol):
    terms = OptionTerms(right, strike)
    greeks = LATTICE.greeks(terms, inputs, vol)
    off = 5e-3 * max(1.0, vol * math.sqrt(inputs.years)) ** 2
    assert -off <= terms.sign * greeks.delta <= 1.0 + off + abs(inputs.dividend_yield)
    assert greeks.gamma >= -1e-3
    assert greeks.vega >= -0.01 * inputs.spot * math.sqrt(inputs.years) - 0.01


def test_steps_are_doubled_until_the_probabilities_are_valid():
    inputs = MarketInputs(100.0, 2.0, 0.10)
    for vol in (0.02, 0.005):
        assert LATTICE.price(OptionTerms("C", 100.0), inputs, vol) == pytest.approx(
            100 - 100 * math.exp(-0.2), abs=1e-3
        )
    with pytest.raises(NoValidTree, match=r"vol 0\.0001.*Lattice has no valid probabilities with up to 5,000 steps"):
        LATTICE.price(OptionTerms("P", 100.0), inputs, 1e-4)
    with pytest.raises(NoValidTree):
        LATTICE.greeks(OptionTerms("P", 100.0), inputs, 1e-4)


def test_vega_does_not_see_that_the_steps_are_doubled():
    """Just where they are: at 1.434% the price a percent lower needs more of them."""
    for vol in (0.01434, 0.01007):
        greeks = LATTICE.greeks(OptionTerms("P", 600.0), MarketInputs(600.0, 2.0, 0.05), vol)
        assert 30 < greeks.vega < 70


@pytest.mark.parametrize("seconds", [1, 10, 60, 3600])
def test_in_the_last_seconds_an_option_is_its_exercise_value_and_a_little(seconds):
    inputs = MarketInputs(600.0, seconds / 31_536_000, 0.043, 0.012)
    for strike in (300.0, 600.0, 900.0):
        for right in "CP":
            terms = OptionTerms(right, strike)
            greeks = LATTICE.greeks(terms, inputs, 0.2)
            assert 0 <= greeks.price - terms.intrinsic(600.0) < 600 * 0.2 * math.sqrt(inputs.years)
            assert strike == 600.0 or greeks.delta == pytest.approx(terms.sign * (terms.intrinsic(600.0) > 0), abs=2e-6)


@pytest.mark.parametrize(
    ("strike", "vol", "days", "rate"), [(605, 0.15, 32, 0.04), (582, 0.10, 60, 0.06), (566, 0.05, 60, 0.04)]
)
def test_a_put_near_its_exercise_moves_no_more_than_the_shares(strike, vol, days, rate):
    """A guard refuses to hedge by a delta that can't be, and in a crash nothing is less wanted."""
    delta = LATTICE.greeks(OptionTerms("P", float(strike)), MarketInputs(552.0, days / 365, rate), vol).delta
    assert -1.0 <= delta < -0.9
