"""What can't be told of an order, how it is asked for, and what settles it. Nothing is sent again meanwhile."""

from datetime import timedelta
from decimal import Decimal

import pytest
from trading_desk import CALL, NOON, PUT, SPY, STRADDLE, TradingDesk, at_work, intent, ordered, replayed

from gamma_scalper.domain.entries import CancelAsked, CancelFailed, Dispatched, Restarted
from gamma_scalper.domain.fills import InferredFill
from gamma_scalper.domain.orders import (
    Cancelled,
    Expired,
    Filled,
    IntentId,
    PartlyFilled,
    Planned,
    Rejected,
    Side,
    Unknown,
    Working,
)
from gamma_scalper.domain.ports import Altered, Link, Standing
from gamma_scalper.domain.proposals import lifetime
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.desk import due, snapshot
from gamma_scalper.portfolio.effects import Alarm, Ask, Cancel, Halt, Send, Tell
from gamma_scalper.portfolio.order_table import IllegalTransition

ONE, TWO = IntentId("spy", 1), IntentId("spy", 2)
NEVER_ACKNOWLEDGED = "not acknowledged within 5 s"


def unanswered(**changes) -> TradingDesk:
    """An order that was sent and never acknowledged."""
    trading = at_work()
    trading.order(intent(1, **changes), patience_s=300)
    trading.wait(5)
    trading.effects.clear()
    return trading


# -- how it comes to it ------------------------------------------------------------------------------------------------


def test_an_order_that_nobody_acknowledges_is_in_doubt_and_asked_for_at_once_soon_and_then_now_and_then():
    trading = at_work()
    trading.order(intent(1), patience_s=3600)
    trading.effects.clear()
    assert trading.wait(4.9) == []
    assert trading.wait(0.1) == [Ask(f"spy/1: {NEVER_ACKNOWLEDGED}"), Tell("order")]
    assert trading.became(1) == Unknown(NEVER_ACKNOWLEDGED)
    moments = []
    while len(moments) < 3:
        trading.now = due(trading.state)
        trading.wait(0)
        moments.append((trading.now - NOON).total_seconds())
    assert moments == [7, 67, 120], "the last one is when it could no longer live"
    assert [type(effect) for effect in trading.effects] == [Ask, Tell, Ask, Ask, Ask]


@pytest.mark.parametrize("standing", [Standing.PENDING, Standing.WORKING, Standing.HELD])
def test_an_answer_that_comes_late_ends_the_doubt(standing):
    trading = unanswered()
    trading.report(1, standing)
    assert trading.became(1) == Working()
    assert trading.ticket(1).question is None


def test_a_report_that_can_not_be_believed_puts_it_in_doubt_with_the_brokers_words():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.WORKING)
    effects = trading.report(1, Standing.UNKNOWN, code=10147, why="not found")
    assert effects[0] == Ask("spy/1: the broker said unknown 10147 not found")


def test_a_cancel_that_fails_says_nothing_of_the_order():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.WORKING)
    trading.tell(CancelAsked(ONE, "no longer wanted"))
    assert trading.tell(CancelFailed(ONE, "10148"))[0] == Ask("spy/1: its cancel failed: 10148")
    trading.tell(CancelFailed(IntentId("spy", 99), "of an order nobody knows"))
    trading.fill(1, 10)
    trading.tell(CancelFailed(ONE, "it is filled"))
    assert trading.became(1) == Filled()


def test_a_cancel_without_effect_is_repeated_then_doubted_then_repeated_rarely():
    trading = at_work()
    trading.order(intent(1), patience_s=300)
    trading.report(1, Standing.WORKING)
    assert Cancel(ONE) in trading.tell(CancelAsked(ONE, "no longer wanted"))
    assert trading.wait(10) == [Cancel(ONE), Cancel(ONE)]
    alarm, cancel, *rest = trading.wait(5)
    assert alarm == Alarm("spy/1 is not known to be dead after 3 cancels: no longer wanted")
    assert (cancel, rest) == (Cancel(ONE), [Ask("spy/1: 3 cancels were of no effect"), Tell("order")])
    trading.records(trading.said(1, Standing.WORKING))
    assert trading.became(1) == Working()
    trading.effects.clear()
    trading.wait(60)
    assert len(trading.of(Cancel)) == 1
    assert not trading.of(Alarm), "that is known"
    trading.report(1, Standing.CANCELLED)
    assert trading.wait(600) == []


