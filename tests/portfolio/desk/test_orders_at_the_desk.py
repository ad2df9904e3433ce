"""From a plan to its end: what the desk does with orders while the broker is as it should be."""

from datetime import timedelta
from decimal import Decimal

import pytest
from trading_desk import CALL, NOON, PUT, SPY, STRADDLE, TradingDesk, at_work, corrected, intent, ordered, replayed

from gamma_scalper.domain.entries import (
    AmendAsked,
    AmendFailed,
    CancelAsked,
    CancelFailed,
    Dispatched,
    NotSent,
    TakenOver,
)
from gamma_scalper.domain.fills import Commission
from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import (
    Cancelled,
    Expired,
    Filled,
    IntentId,
    Journaled,
    Limit,
    PartlyFilled,
    Planned,
    Purpose,
    Rejected,
    Sent,
    Side,
    Unknown,
    Working,
)
from gamma_scalper.domain.ports import Link, Standing, Warned
from gamma_scalper.domain.proposals import lifetime
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.desk import amendable, reservations, snapshot
from gamma_scalper.portfolio.effects import Alarm, Amend, Ask, Cancel, Halt, Send, Tell
from gamma_scalper.portfolio.order_table import IllegalTransition

ONE, TWO, THREE = (IntentId("spy", number) for number in (1, 2, 3))
LOWER = Limit(Decimal("599.5"))


# -- a good life -------------------------------------------------------------------------------------------------------


def test_an_order_is_journaled_sent_acknowledged_and_filled():
    trading = at_work()
    wanted = intent(1)
    assert trading.tell(ordered(wanted)) == (Send(wanted), Tell("order"))
    assert trading.became(1) == Journaled()
    trading.tell(Dispatched(ONE))
    assert trading.became(1) == Sent(NOON)
    trading.report(1, Standing.PENDING)
    assert trading.became(1) == Working()
    assert Tell("fill") in trading.fill(1, 4)
    assert trading.became(1) == PartlyFilled()
    trading.fill(1, 6)
    assert trading.became(1) == Filled()
    assert snapshot(trading.state).holdings == (Holding(SPY, 10),)
    assert not trading.of(Ask), "nothing was in doubt"


def test_what_is_settled_and_what_lives_is_in_the_snapshot_and_so_is_what_is_reserved():
    trading = at_work()
    for number in (1, 2, 3):
        trading.order(intent(number))
    trading.fill(2, 10)
    position = snapshot(trading.state)
    assert [order.intent.id for order in position.live] == [ONE, THREE]
    assert position.settled_through == 0
    assert reservations(trading.state) == ((ONE, Money(Decimal(100))), (THREE, Money(Decimal(100))))
    trading.report(1, Standing.CANCELLED)
    assert snapshot(trading.state).settled_through == 2
    trading.fill(3, 10)
    assert snapshot(trading.state).settled_through == 3


def test_the_brokers_word_may_come_before_ours_that_it_was_handed_over():
    trading = at_work()
    trading.tell(ordered(intent(1)))
    trading.fill(1, 4)
    trading.report(1, Standing.WORKING, filled=4)
    trading.tell(Dispatched(ONE))
    assert trading.became(1) == PartlyFilled()


def test_a_combo_is_filled_as_often_as_all_of_its_legs_are():
    trading = at_work()
    trading.order(intent(1, instrument=STRADDLE, quantity=2))
    trading.fill(1, 2, CALL)
    assert trading.ticket(1).order.filled == 0
    trading.fill(1, 1, PUT)
    assert (trading.became(1), trading.ticket(1).order.filled) == (PartlyFilled(), 1)
    trading.fill(1, 1, PUT)
    assert trading.became(1) == Filled()


def test_half_a_leg_of_a_combo_is_nothing_of_the_combo():
    trading = at_work()
    trading.order(intent(1, instrument=Combo([Leg(CALL, 2), Leg(PUT, -1)]), quantity=2))
    trading.fill(1, -2, PUT)
    trading.fill(1, 3, CALL)
    assert trading.ticket(1).order.filled == 1


