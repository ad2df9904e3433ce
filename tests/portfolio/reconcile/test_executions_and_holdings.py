"""What each kind of difference comes to, and what it must not be taken for."""

from datetime import timedelta
from decimal import Decimal

import pytest
from two_sides import (
    CALL,
    ENDED,
    HIGH_CALL,
    MIDNIGHT,
    NOW,
    NVDA,
    PUT,
    SPY,
    YESTERDAY,
    booked_by,
    bought,
    claim,
    compare,
    fill,
    option,
    order,
    own,
    report,
    theirs,
)

from gamma_scalper.domain.entries import Delivered, Lapsed, TakenOver
from gamma_scalper.domain.fills import InferredFill
from gamma_scalper.domain.orders import IntentId, Working
from gamma_scalper.domain.ports import Standing
from gamma_scalper.portfolio.ledger import quantity
from gamma_scalper.portfolio.outsiders import taken_over
from gamma_scalper.portfolio.reconcile import Reconciliation
from gamma_scalper.portfolio.records import Notice


def entries(found: Reconciliation) -> list[object]:
    return [entry for _, entry in found.bookings]


def again(found: Reconciliation) -> Reconciliation:
    return compare(found.theirs, *booked_by(found))


def differences(found: Reconciliation) -> dict[str, tuple[Decimal, Decimal]]:
    return {each.instrument.symbol: (each.ours, each.theirs) for each in found.unexplained}


# -- agreement ---------------------------------------------------------------------------------------------------------


def test_books_that_agree_with_the_account_need_nothing() -> None:
    found = compare(theirs({SPY: 100, CALL: 1}), claim(bought(1, 100), bought(2, 1, CALL)))
    assert found.settled
    assert (found.bookings, found.explained) == ((), ())


def test_the_users_own_shares_are_no_difference() -> None:
    assert compare(theirs({SPY: 150}), claim(bought(1, 50), baseline=[own(100)])).settled


def test_books_that_cancel_in_the_account_are_said_to() -> None:
    found = compare(theirs({}), claim(bought(1, 20)), claim(bought(1, -20, book="qqq"), book="qqq"))
    assert found.settled
    assert found.explained == ("SPY: the books' holdings cancel in the account: qqq -20, spy +20",)


def test_what_only_the_account_knows_is_a_difference() -> None:
    found = compare(theirs({NVDA: 10}), claim())
    assert not found.settled
    assert differences(found) == {"NVDA": (Decimal(0), Decimal(10))}


def test_what_only_a_book_knows_is_a_difference_though_the_broker_omits_it() -> None:
    found = compare(theirs({}), claim(bought(1, 10, NVDA)))
    assert differences(found) == {"NVDA": (Decimal(10), Decimal(0))}


# -- executions --------------------------------------------------------------------------------------------------------


def test_a_missed_fill_is_booked_once() -> None:
    missed = fill(10)
    found = compare(theirs({SPY: 10}, missed), claim(orders=[order(1, 10)]))
    assert found.bookings == (("spy", missed),)
    assert found.settled
    assert found.explained == ("missed fill: spy/1 +10 SPY at 600",)
    assert again(found).bookings == ()


def test_a_fill_of_another_account_is_nobodys_here() -> None:
    found = compare(theirs({}, fill(10, account="DU2")), claim(orders=[order(1, 10)]))
    assert found.settled
    assert not found.bookings


def test_a_correction_replaces_what_it_corrects() -> None:
    first = fill(10)
    corrected = fill(10, "601", exec_id=first.exec_id[:-2] + "02")
    found = compare(theirs({SPY: 10}, first, corrected), claim(first))
    assert found.bookings == (("spy", corrected),)
    assert found.explained == ("correction of a fill: spy/1 +10 SPY at 601",)
    assert found.settled
    assert not again(found).bookings


