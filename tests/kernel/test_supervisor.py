"""A ring starts in order and stops without losing anything, asked or cancelled."""

import asyncio

import pytest

from gamma_scalper.kernel import (
    Block,
    Channel,
    Conflate,
    Finished,
    Patience,
    Stage,
    Stopped,
    Supervisor,
)


def sink(channel, handle):
    async def run():
        async for message in channel:
            await handle(message)

    return run


async def wait_for_ever():
    await asyncio.Event().wait()


async def test_stages_start_in_order_and_stop_in_reverse():
    log = []

    def stage(name):
        async def run():
            log.append(f"{name} starts")
            try:
                await wait_for_ever()
            finally:
                log.append(f"{name} stops")

        return Stage(name, run)

    ring = Supervisor("spy", [stage("desk"), stage("strategy"), stage("streamer")])
    asyncio.get_running_loop().call_later(5, ring.stop)
    assert await ring.run() == Stopped()
    assert log == [
        *("desk starts", "strategy starts", "streamer starts"),
        *("streamer stops", "strategy stops", "desk stops"),
    ]


async def test_stages_can_be_dismissed_while_the_others_go_on():
    log = []

    def stage(name):
        async def run():
            try:
                await wait_for_ever()
            finally:
                log.append(f"{name} stops at {asyncio.get_running_loop().time():g}")

        return Stage(name, run)

    ring = Supervisor("spy", [stage("desk"), stage("strategy"), stage("streamer")])
    loop = asyncio.get_running_loop()
    loop.call_later(5, lambda: loop.create_task(ring.dismiss("strategy", "streamer")))
    loop.call_later(8, ring.stop)
    assert await ring.run() == Stopped(), "a stage that was dismissed has not failed"
    assert log == ["streamer stops at 5", "strategy stops at 5", "desk stops at 8"]


async def test_a_ring_stopped_before_it_runs_starts_nothing():
    ring = Supervisor("spy", [Stage("desk", lambda: pytest.fail("started"))])
    ring.stop()
    assert await ring.run() == Stopped()


async def test_a_stop_with_full_queues_works_them_off_from_the_source_to_the_sink():
    done = []
    trigger, trade = Channel[int]("trigger", Block(50)), Channel[int]("trade", Block(2))

    async def execute(number):
        await asyncio.sleep(0.01)
        done.append(number)

    ring = Supervisor(
        "spy", [Stage("desk", sink(trade, execute), trade), Stage("strategy", sink(trigger, trade.put), trigger)]
    )
    running = asyncio.create_task(ring.run())
    await asyncio.sleep(1)
    for number in range(50):
        trigger.put_nowait(number)
    ring.stop()
    assert await running == Stopped()
    assert done == list(range(50))


async def test_a_drain_has_an_end_and_tells_what_was_left(caplog):
    channel = Channel[int]("trade", Block(10))
    ring = Supervisor("spy", [Stage("desk", sink(channel, lambda _: asyncio.sleep(60)), channel)], Patience(drain_s=5))
    running = asyncio.create_task(ring.run())
    for number in range(4):
        await channel.put(number)
    await asyncio.sleep(1)
    ring.stop()
    assert await running == Stopped()
    assert asyncio.get_running_loop().time() == 6
    assert channel.qsize() == 3


async def test_the_first_reason_to_end_is_the_one_told():
    async def ends_when_cancelled():
        try:
            await wait_for_ever()
        except asyncio.CancelledError:
            return

    ring = Supervisor("spy", [Stage("desk", wait_for_ever), Stage("feed", ends_when_cancelled)])
    asyncio.get_running_loop().call_later(1, ring.stop)
    assert await ring.run() == Stopped()


async def test_the_first_cancel_is_patient_even_when_the_ring_is_stopping_already():
    handled, channel = [], Channel[int]("orders", Block(10))

    async def handle(order):
        await asyncio.sleep(0.1)
        handled.append(order)

    ring = Supervisor("spy", [Stage("desk", sink(channel, handle), channel)])
    running = asyncio.create_task(ring.run())
    for order in range(10):
        channel.put_nowait(order)
    await asyncio.sleep(0.05)
    ring.stop()
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert handled == list(range(10))


async def test_a_ring_runs_once():
    ring = Supervisor("spy", [Stage("desk", wait_for_ever)])
    asyncio.get_running_loop().call_later(1, ring.stop)
    await ring.run()
    with pytest.raises(RuntimeError, match="run already"):
        await ring.run()


async def test_a_source_that_ends_ends_the_ring_after_its_last_message_was_worked_off():
    handled, channel = [], Channel[int]("quotes", Block(1))

    async def replay():
        for number in range(20):
            await channel.put(number)

    async def handle(number):
        await asyncio.sleep(0.05)
        handled.append(number)

    ring = Supervisor("spy", [Stage("engine", sink(channel, handle), channel), Stage("streamer", replay)])
    assert await ring.run() == Finished("streamer")
    assert handled == list(range(20))


async def test_cancelling_a_ring_stops_it_in_the_same_order():
    log, channel = [], Channel[int]("n", Conflate(lambda _, newer: newer))

    async def handle(number):
        await asyncio.sleep(1)
        log.append(number)

    running = asyncio.create_task(Supervisor("spy", [Stage("desk", sink(channel, handle), channel)]).run())
    await asyncio.sleep(0)
    channel.put_nowait(1)
    await asyncio.sleep(0.5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert log == [1]


async def test_a_second_cancel_does_not_wait():
    async def slow(_):
        await asyncio.sleep(3_600)

    channel = Channel[int]("n", Block(2))
    ring = Supervisor("spy", [Stage("desk", sink(channel, slow), channel)], Patience(drain_s=60))
    running = asyncio.create_task(ring.run())
    await channel.put(1)
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.get_running_loop().time() == 2
    await asyncio.sleep(0)
    assert [task.get_name() for task in asyncio.all_tasks()] == [asyncio.current_task().get_name()]


def test_a_ring_needs_stages_with_names_of_their_own():
    with pytest.raises(ValueError, match="names of their own"):
        Supervisor("spy", [Stage("desk", wait_for_ever), Stage("desk", wait_for_ever)])
    with pytest.raises(ValueError):
        Supervisor("spy", [])
