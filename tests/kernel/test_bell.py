"""A bell is rested on, and woken by; nobody who noted its count misses a ring."""

import asyncio
from datetime import UTC, datetime

from gamma_scalper.kernel import Bell, LoopClock

START = datetime(2026, 1, 5, 15, tzinfo=UTC)


def clock() -> LoopClock:
    return LoopClock(asyncio.get_running_loop(), START)


async def rested_s(bell: Bell, since: int, at_least_s: float, at_most_s: float) -> float:
    time = clock()
    began = time.monotonic()
    await bell.rest(time, since, at_least_s, at_most_s)
    return time.monotonic() - began


async def test_nobody_rings_and_the_rest_has_its_full_length():
    assert await rested_s(Bell(), 0, 1.0, 60.0) == 60.0


async def test_a_ring_wakes_everybody_once_they_have_rested_enough():
    bell = Bell()
    resting = [asyncio.create_task(rested_s(bell, bell.times, at_least_s, 60.0)) for at_least_s in (1.0, 30.0)]
    await clock().sleep(20.0)
    bell.ring()
    assert [await each for each in resting] == [20.0, 30.0]


async def test_what_was_rung_since_the_look_is_not_slept_through():
    bell = Bell()
    looked = bell.times
    bell.ring()
    assert await rested_s(bell, looked, 1.0, 60.0) == 1.0


async def test_more_at_least_than_at_most_is_at_most():
    assert await rested_s(Bell(), 0, 5.0, 2.0) == 2.0


async def test_who_is_cancelled_leaves_nothing_behind():
    bell = Bell()
    resting = asyncio.create_task(rested_s(bell, 0, 1.0, 60.0))
    await clock().sleep(10.0)
    resting.cancel()
    await asyncio.wait((resting,))
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
