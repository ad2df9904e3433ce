"""Orders as they live, are found again, and are asked about; each told once and never sent twice."""

import asyncio
from collections import Counter
from decimal import Decimal

import pytest
from ib_floor import CLIENT, PATIENT, adapter, fault, floor, option, quick, running
from ib_floor import Floor as FloorOf

from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.orders import IntentId, Limit, Market, Purpose, Side
from gamma_scalper.domain.ports import Altered, NotReady, OrderReport, Recap, Refused, Standing, Unanswered
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import Cancel

WORKING, FILLED, CANCELLED, UNKNOWN = Standing.WORKING, Standing.FILLED, Standing.CANCELLED, Standing.UNKNOWN


# -- the plain life ----------------------------------------------------------------------------------------------------


async def test_an_order_its_fill_and_its_bill_are_each_told_once_and_carry_the_intent() -> None:
    async with floor() as here:
        intent = await here.place(Side.BUY, 100, await here.spy())
        report = await here.stands(intent, FILLED)
        assert (report.filled, report.remaining) == (100, 0)
        fill = here.fills()[0]
        assert (fill.intent, fill.side, fill.quantity, fill.price) == (intent, Side.BUY, 100, Decimal("600.01"))
        assert fill.perm_id == report.perm_id
        assert [bill.key for bill in here.bills()] == [fill.key]
        assert [each.exec_id for each in await here.router.executions()] == [fill.exec_id]
        await asyncio.sleep(600)
        assert len(here.fills()) == len(here.bills()) == 1


async def test_executions_of_past_days_are_kept_no_longer_and_none_is_told_twice() -> None:
    async with floor() as here:
        await here.stands(await here.place(Side.BUY, 100, await here.spy()), FILLED)
        executions = here.broker._trading.executions
        await asyncio.sleep(3_600)
        assert len(executions._told) == len(executions._billed) == len(executions._done) == 1
        await asyncio.sleep(3 * 86_400)
        assert not executions._told and not executions._billed and not executions._done
        assert len(here.fills()) == len(here.bills()) == 1


async def test_yesterdays_dead_are_forgotten_though_somebody_else_asks_for_the_executions_all_the_time() -> None:
    async with floor(parameters=quick(executions_every_s=3_600)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy())
        await here.stands(intent, FILLED)
        for _ in range(2 * 15):  # past midnight in New York
            await asyncio.sleep(1_800)
            await here.router.executions()
        assert here.router._orders.find(str(intent)) is None
        assert here.router._orders.was_sent(str(intent))
        assert len(here.fills()) == 1


async def test_a_combo_is_told_by_its_legs() -> None:
    async with floor() as here:
        call, put = await here.straddle()
        here.quote_all()
        intent = await here.place(Side.SELL, 2, Combo((Leg(call, 1), Leg(put, 1))))
        await here.stands(intent, FILLED)
        assert sorted((fill.instrument.con_id, fill.side, fill.quantity) for fill in here.fills()) == [
            (11, Side.SELL, 2),
            (12, Side.SELL, 2),
        ]


async def test_partial_fills_come_one_by_one_and_an_immediate_rest_dies() -> None:
    async with floor() as here:
        here.quote(1, 599.99, 600.01, 40)
        intent = await here.place(Side.BUY, 500, await here.spy())
        report = await here.stands(intent, CANCELLED)
        assert [fill.quantity for fill in here.fills()] == [40, 40, 40]  # one for each level of the book
        assert (report.filled, report.remaining) == (120, 380)
        assert len({fill.exec_id for fill in here.fills()}) == 3
        assert UNKNOWN not in here.course(intent)


async def test_an_order_dies_by_itself_when_its_time_is_over() -> None:
    async with floor() as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=60)
        await here.stands(intent, CANCELLED)
        assert 60 <= here.clock.monotonic() < 62


async def test_a_limit_between_two_steps_goes_out_on_the_safe_one() -> None:
    async with floor() as here:
        buy = await here.place(Side.BUY, 5, await here.spy(), "500.019", lives_s=60)
        sell = await here.place(Side.SELL, 5, await here.spy(), "700.011", lives_s=60)
        await here.stands(buy, WORKING)
        await here.stands(sell, WORKING)
        limits = {order.ticket.order_ref: order.ticket.limit for order in here.engine.open_orders()}
        assert limits == {str(buy): Decimal("500.01"), str(sell): Decimal("700.02")}


