"""Exercises and what-ifs that wait for their turn, or are on their way, while the link fails."""

import asyncio

import pytest
from ib_floor import Floor, floor

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import Link, NotReady, Unanswered


async def holding(here: Floor) -> Option:
    """Ten calls deep in the money."""
    here.quote(1, 629.9, 630.1)
    call, _ = await here.straddle()
    here.quote(11, 30.0, 30.1)
    await here.place(Side.BUY, 10, call)
    await here.until(lambda: here.fills())
    await asyncio.sleep(5)  # and the whole budget is there again
    return call


def lost(here: Floor) -> None:
    here.broker._wire._client.wrapper.error(-1, 1100, "Connectivity has been lost", "")


async def test_what_waited_for_its_turn_while_the_link_went_blind_is_not_sent() -> None:
    async with floor() as here:
        call = await holding(here)
        client, sent = here.broker._wire._client, []
        send = client.sendMsg
        client.sendMsg = lambda message: (sent.append(message.partition("\0")[0]), send(message))
        await asyncio.gather(*(here.router._wire.pacing.trading.turn() for _ in range(18)))
        asked = [
            asyncio.ensure_future(here.router.exercise(call, 5)),
            asyncio.ensure_future(here.router.what_if(here.intent(Side.BUY, 1, call, "30"))),
        ]
        await asyncio.sleep(0.2)
        lost(here)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [NotReady, NotReady]
        assert not {"3", "21"} & set(sent)


async def test_an_exercise_whose_socket_breaks_after_it_was_sent_may_have_happened() -> None:
    async with floor() as here:
        call = await holding(here)
        exercising = asyncio.ensure_future(here.router.exercise(call, 5))
        await asyncio.sleep(0.5)
        here.broker._wire._client.conn.transport.abort()
        with pytest.raises(Unanswered, match="after it was sent"):
            await exercising


async def test_an_exercise_that_a_blind_gateway_could_not_refuse_is_no_consent() -> None:
    async with floor() as here:
        call = await holding(here)
        exercising = asyncio.ensure_future(here.router.exercise(call, 5))
        await asyncio.sleep(0.5)
        lost(here)
        with pytest.raises(Unanswered, match="was sent"):
            await exercising
        assert here.broker.link.link is Link.BLIND


async def test_a_what_if_whose_socket_breaks_is_unanswered() -> None:
    async with floor() as here:
        call = await holding(here)
        send = here.broker._wire._client.sendMsg
        here.broker._wire._client.sendMsg = lambda message: None if message.startswith("3\0") else send(message)
        asking = asyncio.ensure_future(here.router.what_if(here.intent(Side.BUY, 1, call, "30")))
        await asyncio.sleep(0.5)
        here.broker._wire._client.conn.transport.abort()
        with pytest.raises(Unanswered):
            await asking
