"""`main.py price`: one option on every model, with the book's rates and dividends."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from gamma_scalper.commands.calculator import Asked, calculate
from gamma_scalper.domain.exits import UserError
from gamma_scalper.pricing.parameters import PricingParameters

NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
CALL = Asked(right="C", strike=600.0, european=False, spot=600.0, days=30.0, vol_pct=15.0, price=None)
PUT = Asked(right="P", strike=640.0, european=False, spot=600.0, days=30.0, vol_pct=None, price=41.0)
EUROPEAN = Asked(right="C", strike=600.0, european=True, spot=600.0, days=30.0, vol_pct=15.0, price=None)
PAYING = PricingParameters(model="lattice", dividends="2026-12-18 1.95")


def test_every_model_answers_or_says_why_not():
    crr, lattice, closed = calculate(PricingParameters(), CALL, NOW)
    assert crr.greeks.price == pytest.approx(lattice.greeks.price, abs=0.05)
    assert crr.greeks.vega == pytest.approx(0.684, abs=2e-3), "per percent"
    assert closed.greeks is None
    assert closed.refused.startswith("exercise: BlackScholes prices European options only")
    assert [row.refused for row in calculate(PricingParameters(), EUROPEAN, NOW)] == ["", "", ""]


def test_a_price_is_explained_by_a_volatility_where_one_does():
    for row in calculate(PricingParameters(), PUT, NOW)[:2]:
        assert row.greeks.price == pytest.approx(41.0, abs=1e-4)
        assert 10 < row.vol_pct < 20
    dear = Asked(right="P", strike=640.0, european=False, spot=600.0, days=30.0, vol_pct=None, price=39.0)
    assert calculate(PricingParameters(), dear, NOW)[1].refused == "no volatility explains this price"


def test_the_book_s_dividends_and_rates_count():
    crr, lattice, _ = calculate(PAYING, CALL, NOW)
    assert "can't take a cash dividend (1.95 in 16.6 days)" in crr.refused
    without = calculate(PricingParameters(), CALL, NOW)[1]
    assert lattice.greeks.price == pytest.approx(without.greeks.price - 1.0, abs=0.3)
    dearer = calculate(PricingParameters(rates_pct="1m 8, 1y 8"), CALL, NOW)[1]
    assert dearer.greeks.price > without.greeks.price + 0.5


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"vol_pct": None}, "price: give exactly one of --vol-pct and --price"),
        ({"price": 11.0}, "price: give exactly one of --vol-pct and --price"),
        ({"spot": -1.0}, "price: spot must be positive, not -1.0"),
        ({"strike": 0.0}, "price: strike must be positive, not 0.0"),
        ({"days": -1.0}, "price: --days -1 is not allowed; allowed: 0 to 36,500"),
        ({"days": 1e12}, "price: --days 1e[+]12 is not allowed"),
        ({"vol_pct": 0.0}, "price: --vol-pct 0 is not allowed"),
        ({"vol_pct": 1e9}, "price: --vol-pct 1e[+]09 is not allowed"),
        ({"vol_pct": None, "price": -1.0}, "price: price must not be negative"),
        ({"vol_pct": None, "price": 1.0, "days": 0.0}, "price: years must be positive"),
    ],
)
def test_what_can_t_be_priced_is_one_line(wrong, told):
    with pytest.raises(UserError, match=told):
        calculate(PricingParameters(), evolve(CALL, **wrong), NOW)


def test_a_dividend_of_yesterday_is_forgotten():
    assert calculate(PAYING, CALL, NOW + timedelta(days=20))[0].refused == ""


def test_spot_and_strike_a_world_apart_are_refused_not_crashed_on():
    rows = calculate(PricingParameters(), evolve(CALL, spot=1e150, strike=1e-150), NOW)
    assert rows[0].refused == "spot 1e+150 and strike 1e-150 are too far apart for QuantLibCRR"


def test_the_book_s_steps_count():
    rows = calculate(PricingParameters(steps=75), CALL, NOW)
    assert [row.model for row in rows] == ["QuantLibCRR(steps=75)", "Lattice(steps=75)", "BlackScholes()"]