def test_a_correction_of_the_quantity_moves_the_holding_with_it() -> None:
    first = fill(10)
    found = compare(theirs({SPY: 8}, fill(8, exec_id=first.exec_id[:-2] + "02")), claim(first))
    assert found.settled
    assert quantity(booked_by(found)[0].ledger, SPY.con_id) == 8


def test_an_older_revision_told_late_changes_nothing() -> None:
    newer = fill(10, "601", exec_id="a.b.c.02")
    assert not compare(theirs({SPY: 10}, fill(10, exec_id="a.b.c.01")), claim(newer)).bookings


def test_a_fill_that_was_inferred_is_not_booked_twice_when_it_is_told() -> None:
    inferred = compare(theirs({SPY: 10}), claim(orders=[order(1, 10)]))
    told = compare(theirs({SPY: 10}, fill(10)), *booked_by(inferred))
    assert told.settled
    assert quantity(booked_by(told)[0].ledger, SPY.con_id) == 10


@pytest.mark.parametrize(("seconds", "moving"), [(1, True), (-3, True), (-60, False)])
def test_holdings_told_before_a_fill_and_executions_after_it_are_asked_for_again(seconds: int, moving: bool) -> None:
    newest = fill(10, at=NOW + timedelta(seconds=seconds))
    found = compare(theirs({SPY: 5}, newest), claim(bought(2, 5)))
    assert entries(found) == [newest]
    assert bool(found.moving) is moving is not bool(found.unexplained)
    assert not found.settled


def test_of_two_crossing_fills_the_holdings_may_show_the_first() -> None:
    both = [fill(10, at=NOW, exec_id="a.b.1.01"), fill(7, at=NOW + timedelta(seconds=1), exec_id="a.b.2.01")]
    assert compare(theirs({SPY: 10}, *both), claim()).moving
    assert compare(theirs({SPY: 7}, *both), claim()).unexplained
    assert compare(theirs({SPY: 17}, *both), claim()).settled


def test_a_fill_that_is_about_to_be_told_is_waited_for() -> None:
    working = order(1, 10, state=Working())
    today = claim(orders=[working], taken_down={1: NOW - timedelta(seconds=3)})
    found = compare(theirs({SPY: 10}, open_orders=[report("spy/1", 0, 10)]), today)
    assert not found.settled
    assert (found.bookings, found.unexplained) == ((), ())
    assert "order spy/1 (buy 10) filled 10 unseen" in found.moving[0]


# -- trades of others --------------------------------------------------------------------------------------------------


def test_a_manual_trade_is_never_booked_by_itself() -> None:
    found = compare(theirs({SPY: 70}, fill(20, of=None)), claim(bought(1, 50)))
    assert not found.bookings
    (difference,) = found.unexplained
    assert difference.explanations == ("SPY traded without our order: +20 at 600",)
    assert (difference.book, difference.ours, difference.theirs) == ("spy", Decimal(50), Decimal(70))


def test_a_manual_trade_and_an_order_in_doubt_are_two_explanations() -> None:
    found = compare(theirs({SPY: 70}, fill(20, of=None)), claim(bought(1, 50), orders=[order(2, 20)]))
    assert not found.bookings
    assert len(found.unexplained[0].explanations) == 2


def test_manual_trades_that_were_settled_before_are_not_counted_again() -> None:
    early, late = fill(20, of=None, at=NOW - timedelta(hours=3)), fill(5, of=None)
    found = compare(theirs({SPY: 75}, early, late), claim(bought(1, 50), baseline=[own(20)]))
    assert found.unexplained[0].explanations == ("SPY traded without our order: +5 at 600",)


def test_trades_by_hand_to_and_fro_are_one_explanation() -> None:
    trades = [fill(size, of=None, exec_id=f"m.m.{n}.01") for n, size in enumerate((10, -10, 10))]
    assert len(compare(theirs({SPY: 10}, *trades), claim()).unexplained[0].explanations) == 1


