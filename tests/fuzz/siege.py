"""A gateway under attack, and beside it a client that goes on trading and must not notice."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from random import Random
from typing import Any

from attrs import frozen
from hostile_client import HostileClient
from loguru import logger
from trading_house import ME, SHARE, SPY, YOU, Client, House, house, order

from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.requests_of_data import RequestCurrentTime, RequestMarketData
from gamma_scalper.kernel import VirtualLoop

ROUNDS, EVERY_S = 12, 0.5
GOOD = 1  # the client id of who behaves
MOST_LINES = 2  # in the log for one bad connection: it came, and why it was sent away
MOST_TURNS = 60_000  # of the loop


@frozen
class Report:
    """What one seed came to."""

    seed: int
    ways: Sequence[str]
    wrong: Sequence[str]


@contextmanager
def listened(loop: asyncio.AbstractEventLoop) -> Iterator[tuple[list[str], list[str]]]:
    """What is written to the log, and what escaped to the loop's handler."""
    lines: list[str] = []
    escaped: list[str] = []
    number = logger.add(lambda line: lines.append(str(line).strip()), format="{message}", level="INFO")
    loop.set_exception_handler(lambda _, context: escaped.append(f"{context['message']}: {context.get('exception')!r}"))
    try:
        yield lines, escaped
    finally:
        logger.remove(number)


class CountingLoop(VirtualLoop):
    """Knows how often it has turned, and stands still for nobody."""

    turns = 0

    def _run_once(self) -> None:
        self.turns += 1
        super()._run_once()


def besieged(seed: int) -> Report:
    """One gateway, some hostile clients, and one good one that lives as it does without them."""
    calm = _calm_day()
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        noticed, ways, wrong = runner.run(_day(Random(seed)))
    if noticed != calm:
        at = next(
            (place for place, pair in enumerate(zip(calm, noticed, strict=False)) if pair[0] != pair[1]), len(noticed)
        )
        wrong.append(f"the good client noticed: {noticed[at : at + 2]} instead of {calm[at : at + 2]}")
    return Report(seed, ways, wrong)


@cache
def _calm_day() -> Sequence[Any]:
    """What the good client hears where there is nobody else."""
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        return runner.run(_day(None))[0]


async def _day(chance: Random | None) -> tuple[list[Any], list[str], list[str]]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)
    wrong: list[str] = []
    ways: list[str] = []
    with listened(loop) as (lines, escaped):
        async with house(accounts=(ME, YOU)) as trading:
            good = await trading.client(GOOD)
            attackers: list[asyncio.Task[str]] = []
            clients: list[HostileClient] = []
            if chance is not None:
                for _ in range(chance.randint(1, 5)):
                    clients.append(await _connect(Random(chance.random())))
                    attackers.append(asyncio.create_task(clients[-1].attack()))
            noticed = await _trades(trading, good)
            for attacker in attackers:
                attacker.cancel()
            ends = await asyncio.gather(*attackers, return_exceptions=True)
            ways += [end for end in ends if isinstance(end, str)]
            wrong += [f"an attacker failed: {end!r}" for end in ends if isinstance(end, Exception)]
            if good.lost.is_set():
                wrong.append("the good client was disconnected")
            if chance is not None:
                wrong += _left_behind(trading, clients)
                await asyncio.sleep(120)
                wrong += _still_there(trading, clients)
                fresh = await trading.client(77)
                if fresh.errors() != [2104, 2106, 2158]:
                    wrong.append(f"a new client was told {fresh.errors()}")
        if len(lines) > 8 + MOST_LINES * len(clients):
            wrong.append(f"{len(lines)} lines in the log for {len(clients)} connections: {lines[-3:]}")
    if loop.turns > MOST_TURNS:
        wrong.append(f"the loop turned {loop.turns:,} times")
    return noticed, ways, wrong + [f"escaped: {each}" for each in escaped]


async def _connect(chance: Random) -> HostileClient:
    client = HostileClient(chance)
    await asyncio.get_running_loop().create_connection(lambda: client, "gateway", 1)
    return client


async def _trades(trading: House, good: Client) -> list[Any]:
    """Looks, buys and asks for some seconds: all it heard of that, each with its moment."""
    loop, noticed = asyncio.get_running_loop(), []
    good.send(RequestMarketData(900, SHARE))
    heard = len(good.said)
    for number in range(ROUNDS):
        trading.quote(SPY, 599.5 + 0.01 * number, 600.5 + 0.01 * number, (1_000_000, 1_000_000))
        good.send(RequestCurrentTime(), order(1_000 + number, "BUY", 1, account=ME))
        for _ in range(5):
            await asyncio.sleep(EVERY_S / 5)
            noticed += [(round(loop.time(), 6), _seen(each)) for each in good.said[heard:]]
            heard = len(good.said)
    return [each for each in noticed if each[1] is not None]


def _seen(answer: answers.Answer) -> Any:
    """What would differ if somebody could slow it or spoil it; numbers that are shared out in turn would anyway."""
    match answer:
        case answers.TickPrice(req_id=900, tick_type=1 | 2 as side, price=price):
            return "quote", side, price
        case answers.OrderStatus(order_id=order_id, status=status, filled=filled):
            return "order", order_id, status, filled
        case answers.CurrentTime(time):
            return "time", time
        case answers.Error(req_id=about, code=code) if about >= 900:
            return "error", about, code
        case _:
            return None


def _left_behind(trading: House, clients: Sequence[HostileClient]) -> Iterator[str]:
    for connection in trading.gateway._connections:
        outbox, most = connection.outbox, trading.gateway.parameters.buffers.close_above_kb * 1_000 + 1_000_000
        if outbox.size > most:
            yield f"{outbox.size:,} bytes wait for one client"
        if len(connection.session._frames._rest) > 1_000_010:
            yield f"{len(connection.session._frames._rest):,} bytes of an unfinished frame are kept"


def _still_there(trading: House, clients: Sequence[HostileClient]) -> Iterator[str]:
    """Two minutes on: whoever has not started is gone, and nobody is kept who is gone."""
    for connection in trading.gateway._connections:
        if not connection.session.started:
            yield "a connection that never started is still kept"
    open_ones = sum(1 for each in clients if not each.lost.is_set())
    if len(trading.gateway._connections) > 1 + open_ones:
        yield f"{len(trading.gateway._connections)} connections are kept, {open_ones} hostile ones are open"
