"""Days on which something happens that no order asked for: each as a page to read, and the facts that must be on it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playing import sound
from staged import (
    DIVIDEND,
    EX,
    EXPIRY,
    FRIDAY,
    GOLDEN,
    SESSIONS,
    dividend_on_long_shares,
    dividend_on_short_shares,
)
from staged import (
    assignment as play_assignment,
)
from staged import (
    early_close as play_early_close,
)
from staged import (
    early_exercise as play_early_exercise,
)
from staged import (
    expiry_day as play_expiry_day,
)
from telling import NEW_YORK, told

from gamma_scalper.domain.entries import Delivered, Dispatched, Lapsed, Ordered, Paid, PermitChanged, Reconciled
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.strategy_entries import Attributed, Instructed

CLOSE = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_what_its_golden_says_and_its_books_are_sound(name):
    played = SESSIONS[name]()
    sound(played)
    assert told(played) == (GOLDEN / f"{name}.txt").read_text()


def of_day(played, kind, day):
    return [row.entry for row in played.rows(kind) if row.at.astimezone(NEW_YORK).date() == day]


def shares(fill):
    return isinstance(fill.instrument, Stock)


# -- an early close ----------------------------------------------------------------------------------------------------


def test_on_an_early_close_entries_end_a_quarter_of_an_hour_before_it_and_nothing_is_sent_after_it():
    played = play_early_close()
    fills = played.rows(Fill)
    assert {row.at.date() for row in fills} == {FRIDAY} and max(row.at for row in fills) < CLOSE
    assert max(row.at for row in played.rows(Dispatched)) < CLOSE
    allowed = [(row.at, "entry" in row.entry.purposes) for row in played.rows(PermitChanged)]
    late = [may for at, may in allowed if at > CLOSE - timedelta(seconds=900)]
    early = [may for at, may in allowed if at <= CLOSE - timedelta(seconds=960)]
    assert True in early and late and True not in late
    told_so = [each.why for row in played.rows(PermitChanged) for each in row.entry.refusals]
    assert "entries end 900 s before the close, which is at 18:00 UTC" in told_so


def test_on_an_early_close_the_book_is_flat_for_the_weekend_by_that_close():
    played = play_early_close()
    exits = [row for row in played.rows(Ordered) if row.entry.intents[0].purpose is Purpose.EXIT]
    assert timedelta(0) < CLOSE - exits[0].at <= timedelta(seconds=600)
    assert not played.ledger.holdings


# -- a dividend --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("play", "sign"), [(dividend_on_short_shares, -1), (dividend_on_long_shares, 1)])
def test_shares_held_into_the_ex_date_are_paid_for_and_those_sold_short_pay(play, sign):
    played = play()
    sound(played)
    held = sum(fill.signed_quantity for fill in of_day(played, Fill, EX - timedelta(days=1)) if shares(fill))
    (paid,) = played.entries(Paid)
    assert held * sign > 100 and paid.amount.amount == held * Decimal(f"{DIVIDEND}")


@pytest.mark.parametrize("play", [dividend_on_short_shares, dividend_on_long_shares])
def test_a_dividend_is_neither_earned_nor_lost_since_the_price_falls_by_it(play):
    """What is paid is told as carry, less what left the price; the night's delta is that of the rest of its move."""
    played = play()
    night = [each for each in played.entries(Attributed) if each.since.date() < EX == each.until.date()]
    (paid,) = played.entries(Paid)
    assert len(night) == 1 and abs(paid.amount.amount) > 200
    assert sum(each.carry for each in played.entries(Attributed)) == 0
    assert abs(night[0].unexplained) < abs(paid.amount.amount) / 20


# -- an early exercise -------------------------------------------------------------------------------------------------


def test_a_call_worth_less_than_its_dividend_is_exercised_the_evening_before_and_the_books_know_why():
    played = play_early_exercise()
    (asked,), (delivered,) = played.entries(Instructed), played.entries(Delivered)
    assert not asked.refused and of_day(played, Instructed, EX - timedelta(days=1))
    assert (delivered.how, delivered.was_long, delivered.contracts) == ("exercise", True, 2)
    assert delivered.option == asked.option
    assert not any(each.unexplained for each in played.entries(Reconciled)[1:])


def test_exercised_shares_take_the_place_of_those_sold_short_so_that_nearly_no_dividend_is_owed():
    played = play_early_exercise()
    short = sum(fill.signed_quantity for fill in of_day(played, Fill, EX - timedelta(days=1)) if shares(fill))
    (paid,) = played.entries(Paid)
    assert short == -195 and paid.amount.amount == (200 + short) * Decimal(f"{DIVIDEND}") > 0


# -- an assignment -----------------------------------------------------------------------------------------------------


def test_calls_owed_are_assigned_in_the_night_and_the_book_sees_it_before_the_market_opens():
    played = play_assignment()
    (row,) = played.rows(Delivered)
    assert row.at.astimezone(NEW_YORK).hour < 9 and row.at.date() == EX
    assert (row.entry.how, row.entry.was_long, row.entry.contracts) == ("assignment", False, 2)
    assert not any(each.unexplained for each in played.entries(Reconciled)[1:])


def test_after_an_assignment_what_is_left_is_only_reduced():
    played = play_assignment()
    bought = [(each.side.value, each.intent) for each in of_day(played, Fill, EX)]
    assert bought and {side for side, _ in bought} == {"buy"}, "short shares and short puts"
    assert not played.ledger.holdings


# -- an expiry ---------------------------------------------------------------------------------------------------------


def test_options_held_to_their_close_are_exercised_where_they_are_worth_it_and_lapse_where_not():
    played = play_expiry_day()
    (delivered,), (lapsed,) = played.entries(Delivered), played.entries(Lapsed)
    assert (delivered.option.right, delivered.option.expiry, delivered.how) == ("C", EXPIRY, "exercise")
    assert (lapsed.option.right, lapsed.contracts) == ("P", 2)
    assert not of_day(played, Fill, EXPIRY), "nobody quoted them"


def test_shares_that_came_out_of_an_expiry_are_sold_when_the_market_opens_again():
    played = play_expiry_day()
    before = sum(fill.signed_quantity for fill in of_day(played, Fill, EXPIRY - timedelta(days=1)))
    sold = of_day(played, Fill, EXPIRY + timedelta(days=3))
    assert sum(fill.signed_quantity for fill in sold) == -(200 + before) and not played.ledger.holdings
    assert {each.intents[0].purpose for each in played.entries(Ordered)[1:]} == {Purpose.EXIT}
