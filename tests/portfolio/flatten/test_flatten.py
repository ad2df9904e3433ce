"""What is sold, in which order, at which limits, and what is kept."""

from datetime import timedelta
from decimal import Decimal

import pytest
from selling import CALL, NOON, PUT, SHARES, held, limits, option, ordered, quote, quotes, step

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.collar import CollarParameters
from gamma_scalper.portfolio.flatten import FlattenParameters
from gamma_scalper.portfolio.steps import Done, Orders, Stuck, Wait

BOOK = held(shares=-500, call=10, put=10)


# -- the order of things -----------------------------------------------------------------------------------------------


def test_nothing_held_is_flat() -> None:
    assert step(()) == Done()


def test_options_go_first_and_no_more_calls_than_short_shares_allow() -> None:
    assert ordered(step(BOOK)) == {11: -5, 12: -10}


def test_shares_are_bought_back_in_proportion_to_the_calls_that_went() -> None:
    # 400 short shares are the hedge of 8; until those 100 are bought, 500 are short, and 3 calls are free to go
    assert ordered(step(held(shares=-500, call=8), began_with=BOOK)) == {1: 100, 11: -3}


def test_long_shares_are_sold_in_proportion_to_the_puts_that_went() -> None:
    began = held(shares=300, call=10, put=10)
    assert ordered(step(began)) == {11: -10, 12: -7}
    assert ordered(step(held(shares=300, put=6), began_with=began))[1] == -120


def test_calls_that_went_do_not_take_the_hedge_of_puts_with_them() -> None:
    assert 1 not in ordered(step(held(shares=300, put=10), began_with=held(shares=300, call=10, put=10)))


def test_the_last_call_goes_after_its_short_shares() -> None:
    first = step(held(shares=-50, call=1), began_with=BOOK)
    assert ordered(first) == {1: 50}
    assert ordered(step(held(call=1), began_with=BOOK)) == {11: -1}


def test_hedge_makes_room_for_a_part_of_the_options_and_no_more() -> None:
    deep = held(shares=-9_900, call=100)
    assert ordered(step(deep)) == {1: 2_400, 11: -1}
    assert ordered(step(held(shares=-7_500, call=100), began_with=deep)) == {11: -25}


def test_short_options_are_bought_back_before_the_long_ones_that_cover_them() -> None:
    condor = held(call=-1, high_call=1, put=-1, low_put=1)
    assert ordered(step(condor)) == {11: 1, 12: 1}
    assert ordered(step(held(high_call=1, low_put=1), began_with=condor)) == {13: -1, 14: -1}


def test_a_covered_call_is_bought_back_before_the_shares_go() -> None:
    covered = held(shares=100, call=-1)
    assert ordered(step(covered)) == {11: 1}
    assert ordered(step(held(shares=100), began_with=covered)) == {1: -100}


@pytest.mark.parametrize("shares", [-120, 120])
def test_shares_left_without_options_are_closed_at_once(shares: int) -> None:
    assert ordered(step(held(shares=shares), began_with=())) == {1: -shares}


def test_short_shares_beyond_the_calls_are_bought_back_though_the_calls_can_not_be_sold() -> None:
    assert ordered(step(held(shares=-150, call=1), quotes(call=None))) == {1: 50}


def test_an_order_in_doubt_is_reckoned_with_at_its_worst() -> None:
    unsure = (Holding(SHARES, Decimal(-300)),)
    planned = step(BOOK, in_doubt=unsure)
    assert ordered(planned) == {11: -2, 12: -10}  # 200 are left above the short shares, if the sale filled
    assert "SPY is kept: an order for it is in doubt" in planned.alarm
    assert ordered(step(BOOK, in_doubt=(Holding(PUT, Decimal(-10)),))) == {11: -5}


def test_underlyings_do_not_cover_each_other() -> None:
    elsewhere = Holding(option(21, "C", underlying_con_id=2, symbol="QQQ"), Decimal(1))
    looked = quotes() | {21: quote(21, 5.0, 5.1)}
    assert ordered(step((*held(shares=-100), elsewhere), looked)) == {1: 100, 21: -1}


# -- how the orders are made -------------------------------------------------------------------------------------------


def test_orders_name_their_purpose_their_quotes_and_the_position_they_were_decided_on() -> None:
    plan = step(BOOK).plan
    assert {proposal.purpose for proposal in plan.proposals} == {Purpose.FLATTEN}
    assert [proposal.snapshot_ids for proposal in plan.proposals] == [(111,), (112,)]
    assert [quote.con_id for quote in plan.quotes] == [11, 12]
    assert (plan.settled_through, plan.decided_at, plan.good_for_s) == (3, NOON, 2.0)
    assert {proposal.patience_s for proposal in plan.proposals} == {2.0}


def test_limits_begin_at_the_touch() -> None:
    assert limits(step(BOOK)) == {11: "9.00", 12: "8.00"}
    assert limits(step(held(shares=-100))) == {1: "600.01"}


def test_limits_come_to_the_collar_at_the_deadline_and_stay_there() -> None:
    wide = FlattenParameters(collar=CollarParameters(through_pct=10.0, through_ticks=1))
    found = [
        (limits(at)[11], limits(at)[12])
        for at in (step(held(call=1, put=1), after_s=s, parameters=wide) for s in (0, 30, 60, 600))
    ]
    # 10% of 9.00 and of 8.00, in dimes, rounded so that the collar is kept: never below 8.10 and 7.20
    assert found == [("9.00", "8.00"), ("8.50", "7.60"), ("8.10", "7.20"), ("8.10", "7.20")]


