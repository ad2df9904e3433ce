"""What the connection goes through, and what may be asked of it meanwhile."""

import asyncio

import pytest
from ib_floor import CLIENT, ME, YOU, adapter, fault, floor, gateway_up, quick, running
from ib_floor import Floor as FloorOf
from ib_insync import Contract, Order

from gamma_scalper.broker.ib.parameters import BackoffParameters, TimeoutParameters
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.ports import Link, LinkReport, NotReady, Recap, Standing, Warned
from gamma_scalper.exchange.faults import Kind

BRIEF = quick(
    timeouts=TimeoutParameters(connect_s=2, positions_s=2, open_orders_s=2, executions_s=2, account_s=2),
    backoff=BackoffParameters(first_s=1, longest_s=8, give_up_s=30),
)


async def test_it_is_ready_only_after_the_recap_of_all_that_the_broker_confirmed() -> None:
    async with floor() as here:
        await here.place(Side.BUY, 100, await here.spy())
        resting = await here.place(Side.BUY, 5, await here.spy(), "500.00", lives_s=3600)
        await here.stands(resting, Standing.WORKING)
        second = FloorOf(here.gateway, adapter(here.gateway, client_id=18))
        async with running(second):
            assert [type(event) for event in second.said[-2:]] == [Recap, LinkReport]
            recap = second.of(Recap)[0]
            assert [(held.holding.instrument.con_id, held.holding.quantity) for held in recap.holdings] == [(1, 100)]
            assert [order.order_ref for order in recap.open_orders] == [str(resting)]
            assert [fill.quantity for fill in second.fills()] == [100]
            assert second.said.index(second.fills()[0]) < second.said.index(recap)
            assert second.broker.account.values is not None


@pytest.mark.parametrize("kept_back", ["reqPositions", "reqAllOpenOrders", "reqExecutions", "reqAccountUpdates"])
async def test_without_one_of_its_records_it_is_never_ready(kept_back: str) -> None:
    async with gateway_up(fault(Kind.UNANSWERED, target=kept_back, duration_s=10)) as gateway:
        here = FloorOf(gateway, adapter(gateway, parameters=BRIEF))
        starting = asyncio.ensure_future(here.broker.start())
        await asyncio.sleep(9)
        assert here.broker.link.link is Link.CONFIRMING
        with pytest.raises(NotReady):
            await here.router.place(here.intent(Side.BUY, 1, here.engine.market.instrument(1)))
        await starting  # once it is answered
        assert here.broker.link.link is Link.READY
        await here.broker.stop()


async def test_completed_orders_that_never_come_hold_nothing_up() -> None:
    async with floor(fault(Kind.UNANSWERED, target="reqCompletedOrders", duration_s=86_400)) as here:
        assert here.broker.link.link is Link.READY
        assert here.clock.monotonic() < 1


async def test_a_start_that_is_never_confirmed_ends_with_one_line_that_says_what_did_not_come() -> None:
    async with gateway_up(fault(Kind.UNANSWERED, target="reqPositions", duration_s=86_400)) as gateway:
        broker = adapter(gateway, parameters=BRIEF)
        with pytest.raises(UserError, match="positions: no answer within 2 s") as ended:
            await broker.start()
        assert ended.value.exit_code is ExitCode.BROKER_UNREACHABLE
        assert broker.link.link is Link.DOWN
        assert 29 < gateway.clock.monotonic() < 32


# -- 1100 and what follows ---------------------------------------------------------------------------------------------


async def test_at_1100_nothing_may_be_placed_and_no_quote_counts_until_1102_and_the_records_are_back() -> None:
    async with floor(fault(Kind.DISCONNECT_1102, at_s=10, duration_s=60)) as here:
        spy = await here.spy()
        resting = await here.place(Side.BUY, 5, spy, "500.00", lives_s=3600)
        await here.broker.feed.subscribe([spy])
        await here.until(lambda: here.quoted)
        await here.until(lambda: here.broker.link.link is Link.BLIND)
        assert here.broker.link.at.second == 10
        assert "1100" in here.broker.feed.condition(1).frozen
        with pytest.raises(NotReady, match="1100"):
            await here.place(Side.BUY, 1, spy)
        with pytest.raises(NotReady):
            await here.router.amend(resting, Limit("501"))
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert here.links()[-3:] == [Link.BLIND, Link.CONFIRMING, Link.READY]
        assert len(here.of(Recap)) == 2
        assert "1100" in here.broker.feed.condition(1).frozen  # the old quote still does not count
        here.quote(1, 599.0, 599.02)
        await here.until(lambda: here.quoted[-1].bid == 599.0)
        assert here.broker.feed.condition(1).frozen == ""
        await here.place(Side.BUY, 1, spy)


