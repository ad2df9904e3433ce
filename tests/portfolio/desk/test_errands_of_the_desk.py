"""The desk's own orders: a book that is sold, and structures that are half filled."""

from decimal import Decimal

import pytest
from trading_desk import (
    CALL,
    NOON,
    PUT,
    SPY,
    STRADDLE,
    TradingDesk,
    at_work,
    corrected,
    intent,
    ordered,
    quote,
    replayed,
)

from gamma_scalper.domain.entries import (
    Dispatched,
    FlattenAsked,
    FlattenStopped,
    Looked,
    Ordered,
    PlanRefused,
    Restarted,
)
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Cancelled, IntentId, Limit, Purpose, Sent, Side, Unknown
from gamma_scalper.domain.ports import Link, Standing
from gamma_scalper.domain.proposals import Plan, Refusal
from gamma_scalper.portfolio.desk import due, snapshot
from gamma_scalper.portfolio.effects import Alarm, Cancel, Halt, Look, Send, Tell, Want

SELL_IT = FlattenAsked(why="panic file", by="Ann", within_s=60)


def straddle(call: int, put: int, *, hedge: int = 0) -> TradingDesk:
    """Holding so many of each, all their orders dead."""
    trading = at_work()
    for held, what in ((call, CALL), (put, PUT), (hedge, SPY)):
        if held:
            number = trading.state.next_number
            side = Side.BUY if held > 0 else Side.SELL
            trading.order(intent(number, instrument=what, side=side, quantity=abs(held)))
            trading.fill(number, held, what)
    trading.effects.clear()
    return trading


def look(trading: TradingDesk, **bids: float) -> None:
    """All quoted, unless a bid of nothing is given."""
    prices = {"SPY": 600.0, "C": 10.0, "P": 9.0} | bids
    named = {"SPY": SPY, "C": CALL, "P": PUT}
    quotes = [quote(named[name], bid, bid + 0.1, trading.now) for name, bid in prices.items()]
    trading.tell(Looked(quotes))


def permit(trading: TradingDesk) -> list[int]:
    """The newest plan becomes orders, which are handed over; their numbers."""
    numbers = ordered_again(trading)
    for number in numbers:
        trading.tell(Dispatched(IntentId("spy", number)))
    return numbers


def ordered_again(trading: TradingDesk) -> list[int]:
    plan = wanted(trading)
    first = trading.state.next_number
    intents = [
        proposal.numbered(IntentId("spy", first + place), "DU1", trading.now)
        for place, proposal in enumerate(plan.proposals)
    ]
    nothing = [Money(Decimal(0))] * len(intents)
    trading.tell(Ordered(intents=intents, reserved=nothing, patience_s=2.0, good_for_s=2.0))
    return [each.id.number for each in intents]


def wanted(trading: TradingDesk) -> Plan:
    return trading.of(Want)[-1].plan


def fill_all(trading: TradingDesk, numbers: list[int]) -> None:
    for number in numbers:
        it = trading.ticket(number).order.intent
        assert not hasattr(it.instrument, "legs")
        trading.fill(number, it.side.sign * int(it.quantity), it.instrument)


# -- selling the book --------------------------------------------------------------------------------------------------


def test_a_book_is_sold_until_nothing_is_held():
    trading = straddle(4, 4, hedge=-100)
    assert trading.tell(SELL_IT) == (Look((CALL.con_id, PUT.con_id, SPY.con_id)),)
    for _ in range(20):
        if trading.state.flattening is None:
            break
        look(trading)
        assert wanted(trading).purpose is Purpose.FLATTEN
        fill_all(trading, permit(trading))
    assert snapshot(trading.state).holdings == ()
    assert trading.state.flattening is None
    assert trading.wait(3600) == []


