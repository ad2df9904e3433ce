"""A chain at once gives what its contracts give one by one, and says why a row has no answer."""

import math
import threading

import numpy as np
import pytest
from attrs import evolve
from truth import DAY, SPY

from gamma_scalper.pricing import BlackScholes, Lattice, OptionTerms, QuantLibCRR, chain_greeks, chain_prices
from gamma_scalper.pricing.chain import Reason

pytestmark = pytest.mark.compiled

STRIKES = np.array([540.0, 570.0, 590.0, 600.0, 610.0, 630.0] * 2)
RIGHTS = ["C"] * 6 + ["P"] * 6
YEARS = np.array([7.0, 30.0, 60.0] * 4) * DAY
VOLS = 0.15 + 0.1 * np.log(STRIKES / 600.0) ** 2


def prices(model, exercise="american", market=SPY):
    rows = zip(RIGHTS, STRIKES, YEARS, VOLS, strict=True)
    return [model.price(OptionTerms(r, k, exercise), evolve(market, years=y), v) for r, k, y, v in rows]


@pytest.mark.parametrize(
    ("model", "exercise", "market"),
    [
        (Lattice(), "american", SPY),
        (Lattice(), "european", SPY),
        (Lattice(), "american", evolve(SPY, dividend_yield=0.0, dividends=((10 * DAY, 1.8), (45 * DAY, 1.8)))),
        (QuantLibCRR(), "american", SPY),
        (BlackScholes(), "european", SPY),
    ],
)
def test_rows_are_what_contracts_are_one_by_one(model, exercise, market):
    given = prices(model, exercise, market)
    chain = chain_greeks(model, RIGHTS, STRIKES, YEARS, given, market, exercise=exercise)
    for i, (right, strike, years, price) in enumerate(zip(RIGHTS, STRIKES, YEARS, given, strict=True)):
        terms, inputs = OptionTerms(right, strike, exercise), evolve(market, years=years)
        vol = model.implied_vol(terms, inputs, price)
        if vol is None:
            assert chain.reason[i] == Reason.NO_TIME_VALUE
            continue
        greeks = model.greeks(terms, inputs, vol)
        row = [float(column[i]) for column in chain[:6]]
        assert row == pytest.approx(
            [vol, greeks.price, greeks.delta, greeks.gamma, greeks.theta_per_day, greeks.vega], rel=1e-9, abs=1e-12
        )
        assert vol == pytest.approx(VOLS[i], abs=1e-6)
    assert (chain.reason == Reason.SOLVED).sum() >= 10


