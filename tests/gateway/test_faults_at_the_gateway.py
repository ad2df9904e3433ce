"""Every fault that a gateway can show a client, and that the truth stays what it is."""

import asyncio
from typing import Any

import pytest
from trading_house import CALL, ME, SHARE, SPY, YOU, Client, fault, house, of_option, order

from gamma_scalper.exchange.faults import Kind
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.requests_of_data import (
    RequestContractDetails,
    RequestCurrentTime,
    RequestMarketData,
)
from gamma_scalper.gateway.wire.requests_of_orders import (
    CancelOrder,
    RequestAllOpenOrders,
    RequestCompletedOrders,
    RequestExecutions,
    RequestIds,
    RequestOpenOrders,
)

FAR = 500.0


def bids(client: Client, since: int = 0) -> list[float]:
    return [each.price for each in client.of(answers.TickPrice, since) if each.tick_type == 1]


# -- single answers ----------------------------------------------------------------------------------------------------


async def test_a_lost_order_reaches_nobody_and_the_next_one_does() -> None:
    async with house(faults=[fault(Kind.LOST_ORDER)]) as trading:
        client = await trading.client()
        assert await client.ask(order(1, "BUY", 1)) == []
        assert await client.ask(RequestAllOpenOrders()) == [answers.OpenOrderEnd()]
        await client.ask(order(2, "BUY", 1))
        assert client.statuses(2)[-1] == "Filled"
        await client.ask(order(1, "BUY", 1))
        assert client.errors(1) == [103]


async def test_a_lost_cancel_leaves_the_order_alive_and_the_next_one_kills_it() -> None:
    async with house(faults=[fault(Kind.LOST_CANCEL)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, FAR), CancelOrder(1))
        assert client.statuses(1)[-1] == "Submitted" and client.errors(1) == []
        await client.ask(CancelOrder(1))
        assert client.statuses(1)[-1] == "Cancelled"


@pytest.mark.parametrize(("kind", "code"), [(Kind.CANCEL_10147, 10147), (Kind.CANCEL_10148, 10148)])
async def test_a_cancel_is_said_to_have_failed_and_the_order_lives(kind: Kind, code: int) -> None:
    async with house(faults=[fault(kind)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, FAR), CancelOrder(1))
        assert client.errors(1) == [code]
        assert [
            each.order.order_id for each in await client.ask(RequestOpenOrders()) if isinstance(each, answers.OpenOrder)
        ] == [1]


async def test_a_what_if_is_answered_without_figures() -> None:
    async with house(faults=[fault(Kind.WHAT_IF_UNSET)]) as trading:
        client = await trading.client()
        (first,) = await client.ask(order(1, "BUY", 1, what_if=True))
        (second,) = await client.ask(order(1, "BUY", 1, what_if=True))
        assert (first.state.init_margin_after, first.state.commission) == (None, None)
        assert second.state.init_margin_after > 0


@pytest.mark.parametrize(("amount", "changed"), [(0, ("DAY", 100)), (50, ("IOC", 150))])
async def test_a_preset_changes_the_order_and_the_echo_says_so(amount: int, changed: tuple[str, int]) -> None:
    async with house(faults=[fault(Kind.PRESET_CHANGE, amount=amount)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, 590.0, tif="IOC"))
        (echo,) = client.of(answers.OpenOrder)
        assert (echo.order.tif, int(echo.order.total_quantity)) == changed


@pytest.mark.parametrize(("amount", "code"), [(0, 383), (451, 451)])
async def test_a_precaution_keeps_an_order_from_being_taken(amount: int, code: int) -> None:
    async with house(faults=[fault(Kind.PRECAUTION_383, amount=amount)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100))
        assert client.errors(1) == [code] and client.statuses(1) == []
        await client.ask(order(1, "BUY", 100))
        assert client.statuses(1)[-1] == "Filled"


