"""A watch shows the newest value; a clock is whatever time is in use."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gamma_scalper.kernel import LoopClock, WallClock, Watch


async def test_a_reader_sees_the_newest_value_and_how_many_it_missed():
    watch = Watch("live")
    writer = watch.claim()
    assert watch.seen == (0, "live")
    for mode in ("degraded", "observe", "emergency"):
        writer.publish(mode)
    assert await watch.newer_than(0) == (3, "emergency")
    assert watch.value == "emergency"


async def test_every_reader_is_woken_and_a_cancelled_one_disturbs_nobody():
    watch = Watch(0)
    writer = watch.claim()
    readers = [asyncio.create_task(watch.newer_than(0)) for _ in range(3)]
    await asyncio.sleep(0)
    readers[0].cancel()
    writer.publish(7)
    assert [await reader for reader in readers[1:]] == [(1, 7), (1, 7)]


async def test_there_is_one_writer():
    watch = Watch(0)
    watch.claim()
    with pytest.raises(RuntimeError, match="writer"):
        watch.claim()


async def test_on_the_virtual_loop_the_clock_is_the_loop_s():
    start = datetime(2026, 3, 8, 4, 59, tzinfo=timezone(timedelta(hours=-5)))
    clock = LoopClock(asyncio.get_running_loop(), start)
    before = clock.monotonic()
    await clock.sleep(86_400.25)
    assert clock.now() == datetime(2026, 3, 9, 9, 59, 0, 250_000, UTC)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() - before == 86_400.25


async def test_a_clock_made_later_starts_then():
    await asyncio.sleep(100)
    clock = LoopClock(asyncio.get_running_loop(), datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_start_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        LoopClock(asyncio.get_running_loop(), datetime(2026, 1, 1))


def test_the_wall_clock_is_aware_and_moves_on():
    async def main():
        clock = WallClock()
        before, now = clock.monotonic(), clock.now()
        await clock.sleep(0.001)
        assert clock.monotonic() - before >= 0.001
        assert clock.now() > now
        assert now.tzinfo is UTC

    asyncio.run(main())
