"""What a person's word books, and orders of which one side knows nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve
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
    ledger,
    option,
    order,
    own,
    report,
    theirs,
)

from gamma_scalper.domain.entries import Delivered, Lapsed, Replaced, TakenOver
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.fills import InferredFill
from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.orders import Cancelled, IntentId, Limit, PartlyFilled, Planned, Sent, Working
from gamma_scalper.domain.ports import Standing
from gamma_scalper.portfolio.ledger import booked, quantity
from gamma_scalper.portfolio.orphans import Orphan
from gamma_scalper.portfolio.reconcile import Reconciliation
from gamma_scalper.portfolio.records import Claim
from gamma_scalper.portfolio.settling import settle


def after(found: Reconciliation, how: str, difference: int = 0) -> Reconciliation:
    """Compared again, with one difference settled."""
    settlement = settle(found, found.unexplained[difference].id, how, "Ann")
    ledgers = {each.book: each.ledger for each in booked_by(found)}
    for book, entry in settlement.bookings:
        ledgers[book] = booked(ledgers[book], entry, NOW)
    declared = {book: each.holdings for book, each in settlement.baselines}
    claims = [
        Claim(ledger=ledgers[each.book], baseline=declared.get(each.book, each.baseline), orders=each.orders)
        for each in found.claims
    ]
    return compare(found.theirs, *claims)


# -- settling ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["manual", "book:spy", "baseline", "baseline:spy", "1"])
def test_a_manual_trade_may_be_the_books_or_the_users(how: str) -> None:
    found = compare(theirs({SPY: 70}, fill(20, "601", of=None)), claim(bought(1, 50)))
    assert after(found, how).settled


def test_a_manual_trade_is_taken_at_its_own_price_under_its_own_name() -> None:
    found = compare(theirs({SPY: 70}, fill(20, "601", of=None)), claim(bought(1, 50)))
    settlement = settle(found, found.unexplained[0].id, "manual", "Ann")
    ((book, entry),) = settlement.bookings
    assert isinstance(entry, TakenOver)
    assert (book, entry.quantity, entry.price, entry.accepted_by) == ("spy", Decimal(20), Decimal(601), "Ann")
    assert (settlement.accepted.by, settlement.accepted.how) == ("Ann", "manual")
    # a second trade later is known from the first
    more = theirs({SPY: 75}, fill(20, "601", of=None), fill(5, of=None))
    later = compare(more, claim(bought(1, 50), entry))
    assert [each.explanations for each in later.unexplained] == [("SPY traded without our order: +5 at 600",)]


@pytest.mark.parametrize(("held", "mine", "theirs_then"), [(2, 0, -1), (0, -1, 0)])
def test_a_trade_by_hand_in_what_a_book_does_not_hold_is_not_booked_to_it(
    held: int, mine: int, theirs_then: int
) -> None:
    """A sale beyond what it holds; the user's own short call, assigned."""
    fills = [bought(1, held, CALL)] if held else []
    found = compare(theirs({CALL: theirs_then}), claim(*fills, baseline=(own(mine, CALL),) if mine else ()))
    with pytest.raises(UserError, match="can't be a trade in its position; say book:spy"):
        settle(found, found.unexplained[0].id, "manual", "Ann")
    assert after(found, "baseline:spy").settled


def test_the_second_word_stands_on_the_first() -> None:
    """The user's own short call was assigned: two differences, and both are the user's."""
    found = compare(theirs({SPY: -100}), claim(baseline=(own(-1, CALL),)))
    shares, call = (each.id for each in found.unexplained)
    first = settle(found, shares, "baseline:spy", "Ann")
    left = first.leaves(found)
    ((_, declared),) = settle(left, call, "baseline:spy", "Ann").baselines
    assert declared.holdings == (own(-100),)
    with pytest.raises(UserError, match=f"there is no difference {shares}; open are: {call}"):
        settle(left, shares, "book:spy", "Ann")


