"""What goes wrong in a stage costs what it must, and is told: a message, a ring, never the ring next to it."""

import asyncio

import pytest
from loguru import logger

from gamma_scalper.kernel import (
    Block,
    Channel,
    Conflate,
    Failed,
    Fatal,
    Patience,
    Recoverable,
    Stage,
    Stopped,
    Supervisor,
    Unbounded,
)


def sink(channel, handle):
    async def run():
        async for message in channel:
            await handle(message)

    return run


async def wait_for_ever():
    await asyncio.Event().wait()


async def test_a_recoverable_error_costs_one_message_and_is_counted():
    handled, channel = [], Channel[int]("n", Block(10))

    async def handle(number):
        if number % 3 == 0:
            raise Recoverable(f"{number} is poison")
        handled.append(number)

    ring = Supervisor("spy", [Stage("engine", sink(channel, handle), channel)])
    for number in range(1, 10):
        channel.put_nowait(number)
    asyncio.get_running_loop().call_later(1, ring.stop)
    assert await ring.run() == Stopped()
    assert handled == [1, 2, 4, 5, 7, 8]
    assert ring.recovered == {"engine": 3}


async def test_a_stage_that_recovers_too_often_ends_the_ring():
    async def run():
        raise Recoverable("nothing works")

    ring = Supervisor("spy", [Stage("engine", run)], Patience(recoverable_per_minute=5))
    end = await ring.run()
    assert isinstance(end, Failed)
    assert isinstance(end.error, Fatal)
    assert "6 messages dropped within a minute" in str(end.error)
    assert ring.recovered == {"engine": 6}


async def test_recovering_now_and_then_is_forgiven_for_ever():
    async def run():
        await asyncio.sleep(15)
        raise Recoverable("a bad quote")

    ring = Supervisor("spy", [Stage("engine", run)], Patience(recoverable_per_minute=4))
    asyncio.get_running_loop().call_later(86_400, ring.stop)
    assert await ring.run() == Stopped()
    assert ring.recovered["engine"] > 5_000


@pytest.mark.parametrize("error", [Fatal("no position"), ZeroDivisionError("a defect")])
async def test_a_fatal_error_or_a_defect_ends_that_ring_and_leaves_the_other(error):
    beats = []

    async def dies():
        await asyncio.sleep(3)
        raise error

    async def heartbeat():
        while True:
            await asyncio.sleep(1)
            beats.append(asyncio.get_running_loop().time())

    spy = Supervisor("spy", [Stage("desk", wait_for_ever), Stage("engine", dies)])
    nvda = Supervisor("nvda", [Stage("streamer", heartbeat)])
    asyncio.get_running_loop().call_later(10.5, nvda.stop)
    spy_end, nvda_end = await asyncio.gather(spy.run(), nvda.run())
    assert spy_end == Failed("engine", error)
    assert nvda_end == Stopped()
    assert beats == list(range(1, 11))


async def test_nothing_is_worked_off_after_a_failure():
    handled, channel = [], Channel[int]("trade", Block(10))

    async def slow(number):
        await asyncio.sleep(1)
        handled.append(number)

    async def fails():
        await asyncio.sleep(2.5)
        raise Fatal("greeks are bad")

    ring = Supervisor("spy", [Stage("desk", sink(channel, slow), channel), Stage("engine", fails)])
    for number in range(10):
        channel.put_nowait(number)
    assert isinstance(await ring.run(), Failed)
    assert handled == [0, 1]


async def test_a_failure_while_stopping_is_the_end_that_is_told():
    channel = Channel[int]("trade", Block(10))

    async def breaks(_):
        await asyncio.sleep(1)
        raise Fatal("the journal is full")

    ring = Supervisor("spy", [Stage("desk", sink(channel, breaks), channel)])
    channel.put_nowait(1)
    running = asyncio.create_task(ring.run())
    await asyncio.sleep(0)
    ring.stop()
    end = await running
    assert isinstance(end, Failed)
    assert "journal" in str(end.error)