# -- what the records say ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("filled", [0, 4])
def test_in_the_open_orders_it_lives(filled):
    trading = unanswered()
    if filled:
        trading.fill(1, filled)
        assert isinstance(trading.became(1), Unknown), "that it filled does not say that it lives"
    trading.records(trading.said(1, Standing.WORKING, filled=filled))
    assert trading.became(1) == (PartlyFilled() if filled else Working())


def test_executions_that_make_it_up_are_its_end():
    trading = unanswered()
    trading.fill(1, 10)
    assert trading.became(1) == Filled()


@pytest.mark.parametrize(
    ("standing", "state"),
    [(Standing.CANCELLED, Cancelled("by TWS")), (Standing.REJECTED, Rejected(201, "by TWS"))],
)
def test_in_the_completed_orders_it_is_dead_with_the_fills_that_are_known(standing, state):
    trading = unanswered()
    trading.fill(1, 4)
    code = 201 if standing is Standing.REJECTED else None
    trading.records(completed=[trading.said(1, standing, filled=4, code=code, why="by TWS")])
    assert (trading.became(1), trading.ticket(1).order.filled) == (state, 4)


@pytest.mark.parametrize("standing", [Standing.FILLED, Standing.CANCELLED])
def test_completed_with_more_filled_than_executed_stays_in_doubt_until_the_fill_is_inferred(standing):
    trading = unanswered()
    trading.fill(1, 4)
    said = 10 if standing is Standing.FILLED else 7
    for _ in range(3):
        trading.records(completed=[trading.said(1, standing, filled=said)])
        trading.wait(600)
    assert isinstance(trading.became(1), Unknown)
    missing = f"spy/1: the broker says that {said - 4} more were filled than its executions make up"
    assert trading.of(Alarm).count(Alarm(missing)) == 1
    inferred = InferredFill(
        intent=ONE,
        account="DU1",
        instrument=SPY,
        side=Side.BUY,
        quantity=said - 4,
        price="600",
        id="i",
        concluded_at=trading.now,
        evidence="the account holds them",
        accepted_by="Ann",
    )
    trading.tell(inferred)
    assert not trading.ticket(1).alive
    assert trading.ticket(1).order.filled == said


def ask_after(trading: TradingDesk, moment_s: float) -> None:
    """Time passes until a question is put at or after this many seconds since noon."""
    while trading.state.asking_since is None or trading.state.asking_since < NOON + timedelta(seconds=moment_s):
        if trading.state.asking_since is not None:
            trading.records(complete=False)
        trading.now = due(trading.state)
        trading.wait(0)


def test_in_no_record_it_is_dead_only_once_it_could_no_longer_live():
    trading = unanswered()
    ask_after(trading, 60)
    assert trading.now < NOON + timedelta(seconds=120)
    trading.records()
    assert isinstance(trading.became(1), Unknown), "its own end and the margin have not passed"
    ask_after(trading, 120)
    trading.records()
    assert trading.became(1) == Cancelled("in no record of the broker's, and its time is over")


def test_an_immediate_order_is_dead_some_time_after_the_doubt_began():
    trading = unanswered(lifetime=lifetime(0, NOON))
    ask_after(trading, 6)
    trading.records()
    assert isinstance(trading.became(1), Unknown)
    ask_after(trading, 65)
    trading.records()
    assert trading.now == NOON + timedelta(seconds=65)
    assert isinstance(trading.became(1), Cancelled)


def test_records_that_were_asked_for_too_early_prove_nothing():
    trading = unanswered()
    trading.now = NOON + timedelta(seconds=119)
    trading.wait(0)
    trading.now = NOON + timedelta(seconds=300)
    trading.records()
    assert isinstance(trading.became(1), Unknown)


def test_records_nobody_asked_for_prove_nothing():
    trading = unanswered()
    trading.records()
    trading.now = NOON + timedelta(seconds=300)
    trading.records()
    assert isinstance(trading.became(1), Unknown)


def test_records_without_executions_or_without_the_line_prove_nothing():
    trading = unanswered()
    ask_after(trading, 120)
    trading.records(complete=False)
    assert isinstance(trading.became(1), Unknown)
    ask_after(trading, 120)
    trading.link(Link.DOWN)
    trading.records()
    trading.link()
    assert isinstance(trading.became(1), Unknown)


def test_that_completed_orders_are_not_told_holds_up_nothing():
    trading = unanswered()
    ask_after(trading, 120)
    trading.records(completed=None)
    assert isinstance(trading.became(1), Cancelled)


