"""What every broker tells of the account and of what happened, whichever way it is asked."""

from decimal import Decimal

import pytest
from worlds import CASH, ME, SPY, YOU

from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.ports import Link, LinkReport, NotReady, OrderReport, Recap, Standing

# -- the start and the end ---------------------------------------------------------------------------------------------


async def test_everything_is_confirmed_before_the_link_is_ready(world):
    await world.until(lambda: any(isinstance(each, LinkReport) and each.link is Link.READY for each in world.said))
    kinds = [
        "recap" if isinstance(each, Recap) else "ready"
        for each in world.said
        if isinstance(each, Recap) or (isinstance(each, LinkReport) and each.link is Link.READY)
    ]
    assert kinds == ["recap", "ready"]
    assert world.broker.link.link is Link.READY


async def test_a_fresh_account_s_recap_is_empty(world):
    await world.until(lambda: any(isinstance(each, Recap) for each in world.said))
    (recap,) = [each for each in world.said if isinstance(each, Recap)]
    assert (recap.holdings, recap.open_orders) == ((), ())


async def test_stopping_twice_is_stopping_once(world):
    await world.broker.stop()
    await world.broker.stop()
    assert world.broker.link.link is Link.DOWN


async def test_nothing_is_placed_once_it_is_stopped(world):
    intent = world.intent(Side.BUY, 100, await world.spy())
    await world.broker.stop()
    with pytest.raises(NotReady):
        await world.broker.orders.place(intent)
    assert not world.engine.open_orders()
    assert not world.engine.completed_orders()


# -- records -----------------------------------------------------------------------------------------------------------


async def test_the_days_executions_are_told_again_with_the_same_ids(world):
    spy, (call, put) = await world.spy(), await world.straddle()
    world.quote_all()
    orders = [await world.buy(100, spy), await world.buy(2, call), await world.buy(1, put)]
    for order in orders:
        await world.stands(order, Standing.FILLED)
    told = [fill for order in orders for fill in world.fills(order)]
    again = await world.broker.orders.executions()
    assert {_essence(fill) for fill in again} == {_essence(fill) for fill in told}
    assert len(again) == len(told) == 3
    assert sum(isinstance(each, Fill) for each in world.said) == 3, "what was asked for was told as news too"


async def test_a_living_order_is_among_the_open_ones_with_its_reference(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    working = await world.buy(100, spy, "599.50", lives_s=300)
    told = await world.stands(working, Standing.WORKING)
    (report,) = await world.broker.orders.open_orders()
    assert (report.order_ref, report.perm_id, report.standing) == (str(working), told.perm_id, Standing.WORKING)
    assert (report.filled, report.remaining) == (0, 100)


async def test_dead_orders_are_among_the_completed_ones(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    filled = await world.buy(100, spy)
    missed = await world.buy(100, spy, "599.50")
    await world.stands(filled, Standing.FILLED)
    await world.stands(missed, Standing.CANCELLED)
    found = {report.order_ref: report for report in await world.broker.orders.completed_orders()}
    assert {ref: report.standing for ref, report in found.items()} == {
        str(filled): Standing.FILLED,
        str(missed): Standing.CANCELLED,
    }
    assert found[str(filled)].filled == 100
    assert not await world.broker.orders.open_orders()


# -- the account -------------------------------------------------------------------------------------------------------


async def test_holdings_show_what_was_traded_and_what_it_cost(world):
    spy, (call, _) = await world.spy(), await world.straddle()
    world.quote_all()
    await world.stands(await world.buy(100, spy), Standing.FILLED)
    await world.stands(await world.sell(1, call, purpose=Purpose.HEDGE), Standing.FILLED)

    async def held() -> dict[int, int]:
        holdings = await world.broker.account.holdings()
        return {each.holding.instrument.con_id: int(each.holding.quantity) for each in holdings}

    await world.becomes(held, {SPY: 100, 11: -1})
    costs = {each.holding.instrument.con_id: each.average_cost for each in await world.broker.account.holdings()}
    assert float(costs[SPY]) == pytest.approx(600.01, abs=0.05)
    assert float(costs[11]) == pytest.approx(400, abs=2)


async def test_what_was_closed_is_no_holding_any_more(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    await world.stands(await world.buy(100, spy), Standing.FILLED)
    await world.stands(await world.sell(100, spy), Standing.FILLED)

    async def held() -> int:
        return len(await world.broker.account.holdings())

    await world.becomes(held, 0)


async def test_cash_pays_for_what_is_bought_and_for_its_bill(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    bought = await world.buy(100, spy)
    await world.stands(bought, Standing.FILLED)
    await world.until(lambda: world.bills(world.fills(bought)))
    (bill,) = world.bills(world.fills(bought))
    left = CASH - 100 * Decimal("600.01") - bill.amount.amount

    async def cash() -> Decimal:
        (money,) = await world.broker.account.cash()
        return round(money.amount, 2)

    await world.becomes(cash, round(left, 2))


async def test_the_account_s_values_are_real_and_follow_its_fills(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    assert world.broker.account.account == ME
    before = world.broker.account.values
    assert (before.net_liquidation.amount, before.initial_margin.amount) == (CASH, 0)
    assert before.buying_power.amount >= CASH
    await world.stands(await world.buy(100, spy), Standing.FILLED)

    async def initial() -> bool:
        return float(world.broker.account.values.initial_margin.amount) == pytest.approx(30_000, rel=0.01)

    await world.becomes(initial, True)
    after = world.broker.account.values
    assert float(after.maintenance_margin.amount) == pytest.approx(15_000, rel=0.01)
    assert float(after.net_liquidation.amount) == pytest.approx(1_000_000, rel=0.001)
    assert after.available_funds.amount < before.available_funds.amount


# -- other accounts ----------------------------------------------------------------------------------------------------


async def test_nothing_is_told_of_another_account(world):
    spy = await world.spy()
    world.quote(SPY, 599.99, 600.01)
    mine = await world.buy(100, spy)
    await world.stands(mine, Standing.FILLED)
    world.somebody_buys(300)
    await world.settled()
    await world.pass_time(2)
    assert world.engine.account(YOU).quantity(SPY) == 300
    assert {each.account for each in world.said if isinstance(each, Fill)} == {ME}
    assert {each.order_ref for each in world.said if isinstance(each, OrderReport)} == {str(mine)}
    assert [fill.account for fill in await world.broker.orders.executions()] == [ME]
    assert [report.order_ref for report in await world.broker.orders.completed_orders()] == [str(mine)]
    assert [int(each.holding.quantity) for each in await world.broker.account.holdings()] == [100]


async def test_a_trade_by_hand_in_the_account_is_a_fill_without_an_intent(world):
    world.quote(SPY, 599.99, 600.01)
    world.somebody_buys(50, account=ME)
    await world.until(lambda: any(isinstance(each, Fill) for each in world.said))
    (fill,) = [each for each in world.said if isinstance(each, Fill)]
    assert (fill.quantity, fill.instrument.con_id, fill.account) == (50, SPY, ME)


def _essence(fill: Fill) -> tuple[object, ...]:
    return fill.exec_id, fill.intent, fill.instrument.con_id, fill.side, fill.quantity, fill.price, fill.perm_id
