"""Old orders leave the desk once nothing can need them any more; what is held and what lives stays as it was."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from trading_desk import CALL, PUT, TradingDesk, at_work, corrected, intent, ordered, replayed

from gamma_scalper.domain.entries import BooksClosed, Elapsed, FlattenAsked, FlattenStopped
from gamma_scalper.domain.fills import Commission, InferredFill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Side, Unknown
from gamma_scalper.domain.ports import Standing
from gamma_scalper.portfolio.desk import reservations, snapshot
from gamma_scalper.portfolio.effects import Alarm, Cancel, Halt, Tell
from gamma_scalper.portfolio.errands import DEADLINE
from gamma_scalper.portfolio.ledger import cash, commissions, filled_of, holdings, realised

A_WHILE_S = 600  # as good as a week to the desk, and sooner over
SOME = settings(max_examples=settings().max_examples // 2)


def filled(trading: TradingDesk, number: int, **changes: Any) -> None:
    """Ordered now, and filled at once."""
    trading.order(intent(number, trading.now, **changes))
    trading.fill(number, 10 if changes.get("side", Side.BUY) is Side.BUY else -10)


def close_books(trading: TradingDesk, before: datetime | None = None) -> None:
    trading.tell(BooksClosed(before or trading.now))


def later(trading: TradingDesk) -> None:
    trading.wait(A_WHILE_S)


def test_dead_orders_leave_with_their_executions_and_what_they_bought_stays() -> None:
    trading = at_work()
    filled(trading, 1)
    filled(trading, 2)
    later(trading)
    filled(trading, 3)
    before = trading.state
    close_books(trading, before=trading.now - timedelta(minutes=1))
    assert sorted(trading.state.orders) == [3]
    assert len(trading.state.ledger.fills) == 1
    assert snapshot(trading.state) == snapshot(before)
    assert trading.state.next_number == 4
    assert trading.effects[-1] == Tell("order"), "closing itself wants nothing done"


def test_nothing_is_closed_behind_an_order_that_lives() -> None:
    trading = at_work()
    filled(trading, 1)
    later(trading)
    trading.order(intent(2, trading.now, patience_s=10 * A_WHILE_S), patience_s=10 * A_WHILE_S)
    trading.report(2, Standing.WORKING)
    trading.fill(2, 3)
    later(trading)
    filled(trading, 3)
    later(trading)
    close_books(trading)
    assert sorted(trading.state.orders) == [2, 3]
    assert len(trading.state.ledger.fills) == 2
    assert dict(filled_of(trading.state.ledger, IntentId("spy", 2))) == {756733: 3}


def test_nothing_is_closed_behind_an_order_in_doubt() -> None:
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.FILLED, filled=10)
    later(trading)
    filled(trading, 2)
    later(trading)
    assert isinstance(trading.became(1), Unknown)
    before = trading.state
    close_books(trading)
    assert (trading.state.orders, trading.state.ledger.fills) == (before.orders, before.ledger.fills)


def test_a_fill_of_an_order_in_doubt_is_booked_though_the_books_were_closed_meanwhile() -> None:
    trading = at_work()
    filled(trading, 1)
    later(trading)
    trading.order(intent(2, trading.now))
    trading.report(2, Standing.UNKNOWN)
    late = trading.execution(2, 10)
    later(trading)
    assert isinstance(trading.became(2), Unknown)
    close_books(trading)
    assert sorted(trading.state.orders) == [2]
    trading.tell(late)
    assert [held.quantity for held in holdings(trading.state.ledger)] == [20]


def test_of_two_orders_at_work_together_the_earlier_execution_of_the_later_one_is_kept() -> None:
    """What is closed is a moment's doing: nothing before it is needed, nothing after it is gone."""
    trading = at_work()
    trading.order(intent(1))
    trading.order(intent(2))
    trading.fill(2, 4)
    trading.wait(10)
    trading.fill(1, 10)
    trading.wait(10)
    middle = trading.now
    trading.fill(2, 6)
    later(trading)
    close_books(trading, before=middle)
    assert len(trading.state.ledger.fills) == 3
    close_books(trading)
    assert not trading.state.orders
    assert not trading.state.ledger.fills