def test_a_working_order_that_the_records_do_not_have_is_in_doubt():
    trading = unanswered()
    trading.order(intent(2))
    trading.report(2, Standing.WORKING)
    trading.wait(2)
    trading.records(trading.said(2, Standing.WORKING))
    trading.order(intent(3))
    trading.report(3, Standing.WORKING)
    trading.wait(60)
    assert trading.state.asking_since is not None
    trading.order(intent(4), patience_s=300)
    trading.report(4, Standing.WORKING)
    trading.records()
    assert isinstance(trading.became(3), Unknown)
    assert trading.became(4) == Working(), "it was sent after they were asked for"


def test_nothing_of_an_order_in_doubt_is_ever_sent_again():
    trading = unanswered()
    trading.wait(3600)
    trading.records()
    trading.tell(Restarted())
    trading.link()
    trading.wait(3600)
    with pytest.raises(IllegalTransition):
        trading.tell(Dispatched(ONE))
    assert not trading.of(Send)


def test_an_answer_to_an_earlier_question_does_not_settle_a_later_doubt():
    trading = at_work()
    trading.order(intent(1), intent(2))
    trading.report(2, Standing.CANCELLED)
    trading.wait(5)
    assert trading.state.asking_since is not None
    trading.wait(1)
    trading.fill(2, 3)
    trading.records()
    assert isinstance(trading.became(2), Unknown)
    trading.wait(6)
    trading.records()
    assert isinstance(trading.became(2), Cancelled)


def test_what_the_process_died_upon_is_buried_like_any_other():
    trading = at_work()
    trading.tell(ordered(intent(1)))
    trading.tell(Restarted())
    trading.link()
    ask_after(trading, 120)
    trading.records()
    assert isinstance(trading.became(1), Cancelled)


# -- what is said is not what was executed -----------------------------------------------------------------------------


def test_that_it_is_filled_is_not_believed_before_its_executions_come():
    trading = at_work()
    trading.order(intent(1))
    trading.effects.clear()
    trading.report(1, Standing.FILLED, filled=10)
    assert trading.became(1) == Unknown("executions of 10 reported as filled are missing")
    assert snapshot(trading.state).holdings == ()
    assert not trading.of(Ask), "they have a moment to come"
    assert [type(effect) for effect in trading.wait(2)] == [Ask]
    trading.fill(1, 10)
    assert trading.became(1) == Filled()


def test_a_status_that_says_more_than_the_executions_is_asked_about_while_the_order_works_on():
    trading = at_work()
    trading.order(intent(1))
    trading.fill(1, 3)
    trading.report(1, Standing.WORKING, filled=5)
    assert (trading.became(1), trading.ticket(1).order.filled) == (PartlyFilled(), 3)
    assert snapshot(trading.state).holdings == (Holding(SPY, 3),)
    assert trading.wait(2) == [Ask("spy/1: executions of 2 reported as filled are missing")]
    trading.fill(1, 2)
    assert trading.ticket(1).question is None


def test_a_new_doubt_is_asked_about_at_once_whatever_was_asked_before():
    trading = at_work()
    trading.order(intent(1), patience_s=600)
    trading.report(1, Standing.WORKING, filled=5)
    trading.wait(10)
    trading.records(trading.said(1, Standing.WORKING, filled=5))
    assert isinstance(trading.report(1, Standing.UNKNOWN)[0], Ask)
    trading.report(1, Standing.WORKING, filled=5)
    assert len(trading.wait(2)) == 1, "its executions are still missing"


def test_what_is_dead_and_doubted_beyond_its_end_stays_dead():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.CANCELLED, why="gone")
    trading.now = NOON + timedelta(seconds=300)
    trading.report(1, Standing.UNKNOWN, code=10148)
    trading.records()
    assert trading.became(1) == Cancelled("gone")


def test_a_fill_for_the_dead_is_booked_and_asked_about():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.CANCELLED)
    assert [type(effect) for effect in trading.fill(1, 3)] == [Ask, Tell, Tell]
    assert trading.became(1) == Unknown("it was held dead, and was filled")
    assert trading.state.settled_through == 0
    trading.records(completed=None)
    assert isinstance(trading.became(1), Cancelled), "the open orders don't have it"
    assert trading.ticket(1).order.filled == 3
    trading.fill(1, 7)
    assert trading.became(1) == Filled()


def test_what_was_dead_and_is_said_to_live_is_asked_about():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.CANCELLED)
    assert trading.report(1, Standing.WORKING)[0] == Ask("spy/1: the broker said working")
    trading.records(completed=[trading.said(1, Standing.CANCELLED)])
    assert isinstance(trading.became(1), Cancelled)


def test_a_fill_does_not_prove_that_the_dead_live():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.CANCELLED)
    trading.report(1, Standing.WORKING)
    trading.fill(1, 3)
    assert isinstance(trading.became(1), Unknown)


