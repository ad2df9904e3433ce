"""What is odd, full or hung costs a warning or a connection, and never the link itself."""

import asyncio
from decimal import Decimal
from pathlib import Path

import ib_floor
import ib_insync as ib
import pytest
from attrs import evolve
from ib_floor import CLIENT, LISTED, ME, YOU, Floor, adapter, fault, floor, gateway_up, quick
from ib_insync.client import Client

from gamma_scalper.broker.ib.accounts import chosen
from gamma_scalper.broker.ib.catalogue import IbCatalogue
from gamma_scalper.broker.ib.contracts import Record
from gamma_scalper.broker.ib.incoming import Incoming
from gamma_scalper.broker.ib.parameters import BackoffParameters, TimeoutParameters
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import Link, Refused, Warned
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.tickets import Place, Ticket

BRIEF = quick(
    timeouts=TimeoutParameters(connect_s=2, positions_s=2, open_orders_s=2, executions_s=2, account_s=2),
    backoff=BackoffParameters(first_s=1, longest_s=8, give_up_s=30),
)


def spoil(monkeypatch: pytest.MonkeyPatch, con_id: int, **changes: str) -> None:
    """The broker tells of this contract in its own way."""
    plain = Record.of

    def of(details: ib.ContractDetails) -> Record:
        record = plain(details)
        return evolve(record, **changes) if record.con_id == con_id else record

    monkeypatch.setattr(Record, "of", of)


# -- what cannot be read -----------------------------------------------------------------------------------------------


async def test_an_odd_contract_among_the_holdings_is_told_and_the_others_are_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(monkeypatch, 11, multiplier="")
    spoil(monkeypatch, 2, time_zone="Mars/Olympus")
    async with gateway_up() as gateway:
        here = Floor(gateway, adapter(gateway))
        here.quote_all()
        for con_id in (1, 2, 11):
            gateway.do(Place(Ticket(account=ME, what=con_id, side=Side.BUY, quantity=Decimal(3))))
        await asyncio.sleep(1)
        async with ib_floor.running(here):
            held = await here.broker.account.holdings()
            assert [each.holding.instrument.con_id for each in held] == [1, 2]
            assert held[1].holding.instrument.liquid_hours is None
            told = [warned.text for warned in here.of(Warned) if "the account holds" in warned.text]
            assert len(told) == 1
            assert "contract 11 (SPY) cannot be read" in told[0]


async def test_an_odd_option_is_left_out_of_its_chain_and_refused_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, 13, multiplier="")
    async with floor() as here:
        spy = await here.spy()
        chain = await here.broker.catalogue.options(spy, ib_floor.EXPIRY)
        assert [option.con_id for option in chain] == [14, 11, 12]
        with pytest.raises(Refused, match="cannot be read"):
            await here.broker.catalogue.by_con_id(13)


async def test_an_expiry_and_a_market_rule_that_cannot_be_read_cost_themselves_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with floor() as here:
        client, spy = here.broker._wire._client, await here.spy()
        ends = client.wrapper.securityDefinitionOptionParameterEnd

        def with_an_odd_one(_: object, request: int) -> None:
            client.wrapper.security_definition_option_parameter(request, "SMART", 1, "SPY", "100", ["soon"], [])
            ends(request)

        monkeypatch.setattr(Incoming, "securityDefinitionOptionParameterEnd", with_an_odd_one)
        assert await here.broker.catalogue.expiries(spy) == [ib_floor.EXPIRY, ib_floor.NEXT_EXPIRY]
        monkeypatch.setattr(
            client, "reqMarketRule", lambda number: client.wrapper.market_rule(number, [ib.PriceIncrement(0.0, -1.0)])
        )
        with pytest.raises(Refused, match=r"market rule \d+ cannot be read"):
            await here.broker.catalogue.by_con_id(11)


async def test_a_holding_of_half_an_option_is_told_once_and_the_link_stands() -> None:
    async with floor() as here:
        await here.straddle()
        client = here.broker._wire._client
        asked = client.reqPositions

        def ask() -> None:
            client.wrapper.position(ME, ib.Contract(conId=11, symbol="SPY"), 0.5, 400.0)
            asked()

        client.reqPositions = ask
        assert await here.broker.account.holdings() == []
        assert await here.broker.account.holdings() == []
        (warned,) = here.of(Warned)
        assert "not counted" in warned.text
        assert here.broker.link.link is Link.READY


async def test_a_cache_that_cannot_be_written_costs_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    async with floor(cache_dir=tmp_path / "file" / "cache") as here:
        assert (await here.spy()).con_id == 1
        here.somebody(Side.BUY, 3)
        assert len(await here.straddle()) == 2
        assert here.broker.link.link is Link.READY


# -- defects -----------------------------------------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """The catalogue fails in a way nobody thought of, so often; each time is taken down."""
    calls: list[int] = []
    plain = IbCatalogue.by_con_id

    async def by_con_id(self: IbCatalogue, con_id: int) -> Stock:
        calls.append(con_id)
        if len(calls) <= times:
            raise RuntimeError("a defect")
        return await plain(self, con_id)

    monkeypatch.setattr(IbCatalogue, "by_con_id", by_con_id)
    return calls


async def test_a_defect_costs_the_connection_and_the_next_one_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor() as here:
        here.somebody(Side.BUY, 3)
        calls = failing(monkeypatch, times=2)
        here.broker._wire._client.wrapper.error(-1, 1102, "restored", "")
        await here.until(lambda: here.broker.link.link is Link.DOWN)
        assert "a defect" in here.broker.link.why
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert len(calls) == 3


