"""Whatever a client sends, it harms nobody but itself."""

import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger
from trading_house import SHARE, Client, House, house, order

from gamma_scalper.gateway.framing import frame, greeting
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.codec import write_request
from gamma_scalper.gateway.wire.requests_of_data import RequestMarketData, StartApi
from gamma_scalper.gateway.wire.requests_of_orders import RequestIds
from gamma_scalper.kernel import VirtualLoop

SOUND = [frame(write_request(each, 176)) for each in (order(1, "BUY", 1), RequestMarketData(5, SHARE), RequestIds())]


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    number = logger.add(lines.append, format="{message}")
    yield lines
    logger.remove(number)


async def served(client: Client) -> bool:
    return (await client.ask(RequestIds()))[-1:] == [answers.NextValidId(1)]


async def sends(trading: House, data: bytes, client_id: int = 2) -> Client:
    """A client that starts as it should and then says this."""
    client = await trading.client(client_id)
    client.send_bytes(data)
    await asyncio.sleep(0.01)
    return client


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x00",
        frame(b"hello\0"),
        frame(b"3\0nonsense\0"),
        frame(b"3\x001\0" + b"x\0" * 200),
        frame(b"\xff\xfe\0"),
        frame(b"999\0"),
        frame(b"11\x0081\x00not a number\0"),
        frame(SOUND[0][4:20] + b"\0"),
    ],
)
async def test_what_cant_be_read_closes_that_connection_with_one_line_in_the_log(data: bytes, log: list[str]) -> None:
    async with house() as trading:
        good = await trading.client(1)
        bad = await sends(trading, data)
        assert bad.lost.is_set() and not good.lost.is_set()
        about = [line for line in log if "can't be read" in line]
        assert len(about) == 1 and about[0].startswith("gateway: client 2:")
        assert await served(good)


@settings(max_examples=60)
@given(data=st.data())
def test_random_and_cut_frames_end_one_conversation_and_no_other(data: st.DataObject) -> None:
    junk = data.draw(
        st.lists(
            st.one_of(
                st.binary(max_size=60),
                st.binary(min_size=1, max_size=60).map(frame),
                st.sampled_from(SOUND),
                st.tuples(st.sampled_from(SOUND), st.integers(0, 80)).map(lambda cut: cut[0][: cut[1]]),
                st.tuples(st.sampled_from(SOUND), st.integers(5, 60), st.binary(min_size=1, max_size=3)).map(
                    lambda hit: hit[0][: hit[1]] + hit[2] + hit[0][hit[1] + len(hit[2]) :]
                ),
            ),
            max_size=6,
        ).map(b"".join)
    )

    async def converse() -> None:
        async with house() as trading:
            good = await trading.client(1)
            await sends(trading, junk)
            fresh = await trading.bare()
            fresh.send_bytes(junk)
            await asyncio.sleep(0.01)
            assert await served(good)
            assert (await trading.client(3)).errors() == [2104, 2106, 2158]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(converse())


async def test_a_frame_that_never_ends_is_not_waited_for() -> None:
    async with house() as trading:
        client = await sends(trading, (50_000_000).to_bytes(4, "big") + b"x" * 1000)
        assert client.lost.is_set()


async def test_thousands_of_bad_connections_leave_nothing_behind() -> None:
    async with house() as trading:
        good = await trading.client(1)

        async def storm(count: int) -> None:
            for _ in range(count):
                client = await trading.bare()
                client.send_bytes(greeting(100, 176) + frame(write_request(StartApi(2), 176)) + frame(b"999\0"))
                await client.lost.wait()

        await storm(100)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.take_snapshot()
        await storm(300)
        gc.collect()
        after = tracemalloc.take_snapshot()
        tracemalloc.stop()
        kept = sum(
            line.size_diff for line in after.compare_to(before, "filename") if "/gateway/" in str(line.traceback)
        )
        assert kept < 50_000
        assert await served(good)
        assert len(trading.gateway._connections) == len(trading.gateway._sessions) == 1


async def test_a_client_that_was_refused_an_order_is_forgotten_once_it_is_gone() -> None:
    async with house() as trading:
        client = await trading.client(2)
        await client.ask(order(4, "BUY", 1), order(3, "BUY", 1))
        assert client.errors(3) == [103]
        (connection,) = trading.gateway._connections
        kept = weakref.ref(connection.session)
        del connection
        assert client.transport is not None
        client.transport.close()
        await asyncio.sleep(0.001)
        del client  # whose transport knows the other end
        gc.collect()
        assert kept() is None


async def test_thousands_of_quotes_leave_no_more_memory_behind_than_hundreds() -> None:
    async with house() as trading:
        client = await trading.client(1)
        await client.ask(RequestMarketData(5, SHARE))

        async def quotes(count: int) -> None:
            for i in range(count):
                trading.quote(1, 600.0 + 0.01 * (i % 50), 600.5 + 0.01 * (i % 50))
                if i % 50 == 0:
                    await asyncio.sleep(0.001)
                    client.said.clear()
                    client.wrote.clear()
                    client.writes.clear()

        await quotes(2_000)
        gc.collect()
        tracemalloc.start()
        await quotes(500)
        small = tracemalloc.get_traced_memory()[0]
        await quotes(5_000)
        gc.collect()
        large = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert large < small + 100_000