async def test_a_fill_during_the_outage_is_told_once_before_ready() -> None:
    async with floor(fault(Kind.DISCONNECT_1102, at_s=10, duration_s=60)) as here:
        resting = await here.place(Side.BUY, 5, await here.spy(), "599.50", lives_s=3600)
        await here.until(lambda: here.broker.link.link is Link.BLIND)
        here.quote(1, 599.40, 599.45)
        await asyncio.sleep(5)
        assert not here.fills()
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert [(fill.intent, fill.quantity) for fill in here.fills()] == [(resting, 5)]
        assert here.said.index(here.fills()[0]) < here.said.index(here.of(Recap)[-1])
        assert [bill.key for bill in here.bills()] == [here.fills()[0].key]
        report = await here.stands(resting, Standing.FILLED)
        assert report.filled == 5
        await asyncio.sleep(300)  # pulled again five times
        assert len(here.fills()) == len(here.bills()) == 1


async def test_after_1101_every_line_is_asked_for_again() -> None:
    async with floor(fault(Kind.DISCONNECT_1101, at_s=10, duration_s=30)) as here:
        spy, straddle = await here.spy(), await here.straddle()
        await here.broker.feed.subscribe([spy, *straddle])
        await here.until(lambda: len(here.quoted) >= 3)
        await here.until(lambda: Link.BLIND in here.links() and here.links()[-1] is Link.READY)
        here.quoted.clear()
        for con_id in (1, 11, 12):
            here.quote(con_id, 5.0, 5.02)
        await here.until(lambda: {quote.con_id for quote in here.quoted} == {1, 11, 12})
        assert all(here.broker.feed.condition(con_id).frozen == "" for con_id in (1, 11, 12))


# -- the socket --------------------------------------------------------------------------------------------------------


async def test_a_lost_socket_is_down_and_comes_back_with_the_same_client_id_its_lines_and_its_fills() -> None:
    async with floor(fault(Kind.SOCKET_DROP, at_s=10, duration_s=20, target=str(CLIENT))) as here:
        spy = await here.spy()
        resting = await here.place(Side.BUY, 5, spy, "599.50", lives_s=3600)
        await here.broker.feed.subscribe([spy])
        await here.until(lambda: here.broker.link.link is Link.DOWN)
        assert "down" in here.broker.feed.condition(1).frozen
        with pytest.raises(NotReady):
            await here.place(Side.BUY, 1, spy)
        with pytest.raises(NotReady):
            await here.router.cancel(resting)
        here.quote(1, 599.40, 599.45)
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert [session.client_id for session in here.gateway._sessions] == [CLIENT]
        assert [(fill.intent, fill.quantity) for fill in here.fills()] == [(resting, 5)]
        await here.stands(resting, Standing.FILLED)
        here.quote(1, 598.0, 598.02)
        await here.until(lambda: here.quoted[-1].bid == 598.0)
        await here.place(Side.BUY, 1, spy)  # its id is above every id used before
        await here.until(lambda: len(here.fills()) == 2)


async def test_while_the_socket_is_shut_it_tries_again_ever_more_calmly_and_for_ever() -> None:
    async with floor(fault(Kind.SOCKET_DROP, at_s=10, duration_s=1800, target=str(CLIENT)), parameters=BRIEF) as here:
        await asyncio.sleep(1200)
        assert here.broker.link.link is Link.DOWN
        assert here.broker.link.at.minute == 0  # since when: the moment it went
        assert 110 < here.broker._link._attempts < 160  # once in 8 to 10 s
        await asyncio.sleep(630)
        assert here.broker.link.link is Link.READY


# -- the client id -----------------------------------------------------------------------------------------------------


async def test_client_id_0_is_refused() -> None:
    async with gateway_up() as gateway:
        with pytest.raises(UserError, match="bind orders entered by hand") as refused:
            adapter(gateway, client_id=0)
        assert refused.value.exit_code is ExitCode.CONFIGURATION


async def test_a_client_id_in_use_is_waited_for_and_never_changed() -> None:
    async with gateway_up() as gateway:
        first, second = adapter(gateway), adapter(gateway)
        await first.start()
        starting = asyncio.ensure_future(second.start())
        await asyncio.sleep(10)
        assert [session.client_id for session in gateway._sessions] == [CLIENT]
        await first.stop()
        await starting
        assert [session.client_id for session in gateway._sessions] == [CLIENT]
        await second.stop()