def test_cores_change_nothing_but_the_time_it_takes():
    given = prices(Lattice())
    alone = chain_greeks(Lattice(), RIGHTS, STRIKES, YEARS, given, SPY)
    together = chain_greeks(Lattice(), RIGHTS, STRIKES, YEARS, given, SPY, cores=3)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_callers_at_once_get_what_each_would_alone():
    given = prices(Lattice())
    expected = chain_greeks(Lattice(), RIGHTS, STRIKES, YEARS, given, SPY)
    found = []
    callers = [
        threading.Thread(
            target=lambda: found.append(chain_greeks(Lattice(), RIGHTS, STRIKES, YEARS, given, SPY, cores=2))
        )
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 4
    for chain in found:
        np.testing.assert_array_equal(chain.implied_vol, expected.implied_vol)


@pytest.mark.parametrize("model", [Lattice(), QuantLibCRR()])
def test_a_row_without_an_answer_is_nan_and_says_why(model):
    rows = {
        Reason.SOLVED: ("C", 600.0, 30 * DAY, 11.0),
        Reason.BAD_RIGHT: ("X", 600.0, 30 * DAY, 11.0),
        Reason.BAD_STRIKE: ("C", -600.0, 30 * DAY, 11.0),
        Reason.BAD_TIME: ("C", 600.0, -1.0, 11.0),
        Reason.BAD_PRICE: ("C", 600.0, 30 * DAY, math.nan),
        Reason.EXPIRED: ("C", 600.0, 0.0, 11.0),
        Reason.NO_TIME_VALUE: ("P", 640.0, 30 * DAY, 39.5),
        Reason.TOO_DEAR: ("P", 640.0, 30 * DAY, 650.0),
    }
    rights, strikes, years, given = zip(*rows.values(), strict=True)
    chain = chain_greeks(model, rights, strikes, years, given, SPY)
    assert list(chain.reason) == list(rows)
    for column in chain[:6]:
        assert list(np.isnan(column)) == [False] + [True] * 7


def test_too_dear_is_judged_by_what_money_is_worth_at_expiry():
    market = evolve(SPY, rate=0.05, dividend_yield=0.02)
    dear = chain_greeks(Lattice(), ["P", "C"], [600.0, 600.0], 1.0, [590.0, 598.0], market, exercise="european")
    assert list(dear.reason) == [Reason.TOO_DEAR] * 2
    # An American put at a negative rate is worth the more the longer one waits for the strike.
    negative = evolve(SPY, rate=-0.05)
    late = chain_greeks(Lattice(), ["P", "P"], [600.0, 600.0], 1.0, [610.0, 635.0], negative)
    assert late.reason[1] == Reason.TOO_DEAR
    assert late.reason[0] == Reason.SOLVED
    with pytest.raises(ValueError, match="exercise"):
        chain_greeks(Lattice(), [], [], 1.0, 1.0, market, exercise="bermudan")


def test_one_time_and_one_price_serve_all_and_nothing_is_a_chain_too():
    chain = chain_greeks(Lattice(), ["C", "P"], [600.0, 600.0], 30 * DAY, 11.0, SPY)
    assert list(chain.reason) == [Reason.SOLVED] * 2
    assert chain_greeks(Lattice(), [], [], 0.1, 1.0, SPY).delta.shape == (0,)


@pytest.mark.parametrize(
    ("name", "arguments", "cores"),
    [
        ("rights", (["C"] * 3, [600.0, 610.0], 0.1, 1.0), 1),
        ("strikes", (["C"], [[600.0]], 0.1, 1.0), 1),
        ("years", (["C"], [600.0], [0.1, 0.2], 1.0), 1),
        ("prices", (["C"], [600.0], 0.1, "dear"), 1),
        ("cores", (["C"], [600.0], 0.1, 1.0), 0),
        ("cores", (["C"], [600.0], 0.1, 1.0), True),
    ],
)
def test_a_chain_that_does_not_fit_together_is_refused_by_name(name, arguments, cores):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        chain_greeks(Lattice(), *arguments, SPY, cores=cores)


TWO_DIVIDENDS = evolve(SPY, dividend_yield=0.0, dividends=((10 * DAY, 1.8), (45 * DAY, 1.8)))


@pytest.mark.parametrize(
    ("model", "exercise", "market"),
    [
        (Lattice(), "american", SPY),
        (Lattice(25), "american", TWO_DIVIDENDS),
        (Lattice(), "european", SPY),
        (QuantLibCRR(), "american", SPY),
        (BlackScholes(), "european", SPY),
    ],
)
def test_prices_at_once_are_what_contracts_cost_one_by_one(model, exercise, market):
    found = chain_prices(model, RIGHTS, STRIKES, YEARS, VOLS, market, exercise=exercise)
    assert list(found) == pytest.approx(prices(model, exercise, market), rel=1e-12)


def test_a_volatility_of_the_forward_serves_any_number_of_dividends():
    """Against the spot's volatility that moves the forward as much; a cent or two is what the shortcut costs."""
    spot_vol, market = 0.15, TWO_DIVIDENDS
    for right, strike, years in [("C", 570.0, 30 * DAY), ("C", 600.0, 30 * DAY), ("P", 600.0, 60 * DAY),
                                 ("C", 585.0, 60 * DAY), ("P", 630.0, 30 * DAY), ("C", 600.0, 7 * DAY)]:  # fmt: skip
        due = [(t, amount * math.exp(-market.rate * t)) for t, amount in market.dividends if t <= years]
        left = market.spot - sum(worth for _, worth in due)
        variance = spot_vol**2 * (years + 2 * sum(worth * t for t, worth in due) / left)
        vol = math.sqrt(variance / years)
        (quick,) = chain_prices(Lattice(), [right], [strike], years, vol, market, vol_of="forward")
        slow = Lattice(201).price(OptionTerms(right, strike), evolve(market, years=years), spot_vol)
        assert quick == pytest.approx(slow, abs=0.03)
        (european,) = chain_prices(
            Lattice(), [right], [strike], years, vol, market, exercise="european", vol_of="forward"
        )
        assert european <= quick + 1e-9
    plain = chain_prices(Lattice(), RIGHTS, STRIKES, YEARS, VOLS, SPY)
    np.testing.assert_array_equal(chain_prices(Lattice(), RIGHTS, STRIKES, YEARS, VOLS, SPY, vol_of="forward"), plain)


def test_a_call_is_worth_exercise_right_before_a_dividend_at_least():
    """However deep in the money: the strike's interest up to the ex-date is what waiting brings."""
    market = evolve(SPY, dividend_yield=0.0, dividends=((2.3 * DAY, 3.0),))
    found = chain_prices(Lattice(), ["C"] * 3, [500.0, 540.0, 560.0], 30 * DAY, 0.12, market, vol_of="forward")
    waiting = 600.0 - np.array([500.0, 540.0, 560.0]) * math.exp(-market.rate * 2.3 * DAY)
    assert np.all(found >= waiting - 1e-9)
    np.testing.assert_allclose(found, waiting, atol=0.02)


@pytest.mark.parametrize("model", [Lattice(), QuantLibCRR()])
def test_unsound_rows_have_no_price_and_expired_ones_that_of_exercise(model):
    rows = [("X", 600.0, 0.1, 0.2), ("C", -1.0, 0.1, 0.2), ("C", 600.0, -0.1, 0.2), ("C", 600.0, 0.1, 0.0),
            ("C", 600.0, 0.1, math.nan), ("C", 590.0, 0.0, 0.2), ("P", 590.0, 0.0, 0.2)]  # fmt: skip
    rights, strikes, years, vols = zip(*rows, strict=True)
    found = chain_prices(model, rights, strikes, years, vols, SPY)
    assert np.isnan(found[:5]).all()
    assert list(found[5:]) == [10.0, 0.0]
    assert chain_prices(model, [], [], 0.1, 0.2, SPY).shape == (0,)


def test_prices_that_cannot_be_asked_for_are_refused_by_name():
    for name, arguments in [("rights", (["C"] * 3, [600.0, 610.0], 0.1, 0.2)), ("vols", (["C"], [600.0], 0.1, "high"))]:
        with pytest.raises(ValueError, match=f"^{name} must be"):
            chain_prices(Lattice(), *arguments, SPY)
    with pytest.raises(ValueError, match="vol_of must be spot or forward"):
        chain_prices(Lattice(), ["C"], [600.0], 0.1, 0.2, SPY, vol_of="strike")
    with pytest.raises(ValueError, match="vol_of must be spot for QuantLibCRR"):
        chain_prices(QuantLibCRR(), ["C"], [600.0], 0.1, 0.2, TWO_DIVIDENDS, vol_of="forward")


def test_a_call_on_shares_that_pay_nothing_is_worth_its_european_twin():
    """Which bulk pricing tells at once, and the tree at length."""
    market, calls = evolve(SPY, rate=0.04, dividend_yield=0.0, dividends=()), ["C"] * 4
    strikes, years, vols = np.array([450.0, 540.0, 560.0, 700.0]), 60 * DAY, np.array([0.3, 0.2, 0.15, 0.25])
    for rate in (0.04, 0.0, -0.02):  # below zero it pays to exercise early
        found = chain_prices(Lattice(), calls, strikes, years, vols, evolve(market, rate=rate))
        for i, price in enumerate(found):
            inputs = evolve(market, rate=rate, years=years)
            assert price == pytest.approx(Lattice().price(OptionTerms("C", strikes[i]), inputs, vols[i]), abs=1e-9)