def test_a_trade_that_is_in_the_book_by_name_is_not_counted_again() -> None:
    early, late = fill(5, of=None, at=NOW - timedelta(hours=3)), fill(20, of=None)
    found = compare(theirs({SPY: 25}, early, late), claim(taken_over(late, "manual trade", "Ann")))
    assert found.unexplained[0].explanations == ("SPY traded without our order: +5 at 600",)


def test_a_manual_trade_beside_a_missed_fill_leaves_only_itself() -> None:
    found = compare(theirs({SPY: 30}, fill(20, of=None), fill(10)), claim(orders=[order(1, 10)]))
    assert entries(found) == [fill(10)]
    assert differences(found) == {"SPY": (Decimal(10), Decimal(30))}


def test_an_execution_of_a_book_that_does_not_run_is_not_booked_into_another() -> None:
    foreign = fill(20, intent=IntentId("qqq", 1))
    found = compare(theirs({SPY: 20}, foreign), claim())
    assert not found.bookings
    assert differences(found) == {"SPY": (Decimal(0), Decimal(20))}


# -- the user's own ----------------------------------------------------------------------------------------------------


def test_the_user_may_sell_what_is_the_users_own() -> None:
    found = compare(theirs({SPY: 70}, fill(-30, of=None)), claim(baseline=[own(100)]))
    assert found.settled
    assert not found.bookings
    assert found.baselines[0][1].holdings == (own(70),)
    assert "the user's own" in found.explained[0]
    assert again(found).baselines == ()


def test_the_users_own_are_not_shrunk_without_an_execution_that_says_so() -> None:
    found = compare(theirs({SPY: 70}), claim(baseline=[own(100)]))
    assert not found.baselines
    assert differences(found) == {"SPY": (Decimal(100), Decimal(70))}


@pytest.mark.parametrize("sold", [-130])
def test_more_than_the_user_owns_is_not_the_users_own(sold: int) -> None:
    found = compare(theirs({SPY: 100 + sold}, fill(sold, of=None)), claim(baseline=[own(100)]))
    assert not found.baselines
    assert found.unexplained


def test_shares_of_both_the_user_and_a_book_are_for_a_person_to_tell_apart() -> None:
    found = compare(theirs({SPY: 120}, fill(-30, of=None)), claim(bought(1, 50), baseline=[own(100)]))
    assert not found.baselines
    assert found.unexplained


# -- liquidation -------------------------------------------------------------------------------------------------------


def test_a_liquidation_is_booked_where_one_book_holds_it() -> None:
    forced = fill(-30, "590", of=None)
    notice = Notice(forced.at + timedelta(seconds=2), 2148, SPY.con_id)
    found = compare(theirs({SPY: 70}, forced, notices=[notice]), claim(bought(1, 100)))
    (entry,) = entries(found)
    assert isinstance(entry, TakenOver)
    assert (entry.quantity, entry.price, entry.why) == (Decimal(-30), Decimal(590), "liquidated by the broker")
    assert found.settled
    assert again(found).settled
    assert not again(found).bookings


@pytest.mark.parametrize(
    "notice",
    [
        Notice(NOW - timedelta(hours=1), 2148, NVDA.con_id),
        Notice(NOW - timedelta(hours=3), 2148, SPY.con_id),
        Notice(NOW - timedelta(hours=1), 2104, SPY.con_id),
    ],
)
def test_a_notice_of_something_else_makes_no_liquidation(notice: Notice) -> None:
    assert not compare(theirs({SPY: 70}, fill(-30, of=None), notices=[notice]), claim(bought(1, 100))).bookings


def test_a_liquidation_of_what_two_books_hold_is_for_a_person() -> None:
    notice = Notice(NOW - timedelta(hours=1), 2148, SPY.con_id)
    records = theirs({SPY: 170}, fill(-30, of=None), notices=[notice])
    found = compare(records, claim(bought(1, 100)), claim(bought(1, 100, book="qqq"), book="qqq"))
    assert not found.bookings
    assert "liquidated by the broker" in found.unexplained[0].explanations[0]