@pytest.mark.parametrize(("after_s", "state"), [(58, Cancelled("gone")), (59.5, Expired()), (60, Expired())])
def test_what_dies_at_its_own_end_has_expired(after_s, state):
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.WORKING)
    trading.now = NOON + timedelta(seconds=after_s)
    trading.report(1, Standing.CANCELLED, why="gone")
    assert trading.became(1) == state


def test_a_bill_and_a_warning_change_no_order_and_trigger_nothing():
    trading = at_work()
    trading.order(intent(1))
    fill = trading.execution(1, 4)
    trading.tell(fill)
    assert trading.tell(Commission(fill.exec_id, Money(Decimal(1)))) == ()
    assert trading.tell(Warned(at=NOON, code=399, text="later", order_ref="spy/1")) == ()


def test_what_comes_into_the_book_without_an_order_triggers_the_ring():
    trading = at_work()
    adopted = TakenOver(id="a", instrument=SPY, quantity=5, price=600, why="adopted", accepted_by="Ann")
    assert trading.tell(adopted) == (Tell("fill"),)
    assert trading.tell(adopted) == (), "told twice it counts once"


def test_what_is_of_another_book_or_nobody_is_none_of_its_business():
    trading = at_work()
    before = trading.state
    foreign = {"intent": IntentId("qqq", 1)}
    trading.tell(trading.execution(1, 5, **foreign))
    trading.tell(trading.execution(1, 5, intent=None))
    for ref in ("qqq/1", "", "by hand"):
        trading.report(1, Standing.WORKING, order_ref=ref)
    assert trading.state == before


# -- our own mistakes --------------------------------------------------------------------------------------------------


def test_a_number_is_used_once():
    trading = at_work()
    trading.order(intent(1), intent(2))
    for again in ([intent(2)], [intent(4), intent(3)], [intent(3), intent(3)]):
        with pytest.raises(IllegalTransition, match="numbers below 3 are used"):
            trading.tell(ordered(*again))


def test_a_book_takes_no_orders_of_another():
    with pytest.raises(IllegalTransition, match="qqq/1 is ordered in the book spy"):
        at_work().tell(ordered(intent(1, id=IntentId("qqq", 1))))


@pytest.mark.parametrize("entry", [Dispatched(ONE), NotSent(ONE, "why")])
def test_an_order_is_handed_over_once(entry):
    trading = at_work()
    trading.order(intent(1))
    with pytest.raises(IllegalTransition, match="not on its way"):
        trading.tell(entry)


def test_a_part_that_waits_for_its_turn_is_not_handed_over():
    trading = at_work()
    trading.tell(ordered(intent(1), intent(2), together=False))
    with pytest.raises(IllegalTransition, match="not on its way"):
        trading.tell(Dispatched(TWO))


@pytest.mark.parametrize(
    "entry", [Dispatched(TWO), CancelAsked(TWO, "why"), AmendAsked(IntentId("qqq", 1), LOWER, "why")]
)
def test_the_house_speaks_of_no_order_that_does_not_exist(entry):
    trading = at_work()
    trading.order(intent(1))
    with pytest.raises(IllegalTransition, match="not known"):
        trading.tell(entry)


# -- not sent ----------------------------------------------------------------------------------------------------------


def test_nothing_is_given_to_be_sent_while_the_line_is_not_ready():
    trading = TradingDesk()
    for link in (None, Link.DOWN, Link.BLIND, Link.CONFIRMING):
        if link is not None:
            trading.link(link)
        number = trading.state.next_number
        trading.tell(ordered(intent(number), intent(number + 1), together=link is Link.DOWN))
        assert isinstance(trading.became(number), Cancelled)
        assert isinstance(trading.became(number + 1), Cancelled)
    assert not trading.of(Send)


@pytest.mark.parametrize(
    ("code", "state"), [(None, Cancelled("not sent: too old")), (321, Rejected(321, "not sent: too old"))]
)
def test_what_was_certainly_not_sent_is_dead(code, state):
    trading = at_work()
    trading.tell(ordered(intent(1)))
    trading.tell(NotSent(ONE, "too old", code))
    assert trading.became(1) == state


