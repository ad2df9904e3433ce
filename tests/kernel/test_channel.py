"""A channel is an asyncio.Queue that says what happens when the reader is slower than the writer."""

import asyncio

import pytest

from gamma_scalper.kernel import Block, Channel, Conflate, Unbounded


def summing(name="sums"):
    return Channel[int](name, Conflate(lambda older, newer: older + newer))


async def test_a_conflating_channel_holds_one_message_made_of_all_that_were_not_read():
    channel = summing()
    for number in range(10):
        await channel.put(number)
    assert channel.qsize() == 1
    assert await channel.get() == 45
    assert channel.empty()
    assert channel.stats().merged == 9


async def test_conflation_by_key_keeps_one_message_each_in_the_order_of_the_first():
    channel = Channel[tuple[str, int]]("quotes", Conflate(lambda _, newer: newer, key=lambda quote: quote[0]))
    for quote in [("SPY", 1), ("NVDA", 1), ("SPY", 2), ("NVDA", 2), ("QQQ", 1), ("SPY", 3)]:
        channel.put_nowait(quote)
    assert [channel.get_nowait() for _ in range(3)] == [("SPY", 3), ("NVDA", 2), ("QQQ", 1)]


async def test_a_blocking_channel_makes_the_writer_wait_for_a_slow_reader():
    channel, written = Channel[int]("trade", Block(2)), []

    async def writer():
        for number in range(6):
            await channel.put(number)
            written.append((asyncio.get_running_loop().time(), number))

    task = asyncio.create_task(writer())
    read = []
    for _ in range(6):
        await asyncio.sleep(1)
        read.append(await channel.get())
    await task
    assert read == list(range(6))
    assert written == [(0, 0), (0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert channel.stats().high_water == 2


async def test_put_nowait_refuses_where_put_would_wait_and_get_nowait_where_get_would():
    channel = Channel[int]("trade", Block(1))
    with pytest.raises(asyncio.QueueEmpty):
        channel.get_nowait()
    channel.put_nowait(1)
    with pytest.raises(asyncio.QueueFull):
        channel.put_nowait(2)


async def test_a_put_that_is_cancelled_while_it_waits_leaves_nothing_behind_and_blocks_nobody():
    channel = Channel[str]("trade", Block(1))
    await channel.put("first")
    cancelled = asyncio.create_task(channel.put("never"))
    patient = asyncio.create_task(channel.put("second"))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await channel.get() == "first"
    await patient
    assert await channel.get() == "second"
    assert channel.empty()
    assert cancelled.cancelled()


async def test_a_put_cancelled_after_room_was_made_hands_the_room_on():
    channel = Channel[str]("trade", Block(1))
    await channel.put("first")
    cancelled = asyncio.create_task(channel.put("never"))
    patient = asyncio.create_task(channel.put("second"))
    await asyncio.sleep(0)
    assert channel.get_nowait() == "first"  # wakes the first writer ...
    cancelled.cancel()  # ... which then dies
    assert await channel.get() == "second"
    await patient


async def test_a_get_that_is_cancelled_loses_no_message():
    channel = summing()
    reader = asyncio.create_task(channel.get())
    await asyncio.sleep(0)
    channel.put_nowait(7)
    reader.cancel()
    await asyncio.sleep(0)
    assert await channel.get() == 7


async def test_an_unbounded_channel_drops_nothing_and_alarms_once_per_pile():
    alarms = []
    channel = Channel[int]("orders", Unbounded(alarm_depth=4, alarm=alarms.append))
    for number in range(10):
        channel.put_nowait(number)
    await asyncio.sleep(0)
    assert alarms == [4]
    assert channel.get_nowait() == 0
    channel.put_nowait(9)  # still the same pile
    await asyncio.sleep(0)
    assert alarms == [4]
    assert [channel.get_nowait() for _ in range(9)] == list(range(1, 10))
    for number in range(10, 14):
        channel.put_nowait(number)
    await asyncio.sleep(0)
    assert alarms == [4, 4]


async def test_an_alarm_that_fails_is_told_to_the_loop_and_not_to_the_writer():
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(type(context["exception"])))
    channel = Channel[int]("orders", Unbounded(alarm_depth=1, alarm=lambda depth: depth / 0))
    await channel.put(1)
    assert await channel.get() == 1
    await asyncio.sleep(0)
    assert told == [ZeroDivisionError]


async def test_a_join_that_is_given_up_leaves_nothing_behind():
    channel = Channel[int]("n", Block(1))
    await channel.put(1)
    for _ in range(100):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(channel.join(), 1)
    assert channel._drainers == []


def test_a_channel_is_not_shut_down_by_itself():
    with pytest.raises(NotImplementedError, match="ring"):
        summing().shutdown()


async def test_the_counters_tell_depth_merges_high_water_and_waiting():
    channel = summing("deltas")
    channel.put_nowait(1)
    await asyncio.sleep(3)
    channel.put_nowait(2)  # merged: its content has waited since the first
    await asyncio.sleep(2)
    await channel.get()
    channel.put_nowait(3)
    await asyncio.sleep(1)
    await channel.get()
    channel.put_nowait(4)
    stats = channel.stats()
    assert (stats.name, stats.written, stats.read, stats.merged, stats.depth) == ("deltas", 4, 2, 1, 1)
    assert (stats.high_water, stats.waited_s, stats.longest_wait_s) == (1, 6.0, 5.0)


async def test_it_is_read_with_async_for():
    channel, read = Channel[int]("n", Block(9)), []
    for number in range(4):
        channel.put_nowait(number)
    async for number in channel:
        read.append(number)
        if number == 3:
            break
    assert read == [0, 1, 2, 3]


async def test_join_waits_until_the_reader_comes_back_for_more():
    channel, log = Channel[int]("n", Block(9)), []

    async def reader():
        async for number in channel:
            await asyncio.sleep(1)
            log.append(number)
            channel.task_done()

    task = asyncio.create_task(reader())
    for number in range(3):
        await channel.put(number)
    await channel.join()
    assert log == [0, 1, 2]
    await channel.join()  # at once
    assert asyncio.get_running_loop().time() == 3
    task.cancel()


async def test_a_million_conflated_messages_take_the_room_of_one():
    channel = Channel[int]("ticks", Conflate(lambda _, newer: newer))
    for number in range(1_000_000):
        channel.put_nowait(number)
    assert (channel.qsize(), channel.get_nowait()) == (1, 999_999)


def test_a_rule_that_could_hold_nothing_is_refused():
    with pytest.raises(ValueError):
        Block(0)
    with pytest.raises(ValueError):
        Unbounded(0, print)
