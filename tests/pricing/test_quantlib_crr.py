"""The default model is QuantLib's tree to the last digits, without its dates and without building it anew."""

import math
import threading

import pytest
import QuantLib as ql
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from truth import DAY, SPY

from gamma_scalper.pricing import MarketInputs, NoValidTree, OptionTerms, QuantLibCRR

MODEL = QuantLibCRR()


def built_afresh(
    right: str, strike: float, days: int, inputs: MarketInputs, vol: float, steps: int
) -> tuple[float, ...]:
    """The usual way with QuantLib: today's date, and everything constructed for one price.

    For some numbers of days, 77 among them, rounding makes this way forget the payoff at expiry; ours never has them.
    """
    today = ql.Date(1, ql.July, 2150)
    ql.Settings.instance().evaluationDate = today
    day_count = ql.Actual365Fixed()
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(inputs.spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, inputs.dividend_yield, day_count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, inputs.rate, day_count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, day_count)),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if right == "C" else ql.Option.Put, strike)
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + days))
    option.setPricingEngine(ql.BinomialVanillaEngine(process, "crr", steps))
    found = option.NPV(), option.delta(), option.gamma(), option.theta() / 365
    ql.Settings.instance().evaluationDate = ql.Date()
    return found


@given(
    right=st.sampled_from("CP"),
    strike=st.floats(400, 800),
    days=st.sampled_from([1, 7, 30, 60, 200, 365, 730]),
    rate=st.floats(-0.02, 0.08),
    dividend_yield=st.floats(0, 0.05),
    vol=st.floats(0.1, 2.0),
)
def test_price_and_greeks_are_those_of_quantlib_built_afresh(right, strike, days, rate, dividend_yield, vol):
    inputs = MarketInputs(600.0, days / 365, rate, dividend_yield)
    price, delta, gamma, theta = built_afresh(right, strike, days, inputs, vol, 101)
    found = MODEL.greeks(OptionTerms(right, strike), inputs, vol)
    assert found.price == pytest.approx(price, rel=1e-9, abs=1e-9)
    assert MODEL.price(OptionTerms(right, strike), inputs, vol) == found.price
    if found.vega > 0 or found.theta_per_day != 0:  # at the exercise bound QuantLib's theta is the equation's, not 0
        assert found.delta == pytest.approx(delta, abs=1e-9)
        assert found.gamma == pytest.approx(gamma, abs=1e-9)
        assert found.theta_per_day == pytest.approx(theta, rel=1e-7, abs=1e-9)


def test_it_depends_on_no_date():
    terms = OptionTerms("P", 600.0)
    before = MODEL.greeks(terms, SPY, 0.15)
    ql.Settings.instance().evaluationDate = ql.Date(1, ql.January, 2101)
    try:
        assert MODEL.greeks(terms, SPY, 0.16) != before
        assert MODEL.greeks(terms, SPY, 0.15) == before == QuantLibCRR().greeks(terms, SPY, 0.15)
    finally:
        ql.Settings.instance().evaluationDate = ql.Date()


def test_an_hour_counts_though_quantlib_knows_whole_days_only():
    prices = [MODEL.price(OptionTerms("C", 600.0), evolve(SPY, years=DAY * hours / 24), 0.15) for hours in (23, 24, 25)]
    assert prices == sorted(set(prices))
    assert prices[1] - prices[0] == pytest.approx(prices[2] - prices[1], rel=0.1)


@given(
    right=st.sampled_from("CP"),
    moneyness=st.floats(-2.5, 2.5),
    days=st.floats(0.02, 700),
    vol=st.floats(0.05, 3.0),
    guess=st.one_of(st.none(), st.floats(0.05, 3.0)),
)
def test_the_implied_volatility_of_a_price_is_the_volatility_it_was_made_with(right, moneyness, days, vol, guess):
    inputs = evolve(SPY, years=days * DAY)
    terms = OptionTerms(right, 600.0 * math.exp(moneyness * vol * math.sqrt(inputs.years)))
    greeks = MODEL.greeks(terms, inputs, vol)
    found = MODEL.implied_vol(terms, inputs, greeks.price, guess)
    if greeks.vega > 0.05 * inputs.spot * math.sqrt(inputs.years):
        assert found == pytest.approx(vol, abs=1e-6)
    else:
        assert found is None or MODEL.price(terms, inputs, found) == pytest.approx(greeks.price, abs=1e-4)


def test_steps_are_doubled_until_the_probabilities_are_valid():
    inputs = MarketInputs(100.0, 2.0, 0.10)
    for vol in (0.02, 0.01, 0.005):  # at 101 steps valid down to 1.4%
        assert MODEL.price(OptionTerms("C", 100.0), inputs, vol) == pytest.approx(100 - 100 * math.exp(-0.2), abs=0.05)


def test_where_no_bearable_number_of_steps_will_do_it_says_so():
    with pytest.raises(
        NoValidTree, match=r"vol 0\.0001.*QuantLibCRR has no valid probabilities with up to 2,000 steps"
    ):
        MODEL.price(OptionTerms("C", 100.0), MarketInputs(100.0, 2.0, 0.10), 1e-4)


@given(strike=st.floats(380, 420), vol=st.floats(0.1, 0.25))
def test_what_is_exercised_now_is_not_kept_alive_by_rounding(strike, vol):
    greeks = MODEL.greeks(OptionTerms("P", strike), MarketInputs(300.13, 30 * DAY, 0.05, 0.01), vol)
    assert (greeks.delta, greeks.gamma, greeks.theta_per_day, greeks.vega) == (-1, 0, 0, 0)
    assert greeks.price == strike - 300.13


def test_its_own_price_has_a_volatility_though_theory_puts_it_out_of_bounds():
    inputs = MarketInputs(167.15843, 1.8466349, 0.05)
    price = MODEL.price(OptionTerms("C", 100.0), inputs, 0.1305)
    assert price < 167.15843 - 100 * math.exp(-0.05 * 1.8466349)
    assert MODEL.implied_vol(OptionTerms("C", 100.0), inputs, price) == pytest.approx(0.1305, abs=1e-6)


def test_two_threads_may_use_one_model():
    terms = [OptionTerms("C", 590.0), OptionTerms("P", 590.0)]
    alone = [MODEL.greeks(leg, SPY, vol) for leg in terms for vol in (0.1, 0.2)]
    wrong = []

    def price_on() -> None:
        for _ in range(50):
            found = [MODEL.greeks(leg, SPY, vol) for leg in terms for vol in (0.1, 0.2)]
            wrong.extend(pair for pair in zip(found, alone, strict=True) if pair[0] != pair[1])

    threads = [threading.Thread(target=price_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