def test_a_limit_is_rounded_so_that_the_collar_holds() -> None:
    # 5% of 9.00 would be 8.55, and dimes are traded; 5% over 600.01 would be 630.0105
    one = FlattenParameters(collar=CollarParameters(through_pct=5.0, through_ticks=1))
    assert limits(step(held(call=1), after_s=60, parameters=one)) == {11: "8.60"}
    assert limits(step(held(shares=-1), after_s=60)) == {1: "630.01"}


def test_limits_never_become_gentler_as_time_passes() -> None:
    prices = [Decimal(limits(step(held(shares=-1), after_s=s))[1]) for s in range(0, 90, 5)]
    assert prices == sorted(prices)
    assert max(prices) <= Decimal("600.01") * Decimal("1.05")


def test_a_collar_is_some_ticks_wide_at_the_least() -> None:
    cheap = quotes(put=quote(12, 0.30, 0.35, received_at=NOON + timedelta(seconds=60)))
    parameters = FlattenParameters(collar=CollarParameters(through_pct=1.0, through_ticks=3))
    assert limits(step(held(put=1), cheap, after_s=60, parameters=parameters)) == {12: "0.15"}


def test_no_limit_is_less_than_one_tick() -> None:
    late = NOON + timedelta(seconds=60)
    assert limits(step(held(put=1), quotes(put=quote(12, 0.05, 0.1, received_at=late)), after_s=60)) == {12: "0.05"}


def test_past_the_deadline_it_goes_on_and_a_person_hears_of_it() -> None:
    assert step(BOOK, after_s=59).alarm == ""
    assert step(BOOK, after_s=60).alarm == "still not flat after 60 s"
    assert step(BOOK, after_s=3_600).alarm == step(BOOK, after_s=60).alarm  # the same words, so that it is told once


# -- what can't be sold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ({"call": quote(11, 0.0, 0.05)}, "nobody bids"),
        ({"call": quote(11, None, 9.2)}, "nobody bids"),
        ({"call": quote(11, 9.0, 9.2, data_type=DataType.FROZEN)}, "its quotes are frozen"),
    ],
)
def test_calls_that_can_not_be_sold_keep_their_hedge_and_alarm(spoilt: dict, why: str) -> None:
    planned = step(held(shares=-50, call=1), quotes(**spoilt))
    assert planned == Stuck(NOON + timedelta(seconds=5), f"SPY 2026-02-20 600 C is kept: {why}")


def test_a_closed_or_halted_market_keeps_the_hedge_though_it_is_quoted() -> None:
    assert "closed or halted" in step(held(shares=-50, call=1), open_now={11: False, 1: True}).why
    assert isinstance(step(held(shares=-50, call=1), open_now={11: True}), Orders)


def test_a_market_known_to_be_open_is_open_whatever_its_quotes_are_called() -> None:
    frozen = quotes(call=quote(11, 9.0, 9.2, data_type=DataType.FROZEN))
    assert ordered(step(held(call=1), frozen, open_now={11: True})) == {11: -1}


def test_options_past_their_end_are_not_ordered() -> None:
    ended = Holding(option(11, "C", expiry=NOON.date(), expires_at=NOON), Decimal(1))
    assert "its trading has ended" in step((ended,)).why


@pytest.mark.parametrize(
    "missing",
    [None, quote(11, 9.0, 9.2, received_at=NOON - timedelta(seconds=31)), quote(11, 9.2, 9.0)],
)
def test_without_a_good_quote_it_waits_quietly_until_the_deadline(missing: object) -> None:
    planned = step(held(shares=-50, call=1), quotes(call=missing))
    assert isinstance(planned, Wait)
    assert planned.until == NOON + timedelta(seconds=5)
    assert isinstance(step(held(shares=-50, call=1), {}, after_s=60), Stuck)


def test_worthless_options_are_kept_with_an_alarm_while_the_rest_is_sold() -> None:
    planned = step(held(call=2, put=3), quotes(put=quote(12, 0.0, 0.05)))
    assert ordered(planned) == {11: -2}
    assert planned.alarm == "SPY 2026-02-20 600 P is kept: nobody bids"


def test_shares_that_can_not_be_traded_hold_back_the_calls_that_cover_them() -> None:
    assert ordered(step(BOOK, quotes(shares=None))) == {11: -5, 12: -10}
    assert isinstance(step(held(shares=-500, call=5), quotes(shares=None)), Wait)


def test_a_fraction_of_a_share_is_told_and_not_ordered() -> None:
    assert step(held(shares="0.5")) == Stuck(NOON + timedelta(seconds=5), "what is left is no whole share")
    assert ordered(step(held(shares="10.5"))) == {1: -10}


def test_calls_with_their_own_multiplier_cover_by_it() -> None:
    mini = Holding(option(15, "C", multiplier=10), Decimal(10))
    looked = quotes() | {15: quote(15, 9.0, 9.2)}
    assert ordered(step((mini, *held(shares=-50)), looked)) == {15: -5}
    assert CALL.multiplier == 100