def test_what_lives_is_cancelled_first_and_its_death_waited_for():
    trading = straddle(4, 4)
    trading.order(intent(3))
    trading.tell(ordered(intent(4), intent(5), together=False))
    trading.report(3, Standing.WORKING)
    trading.effects.clear()
    trading.tell(SELL_IT)
    assert trading.of(Cancel) == [Cancel(IntentId("spy", 3))]
    assert isinstance(trading.became(5), Cancelled)
    trading.report(3, Standing.CANCELLED)
    assert not trading.of(Look)
    trading.tell(Dispatched(IntentId("spy", 4)))
    trading.report(4, Standing.CANCELLED)
    assert len(trading.of(Look)) == 1


def test_an_order_in_doubt_holds_up_no_other_contract():
    trading = straddle(4, 4)
    trading.order(intent(3, instrument=CALL, quantity=2))
    trading.report(3, Standing.UNKNOWN)
    trading.tell(SELL_IT)
    look(trading)
    assert {proposal.instrument for proposal in wanted(trading).proposals} == {PUT}
    assert isinstance(trading.became(3), Unknown)


def test_what_is_not_filled_is_planned_anew_once_it_is_dead():
    trading = straddle(4, 0)
    trading.tell(SELL_IT)
    look(trading)
    (number,) = permit(trading)
    trading.effects.clear()
    trading.wait(2)
    assert trading.of(Cancel) == [Cancel(IntentId("spy", number))]
    trading.report(number, Standing.CANCELLED)
    assert trading.of(Look) == [Look((CALL.con_id,))]


def test_no_quotes_no_orders_and_a_person_hears_of_it_once():
    trading = straddle(4, 4, hedge=-100)
    trading.tell(SELL_IT)
    for _ in range(4):
        look(trading, C=0, P=0)
        trading.wait(5)
    assert not trading.of(Want)
    assert len(trading.of(Look)) == 5
    assert len(trading.of(Alarm)) == 1 and "can't be sold" in trading.of(Alarm)[0].text


def test_a_look_or_a_permit_that_never_comes_is_asked_for_again():
    trading = straddle(4, 4)
    trading.tell(SELL_IT)
    trading.wait(5)
    assert len(trading.of(Look)) == 2
    look(trading)
    look(trading)
    assert len(trading.of(Want)) == 1, "one look, one plan"
    trading.wait(5)
    assert len(trading.of(Look)) == 3


def test_refused_it_is_wanted_again_and_a_person_hears_of_it():
    trading = straddle(4, 4)
    trading.tell(SELL_IT)
    for _ in range(2):
        look(trading)
        trading.tell(PlanRefused("flatten", [Refusal("link", "not ready")]))
        trading.wait(5)
    assert len(trading.of(Want)) == 2
    assert trading.of(Alarm) == [Alarm("flatten of book spy is not permitted: link: not ready")]


def test_the_deadline_is_told_even_without_a_broker():
    trading = straddle(4, 4)
    trading.tell(SELL_IT)
    trading.link(Link.DOWN)
    assert (due(trading.state) - NOON).total_seconds() == 60
    assert trading.wait(600) == [Alarm("book spy is not flat 60 s after it was to be sold: panic file")]
    assert [type(effect) for effect in trading.link()] == [Look]


def test_asked_again_the_earlier_deadline_stands():
    trading = straddle(4, 4)
    trading.tell(SELL_IT)
    trading.wait(10)
    trading.tell(SELL_IT)
    assert trading.state.flattening.began == NOON
    trading.tell(FlattenAsked(why="faster", by="Ann", within_s=20))
    assert trading.state.flattening.why == "faster"


def test_asked_again_its_own_orders_go_on():
    trading = straddle(4, 0)
    trading.tell(SELL_IT)
    look(trading)
    permit(trading)
    assert trading.tell(SELL_IT) == ()


def test_stopped_its_orders_are_cancelled_and_no_more_are_wanted():
    trading = straddle(4, 0)
    trading.tell(SELL_IT)
    look(trading)
    (number,) = permit(trading)
    trading.effects.clear()
    trading.tell(FlattenStopped("it was a mistake", "Ann"))
    assert trading.effects == [Cancel(IntentId("spy", number))]
    trading.report(number, Standing.CANCELLED)
    assert not trading.of(Look)