def test_a_holding_nobody_explains_is_adopted_at_the_brokers_cost() -> None:
    found = compare(theirs({CALL: 2}, cost="9.1"), claim())
    ((_, entry),) = settle(found, found.unexplained[0].id, "book:spy", "Ann").bookings
    assert (entry.quantity, entry.price, entry.why) == (Decimal(2), Decimal("9.1"), "adopted")
    assert after(found, "book:spy").settled


def test_what_a_book_loses_without_a_trade_leaves_at_its_cost() -> None:
    found = compare(theirs({SPY: 20}, cost="300"), claim(bought(1, 50, price="580")))
    ((_, entry),) = settle(found, found.unexplained[0].id, "book:spy", "Ann").bookings
    assert (entry.quantity, entry.price) == (Decimal(-30), Decimal(580))


def test_a_person_may_choose_one_of_several_explanations() -> None:
    found = compare(theirs({SPY: 20}), claim(orders=[order(1, 20), order(2, 20)]))
    ((_, entry), *_) = settle(found, found.unexplained[0].id, "1", "Ann").bookings
    assert entry.accepted_by == "Ann"
    assert after(found, "1").settled


def test_an_ended_spread_is_settled_on_one_of_its_legs_for_both() -> None:
    found = compare(theirs({}, at=ENDED), claim(bought(1, 1, CALL, "5"), bought(2, -1, HIGH_CALL, "3")))
    lapsed, delivered = ("lapsed" in words for words in found.unexplained[0].explanations)
    assert lapsed is not delivered
    for way in ("1", "2"):
        assert after(found, way).settled


def test_a_split_is_booked_when_a_person_says_so() -> None:
    found = compare(theirs({SPY: 200}, cost="300"), claim(bought(1, 100)))
    ((_, entry),) = settle(found, found.unexplained[0].id, "1", "Ann").bookings
    assert isinstance(entry, Replaced)
    assert (entry.ratio, entry.cash, entry.accepted_by) == (Decimal(2), None, "Ann")
    assert after(found, "1").settled


def test_a_reverse_split_leaves_fractions_behind() -> None:
    found = compare(theirs({SPY: 10}, cost="6000"), claim(bought(1, 105)))
    assert settle(found, found.unexplained[0].id, "1", "Ann").bookings[0][1].cash is not None
    assert after(found, "1").settled


@pytest.mark.parametrize(("price", "kind"), [("12.50", Delivered), ("0", Lapsed)])
def test_an_option_that_settled_in_cash_is_booked_at_the_price_a_person_states(price: str, kind: type) -> None:
    cash = option(16, "C", settlement="cash_pm", exercise="european")
    found = compare(theirs({}, at=ENDED), claim(bought(1, 2, cash, "5")))
    ((_, entry),) = settle(found, found.unexplained[0].id, f"settled:{price}", "Ann").bookings
    assert type(entry) is kind
    assert abs(entry.contracts) == 2
    assert after(found, f"settled:{price}").settled


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("7", "has 1 explanations, not a number 7"),
        ("0", "has 1 explanations, not a number 0"),
        ("book:iwm", "there is no book 'iwm' here; allowed: spy"),
        ("book", "allowed: the number of an explanation"),
        ("book:", "allowed: the number of an explanation"),
        ("1:spy", "allowed: the number of an explanation"),
        ("manually", "allowed: the number of an explanation"),
        ("settled:much", "is no price per share"),
        ("settled:1", "is for options"),
        ("settled:NaN", "is for options"),
    ],
)
def test_words_that_can_not_be_meant_are_refused_with_what_is_allowed(how: str, words: str) -> None:
    found = compare(theirs({SPY: 70}, fill(20, of=None)), claim(bought(1, 50)))
    with pytest.raises(UserError, match=words):
        settle(found, found.unexplained[0].id, how, "Ann")


def test_a_difference_that_is_none_is_refused_with_those_that_are() -> None:
    found = compare(theirs({SPY: 70}), claim())
    with pytest.raises(UserError, match=f"no difference abc; open are: {found.unexplained[0].id}"):
        settle(found, "abc", "manual", "Ann")