def test_what_was_not_sent_and_yet_the_broker_speaks_of_it_is_in_doubt():
    trading = at_work()
    trading.tell(ordered(intent(1)))
    trading.report(1, Standing.WORKING)
    assert [type(effect) for effect in trading.tell(NotSent(ONE, "too old"))] == [Ask, Tell]
    assert isinstance(trading.became(1), Unknown)


# -- large orders in parts ---------------------------------------------------------------------------------------------


def test_the_next_part_goes_out_some_time_after_the_one_before_is_filled():
    trading = at_work()
    trading.order(*(intent(number) for number in (1, 2, 3)), together=False, spacing_s=3.0)
    assert [trading.became(number) for number in (2, 3)] == [Planned(), Planned()]
    trading.fill(1, 10)
    assert trading.wait(2.9) == []
    assert trading.wait(0.1) == [Send(intent(2)), Tell("order")]
    assert (trading.became(2), trading.became(3)) == (Journaled(), Planned())
    assert trading.wait(30) == [], "it is not on its way yet, and the next has no turn"


def test_parts_without_spacing_follow_at_once():
    trading = at_work()
    trading.order(intent(1), intent(2), together=False)
    assert Send(intent(2)) in trading.fill(1, 10)


@pytest.mark.parametrize("standing", [Standing.CANCELLED, Standing.REJECTED])
def test_when_a_part_is_not_filled_those_after_it_are_never_sent(standing):
    trading = at_work()
    trading.order(*(intent(number) for number in (1, 2, 3)), together=False)
    trading.fill(1, 3)
    trading.report(1, standing, filled=3)
    assert [trading.became(number) for number in (2, 3)] == [Cancelled("part spy/1 was not filled")] * 2
    assert trading.state.settled_through == 3


def test_a_part_waits_for_the_line():
    trading = at_work()
    trading.order(intent(1), intent(2), together=False, spacing_s=3.0)
    trading.fill(1, 10)
    trading.link(Link.DOWN)
    assert trading.wait(60) == []
    assert trading.link() == (Send(intent(2)), Tell("order"))


def test_a_part_whose_predecessor_was_called_off_is_called_off_when_its_turn_comes():
    trading = at_work()
    trading.order(*(intent(number) for number in (1, 2, 3, 4)), together=False)
    trading.tell(CancelAsked(TWO, "smaller will do"))
    trading.fill(1, 10)
    assert [type(trading.became(number)) for number in (1, 2, 3, 4)] == [Filled, Cancelled, Cancelled, Cancelled]


def test_a_part_does_not_go_out_when_the_one_before_turns_out_not_to_be_filled():
    trading = at_work()
    trading.order(intent(1), intent(2), together=False, spacing_s=3.0)
    first = trading.execution(1, 10)
    trading.tell(first)
    trading.tell(corrected(first, 9))
    trading.wait(60)
    assert (trading.became(1), trading.became(2)) == (
        Cancelled("its fills were corrected"),
        Cancelled("part spy/1 was not filled"),
    )


def test_a_part_waits_while_a_second_life_of_the_one_before_may_fill():
    trading = at_work()
    trading.order(intent(1), intent(2), together=False, spacing_s=3.0)
    trading.fill(1, 10)
    trading.report(1, Standing.WORKING, perm_id=7)
    trading.wait(4.9)
    assert isinstance(trading.became(1), Unknown)
    assert len(trading.of(Send)) == 1
    trading.report(1, Standing.CANCELLED, perm_id=7)
    assert [effect for effect in trading.wait(3) if isinstance(effect, Send)] == [Send(intent(2))]


@pytest.mark.parametrize("filled", [0, 4])
def test_a_part_that_was_never_sent_and_of_which_the_broker_speaks_is_in_doubt_and_gets_no_turn(filled):
    trading = at_work()
    trading.order(intent(1), intent(2), together=False, spacing_s=3.0)
    trading.fill(1, 10)
    if filled:
        trading.fill(2, filled)
    else:
        trading.report(2, Standing.WORKING)
    assert trading.became(2) == Unknown("what the broker says contradicts what is known of it")
    trading.wait(60)
    assert [send.intent.id for send in trading.of(Send)] == [ONE]