def test_a_book_that_holds_nothing_is_sold_already():
    trading = at_work()
    assert trading.tell(SELL_IT) == (Tell("order"),)
    assert trading.state.flattening is None


def test_it_goes_on_after_a_restart():
    trading = straddle(4, 4)
    trading.tell(SELL_IT)
    look(trading)
    trading.tell(Restarted())
    trading.effects.clear()
    assert trading.link() == (Look((CALL.con_id, PUT.con_id)),)


def test_one_plan_becomes_orders_once_and_none_after_it_was_called_off():
    trading = straddle(4, 0)
    trading.tell(SELL_IT)
    look(trading)
    (first,), (second,) = permit(trading), ordered_again(trading)
    assert isinstance(trading.became(first), Sent)
    assert trading.became(second) == Cancelled("not sent: nobody wants it any more")
    trading.report(first, Standing.CANCELLED)
    look(trading)
    trading.tell(FlattenStopped("it was a mistake", "Ann"))
    (third,) = ordered_again(trading)
    assert trading.became(third) == Cancelled("not sent: nobody wants it any more")
    assert [send.intent.id.number for send in trading.of(Send)] == [first]


# -- half-filled structures --------------------------------------------------------------------------------------------


def half_filled(call: int = 4, put: int = 1) -> TradingDesk:
    """A straddle of four, of which so many were filled before both orders died."""
    trading = at_work()
    legs = [
        intent(1, purpose=Purpose.ENTRY, instrument=CALL, quantity=4, pricing=Limit(Decimal("10.1"))),
        intent(2, purpose=Purpose.ENTRY, instrument=PUT, quantity=4, pricing=Limit(Decimal("9.1"))),
    ]
    trading.order(*legs, structure="straddle 600")
    for number, filled, what in ((1, call, CALL), (2, put, PUT)):
        if filled:
            trading.fill(number, filled, what)
        trading.report(number, Standing.CANCELLED, filled=filled)
    return trading


@pytest.mark.parametrize(("call", "put"), [(4, 4), (2, 2), (0, 0)])
def test_a_structure_in_proportion_is_left_as_it_is(call, put):
    assert not half_filled(call, put).of(Look)


def test_a_half_filled_structure_is_completed():
    trading = half_filled()
    assert trading.of(Look) == [Look((CALL.con_id, PUT.con_id))]
    look(trading)
    (proposal,) = wanted(trading).proposals
    assert (proposal.purpose, proposal.instrument, proposal.signed_quantity) == (Purpose.REPAIR, PUT, 3)
    fill_all(trading, permit(trading))
    assert trading.state.repairing == ()
    assert trading.wait(600) == [] and not trading.of(Halt)


def test_it_is_unwound_where_completing_has_become_dear():
    trading = half_filled()
    look(trading, P=30.0)
    (proposal,) = wanted(trading).proposals
    assert (proposal.instrument, proposal.signed_quantity) == (CALL, -3)
    fill_all(trading, permit(trading))
    assert trading.state.repairing == ()


def test_nothing_is_repaired_while_a_leg_lives_or_is_in_doubt():
    trading = at_work()
    trading.order(
        intent(1, instrument=CALL, quantity=4), intent(2, instrument=PUT, quantity=4), structure="straddle 600"
    )
    trading.fill(1, 4, CALL)
    trading.report(2, Standing.UNKNOWN)
    assert not trading.of(Look)
    trading.report(2, Standing.CANCELLED)
    assert len(trading.of(Look)) == 1


def test_what_the_repair_left_open_is_tried_again_with_the_next_attempt():
    trading = half_filled()
    look(trading)
    (number,) = permit(trading)
    trading.fill(number, 1, PUT)
    trading.report(number, Standing.CANCELLED, filled=1)
    look(trading)
    assert wanted(trading).proposals[0].signed_quantity == 2
    assert trading.state.repairs[1].attempts == 2