async def test_the_third_defect_within_a_minute_leaves_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async with floor() as here:
        here.somebody(Side.BUY, 3)
        calls = failing(monkeypatch, times=1_000)
        here.broker._wire._client.wrapper.error(-1, 1102, "restored", "")
        await asyncio.sleep(600)
        assert here.broker.link.link is Link.DOWN
        assert "a defect" in here.broker.link.why
        assert here.links().count(Link.DOWN) == 3
        failed = len(calls)
        await asyncio.sleep(3600)
        assert len(calls) == failed
        assert not here.gateway._sessions


# -- the start ---------------------------------------------------------------------------------------------------------


async def test_a_start_while_the_gateway_has_lost_its_broker_ends_by_saying_so() -> None:
    async with gateway_up(fault(Kind.DISCONNECT_1102, duration_s=600)) as gateway:
        await asyncio.sleep(1)
        with pytest.raises(UserError, match=r"connected, but 1100: .*; wait until") as ended:
            await adapter(gateway).start()
        assert ended.value.exit_code is ExitCode.BROKER_UNREACHABLE


async def test_a_start_that_is_still_confirming_says_so() -> None:
    slow = evolve(BRIEF, timeouts=evolve(BRIEF.timeouts, positions_s=100))
    async with gateway_up(fault(Kind.UNANSWERED, target="reqPositions", duration_s=600)) as gateway:
        with pytest.raises(UserError, match="connected, but positions, orders and account are still being confirmed"):
            await adapter(gateway, parameters=slow).start()


async def test_an_account_of_many_contracts_is_asked_about_ten_at_a_time_for_as_long_as_it_gets_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = Client.reqContractDetails

    def slowly(client: Client, number: int, wanted: ib.Contract) -> None:
        asyncio.get_running_loop().call_later(5, plain, client, number, wanted)

    monkeypatch.setattr(Client, "reqContractDetails", slowly)
    many = tuple(Stock(con_id=1000 + number, symbol=f"S{number}", trading_class="NMS") for number in range(120))
    monkeypatch.setattr(ib_floor, "LISTED", LISTED + many)
    async with gateway_up() as gateway:
        here = Floor(gateway, adapter(gateway, read_only=True))
        for stock in many:
            here.quote(stock.con_id, 10.0, 10.02)
            gateway.do(Place(Ticket(account=ME, what=stock.con_id, side=Side.BUY, quantity=Decimal(1))))
        await asyncio.sleep(2)
        began = gateway.clock.monotonic()
        await here.broker.start()
        assert 60 <= gateway.clock.monotonic() - began < 62  # a start that does not get on is given up after 45 s
        assert len(await here.broker.account.holdings()) == 120
        await here.broker.stop()


# -- a gateway that hangs ----------------------------------------------------------------------------------------------


async def test_a_gateway_that_hangs_after_it_lost_its_broker_is_left_and_asked_anew() -> None:
    async with floor(parameters=quick(misses_while_lost=24)) as here:
        client = here.broker._wire._client
        client.wrapper.error(-1, 1100, "lost", "")
        client.sendMsg = lambda _: None  # the socket is open, and nobody reads
        await asyncio.sleep(100)
        assert here.broker.link.link is Link.BLIND
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert here.links()[2:] == [Link.BLIND, Link.DOWN, Link.CONFIRMING, Link.READY]
        assert here.clock.monotonic() < 150


async def test_a_socket_that_cannot_be_closed_in_peace_is_cut_so_that_the_client_id_is_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with floor() as here:
        client = here.broker._wire._client
        monkeypatch.setattr(client.conn.transport, "close", lambda: None)  # what was sent is never taken
        monkeypatch.setattr(client.conn.transport, "write_eof", lambda: None)
        client.sendMsg = lambda _: None
        await here.until(lambda: here.broker.link.link is Link.DOWN)
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert [session.client_id for session in here.gateway._sessions] == [CLIENT]


# -- accounts ----------------------------------------------------------------------------------------------------------


async def test_a_login_that_changes_under_the_program_is_not_traded_in() -> None:
    drop = fault(Kind.SOCKET_DROP, at_s=10, duration_s=5, target=str(CLIENT))
    async with floor(drop, account="", parameters=BRIEF) as here:
        before = here.broker.account.values
        assert before is not None
        here.gateway.accounts = lambda: [YOU]
        await asyncio.sleep(120)
        assert here.broker.link.link is Link.DOWN
        assert "the login has changed from DU…01 to DU…02; log in as before" in here.broker.link.why
        assert here.broker.account.account == ME


async def test_figures_of_before_a_new_connection_do_not_count() -> None:
    silence = fault(Kind.UNANSWERED, at_s=10, target="reqAccountUpdates", duration_s=60)
    async with floor(fault(Kind.SOCKET_DROP, at_s=10, target=str(CLIENT)), silence, parameters=BRIEF) as here:
        assert here.broker.account.values is not None
        await asyncio.sleep(30)
        assert here.broker.account.values is None
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert here.broker.account.values is not None


def test_in_live_mode_the_setting_to_correct_is_the_one_of_live_mode() -> None:
    with pytest.raises(UserError, match=r"correct LIVE_ACCOUNT in \.env"):
        chosen("U1234567", ["U7654321"], "live")
    with pytest.raises(UserError, match=r"correct ACCOUNT in \.env"):
        chosen("DU1234567", ["DU7654321"], "paper")
