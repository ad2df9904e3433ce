"""What every broker's client is told when things go wrong, whichever way it is connected."""

from decimal import Decimal

import pytest
from worlds import SPY, Scene

from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.ports import Altered, Link, LinkReport, NotReady, Recap, Standing, Unanswered
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.exchange.faults import Kind

DEAD = {Standing.CANCELLED, Standing.REJECTED}


def goes_wrong(kind: Kind, at_s: float = 0.0, **details: object) -> pytest.MarkDecorator:
    return pytest.mark.scene(Scene(faults=((kind, at_s, details),)))


async def resting(world):
    """A buy order that waits below the market, and is known to."""
    world.quote(SPY, 599.99, 600.01)
    return await world.buy(100, await world.spy(), "599.50", lives_s=3_000)


async def link_is(world, link: Link) -> None:
    await world.until(lambda: any(isinstance(each, LinkReport) and each.link is link for each in world.said))


# -- the connection ----------------------------------------------------------------------------------------------------


@goes_wrong(Kind.DISCONNECT_1101, 8, duration_s=10)
async def test_nothing_is_placed_over_a_link_that_has_gone_blind(world):
    working = await resting(world)
    await link_is(world, Link.BLIND)
    for call in (
        world.broker.orders.place(world.intent(Side.BUY, 100, await world.spy())),
        world.broker.orders.amend(working, Limit("599")),
    ):
        with pytest.raises(NotReady):
            await call
    assert len(world.engine.open_orders()) == 1


async def fills_in_an_outage_come_before_the_recap(world):
    working = await resting(world)
    await link_is(world, Link.BLIND)
    world.quote(SPY, 599.38, 599.40)
    await world.until(lambda: sum(isinstance(each, Recap) for each in world.said) == 2)
    await world.until(lambda: world.broker.link.link is Link.READY)
    (fill,) = world.fills(working)
    recap = [each for each in world.said if isinstance(each, Recap)][-1]
    ready = [each for each in world.said if isinstance(each, LinkReport) and each.link is Link.READY][-1]
    assert world.said.index(fill) < world.said.index(recap) < world.said.index(ready)
    assert [(each.holding.instrument.con_id, each.holding.quantity) for each in recap.holdings] == [(SPY, 100)]
    assert recap.open_orders == ()


@goes_wrong(Kind.DISCONNECT_1101, 8, duration_s=10)
async def test_what_filled_in_an_outage_that_lost_the_data_is_told_before_the_recap(world):
    await fills_in_an_outage_come_before_the_recap(world)


@goes_wrong(Kind.DISCONNECT_1102, 8, duration_s=10)
async def test_what_filled_in_an_outage_that_kept_the_data_is_told_before_the_recap(world):
    await fills_in_an_outage_come_before_the_recap(world)


@goes_wrong(Kind.DISCONNECT_1101, 8, duration_s=10)
async def test_quotes_are_frozen_in_an_outage_and_asked_for_again_after_it(world):
    await world.broker.feed.subscribe([await world.spy()])
    world.quote(SPY, 599.99, 600.01)
    await world.until(lambda: (SPY, 599.99, 600.01) in world.offers())
    await link_is(world, Link.BLIND)
    assert world.broker.feed.condition(SPY).frozen
    await world.until(lambda: sum(isinstance(each, Recap) for each in world.said) == 2)
    await world.until(lambda: world.broker.link.link is Link.READY)
    world.quote(SPY, 600.09, 600.11)
    await world.until(lambda: (SPY, 600.09, 600.11) in world.offers())
    assert not world.broker.feed.condition(SPY).frozen


@goes_wrong(Kind.SOCKET_DROP, 8, duration_s=2)
async def test_a_closed_connection_is_made_anew_and_everything_confirmed(world):
    await world.broker.feed.subscribe([await world.spy()])
    working = await resting(world)
    await link_is(world, Link.DOWN)
    with pytest.raises(NotReady):
        await world.broker.orders.place(world.intent(Side.BUY, 100, await world.spy()))
    await world.until(lambda: sum(isinstance(each, Recap) for each in world.said) == 2)
    await world.until(lambda: world.broker.link.link is Link.READY)
    recap = [each for each in world.said if isinstance(each, Recap)][-1]
    assert [report.order_ref for report in recap.open_orders] == [str(working)]
    world.quote(SPY, 599.38, 599.40)
    await world.stands(working, Standing.FILLED)
    await world.until(lambda: (SPY, 599.38, 599.40) in world.offers())


# -- quotes ------------------------------------------------------------------------------------------------------------


