"""What happens to every order, whichever way it goes to the market."""

from datetime import timedelta
from decimal import Decimal

import pytest
from worlds import ME, SATURDAY, SPY, YOU, Scene

from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.orders import IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import Refused, Standing, Warned

ALIVE = {Standing.PENDING, Standing.WORKING, Standing.HELD}


# -- market, limit, lifetimes ------------------------------------------------------------------------------------------


async def test_a_market_order_is_filled_at_the_offer(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, spy)
    report = await world.stands(bought, Standing.FILLED)
    (fill,) = world.fills(bought)
    assert (fill.side, fill.quantity, fill.price) == (Side.BUY, 100, Decimal("600.01"))
    assert (fill.instrument.con_id, fill.account, fill.intent) == (SPY, ME, bought)
    assert (report.filled, report.remaining, report.perm_id) == (100, 0, fill.perm_id)


async def test_the_fill_is_told_before_its_order_is_called_filled(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, spy)
    report = await world.stands(bought, Standing.FILLED)
    assert world.said.index(world.fills(bought)[0]) < world.said.index(report)
    assert world.course(bought)[0] in ALIVE
    assert world.course(bought)[-1] is Standing.FILLED


async def test_each_execution_has_an_id_and_its_bill_follows(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, spy)
    await world.stands(bought, Standing.FILLED)
    fills = world.fills(bought)
    await world.until(lambda: world.bills(fills))
    (bill,) = world.bills(fills)
    assert bill.key == fills[0].key
    assert world.said.index(bill) > world.said.index(fills[0])
    assert Decimal("0.99") <= bill.amount.amount <= Decimal("1.05"), "the least a hundred shares cost, and fees"


