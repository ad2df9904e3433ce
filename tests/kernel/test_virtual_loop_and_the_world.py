"""What reaches the virtual loop from outside: threads, hosts, the wall clock, signals."""

import asyncio
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gamma_scalper.kernel import UnregisteredHost, VirtualLoop


def virtual_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


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
        loop.call_soon_threadsafe(print)
    with pytest.raises(RuntimeError, match="closed"):
        loop.run_in_executor(None, print)


def test_work_after_the_executor_is_shut_down_is_refused():
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        runner.run(asyncio.to_thread(int))
        runner.run(loop.shutdown_default_executor())
        with pytest.raises(RuntimeError, match="shut down"):
            loop.run_in_executor(None, print)


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


def test_a_loop_can_hurry_through_a_night_and_then_take_its_time_again():
    async def program():
        loop = virtual_loop()
        loop.pace = None
        began = time.perf_counter()
        await asyncio.sleep(60_000)
        hurried = time.perf_counter() - began
        loop.pace = 100
        began = time.perf_counter()
        await asyncio.sleep(10)
        return hurried, time.perf_counter() - began

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(pace=1)) as runner:
        hurried, paced = runner.run(program())
    assert hurried < 60 and paced >= 0.1, "and what was hurried through is not made up for"


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
        took = []
        for _ in range(5):  # a busy machine may hold one of them up, and the next is then rightly shorter
            began = time.perf_counter()
            await asyncio.sleep(0.05)
            took.append(time.perf_counter() - began)
        return max(took)

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