@goes_wrong(Kind.DELAYED_DATA, duration_s=3_000)
async def test_delayed_quotes_are_told_as_delayed(world):
    await world.broker.feed.subscribe([await world.spy()])
    world.quote(SPY, 599.99, 600.01)
    await world.until(lambda: (SPY, 599.99, 600.01) in world.offers())
    assert world.quotes[-1].data_type is DataType.DELAYED
    assert world.broker.feed.condition(SPY).data_type is DataType.DELAYED


@goes_wrong(Kind.COMPETING_10197, 3, duration_s=12)
async def test_quotes_that_another_session_takes_are_frozen_until_they_come_again(world):
    await world.broker.feed.subscribe([await world.spy()])

    async def frozen() -> bool:
        world.quote(SPY, 598.00, 598.02)
        await world.settled()
        return "10197" in world.broker.feed.condition(SPY).frozen

    async def counts_again() -> bool:
        world.quote(SPY, 597.00, 597.02)
        await world.settled()
        return not world.broker.feed.condition(SPY).frozen

    await world.becomes(frozen, True)
    world.quote(SPY, 596.00, 596.02)
    await world.settled()
    await world.becomes(counts_again, True)
    assert (SPY, 597.00, 597.02) in world.offers()
    assert (SPY, 596.00, 596.02) not in world.offers()


@goes_wrong(Kind.POISONED_GREEKS, duration_s=3_000)
async def test_spoilt_greeks_are_none_at_all(world):
    call, _ = await world.straddle()
    await world.broker.feed.subscribe([await world.spy(), call])
    for _ in range(8):
        world.quote_all()
        await world.settled()
        await world.pass_time(1.2)
        greeks = world.broker.feed.condition(call.con_id).greeks
        assert greeks is None or (greeks.implied_vol, greeks.delta, greeks.vega) == (None, None, None)


# -- fills -------------------------------------------------------------------------------------------------------------


@goes_wrong(Kind.LOST_EXECUTION)
async def test_a_fill_that_was_never_told_is_asked_for_and_told_once(world):
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, await world.spy())
    await world.until(lambda: world.fills(bought))
    await world.until(lambda: world.bills(world.fills(bought)))
    await world.pass_time(6)
    await world.settled()
    assert len(world.fills(bought)) == len(world.bills(world.fills(bought))) == 1


@goes_wrong(Kind.DUPLICATE_EXECUTION)
async def test_a_fill_that_is_told_twice_counts_once(world):
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, await world.spy())
    await world.stands(bought, Standing.FILLED)
    await world.settled()
    assert len(world.fills(bought)) == 1


@goes_wrong(Kind.LATE_EXECUTION, amount=3.0)
async def test_a_late_fill_is_told_once_and_its_bill_after_it(world):
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, await world.spy())
    await world.until(lambda: world.bills(world.fills(bought)))
    await world.pass_time(6)
    await world.settled()
    (fill,), (bill,) = world.fills(bought), [each for each in world.said if isinstance(each, Commission)]
    assert world.said.index(fill) < world.said.index(bill)


@goes_wrong(Kind.CORRECTED_EXECUTION, amount=0.03)
async def test_a_corrected_execution_is_another_fill_with_the_same_key(world):
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, await world.spy())
    await world.until(lambda: len(world.fills(bought)) == 2)
    first, corrected = world.fills(bought)
    assert first.key == corrected.key
    assert first.exec_id != corrected.exec_id
    assert corrected.price - first.price == Decimal("0.03")


@goes_wrong(Kind.MANUAL_TRADE, 3, target="SPY", amount=70)
async def test_a_trade_by_hand_is_a_fill_without_an_intent(world):
    world.quote(SPY, 599.99, 600.01)
    await world.until(lambda: any(isinstance(each, Fill) for each in world.said))
    (fill,) = [each for each in world.said if isinstance(each, Fill)]
    assert (fill.intent, fill.quantity, fill.side) == (None, 70, Side.BUY)


# -- orders ------------------------------------------------------------------------------------------------------------


@goes_wrong(Kind.FALSE_CANCEL_10349)
async def test_a_living_order_that_is_called_cancelled_is_looked_up_and_lives(world):
    working = await resting(world)
    await world.stands(working, Standing.WORKING)
    await world.pass_time(3)
    await world.settled()
    assert not DEAD & set(world.course(working))
    assert world.course(working)[-1] is Standing.WORKING
    world.quote(SPY, 599.38, 599.40)
    await world.stands(working, Standing.FILLED)


