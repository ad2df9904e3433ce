"""A crash in the quotes must not blind the engine: which volatility the legs of a strike are priced at."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from truth import DAY, SPY

from gamma_scalper.domain.quotes import Quote
from gamma_scalper.pricing import BlackScholes, Lattice, MarketInputs, OptionTerms, QuantLibCRR
from gamma_scalper.pricing.leg_volatility import AT_BOUND, LegVolatility, leg_greeks, leg_volatility

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
AGE = timedelta(minutes=15)
MODEL = Lattice()


def quote(bid, ask, at=NOW):
    return Quote(con_id=1, snapshot_id=1, bid=bid, ask=ask, received_at=at)


def around(price, spread_pct=2.0, at=NOW):
    """A market maker's quote: a spread in whole cents, nothing bid for what is worth less than half of it."""
    half = max(round(price * spread_pct / 200, 2), 0.01)
    return quote(max(round(price - half, 2), 0.0), max(round(price + half, 2), 0.01), at)


def straddle_quotes(inputs, vol, strike=600.0, at=NOW):
    return {right: around(MODEL.price(OptionTerms(right, strike), inputs, vol), at=at) for right in ("C", "P")}


def told(inputs, quotes, strike=600.0, now=NOW, **more):
    return leg_volatility(MODEL, strike, inputs, quotes, now, max_age=AGE, **more)


@pytest.mark.parametrize(("strike", "leg"), [(570.0, "P"), (630.0, "C")])
def test_both_legs_share_the_volatility_of_the_one_out_of_the_money(strike, leg):
    quotes = {
        right: around(MODEL.price(OptionTerms(right, strike), SPY, vol), 0.1)
        for right, vol in (("C", 0.14 if leg == "P" else 0.16), ("P", 0.16 if leg == "P" else 0.14))
    }
    found = told(SPY, quotes, strike)
    assert (found.leg, found.at, found.carried) == (leg, NOW, False)
    assert found.vol == pytest.approx(0.16, abs=2e-3)


def test_what_is_out_of_the_money_is_judged_by_the_forward():
    inputs = evolve(SPY, dividend_yield=0.0, dividends=((10 * DAY, 6.0),))  # forward 596.1
    assert told(inputs, straddle_quotes(inputs, 0.15, 598.0), 598.0).leg == "C"


@pytest.mark.parametrize("missing", [None, quote(None, None), quote(0.0, 0.05), quote(None, 0.05), quote(3.0, 2.0)])
def test_where_that_leg_says_nothing_the_last_good_one_stands_in_while_it_is_young(missing):
    quotes = {"P": around(61.0)} | ({"C": missing} if missing else {})
    inputs = evolve(SPY, spot=540.0)
    last = LegVolatility(0.2, "C", NOW - AGE)
    assert told(inputs, quotes, last=last) == LegVolatility(0.2, "C", NOW - AGE, carried=True)
    again = told(inputs, quotes, last=told(inputs, quotes, last=last))
    assert again.at == NOW - AGE, "carrying does not make it younger"
    other = told(inputs, quotes, last=evolve(last, at=NOW - AGE - timedelta(seconds=1)))
    assert isinstance(other, LegVolatility)
    assert (other.leg, other.carried) == ("P", False), "too old: the leg in the money has some time value and says so"


def test_a_leg_at_its_exercise_bound_has_the_bound_s_delta():
    inputs = evolve(SPY, spot=480.0)
    found = told(inputs, {"C": quote(0.0, 0.01), "P": quote(119.8, 120.3)})
    assert found == AT_BOUND
    put, call = (leg_greeks(MODEL, OptionTerms(right, 600.0), inputs, found) for right in ("P", "C"))
    assert (put.price, put.delta, put.gamma) == (120.0, -1.0, 0.0)
    assert (call.price, call.delta) == (0.0, 0.0)


def test_of_a_european_leg_the_bound_is_its_forward_s():
    inputs = evolve(SPY, spot=480.0)
    sure = 600 * math.exp(-0.043 * 30 * DAY) - 480 * math.exp(-0.012 * 30 * DAY)
    quotes = {"C": quote(0.0, 0.01), "P": around(sure - 0.05, 0.01)}
    found = leg_volatility(BlackScholes(), 600.0, inputs, quotes, NOW, max_age=AGE, exercise="european")
    assert found == AT_BOUND
    greeks = leg_greeks(BlackScholes(), OptionTerms("P", 600.0, "european"), inputs, found)
    assert greeks.price == pytest.approx(sure)
    assert greeks.delta == pytest.approx(-math.exp(-0.012 * 30 * DAY))