async def test_an_amended_order_keeps_its_name_and_is_not_taken_for_altered() -> None:
    async with floor() as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.stands(intent, WORKING)
        await here.router.amend(intent, Limit("501.005"))
        await asyncio.sleep(5)
        assert [order.ticket.limit for order in here.engine.open_orders()] == [Decimal(501)]
        await here.router.amend(intent, Market())
        await here.stands(intent, FILLED)
        assert not here.of(Altered)


async def test_only_the_brokers_word_makes_an_order_dead() -> None:
    async with floor(venue_parameters=PATIENT.__class__(latency_ms=500, oldest_quote_s=7200)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.stands(intent, WORKING)
        await here.router.cancel(intent)
        assert CANCELLED not in here.course(intent)
        report = await here.stands(intent, CANCELLED)
        assert report.code == 202
        with pytest.raises(Refused, match="dead"):
            await here.router.cancel(intent)


async def test_what_is_not_ours_to_send_is_refused_and_nothing_leaves() -> None:
    async with floor() as here:
        spy = await here.spy()
        intent = here.intent(Side.BUY, 1, spy, "500", lives_s=600)
        await here.router.place(intent)
        with pytest.raises(Refused, match="sent already"):
            await here.router.place(intent)
        with pytest.raises(Refused, match="another account"):
            await here.place(Side.BUY, 1, spy, account="DU9999999")
        with pytest.raises(Refused, match="limit orders only"):
            await here.place(Side.BUY, 1, spy, outside_rth=True)
        with pytest.raises(Refused, match="not known"):
            await here.router.cancel(IntentId("nobody", 1))
        await asyncio.sleep(5)
        assert len(here.engine.open_orders()) == 1


async def test_two_at_once_of_one_name_are_one_order() -> None:
    async with floor() as here:
        intent = here.intent(Side.BUY, 1, await here.spy(), "500", lives_s=600)
        results = await asyncio.gather(*(here.router.place(intent) for _ in range(30)), return_exceptions=True)
        assert Counter(type(result) for result in results) == {type(None): 1, Refused: 29}
        await asyncio.sleep(5)
        assert len(here.engine.open_orders()) == 1


# -- row 3: two lives --------------------------------------------------------------------------------------------------


async def test_a_second_order_made_by_an_amendment_is_reported_under_its_own_permid() -> None:
    async with floor(fault(Kind.SECOND_PERM_ID)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.stands(intent, WORKING)
        await here.router.amend(intent, Limit("501"))
        await here.until(lambda: len({report.perm_id for report in here.reports(intent) if report.perm_id}) == 2)
        alive = {report.perm_id for report in await here.router.open_orders()}
        assert len(alive) == 2


async def test_the_death_of_one_life_is_found_and_the_other_lives_on() -> None:
    async with floor(fault(Kind.SECOND_PERM_ID), fault(Kind.STATUS_LOST, at_s=20, duration_s=5)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.stands(intent, WORKING)
        await here.router.amend(intent, Limit("501"))
        await asyncio.sleep(21)
        first, second = (order.perm_id for order in here.engine.open_orders())
        here.gateway.do(Cancel(first))
        await asyncio.sleep(1)
        await here.router.open_orders()
        await here.until(lambda: {report.perm_id for report in here.reports(intent) if report.standing is CANCELLED})
        assert {report.perm_id for report in here.reports(intent) if report.standing is CANCELLED} == {first}
        assert [report.perm_id for report in await here.router.open_orders()] == [second]
        await here.router.cancel(intent)  # it is dead only when both are
        await here.until(lambda: not here.engine.open_orders())


# -- row 4: what is never answered -------------------------------------------------------------------------------------


async def test_a_lost_order_is_neither_resent_nor_called_dead_and_is_in_no_record() -> None:
    async with floor(fault(Kind.LOST_ORDER)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await asyncio.sleep(300)
        assert here.reports(intent) == []
        assert await here.router.open_orders() == []
        assert await here.router.completed_orders() == []
        assert not here.engine.open_orders()


async def test_an_order_that_nobody_acknowledged_is_found_among_the_open_ones() -> None:
    async with floor(fault(Kind.LOST_ACK)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await asyncio.sleep(5)
        found = await here.router.open_orders()
        assert [report.order_ref for report in found] == [str(intent)]


# -- row 19: the margin of an order ------------------------------------------------------------------------------------


async def test_margin_is_asked_for_entries_only_and_is_real_figures() -> None:
    async with floor() as here:
        spy = await here.spy()
        impact = await here.router.what_if(here.intent(Side.BUY, 100, spy))
        assert impact.initial_change.amount > 0
        assert impact.initial_after.amount > impact.maintenance_after.amount
        for purpose in (Purpose.HEDGE, Purpose.EXIT, Purpose.REPAIR, Purpose.FLATTEN):
            with pytest.raises(Refused, match="entries only"):
                await here.router.what_if(here.intent(Side.BUY, 100, spy, purpose=purpose))
        assert not here.engine.open_orders()
        assert not here.of(OrderReport)


async def test_margin_that_is_unset_in_the_brokers_spelling_is_no_answer() -> None:
    async with floor(fault(Kind.WHAT_IF_UNSET)) as here:
        with pytest.raises(Unanswered):
            await here.router.what_if(here.intent(Side.BUY, 100, await here.spy()))
        await here.router.what_if(here.intent(Side.BUY, 100, await here.spy()))  # the next is answered


async def test_margin_of_what_the_broker_would_refuse_is_refused_with_its_code() -> None:
    async with floor() as here:
        with pytest.raises(Refused) as refused:
            await here.router.what_if(here.intent(Side.BUY, 1, option(99, "C", 700)))
        assert refused.value.code == 200


# -- after a restart ---------------------------------------------------------------------------------------------------


async def test_after_a_restart_the_orders_of_before_are_known_and_can_be_changed() -> None:
    async with floor() as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        other = await here.place(Side.BUY, 6, await here.spy(), "499", lives_s=600)
        await here.stands(other, WORKING)
        await here.broker.stop()
        after = FloorOf(here.gateway, adapter(here.gateway))
        async with running(after):
            recap = after.of(Recap)[0]
            assert {order.order_ref for order in recap.open_orders} == {str(intent), str(other)}
            await after.router.amend(intent, Limit("502"))
            await after.router.cancel(other)
            await after.stands(other, CANCELLED)
            assert [order.ticket.limit for order in here.engine.open_orders()] == [Decimal(502)]
            assert not after.of(Altered)


async def test_an_order_that_died_while_nobody_was_connected_is_told_dead() -> None:
    async with floor(fault(Kind.SOCKET_DROP, at_s=10, duration_s=20, target=str(CLIENT))) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await asyncio.sleep(12)
        order = here.engine.open_orders()[0]
        here.gateway.do(Cancel(order.perm_id))
        await here.stands(intent, CANCELLED)
        assert not here.router._orders.doubts


async def test_orders_of_another_client_are_listed_and_not_touched() -> None:
    async with floor() as here:
        other = FloorOf(here.gateway, adapter(here.gateway, client_id=18))
        async with running(other):
            intent = await other.place(Side.BUY, 5, await other.spy(), "500", lives_s=600)
            await other.stands(intent, WORKING)
            assert str(intent) in [report.order_ref for report in await here.router.open_orders()]
            with pytest.raises(Refused, match="client 18"):
                await here.router.cancel(intent)


async def test_an_option_is_exercised_and_a_wrong_instruction_refused() -> None:
    async with floor() as here:
        call, put = await here.straddle()
        await here.place(Side.BUY, 2, call)
        await here.until(lambda: here.fills())
        here.quote(1, 604.99, 605.01)
        await here.router.exercise(call, 1)
        held = {each.holding.instrument.con_id: each.holding.quantity for each in await here.broker.account.holdings()}
        assert held == {11: 2}
        with pytest.raises(Refused):
            await here.router.exercise(put, 1)
        with pytest.raises(Refused, match="can't be exercised"):
            await here.router.exercise(call, 0)
        await asyncio.sleep(20 * 3600)  # over night
        held = {each.holding.instrument.con_id: each.holding.quantity for each in await here.broker.account.holdings()}
        assert held == {11: 1, 1: 100}


async def test_a_hundred_orders_at_once_keep_to_the_brokers_pace_and_each_is_told() -> None:
    async with floor(parameters=quick()) as here:
        spy = await here.spy()
        ids = await asyncio.gather(*(here.place(Side.BUY, 1, spy) for _ in range(100)))
        await here.until(lambda: len(here.fills()) == 100)
        assert 5 <= here.clock.monotonic() < 8
        assert {fill.intent for fill in here.of(Fill)} == set(ids)


async def test_nothing_is_placed_before_a_start() -> None:
    async with floor() as here:
        idle = adapter(here.gateway, client_id=18)
        assert idle.orders is not None
        with pytest.raises(NotReady):
            await idle.orders.place(here.intent(Side.BUY, 1, await here.spy()))