async def test_a_limit_that_is_not_reached_works_until_it_is(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    waiting = await world.buy(100, spy, "599.50", lives_s=300)
    await world.stands(waiting, Standing.WORKING)
    assert not world.fills(waiting)
    world.quote(SPY, 599.38, 599.40)
    await world.stands(waiting, Standing.FILLED)
    (fill,) = world.fills(waiting)
    assert fill.price <= Decimal("599.50")


async def test_what_an_immediate_order_does_not_get_at_once_is_cancelled(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    missed = await world.buy(100, spy, "599.50")
    report = await world.stands(missed, Standing.CANCELLED)
    assert (report.filled, world.fills(missed)) == (0, [])


async def test_a_part_that_is_there_is_filled_and_the_rest_of_an_immediate_order_cancelled(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01, (40, 40))
    part = await world.buy(100, spy, "600.01")
    report = await world.stands(part, Standing.CANCELLED)
    assert sum(fill.quantity for fill in world.fills(part)) == report.filled == 40


async def test_an_order_is_filled_in_parts_as_there_is_more_to_have(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01, (40, 40))
    parts = await world.buy(100, spy, "600.01", lives_s=300)
    await world.until(lambda: any(report.filled == 40 for report in world.reports(parts)))
    assert [report.remaining for report in world.reports(parts)][-1] == 60
    world.quote(SPY, 599.99, 600.01, (80, 80))
    await world.stands(parts, Standing.FILLED)
    assert [fill.quantity for fill in world.fills(parts)] == [40, 60]
    assert len({fill.key for fill in world.fills(parts)}) == 2
    await world.until(lambda: len(world.bills(world.fills(parts))) == 2)


async def test_an_order_dies_at_the_moment_it_was_given(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    mortal = world.intent(Side.BUY, 100, spy, "599.50", lives_s=5)
    await world.broker.orders.place(mortal)
    report = await world.stands(mortal.id, Standing.CANCELLED)
    assert world.course(mortal.id)[-2:] == [Standing.WORKING, Standing.CANCELLED]
    assert mortal.lifetime.until <= report.at < mortal.lifetime.until + timedelta(seconds=60)
    assert not await world.broker.orders.open_orders()


@pytest.mark.parametrize(("side", "limit", "sent"), [(Side.BUY, "599.507", "599.50"), (Side.SELL, "600.502", "600.51")])
async def test_a_limit_between_two_ticks_goes_to_the_safe_side(world, side, limit, sent):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    placed = await world.place(side, 100, spy, limit, lives_s=300)
    report = await world.stands(placed, Standing.WORKING)
    assert world.engine.order(report.perm_id).ticket.limit == Decimal(sent)


@pytest.mark.scene(Scene(start=SATURDAY))
async def test_an_order_for_a_closed_market_waits_and_is_warned_of(world):
    waiting = await world.buy(100, await world.spy(), "599.50", lives_s=3 * 86_400)
    await world.stands(waiting, Standing.PENDING)
    await world.until(lambda: any(isinstance(each, Warned) and each.code == 399 for each in world.said))
    assert {each.order_ref for each in world.said if isinstance(each, Warned) and each.code == 399} == {str(waiting)}
    assert world.course(waiting) == [Standing.PENDING]
    await world.broker.orders.cancel(waiting)
    await world.stands(waiting, Standing.CANCELLED)


# -- combos ------------------------------------------------------------------------------------------------------------


async def test_a_straddle_is_filled_leg_by_leg(world):
    call, put = await world.straddle()
    world.quote_all()
    bought = await world.buy(3, Combo([Leg(call, 1), Leg(put, 1)]), "8.00")
    await world.stands(bought, Standing.FILLED)
    await world.settled()
    assert sorted((fill.instrument.con_id, fill.side, fill.quantity) for fill in world.fills(bought)) == [
        (11, Side.BUY, 3),
        (12, Side.BUY, 3),
    ]
    assert sum(fill.price for fill in world.fills(bought)) <= Decimal("8.00")
    await world.until(lambda: len(world.bills(world.fills(bought))) == 2)


async def test_a_combo_s_legs_keep_their_ratio_and_side(world):
    spy, (call, _) = await world.spy(), await world.straddle()
    high = await world.broker.catalogue.by_con_id(13)
    world.quote_all()
    bought = await world.buy(2, Combo([Leg(call, 1), Leg(high, -2)]), "2.10")
    await world.stands(bought, Standing.FILLED)
    await world.settled()
    assert sorted((fill.instrument.con_id, fill.side, fill.quantity) for fill in world.fills(bought)) == [
        (11, Side.BUY, 2),
        (13, Side.SELL, 4),
    ]
    assert spy.con_id not in {fill.instrument.con_id for fill in world.fills(bought)}


async def test_a_combo_out_of_reach_has_no_leg_filled(world):
    call, put = await world.straddle()
    world.quote_all()
    missed = await world.buy(3, Combo([Leg(call, 1), Leg(put, 1)]), "7.50")
    await world.stands(missed, Standing.CANCELLED)
    assert not world.fills(missed)


# -- cancel and amend --------------------------------------------------------------------------------------------------


async def test_a_working_order_is_cancelled_once_it_says_so(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    working = await world.buy(100, spy, "599.50", lives_s=300)
    await world.stands(working, Standing.WORKING)
    await world.broker.orders.cancel(working)
    report = await world.stands(working, Standing.CANCELLED)
    assert report.filled == 0
    assert not await world.broker.orders.open_orders()


async def test_what_is_dead_can_be_neither_cancelled_nor_amended(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, spy)
    await world.stands(bought, Standing.FILLED)
    with pytest.raises(Refused):
        await world.broker.orders.cancel(bought)
    with pytest.raises(Refused):
        await world.broker.orders.amend(bought, Limit("600"))
    await world.settled()
    assert world.course(bought)[-1] is Standing.FILLED


async def test_a_cancel_that_comes_too_late_never_makes_a_filled_order_look_dead(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, spy, "599.50", lives_s=300)
    await world.stands(bought, Standing.WORKING)
    world.quote(SPY, 599.38, 599.40)  # filled; who placed it can't know yet
    await world.cancel_in_flight(bought)
    await world.stands(bought, Standing.FILLED)
    await world.settled()
    await world.pass_time(2)
    assert not {Standing.CANCELLED, Standing.REJECTED} & set(world.course(bought))
    assert world.course(bought)[-1] is Standing.FILLED


async def test_an_order_that_was_never_placed_can_be_neither_cancelled_nor_amended(world):
    with pytest.raises(Refused):
        await world.broker.orders.cancel(IntentId("contract", 77))
    with pytest.raises(Refused):
        await world.broker.orders.amend(IntentId("contract", 77), Limit("600"))


async def test_an_amended_price_is_the_one_that_holds(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    amended = await world.buy(100, spy, "599.50", lives_s=300)
    first = await world.stands(amended, Standing.WORKING)
    await world.broker.orders.amend(amended, Limit("600.013"))
    await world.stands(amended, Standing.FILLED)
    (fill,) = world.fills(amended)
    assert (fill.price, fill.perm_id) == (Decimal("600.01"), first.perm_id)


async def test_an_order_is_sent_once(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    once = world.intent(Side.BUY, 100, spy, "599.50", lives_s=300)
    await world.broker.orders.place(once)
    with pytest.raises(Refused):
        await world.broker.orders.place(once)
    assert len(await world.broker.orders.open_orders()) == 1


# -- refusals ----------------------------------------------------------------------------------------------------------


async def test_what_the_account_cannot_bear_is_rejected_with_code_and_reason(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    too_much = await world.buy(100_000, spy)
    report = await world.stands(too_much, Standing.REJECTED)
    assert report.code == 201
    assert "insufficient" in report.why
    assert not world.fills(too_much)
    assert world.course(too_much)[-1] is Standing.REJECTED


async def test_an_order_for_another_account_is_not_sent(world):
    spy = await world.spy()
    with pytest.raises(Refused):
        await world.broker.orders.place(world.intent(Side.BUY, 100, spy, account=YOU))
    assert not world.engine.open_orders()


async def test_half_a_share_is_not_bought(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    half = world.intent(Side.BUY, "0.5", spy)
    try:
        await world.broker.orders.place(half)
    except Refused as refused:
        assert refused.code in (None, 10243)
    else:
        assert (await world.stands(half.id, Standing.REJECTED)).code == 10243
    assert not world.fills(half.id)


# -- what-if -----------------------------------------------------------------------------------------------------------


async def test_a_what_if_gives_real_figures_and_places_nothing(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    impact = await world.broker.orders.what_if(world.intent(Side.BUY, 100, spy))
    assert float(impact.initial_change.amount) == pytest.approx(30_000, rel=0.01)
    assert float(impact.initial_after.amount) == pytest.approx(30_000, rel=0.01)
    assert float(impact.maintenance_after.amount) == pytest.approx(15_000, rel=0.01)
    assert float(impact.equity_with_loan_after.amount) == pytest.approx(1_000_000, rel=0.01)
    assert not world.engine.open_orders()
    assert not world.engine.completed_orders()


async def test_a_what_if_is_about_what_is_held_already_too(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    await world.stands(await world.buy(100, spy), Standing.FILLED)
    impact = await world.broker.orders.what_if(world.intent(Side.BUY, 100, spy))
    assert float(impact.initial_change.amount) == pytest.approx(30_000, rel=0.01)
    assert float(impact.initial_after.amount) == pytest.approx(60_000, rel=0.01)


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.ENTRY])
async def test_a_what_if_is_for_entries_only(world, purpose):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    with pytest.raises(Refused):
        await world.broker.orders.what_if(world.intent(Side.BUY, 100, spy, purpose=purpose))


# -- exercise ----------------------------------------------------------------------------------------------------------


async def test_more_than_is_held_is_not_exercised(world):
    call, _ = await world.straddle()
    world.quote_all()
    await world.stands(await world.buy(2, call), Standing.FILLED)
    with pytest.raises(Refused):
        await world.broker.orders.exercise(call, 5)
    await world.settled()
    assert not world.engine.floor.instructions


async def test_an_instruction_to_exercise_or_to_lapse_is_heard_by_the_exchange(world):
    call, put = await world.straddle()
    world.quote_all()
    for option in (call, put):
        await world.stands(await world.buy(2, option), Standing.FILLED)
    world.quote(SPY, 604.99, 605.01)
    await world.broker.orders.exercise(call, 1)
    await world.broker.orders.exercise(put, 2, lapse=True)
    await world.settled()
    heard = [(each.con_id, each.quantity, each.lapse) for each in world.engine.floor.instructions]
    assert heard == [(11, 1, False), (12, 2, True)]


async def test_nobody_exercises_at_a_loss_or_lets_a_profit_lapse(world):
    call, put = await world.straddle()
    world.quote_all()
    for option in (call, put):
        await world.stands(await world.buy(2, option), Standing.FILLED)
    world.quote(SPY, 604.99, 605.01)
    for option, lapse in ((call, True), (put, False)):
        with pytest.raises(Refused) as refused:
            await world.broker.orders.exercise(option, 1, lapse=lapse)
        assert refused.value.code == 322
    assert not world.engine.floor.instructions
