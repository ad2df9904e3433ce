"""Who hears of an order, and what the broker's records say of it afterwards."""

import asyncio
from typing import Any

import pytest
from trading_house import CALL, YOU, engine, fault, house, of_option, order

from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.requests_of_orders import (
    CancelOrder,
    RequestAllOpenOrders,
    RequestAutoOpenOrders,
    RequestCompletedOrders,
    RequestExecutions,
    RequestIds,
    RequestOpenOrders,
)

FAR = 500.0  # a limit that nothing meets

# -- who hears of what -------------------------------------------------------------------------------------------------


async def test_orders_are_told_to_their_owner_and_to_the_master_alone() -> None:
    async with house(parameters=GatewayParameters(master_client=9)) as trading:
        owner, other, master = [await trading.client(number) for number in (1, 2, 9)]
        await owner.ask(order(1, "BUY", 1))
        told = [type(each).__name__ for each in owner.said[5:]]
        assert [type(each).__name__ for each in master.said[5:]] == told
        assert {each.client_id for each in master.of(answers.OrderStatus)} == {1}
        assert other.said[5:] == []


async def test_orders_by_hand_are_told_to_client_0() -> None:
    hand = fault(Kind.MANUAL_TRADE, after_s=5, target="SPY", amount=7)
    async with house(faults=[hand]) as trading:
        default, other = await trading.client(0), await trading.client(1)
        await asyncio.sleep(6)
        (execution,) = default.of(answers.Execution)
        assert (execution.client_id, execution.order_id, execution.shares) == (0, 0, 7)
        assert other.of(answers.Execution) == []
        assert (await other.ask(RequestExecutions(3)))[0].shares == 7


async def test_after_a_reconnection_orders_executions_and_numbers_go_on() -> None:
    async with house() as trading:
        before = await trading.client(4)
        await before.ask(order(11, "BUY", 1), order(12, "BUY", 100, FAR))
        before.transport.close()
        await asyncio.sleep(1)
        after = await trading.client(4)
        assert after.of(answers.NextValidId) == [answers.NextValidId(13)]
        said = await after.ask(RequestOpenOrders())
        assert [
            (each.order.order_id, each.order.client_id) for each in said if isinstance(each, answers.OpenOrder)
        ] == [(12, 4)]
        assert [
            each.order_id for each in await after.ask(RequestExecutions(3)) if isinstance(each, answers.Execution)
        ] == [11]
        await after.ask(CancelOrder(12))
        assert after.statuses(12)[-1] == "Cancelled"
        await after.ask(order(12, "BUY", 1))
        assert after.errors(12) == [202, 103]


async def test_open_orders_are_ones_own_or_everybodys() -> None:
    async with house() as trading:
        mine, yours = await trading.client(1), await trading.client(2)
        await mine.ask(order(1, "BUY", 100, FAR))
        assert await yours.ask(RequestOpenOrders()) == [answers.OpenOrderEnd()]
        said = await yours.ask(RequestAllOpenOrders())
        assert [type(each).__name__ for each in said] == ["OpenOrder", "OrderStatus", "OpenOrderEnd"]
        assert said[0].order.client_id == 1
        await yours.ask(RequestAutoOpenOrders())
        assert yours.errors(-1)[-1] == 321


async def test_completed_orders_say_how_they_ended() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 3), order(2, "BUY", 100, FAR), CancelOrder(2))
        filled, cancelled, end = await client.ask(RequestCompletedOrders())
        assert (filled.state.status, filled.order.filled_quantity) == ("Filled", 3)
        assert filled.state.completed_time == "20260105 10:00:00 US/Eastern"
        assert (cancelled.state.status, end) == ("Cancelled", answers.CompletedOrdersEnd())


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [1, 2, 3]),
        ({"client_id": 2}, [3]),
        ({"side": "SELL"}, [2]),
        ({"sec_type": "OPT"}, [3]),
        ({"symbol": "NVDA"}, []),
        ({"time": "20260105-15:00:30"}, [2, 3]),
        ({"time": "20260105 10:00:30 US/Eastern"}, [2, 3]),
        ({"account": YOU}, []),
        ({"exchange": "ISE"}, []),
    ],
)  # fmt: skip
async def test_executions_are_found_by_every_field_of_the_filter(filters: dict[str, Any], found: list[int]) -> None:
    async with house() as trading:
        one, two = await trading.client(1), await trading.client(2)
        await one.ask(order(1, "BUY", 1))
        await asyncio.sleep(60)
        await one.ask(order(2, "SELL", 1))
        await two.ask(order(3, "BUY", 1, contract=of_option(CALL)))
        said = await one.ask(RequestExecutions(8, **filters))
        executions = [each for each in said if isinstance(each, answers.Execution)]
        assert [each.order_id for each in executions] == found
        assert [each.exec_id for each in said if isinstance(each, answers.CommissionReport)] == [
            each.exec_id for each in executions
        ]
        assert said[-1] == answers.ExecutionEnd(8)


async def test_ids_go_on_above_the_highest_that_was_used() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(40, "BUY", 1))
        assert await client.ask(RequestIds()) == [answers.NextValidId(41)]


async def test_a_gateway_over_a_remembered_exchange_knows_whose_orders_are_whose() -> None:
    async with house() as trading:
        client = await trading.client(4)
        await client.ask(order(11, "BUY", 1), order(12, "BUY", 100, FAR, order_ref="spy/12"))
        kept = trading.engine.snapshot()
    first = engine()
    parameters = first.floor.parameters
    restored = Engine.restore(kept, first.market, parameters=parameters, seed=7)
    async with house(restored) as trading:
        client = await trading.client(4)
        assert client.of(answers.NextValidId) == [answers.NextValidId(13)]
        (echo, status, _) = await client.ask(RequestOpenOrders())
        assert (echo.order.order_id, echo.order.order_ref, status.status) == (12, "spy/12", "Submitted")
        await client.ask(order(11, "BUY", 1), CancelOrder(12))
        assert client.errors(11) == [104] and client.statuses(12)[-1] == "Cancelled"


@pytest.mark.parametrize("change", [{"side": "HOLD"}, {"time": "noon"}])
async def test_a_filter_of_executions_that_makes_no_sense_gets_321(change: dict[str, Any]) -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestExecutions(8, **change))
        assert client.errors(8) == [321]