async def test_requests_stay_unanswered_and_orders_do_not() -> None:
    async with house(faults=[fault(Kind.UNANSWERED, duration_s=60)]) as trading:
        client = await trading.client()
        assert await client.ask(RequestCompletedOrders(), RequestIds(), RequestContractDetails(4, SHARE)) == []
        await client.ask(order(1, "BUY", 1))
        assert client.statuses(1)[-1] == "Filled"
        await asyncio.sleep(61)
        assert (await client.ask(RequestCompletedOrders()))[-1] == answers.CompletedOrdersEnd()


async def test_one_kind_of_request_stays_unanswered() -> None:
    async with house(faults=[fault(Kind.UNANSWERED, duration_s=60, target="reqCompletedOrders")]) as trading:
        client = await trading.client()
        assert await client.ask(RequestCompletedOrders(), RequestIds()) == [answers.NextValidId(1)]


async def test_slow_answers_come_late_and_in_order() -> None:
    async with house(faults=[fault(Kind.SLOW_ANSWERS, duration_s=1, amount=10)]) as trading:
        client = await trading.client()
        assert await client.ask(RequestIds(), order(1, "BUY", 1), seconds=9) == []
        await client.ask(RequestCompletedOrders(), seconds=2)
        assert [type(each).__name__ for each in client.said[5:]][:2] == ["NextValidId", "OpenOrder"]
        assert client.said[-1] == answers.CompletedOrdersEnd()


async def test_the_servers_clock_is_off() -> None:
    async with house(faults=[fault(Kind.CLOCK_SKEW, duration_s=60, amount=-25)]) as trading:
        client = await trading.client()
        (answer,) = await client.ask(RequestCurrentTime())
        assert answer.time == int(trading.clock.now().timestamp()) - 25


# -- the connection ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["", "4"])
async def test_a_dropped_socket_lets_nobody_in_until_the_fault_is_over(target: str) -> None:
    async with house(faults=[fault(Kind.SOCKET_DROP, after_s=5, duration_s=30, target=target)]) as trading:
        client = await trading.client(4)
        await client.lost.wait()
        assert trading.clock.now().second == 5
        await asyncio.sleep(10)
        again = await trading.bare() if not target else await trading.client(4)
        await again.lost.wait()
        assert again.errors() == []
        await asyncio.sleep(21)
        assert (await trading.client(4)).errors() == [2104, 2106, 2158]


async def test_a_dropped_socket_of_one_client_leaves_another_connected() -> None:
    async with house(faults=[fault(Kind.SOCKET_DROP, after_s=5, duration_s=30, target="4")]) as trading:
        one, other = await trading.client(4), await trading.client(5)
        await one.lost.wait()
        await asyncio.sleep(1)
        assert await other.ask(RequestIds()) == [answers.NextValidId(1)]


async def test_after_1101_only_what_is_asked_for_again_comes() -> None:
    async with house(faults=[fault(Kind.DISCONNECT_1101, after_s=5, duration_s=10)]) as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE))
        await asyncio.sleep(6)
        trading.quote(SPY, 610.0, 610.02)
        assert await client.ask(RequestCurrentTime()) == []  # nothing is answered meanwhile
        await asyncio.sleep(10)
        assert [each for each in client.errors(-1) if each in (1100, 1101)] == [1100, 1101]
        assert len(client.of(answers.CurrentTime)) == 1
        trading.quote(SPY, 611.0, 611.02)
        await asyncio.sleep(0.001)
        assert bids(client) == [599.99]
        await client.ask(RequestMarketData(6, SHARE))
        trading.quote(SPY, 612.0, 612.02)
        await asyncio.sleep(0.001)
        assert bids(client) == [599.99, 611.0, 612.0]
        assert {each.req_id for each in client.of(answers.TickPrice)[-2:]} == {6}


async def test_after_1102_quotes_go_on_by_themselves() -> None:
    async with house(faults=[fault(Kind.DISCONNECT_1102, after_s=5, duration_s=10)]) as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE))
        await asyncio.sleep(16)
        trading.quote(SPY, 611.0, 611.02)
        await asyncio.sleep(0.001)
        assert [each for each in client.errors(-1) if each in (1100, 1102)] == [1100, 1102]
        assert bids(client) == [599.99, 611.0]


