"""Cash dividends: when they leave the price, who tells of them, and what the options say."""

import math
from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve
from truth import DAY, SPY

from gamma_scalper.domain.quotes import Quote
from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms, QuantLibCRR
from gamma_scalper.pricing.dividends import (
    Dividend,
    DividendSchedule,
    StrikeQuotes,
    from_broker,
    implied_forward,
    parse_dividends,
)

NOW = datetime(2026, 12, 17, 15, 0, tzinfo=UTC)
EXPIRY = datetime(2027, 1, 15, 21, 0, tzinfo=UTC)


def test_a_dividend_leaves_at_new_york_s_midnight_before_its_ex_date():
    schedule = parse_dividends("2027-03-19 1.85, 2026-12-18 1.80")
    hours_left = 24 + 5 - 15  # New York's midnight is 5:00 UTC
    assert schedule.in_life(NOW, EXPIRY) == ((pytest.approx(hours_left / 24 * DAY), 1.80),)
    assert schedule.in_life(NOW + timedelta(hours=hours_left), EXPIRY) == ()
    assert len(schedule.in_life(NOW, EXPIRY + timedelta(days=90))) == 2


@pytest.mark.parametrize(
    "text",
    ["2026-12-18", "2026-12-18 -1", "18.12.2026 1.80", "2026-02-30 1.8", "2026-12-18 0", "2026-12-18 1, 2026-12-18 1"],
)
def test_what_is_no_dividend_is_refused(text):
    with pytest.raises(ValueError, match=r"cannot read|positive amount|same ex-date|day is out of range"):
        parse_dividends(text)


def test_the_broker_s_next_dividend_is_declared_and_the_rest_of_its_year_estimated():
    schedule = from_broker("6.90,7.30,20261218,1.80", horizon=date(2027, 7, 1))
    assert [(due.ex, due.declared) for due in schedule.dividends] == [
        (date(2026, 12, 18), True),
        (date(2027, 3, 19), False),
        (date(2027, 6, 18), False),
    ]
    assert schedule.dividends[0].amount == 1.80
    assert schedule.dividends[1].amount == pytest.approx((7.30 - 1.80) / 3)


@pytest.mark.parametrize("text", [",,,", "0.0,0.0,,", "1.0,,20261218,0"])
def test_a_share_without_dividends_has_none(text):
    assert from_broker(text, date(2027, 7, 1)) == DividendSchedule()


def test_the_last_dividend_of_a_year_stands_alone():
    assert from_broker("1.0,,20261218,0.5", date(2027, 12, 31)).dividends == (Dividend(date(2026, 12, 18), 0.5),)
    assert from_broker("1.0,0.5,20261218,0.5", date(2027, 12, 31)).dividends == (Dividend(date(2026, 12, 18), 0.5),)


def test_twelve_dividends_a_year_are_the_most_that_are_estimated():
    assert len(from_broker("0.83,0.92,20130219,0.000000001", date(2014, 2, 1)).dividends) == 12
    assert from_broker("0.83,0.92,99991231,0.23", date.max).dividends[0].ex == date(9999, 12, 31)


@pytest.mark.parametrize(
    "text",
    ["", "1.0", "1,2,3", "a,b,20261218,1", "1,1,2026,1", "1,inf,20261218,1", "1,nan,20261218,1", "1,-1,20261218,1"],
)
def test_a_tick_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="as dividends"):
        from_broker(text, date(2027, 7, 1))


def quotes(model, inputs, strikes, spread=0.04):
    """As a market that knows the carry would quote them."""
    pairs = []
    for i, strike in enumerate(strikes):
        call, put = (
            Quote(
                con_id=1 + i, snapshot_id=1, bid=max(price - spread / 2, 0.0), ask=price + spread / 2, received_at=NOW
            )
            for price in (model.price(OptionTerms(right, strike), inputs, 0.15) for right in ("C", "P"))
        )
        pairs.append(StrikeQuotes(strike, call, put))
    return pairs