# -- fills the broker tells no more ------------------------------------------------------------------------------------


def test_a_fill_before_midnight_is_inferred_where_one_order_may_have_made_it() -> None:
    found = compare(theirs({SPY: 50}, cost="599.5"), claim(bought(1, 30), orders=[order(2, 20, limit="599")]))
    (entry,) = entries(found)
    assert isinstance(entry, InferredFill)
    assert (entry.intent, entry.quantity, entry.accepted_by) == (
        IntentId("spy", 2),
        Decimal(20),
        "only one explanation fits",
    )
    assert entry.price == Decimal("598.75")  # 50 at 599.5 less 30 at 600, over 20
    assert found.settled
    assert again(found).bookings == ()


def test_the_limit_is_the_price_where_cost_tells_nothing() -> None:
    closing = compare(theirs({SPY: 10}), claim(bought(1, 30), orders=[order(2, -20, limit="612")]))
    assert entries(closing)[0].price == Decimal(612)
    unbelievable = compare(theirs({SPY: 50}, cost="100"), claim(bought(1, 30), orders=[order(2, 20, limit="599")]))
    assert entries(unbelievable)[0].price == Decimal(599)
    beside = compare(
        theirs({SPY: 150}, cost="300"), claim(bought(1, 30), orders=[order(2, 20, limit="599")], baseline=[own(100)])
    )
    assert entries(beside)[0].price == Decimal(599)


def test_a_fill_that_opened_a_holding_cost_what_the_holding_costs() -> None:
    found = compare(theirs({CALL: 2}, cost="9.1"), claim(orders=[order(1, 2, CALL, limit="9.2")]))
    assert entries(found)[0].price == Decimal("9.1")


def test_a_fill_in_part_is_inferred_too() -> None:
    assert entries(compare(theirs({SPY: 7}), claim(orders=[order(1, 20)])))[0].quantity == Decimal(7)


@pytest.mark.parametrize("doubtful", [order(1, -20), order(1, 10), order(1, 20, NVDA)])
def test_an_order_of_another_side_size_or_contract_explains_nothing(doubtful: object) -> None:
    found = compare(theirs({SPY: 20}), claim(orders=[doubtful]))
    assert not found.bookings
    assert found.unexplained[0].explanations == ()


def test_two_orders_that_may_have_filled_are_a_choice_for_a_person() -> None:
    found = compare(theirs({SPY: 20}), claim(orders=[order(1, 20), order(2, 20)]))
    assert not found.bookings
    assert len(found.unexplained[0].explanations) > 1


def test_two_orders_that_must_both_have_filled_are_no_choice() -> None:
    found = compare(theirs({SPY: 40}), claim(orders=[order(1, 20), order(2, 20)]))
    assert [entry.quantity for entry in entries(found)] == [Decimal(20), Decimal(20)]
    sold = compare(theirs({SPY: -50}), claim(orders=[order(1, -20), order(2, -30)]))
    assert [entry.signed_quantity for entry in entries(sold)] == [Decimal(-20), Decimal(-30)]


def test_the_brokers_record_of_an_order_decides_between_two() -> None:
    records = theirs(
        {SPY: 20},
        completed=[report("spy/1", 20, 0, Standing.FILLED), report("spy/2", 0, 20, Standing.CANCELLED)],
    )
    found = compare(records, claim(orders=[order(1, 20), order(2, 20)]))
    assert [entry.intent.number for entry in entries(found)] == [1]


def test_an_order_of_today_would_have_been_told_and_is_not_inferred() -> None:
    today = {1: MIDNIGHT + timedelta(hours=1)}
    found = compare(theirs({SPY: 20}), claim(orders=[order(1, 20)], taken_down=today))
    assert not found.bookings
    yesterday = {1: YESTERDAY}
    assert compare(theirs({SPY: 20}), claim(orders=[order(1, 20)], taken_down=yesterday)).bookings