def test_filled_means_all_of_it_where_no_number_is_said():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.FILLED)
    assert isinstance(trading.became(1), Unknown)


def test_late_words_about_a_filled_order_change_nothing():
    trading = at_work()
    trading.order(intent(1))
    trading.fill(1, 10)
    trading.effects.clear()
    for standing in Standing:
        trading.report(1, standing)
        trading.report(1, standing, filled=10)
    assert trading.became(1) == Filled()
    assert trading.effects == []


def test_a_cancelled_combo_waits_for_the_leg_that_was_not_told_yet():
    trading = at_work()
    trading.order(intent(1, instrument=STRADDLE, quantity=2))
    trading.fill(1, 1, CALL)
    trading.report(1, Standing.CANCELLED, filled=1)
    assert isinstance(trading.became(1), Unknown)
    trading.fill(1, 1, PUT)
    assert (type(trading.became(1)), trading.ticket(1).order.filled) == (Cancelled, 1)


# -- one intent, two lives ---------------------------------------------------------------------------------------------


def twice_alive() -> TradingDesk:
    trading = at_work()
    trading.order(intent(1))
    for perm_id in (7, 8):
        trading.report(1, Standing.WORKING, perm_id=perm_id)
    return trading


def test_an_order_that_lives_twice_is_cancelled_and_a_person_hears_of_it():
    trading = twice_alive()
    assert trading.ticket(1).order.perm_ids == (7, 8)
    assert trading.of(Alarm) == [Alarm("spy/1 is alive at the broker more than once: 7, 8; it is being cancelled")]
    assert trading.of(Cancel) == [Cancel(ONE)]


def test_it_is_dead_when_all_its_lives_are():
    trading = twice_alive()
    trading.report(1, Standing.CANCELLED, perm_id=7)
    assert trading.became(1) == Working()
    trading.report(1, Standing.CANCELLED, perm_id=8)
    assert isinstance(trading.became(1), Cancelled)


def test_all_of_it_filled_in_one_life_it_waits_for_the_end_of_the_other():
    trading = twice_alive()
    trading.fill(1, 10, perm_id=7)
    assert trading.became(1) == Unknown("all of it is filled, and a second order of it may be alive")
    trading.fill(1, 4, perm_id=8)
    trading.report(1, Standing.CANCELLED, perm_id=8, filled=4)
    assert (trading.became(1), trading.ticket(1).excess) == (Filled(), 4)
    assert [halt.breaker for halt in trading.of(Halt)] == ["overfilled"]
    assert snapshot(trading.state).holdings == (Holding(SPY, 14),)


def test_the_nameless_life_takes_the_first_name():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.PENDING, perm_id=0)
    trading.report(1, Standing.WORKING, perm_id=7)
    trading.report(1, Standing.WORKING, perm_id=0)
    assert [life.perm_id for life in trading.ticket(1).lives] == [7]
    assert trading.ticket(1).order.perm_ids == (7,)


# -- altered on its way ------------------------------------------------------------------------------------------------


def test_an_altered_order_halts_the_book_and_its_death_is_waited_for():
    trading = at_work()
    trading.order(intent(1), patience_s=300)
    trading.report(1, Standing.WORKING)
    trading.effects.clear()
    echo = Altered(at=NOON, order_ref="spy/1", perm_id=101, differences=["tif: sent IOC, echoed DAY"])
    trading.tell(echo)
    assert trading.effects == [
        Halt("altered order", "spy/1 was altered on its way: tif: sent IOC, echoed DAY"),
        Tell("order"),
    ]
    trading.tell(echo)
    assert len(trading.of(Halt)) == 1
    assert not trading.of(Cancel), "the adapter asked for it already"
    assert Cancel(ONE) in trading.wait(5)


def test_an_altered_order_of_another_book_is_none_of_its_business():
    trading = at_work()
    assert trading.tell(Altered(at=NOON, order_ref="qqq/1", perm_id=1, differences=["quantity"])) == ()


# -- the line ----------------------------------------------------------------------------------------------------------


def test_without_the_line_no_clock_runs_and_nothing_is_asked_or_cancelled():
    trading = at_work()
    trading.order(intent(1), intent(2))
    trading.report(2, Standing.WORKING)
    trading.link(Link.BLIND)
    assert due(trading.state) is None
    assert trading.wait(3600) == []
    trading.tell(CancelAsked(TWO, "no longer wanted"))
    trading.report(1, Standing.UNKNOWN)
    assert not trading.of(Cancel) and not trading.of(Ask)
    assert {type(effect) for effect in trading.link()} == {Ask, Cancel}


