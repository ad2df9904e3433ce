"""A profit is taken apart into its causes: exactly to the cent, and with next to nothing unexplained."""

from datetime import timedelta
from decimal import Decimal
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from straddles import CALL, PUT, SHARE, START, STRADDLE, standing

from gamma_scalper.domain.money import to_cents
from gamma_scalper.portfolio.attribution import NO_EARNINGS, PARTS, Between, attributed, counted, joined

STEP = timedelta(minutes=5)
SESSION = 78  # steps of it


def hedged_session(chance: np.random.Generator, *, vol_of_vol: float, straddles: int = 10) -> list:
    """One session in steps of five minutes, each hedged to nothing at its end; every interval of it."""
    spot, vol, now, cash = 600.0, 0.15, START, Decimal(0)
    held = {CALL: Decimal(straddles), PUT: Decimal(straddles), SHARE: Decimal(0)}
    before, intervals = standing(spot, now, vol, held, cash), []
    for _ in range(SESSION):
        now += STEP
        spot *= float(np.exp(0.15 * np.sqrt(1 / 252 / SESSION) * chance.standard_normal()))
        vol += vol_of_vol * float(chance.standard_normal())
        after = standing(spot, now, vol, held, cash)
        intervals.append(attributed(before, after))
        wanted = Decimal(-round(sum(100 * straddles * each.greeks.delta for each in after.options)))
        cash -= (wanted - held[SHARE]) * after.prices[SHARE.con_id]
        held = held | {SHARE: wanted}
        before = standing(spot, now, vol, held, cash)
    return intervals


def in_dollars(intervals: list, part: str) -> np.ndarray:
    return np.array([float(getattr(each, part)) for each in intervals])


@pytest.mark.parametrize("seed", [1, 2])
def test_of_five_minute_steps_less_than_a_hundredth_of_the_profits_deviation_stays_unexplained(seed):
    intervals = hedged_session(np.random.default_rng(seed), vol_of_vol=0.0004)
    assert in_dollars(intervals, "unexplained").std() < 0.01 * in_dollars(intervals, "total").std()


def test_of_sessions_at_one_volatility_less_than_a_hundredth_of_the_profits_deviation_stays_unexplained():
    """Nothing moves but the spot, and the hedge takes its first order away: what is left is gamma against theta."""
    chance = np.random.default_rng(5)
    sessions = [reduce(joined, hedged_session(chance, vol_of_vol=0.0)) for _ in range(6)]
    assert in_dollars(sessions, "unexplained").std() < 0.01 * in_dollars(sessions, "total").std()
    earned = sum(each.gamma + each.theta for each in sessions) / sum(each.total for each in sessions)
    assert 0.9 < earned < 1.1


moves = st.floats(-0.05, 0.05)
quantities = st.integers(-20, 20).map(Decimal)


@given(move=moves, vol_move=moves, hours=st.floats(0, 90), calls=quantities, puts=quantities, shares=quantities,
       paid=st.decimals(-1000, 1000, places=4), fees=st.decimals(0, 100, places=6), unseen=st.booleans())  # fmt: skip
def test_the_parts_sum_to_the_change_of_equity_to_the_cent(
    move, vol_move, hours, calls, puts, shares, paid, fees, unseen
):
    held = {CALL: calls, PUT: puts, SHARE: shares}
    begin = standing(600.0, START, 0.15, held)
    end = standing(600.0 * (1 + move), START + timedelta(hours=hours), 0.15 + vol_move, held, paid - fees)
    found = attributed(begin, end, Between(payments=paid, commissions=fees, unseen=unseen))
    assert found.total == to_cents(end.equity) - to_cents(begin.equity)
    assert sum(getattr(found, part) for part in PARTS) == found.total
    assert all(getattr(found, part) == round(getattr(found, part), 2) for part in PARTS)


def test_each_cause_alone_is_told_as_that_cause():
    begin = standing(600.0, START, 0.15, STRADDLE)
    later = attributed(begin, standing(600.0, START + timedelta(hours=1), 0.15, STRADDLE))
    assert later.theta < 0 and abs(later.total - later.theta) <= Decimal("0.02") and not later.gamma and not later.vega
    dearer = attributed(begin, standing(600.0, START, 0.155, STRADDLE))
    assert dearer.vega > 0 and abs(dearer.total - dearer.vega - dearer.volga) <= Decimal("0.02") and not dearer.delta
    moved = attributed(begin, standing(601.0, START, 0.15, STRADDLE))
    assert moved.gamma > 0 and abs(moved.total - moved.gamma - moved.delta) <= Decimal("0.05") and not moved.theta
    both = attributed(begin, standing(605.0, START, 0.16, STRADDLE))
    assert both.vanna and both.zomma and abs(both.unexplained) < Decimal("0.02") * abs(both.total)