def test_the_same_is_inferred_under_the_same_name_and_the_next_time_under_another() -> None:
    before = claim(orders=[order(1, 20)])
    first, repeated = compare(theirs({SPY: 5}), before), compare(theirs({SPY: 5}), before)
    assert first.bookings == repeated.bookings
    (later,) = entries(compare(theirs({SPY: 10}), *booked_by(first)))
    assert later.quantity == 5
    assert later.id != entries(first)[0].id


# -- options that ended ------------------------------------------------------------------------------------------------


def test_a_short_call_that_became_sold_shares_was_assigned() -> None:
    found = compare(theirs({SPY: -100}), claim(bought(1, -1, CALL, "5")))
    (entry,) = entries(found)
    assert isinstance(entry, Delivered)
    assert (entry.how, entry.contracts, entry.was_long, entry.underlying) == ("assignment", Decimal(1), False, SPY)
    assert found.settled
    assert again(found).bookings == ()


def test_a_part_of_a_short_put_may_be_assigned() -> None:
    found = compare(theirs({PUT: -3, SPY: 200}), claim(bought(1, -5, PUT, "5")))
    assert entries(found)[0].contracts == Decimal(2)
    assert found.settled


def test_a_long_put_that_became_sold_shares_may_have_been_exercised_and_a_person_says_so() -> None:
    found = compare(theirs({SPY: -40}), claim(bought(1, 1, PUT, "5"), bought(2, 60)))
    assert not found.bookings
    assert {difference.instrument for difference in found.unexplained} == {SPY, PUT}
    assert all("exercise of 1" in difference.explanations[0] for difference in found.unexplained)


def test_a_long_call_its_book_told_the_broker_to_exercise_was_exercised() -> None:
    held = bought(1, 2, CALL, "5"), bought(2, -195)
    found = compare(theirs({SPY: 5}), claim(*held, instructed={CALL.con_id: Decimal(2)}))
    (entry,) = entries(found)
    assert isinstance(entry, Delivered)
    assert (entry.how, entry.contracts, entry.was_long) == ("exercise", Decimal(2), True)
    assert found.settled
    too_few = compare(theirs({SPY: 5}), claim(*held, instructed={CALL.con_id: Decimal(1)}))
    assert not too_few.bookings


def test_a_straddle_that_vanished_was_not_booked_as_exercised_since_its_sale_looks_the_same() -> None:
    found = compare(theirs({}), claim(bought(1, 2, CALL, "5"), bought(2, 2, PUT, "5")))
    assert not found.bookings
    assert found.unexplained


def test_a_straddle_that_our_own_exit_may_have_sold_unseen_was_sold() -> None:
    leaving = claim(bought(1, 2, CALL, "5"), bought(2, 2, PUT, "5"), orders=[order(3, -2, CALL), order(4, -2, PUT)])
    found = compare(theirs({}), leaving)
    assert [type(entry) for entry in entries(found)] == [InferredFill, InferredFill]
    assert found.settled


def test_a_vanished_option_without_its_shares_is_not_explained_before_it_ends() -> None:
    found = compare(theirs({}), claim(bought(1, -1, CALL, "5")))
    assert not found.bookings
    assert found.unexplained[0].explanations == ()


def test_a_european_option_is_not_exercised_early() -> None:
    european = option(15, "C", exercise="european")
    assert not compare(theirs({SPY: -100}), claim(bought(1, -1, european, "5"))).bookings
    assert compare(theirs({SPY: -100}, at=ENDED), claim(bought(1, -1, european, "5"))).bookings


def test_after_its_end_an_option_without_shares_lapsed() -> None:
    found = compare(theirs({}, at=ENDED), claim(bought(1, 2, CALL, "5")))
    assert entries(found) == [entries(found)[0]]
    assert isinstance(entries(found)[0], Lapsed)
    assert entries(found)[0].contracts == Decimal(2)
    assert again(found).settled