def test_a_structure_under_repair_stays_whole() -> None:
    trading = at_work()
    legs = [intent(1, instrument=CALL, quantity=4), intent(2, instrument=PUT, quantity=4)]
    trading.order(*legs, structure="straddle 600")
    trading.fill(1, 4, CALL)
    trading.report(2, Standing.CANCELLED)
    assert trading.state.repairing == (1,)
    later(trading)
    close_books(trading)
    assert sorted(trading.state.orders) == [1, 2]
    trading.tell(Elapsed())
    assert trading.state.repairing == (1,), "it is still looked after"


def test_a_structure_of_which_nobody_takes_care_any_more_leaves() -> None:
    trading = at_work()
    live_through(trading, "half a straddle", 1)
    trading.tell(FlattenAsked(why="panic file", by="Ann", within_s=60))
    trading.tell(FlattenStopped("a mistake", "Ann"))
    assert list(trading.state.repairs) == [1]
    later(trading)
    close_books(trading)
    assert not trading.state.orders
    assert not trading.state.repairs


def test_an_order_is_as_old_as_its_last_end_and_not_as_the_last_word_about_it() -> None:
    trading = at_work()
    for number in (1, 2):
        trading.order(intent(number))
        trading.report(number, Standing.CANCELLED)
    middle = trading.now + timedelta(seconds=1)
    later(trading)
    trading.report(1, Standing.CANCELLED)
    trading.report(2, Standing.WORKING)
    trading.report(2, Standing.CANCELLED)
    close_books(trading, before=middle)
    assert sorted(trading.state.orders) == [2]


def test_an_order_is_as_young_as_the_correction_of_its_execution() -> None:
    trading = at_work()
    trading.order(intent(1))
    made = trading.execution(1, 10)
    trading.tell(made)
    middle = trading.now + timedelta(seconds=1)
    later(trading)
    trading.tell(evolve(corrected(made, 9), at=trading.now))
    close_books(trading, before=middle)
    assert sorted(trading.state.orders) == [1]
    assert len(trading.state.ledger.fills) == 1


def test_parts_of_one_order_leave_together() -> None:
    trading = at_work()
    trading.order(intent(1), intent(2), together=False, spacing_s=60)
    trading.fill(1, 10)
    middle = trading.now + timedelta(seconds=30)
    trading.wait(60)
    trading.report(2, Standing.CANCELLED)
    close_books(trading, before=middle)
    assert sorted(trading.state.orders) == [1, 2]


def test_an_execution_told_too_late_is_not_booked_and_a_person_hears_of_it_once() -> None:
    trading = at_work()
    lost = trading.execution(1, 5)
    filled(trading, 1)
    later(trading)
    close_books(trading)
    before = trading.state.ledger
    assert [type(effect) for effect in trading.tell(lost)] == [Alarm]
    assert trading.tell(lost) == ()
    assert trading.state.ledger is before
    foreign = evolve(lost, intent=None)
    assert trading.tell(foreign) == ()


def test_an_old_order_that_is_alive_after_all_is_cancelled_and_halts_the_book() -> None:
    trading = at_work()
    filled(trading, 1)
    later(trading)
    close_books(trading)
    assert trading.report(1, Standing.CANCELLED) == ()
    effects = trading.report(1, Standing.WORKING)
    assert Cancel(IntentId("spy", 1)) in effects
    assert [effect.why for effect in effects if isinstance(effect, Halt)] == [
        "the broker has an order spy/1, which had ended before the books were closed"
    ]
    later(trading)
    close_books(trading)
    assert trading.state.ledger.closed.through == 1, "what is closed stays closed"


def test_an_old_order_that_fills_today_is_booked_and_halts_the_book() -> None:
    trading = at_work()
    filled(trading, 1)
    later(trading)
    close_books(trading)
    effects = trading.fill(1, 3)
    assert [holding.quantity for holding in holdings(trading.state.ledger)] == [13]
    assert [effect.breaker for effect in effects if isinstance(effect, Halt)] == ["unknown order"]


def test_what_was_alarmed_and_halted_about_old_orders_is_forgotten_with_them() -> None:
    trading = at_work()
    filled(trading, 1)
    trading.fill(1, 3)
    assert trading.state.halted
    later(trading)
    close_books(trading)
    assert not trading.state.halted


