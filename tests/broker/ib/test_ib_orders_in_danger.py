"""Where an order could be sent twice, hit another's, or be called dead or alive falsely."""

import asyncio
import copy
from decimal import Decimal
from typing import Any

import ib_insync as ib
import pytest
from attrs import evolve
from ib_floor import CLIENT, ME, PATIENT, Floor, fault, floor

from gamma_scalper.broker.ib.tracked import Tracked
from gamma_scalper.domain.orders import IntentId, Limit, Side
from gamma_scalper.domain.ports import Altered, Link, NotReady, OrderReport, Refused, Standing, Warned
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import Cancel

PENDING, WORKING, FILLED, CANCELLED = Standing.PENDING, Standing.WORKING, Standing.FILLED, Standing.CANCELLED
REJECTED, UNKNOWN = Standing.REJECTED, Standing.UNKNOWN
PLACE = "3\0"


def client(here: Floor) -> Any:
    return here.broker._wire._client


def said(here: Floor) -> Any:
    """Whoever hears the broker's messages, as the decoder tells them."""
    return client(here).wrapper


def tracked(here: Floor, intent: IntentId) -> Tracked:
    found = here.router._orders.find(str(intent))
    assert found is not None
    return found


def swallow_orders(here: Floor) -> None:
    """From now on what is placed goes into a socket at whose other end nobody reads any more."""
    send = client(here).sendMsg
    client(here).sendMsg = lambda message: None if message.startswith(PLACE) else send(message)


async def reconnected(here: Floor) -> None:
    client(here).conn.transport.abort()
    await here.until(lambda: here.broker.link.link is Link.DOWN)
    await here.until(lambda: here.broker.link.link is Link.READY)


async def resting(here: Floor, **more: object) -> IntentId:
    intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=7200, **more)
    await here.stands(intent, WORKING)
    return intent


def falsely_cancelled(here: Floor, intent: IntentId) -> None:
    """Its time in force was changed, they say, and that it is cancelled; it lives."""
    order = tracked(here, intent)
    (perm_id,) = order.lives
    said(here).error(order.order_id, 10349, "Order TIF was set to DAY based on order preset.", "")
    said(here).orderStatus(order.order_id, "Cancelled", 0.0, 5.0, 0.0, perm_id, 0, 0.0, CLIENT, "", 0.0)


# -- one id, one order -------------------------------------------------------------------------------------------------


async def test_an_id_that_went_down_with_its_socket_is_given_to_no_other_order() -> None:
    async with floor() as here:
        swallow_orders(here)
        lost = await here.place(Side.BUY, 50, await here.spy(), "500", lives_s=3600)
        await reconnected(here)
        others = [await resting(here) for _ in range(6)]
        ids = {tracked(here, intent).order_id for intent in (lost, *others)}
        assert len(ids) == 7
        with pytest.raises(NotReady):
            await here.router.amend(lost, Limit("501"))
        await here.router.cancel(lost)
        await asyncio.sleep(60)
        assert {order.ticket.limit for order in here.engine.open_orders()} == {Decimal(500)}
        assert len(here.engine.open_orders()) == 6
        assert all(here.course(intent)[-1] is WORKING for intent in others)


async def test_an_id_that_an_execution_names_is_used() -> None:
    async with floor() as here:
        said(here).execDetails(-1, ib.Contract(secType="STK", conId=1), execution(here, orderId=5_000))
        intent = await resting(here)
        assert tracked(here, intent).order_id > 5_000


async def test_an_id_that_is_another_orders_is_refused_and_that_order_stays_known() -> None:
    async with floor() as here:
        first = await resting(here)
        before = tracked(here, first)
        client(here)._reqIdSeq = before.order_id
        with pytest.raises(Refused, match="another order's"):
            await resting(here)
        assert here.router._orders._by_id[CLIENT, before.order_id] is before
        assert [order.ticket.order_ref for order in here.engine.open_orders()] == [str(first)]


