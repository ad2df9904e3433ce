"""Prints the order of events of a busy minute: tasks, ties, sets, groups, threads, streams, cancellation."""

import asyncio
import os
import sys
import threading

from gamma_scalper.kernel import VirtualLoop


class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data[::-1])


def note(*what):
    print(f"{asyncio.get_running_loop().time():.6f}", *what)


async def walker(name, step_s):
    try:
        for number in range(20):
            await asyncio.sleep(step_s)
            note("walker", name, number)
    finally:
        note("walker ends", name)


async def thread_user(number):
    note("thread gave", await asyncio.to_thread(lambda: (threading.Event().wait(0.002 * (3 - number)), number)[1]))


async def stream_user(number):
    reader, writer = await asyncio.open_connection("gateway", number)
    for turn in range(5):
        writer.write(f"{number}:{turn}\n".encode())
        await asyncio.sleep(0.3)
        note("stream", number, await reader.readexactly(4))
    writer.close()


async def race():
    futures = {asyncio.get_running_loop().create_future() for _ in range(40)}
    waiting = {asyncio.ensure_future(asyncio.wait_for(future, 1 + index % 3)) for index, future in enumerate(futures)}
    for index, future in enumerate(futures):
        if index % 5 == 0:
            asyncio.get_running_loop().call_later(0.5, future.set_result, index)
    for done in asyncio.as_completed(waiting):
        try:
            note("race", await done)
        except TimeoutError:
            note("race timed out")
    note("left", [task.get_name() for task in waiting])


async def main():
    asyncio.get_running_loop().register_host("gateway", Server)
    try:
        async with asyncio.TaskGroup() as group:
            for name in "abcdefgh":
                group.create_task(walker(name, 0.25))
            for number in range(4):
                group.create_task(thread_user(number))
                group.create_task(stream_user(number))
            group.create_task(race())
            await asyncio.sleep(4.1)
            raise ZeroDivisionError
    except* ZeroDivisionError:
        note("group ended")
    left_running = [asyncio.create_task(walker(name, 0.5)) for name in "stuvwxyz"]
    await asyncio.sleep(2)
    note("left running", len(left_running))


async def leave_holes(count):
    """Other addresses for the tasks and futures to come, so that whatever is ordered by id() shows."""
    tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(count)]
    futures = [asyncio.get_running_loop().create_future() for _ in range(count)]
    await asyncio.wait(tasks)
    return [kept for kept in tasks + futures if hash(kept) * 7919 % 5 < 2]


with asyncio.Runner(loop_factory=VirtualLoop) as runner:
    ballast = runner.run(leave_holes(50 + int(os.environ["PYTHONHASHSEED"]) % 500))
pace = float(sys.argv[1]) if sys.argv[1:] and sys.argv[1] else None
with asyncio.Runner(loop_factory=lambda: VirtualLoop(pace=pace)) as runner:
    runner.run(main())
