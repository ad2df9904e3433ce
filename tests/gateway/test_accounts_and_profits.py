"""What a client is told of its account: values, positions, profit and loss."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from trading_house import CALL, ME, PUT, SPY, YOU, Client, House, house, of_option, order

from gamma_scalper.exchange.tickets import Deposit
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.requests_of_orders import (
    CancelAccountSummary,
    CancelPnl,
    CancelPositions,
    ExerciseOptions,
    RequestAccountSummary,
    RequestAccountUpdates,
    RequestAccountUpdatesMulti,
    RequestPnl,
    RequestPnlSingle,
    RequestPositions,
    RequestPositionsMulti,
)


def values(client: Client, since: int = 0) -> dict[tuple[str, str], str]:
    return {(each.key, each.currency): each.value for each in client.of(answers.AccountValue, since)}


async def test_an_account_update_tells_values_positions_the_time_and_its_end() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100))
        said = await client.ask(RequestAccountUpdates(True, ME))
        assert [type(each).__name__ for each in said[-3:]] == ["PortfolioValue", "AccountTime", "AccountDownloadEnd"]
        told = values(client)
        assert told["NetLiquidation", "USD"] == "999998.00"  # a cent of spread a share, and a dollar
        assert told["TotalCashValue", "USD"] == "939998.00"
        assert told["GrossPositionValue", "USD"] == "60000.00"
        assert told["InitMarginReq", "USD"] == "30000.00"
        assert told["MaintMarginReq", "USD"] == "15000.00"
        assert told["AvailableFunds", "USD"] == "969998.00"
        assert told["BuyingPower", "USD"] == "1939996.00"
        assert told["Cushion", ""] == "0.985000"
        assert (told["AccountType", ""], told["AccountCode", ""]) == ("INDIVIDUAL", ME)
        portfolio = said[-3]
        assert (portfolio.contract.con_id, portfolio.position, portfolio.market_value) == (SPY, 100, 60_000.0)
        assert (portfolio.average_cost, portfolio.unrealized_pnl) == (600.01, pytest.approx(-1.0))


async def test_a_trade_is_told_of_the_account_within_a_second_and_only_what_changed() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestAccountUpdates(True, ME))
        before = len(client.said)
        await client.ask(order(1, "BUY", 100), seconds=1.1)
        told = values(client, before)
        assert told["TotalCashValue", "USD"] == "939998.00"
        assert ("AccountCode", "") not in told
        assert client.of(answers.AccountDownloadEnd, before) == []


async def test_without_a_trade_the_account_is_told_every_three_minutes() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(RequestAccountUpdates(True, ME))
        await asyncio.sleep(179)
        assert len(client.of(answers.AccountTime)) == 1
        await asyncio.sleep(2)
        assert len(client.of(answers.AccountTime)) == 2
        await client.ask(RequestAccountUpdates(False))
        await asyncio.sleep(600)
        assert len(client.of(answers.AccountTime)) == 2


async def test_a_position_that_is_gone_is_told_once_with_nothing_in_it() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100), RequestAccountUpdates(True, ME), RequestPositions())
        await client.ask(order(2, "SELL", 100), seconds=400)
        assert [each.position for each in client.of(answers.PortfolioValue)] == [100, 0]
        assert [each.position for each in client.of(answers.Position)] == [100, 0]


async def test_positions_of_all_accounts_are_told_and_then_each_change() -> None:
    async with house(accounts=(ME, YOU)) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, account=ME), order(2, "SELL", 3, account=YOU, contract=of_option(CALL)))
        said = await client.ask(RequestPositions())
        assert [(each.account, each.contract.con_id, each.position, each.average_cost) for each in said[:-1]] == [
            (ME, SPY, 100, 600.01),
            (YOU, CALL, -3, 500.0),
        ]
        assert said[-1] == answers.PositionEnd()
        await client.ask(order(3, "BUY", 1, account=ME), seconds=2)
        assert [each.position for each in client.of(answers.Position)][2:] == [101]
        await client.ask(CancelPositions(), order(4, "BUY", 1, account=ME), seconds=2)
        assert len(client.of(answers.Position)) == 3


async def test_positions_and_values_of_one_account_have_requests_of_their_own() -> None:
    async with house(accounts=(ME, YOU)) as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100, account=YOU))
        said = await client.ask(RequestPositionsMulti(5, YOU), RequestAccountUpdatesMulti(6, YOU))
        assert (said[0].req_id, said[0].account, said[0].position) == (5, YOU, 100)
        assert said[1] == answers.PositionMultiEnd(5)
        assert {each.account for each in said if isinstance(each, answers.AccountUpdateMulti)} == {YOU}
        assert said[-1] == answers.AccountUpdateMultiEnd(6)


async def test_a_summary_tells_the_tags_that_were_asked_for_of_every_account() -> None:
    async with house(accounts=(ME, YOU)) as trading:
        client = await trading.client()
        said = await client.ask(RequestAccountSummary(5, "All", "NetLiquidation,AccountType,Nonsense"))
        assert [(each.account, each.tag, each.value) for each in said[:-1]] == [
            (account, tag, value)
            for account in (ME, YOU)
            for tag, value in (("NetLiquidation", "1000000.00"), ("AccountType", "INDIVIDUAL"))
        ]
        assert said[-1] == answers.AccountSummaryEnd(5)
        await client.ask(CancelAccountSummary(5), order(1, "BUY", 1, account=ME), seconds=600)
        assert len(client.of(answers.AccountSummary)) == 4


@pytest.mark.parametrize(
    ("tag", "currencies"),
    [("$LEDGER", {"BASE"}), ("$LEDGER:USD", {"USD"}), ("$LEDGER:ALL", {"USD", "BASE"}), ("$LEDGER:EUR", set())],
)
async def test_the_ledger_is_told_by_currency(tag: str, currencies: set[str]) -> None:
    async with house() as trading:
        client = await trading.client()
        said = await client.ask(RequestAccountSummary(5, "All", tag))
        assert {each.currency for each in said[:-1]} == currencies


@pytest.mark.parametrize(
    "request_",
    [
        RequestAccountUpdates(True, "DU9"),
        RequestPnl(-1, "DU9"),
        RequestAccountSummary(-1, "DU9", "x"),
        RequestPnl(-1, ME, "model"),
    ],
)
async def test_an_account_or_a_model_that_does_not_exist_is_refused(request_: Any) -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(request_)
        assert client.errors(-1)[-1] == 321


async def test_profits_follow_the_market_and_know_no_deposits() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100))
        (pnl,) = await client.ask(RequestPnl(5, ME))
        assert (pnl.daily, pnl.unrealized, pnl.realized) == (-2.0, -1.0, -1.0)
        trading.gateway.do(Deposit(ME, Decimal(50_000)))
        trading.quote(SPY, 609.99, 610.01)
        await asyncio.sleep(1)
        pnl = client.of(answers.Pnl)[-1]
        assert (pnl.daily, pnl.unrealized) == (998.0, 999.0)
        told = len(client.of(answers.Pnl))
        await asyncio.sleep(10)
        assert len(client.of(answers.Pnl)) == told  # nothing new
        await client.ask(CancelPnl(5))
        trading.quote(SPY, 619.99, 620.01)
        await asyncio.sleep(10)
        assert len(client.of(answers.Pnl)) == told


async def test_the_profit_of_one_position_is_that_of_its_trades_and_of_its_price() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 3, contract=of_option(CALL)), order(2, "BUY", 100))
        trading.quote(CALL, 6.00, 6.10)
        await client.ask(order(3, "SELL", 1, contract=of_option(CALL)))
        (pnl,) = await client.ask(RequestPnlSingle(5, ME, "", CALL))
        assert (pnl.position, pnl.value) == (2, 1210.0)
        assert pnl.unrealized == 190.0  # two, from 5.10 to 6.05
        assert pnl.daily == 280.0  # and one sold at 6.00
        assert pnl.realized == pytest.approx(90.0 - 3 * 1.7, abs=0.2)  # less what it cost to trade


async def test_the_day_begins_anew_at_midnight() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100))
        await asyncio.sleep(20 * 3600)
        (pnl,) = await client.ask(RequestPnl(5, ME))
        assert (pnl.daily, pnl.unrealized) == (0.0, -1.0)


# -- exercise ----------------------------------------------------------------------------------------------------------


async def after_a_night(trading: House) -> int:
    await asyncio.sleep(20 * 3600)
    return int(trading.engine.account(ME).quantity(SPY))


async def test_an_option_is_exercised_over_night() -> None:
    async with house() as trading:
        client = await trading.client()
        trading.quote(SPY, 619.99, 620.01)
        await client.ask(order(1, "BUY", 2, contract=of_option(CALL)))
        assert await client.ask(ExerciseOptions(5, of_option(CALL), 1, Decimal(2), ME)) == []
        assert await after_a_night(trading) == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"action": 3}, 321),
        ({"quantity": Decimal(0)}, 321),
        ({"quantity": Decimal(5)}, 322),
        ({"account": "DU9"}, 321),
        ({"contract": of_option(PUT)}, 322),  # out of the money, and not overridden
        ({"action": 2}, 322),  # in the money, and not overridden
    ],
)
async def test_an_exercise_that_cant_be_is_refused(change: dict[str, Any], code: int) -> None:
    async with house() as trading:
        client = await trading.client()
        trading.quote(SPY, 619.99, 620.01)
        await client.ask(order(1, "BUY", 2, contract=of_option(CALL)), order(2, "BUY", 2, contract=of_option(PUT)))
        asked = {"contract": of_option(CALL), "action": 1, "quantity": Decimal(2), "account": ME}
        await client.ask(ExerciseOptions(5, **(asked | change)))
        assert client.errors(5) == [code]
        assert await after_a_night(trading) == 0


async def test_an_override_exercises_at_a_loss() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 1, contract=of_option(PUT)))
        trading.quote(SPY, 619.99, 620.01)
        await client.ask(ExerciseOptions(5, of_option(PUT), 1, Decimal(1), ME, override=True))
        assert await after_a_night(trading) == -100


async def test_yesterdays_equity_stays_what_it_was_all_day() -> None:
    async with house() as trading:
        client = await trading.client()
        await client.ask(order(1, "BUY", 100))
        trading.quote(SPY, 650.0, 650.02)
        await client.ask(RequestAccountSummary(5, "All", "PreviousDayEquityWithLoanValue,EquityWithLoanValue"))
        told = {each.tag: each.value for each in client.of(answers.AccountSummary)}
        assert told["PreviousDayEquityWithLoanValue"] == "1000000.00" != told["EquityWithLoanValue"]
