"""A book chooses its model, and is refused one that would not see a dividend."""

import pytest

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.pricing import BlackScholes, Lattice, QuantLibCRR
from gamma_scalper.pricing.parameters import PricingParameters, model_for

SOON = ((10 / 365, 1.80),)


@pytest.mark.parametrize(
    ("name", "kind", "steps"),
    [("quantlib_crr", QuantLibCRR, 101), ("lattice", Lattice, 51), ("black_scholes", BlackScholes, 0)],
)
def test_a_book_gets_the_model_it_names(name, kind, steps):
    model = model_for("spy", PricingParameters(model=name), ())
    assert type(model) is kind
    assert not steps or model.steps == steps
    assert not steps or model_for("spy", PricingParameters(model=name, steps=75), ()).steps == 75


@pytest.mark.parametrize("name", ["quantlib_crr", "black_scholes"])
def test_a_dividend_before_expiry_refuses_a_model_that_can_t_take_it(name):
    with pytest.raises(UserError) as refused:
        model_for("spy", PricingParameters(model=name), SOON)
    assert str(refused.value) == (
        f"book spy: pricing.model = '{name}' can't take a cash dividend, and 1.8 per share is due in 10 days, before "
        "the options expire; set pricing.model = 'lattice'"
    )
    assert refused.value.exit_code == ExitCode.CONFIGURATION


def test_the_lattice_takes_it():
    assert isinstance(model_for("spy", PricingParameters(model="lattice"), SOON), Lattice)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"dividends": "2026-12-18 1.80"}, "^model = 'quantlib_crr' can't take the cash dividends"),
        (
            {"model": "lattice", "dividends": "2026-12-18 1.80", "dividend_yield_pct": 1.2},
            "^dividend_yield_pct and pricing.dividends would count dividends twice",
        ),
        ({"steps": 5}, "^steps = 5 is not allowed"),
        ({"rates_pct": "high"}, "^rates_pct = 'high' is not allowed; allowed: a percentage"),
        ({"dividends": "soon"}, "^dividends = 'soon' is not allowed; allowed: ex-dates and amounts"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(given, told):
    with pytest.raises(ValueError, match=told):
        PricingParameters(**given)


def test_rates_and_dividends_are_read_once_they_are_asked_for():
    parameters = PricingParameters(model="lattice", rates_pct="3m 4.3, 1y 4.0", dividends="2026-12-18 1.80")
    assert parameters.curve.rate(0.5) == pytest.approx(0.041, abs=2e-3)
    assert [due.amount for due in parameters.schedule.dividends] == [1.80]
