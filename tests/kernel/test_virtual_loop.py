"""The virtual loop runs ordinary asyncio code, in its own time, always in the same order."""

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gamma_scalper.kernel import Deadlock, VirtualLoop

REPOSITORY = Path(__file__).parents[2]


def virtual_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


async def test_a_sleep_takes_its_own_time_and_none_of_ours():
    loop, wall = virtual_loop(), time.perf_counter()
    await asyncio.sleep(30 * 86_400)
    assert loop.time() == 30 * 86_400
    assert time.perf_counter() - wall < 5


async def test_a_timer_fires_exactly_at_its_time():
    loop, fired = virtual_loop(), []
    for when in (0.1, 1 / 3, 1e-9, 86_400.000001):
        loop.call_at(when, lambda when=when: fired.append((when, loop.time())))
    await asyncio.sleep(100_000)
    assert fired == [(when, when) for when in sorted((0.1, 1 / 3, 1e-9, 86_400.000001))]


async def test_a_sleep_too_short_to_be_added_to_the_time_lets_it_pass_all_the_same():
    """Or who sleeps for what is left of two seconds, and then for what is left of that, never gets there."""
    loop = virtual_loop()
    await asyncio.sleep(60.15)
    before = loop.time()
    await asyncio.sleep(1e-30)
    assert before < loop.time() < before + 1e-9


async def test_timers_of_one_moment_fire_in_the_order_they_were_set():
    loop, fired = virtual_loop(), []
    for number in range(200):
        loop.call_at(7.0, fired.append, number)
    await asyncio.sleep(7)
    assert fired == list(range(200))


async def test_time_stands_still_while_anything_can_run():
    loop, seen = virtual_loop(), []

    async def busy():
        for _ in range(1_000):
            await asyncio.sleep(0)
            seen.append(loop.time())

    loop.call_later(1e-9, seen.append, "timer")
    await busy()
    await asyncio.sleep(1)
    assert seen == [0.0] * 1_000 + ["timer"]


async def test_a_timer_in_the_past_fires_now_and_never_turns_time_back():
    loop, fired = virtual_loop(), []
    await asyncio.sleep(10)
    loop.call_at(3.0, lambda: fired.append(loop.time()))
    loop.call_later(-1, lambda: fired.append(loop.time()))
    await asyncio.sleep(1)
    assert fired == [10.0, 10.0]


async def test_a_cancelled_timer_neither_fires_nor_moves_time():
    loop = virtual_loop()
    for timer in [loop.call_later(3_600, pytest.fail, "fired") for _ in range(1_000)]:
        timer.cancel()
    assert len(loop._timers) < 200, "cancelled timers pile up"
    await asyncio.sleep(5)
    assert loop.time() == 5


async def test_the_sweep_of_cancelled_timers_loses_no_live_one():
    loop, fired = virtual_loop(), []
    timers = [loop.call_later(1 + number % 7, fired.append, number) for number in range(1_000)]
    for number, timer in enumerate(timers):
        if number % 4:
            timer.cancel()
            timer.cancel()
    await asyncio.sleep(10)
    assert sorted(fired) == list(range(0, 1_000, 4))
    assert loop._timers_cancelled == 0


async def test_a_timer_without_a_time_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        virtual_loop().call_later(float("nan"), print)


async def test_timeouts_and_wait_for_end_on_the_virtual_second():
    loop = virtual_loop()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await asyncio.Event().wait()
    assert loop.time() == 5
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(100), 7)
    assert loop.time() == 12


async def test_a_task_group_cancels_in_the_order_of_creation():
    ended = []

    async def member(number):
        try:
            await asyncio.sleep(100)
        finally:
            ended.append(number)

    async def breaker():
        await asyncio.sleep(1)
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(member(number))
            group.create_task(breaker())
    assert ended == list(range(6))


# -- deadlock ------------------------------------------------------------------------------------------------------


def test_a_deadlock_names_every_task_that_waits_and_where():
    async def market_data():
        await asyncio.Event().wait()

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(market_data(), name="spy/market_data")
            group.create_task(asyncio.Queue().get(), name="spy/strategy")

    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(Deadlock) as caught:
        runner.run(main())
    told = str(caught.value)
    assert re.search(r"spy/market_data \(\S*market_data:\d+ > Event\.wait:\d+\)", told), told
    assert re.search(r"spy/strategy \(Queue\.get:\d+\)", told), told


def test_a_sleep_without_end_is_a_deadlock_too():
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(Deadlock):
        runner.run(asyncio.sleep(float("inf")))


def test_an_empty_loop_that_is_told_to_stop_stops():
    loop = VirtualLoop()
    loop.stop()
    loop.run_forever()
    with pytest.raises(Deadlock, match="no task"):
        loop.run_forever()
    loop.close()


# -- the same on every run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tasks_before", [0, 5_000])
def test_what_is_left_at_the_end_is_cancelled_by_age_whatever_ran_before(tasks_before):
    ended = []

    async def left(number):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    async def generator(number):
        try:
            yield number
        finally:
            ended.append(f"generator {number}")

    async def main():
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(tasks_before)))
        kept = []
        for number in range(12):
            kept.append(asyncio.create_task(left(number)))
            open_generator = generator(number)
            await anext(open_generator)
            kept.append(open_generator)
            await asyncio.gather(*(asyncio.sleep(0) for _ in range(7)))
        return kept

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        kept = runner.run(main())
    assert len(kept) == 24
    assert ended == [*range(12), *(f"generator {number}" for number in range(12))]


def test_the_order_of_events_depends_on_nothing_outside_the_program():
    """Whatever the hash seed, the time zone, the pace: one log. The program uses everything that could differ."""
    program = REPOSITORY / "tests" / "kernel" / "many_things_at_once.py"
    logs = set()
    for hash_seed, zone, pace in [("0", "UTC", ""), ("1", "Asia/Tokyo", ""), ("424242", "America/New_York", "2000")]:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone, "PYTHONPATH": str(REPOSITORY)}
        ran = subprocess.run([sys.executable, program, pace], env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        logs.add(ran.stdout)
    assert len(logs) == 1
    assert len(logs.pop().splitlines()) > 200