async def test_a_client_id_that_stays_in_use_ends_the_start_with_what_to_do() -> None:
    async with gateway_up(fault(Kind.CLIENT_ID_326, duration_s=86_400)) as gateway:
        with pytest.raises(UserError, match=r"client id 17 is in use .* another CLIENT_ID") as ended:
            await adapter(gateway).start()
        assert ended.value.exit_code is ExitCode.BROKER_UNREACHABLE
        assert ended.value.exit_code.may_restart


# -- data farms --------------------------------------------------------------------------------------------------------


async def test_a_broken_data_farm_pauses_quotes_and_nothing_else() -> None:
    async with floor(fault(Kind.DATA_FARM_2103, at_s=10, duration_s=30)) as here:
        spy = await here.spy()
        await here.broker.feed.subscribe([spy])
        await here.until(lambda: "2103" in here.broker.feed.condition(1).frozen)
        assert here.broker.link.link is Link.READY
        await here.place(Side.BUY, 1, spy)
        await here.until(lambda: here.fills())
        await here.until(lambda: here.broker.feed.condition(1).frozen == "")
        assert here.links() == [Link.CONFIRMING, Link.READY]


@pytest.mark.parametrize(
    ("kind", "lasts", "code"), [(Kind.LIVE_UPDATES_10182, 0.0, 10182), (Kind.HISTORY_FARM_2105, 30.0, 2105)]
)
async def test_what_concerns_history_alone_is_told_and_changes_nothing(kind: Kind, lasts: float, code: int) -> None:
    async with floor(fault(kind, at_s=5, duration_s=lasts)) as here:
        await here.broker.feed.subscribe([await here.spy()])
        await here.until(lambda: code in [warned.code for warned in here.of(Warned)])
        assert here.broker.link.link is Link.READY
        assert here.broker.feed.condition(1).frozen == ""


# -- silence, and the time ---------------------------------------------------------------------------------------------


async def test_a_gateway_that_answers_nothing_is_not_believed_and_then_left() -> None:
    async with floor(fault(Kind.UNANSWERED, at_s=5, target="reqCurrentTime", duration_s=60)) as here:
        await here.until(lambda: here.broker.link.link is Link.BLIND)
        assert "silent" in here.broker.link.why
        assert (here.broker.link.at.minute, here.broker.link.at.second) == (0, 20)  # asked at 15 s, for 5 s
        await here.until(lambda: here.broker.link.link is Link.DOWN)
        await here.until(lambda: here.broker.link.link is Link.READY)


async def test_one_answer_missed_is_confirmed_before_anything_is_placed() -> None:
    async with floor(fault(Kind.UNANSWERED, at_s=5, target="reqCurrentTime", duration_s=15)) as here:
        await here.until(lambda: Link.BLIND in here.links() and here.links()[-1] is Link.READY)
        assert here.links() == [Link.CONFIRMING, Link.READY, Link.BLIND, Link.CONFIRMING, Link.READY]


async def test_an_answer_in_the_middle_of_an_outage_does_not_make_it_see_again() -> None:
    silence = fault(Kind.UNANSWERED, at_s=14, target="reqCurrentTime", duration_s=10)
    async with floor(silence, fault(Kind.DISCONNECT_1102, at_s=21, duration_s=60)) as here:
        await here.until(lambda: here.broker.link.link is Link.BLIND)
        assert "silent" in here.broker.link.why
        while here.clock.monotonic() < 80.5:
            assert here.broker.link.link is Link.BLIND
            await asyncio.sleep(0.5)
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert here.links()[2:] == [Link.BLIND, Link.CONFIRMING, Link.READY]


async def test_a_server_whose_clock_is_off_is_told_once_and_orders_end_when_we_meant() -> None:
    async with floor(fault(Kind.CLOCK_SKEW, duration_s=3600, amount=30)) as here:
        assert here.broker.clock_skew_s == pytest.approx(30, abs=1)
        await asyncio.sleep(600)
        warnings = [warned.text for warned in here.of(Warned) if "clock" in warned.text]
        assert len(warnings) == 1
        assert "NTP" in warnings[0]
        intent = here.intent(Side.BUY, 1, await here.spy(), "500", lives_s=600)
        await here.router.place(intent)
        tracked = here.router._orders.find(str(intent.id))
        assert tracked is not None
        assert tracked.sent.goodTillDate == "20260105-15:20:30"  # at 15:20:00 by our clock


