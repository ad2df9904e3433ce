"""Closing the books keeps the outcome to the cent, forgets how it came about, and books nothing of it twice."""

import pickle
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import evolve
from bookkeeping import (
    CALL,
    NOON,
    PUT,
    SAP,
    SPLIT_CALL,
    SPY,
    Told,
    bill,
    delivered,
    fill,
    inferred,
    lapsed,
    ledger_of,
    paid,
    replaced,
    taken_over,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gamma_scalper.domain.fills import Fill, InferredFill
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.portfolio import ledger as of
from gamma_scalper.portfolio.inference import known_to
from gamma_scalper.portfolio.ledger import Ledger, booked, close

HELD = (SPY, SAP, CALL, PUT, SPLIT_CALL)
MARKS = {
    held.con_id: Decimal(price) for held, price in zip(HELD, ("602.37", "231.5", "7.15", "3.05", "4"), strict=True)
}
ORDERS = 4
SOME = settings(max_examples=settings().max_examples // 2)

prices = st.integers(0, 70_000).map(lambda cents: str(Decimal(cents) / 100))


def began(number: int) -> datetime:
    """From when on the executions of this order happen, until the next one's begin."""
    return NOON + timedelta(seconds=10 * number)


@st.composite
def filled(draw: st.DrawFn, number: int) -> list[Told]:
    """An order's executions with their corrections and bills, and perhaps one that was inferred."""
    told, contract = [], draw(st.sampled_from((SPY, SPY, CALL, PUT, SAP)))
    for name in range(draw(st.integers(0, 2))):
        for revision in range(1, 2 + draw(st.integers(0, 1))):
            made = fill(
                draw(st.integers(-6, 6).filter(bool)),
                draw(prices),
                name=f"{number:02}{name}",
                revision=revision,
                at=10 * number + draw(st.integers(0, 8)),
                instrument=contract,
                intent=IntentId("spy", number),
            )
            told.append(Told(made, made.at))
        if draw(st.booleans()):
            charged = bill(draw(prices), name=f"{number:02}{name}", currency=contract.currency)
            told.append(Told(charged, began(number)))
    if draw(st.integers(0, 3)) == 0:
        at, signed = 10 * number + 9, draw(st.sampled_from((-3, 3)))
        concluded = inferred(signed, "600", id=f"i{number}", at=at, intent=IntentId("spy", number), instrument=contract)
        told.append(Told(concluded, concluded.concluded_at))
    return told


events = st.one_of(
    st.sampled_from((replaced(SPY, SPY, "2", id="r1"), replaced(CALL, SPLIT_CALL, "2", id="r2"))),
    st.just(replaced(PUT, PUT, "3", id="r3")),
    st.builds(paid, st.sampled_from(("12.5", "-3.01"))),
    st.builds(lapsed, st.sampled_from((CALL, PUT)), st.sampled_from((-2, 3))),
    st.builds(delivered, st.sampled_from((CALL, PUT)), st.integers(1, 2), was_long=st.booleans()),
    st.builds(taken_over, st.integers(-9, 9), prices, instrument=st.sampled_from((SPY, PUT))),
)


@st.composite
def stories(draw: st.DrawFn) -> list[Told]:
    """Orders one after the other, and what happened between them, by the time it happened."""
    told = [each for number in range(1, ORDERS + 1) for each in draw(filled(number))]
    once = {event.id: event for event in draw(st.lists(events, max_size=4))}
    for event in once.values():
        told.append(Told(event, began(1) + timedelta(seconds=draw(st.integers(0, 10 * ORDERS - 1)))))
    return sorted(told, key=lambda each: each.now)


def fold(told: list[Told], ledger: Ledger | None = None) -> Ledger:
    ledger = ledger or Ledger("spy")
    for each in told:
        ledger = booked(ledger, each.entry, each.now)
    return ledger


def closed(ledger: Ledger, through: int) -> Ledger:
    return close(ledger, began(through + 1), through)


def seen(ledger: Ledger, through: int) -> list[object]:
    """All that can be asked of it, of orders only the later ones."""
    return [
        of.holdings(ledger),
        [(of.open_lots(ledger, held.con_id), of.average_price(ledger, held.con_id)) for held in HELD],
        of.cash(ledger),
        of.realised(ledger),
        of.commissions(ledger),
        of.taken_over(ledger),
        of.unrealised(ledger, MARKS),
        of.profit(ledger, MARKS),
        [dict(of.filled_of(ledger, IntentId("spy", number))) for number in range(through + 1, ORDERS + 1)],
        known_to(ledger),
    ]


@SOME
@given(stories(), st.integers(0, ORDERS))
def test_nothing_that_can_be_asked_of_the_ledger_changes(told: list[Told], through: int) -> None:
    ledger = fold(told)
    assert seen(closed(ledger, through), through) == seen(ledger, through)


@SOME
@given(stories(), st.integers(0, ORDERS), st.data())
def test_what_is_told_afterwards_makes_the_same_ledger_as_if_it_had_been_told_before(
    told: list[Told], through: int, data: st.DataObject
) -> None:
    """In whatever order and how often, but for what is concluded: that depends on what was known."""
    concluded = [each for each in told if isinstance(each.entry, InferredFill)]
    old = [each for each in told if each not in concluded and each.now < began(through + 1)]
    young = [each for each in told if each not in concluded and each not in old]
    some = data.draw(st.lists(st.sampled_from(young), max_size=5)) if young else []
    rest = data.draw(st.permutations(young))
    ended = [each for each in concluded if each.now < began(through + 1)]
    in_between = closed(fold(data.draw(st.permutations(old)) + ended + some), through)
    after_all = closed(fold(data.draw(st.permutations(old + young)) + concluded), through)
    assert fold(rest + concluded, in_between) == after_all


@SOME
@given(stories(), st.integers(0, ORDERS), st.integers(0, ORDERS))
def test_closing_in_steps_is_closing_once_and_nothing_opens_again(told: list[Told], first: int, second: int) -> None:
    ledger = fold(told)
    at_once = closed(ledger, max(first, second))
    assert closed(closed(ledger, first), second) == at_once
    assert closed(at_once, first) is at_once


@SOME
@given(stories(), st.integers(1, ORDERS))
def test_an_execution_of_before_is_not_booked_again_nor_is_a_correction_of_it(told: list[Told], through: int) -> None:
    ledger = closed(fold(told), through)
    for each in told:
        if isinstance(each.entry, Fill) and each.now < began(through + 1):
            correction = evolve(each.entry, exec_id=each.entry.exec_id[:-2] + "09", price=Decimal("1"))
            later = evolve(correction, at=began(ORDERS + 1))
            for again in (each.entry, correction, later):
                assert booked(ledger, again, began(ORDERS + 2)) is ledger


def test_an_execution_of_before_that_was_never_told_is_not_booked_any_more() -> None:
    ledger = closed(ledger_of(fill(10, "600", at=11)), 1)
    assert booked(ledger, fill(5, "601", name="b1", at=12), NOON) is ledger
    assert of.quantity(ledger, SPY.con_id) == 10


def test_what_is_held_is_known_by_name_though_all_its_lines_are_gone() -> None:
    ledger = closed(ledger_of(fill(10, "600", at=11), fill(-4, "603", name="a2", at=12)), 1)
    assert not ledger.fills
    assert [(held.instrument, held.quantity) for held in of.holdings(ledger)] == [(SPY, 6)]
    assert of.average_price(ledger, SPY.con_id) == 600


def test_lots_from_before_are_sold_first_and_at_what_they_had_cost() -> None:
    ledger = closed(ledger_of(fill(10, "600", at=11), fill(10, "610", name="a2", at=12)), 1)
    sold = booked(ledger, fill(-15, "620", name="a3", at=30, intent=IntentId("spy", 2)), NOON)
    assert of.realised(sold)[0].amount == 10 * 20 + 5 * 10
    assert [lot.each for lot in of.open_lots(sold, SPY.con_id)] == [610]


def test_a_correction_after_the_closing_is_written_into_the_books_from_the_opening_balance_on() -> None:
    two, three = (
        fill(-4, "605", name=name, at=at, intent=IntentId("spy", number))
        for name, at, number in (("a2", 21, 2), ("a3", 31, 3))
    )
    ledger = closed(ledger_of(fill(10, "600", at=11), two, three), 1)
    corrected = evolve(two, exec_id=two.exec_id[:-2] + "02", quantity=Decimal(6))
    assert booked(ledger, corrected, NOON) == closed(ledger_of(fill(10, "600", at=11), corrected, three), 1)


def test_a_contract_of_which_nothing_is_held_leaves_no_trace_but_what_it_earned() -> None:
    bought, sold = fill(10, "600", at=11), fill(-10, "603", name="a2", at=12)
    ledger = closed(ledger_of(bought, sold), 1)
    assert not ledger.accounts.pages
    assert of.realised(ledger)[0].amount == 30
    again = fill(5, "610", name="b1", at=25, intent=IntentId("spy", 2))
    in_steps = closed(booked(ledger, again, NOON), 2)
    assert in_steps == closed(ledger_of(bought, sold, again), 2)


def test_an_event_of_the_very_moment_is_not_closed() -> None:
    ledger = closed(booked(Ledger("spy"), paid("12.50"), began(2)), 1)
    assert booked(ledger, paid("12.50"), began(3)) is ledger


def test_a_conclusion_that_was_drawn_once_is_not_taken_for_the_one_of_before() -> None:
    """Names of conclusions are made of how much is known, so that must never become less."""
    ledger = ledger_of(fill(10, "600", at=11), fill(-10, "601", name="a2", at=12))
    assert known_to(closed(ledger, 1)) == known_to(ledger) == 2


def test_what_is_kept_does_not_grow_with_the_days() -> None:
    sizes, ledger = [], Ledger("spy")
    for day in range(20):
        for number in range(1 + 20 * day, 21 + 20 * day):
            signed = 10 if number % 2 else -10
            entry = fill(
                signed, "600.01", name=f"{number:08x}", at=86_400 * day + number, intent=IntentId("spy", number)
            )
            ledger = booked(booked(ledger, entry, NOON), bill("1.0042", name=f"{number:08x}"), NOON)
        ledger = close(ledger, NOON + timedelta(days=day - 1), 20 * (day - 1))
        sizes.append(len(pickle.dumps(ledger)))
    assert len(ledger.fills) == 40
    assert max(sizes[5:]) <= min(sizes[5:]) * 1.02