@pytest.mark.parametrize(
    ("spot", "call", "put"),
    [
        (600.5, quote(0.0, 30.0), quote(0.0, 24.0)),  # the market was pulled
        (600.5, quote(0.3, 24.0), quote(0.0, 24.0)),
        (605.0, quote(4.0, 25.0), None),
        (520.0, quote(0.01, 900.0), quote(0.0, 900.0)),
    ],
)
def test_a_pulled_market_is_no_bound_and_no_volatility(spot, call, put):
    quotes = {"C": call} | ({"P": put} if put else {})
    assert told(evolve(SPY, spot=spot), quotes) is None


def test_an_old_quote_tells_nothing_and_a_past_from_the_future_neither():
    old = straddle_quotes(SPY, 0.15, at=NOW - AGE - timedelta(seconds=1))
    assert told(SPY, old) is None
    assert told(SPY, straddle_quotes(SPY, 0.15, at=NOW - AGE)).at == NOW - AGE
    assert told(SPY, {}, last=LegVolatility(0.2, "C", NOW + timedelta(seconds=1))) is None


@pytest.mark.parametrize(("spot", "call", "put"), [(650.0, 1.0, 0.0), (550.0, 0.0, -1.0), (600.0, 0.0, 0.0)])
def test_an_expired_leg_has_its_exercise_delta(spot, call, put):
    inputs = evolve(SPY, spot=spot, years=0.0)
    found = told(inputs, {})
    legs = [leg_greeks(MODEL, OptionTerms(right, 600.0), inputs, found) for right in ("C", "P")]
    assert [leg.delta for leg in legs] == [call, put]


def test_the_bound_of_a_deep_call_is_what_waiting_brings_and_knows_of_dividends():
    deep = evolve(SPY, spot=700.0, dividend_yield=0.0)
    found = told(deep, {"C": quote(101.5, 102.2), "P": quote(0.0, 0.02)})
    call = leg_greeks(MODEL, OptionTerms("C", 600.0), deep, found)
    assert call.price == pytest.approx(700 - 600 * math.exp(-0.043 * 30 * DAY))
    assert call.delta == 1.0
    paying = MarketInputs(680.0, 30 * DAY, 0.043, 0.0, ((10 * DAY, 5.0),))
    found = leg_volatility(
        MODEL, 600.0, paying, {"C": quote(76.0, 78.8), "P": quote(0.0, 0.02)}, NOW, max_age=AGE, exercise="european"
    )
    assert leg_greeks(MODEL, OptionTerms("C", 600.0, "european"), paying, found).price == pytest.approx(77.12, abs=0.01)


def test_without_quotes_without_a_past_and_without_a_bound_nothing_is_known():
    assert told(SPY, {}) is None
    assert told(SPY, {"C": quote(None, None), "P": quote(None, None)}) is None


@pytest.mark.parametrize(
    ("model", "dividends"), [(Lattice(), ()), (QuantLibCRR(), ()), (Lattice(), ((1.5 * DAY, 1.8),))]
)
@pytest.mark.parametrize("days", [2, 7, 30, 60])
@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize(("seconds", "vol_moves"), [(1, True), (60, False), (300, True)])
def test_through_a_move_of_15_percent_a_straddle_s_delta_neither_jumps_nor_goes_missing(
    model, dividends, days, direction, seconds, vol_moves
):
    """In steps of 0.05%, fast and slow, with spreads of whole cents; in half the cases volatility rises in a crash.

    Between two steps delta may move by gamma, and by the little that a cent of spread and the change of leg leave open.
    """
    market = MarketInputs(600.0, days * DAY, 0.043, 0.0 if dividends else 0.012, dividends)
    last, deltas, allowed = None, [], []
    for step in range(301):
        moved = direction * step * 0.0005
        inputs = evolve(market, spot=600.0 * (1 + moved))
        vol = max(0.15 - (0.8 if direction < 0 else 0.3) * moved, 0.10) if vol_moves else 0.15
        now = NOW + timedelta(seconds=seconds * step)
        quotes = straddle_quotes(inputs, vol, at=now)
        found = leg_volatility(model, 600.0, inputs, quotes, now, last=last, max_age=AGE)
        assert found is not None
        last = found if isinstance(found, LegVolatility) else last
        legs = [leg_greeks(model, OptionTerms(right, 600.0), inputs, found) for right in ("C", "P")]
        deltas.append(legs[0].delta + legs[1].delta)
        allowed.append((legs[0].gamma + legs[1].gamma) * 0.3)
    for before, after, by_gamma in zip(deltas[:-1], deltas[1:], allowed[:-1], strict=True):
        assert abs(after - before) <= 1.5 * by_gamma + 0.02
    assert deltas[-1] == pytest.approx(direction, abs=0.15)
