"""Vanna, volga, zomma and rho of every model are those of the closed form."""

import math

import pytest

from gamma_scalper.pricing import BlackScholes, Lattice, MarketInputs, OptionTerms, QuantLibCRR
from gamma_scalper.pricing.higher_greeks import NO_HIGHER_GREEKS, higher_greeks, rho

RATE, YIELD, VOL, STRIKE = 0.043, 0.012, 0.15, 600.0


def closed_form(right: str, spot: float, years: float) -> tuple[float, float, float, float]:
    root, sign = math.sqrt(years), 1 if right == "C" else -1
    d1 = (math.log(spot / STRIKE) + (RATE - YIELD + VOL * VOL / 2) * years) / (VOL * root)
    d2 = d1 - VOL * root
    bell = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) * math.exp(-YIELD * years)
    vega, gamma = spot * bell * root, bell / (spot * VOL * root)
    exercised = 0.5 * math.erfc(-sign * d2 / math.sqrt(2))
    return (
        -bell * d2 / VOL,
        vega * d1 * d2 / VOL,
        gamma * (d1 * d2 - 1) / VOL,
        sign * STRIKE * years * math.exp(-RATE * years) * exercised,
    )


@pytest.mark.parametrize("right", ["C", "P"])
@pytest.mark.parametrize("days", [7, 30, 60])
@pytest.mark.parametrize("spot", [580.0, 600.0, 620.0])
@pytest.mark.parametrize("model", [BlackScholes(), Lattice()], ids=["closed form", "lattice"])
def test_they_are_those_of_the_closed_form(model, right, spot, days):
    terms, inputs = OptionTerms(right, STRIKE, "european"), MarketInputs(spot, days / 365, RATE, YIELD)
    found = higher_greeks(model, terms, inputs, VOL)
    vanna, volga, zomma, by_rate = closed_form(right, spot, days / 365)
    assert found.vanna == pytest.approx(vanna, rel=0.005, abs=0.002)
    assert found.volga == pytest.approx(volga, rel=0.005, abs=0.05)
    assert found.zomma == pytest.approx(zomma, rel=0.01, abs=2e-4)
    assert rho(model, terms, inputs, VOL) == pytest.approx(by_rate, rel=0.001)


@pytest.mark.parametrize("spot", [580.0, 600.0, 620.0])
def test_a_plain_tree_tells_all_but_the_volga_nearly_as_well(spot):
    model, terms, inputs = QuantLibCRR(), OptionTerms("C", STRIKE), MarketInputs(spot, 30 / 365, RATE, YIELD)
    found = higher_greeks(model, terms, inputs, VOL)
    vanna, _, zomma, by_rate = closed_form("C", spot, 30 / 365)
    assert found.vanna == pytest.approx(vanna, rel=0.03)
    assert found.zomma == pytest.approx(zomma, rel=0.05)
    assert rho(model, terms, inputs, VOL) == pytest.approx(by_rate, rel=0.01)


def test_what_has_expired_has_none():
    expired = MarketInputs(610.0, 0.0, RATE)
    assert higher_greeks(BlackScholes(), OptionTerms("C", STRIKE, "european"), expired, VOL) == NO_HIGHER_GREEKS
    assert rho(BlackScholes(), OptionTerms("C", STRIKE, "european"), expired, VOL) == 0.0