async def test_fills_of_an_outage_are_found_by_asking_for_executions() -> None:
    async with house(faults=[fault(Kind.DISCONNECT_1102, after_s=5, duration_s=10)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, 590.0))
        await asyncio.sleep(6)
        trading.quote(SPY, 589.0, 589.5)
        await asyncio.sleep(10)
        assert client.of(answers.Execution) == []
        assert [
            each.shares for each in await client.ask(RequestExecutions(3)) if isinstance(each, answers.Execution)
        ] == [100]


# -- quotes ------------------------------------------------------------------------------------------------------------


async def test_a_silent_stream_says_nothing_and_a_stuck_one_always_the_same() -> None:
    silent = fault(Kind.SILENT_STREAM, after_s=5, duration_s=10, target="SPY")
    stuck = fault(Kind.STUCK_STREAM, after_s=20, duration_s=10, target="SPY")
    async with house(faults=[silent, stuck]) as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE))
        told = []
        for i in range(1, 8):
            await asyncio.sleep(5)
            trading.quote(SPY, 600.0 + i, 601.0 + i)
            await asyncio.sleep(0.001)
            told.append(bids(client)[-1])
        assert told == [599.99, 599.99, 603.0, 604.0, 604.0, 606.0, 607.0]


async def test_a_competing_session_is_told_under_the_number_of_the_line() -> None:
    async with house(faults=[fault(Kind.COMPETING_10197, after_s=5, duration_s=10)]) as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE))
        await asyncio.sleep(6)
        trading.quote(SPY, 610.0, 610.02)
        trading.quote(SPY, 611.0, 611.02)
        await asyncio.sleep(0.001)
        assert client.errors(5) == [10197] and bids(client) == [599.99]
        await asyncio.sleep(10)
        trading.quote(SPY, 612.0, 612.02)
        await asyncio.sleep(0.001)
        assert bids(client)[-1] == 612.0


async def test_a_broken_data_farm_stops_quotes_and_no_orders() -> None:
    async with house(faults=[fault(Kind.DATA_FARM_2103, after_s=5, duration_s=10)]) as trading:
        client = await trading.client()
        await client.ask(RequestMarketData(5, SHARE))
        await asyncio.sleep(6)
        trading.quote(SPY, 610.0, 610.02)
        await client.ask(order(1, "BUY", 1))
        assert client.errors(-1)[-1] == 2103 and bids(client) == [599.99]
        assert client.statuses(1)[-1] == "Filled"
        await asyncio.sleep(10)
        assert client.errors(-1)[-1] == 2104


@pytest.mark.parametrize(
    ("kind", "codes"), [(Kind.HISTORY_FARM_2105, [2105, 2106]), (Kind.LIVE_UPDATES_10182, [10182])]
)
async def test_news_of_the_connection_is_about_no_request(kind: Kind, codes: list[int]) -> None:
    more = {"duration_s": 10} if kind is Kind.HISTORY_FARM_2105 else {}
    async with house(faults=[fault(kind, after_s=5, **more)]) as trading:
        client = await trading.client()
        await asyncio.sleep(20)
        assert client.errors(-1)[3:] == codes


# -- orders, as they are told ------------------------------------------------------------------------------------------


async def test_a_lost_acknowledgement_leaves_only_the_fills() -> None:
    async with house(faults=[fault(Kind.LOST_ACK)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1))
        assert client.statuses(1) == [] and len(client.of(answers.Execution)) == 1


async def test_statuses_are_lost_for_a_while() -> None:
    async with house(faults=[fault(Kind.STATUS_LOST, duration_s=10)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1))
        assert client.statuses(1) == [] and len(client.of(answers.Execution)) == 1
        await asyncio.sleep(11)
        await client.ask(order(2, "BUY", 1))
        assert client.statuses(2)[-1] == "Filled"


async def test_a_living_order_is_told_cancelled_with_10349() -> None:
    async with house(faults=[fault(Kind.FALSE_CANCEL_10349)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, FAR))
        assert client.errors(1) == [10349] and "Cancelled" in client.statuses(1)
        assert trading.engine.open_orders()


