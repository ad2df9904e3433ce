"""What the kernel costs next to bare asyncio: channels, a ring of four stages, virtual time, memory.

uv run python benchmarks/kernel.py [--json]
"""

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable, Coroutine
from typing import Any

from measure import Comparison, Measured, arguments, measure, report

from gamma_scalper.kernel import Block, Channel, Conflate, VirtualLoop

MESSAGES = 50_000
SLEEPS = 20_000


def on_asyncio(main: Callable[[], Coroutine[Any, Any, float]]) -> Callable[[], float]:
    return lambda: asyncio.run(main())


def on_virtual_loop(main: Callable[[], Coroutine[Any, Any, float]]) -> Callable[[], float]:
    def run() -> float:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(main())

    return run


# -- streaming through a queue with room for 100 -----------------------------------------------------------------------


async def stream(queue: asyncio.Queue[int]) -> float:
    async def write() -> None:
        for number in range(MESSAGES):
            await queue.put(number)

    async def read() -> None:
        for _ in range(MESSAGES):
            await queue.get()

    began = time.perf_counter()
    await asyncio.gather(write(), read())
    return (time.perf_counter() - began) / MESSAGES * 1e6


async def stream_channel() -> float:
    return await stream(Channel("trade", Block(100)))


async def stream_queue() -> float:
    return await stream(asyncio.Queue(100))


# -- four stages over three queues that conflate -----------------------------------------------------------------------

BURST = 3  # written at once, so that two of three are merged


async def four_stages(
    first: asyncio.Queue[int],
    second: asyncio.Queue[int],
    third: asyncio.Queue[int],
    put: Callable[[asyncio.Queue[int], int], None],
) -> float:
    arrived = asyncio.Event()
    received = []

    async def source() -> None:
        for number in range(0, MESSAGES, BURST):
            for offset in range(BURST):
                put(first, number + offset)
            arrived.clear()
            await arrived.wait()

    async def forward(inbox: asyncio.Queue[int], outbox: asyncio.Queue[int]) -> None:
        while True:
            put(outbox, await inbox.get())

    async def sink() -> None:
        while True:
            received.append(await third.get())
            arrived.set()

    stages = [asyncio.create_task(stage) for stage in (sink(), forward(second, third), forward(first, second))]
    began = time.perf_counter()
    await source()
    took = time.perf_counter() - began
    for stage in stages:
        stage.cancel()
    assert len(received) == len(range(0, MESSAGES, BURST)), "both versions deliver equally many messages"
    return took / MESSAGES * 1e6


async def four_stages_channels() -> float:
    def newer(_: int, new: int) -> int:
        return new

    first, second, third = (Channel[int](name, Conflate(newer)) for name in ("trigger", "delta", "trade"))
    return await four_stages(first, second, third, lambda channel, number: channel.put_nowait(number))


async def four_stages_queues() -> float:
    def put(queue: asyncio.Queue[int], number: int) -> None:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(number)

    first, second, third = (asyncio.Queue[int](1) for _ in range(3))
    return await four_stages(first, second, third, put)


# -- sleeping ----------------------------------------------------------------------------------------------------------


async def sleep_an_hour() -> float:
    began = time.perf_counter()
    for _ in range(SLEEPS):
        await asyncio.sleep(3_600)
    return (time.perf_counter() - began) / SLEEPS * 1e6


async def sleep_zero() -> float:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    for _ in range(SLEEPS):
        future = loop.create_future()
        loop.call_later(0, future.set_result, None)
        await future
    return (time.perf_counter() - began) / SLEEPS * 1e6


# -- memory ------------------------------------------------------------------------------------------------------------


def memory_of_conflated_messages() -> Measured:
    """Bytes a channel holds after a thousand and after a million messages nobody read."""

    async def fill(count: int) -> float:
        channel = Channel[bytes]("ticks", Conflate(lambda _, newer: newer))
        gc.collect()
        tracemalloc.start()
        for number in range(count):
            channel.put_nowait(b"%12d" % number)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return float(held)

    thousand, million = asyncio.run(fill(1_000)), asyncio.run(fill(1_000_000))
    # A few counters grow by a digit; a message kept would be 45 bytes, a million of them 45 MB.
    flat = million - thousand < 1_024
    return Measured("10^6 conflated, memory (10^3)", million, thousand, "bytes", "flat", million / thousand, flat)


def main() -> None:
    asked = arguments(__doc__.splitlines()[0])
    comparisons = [
        Comparison("message through a queue of 100", on_asyncio(stream_channel), on_asyncio(stream_queue), 1.5),
        Comparison(
            "message over 4 stages, 3 queues",
            on_asyncio(four_stages_channels),
            on_asyncio(four_stages_queues),
            1.5,
        ),
        Comparison("sleep", on_virtual_loop(sleep_an_hour), on_asyncio(sleep_zero), 1.5),
    ]
    rows = [*measure(comparisons, quiet=asked.json), memory_of_conflated_messages()]
    report("benchmarks.kernel/1", rows, as_json=asked.json)


if __name__ == "__main__":
    main()