@pytest.mark.parametrize("model", [Lattice(), QuantLibCRR()])
@pytest.mark.parametrize("dividend_yield", [0.0, 0.012, 0.05, -0.02])
@pytest.mark.parametrize("days", [7, 60])
def test_options_tell_the_forward_they_were_priced_on(model, dividend_yield, days):
    truth = MarketInputs(600.0, days * DAY, 0.043, dividend_yield)
    known = 600.0 * math.exp((0.043 - dividend_yield) * days * DAY)
    found = implied_forward(
        model, evolve(truth, dividend_yield=0.0), quotes(model, truth, [580.0, 590.0, 600.0, 610.0, 620.0, 900.0])
    )
    assert found.forward == pytest.approx(known, abs=0.02)
    assert found.low <= known <= found.high
    assert found.high - found.low < 0.1
    assert found.dividend_yield(truth) == pytest.approx(dividend_yield, abs=2e-3)


@pytest.mark.parametrize(("days", "ex_day", "amount"), [(30, 10, 1.8), (30, 25, 1.8), (14, 13, 1.8), (365, 364, 6.0)])
def test_a_cash_dividend_stays_one_while_the_forward_is_sought(days, ex_day, amount):
    truth = MarketInputs(600.0, days * DAY, 0.043, 0.004, ((ex_day * DAY, amount),))
    known = 600 * math.exp(0.039 * days * DAY) - amount * math.exp(0.039 * (days - ex_day) * DAY)
    strikes = [580.0 + 5 * i for i in range(9)]
    found = implied_forward(Lattice(), evolve(truth, dividend_yield=0.0), quotes(Lattice(), truth, strikes))
    assert found.forward == pytest.approx(known, abs=0.03)
    assert found.low <= known <= found.high
    assert found.dividend_yield(truth) == pytest.approx(0.004, abs=3e-3)


def test_a_strike_whose_put_is_at_its_exercise_value_tells_no_forward():
    truth = MarketInputs(600.0, 12 * DAY, 0.043, -0.0054)
    deep, good = quotes(Lattice(), truth, [629.0, 600.0])
    assert deep.put.bid <= 29.0
    assert implied_forward(Lattice(), truth, [deep]) is None
    assert implied_forward(Lattice(), truth, [deep, good]) == implied_forward(Lattice(), truth, [good])


def test_there_is_no_forward_to_the_past():
    with pytest.raises(ValueError, match="years must be positive"):
        implied_forward(Lattice(), evolve(SPY, years=0.0), [])


def test_plain_parity_would_be_wrong_for_american_options():
    truth = MarketInputs(600.0, 180 * DAY, 0.05, 0.0)
    pair = quotes(Lattice(), truth, [600.0])[0]
    plain = 600.0 + (pair.call.mid - pair.put.mid) * math.exp(0.05 * 180 * DAY)
    known = 600.0 * math.exp(0.05 * 180 * DAY)
    assert abs(plain - known) > 0.5
    assert implied_forward(Lattice(), truth, [pair]).forward == pytest.approx(known, abs=0.02)


def test_quotes_that_tell_nothing_or_contradict_one_another_tell_no_forward():
    def quote(bid, ask):
        return Quote(con_id=1, snapshot_id=1, bid=bid, ask=ask, received_at=NOW)

    good = quotes(Lattice(), SPY, [600.0])[0]
    wrong = StrikeQuotes(605.0, quote(20.0, 20.1), good.put)
    assert implied_forward(Lattice(), SPY, []) is None
    assert implied_forward(Lattice(), SPY, [StrikeQuotes(600.0, quote(None, 1.0), good.put)]) is None
    assert implied_forward(Lattice(), SPY, [StrikeQuotes(600.0, quote(0.0, 0.01), quote(0.0, 0.01))]) is None
    assert implied_forward(Lattice(), SPY, [good]) is not None
    assert implied_forward(Lattice(), SPY, [good, wrong]) is None