async def test_what_nobody_acknowledged_is_not_amended_which_would_place_it_anew() -> None:
    async with floor(fault(Kind.LOST_ORDER)) as here:
        lost = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await asyncio.sleep(1)
        with pytest.raises(NotReady, match="not acknowledged"):
            await here.router.amend(lost, Limit("501"))
        report = await here.stands(lost, UNKNOWN)
        assert report.perm_id == 0
        await asyncio.sleep(300)
        assert here.course(lost) == [UNKNOWN]  # in no record, and no word that it was refused
        assert not here.engine.open_orders()


async def test_what_died_while_its_amendment_waited_for_its_turn_is_not_sent() -> None:
    async with floor() as here:
        intent = await resting(here)
        await asyncio.sleep(5)
        await asyncio.gather(*(here.router._wire.pacing.trading.turn() for _ in range(18)))
        amending = asyncio.ensure_future(here.router.amend(intent, Limit("501")))
        here.gateway.do(Cancel(here.engine.open_orders()[0].perm_id))
        with pytest.raises(Refused, match="dead"):
            await amending


# -- called dead, and alive --------------------------------------------------------------------------------------------


async def test_a_refusal_that_comes_after_the_amendments_echo_leaves_the_order_alive_and_to_be_cancelled() -> None:
    async with floor() as here:
        intent = await resting(here)
        await here.router.amend(intent, Limit("501"))
        await asyncio.sleep(1)
        said(here).error(tracked(here, intent).order_id, 201, "Order rejected - reason:cannot replace", "")
        await here.until(lambda: here.course(intent)[-2:] == [UNKNOWN, WORKING])
        assert REJECTED not in here.course(intent)
        await here.router.cancel(intent)
        await here.stands(intent, CANCELLED)


async def test_a_false_death_is_not_believed_after_a_cancel_that_was_refused() -> None:
    async with floor(fault(Kind.CANCEL_10148)) as here:
        intent = await resting(here)
        await here.router.cancel(intent)
        await here.until(lambda: here.course(intent)[-2:] == [UNKNOWN, WORKING])
        falsely_cancelled(here, intent)
        await asyncio.sleep(60)
        assert here.course(intent)[-1] is WORKING
        assert CANCELLED not in here.course(intent)


async def test_a_false_death_is_not_believed_after_the_cancel_of_an_altered_order_was_lost() -> None:
    async with floor(fault(Kind.PRESET_CHANGE, amount=100), fault(Kind.LOST_CANCEL)) as here:
        intent = await resting(here)
        assert here.of(Altered)
        falsely_cancelled(here, intent)
        await asyncio.sleep(60)
        assert here.course(intent)[-1] is WORKING
        assert CANCELLED not in here.course(intent)


async def test_amendments_in_quick_succession_are_not_taken_for_alterations() -> None:
    async with floor(venue_parameters=evolve(PATIENT, latency_ms=200)) as here:
        intent = await resting(here)
        for limit in ("501", "502", "503"):
            await here.router.amend(intent, Limit(limit))
        await asyncio.sleep(70)
        assert not here.of(Altered)
        assert [order.ticket.limit for order in here.engine.open_orders()] == [Decimal(503)]


async def test_what_had_a_warning_before_it_was_acknowledged_is_on_its_way_and_not_refused() -> None:
    async with floor() as here:
        spy, send, held = await here.spy(), client(here).sendMsg, []
        client(here).sendMsg = lambda message: (held.append if message.startswith(PLACE) else send)(message)
        intent = await here.place(Side.BUY, 5, spy, "500", lives_s=3600)
        said(here).error(tracked(here, intent).order_id, 399, "Order Message: will not be placed until ...", "")
        assert await here.router.open_orders() == []
        await asyncio.sleep(20)
        send(held[0])
        await here.stands(intent, WORKING)
        assert here.course(intent) == [PENDING, WORKING]