def test_of_an_ended_straddle_one_leg_was_exercised_and_the_other_lapsed() -> None:
    book = claim(bought(1, 2, CALL, "5"), bought(2, 2, PUT, "5"), bought(3, -150))
    found = compare(theirs({SPY: 50}, at=ENDED), book)
    kinds = {entry.option.right: type(entry) for entry in entries(found)}
    assert kinds == {"C": Delivered, "P": Lapsed}
    assert found.settled


def test_an_ended_spread_may_have_gone_both_ways_and_a_person_is_asked() -> None:
    spread = claim(bought(1, 1, CALL, "5"), bought(2, -1, HIGH_CALL, "3"))
    found = compare(theirs({}, at=ENDED), spread)
    assert not found.bookings
    assert {len(each.explanations) for each in found.unexplained} == {2}


def test_an_option_sold_yesterday_unseen_is_not_taken_for_one_that_lapsed() -> None:
    doubtful = claim(bought(1, 2, CALL, "5"), orders=[order(2, -2, CALL)])
    found = compare(theirs({}, at=ENDED), doubtful)
    assert not found.bookings
    assert len(found.unexplained[0].explanations) >= 2


def test_an_option_that_settles_in_cash_is_not_guessed_at() -> None:
    cash = option(16, "C", settlement="cash_pm", exercise="european")
    found = compare(theirs({}, at=ENDED), claim(bought(1, 1, cash, "5")))
    assert not found.bookings
    assert found.unexplained


def test_an_assignment_beside_a_manual_trade_is_booked_and_the_trade_is_asked_about() -> None:
    found = compare(theirs({SPY: -130}, fill(-30, of=None)), claim(bought(1, -1, CALL, "5")))
    assert [type(entry) for entry in entries(found)] == [Delivered]
    assert differences(found) == {"SPY": (Decimal(-100), Decimal(-130))}


def test_a_delivery_goes_to_the_book_that_held_the_option() -> None:
    holder, other = claim(bought(1, -1, CALL, "5")), claim(bought(1, 50, book="qqq"), book="qqq")
    found = compare(theirs({SPY: -50}), holder, other)
    assert [book for book, _ in found.bookings] == ["spy"]
    assert found.settled


def test_a_partial_assignment_of_what_two_books_hold_is_for_a_person() -> None:
    one, other = claim(bought(1, -1, CALL, "5")), claim(bought(1, -1, CALL, "5", book="qqq"), book="qqq")
    assert not compare(theirs({CALL: -1, SPY: -100}), one, other).bookings
    both = compare(theirs({SPY: -200}), one, other)
    assert [book for book, _ in both.bookings] == ["qqq", "spy"]
    assert both.settled


# -- splits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "cost", "words"),
    [(200, "300", "2 for 1"), (150, "400", "3 for 2"), (10, "6000", "1 for 10"), (300, "200", "3 for 1")],
)
def test_a_split_is_proposed_where_quantity_and_cost_fit(after: int, cost: str, words: str) -> None:
    found = compare(theirs({SPY: after}, cost=cost), claim(bought(1, 100)))
    assert not found.bookings
    assert f"SPY was split, {words}" in found.unexplained[0].explanations[0]


@pytest.mark.parametrize(("after", "cost"), [(200, "600"), (210, "300"), (-200, "300"), (101, "594")])
def test_no_split_is_proposed_where_one_of_them_does_not_fit(after: int, cost: str) -> None:
    found = compare(theirs({SPY: after}, cost=cost), claim(bought(1, 100)))
    assert found.unexplained[0].explanations == ()


def test_a_split_does_not_make_more_than_its_ratio() -> None:
    assert compare(theirs({SPY: 10}, cost="6000"), claim(bought(1, 105))).unexplained[0].explanations
    assert not compare(theirs({SPY: 11}, cost="6000"), claim(bought(1, 105))).unexplained[0].explanations
