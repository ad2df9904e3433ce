"""A wrong argument is named; an expired option is its exercise value."""

import math

import numpy as np
import pytest
from truth import DAY, SPY

from gamma_scalper.pricing import (
    BlackScholes,
    DividendsNotTaken,
    Greeks,
    Lattice,
    MarketInputs,
    OptionTerms,
    PricingModel,
    QuantLibCRR,
)

MODELS = [(QuantLibCRR(), "american"), (Lattice(), "american"), (Lattice(), "european"), (BlackScholes(), "european")]
NAN, INFINITE = math.nan, math.inf

pytestmark = pytest.mark.compiled


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("right", lambda: OptionTerms("X", 100.0)),
        ("right", lambda: OptionTerms("", 100.0)),
        ("exercise", lambda: OptionTerms("C", 100.0, "bermudan")),
        *[("strike", lambda bad=bad: OptionTerms("C", bad)) for bad in (0.0, -1.0, NAN, INFINITE, None, "x")],
        *[("spot", lambda bad=bad: MarketInputs(bad, 1.0, 0.0)) for bad in (0.0, -1.0, NAN, INFINITE, None)],
        *[("years", lambda bad=bad: MarketInputs(100.0, bad, 0.0)) for bad in (-1e-9, NAN, INFINITE, None)],
        *[("rate", lambda bad=bad: MarketInputs(100.0, 1.0, bad)) for bad in (NAN, -INFINITE, None)],
        *[("dividend_yield", lambda bad=bad: MarketInputs(100.0, 1.0, 0.0, bad)) for bad in (NAN, INFINITE)],
        *[
            ("dividends", lambda bad=bad: MarketInputs(100.0, 1.0, 0.0, 0.0, bad))
            for bad in (((0.5, -1.0),), ((NAN, 1.0),), ((0.5, INFINITE),), ((0.5, 1.0, 2.0),), (0.5, 1.0), 3, "ab")
        ],
        ("steps", lambda: QuantLibCRR(2)),
        ("steps", lambda: QuantLibCRR(101.0)),
        ("steps", lambda: Lattice(5)),
        ("steps", lambda: Lattice(True)),
    ],
)
def test_a_wrong_argument_is_named_where_it_is_given(name, make):
    with pytest.raises(ValueError, match=name):
        make()


@pytest.mark.parametrize(("model", "exercise"), MODELS)
@pytest.mark.parametrize("bad", [0.0, -0.2, NAN, INFINITE, None])
def test_a_wrong_volatility_is_named(model, exercise, bad):
    terms = OptionTerms("C", 600.0, exercise)
    for ask in (model.price, model.greeks):
        with pytest.raises(ValueError, match="vol must be"):
            ask(terms, SPY, bad)
    if bad is not None:
        with pytest.raises(ValueError, match="guess must be"):
            model.implied_vol(terms, SPY, 10.0, bad)


@pytest.mark.parametrize(("model", "exercise"), MODELS)
@pytest.mark.parametrize("bad", [-0.01, NAN, INFINITE, None])
def test_a_wrong_price_is_named(model, exercise, bad):
    with pytest.raises(ValueError, match="price must"):
        model.implied_vol(OptionTerms("C", 600.0, exercise), SPY, bad)


@pytest.mark.parametrize(("model", "exercise"), MODELS)
@pytest.mark.parametrize(("right", "delta"), [("C", 1.0), ("P", -1.0)])
def test_an_expired_option_is_its_exercise_value(model, exercise, right, delta):
    def at(strike: float) -> Greeks:
        terms, inputs = OptionTerms(right, strike, exercise), MarketInputs(600, 0, 0.043)
        assert model.price(terms, inputs, 0.2) == model.greeks(terms, inputs, 0.2).price
        return model.greeks(terms, inputs, 0.2)

    inside, outside = (550.0, 650.0) if right == "C" else (650.0, 550.0)
    assert at(inside) == Greeks(50.0, delta, 0.0, 0.0, 0.0)
    assert at(outside) == at(600.0) == Greeks(0.0, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="years"):
        model.implied_vol(OptionTerms(right, inside, exercise), MarketInputs(600, 0, 0.043), 51.0)


@pytest.mark.parametrize(("model", "exercise"), MODELS)
def test_no_volatility_explains_a_price_at_its_exercise_value_or_beyond_its_bound(model, exercise):
    put, call = OptionTerms("P", 640.0, exercise), OptionTerms("C", 560.0, exercise)
    least = 40.0 if exercise == "american" else 640 * math.exp(-0.043 * 30 * DAY) - 600 * math.exp(-0.012 * 30 * DAY)
    for price in (0.0, least - 5, least, 640.0, 700.0):
        assert model.implied_vol(put, SPY, price) is None
    assert model.implied_vol(call, SPY, 600.0) is None
    assert model.implied_vol(put, SPY, 42.0) is not None


@pytest.mark.parametrize("model", [QuantLibCRR(), BlackScholes()])
def test_a_model_without_cash_dividends_refuses_them_and_names_one_that_takes_them(model):
    terms = OptionTerms("C", 600.0, "european")
    paying = MarketInputs(600.0, 30 * DAY, 0.043, 0.0, ((10 * DAY, 1.80),))
    for ask in (model.price, model.greeks, model.implied_vol):
        with pytest.raises(DividendsNotTaken, match=r"can't take a cash dividend \(1\.8 in 10\.0 days\); use Lattice"):
            ask(terms, paying, 0.15)
    later = MarketInputs(600.0, 30 * DAY, 0.043, 0.0, ((31 * DAY, 1.80),))
    assert model.price(terms, later, 0.15) == model.price(terms, MarketInputs(600.0, 30 * DAY, 0.043), 0.15)


def test_the_closed_form_knows_no_early_exercise_and_says_who_does():
    with pytest.raises(ValueError, match="exercise: BlackScholes prices European options only; use QuantLibCRR"):
        BlackScholes().price(OptionTerms("P", 600.0), SPY, 0.15)


@pytest.mark.parametrize(("model", "exercise"), MODELS)
def test_whole_numbers_and_unsorted_dividends_are_taken_as_they_are_meant(model, exercise):
    assert isinstance(model, PricingModel)
    assert model.price(OptionTerms("C", 600, exercise), MarketInputs(600, 1, 0), 1) > 0
    assert MarketInputs(600, 1, 0, 0, np.array([[0.5, 2.0]])).dividends == ((0.5, 2.0),)
    for number in (1, np.float32(1), np.array(1.0), "1"):
        assert model.price(OptionTerms("C", 600, exercise), SPY, number) == model.price(
            OptionTerms("C", 600, exercise), SPY, 1.0
        )
    assert MarketInputs(600, 1, 0, 0, [(0.5, 2), (0.25, 1)]).dividends == ((0.25, 1.0), (0.5, 2.0))


def test_models_say_what_they_are():
    assert [repr(model) for model, _ in MODELS] == [
        "QuantLibCRR(steps=101)", "Lattice(steps=51)", "Lattice(steps=51)", "BlackScholes()",
    ]  # fmt: skip