@goes_wrong(Kind.FALSE_ERROR_105)
async def test_a_living_order_with_an_error_that_looks_fatal_is_looked_up_and_lives(world):
    working = await resting(world)
    await world.stands(working, Standing.WORKING)
    await world.pass_time(3)
    await world.settled()
    assert not DEAD & set(world.course(working))
    assert world.course(working)[-1] is Standing.WORKING


@pytest.mark.scene(Scene(faults=((Kind.CANCEL_10147, 0, {}), (Kind.CANCEL_10148, 1, {}))))
async def test_a_cancel_that_is_refused_leaves_an_order_that_is_looked_up_and_lives(world):
    working = await resting(world)
    await world.stands(working, Standing.WORKING)
    for _ in range(2):
        await world.broker.orders.cancel(working)
        await world.stands(working, Standing.UNKNOWN)
        await world.until(lambda: world.course(working)[-1] is Standing.WORKING)
        await world.pass_time(1.5)
    assert not DEAD & set(world.course(working))
    await world.broker.orders.cancel(working)
    await world.stands(working, Standing.CANCELLED)


@goes_wrong(Kind.LOST_ORDER)
async def test_a_lost_order_is_in_no_record_and_is_not_sent_again(world):
    world.quote(SPY, 599.99, 600.01)
    lost = await world.buy(100, await world.spy())
    await world.pass_time(5)
    assert not await world.broker.orders.open_orders()
    assert not world.fills(lost)
    assert not {Standing.WORKING, Standing.FILLED} & set(world.course(lost))
    assert not world.engine.completed_orders()


@goes_wrong(Kind.SECOND_PERM_ID)
async def test_two_orders_that_came_of_one_amendment_are_told_apart(world):
    working = await resting(world)
    await world.stands(working, Standing.WORKING)
    await world.broker.orders.amend(working, Limit("599.40"))
    await world.until(lambda: len({report.perm_id for report in world.reports(working)} - {0}) == 2)


@goes_wrong(Kind.PRESET_CHANGE)
async def test_an_order_that_was_changed_on_the_way_is_told_and_cancelled(world):
    world.quote(SPY, 599.99, 600.01)
    changed = await world.buy(100, await world.spy(), "599.50")
    await world.until(lambda: any(isinstance(each, Altered) for each in world.said))
    await world.stands(changed, Standing.CANCELLED)
    (altered,) = [each for each in world.said if isinstance(each, Altered)]
    assert altered.order_ref == str(changed)
    assert any(each.startswith("tif: sent IOC") for each in altered.differences)
    assert not world.engine.open_orders()


@goes_wrong(Kind.PRECAUTION_383)
async def test_an_order_that_is_too_large_for_the_broker_s_taste_is_rejected(world):
    world.quote(SPY, 599.99, 600.01)
    refused = await world.buy(100, await world.spy())
    assert (await world.stands(refused, Standing.REJECTED)).code == 383


@goes_wrong(Kind.REJECT_201)
async def test_an_order_that_is_refused_at_once_is_rejected_with_the_reason(world):
    world.quote(SPY, 599.99, 600.01)
    refused = await world.buy(100, await world.spy())
    report = await world.stands(refused, Standing.REJECTED)
    assert (report.code, report.filled) == (201, 0)
    assert report.why


@goes_wrong(Kind.INACTIVE)
async def test_an_order_that_was_taken_and_then_refused_is_rejected(world):
    world.quote(SPY, 599.99, 600.01)
    refused = await world.buy(100, await world.spy())
    assert (await world.stands(refused, Standing.REJECTED)).code == 201
    assert world.course(refused)[-1] is Standing.REJECTED


@goes_wrong(Kind.LOCATE_404, duration_s=3_000)
async def test_a_short_sale_that_waits_for_shares_is_held_and_alive(world):
    world.quote(SPY, 599.99, 600.01)
    held = await world.sell(100, await world.spy(), "600.50", lives_s=3_000)
    await world.stands(held, Standing.HELD)
    await world.settled()
    assert world.course(held)[-1] is Standing.HELD
    await world.broker.orders.cancel(held)
    await world.stands(held, Standing.CANCELLED)


# -- requests ----------------------------------------------------------------------------------------------------------


@goes_wrong(Kind.WHAT_IF_UNSET)
async def test_a_what_if_without_figures_is_no_answer(world):
    world.quote(SPY, 599.99, 600.01)
    with pytest.raises(Unanswered):
        await world.broker.orders.what_if(world.intent(Side.BUY, 100, await world.spy()))
