"""The virtual loop runs ordinary asyncio code, in its own time, always in the same order."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gamma_scalper.kernel import Deadlock, UnregisteredHost, VirtualLoop

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


# -- threads -------------------------------------------------------------------------------------------------------


async def test_time_stands_still_until_a_thread_is_done():
    loop, gate = virtual_loop(), threading.Event()
    loop.call_later(1, lambda: pytest.fail("time moved while a thread was at work") if not gate.is_set() else None)
    threading.Timer(0.05, gate.set).start()
    assert await asyncio.to_thread(gate.wait, 10)
    assert loop.time() == 0


async def test_thread_results_arrive_in_the_order_of_submission():
    first_may_end, arrived = threading.Event(), []

    async def slow():
        await asyncio.to_thread(first_may_end.wait, 10)
        arrived.append("slow")

    async def quick():
        await asyncio.to_thread(first_may_end.set)
        arrived.append("quick")

    await asyncio.gather(slow(), quick())
    assert arrived == ["slow", "quick"]


async def test_a_thread_s_exception_reaches_the_one_who_waits():
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 / 0)


async def test_a_thread_may_call_back_into_the_loop():
    loop = virtual_loop()

    async def double(number):
        return 2 * number

    assert await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(double(21), loop).result(10)) == 42


async def test_a_result_nobody_waits_for_any_more_is_dropped():
    gate = threading.Event()
    job = asyncio.create_task(asyncio.to_thread(gate.wait, 10))
    await asyncio.sleep(0)
    job.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await job
    await asyncio.sleep(1)


async def test_a_job_that_is_cancelled_before_a_thread_takes_it_never_runs():
    loop, gate, ran = virtual_loop(), threading.Event(), []
    with ThreadPoolExecutor(1) as pool:
        first = loop.run_in_executor(pool, gate.wait, 10)
        second = loop.run_in_executor(pool, ran.append, "second")
        second.cancel()
        await asyncio.sleep(0)
        gate.set()
        assert await first
        await asyncio.sleep(1)
    assert ran == []


async def test_a_thread_s_stop_iteration_does_not_break_the_loop():
    with pytest.raises(RuntimeError):
        await asyncio.to_thread(next, iter(()))


async def test_shutting_the_executor_down_waits_for_a_thread_that_still_needs_the_loop():
    loop = virtual_loop()

    async def answer():
        return 42

    asked = loop.run_in_executor(None, lambda: asyncio.run_coroutine_threadsafe(answer(), loop).result(10))
    await loop.shutdown_default_executor()
    assert asked.result() == 42


async def test_a_call_made_thread_safely_keeps_its_place_among_the_others():
    loop, called = virtual_loop(), []
    loop.call_soon(called.append, "a")
    loop.call_soon_threadsafe(called.append, "b")
    loop.call_soon(called.append, "c")
    await asyncio.sleep(0)
    assert called == ["a", "b", "c"]


def test_a_closed_loop_takes_no_more_work():
    loop = VirtualLoop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)
    with pytest.raises(RuntimeError, match="closed"):
        loop.run_in_executor(None, print)


def test_work_after_the_executor_is_shut_down_is_refused():
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        runner.run(asyncio.to_thread(int))
        runner.run(loop.shutdown_default_executor())
        with pytest.raises(RuntimeError, match="shut down"):
            loop.run_in_executor(None, print)


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


# -- the network ---------------------------------------------------------------------------------------------------


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data.upper())


async def test_streams_reach_a_registered_host_in_memory():
    virtual_loop().register_host("gateway", Echo)
    reader, writer = await asyncio.open_connection("gateway", 4002)
    writer.write(b"hello ")
    writer.writelines([b"straddle", b"\n"])
    await writer.drain()
    assert await reader.readline() == b"HELLO STRADDLE\n"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "example.com", None])
async def test_every_other_host_is_refused(host):
    virtual_loop().register_host("gateway", Echo)
    with pytest.raises(UnregisteredHost, match="gateway"):
        await asyncio.open_connection(host, 7497)


async def test_a_host_that_left_is_refused_and_may_come_back():
    loop = virtual_loop()
    loop.register_host("gateway", Echo)
    with pytest.raises(ValueError, match="already"):
        loop.register_host("gateway", Echo)
    loop.unregister_host("gateway")
    with pytest.raises(UnregisteredHost):
        await asyncio.open_connection("gateway", 7497)
    loop.register_host("gateway", Echo)
    _, writer = await asyncio.open_connection("gateway", 7497)
    writer.close()


async def test_no_real_socket_can_be_had():
    loop = virtual_loop()
    loop.register_host("gateway", Echo)
    for attempt in (
        loop.create_server(Echo, "127.0.0.1", 0),
        loop.create_datagram_endpoint(Echo),
        loop.getaddrinfo("example.com", 80),
        loop.getnameinfo(("127.0.0.1", 80)),
    ):
        with pytest.raises(UnregisteredHost):
            await attempt
    with pytest.raises(ValueError, match="ssl"):
        await loop.create_connection(Echo, "gateway", 1, ssl=True)


# -- pace and signals ----------------------------------------------------------------------------------------------


def test_a_paced_loop_takes_its_share_of_the_wall_clock():
    async def main():
        await asyncio.sleep(10)

    began = time.perf_counter()
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(pace=100)) as runner:
        runner.run(main())
        assert runner.get_loop().time() == 10
    assert time.perf_counter() - began >= 0.1


def test_a_call_from_another_thread_wakes_a_paced_loop_at_the_time_the_wall_says():
    async def main():
        loop, woken = virtual_loop(), asyncio.Event()
        threading.Timer(0.02, loop.call_soon_threadsafe, (woken.set,)).start()
        async with asyncio.timeout(3_600):
            await woken.wait()
        return loop.time()

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(pace=10)) as runner:
        assert 0.2 <= runner.run(main()) < 3_600


def test_a_paced_loop_that_was_suspended_does_not_race_to_catch_up():
    async def main():
        loop = virtual_loop()
        loop._anchor = (0.0, loop._anchor[1] - 3_600)  # as if the wall clock had jumped an hour
        await asyncio.sleep(0.001)
        began = time.perf_counter()
        await asyncio.sleep(0.05)
        return time.perf_counter() - began

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(pace=1)) as runner:
        assert runner.run(main()) >= 0.04


def test_a_paced_loop_does_not_count_the_time_it_did_not_run():
    loop = VirtualLoop(pace=1)
    loop._anchor = (0.0, loop._anchor[1] - 0.9)  # as if it had been made a while ago
    began = time.perf_counter()
    loop.run_until_complete(asyncio.sleep(0.05))
    assert time.perf_counter() - began >= 0.04
    loop.close()


def test_a_paced_loop_that_waits_for_a_signal_alone_is_no_deadlock():
    async def main():
        loop, told = virtual_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, told.set)
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGTERM)).start()
        await told.wait()

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(pace=1)) as runner:
        runner.run(main())


def test_a_paced_sleep_of_centuries_can_be_interrupted():
    async def main():
        sleeping = asyncio.ensure_future(asyncio.sleep(1e10))
        threading.Timer(0.02, virtual_loop().call_soon_threadsafe, (sleeping.cancel,)).start()
        with pytest.raises(asyncio.CancelledError):
            await sleeping

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(pace=1)) as runner:
        runner.run(main())


@pytest.mark.parametrize("pace", [0, -1, float("nan"), float("inf")])
def test_an_impossible_pace_is_refused(pace):
    with pytest.raises(ValueError, match="pace"):
        VirtualLoop(pace=pace)


def test_a_signal_is_handled_on_the_loop_and_the_old_handler_comes_back():
    before = signal.getsignal(signal.SIGTERM)

    async def main():
        loop, told = virtual_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, told.set)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(3_600):
            await told.wait()
        assert loop.remove_signal_handler(signal.SIGTERM)
        assert not loop.remove_signal_handler(signal.SIGTERM)
        loop.add_signal_handler(signal.SIGTERM, told.set)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
    assert signal.getsignal(signal.SIGTERM) == before


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