async def test_a_living_order_gets_an_error_that_looks_fatal() -> None:
    async with house(faults=[fault(Kind.FALSE_ERROR_105)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, FAR))
        assert client.errors(1) == [105]
        assert trading.engine.open_orders()


@pytest.mark.parametrize(
    ("kind", "more", "told", "after"),
    [
        (Kind.LOST_EXECUTION, {}, 0, 0),
        (Kind.DUPLICATE_EXECUTION, {}, 2, 2),
        (Kind.LATE_EXECUTION, {"amount": 10}, 0, 1),
        (Kind.OUT_OF_ORDER_EXECUTIONS, {"duration_s": 10}, 0, 1),
    ],
)
async def test_executions_are_lost_late_or_told_twice_and_asking_tells_the_truth(
    kind: Kind, more: dict[str, Any], told: int, after: int
) -> None:
    async with house(faults=[fault(kind, **more)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1))
        assert len(client.of(answers.Execution)) == told
        await asyncio.sleep(20)
        assert len(client.of(answers.Execution)) == after
        said = await client.ask(RequestExecutions(3))
        assert len([each for each in said if isinstance(each, answers.Execution)]) == 1


async def test_a_late_bill_comes_late() -> None:
    async with house(faults=[fault(Kind.LATE_COMMISSION, amount=10)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1))
        assert client.of(answers.CommissionReport) == []
        await asyncio.sleep(11)
        assert len(client.of(answers.CommissionReport)) == 1


async def test_what_has_struck_a_client_does_not_strike_its_next_connection() -> None:
    async with house(faults=[fault(Kind.LOST_EXECUTION)]) as trading:
        first = await trading.client(4)
        await first.ask(order(1, "BUY", 1))
        first.transport.close()
        await asyncio.sleep(1)
        second = await trading.client(4)
        await second.ask(order(2, "BUY", 1))
        assert [each.order_id for each in second.of(answers.Execution)] == [2]


# -- true events -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "code"), [(Kind.REJECT_201, 201), (Kind.INACTIVE, 201)])
async def test_a_rejection_gets_201_and_the_status_inactive(kind: Kind, code: int) -> None:
    async with house(faults=[fault(kind)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1))
        assert client.errors(1) == [code] and client.statuses(1)[-1] == "Inactive"


async def test_a_short_sale_is_held_for_a_locate() -> None:
    async with house(faults=[fault(Kind.LOCATE_404, duration_s=10)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "SELL", 1))
        assert client.errors(1) == [404]
        assert client.of(answers.OrderStatus)[-1].why_held == "locate"


async def test_a_change_makes_a_second_order_and_both_can_be_cancelled() -> None:
    async with house(faults=[fault(Kind.SECOND_PERM_ID)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, FAR))
        await client.ask(order(1, "BUY", 1, FAR + 1))
        assert len({each.perm_id for each in client.of(answers.OrderStatus) if each.order_id == 1}) == 2
        await client.ask(CancelOrder(1))
        assert [each.ticket.limit for each in trading.engine.open_orders()] == [500]
        await client.ask(CancelOrder(1))
        assert trading.engine.open_orders() == []


async def test_a_corrected_execution_comes_again_with_the_next_suffix() -> None:
    async with house(faults=[fault(Kind.CORRECTED_EXECUTION, amount=0.02)]) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1), seconds=30)
        first, second = client.of(answers.Execution)
        assert first.exec_id.rpartition(".")[0] == second.exec_id.rpartition(".")[0]
        assert (first.exec_id[-2:], second.exec_id[-2:]) == ("01", "02")
        assert second.price == pytest.approx(first.price + 0.02)


async def test_a_liquidation_is_told_with_2148_about_no_order_of_anybodys() -> None:
    async with house(faults=[fault(Kind.LIQUIDATION, after_s=5, target=ME)], accounts=(ME, YOU)) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 10, account=ME, contract=of_option(CALL)))
        await asyncio.sleep(10)
        assert client.errors(-1)[-1] == 2148
        assert trading.engine.account(ME).quantity(CALL) == 0