def test_more_options_than_the_book_holds_can_not_have_settled() -> None:
    found = compare(theirs({CALL: 2}), claim(bought(1, 1, CALL)))
    with pytest.raises(UserError, match="can't have been settled"):
        settle(found, found.unexplained[0].id, "settled:1", "Ann")


def test_where_it_is_not_clear_whose_it_is_a_person_has_to_say() -> None:
    two = claim(bought(1, 50)), claim(bought(1, 50, book="qqq"), book="qqq")
    found = compare(theirs({SPY: 120}, fill(20, of=None)), *two)
    for how in ("manual", "baseline", "1"):
        with pytest.raises(UserError, match="say"):
            settle(found, found.unexplained[0].id, how, "Ann")
    assert after(found, "book:qqq").settled
    assert after(found, "baseline:spy").settled


def test_the_one_book_with_a_baseline_is_meant_by_baseline() -> None:
    two = claim(baseline=[own(100)]), claim(book="qqq")
    found = compare(theirs({SPY: 130}), *two)
    settlement = settle(found, found.unexplained[0].id, "baseline", "Ann")
    assert [(book, each.holdings) for book, each in settlement.baselines] == [("spy", (own(130),))]
    assert after(found, "baseline").settled


def test_the_same_difference_keeps_its_name_and_another_gets_another() -> None:
    one, same, other = (compare(theirs({SPY: n}), claim()).unexplained[0].id for n in (70, 70, 71))
    assert one == same != other


def test_the_outcome_is_an_entry_of_the_house() -> None:
    found = compare(theirs({SPY: 70}, fill(10)), claim(orders=[order(1, 10)]))
    assert found.entry.explained == found.explained
    assert found.entry.unexplained == found.unexplained


# -- combos and orders given up ----------------------------------------------------------------------------------------


def straddle(number: int, size: int) -> object:
    bag = Combo((Leg(CALL, 1), Leg(PUT, 1)))
    return order(number, size, instrument=bag, pricing=Limit(Decimal("17.20")))


def test_a_combo_that_filled_unseen_is_inferred_leg_by_leg() -> None:
    found = compare(theirs({CALL: 3, PUT: 3}, cost="8.6"), claim(orders=[straddle(1, 5)]))
    assert [(e.instrument, e.quantity, e.price) for _, e in found.bookings] == [
        (CALL, Decimal(3), Decimal("8.6")),
        (PUT, Decimal(3), Decimal("8.6")),
    ]
    assert found.settled


def test_a_combo_explains_no_uneven_legs() -> None:
    found = compare(theirs({CALL: 3, PUT: 2}), claim(orders=[straddle(1, 5)]))
    assert not found.bookings
    assert len(found.unexplained) == 2


def test_what_is_executed_of_an_order_is_not_inferred_again() -> None:
    known = claim(bought(1, 15), orders=[order(1, 20)])
    assert compare(theirs({SPY: 20}), known).bookings[0][1].quantity == 5
    assert not compare(theirs({SPY: 21}), known).bookings


def test_an_order_given_up_for_want_of_records_may_have_filled_before_midnight() -> None:
    gone = order(1, 20, state=Cancelled("in no record of the broker's"))
    assert compare(theirs({SPY: 20}), claim(given_up=[gone])).bookings
    today = claim(given_up=[gone], taken_down={1: MIDNIGHT + timedelta(minutes=1)})
    assert compare(theirs({SPY: 20}), today).unexplained


@pytest.mark.parametrize("state", [Planned(), Working()])
def test_an_order_never_sent_did_not_fill(state: object) -> None:
    found = compare(theirs({SPY: 20}, open_orders=[report("spy/1", 20)]), claim(orders=[order(1, 20, state=state)]))
    assert bool(found.bookings) is isinstance(state, Working)


def test_what_was_told_of_both_sides_at_once_is_explained_together() -> None:
    found = compare(theirs({SPY: -10}), claim(orders=[order(1, 20), order(2, -30)]))
    assert not found.bookings
    assert found.unexplained[0].explanations


