"""A structure of which one leg filled further than another: what is missing, what is too much, and what is ordered."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selling import CALL, HIGH_CALL, LOW_PUT, NOON, PUT, SHARES, limits, ordered, quote, quotes

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.portfolio.collar import CollarParameters
from gamma_scalper.portfolio.repair import RepairParameters, legs_in_excess, legs_missing, plan_repair
from gamma_scalper.portfolio.steps import Done, Orders, Step, Stuck, Wait

STRADDLE = ((CALL, Decimal(10)), (PUT, Decimal(10)))
DECIDED = {11: Decimal("9.10"), 12: Decimal("8.10")}  # 17,200 in all; 2% of it is 344


def filled(**quantities: int) -> dict[int, Decimal]:
    named = {"shares": 1, "call": 11, "put": 12, "high_call": 13, "low_put": 14}
    return {named[name]: Decimal(quantity) for name, quantity in quantities.items()}


def repair(
    done: dict[int, Decimal],
    looked: dict[int, Any] | None = None,
    *,
    wanted: Any = STRADDLE,
    attempt: int = 1,
    decided: dict[int, Decimal] = DECIDED,
    parameters: RepairParameters | None = None,
    **more: Any,
) -> Step:
    return plan_repair(
        "straddle",
        wanted,
        done,
        decided,
        quotes() if looked is None else looked,
        NOON,
        attempt=attempt,
        parameters=parameters or RepairParameters(),
        settled_through=3,
        **more,
    )


# -- what is missing ---------------------------------------------------------------------------------------------------


def test_a_leg_is_missing_as_far_as_the_most_filled_one_goes() -> None:
    done = filled(call=7, put=4)
    assert legs_missing(STRADDLE, done) == ((PUT, Decimal(3)),)
    assert legs_in_excess(STRADDLE, done) == ((CALL, Decimal(-3)),)


@pytest.mark.parametrize("done", [{}, filled(call=10, put=10), filled(call=4, put=4)])
def test_legs_alike_are_whole(done: dict[int, Decimal]) -> None:
    assert legs_missing(STRADDLE, done) == legs_in_excess(STRADDLE, done) == ()
    assert repair(done) == Done()


def test_proportions_other_than_one_to_one_count() -> None:
    covered = ((SHARES, Decimal(500)), (CALL, Decimal(-5)))
    done = filled(shares=140, call=-1)
    assert legs_missing(covered, done) == ((SHARES, Decimal(60)), (CALL, Decimal(-1)))
    assert legs_in_excess(covered, done) == ((SHARES, Decimal(-40)),)


def test_a_leg_filled_beyond_what_was_wanted_is_not_matched_by_the_other() -> None:
    done = filled(call=12, put=9)
    assert legs_missing(STRADDLE, done) == ((PUT, Decimal(1)),)
    assert legs_in_excess(STRADDLE, filled(call=12, put=10)) == ((CALL, Decimal(-2)),)
    assert ordered(repair(filled(call=12, put=10))) == {11: -2}


# -- complete or unwind ------------------------------------------------------------------------------------------------


def test_completing_is_preferred_while_it_costs_little() -> None:
    planned = repair(filled(call=10, put=4))
    assert ordered(planned) == {12: 6}
    assert limits(planned) == {12: "8.20"}
    (proposal,) = planned.plan.proposals
    assert proposal.purpose is Purpose.REPAIR
    assert "completing costs 60.00 more than decided" in proposal.reason
    assert proposal.snapshot_ids == (112,)


@pytest.mark.parametrize(("ask", "completes"), [(8.6, True), (8.7, False)])
def test_completing_is_given_up_when_it_costs_more_than_allowed(ask: float, completes: bool) -> None:
    looked = quotes(
        put=quote(12, 8.0, ask)
    )  # 6 of 100 shares at 0.50 above the decided price are 300, at 0.60 they are 360
    assert ordered(repair(filled(call=10, put=4), looked)) == ({12: 6} if completes else {11: -6})


def test_what_is_cheaper_than_decided_is_completed_with_no_money_allowed() -> None:
    nothing = RepairParameters(max_cost_to_complete_pct=0)
    assert ordered(repair(filled(call=10, put=4), quotes(put=quote(12, 7.9, 8.0)), parameters=nothing)) == {12: 6}
    assert ordered(repair(filled(call=10, put=4), parameters=nothing)) == {11: -6}


@pytest.mark.parametrize("missing", [None, quote(12, 8.0, None), quote(12, 8.0, 8.2, received_at=NOON - timedelta(9))])
def test_a_leg_without_an_offer_is_not_completed(missing: Any) -> None:
    planned = repair(filled(call=10, put=4), quotes(put=missing))
    assert ordered(planned) == {11: -6}
    assert "completing is not possible now" in planned.plan.proposals[0].reason


def test_a_leg_whose_decided_price_nobody_knows_is_not_completed() -> None:
    assert ordered(repair(filled(call=10, put=4), decided={11: Decimal("9.10")})) == {11: -6}


def test_a_closed_leg_is_not_completed() -> None:
    assert ordered(repair(filled(call=10, put=4), open_now={12: False})) == {11: -6}


def test_without_quotes_it_waits() -> None:
    planned = repair(filled(call=10, put=4), {})
    assert isinstance(planned, Wait)
    assert planned.until == NOON + timedelta(seconds=2)


def test_what_is_short_is_bought_back_before_its_cover_is_sold() -> None:
    condor = ((CALL, Decimal(-2)), (HIGH_CALL, Decimal(2)), (PUT, Decimal(-2)), (LOW_PUT, Decimal(2)))
    half = filled(call=-2, high_call=2)
    assert ordered(repair(half, wanted=condor, decided={})) == {11: 2}
    assert ordered(repair(filled(high_call=2), wanted=condor, decided={})) == {13: -2}


def test_cover_is_not_sold_while_the_short_can_not_be_bought_back() -> None:
    condor = ((CALL, Decimal(-2)), (HIGH_CALL, Decimal(2)), (PUT, Decimal(-2)), (LOW_PUT, Decimal(2)))
    assert isinstance(repair(filled(call=-2, high_call=2), quotes(call=None), wanted=condor, decided={}), Wait)


# -- attempts ----------------------------------------------------------------------------------------------------------


def test_each_attempt_pays_more_until_unwinding_is_cheaper() -> None:
    some = RepairParameters(attempts=5, collar=CollarParameters(through_pct=10.0, through_ticks=1))
    planned = [repair(filled(call=10, put=4), attempt=attempt, parameters=some) for attempt in range(1, 6)]
    # a quarter of 0.82 more each time: 8.20, 8.50 (240 above), 8.70 (360, too much); then the calls go ever cheaper
    assert [limits(each) for each in planned] == [{12: "8.20"}, {12: "8.50"}, {11: "8.50"}, {11: "8.30"}, {11: "8.10"}]


def test_attempts_are_bounded_and_then_a_person_is_asked() -> None:
    assert isinstance(repair(filled(call=10, put=4), attempt=6), Orders)
    planned = repair(filled(call=10, put=4), attempt=7)
    assert isinstance(planned, Stuck)
    assert planned.why == (
        "straddle is filled 10 of 10 SPY 2026-02-20 600 C, 4 of 10 SPY 2026-02-20 600 P, "
        "and 6 attempts didn't put it right"
    )


def test_a_single_attempt_is_priced_at_the_touch() -> None:
    assert limits(repair(filled(call=10, put=4), parameters=RepairParameters(attempts=1))) == {12: "8.20"}


@given(st.integers(1, 12), st.data())
def test_any_fills_end_in_balance_with_never_more_than_wanted(size: int, data: st.DataObject) -> None:
    wanted = ((CALL, Decimal(size)), (PUT, Decimal(size)))
    done = {leg.con_id: Decimal(data.draw(st.integers(0, size))) for leg, _ in wanted}
    pct = data.draw(st.sampled_from([0, 1, 50]))
    for attempt in range(40):
        planned = repair(done, wanted=wanted, parameters=RepairParameters(max_cost_to_complete_pct=pct))
        if isinstance(planned, Done):
            assert done[11] == done[12]
            return
        highest = max(done.values())
        for con_id, change in ordered(planned).items():
            lucky = attempt >= 5  # some time or other, everything fills
            some = st.integers(min(0, int(change)), max(0, int(change)))
            done[con_id] += int(change) if lucky else data.draw(some)
        assert 0 <= min(done.values()) <= max(done.values()) <= highest
    raise AssertionError(f"not in balance: {done}")