def test_attempts_in_vain_halt_the_book_and_call_a_person():
    trading = half_filled()
    for _ in range(10):
        if trading.state.repairing:
            trading.tell(Looked([]))
            trading.wait(5)
    filled = "4 of 4 SPY 2026-02-20 600 C, 1 of 4 SPY 2026-02-20 600 P"
    why = f"straddle 600 is filled {filled}, and 6 attempts didn't put it right"
    assert trading.of(Halt) == [Halt("half-filled structure", why)]
    assert trading.of(Alarm) == [Alarm(f"book spy: {why}")]
    assert len(trading.of(Look)) == 7 and trading.wait(3600) == []


def test_a_refused_repair_is_wanted_again():
    trading = half_filled()
    look(trading)
    trading.tell(PlanRefused("repair", [Refusal("quote age", "3 s")]))
    assert Tell("order") in trading.effects
    trading.wait(5)
    look(trading)
    assert len(trading.of(Want)) == 2


def test_a_repair_that_nobody_wants_any_more_is_not_sent():
    trading = half_filled()
    look(trading)
    trading.tell(SELL_IT)
    (number,) = ordered_again(trading)
    assert isinstance(trading.became(number), Cancelled)
    trading.tell(PlanRefused("repair", [Refusal("mode", "emergency")]))
    assert not trading.of(Alarm), "that is nothing to be told of"


def test_repairs_go_on_after_the_line_was_lost():
    trading = half_filled()
    trading.link(Link.DOWN)
    trading.effects.clear()
    assert trading.link() == (Look((CALL.con_id, PUT.con_id)),)


def test_a_combo_with_one_leg_too_few_is_a_half_filled_structure_too():
    trading = at_work()
    trading.order(intent(1, instrument=STRADDLE, quantity=2))
    trading.fill(1, 2, CALL)
    trading.fill(1, 1, PUT)
    trading.report(1, Standing.CANCELLED, filled=1)
    look(trading)
    (proposal,) = wanted(trading).proposals
    assert (proposal.instrument, proposal.signed_quantity) in {(PUT, 1), (CALL, -1)}


def test_a_fill_that_comes_late_brings_the_structure_back():
    trading = half_filled(2, 2)
    trading.fill(1, 1, CALL)
    assert not trading.of(Look), "its order is in doubt"
    trading.records(completed=None)
    assert len(trading.of(Look)) == 1


def test_a_correction_brings_the_structure_back_too():
    trading = half_filled(0, 0)
    trading.order(intent(3, instrument=CALL), intent(4, instrument=PUT), structure="another")
    call = trading.execution(3, 10, CALL)
    trading.tell(call)
    trading.fill(4, 10, PUT)
    assert not trading.of(Look)
    trading.tell(corrected(call, 9))
    assert len(trading.of(Look)) == 1


def test_what_was_given_up_is_not_begun_again_by_an_old_report():
    trading = half_filled()
    for _ in range(7):
        trading.tell(Looked([]))
        trading.wait(5)
    assert trading.state.repairing == ()
    trading.effects.clear()
    trading.report(1, Standing.CANCELLED, filled=4)
    assert trading.effects == []


def test_a_book_that_is_sold_repairs_nothing():
    trading = half_filled()
    trading.tell(SELL_IT)
    assert trading.state.repairing == ()
    look(trading)
    assert wanted(trading).purpose is Purpose.FLATTEN


def test_a_structure_that_dies_half_filled_while_the_book_is_sold_is_sold_with_it():
    trading = at_work()
    legs = intent(1, instrument=CALL, quantity=4), intent(2, instrument=PUT, quantity=4)
    trading.order(*legs, structure="straddle 600")
    trading.fill(1, 4, CALL)
    trading.tell(SELL_IT)
    trading.report(2, Standing.CANCELLED)
    assert trading.state.repairing == ()
    assert trading.of(Look) == [Look((CALL.con_id,))]


def test_repairs_are_found_again_after_a_restart():
    trading = half_filled()
    look(trading)
    permit(trading)
    found = replayed(trading.entries)
    assert found.repairs == trading.state.repairs
    assert [send.intent.purpose for send in trading.of(Send)] == [Purpose.ENTRY, Purpose.ENTRY, Purpose.REPAIR]
