"""What hostile clients were found to do to the gateway, each by its name."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "gateway"))

from trading_house import house

from gamma_scalper.gateway.framing import frame, greeting
from gamma_scalper.gateway.parameters import BufferParameters, GatewayParameters
from gamma_scalper.gateway.wire.codec import write_request
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.requests_of_data import RequestContractDetails, RequestCurrentTime
from gamma_scalper.gateway.wire.requests_of_orders import RequestIds


async def test_who_connects_and_says_nothing_is_disconnected_after_a_minute() -> None:
    async with house() as trading:
        silent, half = await trading.bare(), await trading.bare()
        half.send_bytes(greeting(157, 176))
        good = await trading.client(1)
        await asyncio.sleep(59)
        assert not silent.lost.is_set() and not half.lost.is_set()
        await asyncio.sleep(2)
        assert silent.lost.is_set() and half.lost.is_set() and not good.lost.is_set()
        assert len(trading.gateway._connections) == 1


async def test_who_asks_on_without_reading_is_disconnected_before_its_answers_fill_the_memory() -> None:
    small = GatewayParameters(buffers=BufferParameters(conflate_above_kb=16, close_above_kb=64))
    async with house(parameters=small) as trading:
        client = await trading.client(1)
        assert client.transport is not None
        outbox = trading.gateway._connections[0].outbox
        client.transport.pause_reading()
        client.send_bytes(frame(write_request(RequestCurrentTime(), 176)) * 50_000)  # all in one read
        await asyncio.sleep(1)
        assert client.lost.is_set() and outbox.size < 130_000


async def test_answers_that_are_told_in_turn_do_not_pile_up_for_who_does_not_read() -> None:
    async with house() as trading:
        client = await trading.client(1)
        assert client.transport is not None
        client.transport.pause_reading()
        asked = RequestContractDetails(5, ContractFields(sec_type="OPT", symbol="SPY", exchange="SMART"))
        session = trading.gateway._sessions[0]
        for _ in range(30):
            client.send_bytes(frame(write_request(asked, 176)) * 100)
            await asyncio.sleep(0.01)
        assert client.lost.is_set() and len(session._long) == 0


async def test_who_reads_may_ask_as_much_as_it_likes() -> None:
    async with house() as trading:
        client = await trading.client(1)
        for _ in range(20):
            client.send_bytes(frame(write_request(RequestIds(), 176)) * 1_000)
            await asyncio.sleep(0.01)
        assert not client.lost.is_set()
