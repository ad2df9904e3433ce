"""How a conversation with the gateway begins, and who may hold one."""

import asyncio

import pytest
from trading_house import ME, YOU, fault, house, order

from gamma_scalper.exchange.faults import Kind
from gamma_scalper.gateway.framing import frame, greeting
from gamma_scalper.gateway.parameters import GatewayParameters, PacingParameters
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.codec import write_request
from gamma_scalper.gateway.wire.requests_of_data import RequestCurrentTime, RequestHistogram, StartApi
from gamma_scalper.gateway.wire.requests_of_orders import RequestIds, RequestManagedAccounts


@pytest.mark.parametrize(("asked", "spoken"), [(157, 157), (163, 163), (176, 176), (178, 176), (225, 176)])
async def test_both_sides_speak_the_highest_version_they_share(asked: int, spoken: int) -> None:
    async with house() as trading:
        client = await trading.client(version=asked)
        assert client.version == spoken


async def test_a_client_that_is_too_old_is_sent_away() -> None:
    async with house() as trading:
        client = await trading.bare()
        client.send_bytes(greeting(100, 156))
        await client.lost.wait()
        assert client.wrote == b""


async def test_a_start_tells_accounts_the_next_order_id_and_that_the_farms_are_well() -> None:
    async with house(accounts=(ME, YOU)) as trading:
        client = await trading.client()
        accounts, next_id, *farms = client.said
        assert accounts == answers.ManagedAccounts(f"{ME},{YOU}")
        assert next_id == answers.NextValidId(1)
        assert [(each.req_id, each.code) for each in farms] == [(-1, 2104), (-1, 2106), (-1, 2158)]


async def test_a_client_id_in_use_gets_326_and_its_owner_notices_nothing() -> None:
    async with house() as trading:
        first, second = await trading.client(5), await trading.client(5)
        assert second.errors() == [326]
        await second.lost.wait()
        assert await first.ask(RequestCurrentTime()) == [answers.CurrentTime(int(trading.clock.now().timestamp()))]
        assert not first.lost.is_set()


async def test_a_client_id_is_free_again_once_its_connection_is_gone() -> None:
    async with house() as trading:
        first = await trading.client(5)
        first.transport.close()
        await asyncio.sleep(0.01)
        assert (await trading.client(5)).errors() == [2104, 2106, 2158]


async def test_the_fault_326_refuses_a_client_while_it_lasts() -> None:
    async with house(faults=[fault(Kind.CLIENT_ID_326, duration_s=30)]) as trading:
        assert (await trading.client(5)).errors() == [326]
        await asyncio.sleep(31)
        assert (await trading.client(5)).errors() == [2104, 2106, 2158]


async def test_whoever_does_not_begin_as_a_client_does_is_disconnected_and_the_others_are_served_on() -> None:
    async with house() as trading:
        good, bad = await trading.client(1), await trading.bare()
        bad.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
        await bad.lost.wait()
        assert await good.ask(RequestIds()) == [answers.NextValidId(1)]


async def test_a_request_before_the_start_ends_the_connection() -> None:
    async with house() as trading:
        client = await trading.bare()
        client.send_bytes(greeting(100, 176))
        await client.until(lambda: client.version)
        client.send(RequestIds())
        await client.lost.wait()
        assert client.errors() == [320]


async def test_a_request_cut_into_bytes_is_understood() -> None:
    async with house() as trading:
        client = await trading.bare()
        for byte in greeting(100, 176):
            client.send_bytes(bytes([byte]))
            await asyncio.sleep(0)
        await client.until(lambda: client.version)
        for byte in frame(write_request(StartApi(3), 176)):
            client.send_bytes(bytes([byte]))
            await asyncio.sleep(0)
        await client.until(lambda: client.of(answers.NextValidId))


async def test_what_is_not_served_is_said_to_be_so_under_the_number_of_the_request() -> None:
    async with house() as trading:
        client = await trading.client()
        (answer,) = await client.ask(RequestHistogram(9, order(1, "BUY", 1).contract, period="1 day"))
        assert (answer.req_id, answer.code) == (9, 10089)
        assert "reqHistogramData is not served" in answer.message


async def test_too_many_messages_a_second_get_100_and_the_third_time_the_connection_is_closed() -> None:
    parameters = GatewayParameters(pacing=PacingParameters(messages_per_s=10))
    async with house(parameters=parameters, paced=True) as trading:
        client = await trading.client()
        for violations in (1, 2, 3):
            await asyncio.sleep(2)
            said = await client.ask(*[RequestManagedAccounts()] * 21)
            assert len([each for each in said if isinstance(each, answers.ManagedAccounts)]) == 20
            assert client.errors(-1).count(100) == violations
        await client.lost.wait()


async def test_a_client_that_keeps_to_the_rate_never_hears_of_it() -> None:
    parameters = GatewayParameters(pacing=PacingParameters(messages_per_s=10))
    async with house(parameters=parameters, paced=True) as trading:
        client = await trading.client()
        for _ in range(20):
            await asyncio.sleep(1)
            await client.ask(*[RequestIds()] * 10)
        assert 100 not in client.errors()


async def test_what_is_heard_late_is_no_violation_of_the_rate() -> None:
    async with house(paced=True) as trading:
        client = await trading.client()
        for late in (0.1, 2.0, 0.0, 2.0):
            await asyncio.sleep(late)
            await client.ask(*[RequestIds()] * int(45 * max(late, 0.1)))
        assert 100 not in client.errors()


async def test_who_is_too_fast_is_refused_until_he_slows_down_and_a_violation_saves_up_nothing() -> None:
    parameters = GatewayParameters(pacing=PacingParameters(messages_per_s=10))
    async with house(parameters=parameters, paced=True) as trading:
        client = await trading.client()
        said = await client.ask(*[RequestIds()] * 60, seconds=0.5)
        assert [type(each) for each in said] == [answers.NextValidId] * 20 + [answers.Error] * 40
        assert not client.lost.is_set()
        said = await client.ask(*[RequestIds()] * 10)
        assert [type(each) for each in said] == [answers.NextValidId] * 5 + [answers.Error] * 5


async def test_sixteen_clients_are_served_at_once() -> None:
    async with house() as trading:
        clients = [await trading.client(number) for number in range(1, 17)]
        for client in clients:
            client.send(order(1, "BUY", 1))
        await asyncio.sleep(0.01)
        assert [client.statuses(1)[-1] for client in clients] == ["Filled"] * 16


async def test_closing_the_gateway_disconnects_everybody() -> None:
    async with house() as trading:
        client, silent = await trading.client(), await trading.bare()
        await trading.gateway.close()
        await client.lost.wait()
        await silent.lost.wait()
        late = await trading.bare()
        await late.lost.wait()
