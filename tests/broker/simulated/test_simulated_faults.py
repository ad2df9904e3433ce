"""What the simulated broker's client is told while things go wrong, and what it makes of it."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from simulated_accounts import MONDAY, SPY, account, after, fault

from gamma_scalper.broker.simulated import SimulatedParameters
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.ports import (
    Altered,
    Link,
    LinkReport,
    NotReady,
    OrderReport,
    Recap,
    Standing,
    Unanswered,
    Warned,
)
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import VenueParameters

SLOW = VenueParameters(latency_ms=200, slippage_bps=0, participation_pct=100, partial_fill_pct=0, oldest_quote_s=600)


# -- the connection ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.DISCONNECT_1101, Kind.DISCONNECT_1102])
async def test_an_outage_is_told_at_once_and_nothing_is_placed_while_it_lasts(kind):
    async with account(fault(kind, 10, duration_s=30)) as client:
        await client.broker.feed.subscribe([SPY])
        working = await client.resting()
        await asyncio.sleep(11)
        assert client.broker.link.link is Link.BLIND
        assert client.broker.feed.condition(1).frozen.startswith("1100")
        for call in (
            client.broker.orders.place(client.intent()),
            client.broker.orders.amend(working, Limit("599")),
            client.broker.orders.cancel(working),
        ):
            with pytest.raises(NotReady, match="blind"):
                await call
        await asyncio.sleep(30)
        assert client.broker.link.link is Link.READY
        client.quote(599.98, 600.00)
        assert client.broker.feed.condition(1).frozen == ""
        assert [each.link for each in await client.told(LinkReport)] == [Link.READY, Link.BLIND, Link.READY]
        await asyncio.sleep(0)
        assert client.quotes[-1].ask == 600.00, "the line was not asked for again"


async def test_what_is_looked_at_for_the_first_time_after_an_outage_is_quoted():
    async with account(fault(Kind.DISCONNECT_1101, 10, duration_s=30)) as client:
        await asyncio.sleep(50)
        await client.broker.feed.subscribe([SPY])
        client.quote()
        await client.read()
        assert [quote.ask for quote in client.quotes] == [600.01]


async def test_what_filled_during_an_outage_is_told_before_the_recap():
    async with account(fault(Kind.DISCONNECT_1101, 10, duration_s=30)) as client:
        working = await client.resting()
        await asyncio.sleep(20)
        client.quote(599.38, 599.40)
        assert not await client.told(Fill)
        await asyncio.sleep(30)
        said = await client.read()
        (fill,) = await client.told(Fill)
        recap = (await client.told(Recap))[-1]
        ready = (await client.told(LinkReport))[-1]
        assert fill.intent == working
        assert said.index(fill) < said.index(recap) < said.index(ready)
        assert [each.holding.quantity for each in recap.holdings] == [100]
        assert len(await client.told(Commission)) == 1


async def test_a_closed_socket_is_opened_again_as_soon_as_it_can_be():
    async with account(fault(Kind.SOCKET_DROP, 10, duration_s=20)) as client:
        await client.broker.feed.subscribe([SPY])
        working = await client.resting()
        await asyncio.sleep(11)
        assert client.broker.link.link is Link.DOWN
        with pytest.raises(Unanswered):
            await client.broker.orders.open_orders()
        client.quote(599.38, 599.40)
        await asyncio.sleep(18.9)
        assert client.broker.link.link is Link.DOWN
        await asyncio.sleep(1.2)
        assert client.broker.link.link is Link.READY
        assert [fill.intent for fill in await client.told(Fill)] == [working]
        client.quote(599.98, 600.00)
        await client.read()
        assert client.quotes[-1].ask == 600.00


async def test_what_struck_once_does_not_strike_the_next_connection_again():
    moment = MONDAY + timedelta(seconds=1)
    schedule = FaultSchedule([Fault(moment, Kind.LOST_ORDER), Fault(MONDAY + timedelta(seconds=10), Kind.SOCKET_DROP)])
    async with account(schedule) as client:
        await asyncio.sleep(2)
        client.quote()
        lost = await client.place()
        await asyncio.sleep(20)
        assert [each.link for each in await client.told(LinkReport)] == [Link.READY, Link.DOWN, Link.READY]
        assert not await client.course(lost)
        assert (await client.course(await client.place()))[-1] is Standing.FILLED


# -- quotes ------------------------------------------------------------------------------------------------------------


async def test_delayed_quotes_are_told_as_delayed():
    async with account(fault(Kind.DELAYED_DATA, duration_s=100)) as client:
        await client.broker.feed.subscribe([SPY])
        client.quote()
        await client.read()
        assert client.quotes[-1].data_type is DataType.DELAYED
        assert client.broker.feed.condition(1).data_type is DataType.DELAYED


async def test_quotes_that_another_session_takes_are_frozen_until_they_come_again():
    async with account(fault(Kind.COMPETING_10197, 5, duration_s=10)) as client:
        await client.broker.feed.subscribe([SPY])
        client.quote()
        await asyncio.sleep(6)
        client.quote(598.0, 598.02)
        await client.read()
        assert client.quotes[-1].ask == 600.01
        assert client.broker.feed.condition(1).frozen.startswith("10197")
        await asyncio.sleep(10)
        client.quote(597.0, 597.02)
        await client.read()
        assert client.quotes[-1].ask == 597.02
        assert client.broker.feed.condition(1).frozen == ""


async def test_a_broken_data_farm_freezes_quotes_and_leaves_orders_alone():
    async with account(fault(Kind.DATA_FARM_2103, 5, duration_s=10)) as client:
        await client.broker.feed.subscribe([SPY])
        client.quote()
        await asyncio.sleep(6)
        assert client.broker.feed.condition(1).frozen.startswith("2103")
        assert client.broker.link.link is Link.READY
        await client.place()
        assert len(await client.told(Fill)) == 1
        await asyncio.sleep(10)
        assert [each.code for each in await client.told(Warned)] == [2103, 2104]


# -- fills -------------------------------------------------------------------------------------------------------------


async def test_a_fill_that_was_never_told_is_found_within_a_minute_and_told_once():
    async with account(fault(Kind.LOST_EXECUTION)) as client:
        client.quote()
        await client.place()
        assert not await client.told(Fill)
        await asyncio.sleep(61)
        assert len(await client.told(Fill)) == 1
        assert len(await client.told(Commission)) == 1
        await asyncio.sleep(200)
        assert len(await client.told(Fill)) == 1


async def test_a_fill_that_is_told_twice_counts_once():
    async with account(fault(Kind.DUPLICATE_EXECUTION)) as client:
        client.quote()
        await client.place()
        assert len(await client.told(Fill)) == 1


async def test_a_late_fill_is_told_late_and_its_bill_after_it():
    async with account(fault(Kind.LATE_EXECUTION, amount=8.0)) as client:
        client.quote()
        await client.place()
        assert not await client.told(Fill)
        await asyncio.sleep(8.1)
        said = await client.read()
        (fill,), (bill,) = await client.told(Fill), await client.told(Commission)
        assert said.index(fill) < said.index(bill)


async def test_a_corrected_execution_is_another_fill_with_the_same_key():
    async with account(on_exchange=fault(Kind.CORRECTED_EXECUTION, amount=0.03)) as client:
        client.quote()
        await client.place()
        await asyncio.sleep(10)
        first, corrected = await client.told(Fill)
        assert first.key == corrected.key
        assert first.exec_id != corrected.exec_id
        assert corrected.price - first.price == Decimal("0.03")


async def test_a_liquidation_is_told_as_a_trade_of_nobody_here():
    async with account(on_exchange=fault(Kind.LIQUIDATION, 20)) as client:
        client.quote()
        await client.place()
        await asyncio.sleep(21)
        sold = (await client.told(Fill))[-1]
        assert (sold.intent, sold.side, sold.quantity) == (None, Side.SELL, 100)
        assert [each.code for each in await client.told(Warned)] == [2148]
        assert not await client.broker.account.holdings()


# -- orders ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.FALSE_CANCEL_10349, Kind.FALSE_ERROR_105])
async def test_a_living_order_that_is_called_dead_is_looked_up(kind):
    async with account(fault(kind)) as client:
        working = await client.resting()
        course = await client.course(working)
        assert Standing.UNKNOWN in course
        assert Standing.CANCELLED not in course
        assert course[-1] is Standing.WORKING


@pytest.mark.parametrize("kind", [Kind.CANCEL_10147, Kind.CANCEL_10148])
async def test_a_cancel_that_is_refused_leaves_an_order_that_is_looked_up(kind):
    async with account(fault(kind)) as client:
        working = await client.resting()
        await client.broker.orders.cancel(working)
        assert after(await client.course(working), Standing.UNKNOWN) == [Standing.WORKING]
        await client.broker.orders.cancel(working)
        assert (await client.course(working))[-1] is Standing.CANCELLED


async def test_a_fill_that_overtakes_a_cancel_leaves_a_filled_order():
    async with account(venue=SLOW) as client:
        working = await client.resting()
        await asyncio.sleep(1)
        await client.broker.orders.cancel(working)
        client.quote(599.38, 599.40)
        await asyncio.sleep(1)
        course = await client.course(working)
        assert after(course, Standing.UNKNOWN) == [Standing.FILLED]
        assert Standing.CANCELLED not in course


async def test_a_lost_order_is_in_no_record_and_is_not_sent_again():
    async with account(fault(Kind.LOST_ORDER)) as client:
        client.quote()
        lost = await client.place()
        await asyncio.sleep(100)
        assert not await client.course(lost)
        assert not await client.broker.orders.open_orders()
        assert not await client.broker.orders.completed_orders()


async def test_a_lost_cancel_leaves_the_order_working():
    async with account(fault(Kind.LOST_CANCEL)) as client:
        working = await client.resting()
        await client.broker.orders.cancel(working)
        assert (await client.course(working))[-1] is Standing.WORKING


async def test_one_amendment_may_make_two_orders_and_a_cancel_ends_both():
    async with account(on_exchange=fault(Kind.SECOND_PERM_ID)) as client:
        working = await client.resting()
        await client.broker.orders.amend(working, Limit("599.40"))
        reports = [each for each in await client.told(OrderReport) if each.order_ref == str(working)]
        assert len({report.perm_id for report in reports}) == 2
        await client.broker.orders.cancel(working)
        assert not client.venue.engine.open_orders()


async def test_an_order_that_a_preset_changed_is_told_and_cancelled():
    async with account(fault(Kind.PRESET_CHANGE)) as client:
        client.quote()
        changed = await client.place(Side.BUY, 100, "599.50")
        (altered,) = await client.told(Altered)
        assert (altered.order_ref, altered.differences) == (str(changed), ("tif: sent IOC, echoed DAY",))
        assert (await client.course(changed))[-1] is Standing.CANCELLED


async def test_an_order_that_is_too_large_for_the_broker_s_taste_is_rejected():
    async with account(fault(Kind.PRECAUTION_383)) as client:
        client.quote()
        refused = await client.place()
        (report,) = await client.told(OrderReport)
        assert (report.order_ref, report.standing, report.code) == (str(refused), Standing.REJECTED, 383)


async def test_an_order_that_was_taken_and_then_refused_is_rejected():
    async with account(on_exchange=fault(Kind.INACTIVE)) as client:
        client.quote()
        refused = await client.place()
        assert await client.course(refused) == [Standing.PENDING, Standing.REJECTED]
        assert (await client.told(OrderReport))[-1].code == 201


async def test_a_short_sale_without_shares_to_borrow_is_held():
    async with account(on_exchange=fault(Kind.LOCATE_404, duration_s=50)) as client:
        client.quote()
        held = await client.place(Side.SELL, 100, "600.50", lives_s=300)
        assert (await client.course(held))[-1] is Standing.HELD
        assert [(each.code, each.order_ref) for each in await client.told(Warned)] == [(404, str(held))]
        await asyncio.sleep(60)
        client.quote()
        assert (await client.course(held))[-1] is Standing.WORKING


async def test_an_order_while_the_market_is_closed_is_warned_of():
    async with account() as client:
        client.quote()
        await asyncio.sleep(7 * 3600)
        waiting = await client.place(Side.BUY, 100, "599.50", lives_s=86_400)
        assert await client.course(waiting) == [Standing.PENDING]
        assert [each.code for each in await client.told(Warned)] == [399]


# -- requests ----------------------------------------------------------------------------------------------------------


async def test_a_what_if_without_figures_is_no_answer():
    async with account(fault(Kind.WHAT_IF_UNSET)) as client:
        client.quote()
        with pytest.raises(Unanswered):
            await client.broker.orders.what_if(client.intent())
        assert (await client.broker.orders.what_if(client.intent())).initial_after.amount > 0


async def test_a_request_that_nobody_answers_ends_with_its_patience():
    patience = SimulatedParameters(answer_timeout_s=4)
    async with account(fault(Kind.UNANSWERED, duration_s=100), parameters=patience) as client:
        before = client.venue.now()
        with pytest.raises(Unanswered):
            await client.broker.orders.completed_orders()
        assert (client.venue.now() - before).total_seconds() == pytest.approx(4)


async def test_a_slow_answer_is_waited_for():
    async with account(fault(Kind.SLOW_ANSWERS, amount=3, duration_s=100)) as client:
        before = client.venue.now()
        await client.broker.account.cash()
        assert (client.venue.now() - before).total_seconds() == pytest.approx(3)


async def test_the_broker_s_clock_may_be_wrong():
    async with account(fault(Kind.CLOCK_SKEW, 10, amount=-7, duration_s=100)) as client:
        assert client.broker.clock_skew_s == 0
        await asyncio.sleep(11)
        assert client.broker.clock_skew_s == -7


async def test_values_are_not_told_over_a_link_that_is_blind():
    async with account(fault(Kind.DISCONNECT_1101, 10, duration_s=30)) as client:
        client.quote()
        before = client.broker.account.values
        await asyncio.sleep(20)
        assert client.broker.account.values is before
        await asyncio.sleep(30)
        assert client.broker.account.values.at > before.at