async def test_a_stage_that_fails_while_it_cleans_up_is_told_too():
    async def run():
        try:
            await wait_for_ever()
        finally:
            raise OSError("disk full")

    ring = Supervisor("spy", [Stage("desk", run)])
    asyncio.get_running_loop().call_later(1, ring.stop)
    end = await ring.run()
    assert isinstance(end, Failed)
    assert isinstance(end.error, OSError)


class Panic(BaseException):
    """What an extension module may raise; no Exception."""


async def awaits_something_cancelled():
    cancelled = asyncio.get_running_loop().create_future()
    cancelled.cancel()
    await cancelled


async def panics():
    raise Panic("in native code")


async def breaks_while_it_is_told_of():
    class Unspeakable(Recoverable):
        def __str__(self):
            raise ZeroDivisionError

    raise Unspeakable


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (awaits_something_cancelled, "cancelled, and not by its ring"),
        (panics, "Panic('in native code')"),
        (breaks_while_it_is_told_of, ""),
    ],
)
async def test_no_stage_dies_in_silence(run, told):
    end = await Supervisor("spy", [Stage("desk", wait_for_ever), Stage("engine", run)]).run()
    assert isinstance(end, Failed)
    assert end.stage == "engine"
    assert told in str(end.error)


async def test_a_stranger_s_cancel_between_two_messages_is_no_silent_death_either():
    async def run():
        stage = asyncio.current_task()
        asyncio.get_running_loop().call_soon(stage.cancel)
        raise Recoverable("and then cancelled")

    end = await Supervisor("spy", [Stage("engine", run)]).run()
    assert isinstance(end, Failed)
    assert "not by its ring" in str(end.error)


async def test_a_stage_that_answers_its_end_with_recoverable_is_not_started_again():
    taken, channel = [], Channel[int]("orders", Block(5))

    async def desk():
        async for order in channel:
            taken.append(order)
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise Recoverable("not acknowledged") from None

    ring = Supervisor("spy", [Stage("desk", desk, channel)])
    for order in range(3):
        channel.put_nowait(order)
    asyncio.get_running_loop().call_later(1, ring.stop)
    assert await ring.run() == Stopped()
    assert (taken, ring.recovered) == ([0], {"desk": 1})


async def test_a_failure_on_the_way_out_costs_no_other_stage_its_messages():
    kept, journal = [], Channel[int]("journal", Unbounded(100, print))

    async def keep(fact):
        await asyncio.sleep(0.01)
        kept.append(fact)

    async def feed():
        try:
            await wait_for_ever()
        finally:
            for fact in range(15):
                journal.put_nowait(fact)
            raise OSError("socket already closed")

    ring = Supervisor("spy", [Stage("journal", sink(journal, keep), journal), Stage("feed", feed)])
    asyncio.get_running_loop().call_later(1, ring.stop)
    assert isinstance(await ring.run(), Failed)
    assert kept == list(range(15))


async def test_what_was_never_worked_off_is_told_however_the_ring_ended():
    lines = []
    sink_id = logger.add(lines.append, format="{level} {extra[stage]} {message}")
    trades, deltas = Channel[int]("trades", Block(10)), Channel[int]("deltas", Conflate(lambda _, newer: newer))

    async def fails():
        await asyncio.sleep(1)
        raise Fatal("greeks are bad")

    async def slow(_):
        await asyncio.sleep(60)

    stages = [Stage("desk", sink(trades, slow), trades), Stage("strategy", sink(deltas, slow), deltas)]
    for number in range(5):
        trades.put_nowait(number)
        deltas.put_nowait(number)
    await Supervisor("spy", [*stages, Stage("engine", fails)]).run()
    logger.remove(sink_id)
    assert "ERROR desk 4 messages were never worked off\n" in lines
    assert not any("strategy" in line for line in lines), "a picture of now that nobody saw is no loss"


async def test_a_stage_that_will_not_die_is_named():
    async def stubborn():
        for _ in range(3):
            try:
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                continue

    ring = Supervisor("spy", [Stage("desk", stubborn)], Patience(cancel_s=2))
    asyncio.get_running_loop().call_later(1, ring.stop)
    end = await ring.run()
    assert isinstance(end, Failed)
    assert (end.stage, "did not stop within 2 s" in str(end.error)) == ("desk", True)