async def test_the_time_told_in_a_late_answer_moves_no_order_s_end() -> None:
    async with floor(fault(Kind.SLOW_ANSWERS, at_s=10, duration_s=120, amount=4)) as here:
        before = here.broker.clock_skew_s
        await asyncio.sleep(60)
        assert here.broker.clock_skew_s == pytest.approx(before, abs=0.6)


# -- accounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "require", "says"),
    [
        ("", None, "several accounts .* ACCOUNT in .env"),
        ("DU7654321", None, "no account DU…21"),
        (ME, "live", "DU…01 is a paper account and live is wanted"),
    ],
)
async def test_a_wrong_account_is_the_persons_to_put_right(account: str, require: str | None, says: str) -> None:
    async with gateway_up(accounts=(ME, YOU)) as gateway:
        with pytest.raises(UserError, match=says) as refused:
            await adapter(gateway, account, require=require).start()
        assert refused.value.exit_code is ExitCode.CONFIGURATION
        assert not refused.value.exit_code.may_restart
        assert ME not in str(refused.value)
        assert gateway.clock.monotonic() < 1  # at once: waiting would not help


async def test_a_live_account_is_refused_where_paper_is_wanted_and_taken_where_live_is() -> None:
    async with gateway_up(accounts=("U1234567",)) as gateway:
        with pytest.raises(UserError, match="is a live account and paper is wanted"):
            await adapter(gateway, "", require="paper").start()
        live = adapter(gateway, "U1234567", require="live")
        await live.start()
        assert live.account.account == "U1234567"
        await live.stop()


async def test_of_several_accounts_only_our_own_is_heard_of() -> None:
    async with floor(accounts=(ME, YOU)) as here:
        here.somebody(Side.BUY, 50, YOU)
        here.somebody(Side.BUY, 30, ME)
        await asyncio.sleep(120)
        assert [fill.quantity for fill in here.fills()] == [30]
        assert [fill.intent for fill in here.fills()] == [None]
        held = await here.broker.account.holdings()
        assert [each.holding.quantity for each in held] == [30]
        assert len(await here.router.executions()) == 1


# -- the end, and reading only -----------------------------------------------------------------------------------------


def tasks_of_the_adapter() -> list[str]:
    codes = [task.get_coro().cr_code for task in asyncio.all_tasks()]
    return [code.co_qualname for code in codes if "broker/ib/" in code.co_filename and "tests" not in code.co_filename]


async def test_stopping_leaves_no_task_and_no_session_and_can_be_done_twice() -> None:
    async with gateway_up() as gateway:
        broker = adapter(gateway)
        await broker.start()
        assert tasks_of_the_adapter()
        await broker.stop()
        await broker.stop()
        assert broker.link.link is Link.DOWN
        assert not tasks_of_the_adapter()
        await asyncio.sleep(0)
        assert not gateway._sessions


async def test_a_stop_in_the_middle_of_starting_is_clean() -> None:
    async with gateway_up(fault(Kind.UNANSWERED, target="reqPositions", duration_s=3600)) as gateway:
        broker = adapter(gateway)
        starting = asyncio.ensure_future(broker.start())
        await asyncio.sleep(3)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert not gateway._sessions
        assert not tasks_of_the_adapter()


async def test_a_reader_has_no_router_and_its_client_sends_nothing_that_could_trade() -> None:
    async with floor(read_only=True) as here:
        assert here.broker.orders is None
        assert here.broker.reads_only
        spy = await here.spy()
        await here.broker.feed.subscribe([spy])
        await here.until(lambda: here.quoted)
        assert here.broker.account.values is not None
        assert await here.broker.account.holdings() == []
        client = here.broker._wire._client
        wanted, order = Contract(conId=1, secType="STK", exchange="SMART"), Order(action="BUY", totalQuantity=1)
        for call in (
            lambda: client.placeOrder(99, wanted, order),
            lambda: client.cancelOrder(99),
            lambda: client.reqGlobalCancel(),
            lambda: client.exerciseOptions(99, wanted, 1, 1, ME, 0),
            lambda: client.replaceFA(99, 1, ""),
        ):
            with pytest.raises(PermissionError, match="a read-only connection"):
                call()
        await asyncio.sleep(1)
        assert not here.engine.open_orders(ME)