# -- orphans -----------------------------------------------------------------------------------------------------------


def test_an_open_order_of_ours_that_no_book_knows_is_an_orphan() -> None:
    records = theirs({}, open_orders=[report("spy/101"), report("iwm/1"), report("by hand"), report("")])
    assert compare(records, claim()).orphans == (
        Orphan(IntentId("iwm", 1), True, "iwm/1 is open at the broker, and no book iwm is running"),
        Orphan(IntentId("spy", 101), True, "spy/101 is open at the broker, and the book never gave it"),
    )


def test_an_open_order_that_is_dead_in_its_book_is_an_orphan() -> None:
    found = compare(theirs({}, open_orders=[report("spy/7")]), claim())
    assert [(each.intent.number, each.alive_there) for each in found.orphans] == [(7, True)]
    assert not found.settled


@pytest.mark.parametrize("state", [Sent(YESTERDAY), Working()])
def test_an_order_the_broker_has_no_record_of_is_an_orphan(state: object) -> None:
    alive = claim(orders=[order(7, 10, state=state)], taken_down={7: NOW - timedelta(minutes=1)})
    (orphan,) = compare(theirs({}), alive).orphans
    assert (orphan.intent.number, orphan.alive_there) == (7, False)
    assert not compare(theirs({}, open_orders=[report("spy/7")]), alive).orphans
    assert not compare(theirs({}, completed=[report("spy/7", standing=Standing.CANCELLED)]), alive).orphans


def test_an_order_sent_since_asking_began_or_already_in_doubt_is_no_orphan() -> None:
    assert not compare(theirs({}), claim(orders=[order(7, 10, state=Working())], taken_down={7: NOW})).orphans
    assert not compare(theirs({}), claim(orders=[order(7, 10)], taken_down={7: YESTERDAY})).orphans


def test_a_partly_filled_order_is_looked_for_too() -> None:
    part = evolve(order(7, 10, state=Working()), state=PartlyFilled(), filled=Decimal(4))
    alive = claim(bought(7, 4, NVDA), orders=[part], taken_down={7: YESTERDAY})
    assert len(compare(theirs({NVDA: 4}), alive).orphans) == 1
    assert quantity(ledger(bought(7, 4, NVDA)), NVDA.con_id) == 4


# -- unseen fills of options that ended since --------------------------------------------------------------------------


def test_a_straddle_that_may_have_filled_and_lapsed_does_not_cloud_a_fill_of_shares() -> None:
    doubtful = claim(orders=[straddle(1, 2), order(2, -20)])
    found = compare(theirs({SPY: -20}, at=ENDED), doubtful)
    assert [(entry.intent.number, entry.quantity) for _, entry in found.bookings] == [(2, Decimal(20))]
    assert found.settled


def test_what_was_sold_unseen_may_have_been_assigned_since() -> None:
    seller = claim(book="qqq", orders=[order(1, -1, PUT, book="qqq")])
    found = compare(theirs({SPY: 100}), claim(), seller)
    assert [(book, type(entry)) for book, entry in found.bookings] == [("qqq", InferredFill), ("qqq", Delivered)]
    assert found.settled
    assert compare(found.theirs, *booked_by(found)).bookings == ()


def test_a_long_option_bought_unseen_is_not_taken_for_exercised_before_its_time() -> None:
    found = compare(theirs({SPY: 100}), claim(orders=[order(1, 1, CALL)]))
    assert not found.bookings
    assert found.unexplained


def test_too_many_orders_in_doubt_are_left_to_a_person() -> None:
    doubtful = claim(orders=[order(number, 200, CALL) for number in range(1, 4)])
    found = compare(theirs({CALL: 600}), doubtful)
    assert not found.bookings
    assert found.unexplained[0].explanations == ()


def test_a_day_of_trades_by_hand_is_one_explanation() -> None:
    trades = [fill(1, of=None, exec_id=f"m.m.{number}.01") for number in range(30)]
    (difference,) = compare(theirs({SPY: 30}, *trades), claim()).unexplained
    assert len(difference.explanations) == 1
