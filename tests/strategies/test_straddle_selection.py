"""Which straddle wins, what is left out and why; and that neither hangs on the order they come in."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.strategies.straddle_selection import Candidate, Offered, SelectionParameters, rank

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
JANUARY, FEBRUARY = date(2026, 1, 30), date(2026, 2, 6)
STRICT = SelectionParameters(min_open_interest=100, max_spread_pct=5, max_spread=0.30, min_size=5)


def leg(
    right: str,
    mid: float = 10.0,
    spread: float = 0.10,
    *,
    strike: int = 600,
    expiry: date = JANUARY,
    size: int = 20,
    open_interest: int | None = 500,
    quoted: bool = True,
) -> Offered:
    con_id = 100 * strike + 10 * expiry.day + (right == "P")
    option = Option(
        con_id=con_id, underlying_con_id=1, symbol="SPY", right=right, strike=Decimal(strike), expiry=expiry,
        expires_at=datetime(expiry.year, expiry.month, expiry.day, 21, tzinfo=UTC), trading_class="SPY",
    )  # fmt: skip
    quote = Quote(
        con_id=con_id, snapshot_id=1, bid=mid - spread / 2, ask=mid + spread / 2, bid_size=size, ask_size=size,
        received_at=NOW,
    )  # fmt: skip
    return Offered(option=option, quote=quote if quoted else None, open_interest=open_interest)


def straddle(*, theta: float = -0.40, gamma: float = 0.03, vol: float = 0.2, **of_legs) -> Candidate:
    greeks = Greeks(price=20.0, delta=0.05, gamma=gamma, theta_per_day=theta, vega=60.0)
    return Candidate(call=leg("C", **of_legs), put=leg("P", **of_legs), greeks=greeks, vol=vol)


def strikes(ranking) -> list[int]:
    return [int(each.straddle.call.option.strike) for each in ranking.ranked]


# -- the score ---------------------------------------------------------------------------------------------------------


def test_the_score_is_decay_and_half_the_spreads_for_each_unit_of_gamma():
    (only,) = rank([straddle(theta=-0.40, gamma=0.04, spread=0.10)], STRICT).ranked
    assert only.score == pytest.approx((0.40 + 0.10) / 0.04)
    (heavy,) = rank([straddle(theta=-0.40, gamma=0.04, spread=0.10)], evolve(STRICT, theta_weight=2.5)).ranked
    assert heavy.score == pytest.approx((1.0 + 0.10) / 0.04)


def test_the_best_is_bought_as_one_call_and_one_put():
    best = rank([straddle()], STRICT).best
    assert best is not None
    assert [(leg.instrument.right, leg.ratio) for leg in best.straddle.combo.legs] == [("C", 1), ("P", 1)]
    assert best.straddle.premium == pytest.approx(20.0) and best.straddle.half_spread == pytest.approx(0.10)


figures = st.builds(
    lambda theta, gamma, spread, strike: straddle(theta=-theta, gamma=gamma, spread=spread, strike=strike),
    theta=st.floats(0.01, 2), gamma=st.floats(0.001, 0.2), spread=st.floats(0.01, 0.29), strike=st.integers(500, 700),
)  # fmt: skip
chains = st.lists(figures, min_size=1, max_size=12, unique_by=lambda each: each.call.option.strike)


@given(chains, st.randoms(use_true_random=False))
def test_the_order_they_come_in_makes_no_difference(chain, chance):
    shuffled = list(chain)
    chance.shuffle(shuffled)
    assert rank(chain, STRICT) == rank(shuffled, STRICT)


@given(chains, st.sampled_from(("theta", "gamma", "spread")), st.floats(0.1, 0.9))
def test_one_that_is_better_in_one_respect_and_worse_in_none_comes_before(chain, respect, factor):
    worse = chain[0]
    spread = worse.half_spread  # of each leg, as both are alike
    better = straddle(
        strike=701,  # equal scores would put the lower strike first
        theta=worse.greeks.theta_per_day * (factor if respect == "theta" else 1),
        gamma=worse.greeks.gamma / (factor if respect == "gamma" else 1),
        spread=spread * (factor if respect == "spread" else 1),
    )
    order = strikes(rank([*chain, better], STRICT))
    assert order.index(701) < order.index(int(worse.call.option.strike))


@given(chains, st.sampled_from((0.25, 4.0)))
def test_a_market_in_another_unit_of_money_is_ranked_alike(chain, unit):
    """A split, say: every price, spread and decay is so many times as much, gamma as many times less."""
    terms = evolve(STRICT, max_spread=0)
    scaled = [
        straddle(
            strike=int(each.call.option.strike),
            mid=10.0 * unit,
            spread=each.half_spread * unit,
            theta=each.greeks.theta_per_day * unit,
            gamma=each.greeks.gamma / unit,
        )
        for each in chain
    ]
    before, after = rank(chain, terms), rank(scaled, terms)
    assert [each.score * unit**2 for each in before.ranked] == pytest.approx([each.score for each in after.ranked])


def test_equals_are_ranked_by_expiry_then_by_strike():
    equals = [straddle(strike=strike, expiry=expiry) for expiry in (FEBRUARY, JANUARY) for strike in (610, 600)]
    found = [
        (each.straddle.call.option.expiry, each.straddle.call.option.strike) for each in rank(equals, STRICT).ranked
    ]
    assert found == [(JANUARY, 600), (JANUARY, 610), (FEBRUARY, 600), (FEBRUARY, 610)]


# -- the filters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "words", "why"),
    [
        (straddle(quoted=False), "without a quote on both sides", "call: no quote"),
        (straddle(open_interest=99), "open interest below 100", "call: 99"),
        (straddle(open_interest=None), "open interest below 100", "call: not told"),
        (straddle(mid=5.0, spread=0.26), "spread wider than 5%", "call: 5.2%"),
        (straddle(mid=30.0, spread=0.32), "spread wider than $0.3", "call: $0.32"),
        (straddle(size=4), "size below 5", "call: 4 x 4"),
        (evolve(straddle(), greeks=None), "without a volatility", "none explains these quotes"),
        (straddle(gamma=0.0), "without gamma", "0"),
    ],
)
def test_each_filter_says_what_it_is_and_what_it_saw(bad, words, why):
    (out,) = rank([bad], STRICT).excluded
    assert (out.filter, out.why) == (words, why)


@pytest.mark.parametrize(
    "edge",
    [straddle(open_interest=100), straddle(mid=5.0, spread=0.25), straddle(mid=30.0, spread=0.30), straddle(size=5)],
)
def test_what_just_meets_a_limit_passes(edge):
    assert rank([edge], STRICT).best is not None


def test_either_leg_is_enough_to_exclude_both():
    good = straddle()
    one_sided = evolve(good.put.quote, bid=None)
    (out,) = rank([evolve(good, put=evolve(good.put, quote=one_sided))], STRICT).excluded
    assert out.why == "put: - x 10.05"
    (out,) = rank([evolve(good, put=evolve(good.put, quote=None, frozen="354: not subscribed"))], STRICT).excluded
    assert out.why == "put: 354: not subscribed"
    (out,) = rank([evolve(good, put=evolve(good.put, open_interest=7))], STRICT).excluded
    assert out.why == "put: 7"


def test_the_first_filter_that_objects_is_the_one_that_counts():
    faults = {"open_interest": 0, "spread": 3.0, "size": 0, "gamma": 0.0}
    order = []
    while faults:
        (out,) = rank([straddle(**faults)], STRICT).excluded
        order.append(out.filter)
        del faults[next(iter(faults))]
    assert order == ["open interest below 100", "spread wider than 5%", "size below 5", "without gamma"]


def test_what_is_not_asked_for_excludes_nothing():
    lax = SelectionParameters(min_open_interest=0, max_spread_pct=200, min_size=0)
    assert rank([straddle(open_interest=None, spread=5.0, size=0)], lax).best is not None


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 9), st.floats(0.02, 1.0)), max_size=15))
def test_every_straddle_is_ranked_or_excluded_and_counted(market):
    chain = [
        straddle(strike=500 + i, open_interest=interest, size=size, spread=spread)
        for i, (interest, size, spread) in enumerate(market)
    ]
    ranking = rank(chain, STRICT)
    assert len(ranking.ranked) + len(ranking.excluded) == len(chain)
    if not ranking.ranked:
        said = str(ranking)
        assert said.startswith("no straddle passes: ")
        for words, number in Counter(each.filter for each in ranking.excluded).items():
            assert f"{number} {words}" in said


# -- in words ----------------------------------------------------------------------------------------------------------


def test_the_ranking_says_in_one_line_what_it_found():
    chain = [straddle(strike=600), straddle(strike=610, theta=-0.50), straddle(strike=620, size=1)]
    assert str(rank(chain, STRICT)) == (
        "SPY 2026-01-30 600 is the best of 2 that pass, of 3 looked at: $0.400 of decay a day and $0.100 of half "
        "spreads for a gamma of 0.0300, score 16.67"
    )
    thin = [straddle(strike=strike, open_interest=1) for strike in (600, 610)]
    assert str(rank([*thin, straddle(size=1, strike=620)], STRICT)) == (
        "no straddle passes: 2 open interest below 100, 1 size below 5"
    )
    assert str(rank([], STRICT)) == "no straddle passes: there was none to look at"