# -- amending and cancelling -------------------------------------------------------------------------------------------


def test_a_working_order_is_given_another_price():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.WORKING)
    assert amendable(trading.state, ONE)
    assert trading.tell(AmendAsked(ONE, LOWER, "the market moved")) == (Amend(ONE, LOWER),)
    assert trading.ticket(1).amended == LOWER
    trading.tell(AmendFailed(ONE, "refused"))
    assert (trading.became(1), trading.ticket(1).amended) == (Working(), None)


def test_an_amendment_in_doubt_puts_the_order_in_doubt():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.WORKING)
    trading.tell(AmendAsked(ONE, LOWER, "the market moved"))
    assert Ask("spy/1: its amendment is in doubt: no answer") in trading.tell(
        AmendFailed(ONE, "no answer", in_doubt=True)
    )


def _sent(trading: TradingDesk) -> None:
    pass


def _dead(trading: TradingDesk) -> None:
    trading.report(1, Standing.CANCELLED)


def _doubted(trading: TradingDesk) -> None:
    trading.report(1, Standing.UNKNOWN)


def _line_lost(trading: TradingDesk) -> None:
    trading.report(1, Standing.WORKING)
    trading.link(Link.DOWN)


def _executions_missing(trading: TradingDesk) -> None:
    trading.report(1, Standing.WORKING, filled=5)


def _cancelling(trading: TradingDesk) -> None:
    trading.report(1, Standing.WORKING)
    trading.tell(CancelAsked(ONE, "why"))


@pytest.mark.parametrize("happened", [_sent, _dead, _doubted, _line_lost, _executions_missing, _cancelling])
def test_what_is_not_surely_working_is_not_amended(happened):
    trading = at_work()
    trading.order(intent(1))
    happened(trading)
    assert not amendable(trading.state, ONE)
    with pytest.raises(IllegalTransition):
        trading.tell(AmendAsked(ONE, LOWER, "why"))


def test_a_cancel_waits_until_there_is_something_to_cancel():
    trading = at_work()
    trading.tell(ordered(intent(1)))
    assert not trading.of(Cancel)
    assert trading.tell(CancelAsked(ONE, "no longer wanted")) == ()
    assert Cancel(ONE) in trading.tell(Dispatched(ONE))


def test_a_cancel_that_fails_before_anything_was_sent_puts_nothing_in_doubt():
    trading = at_work()
    trading.tell(ordered(intent(1)))
    trading.tell(CancelFailed(ONE, "not known here"))
    assert trading.became(1) == Journaled()


def test_a_cancel_of_what_is_dead_meanwhile_does_nothing():
    trading = at_work()
    trading.order(intent(1))
    trading.fill(1, 10)
    assert trading.tell(CancelAsked(ONE, "no longer wanted")) == ()


def test_an_order_that_has_worked_long_enough_is_cancelled():
    trading = at_work()
    trading.order(intent(1), patience_s=30)
    trading.report(1, Standing.WORKING)
    assert trading.wait(29.9) == []
    assert trading.wait(0.1) == [Cancel(ONE)]


def test_an_immediate_order_of_which_nothing_more_is_heard_is_cancelled_too():
    trading = at_work()
    trading.order(intent(1, lifetime=lifetime(0, NOON)), patience_s=0)
    trading.fill(1, 3)
    trading.wait(4.9)
    assert not trading.of(Cancel)
    assert Cancel(ONE) in trading.wait(0.1)


# -- refusals, corrections, contradictions -----------------------------------------------------------------------------


def test_a_rejection_keeps_its_reason_even_if_the_reason_comes_later():
    trading = at_work()
    trading.order(intent(1))
    trading.report(1, Standing.REJECTED)
    trading.report(1, Standing.REJECTED, code=201, why="no margin")
    assert trading.became(1) == Rejected(201, "no margin")
    trading.report(1, Standing.CANCELLED)
    assert trading.became(1) == Rejected(201, "no margin"), "the rest of its death says less"


