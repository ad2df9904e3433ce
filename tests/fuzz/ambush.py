"""Our adapter against a broker that lies: it neither hangs nor fails, and is right again once it is told the truth."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).parents[1] / "broker" / "ib"))

from ib_floor import EXPIRY, ME, YOU, Floor, adapter, gateway_up
from middleman import Mischief, Street
from siege import CountingLoop, Report, listened

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Instrument
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import Link, NotReady, Refused, Standing, Unanswered

HOSTILE_S, PATIENCE_S = 60.0, 900.0
MOST_LINES, MOST_TURNS = 400, 200_000
_EXPECTED = (NotReady, Refused, Unanswered)


def ambushed(seed: int) -> Report:
    """A minute of lies, and then the truth."""
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        return runner.run(_ambushed(seed))


async def _ambushed(seed: int) -> Report:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)
    chance = Random(seed)
    wrong: list[str] = []
    with listened(loop) as (lines, escaped):
        async with gateway_up(accounts=(ME, YOU)) as gateway:
            street = Street(gateway.protocol, chance, Mischief.drawn(chance))
            street.honest = chance.random() < 0.6  # until it has started
            loop.unregister_host("gateway")
            loop.register_host("gateway", street.protocol)
            here = Floor(gateway, adapter(gateway))
            here.quote_all()
            listening = [asyncio.create_task(here.watch()), asyncio.create_task(here.listen())]
            try:
                wrong += [each async for each in _lives(here, street)]
            finally:
                await here.broker.stop()
                for task in listening:
                    task.cancel()
                ends = await asyncio.gather(*listening, return_exceptions=True)
            wrong += [f"whoever listens failed: {end!r}" for end in ends if isinstance(end, Exception)]
            wrong += _sent_once(street)
    if len(lines) > MOST_LINES:
        wrong.append(f"{len(lines)} lines in the log over {street.connections} connections: {lines[-2:]}")
    if len(here.said) > 5_000:
        wrong.append(f"{len(here.said)} events were told: {here.said[-1]}")
    if loop.turns > MOST_TURNS:
        wrong.append(f"the loop turned {loop.turns:,} times")
    return Report(seed, sorted(street.done), wrong + [f"escaped: {each}" for each in escaped])


async def _lives(here: Floor, street: Street) -> AsyncIterator[str]:
    """Whatever it is told it goes on; a start that gives up says why in one line."""
    began = False
    for _ in range(3):
        try:
            await here.broker.start()
            began = True
            break
        except UserError as error:
            if "\n" in str(error):
                yield f"a start ended with {error}"
            street.become_honest()
    if not began:
        yield "it does not start with an honest broker"
        return
    street.honest = False
    await _trades(here, street)
    street.become_honest()
    street.sent.times.append((asyncio.get_running_loop().time(), "-- the truth --"))
    await asyncio.sleep(1)
    waited = 0.0
    while here.broker.link.link is not Link.READY and waited < PATIENCE_S:
        await asyncio.sleep(1)
        waited += 1
    if here.broker.link.link is not Link.READY:
        yield f"it is not ready {PATIENCE_S:g} s after the truth: {here.broker.link}"
        return
    async for each in _told_the_truth(here):
        yield each


async def _trades(here: Floor, street: Street) -> None:
    """Looks, orders, amends, cancels and asks, for as long as it is lied to."""
    loop, chance = asyncio.get_running_loop(), street.chance
    ends = loop.time() + HOSTILE_S
    acts = (_looks, _orders, _orders, _cancels, _holds, _asks)
    placed: list[object] = []
    while loop.time() < ends:
        here.quote_all()
        try:
            async with asyncio.timeout(60):
                await chance.choice(acts)(here, placed)
        except _EXPECTED:
            pass
        await asyncio.sleep(chance.choice((0.0, 0.2, 1.0, 3.0)))


async def _looks(here: Floor, placed: list[object]) -> None:
    wanted: list[Instrument] = [await here.spy(), *await here.broker.catalogue.options(await here.spy(), EXPIRY)]
    await here.broker.feed.subscribe(wanted)


async def _orders(here: Floor, placed: list[object]) -> None:
    spy = await here.spy()
    if len(placed) % 2:
        placed.append(await here.place(Side.BUY, 1, spy))
    else:
        placed.append(await here.place(Side.BUY, 1, spy, "500", lives_s=20))


async def _cancels(here: Floor, placed: list[object]) -> None:
    if placed:
        await here.router.cancel(placed[-1])


async def _holds(here: Floor, placed: list[object]) -> None:
    await here.broker.account.holdings()


async def _asks(here: Floor, placed: list[object]) -> None:
    await here.router.open_orders()
    await here.router.executions()


async def _told_the_truth(here: Floor) -> AsyncIterator[str]:
    """What it says now is what is so, and it trades as before."""
    await asyncio.sleep(60)  # what was ordered has ended by itself
    held = {each.holding.instrument.con_id: each.holding.quantity for each in await here.broker.account.holdings()}
    truth = {con_id: each.quantity for con_id, each in here.engine.account(ME).held.items() if each.quantity}
    if held != truth:
        yield f"it says that the account holds {held}, which holds {truth}"
    try:
        here.quote_all()
        spy = await here.broker.catalogue.by_con_id(1)
        intent = await here.place(Side.BUY, 1, spy)
        for _ in range(50):
            await asyncio.sleep(0.1)
            if Standing.FILLED in here.course(intent):
                break
        else:
            yield f"an order of now is {here.course(intent)}, not filled"
    except _EXPECTED as error:
        yield f"it does not trade any more: {error!r}"


def _sent_once(street: Street) -> Iterator[str]:
    for ref, ids in street.sent.orders.items():
        if len({order_id for _, order_id in ids}) > 1:
            yield f"{ref} left {len(ids)} times: {sorted(ids)}"