def test_what_was_alarmed_about_the_book_itself_is_not_told_again() -> None:
    trading = at_work()
    filled(trading, 1)
    trading.tell(FlattenAsked(why="panic file", by="Ann", within_s=60))
    later(trading)
    assert DEADLINE in trading.state.alarmed
    trading.effects.clear()
    close_books(trading)
    assert not trading.state.orders
    later(trading)
    assert not trading.of(Alarm)


# -- whenever it is closed ---------------------------------------------------------------------------------------------

ENDS = ("filled", "cancelled", "rejected", "silent", "part", "straddle", "half a straddle", "inferred", "not sent")
stories = st.lists(st.tuples(st.lists(st.sampled_from(ENDS), max_size=4), st.booleans()), min_size=1, max_size=5)


def live_through(trading: TradingDesk, end: str, number: int) -> None:
    """An order, or a straddle, and what becomes of it."""
    if "straddle" in end:
        sides = {"side": Side.BUY, "quantity": 4}
        legs = [intent(number + i, trading.now, instrument=what, **sides) for i, what in enumerate((CALL, PUT))]
        trading.order(*legs, structure=f"straddle {number}")
        trading.fill(number, 4, CALL)
        trading.fill(number + 1, 4 if end == "straddle" else 1, PUT)
        trading.report(number + 1, Standing.FILLED if end == "straddle" else Standing.CANCELLED)
        return
    side = Side.BUY if number % 2 else Side.SELL
    if end == "not sent":
        trading.tell(ordered(intent(number, trading.now, side=side)))
        return
    trading.order(intent(number, trading.now, side=side))
    if end in ("filled", "part"):
        made = trading.execution(number, side.sign * (10 if end == "filled" else 4))
        trading.tell(made)
        trading.tell(Commission(made.exec_id, Money("1.05")))
    if end == "inferred":
        concluded = {"id": f"i{number}", "concluded_at": trading.now, "evidence": "holdings", "accepted_by": "Ann"}
        like = trading.execution(number, side.sign * 10)
        names = ("intent", "account", "instrument", "side", "quantity", "price")
        trading.tell(InferredFill(**{name: getattr(like, name) for name in names}, **concluded))
    if end in ("cancelled", "part"):
        trading.report(number, Standing.CANCELLED)
    if end == "rejected":
        trading.report(number, Standing.REJECTED, code=201, why="no margin")


def lived(story: list[tuple[list[str], bool]], keep: int | None) -> list[object]:
    """All that was to be done, and what one sees at the end; the books are closed again and again, or never."""
    trading = at_work()
    for ends, reads in story:
        for end in ends:
            live_through(trading, end, trading.state.next_number)
            trading.wait(5)
        if reads:
            trading.wait(120)
            trading.records()
        later(trading)
        if keep is not None:
            close_books(trading, before=trading.now - keep * timedelta(seconds=A_WHILE_S))
    state, ledger = trading.state, trading.state.ledger
    assert replayed(trading.entries) == state
    young = [number for number in state.ledger.accounts.filled if number > ledger.closed.through]
    return [
        trading.effects,
        snapshot(state),
        reservations(state),
        [trading.ticket(number) for number in state.live],
        {number: dict(filled_of(ledger, IntentId("spy", number))) for number in young if number in state.live},
        (holdings(ledger), cash(ledger), realised(ledger), commissions(ledger)),
        (state.next_number, state.repairing, state.rejections, state.orphans),
    ]


@SOME
@given(stories, st.integers(0, 2))
def test_a_book_that_is_closed_again_and_again_does_what_it_would_have_done(
    story: list[tuple[list[str], bool]], keep: int
) -> None:
    assert lived(story, keep) == lived(story, None)


def test_closed_again_and_again_only_what_is_new_is_kept() -> None:
    trading = at_work()
    for day in range(6):
        filled(trading, 2 * day + 1)
        filled(trading, 2 * day + 2, side=Side.SELL)
        later(trading)
        close_books(trading, before=trading.now - timedelta(seconds=2 * A_WHILE_S))
    assert sorted(trading.state.orders) == [9, 10, 11, 12]


@pytest.mark.parametrize("earlier_s", [0, 5])
def test_closing_again_changes_nothing(earlier_s: int) -> None:
    trading = at_work()
    filled(trading, 1)
    later(trading)
    close_books(trading)
    before = trading.state
    close_books(trading, before=trading.now - timedelta(seconds=earlier_s))
    assert trading.state == before