def _reject(trading: TradingDesk, purpose: Purpose = Purpose.HEDGE) -> None:
    number = trading.state.next_number
    trading.order(intent(number, purpose=purpose))
    for _ in range(2):
        trading.report(number, Standing.REJECTED, code=201, why="no margin")


def test_too_many_rejections_in_a_row_halt_the_book():
    trading = at_work()
    for _ in range(2):
        _reject(trading)
    assert not trading.of(Halt)
    _reject(trading)
    assert [halt.breaker for halt in trading.of(Halt)] == ["rejections"]
    for _ in range(3):
        _reject(trading)
    assert len(trading.of(Halt)) == 2, "lifted by a person, it may halt again"


def test_a_fill_and_another_purpose_are_not_in_a_row_with_rejections():
    trading = at_work()
    for _ in range(2):
        _reject(trading)
    number = trading.state.next_number
    trading.order(intent(number))
    trading.fill(number, 10)
    for _ in range(2):
        _reject(trading)
        _reject(trading, Purpose.EXIT)
    assert not trading.of(Halt)


def test_a_correction_changes_what_is_filled_and_puts_nothing_in_doubt():
    trading = at_work()
    trading.order(intent(1))
    first = trading.execution(1, 10)
    trading.tell(first)
    trading.report(1, Standing.FILLED, filled=10)
    trading.tell(corrected(first, 9))
    assert (trading.became(1), trading.ticket(1).order.filled) == (Cancelled("its fills were corrected"), 9)
    trading.records(completed=[trading.said(1, Standing.FILLED, filled=10)])
    assert not trading.ticket(1).alive
    assert not trading.of(Ask)


def test_more_executed_than_ordered_is_held_and_halts_and_is_never_more_filled_than_ordered():
    trading = at_work()
    trading.order(intent(1))
    trading.fill(1, 8)
    assert Halt("overfilled", "spy/1: 13 executed of 10 ordered") in trading.fill(1, 5)
    assert (trading.ticket(1).order.filled, trading.ticket(1).excess) == (10, 3)
    assert snapshot(trading.state).holdings == (Holding(SPY, 13),)
    trading.report(1, Standing.FILLED, filled=13)
    assert len(trading.of(Halt)) == 1


@pytest.mark.parametrize(("quantity", "instrument"), [(-4, SPY), (1, CALL)])
def test_an_execution_of_what_was_never_ordered_is_booked_and_halts(quantity, instrument):
    trading = at_work()
    trading.order(intent(1))
    trading.fill(1, quantity, instrument)
    assert [halt.breaker for halt in trading.of(Halt)] == ["strange execution"]
    assert snapshot(trading.state).holdings == (Holding(instrument, quantity),)
    assert trading.ticket(1).order.filled == 0


def test_an_order_held_for_shares_to_borrow_lives_and_a_person_hears_of_it_once():
    trading = at_work()
    trading.order(intent(1, side=Side.SELL), patience_s=300)
    trading.report(1, Standing.HELD, code=404)
    assert trading.became(1) == Working()
    trading.wait(59)
    trading.report(1, Standing.HELD, code=404)
    assert not trading.of(Alarm)
    trading.wait(100)
    assert len(trading.of(Alarm)) == 1
    trading.report(1, Standing.WORKING)
    assert trading.ticket(1).held_since is None


def test_an_alarm_about_an_order_is_over_with_the_order():
    trading = at_work()
    trading.order(intent(1, side=Side.SELL), patience_s=300)
    for times in (1, 2):
        trading.report(1, Standing.HELD, code=404)
        trading.wait(60)
        assert len([alarm for alarm in trading.of(Alarm) if "borrow" in alarm.text]) == times
        trading.report(1, Standing.CANCELLED)


def test_a_day_of_it_can_be_folded_again_to_the_same_state():
    trading = TradingDesk()
    trading.link()
    trading.order(intent(1), intent(2), intent(3), together=False)
    trading.fill(1, 10)
    trading.wait(100)
    trading.link(Link.DOWN)
    trading.report(2, Standing.CANCELLED)
    assert replayed(trading.entries) == trading.state
