"""A share held into its ex-date is owed the dividend, one sold short owes it; and nothing pays twice."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from bookkeeping import CALL, NOON, SPY, fill
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.entries import Delivered
from gamma_scalper.domain.money import Money
from gamma_scalper.portfolio.ex_dates import dividends_due
from gamma_scalper.portfolio.ledger import Ledger, booked, cash

EX = date(2026, 1, 6)  # the day after NOON's
DIVIDENDS = {EX: 1.95}
MORNING = datetime(2026, 1, 6, 11, 0, tzinfo=UTC)  # six o'clock in New York
DAY_S = 86_400


def ledger(*fills):
    book = Ledger("spy")
    for each in fills:
        book = booked(book, each, each.at)
    return book


def due(book, now=MORNING, dividends=DIVIDENDS):
    return [each.amount for each in dividends_due(book, SPY, dividends, now)]


@pytest.mark.parametrize("held", [100, -126])
def test_holders_are_paid_and_short_sellers_pay(held):
    assert due(ledger(fill(held, "600"))) == [Money(held * Decimal("1.95"))]


def test_nothing_is_due_on_nothing_nor_before_the_night_is_over_nor_long_after():
    held = ledger(fill(100, "600"))
    assert due(ledger()) == due(ledger(fill(100, "600"), fill(-100, "601", name="a2", at=60))) == []
    assert due(held, MORNING - timedelta(minutes=1)) == due(held, MORNING + timedelta(days=6)) == []
    assert due(held, MORNING + timedelta(days=5)) != []


def test_a_dividend_is_paid_once():
    held = ledger(fill(100, "600"))
    (paid,) = dividends_due(held, SPY, DIVIDENDS, MORNING)
    after = booked(held, paid, MORNING)
    assert cash(after) == (Money(Decimal("-60000") + 195),)
    assert due(after) == due(after, MORNING + timedelta(days=1)) == []


def test_shares_that_came_out_of_options_in_the_night_carry_it_and_are_known_in_the_morning():
    exercised = Delivered(
        id="x", how="exercise", option=CALL, contracts=1, was_long=True, underlying=SPY, evidence="e", accepted_by="b"
    )
    held = ledger(fill(1, "5", name="c", instrument=CALL), fill(-90, "600"))
    assert due(booked(held, exercised, MORNING - timedelta(hours=3))) == [Money(Decimal("19.50"))]


@given(st.integers(-200, 200), st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 4)), max_size=6))
def test_what_is_traded_from_the_ex_date_on_neither_gains_nor_loses_it(held, trades):
    """However late it is looked at."""
    before = [fill(held, "600")] if held else []
    later = [
        fill(quantity, "600", name=f"b{i}", at=DAY_S * (0.8 + days))
        for i, (quantity, days) in enumerate(trades) if quantity
    ]  # fmt: skip
    expected = [Money(held * Decimal("1.95"))] if held else []
    assert due(ledger(*before, *later), NOON + timedelta(days=5)) == expected