def test_after_a_connection_what_is_not_among_the_open_orders_is_in_doubt():
    trading = at_work()
    trading.order(intent(1), intent(2), intent(3))
    trading.tell(ordered(intent(4)))
    for number in (1, 2):
        trading.report(number, Standing.WORKING)
    trading.link(Link.DOWN)
    trading.recap(trading.said(2, Standing.WORKING))
    assert [type(trading.became(number)).__name__ for number in (1, 2, 3, 4)] == [
        "Unknown",
        "Working",
        "Unknown",
        "Journaled",
    ]
    assert not trading.of(Ask)
    why = "it is not among the broker's open orders"
    assert trading.link() == (Ask(f"spy/1: {why}; spy/3: {why}"),)


def test_what_was_held_dead_and_is_among_the_open_orders_is_cancelled():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.CANCELLED)
    trading.link(Link.DOWN)
    trading.recap(trading.said(1, Standing.WORKING))
    assert isinstance(trading.became(1), Unknown)
    assert Cancel(ONE) in trading.link()


def test_an_open_order_of_ours_that_no_journal_knows_halts_is_cancelled_and_its_number_never_used():
    trading = at_work()
    trading.link(Link.DOWN)
    trading.recap(trading.said(7, Standing.WORKING))
    assert trading.of(Halt) == [
        Halt("unknown order", "the broker has an order spy/7, of which the journal knows nothing")
    ]
    assert (trading.state.next_number, trading.state.settled_through) == (8, 6)
    assert trading.link() == (Cancel(IntentId("spy", 7)),)
    assert trading.wait(60) == [Cancel(IntentId("spy", 7))]
    trading.report(7, Standing.CANCELLED)
    assert trading.wait(600) == []
    assert trading.state.settled_through == 7


def test_an_orphan_that_is_gone_from_the_records_is_gone():
    trading = at_work()
    trading.report(7, Standing.WORKING)
    trading.link(Link.DOWN)
    trading.recap()
    assert trading.state.settled_through == 7


def test_a_fill_of_an_order_of_ours_that_no_journal_knows_is_booked_and_halts():
    trading = at_work()
    trading.fill(7, 3)
    assert [halt.breaker for halt in trading.of(Halt)] == ["unknown order"]
    assert snapshot(trading.state).holdings == (Holding(SPY, 3),)
    assert trading.state.next_number == 8


# -- the process -------------------------------------------------------------------------------------------------------


def test_after_a_restart_what_was_on_its_way_is_in_doubt_and_what_had_no_turn_never_gets_one():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.WORKING)
    trading.order(intent(2))
    trading.tell(ordered(intent(3), intent(4), together=False))
    trading.tell(Restarted())
    assert trading.became(1) == Working()
    assert isinstance(trading.became(2), Unknown) and isinstance(trading.became(3), Unknown)
    assert trading.became(4) == Cancelled("the process ended before its turn came")
    assert not trading.of(Ask), "there is nobody to ask yet"
    asked = trading.link()[0]
    assert isinstance(asked, Ask) and all(f"spy/{number}:" in asked.why for number in (1, 2, 3))
    assert [send.intent.id.number for send in trading.of(Send)] == [1, 2, 3]
    assert Planned() not in [trading.became(number) for number in (1, 2, 3, 4)]


def test_after_a_restart_a_cancel_that_was_wanted_is_asked_for_again():
    trading = at_work()
    trading.order(intent(1), patience_s=300)
    trading.report(1, Standing.WORKING)
    trading.tell(CancelAsked(ONE, "no longer wanted"))
    trading.tell(Restarted())
    trading.recap(trading.said(1, Standing.WORKING))
    trading.effects.clear()
    assert trading.link() == (Cancel(ONE),)


def test_what_died_of_its_own_while_nobody_was_there_is_found_dead():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.WORKING)
    trading.now += timedelta(hours=1)
    trading.tell(Restarted())
    trading.recap()
    trading.link()
    trading.records(completed=[trading.said(1, Standing.CANCELLED)])
    assert trading.became(1) == Expired()


def test_a_state_in_the_middle_of_all_this_is_found_again():
    trading = TradingDesk()
    trading.link()
    trading.order(intent(1), intent(2), intent(3))
    trading.wait(8)
    trading.records(trading.said(1, Standing.WORKING), completed=None)
    trading.tell(CancelFailed(TWO, "10147"))
    trading.fill(3, 4, price=Decimal("600.01"))
    trading.report(9, Standing.WORKING)
    assert replayed(trading.entries) == trading.state