def test_what_spot_and_volatility_do_only_together_is_vanna_and_zomma():
    """Seen from far below the strike, where there is most of it."""
    begin = standing(580.0, START, 0.15, STRADDLE)
    moved, dearer, both = (
        attributed(begin, standing(spot, START, vol, STRADDLE))
        for spot, vol in ((582.0, 0.15), (580.0, 0.155), (582.0, 0.155))
    )
    together = both.total - moved.total - dearer.total
    assert not (moved.vanna or dearer.vanna or moved.zomma or dearer.zomma)
    assert together > 1 and abs(both.vanna + both.zomma - together) < Decimal("0.05") * together


def test_the_delta_is_that_of_the_whole_with_the_shares():
    options = standing(600.0, START, 0.15, {CALL: Decimal(1), PUT: Decimal(1)})
    delta = sum(100 * each.greeks.delta for each in options.options)
    with_shares = {CALL: Decimal(1), PUT: Decimal(1), SHARE: Decimal(10)}
    found = attributed(standing(600.0, START, 0.15, with_shares), standing(602.0, START, 0.15, with_shares))
    assert float(found.delta) == pytest.approx((delta + 10) * 2, abs=0.01)


def test_a_fill_worse_than_the_middle_is_a_cost_and_a_payment_is_carry():
    """Five shares more at the end, bought a dime above the middle for 35 cents, and twelve dollars came in."""
    begin = standing(600.0, START, 0.15, STRADDLE)
    more = STRADDLE | {SHARE: STRADDLE[SHARE] + 5}
    cash = -5 * Decimal("600.10") - Decimal("0.35") + 12
    found = attributed(
        begin, standing(600.0, START, 0.15, more, cash), Between(payments=Decimal(12), commissions=Decimal("0.35"))
    )
    assert (found.costs, found.carry, found.total) == (Decimal("-0.85"), Decimal(12), Decimal("11.15"))
    assert not found.unexplained


def test_what_nobody_watched_is_theta_carry_and_commissions_and_the_rest_stays_unexplained():
    begin = standing(600.0, START, 0.15, STRADDLE)
    end = standing(620.0, START + timedelta(days=1), 0.15, STRADDLE, Decimal(-2))
    blind = evolve(begin, holdings=(), options=(), prices={})
    found = attributed(blind, end, Between(commissions=Decimal(2), unseen=True))
    assert found.theta == pytest.approx(
        Decimal(sum(100 * each.greeks.theta_per_day for each in end.options)), abs=Decimal("0.01")
    )
    assert found.costs == -2 and not (found.gamma or found.delta or found.vega)
    assert found.unexplained == found.total - found.theta + 2


def test_a_dividend_that_leaves_the_price_is_carry_of_the_shares_and_no_move_of_the_options():
    held = {SHARE: Decimal(-7)}
    begin, end = standing(600.0, START, 0.15, held), standing(598.2, START, 0.15, held)
    found = attributed(begin, end, Between(dividend=1.8))
    assert (found.total, found.carry, found.delta) == (Decimal("12.60"), Decimal("12.60"), 0)


def test_intervals_that_follow_one_another_are_one_that_earned_as_much():
    moments = [standing(600.0 + n, START + n * STEP, 0.15 + 0.001 * n, STRADDLE) for n in range(4)]
    intervals = [attributed(before, after) for before, after in pairwise(moments)]
    whole = reduce(joined, intervals)
    assert whole.total == to_cents(moments[3].equity) - to_cents(moments[0].equity)
    assert (whole.since, whole.until) == (moments[0].at, moments[3].at)
    assert (whole.spot_from, whole.spot_to, whole.implied_from) == (600.0, 603.0, moments[0].implied)


def test_earnings_of_a_new_day_begin_at_nothing_and_those_since_the_beginning_go_on():
    interval = attributed(standing(600.0, START, 0.15, STRADDLE), standing(603.0, START + STEP, 0.15, STRADDLE))
    monday, tuesday = START.date(), START.date() + timedelta(days=1)
    earned = counted(counted(NO_EARNINGS, interval, monday), interval, monday)
    assert earned.today is not None and earned.today.total == 2 * interval.total and earned.squares == 18.0
    earned = counted(earned, interval, tuesday)
    assert earned.today == interval and earned.squares == 9.0
    assert earned.ever is not None and earned.ever.total == 3 * interval.total


@pytest.mark.parametrize(("spot", "vol"), [(600.0, 0.19), (606.0, 0.17), (591.0, 0.15), (600.0, 0.15)])
def test_over_a_weekend_time_is_told_apart_from_what_the_market_did_at_its_end(spot, vol):
    """Three days take a fifth of the vega along: at the rates of Friday's close much would stay unexplained."""
    held, monday = STRADDLE | {SHARE: Decimal(-40)}, START + timedelta(days=3)
    begin, end = standing(600.0, START, 0.15, held), standing(spot, monday, vol, held)
    aged = standing(600.0, monday, 0.15, held)
    told = attributed(begin, end, aged=aged.options)
    assert told.theta == to_cents(aged.equity - begin.equity), "what three days alone would have done"
    assert sum(getattr(told, part) for part in PARTS) == told.total
    assert abs(told.unexplained) <= max(Decimal("0.02") * abs(told.total - told.theta), Decimal("0.03"))
    if vol > 0.15:
        assert abs(told.unexplained) < abs(attributed(begin, end).unexplained) / 3
