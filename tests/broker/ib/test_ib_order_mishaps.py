"""Orders through the broker's mishaps: never called dead while they live, every fill told once."""

import asyncio
from decimal import Decimal

import pytest
from ib_floor import Floor as FloorOf
from ib_floor import adapter, fault, floor, option, running

from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.ports import Altered, Standing, Warned
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import Cancel

WORKING, FILLED, CANCELLED = Standing.WORKING, Standing.FILLED, Standing.CANCELLED
REJECTED, UNKNOWN, HELD = Standing.REJECTED, Standing.UNKNOWN, Standing.HELD


# -- row 1: what looks dead and lives ----------------------------------------------------------------------------------


async def test_a_living_order_that_is_called_cancelled_is_in_doubt_and_found_alive() -> None:
    async with floor(fault(Kind.FALSE_CANCEL_10349)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.until(lambda: here.course(intent)[-1:] == [WORKING] and UNKNOWN in here.course(intent))
        assert CANCELLED not in here.course(intent)
        assert 10349 in [warned.code for warned in here.of(Warned)]
        await here.router.cancel(intent)
        await here.stands(intent, CANCELLED)


@pytest.mark.parametrize("code", [0, 321, 329, 161])
async def test_an_error_that_looks_fatal_leaves_the_order_in_doubt_until_the_records_tell(code: int) -> None:
    async with floor(fault(Kind.FALSE_ERROR_105, amount=code)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.until(lambda: here.course(intent)[-1:] == [WORKING] and UNKNOWN in here.course(intent))
        assert not {CANCELLED, REJECTED} & set(here.course(intent))
        assert not here.router._orders.doubts


async def test_an_order_of_which_nothing_but_its_fill_was_told_is_found_filled() -> None:
    async with floor(fault(Kind.STATUS_LOST, duration_s=2)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy())
        await here.until(lambda: here.fills())
        assert here.reports(intent) == []  # a fill is no status either
        assert await here.router.open_orders() == []
        report = await here.stands(intent, FILLED)
        assert (report.filled, report.perm_id) == (5, here.fills()[0].perm_id)
        assert not {CANCELLED, REJECTED} & set(here.course(intent))


async def test_once_a_doubt_is_cleared_up_the_order_dies_as_any_other() -> None:
    async with floor(fault(Kind.FALSE_ERROR_105)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=60)
        await here.stands(intent, WORKING)
        await here.stands(intent, CANCELLED)
        assert here.course(intent).count(UNKNOWN) == 1
        assert here.reports(intent)[-1].code is None  # it was not the error that ended it


async def test_an_order_that_is_in_no_record_after_an_error_was_not_taken() -> None:
    async with floor(fault(Kind.UNANSWERED, target="reqCompletedOrders", duration_s=600)) as here:
        bad = option(99, "C", 700)
        intent = await here.place(Side.BUY, 1, bad, "1", lives_s=600)
        await here.stands(intent, REJECTED)
        assert here.reports(intent)[-1].code == 200
        other = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.stands(other, WORKING)
        here.gateway.do(Cancel(here.engine.open_orders()[0].perm_id))  # dead while we doubt it
        tracked = here.router._orders.find(str(other))
        assert tracked is not None
        here.router._orders.doubt(tracked)
        await here.stands(other, CANCELLED)


async def test_records_that_do_not_answer_leave_the_doubt_and_are_asked_again() -> None:
    silent = fault(Kind.UNANSWERED, at_s=5, target="reqAllOpenOrders", duration_s=60)
    async with floor(silent, fault(Kind.FALSE_ERROR_105, at_s=6)) as here:
        await asyncio.sleep(7)
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.stands(intent, UNKNOWN)
        await asyncio.sleep(45)
        assert here.router._orders.doubts
        await here.until(lambda: not here.router._orders.doubts)
        assert len(here.engine.open_orders()) == 1
        assert not {CANCELLED, REJECTED} & set(here.course(intent))


async def test_the_dead_of_today_are_told_as_they_died() -> None:
    async with floor() as here:
        filled = await here.place(Side.BUY, 5, await here.spy())
        dead = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=5)
        await here.stands(filled, FILLED)
        await here.stands(dead, CANCELLED)
        told = {report.order_ref: report for report in await here.router.completed_orders()}
        assert (told[str(filled)].standing, told[str(filled)].filled) == (FILLED, 5)
        assert (told[str(dead)].standing, told[str(dead)].filled) == (CANCELLED, 0)


# -- row 2 and 16: executions ------------------------------------------------------------------------------------------


async def test_an_execution_that_was_never_told_is_found_within_a_minute_with_its_bill() -> None:
    async with floor(fault(Kind.LOST_EXECUTION)) as here:
        intent = await here.place(Side.BUY, 100, await here.spy())
        await here.stands(intent, FILLED)
        assert not here.fills()  # its status is no source of position
        await here.until(lambda: here.fills(), patience_s=61)
        assert [fill.quantity for fill in here.fills()] == [100]
        assert [bill.key for bill in here.bills()] == [here.fills()[0].key]


@pytest.mark.parametrize("kind", [Kind.DUPLICATE_EXECUTION, Kind.LATE_EXECUTION, Kind.LATE_COMMISSION])
async def test_an_execution_told_twice_or_late_is_one_fill(kind: Kind) -> None:
    amount = 0.0 if kind is Kind.DUPLICATE_EXECUTION else 30.0
    async with floor(fault(kind, amount=amount)) as here:
        await here.place(Side.BUY, 100, await here.spy())
        await asyncio.sleep(200)
        assert [fill.quantity for fill in here.fills()] == [100]
        assert [bill.key for bill in here.bills()] == [here.fills()[0].key]


async def test_a_correction_comes_as_another_fill_of_the_same_key() -> None:
    async with floor(fault(Kind.CORRECTED_EXECUTION, amount=-0.05)) as here:
        await here.place(Side.BUY, 100, await here.spy())
        await here.until(lambda: len(here.fills()) == 2)
        first, second = here.fills()
        assert first.key == second.key
        assert first.exec_id != second.exec_id
        assert second.price == first.price - Decimal("0.05")


async def test_trades_of_others_in_the_account_are_fills_without_an_intent() -> None:
    async with floor() as here:
        here.somebody(Side.BUY, 30)  # by hand
        here.somebody(Side.BUY, 20, owner="99:5")  # another client
        await here.until(lambda: len(here.fills()) == 2, patience_s=61)
        assert [(fill.intent, fill.quantity) for fill in here.fills()] == [(None, 30), (None, 20)]


async def test_a_fill_in_a_contract_nobody_named_waits_for_its_details_and_passes_no_wrong_ones() -> None:
    async with floor(fault(Kind.UNANSWERED, at_s=1, target="reqContractDetails", duration_s=70)) as here:
        spy = await here.spy()
        await asyncio.sleep(2)
        other = FloorOf(here.gateway, adapter(here.gateway, client_id=18))
        async with running(other):
            ours = here.engine.market.instrument(2)
            await other.place(Side.BUY, 10, ours)  # NVDA: `here` has never heard of it
        await here.place(Side.BUY, 1, spy)
        await here.until(lambda: len(here.fills()) == 2, patience_s=200)
        assert [fill.instrument.symbol for fill in here.fills()] == ["SPY", "NVDA"]


# -- rows 9, 17, 20, 26: refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.REJECT_201, Kind.INACTIVE])
async def test_a_rejected_order_is_rejected_with_code_and_reason(kind: Kind) -> None:
    async with floor(fault(kind)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        report = await here.stands(intent, REJECTED)
        assert report.code == 201
        assert "rejected" in report.why
        await asyncio.sleep(60)
        assert here.course(intent)[-1] is REJECTED
        assert not here.engine.open_orders()


async def test_a_short_sale_that_waits_for_shares_is_held_and_not_dead() -> None:
    async with floor(fault(Kind.LOCATE_404, duration_s=60)) as here:
        intent = await here.place(Side.SELL, 50, await here.spy(), lives_s=600)
        report = await here.stands(intent, HELD)
        assert report.code == 404
        assert not {REJECTED, CANCELLED} & set(here.course(intent))
        here.quote_all()
        await asyncio.sleep(61)
        here.quote(1, 599.98, 600.02)
        await here.stands(intent, FILLED)


@pytest.mark.parametrize("code", [383, 451])
async def test_an_order_beyond_a_precaution_is_rejected(code: int) -> None:
    async with floor(fault(Kind.PRECAUTION_383, amount=code)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        report = await here.stands(intent, REJECTED)
        assert report.code == code
        assert not here.engine.open_orders()


async def test_a_rejected_amendment_leaves_the_order_alive() -> None:
    async with floor(fault(Kind.PRECAUTION_383, at_s=5)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await asyncio.sleep(6)
        await here.router.amend(intent, Limit("501"))
        await here.until(lambda: here.course(intent)[-2:] == [UNKNOWN, WORKING])
        assert REJECTED not in here.course(intent)
        assert len(here.engine.open_orders()) == 1


@pytest.mark.parametrize("amount", [0, 100])
async def test_an_order_that_was_changed_on_the_way_is_cancelled_and_told(amount: int) -> None:
    async with floor(fault(Kind.PRESET_CHANGE, amount=amount)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.stands(intent, CANCELLED)
        altered = here.of(Altered)
        assert [each.order_ref for each in altered] == [str(intent)]
        told = " ".join(altered[0].differences)
        assert ("quantity: sent 5.0, echoed 105" in told) if amount else ("tif: sent GTD, echoed DAY" in told)
        assert not here.engine.open_orders()


# -- row 15: a cancel is not a death -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.CANCEL_10147, Kind.CANCEL_10148])
async def test_a_refused_cancel_says_nothing_and_the_records_say_that_it_lives(kind: Kind) -> None:
    async with floor(fault(kind)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=600)
        await here.stands(intent, WORKING)
        await here.router.cancel(intent)
        await here.until(lambda: here.course(intent)[-2:] == [UNKNOWN, WORKING])
        assert CANCELLED not in here.course(intent)
        await here.router.cancel(intent)
        await here.stands(intent, CANCELLED)


async def test_a_cancel_that_a_fill_has_beaten_ends_as_filled() -> None:
    async with floor(fault(Kind.CANCEL_FILL_RACE)) as here:
        intent = await here.place(Side.BUY, 5, await here.spy(), "599.99", lives_s=600)
        await here.stands(intent, WORKING)
        await here.router.cancel(intent)
        here.quote(1, 599.97, 599.98)
        await here.stands(intent, FILLED)
        assert CANCELLED not in here.course(intent)
        assert sum(fill.quantity for fill in here.fills()) == 5