async def test_what_has_no_name_yet_and_is_in_no_list_is_unknown_until_it_is_found() -> None:
    async with floor() as here:
        spy, send, held = await here.spy(), client(here).sendMsg, []
        client(here).sendMsg = lambda message: (held.append if message.startswith(PLACE) else send)(message)
        intent = await here.place(Side.BUY, 5, spy, "500", lives_s=3600)
        said(here).error(tracked(here, intent).order_id, 321, "Error validating request", "")
        await asyncio.sleep(30)
        assert here.course(intent) == [UNKNOWN]
        send(held[0])
        await here.stands(intent, WORKING)
        assert REJECTED not in here.course(intent)


async def test_what_died_unheard_of_is_found_among_the_dead_by_what_we_called_it() -> None:
    async with floor(fault(Kind.STATUS_LOST, duration_s=20)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500")  # immediate, and there is nothing to be had
        await asyncio.sleep(30)
        assert here.reports(intent) == []
        here.router._orders.doubt(tracked(here, intent))
        report = await here.stands(intent, CANCELLED)
        assert report.perm_id == here.engine.completed_orders()[0].perm_id
        assert UNKNOWN not in here.course(intent)


async def test_of_two_orders_without_a_name_the_listed_one_does_not_vouch_for_the_other() -> None:
    async with floor() as here:
        spy = await here.spy()
        swallow_orders(here)
        lost = await here.place(Side.BUY, 5, spy, "500", lives_s=3600)
        listed = await here.place(Side.BUY, 6, spy, "500", lives_s=3600)
        show_in_list(here, listed, "PendingSubmit")
        said(here).error(tracked(here, lost).order_id, 321, "Error validating request", "")
        said(here).error(tracked(here, listed).order_id, 321, "Error validating request", "")
        await asyncio.sleep(120)
        assert here.course(lost) == [UNKNOWN]
        assert here.course(listed) == [UNKNOWN, PENDING]
        assert [report.order_ref for report in await here.router.open_orders()] == [str(listed)]


def show_in_list(here: Floor, intent: IntentId, status: str, perm_id: int = 0) -> None:
    """Whenever open orders are asked for, this one is among them."""
    order, ask, hear = tracked(here, intent), client(here).reqAllOpenOrders, said(here)
    shown = copy.copy(order.sent)
    shown.orderId, shown.clientId, shown.permId = order.order_id, CLIENT, perm_id

    def asked() -> None:
        ask()
        hear.openOrder(order.order_id, order.contract, shown, ib.OrderState(status=status))

    client(here).reqAllOpenOrders = asked


async def test_an_order_that_is_listed_as_filled_is_told_filled_with_its_whole_quantity() -> None:
    async with floor() as here:
        intent = await resting(here)
        (perm_id,) = tracked(here, intent).lives
        show_in_list(here, intent, "Filled", perm_id)
        here.gateway.do(Cancel(perm_id))  # that the gateway's own list does not show it
        await here.stands(intent, CANCELLED)
        tracked(here, intent).lives[perm_id].standing = UNKNOWN
        here.router._orders.doubt(tracked(here, intent))
        await asyncio.sleep(0.5)
        said(here).orderStatus(
            tracked(here, intent).order_id, "Filled", 5.0, 0.0, 500.0, perm_id, 0, 500.0, CLIENT, "", 0.0
        )
        await here.stands(intent, FILLED)
        assert (here.reports(intent)[-1].filled, here.reports(intent)[-1].remaining) == (5, 0)


# -- deaths and fills that no status tells -----------------------------------------------------------------------------


async def test_a_death_that_was_never_told_is_found_within_a_minute() -> None:
    async with floor() as here:
        intent = await resting(here)
        orders = here.router._orders
        orders.status = orders.trouble = lambda *_: None  # neither its status nor its code comes through
        here.gateway.do(Cancel(here.engine.open_orders()[0].perm_id))
        await asyncio.sleep(1)
        del orders.status, orders.trouble
        assert here.course(intent)[-1] is WORKING
        await here.stands(intent, CANCELLED, patience_s=70)


async def test_an_order_whose_executions_add_up_is_told_filled_without_a_status() -> None:
    async with floor(fault(Kind.STATUS_LOST, at_s=10, duration_s=600)) as here:
        intent = await resting(here)
        await asyncio.sleep(11)
        here.quote(1, 499.0, 499.1, 2)
        await asyncio.sleep(1)
        assert FILLED not in here.course(intent)
        here.quote(1, 499.0, 499.1, 1_000)
        await here.until(lambda: sum(fill.quantity for fill in here.fills()) == 5)
        report = await here.stands(intent, FILLED, patience_s=1)
        assert (report.filled, report.remaining) == (5, 0)
        assert here.said.index(here.fills()[-1]) < here.said.index(report)


# -- records that can't be so ------------------------------------------------------------------------------------------


def execution(here: Floor, **changes: object) -> ib.Execution:
    plain: dict[str, object] = {
        "execId": "0001.02.03.01",
        "acctNumber": ME,
        "side": "BOT",
        "shares": 1.0,
        "price": 1.0,
        "permId": 4_242,
        "clientId": CLIENT,
        "orderId": 0,
        "cumQty": 1.0,
        "time": here.clock.now(),
    }
    return ib.Execution(**plain | changes)


@pytest.mark.parametrize("odd", [{"price": -0.05}, {"shares": 0.5}])
async def test_a_fill_that_cannot_be_so_is_told_once_and_counts_once_it_is_mended(odd: dict[str, float]) -> None:
    async with floor() as here:
        unheard_of = ib.Contract(secType="OPT", conId=13, symbol="SPY")
        for _ in range(3):
            said(here).execDetails(-1, unheard_of, execution(here, **odd))
            await asyncio.sleep(30)
        assert here.links() == [Link.CONFIRMING, Link.READY]
        (warned,) = here.of(Warned)
        assert "a fill in SPY (13) can't be so" in warned.text
        assert not here.fills()
        said(here).execDetails(-1, unheard_of, execution(here))
        await here.until(lambda: here.fills())
        assert [(fill.instrument.con_id, fill.quantity) for fill in here.fills()] == [(13, 1)]


async def test_what_is_not_counted_is_not_remembered_for_ever_either() -> None:
    async with floor() as here:
        index = ib.Contract(secType="IND", conId=3, symbol="SPX")
        said(here).execDetails(-1, index, execution(here, execId="0001.02.03.02"))
        said(here).execDetails(-1, ib.Contract(secType="OPT", conId=13, symbol="SPY"), execution(here, price=-0.05))
        executions = here.broker._trading.executions
        await here.until(lambda: executions._foreign and executions._spoilt)
        await asyncio.sleep(3 * 86_400)
        assert not executions._foreign and not executions._spoilt
        assert not here.fills()


async def test_a_status_that_cannot_be_so_changes_nothing_that_is_known() -> None:
    async with floor() as here:
        intent = await resting(here)
        order = tracked(here, intent)
        (life,) = order.lives.values()
        ids = order.order_id, life.perm_id
        with pytest.raises(ValueError, match="negative"):  # which the decoder takes for unreadable
            said(here).orderStatus(ids[0], "Submitted", -3.0, 8.0, 0.0, ids[1], 0, 0.0, CLIENT, "", 0.0)
        assert (life.filled, life.remaining) == (0, 5)


async def test_the_dead_of_before_today_are_forgotten_and_still_not_sent_again() -> None:
    async with floor() as here:
        spy = await here.spy()
        over = here.intent(Side.BUY, 5, spy)
        await here.router.place(over)
        await here.stands(over.id, FILLED)
        alive = await here.place(Side.BUY, 5, spy, "500", lives_s=3 * 86_400)
        await here.stands(alive, WORKING)
        await asyncio.sleep(13 * 3600)  # 23:00 in New York
        assert here.router._orders.find(str(over.id)) is not None
        await asyncio.sleep(2 * 3600)
        assert here.router._orders.find(str(over.id)) is None
        assert [each.order_ref for each in here.router._orders._by_id.values()] == [str(alive)]
        with pytest.raises(Refused, match="sent already"):
            await here.router.place(over)
        assert len(here.of(OrderReport)) == len({str(report) for report in here.of(OrderReport)})
