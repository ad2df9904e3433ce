"""Orders through the gateway: what a client sends, and what it is told."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from trading_house import CALL, HIGH_CALL, ME, PUT, SPY, YOU, House, house, order

from gamma_scalper.exchange.parameters import HARSH
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.contracts import ContractFields, LegFields
from gamma_scalper.gateway.wire.orders import Condition
from gamma_scalper.gateway.wire.requests_of_data import RequestContractDetails
from gamma_scalper.gateway.wire.requests_of_orders import (
    CancelAllOrders,
    CancelOrder,
)

FAR = 500.0  # a limit that nothing meets

STRADDLE = ContractFields(
    symbol="SPY",
    sec_type="BAG",
    exchange="SMART",
    currency="USD",
    legs=(LegFields(CALL, 1, "BUY", "SMART"), LegFields(PUT, 1, "BUY", "SMART")),
)


def held(trading: House, con_id: int, account: str = ME) -> int:
    return int(trading.engine.account(account).quantity(con_id))


# -- the life of an order ----------------------------------------------------------------------------------------------


async def test_a_market_order_is_echoed_filled_billed_and_reported_in_that_order() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(order(1, "BUY", 100, order_ref="spy/1"))
        assert [type(each).__name__ for each in said] == [
            "OpenOrder", "OrderStatus", "Execution", "CommissionReport", "OrderStatus",
        ]  # fmt: skip
        echo, _, execution, bill, status = said
        assert (echo.order.order_ref, echo.order.account, echo.order.perm_id) == ("spy/1", ME, status.perm_id)
        assert (echo.contract.con_id, echo.contract.symbol, echo.contract.sec_type) == (SPY, "SPY", "STK")
        assert (execution.side, execution.shares, execution.price) == ("BOT", 100, 600.01)
        assert execution.time == "20260105 10:00:00 US/Eastern"
        assert (execution.order_id, execution.client_id, execution.order_ref) == (1, 1, "spy/1")
        assert bill == answers.CommissionReport(execution.exec_id, 1.0, "USD")
        assert (status.status, status.filled, status.remaining, status.avg_fill_price) == ("Filled", 100, 0, 600.01)
        assert status.last_fill_price == 600.01


async def test_an_order_is_answered_at_once_and_takes_effect_after_the_venues_latency() -> None:
    async with house(venue=evolve(HARSH, latency_ms=150, partial_fill_pct=0, oldest_quote_s=60)) as trading:
        client = await trading.client()
        assert [
            each.status for each in await client.ask(order(1, "BUY", 1)) if isinstance(each, answers.OrderStatus)
        ] == ["PreSubmitted"]
        await asyncio.sleep(0.2)
        assert client.statuses(1)[-1] == "Filled"


async def test_a_closing_trade_tells_what_it_realised() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100))
        trading.quote(SPY, 610.0, 610.02)
        await client.ask(order(2, "SELL", 100))
        assert client.of(answers.CommissionReport)[-1].realized_pnl == pytest.approx(999.0 - 1.27, abs=0.5)


async def test_an_immediate_order_that_meets_nothing_is_cancelled() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, FAR, tif="IOC"))
        assert client.statuses(1)[-1] == "Cancelled"


@pytest.mark.parametrize(
    "until",
    [
        "20260105-15:00:30",
        "20260105 15:00:30 UTC",
        "20260105 10:00:30 US/Eastern",
        "20260105 10:00:30 America/New_York",
    ],
)
async def test_a_good_till_date_order_dies_at_its_moment_however_that_was_written(until: str) -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(order(1, "BUY", 100, FAR, tif="GTD", good_till_date=until))
        assert said[0].order.good_till_date == "20260105 10:00:30 US/Eastern"
        await asyncio.sleep(29)
        assert client.statuses(1)[-1] == "Submitted"
        await asyncio.sleep(2)
        assert client.statuses(1)[-1] == "Cancelled"


async def test_a_good_till_date_without_a_zone_is_new_yorks_and_warned_of() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, FAR, tif="GTD", good_till_date="20260105 10:00:30"))
        assert client.errors(1) == [2174]
        await asyncio.sleep(31)
        assert client.statuses(1)[-1] == "Cancelled"


async def test_stop_and_market_on_close_orders_are_taken() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, order_type="STP", aux_price=605.0), order(2, "BUY", 1, order_type="MOC"))
        assert client.statuses(1) == ["PreSubmitted"]
        assert client.of(answers.OpenOrder)[1].order.order_type == "MOC"
        trading.quote(SPY, 605.0, 605.02)
        await asyncio.sleep(0.01)
        assert client.statuses(1)[-1] == "Filled"


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"order_type": "TRAIL"}, 387),
        ({"order_type": "STP LMT"}, 387),
        ({"order_type": "STP"}, 321),
        ({"tif": "FOK"}, 10052),
        ({"tif": "GTD", "good_till_date": "tomorrow"}, 391),
        ({"tif": "GTD", "good_till_date": "20260104-15:00:00"}, 201),
        ({"action": "HOLD"}, 10139),
        ({"account": "DU999"}, 321),
        ({"lmt_price": 600.001}, 110),
        ({"total_quantity": Decimal("0.5")}, 10243),
        ({"total_quantity": Decimal(0)}, 434),
        ({"total_quantity": Decimal(9_000_000)}, 201),
        ({"parent_id": 77}, 10006),
        ({"algo_strategy": "Adaptive"}, 321),
        ({"all_or_none": True}, 321),
        ({"conditions": (Condition(1, price=5.0),)}, 321),
        ({"oca_group": "g", "oca_type": 9}, 321),
    ],
)  # fmt: skip
async def test_an_order_that_cant_be_is_refused_under_its_own_id(change: dict[str, Any], code: int) -> None:
    async with house() as trading:
        client = await trading.client()
        right = order(1, "BUY", 100, 590.0)
        await client.ask(evolve(right, order=evolve(right.order, **change)))
        assert client.errors(1) == [code]
        assert trading.engine.open_orders() == []


@pytest.mark.parametrize(
    "contract",
    [
        ContractFields(con_id=404),
        ContractFields(symbol="QQQ", sec_type="STK", exchange="SMART", currency="USD"),
        ContractFields(symbol="SPY", sec_type="OPT", exchange="SMART", right="C", strike=600.0),
    ],
)
async def test_an_order_for_no_contract_or_for_several_gets_200(contract: ContractFields) -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, contract=contract))
        assert client.errors(1) == [200]


async def test_a_rejected_order_gets_201_and_becomes_inactive() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(order(1, "BUY", 100_000))
        assert client.errors(1) == [201]
        assert said[-1].status == "Inactive"


async def test_with_several_accounts_an_order_must_name_one() -> None:
    async with house(accounts=(ME, YOU)) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1), order(2, "BUY", 1, account=YOU))
        assert client.errors(1) == [435]
        assert (held(trading, SPY), held(trading, SPY, YOU)) == (0, 1)


# -- changes and cancels -----------------------------------------------------------------------------------------------


async def test_the_same_order_id_changes_the_order_and_keeps_its_perm_id() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, FAR))
        await client.ask(order(1, "BUY", 100, 600.05))
        first, second = client.of(answers.OpenOrder)
        assert (first.order.perm_id, first.order.lmt_price) == (second.order.perm_id, FAR)
        assert second.order.lmt_price == 600.05
        assert client.statuses(1)[-1] == "Filled"


async def test_a_filled_order_cant_be_changed_and_a_dead_ones_id_is_not_free() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1), order(2, "BUY", 1, FAR), CancelOrder(2))
        await client.ask(order(1, "BUY", 2), order(2, "BUY", 1, FAR))
        assert client.errors(1) == [104]
        assert client.errors(2) == [202, 103]


async def test_what_does_not_fit_the_old_order_is_refused_and_the_old_one_lives() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, FAR), order(1, "SELL", 100, 700.0))
        assert client.errors(1) == [105]
        assert [each.ticket.limit for each in trading.engine.open_orders()] == [Decimal("500.0")]


async def test_a_cancel_gets_202_and_the_status_cancelled() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, FAR))
        said = await client.ask(CancelOrder(1))
        assert [each.code for each in said if isinstance(each, answers.Error)] == [202]
        assert client.statuses(1)[-1] == "Cancelled"


async def test_a_cancel_that_comes_too_late_gets_10148_and_one_of_an_unknown_order_10147() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1), CancelOrder(1), CancelOrder(99))
        assert (client.errors(1), client.errors(99)) == ([10148], [10147])


async def test_a_client_cant_cancel_another_clients_order_but_by_cancelling_all() -> None:
    async with house() as trading:
        mine, yours = await trading.client(1), await trading.client(2)
        await mine.ask(order(1, "BUY", 100, FAR))
        await yours.ask(CancelOrder(1))
        assert yours.errors(1) == [10147]
        assert mine.statuses(1)[-1] == "Submitted"
        await yours.ask(CancelAllOrders())
        assert mine.statuses(1)[-1] == "Cancelled"
        assert mine.errors(1) == [202]


# -- brackets, groups, combos ------------------------------------------------------------------------------------------


async def test_a_bracket_waits_for_its_last_child_and_then_hangs_together() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(
            order(1, "BUY", 100, 600.05, transmit=False), order(2, "SELL", 100, 650.0, parent_id=1, transmit=False)
        )
        assert said == [] and trading.engine.open_orders() == []
        await client.ask(order(3, "SELL", 100, order_type="STP", aux_price=550.0, parent_id=1))
        assert client.statuses(1)[-1] == "Filled"
        assert client.statuses(2)[-1] == "Submitted" and client.statuses(3)[-1] == "PreSubmitted"
        assert [each.order.parent_id for each in client.of(answers.OpenOrder)] == [0, 1, 1]
        trading.quote(SPY, 650.0, 650.02)
        await asyncio.sleep(0.01)
        assert (client.statuses(2)[-1], client.statuses(3)[-1], held(trading, SPY)) == ("Filled", "Cancelled", 0)


async def test_an_order_that_was_held_back_can_be_taken_back_or_let_go() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, transmit=False), CancelOrder(1))
        assert client.statuses(1) == ["Cancelled"] and client.errors(1) == [202]
        await client.ask(order(2, "BUY", 1, transmit=False), order(2, "BUY", 1))
        assert client.statuses(2)[-1] == "Filled"


async def test_one_of_a_group_cancels_the_others() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(
            order(1, "BUY", 100, FAR, oca_group="either", oca_type=1),
            order(2, "BUY", 100, oca_group="either", oca_type=1),
        )
        assert (client.statuses(1)[-1], client.statuses(2)[-1]) == ("Cancelled", "Filled")


async def test_a_combo_fills_as_one_execution_for_itself_and_one_for_each_leg() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 2, 10.20, contract=STRADDLE))
        whole, *legs = client.of(answers.Execution)
        assert (whole.contract.sec_type, whole.shares) == ("BAG", 2)
        assert [(each.contract.con_id, each.side, each.shares, each.price) for each in legs] == [
            (CALL, "BOT", 2, 5.10), (PUT, "BOT", 2, 5.0),
        ]  # fmt: skip
        assert len(client.of(answers.CommissionReport)) == 2
        assert client.of(answers.OpenOrder)[0].contract.legs == STRADDLE.legs


async def test_a_spread_sells_the_legs_that_say_so() -> None:
    async with house() as trading:
        client = await trading.client()
        legs = (LegFields(CALL, 1, "BUY", "SMART"), LegFields(HIGH_CALL, 1, "SELL", "SMART"))
        await client.ask(order(1, "BUY", 1, 3.60, contract=evolve(STRADDLE, legs=legs)))
        assert (held(trading, CALL), held(trading, HIGH_CALL)) == (1, -1)


async def test_the_contract_details_of_a_combo_are_never_answered() -> None:
    async with house() as trading:
        client = await trading.client()
        assert await client.ask(RequestContractDetails(5, STRADDLE), seconds=600) == []


# -- what-if -----------------------------------------------------------------------------------------------------------


async def test_a_what_if_answers_with_figures_and_places_nothing() -> None:
    async with house() as trading:
        client = await trading.client()
        (answer,) = await client.ask(order(1, "BUY", 100, what_if=True))
        state = answer.state
        assert answer.order.what_if and answer.order.order_id == 1
        assert (state.init_margin_before, state.init_margin_after) == (0.0, pytest.approx(30_000, rel=0.01))
        assert state.init_margin_change == pytest.approx(30_000, rel=0.01)
        assert (state.commission, state.commission_currency) == (pytest.approx(1.0, abs=0.1), "USD")
        assert trading.engine.open_orders() == trading.engine.completed_orders() == []
        await client.ask(order(1, "BUY", 1))
        assert client.statuses(1)[-1] == "Filled"


async def test_a_what_if_of_an_impossible_order_is_refused() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, 590.001, what_if=True))
        assert client.errors(1) == [110]


@pytest.mark.parametrize(
    "change",
    [
        {"order_type": "LMT", "lmt_price": None},
        {"order_ref": "x" * 200},
        {"lmt_price": 1e20},
        {"delta_neutral_order_type": "MKT"},
    ],
)
async def test_fields_that_make_no_sense_get_321(change: dict[str, Any]) -> None:
    async with house() as trading:
        client = await trading.client()
        right = order(1, "BUY", 100, 590.0)
        await client.ask(evolve(right, order=evolve(right.order, **change)))
        assert client.errors(1) == [321]


@pytest.mark.parametrize(
    "legs",
    [
        (LegFields(CALL, 1, "BUY"),),
        (LegFields(CALL, 1, "BUY"), LegFields(404, 1, "BUY")),
        (LegFields(CALL, 1, "HOLD"), LegFields(PUT, 1, "BUY")),
        (LegFields(CALL, 0, "BUY"), LegFields(PUT, 1, "BUY")),
    ],
)
async def test_a_combo_with_a_strange_leg_is_refused(legs: tuple[LegFields, ...]) -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, 10.0, contract=evolve(STRADDLE, legs=legs)))
        assert client.errors(1)[0] in (200, 321)
        assert trading.engine.completed_orders() == []


# -- order ids and lifetimes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order_id", [0, -5, 3])
async def test_an_order_id_that_is_not_above_all_used_ones_gets_103(order_id: int) -> None:
    async with house() as trading:
        client = await trading.client(7)
        await client.ask(order(4, "BUY", 1), order(order_id, "BUY", 1))
        assert client.errors(order_id) == [103]
        assert held(trading, SPY) == 1


async def test_a_good_till_date_without_a_time_lasts_until_the_close_of_that_day() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(order(1, "BUY", 100, FAR, tif="GTD", good_till_date="20260106"))
        assert said[0].order.good_till_date == "20260106 16:00:00 US/Eastern"
        assert client.errors(1) == []


async def test_a_rejected_orders_quantity_remains() -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(order(1, "BUY", 100_000))
        assert (said[-1].status, said[-1].filled, said[-1].remaining) == ("Inactive", 0, 100_000)
