"""Orders of which the simulated broker's client was told too little, and what it may not conclude from that."""

import asyncio

import pytest
from simulated_accounts import ME, account, fault

from gamma_scalper.broker.simulated import SimulatedParameters
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.ports import NotReady, OrderReport, Standing, Unanswered
from gamma_scalper.exchange.faults import FaultSchedule, Kind
from gamma_scalper.exchange.tickets import Cancel

QUICK_TO_LOOK = SimulatedParameters(pull_every_s=30)


async def test_what_never_arrived_is_not_amended_and_its_cancel_proves_nothing():
    async with account(fault(Kind.LOST_ORDER)) as client:
        client.quote()
        lost = await client.place()
        with pytest.raises(NotReady, match="not acknowledged"):
            await client.broker.orders.amend(lost, Limit("600"))
        await client.broker.orders.cancel(lost)
        (report,) = await client.told(OrderReport)
        assert (report.order_ref, report.standing, report.code) == (str(lost), Standing.UNKNOWN, 10147)
        assert not client.venue.engine.open_orders(ME)


async def test_a_death_that_no_status_told_is_told_by_the_next_look():
    async with account(fault(Kind.STATUS_LOST, 5, duration_s=10), parameters=QUICK_TO_LOOK) as client:
        working = await client.resting()
        await asyncio.sleep(6)
        (order,) = client.venue.engine.open_orders(ME)
        client.venue.do(Cancel(order.perm_id, order.ticket.owner))
        assert (await client.course(working))[-1] is Standing.WORKING
        await asyncio.sleep(60)
        assert (await client.course(working))[-1] is Standing.CANCELLED
        assert (await client.course(working)).count(Standing.CANCELLED) == 1


async def test_what_filled_without_a_status_is_told_filled_by_the_next_look():
    async with account(fault(Kind.STATUS_LOST, duration_s=10), parameters=QUICK_TO_LOOK) as client:
        client.quote()
        bought = await client.place()
        await asyncio.sleep(1)
        assert not await client.course(bought)
        await asyncio.sleep(60)
        assert await client.course(bought) == [Standing.FILLED]


async def test_what_nothing_was_told_of_and_still_works_is_told_by_the_next_look():
    async with account(fault(Kind.LOST_ACK), parameters=QUICK_TO_LOOK) as client:
        client.quote()
        intent = client.intent(Side.BUY, limit="500", lives_s=600)
        await client.broker.orders.place(intent)
        await asyncio.sleep(1)
        assert not await client.course(intent.id)
        await asyncio.sleep(60)
        assert await client.course(intent.id) == [Standing.WORKING]


async def test_a_margin_that_was_asked_for_when_the_link_went_blind_is_no_answer():
    slow, outage = fault(Kind.SLOW_ANSWERS, amount=3, duration_s=100), fault(Kind.DISCONNECT_1102, 1, duration_s=30)
    schedule = FaultSchedule([*slow.faults, *outage.faults])
    async with account(schedule) as client:
        client.quote()
        with pytest.raises(Unanswered, match="blind"):
            await client.broker.orders.what_if(client.intent())
