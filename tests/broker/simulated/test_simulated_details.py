"""The corners of the simulated broker: what is refused, what is counted, what is never looked at twice."""

import asyncio
from decimal import Decimal

import pytest
from attrs import evolve
from loguru import logger
from simulated_accounts import CALL, ME, SPY, Client, account, fault, trading

from gamma_scalper.broker.simulated import Venue
from gamma_scalper.broker.simulated.order_stream import OrderStream
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Index, Stock
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.ports import Altered, Link, OrderReport, Recap, Refused, Standing, Warned
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import Exercise
from gamma_scalper.kernel import LoopClock


async def test_what_is_not_listed_can_t_be_looked_at():
    async with account() as client:
        with pytest.raises(Refused, match="99 is not listed") as refused:
            await client.broker.feed.subscribe([SPY, Stock(con_id=99, symbol="X")])
        assert refused.value.code == 200
        client.quote()
        await client.read()
        assert not client.quotes, "a part of what was refused was taken"


async def test_half_a_share_is_refused_before_it_is_sent():
    async with account() as client:
        client.quote()
        with pytest.raises(Refused) as refused:
            await client.broker.orders.place(evolve(client.intent(), quantity=Decimal("0.5")))
        assert refused.value.code == 10243
        assert not await client.told(OrderReport)


async def test_an_index_is_found_and_quoted_and_has_no_greeks():
    market = market_from("gbm:symbol=SPX,kind=index,spot=6000", seed=1)
    clock = LoopClock(asyncio.get_running_loop(), market.now)
    client = Client(Venue(Engine(market, accounts={ME: Decimal(1)}), clock), ME)
    async with trading(client):
        spx = await client.broker.catalogue.index("SPX")
        assert isinstance(spx, Index)
        with pytest.raises(Refused):
            await client.broker.catalogue.stock("SPX")
        await client.broker.feed.subscribe([spx])
        await client.read()
        assert client.quotes[-1].bid == client.quotes[-1].ask
        condition = client.broker.feed.condition(spx.con_id)
        assert (condition.greeks, condition.open_interest) == (None, None)


async def test_greeks_are_worked_out_anew_each_second_and_not_before():
    async with account() as client:
        await client.broker.feed.subscribe([CALL])
        client.quote()
        client.quote(4.00, 4.02, con_id=CALL.con_id)
        first = client.broker.feed.condition(CALL.con_id).greeks
        client.quote(5.00, 5.02, con_id=CALL.con_id)
        assert client.broker.feed.condition(CALL.con_id).greeks is first
        await asyncio.sleep(1)
        assert client.broker.feed.condition(CALL.con_id).greeks.price == pytest.approx(5.01)


async def test_an_option_without_a_price_has_no_greeks():
    async with account() as client:
        await client.broker.feed.subscribe([CALL])
        assert client.broker.feed.condition(CALL.con_id).greeks is None


async def test_a_preset_that_changes_the_quantity_is_told_by_numbers():
    async with account(fault(Kind.PRESET_CHANGE, amount=50)) as client:
        client.quote()
        changed = await client.place(Side.BUY, 100, "599.50", lives_s=60)
        (altered,) = await client.told(Altered)
        assert altered.differences == ("quantity: sent 100, echoed 150",)
        assert (await client.course(changed))[-1] is Standing.CANCELLED


async def test_a_what_if_of_the_impossible_is_refused_in_the_broker_s_words():
    async with account() as client:
        client.quote()
        await asyncio.sleep(5 * 86_400)  # beyond the option's end
        with pytest.raises(Refused, match="expired") as refused:
            await client.broker.orders.what_if(client.intent(instrument=CALL))
        assert refused.value.code == 201


@pytest.mark.parametrize("quantity", [0, -1])
async def test_an_exercise_of_nothing_is_refused(quantity):
    async with account() as client:
        with pytest.raises(Refused):
            await client.broker.orders.exercise(CALL, quantity)


async def test_an_answer_to_somebody_else_s_instruction_is_not_heard():
    async with account() as client:
        client.venue.do(Exercise(ME, CALL.con_id, 5))
        assert not await client.told(Warned)


async def test_an_amendment_that_is_refused_leaves_the_order_as_it_was():
    async with account() as client:
        client.quote()
        working = await client.place(Side.BUY, 5_000, "10.00", lives_s=600)
        await client.broker.orders.amend(working, Limit("599.00"))
        course = await client.course(working)
        assert Standing.UNKNOWN in course
        assert course[-1] is Standing.WORKING
        assert client.venue.engine.open_orders()[0].ticket.limit == 10


async def test_starting_twice_is_starting_once_and_one_can_start_again():
    async with account() as client:
        await client.broker.start()
        assert len(await client.told(Recap)) == 1
        assert not client.broker.reads_only
        await client.broker.stop()
        await client.broker.start()
        assert client.broker.link.link is Link.READY
        client.quote()
        await client.place()
        assert len(await client.told(Fill)) == 1


async def test_events_that_nobody_reads_raise_an_alarm_and_none_is_dropped():
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    async with account() as client:
        stream = OrderStream(client.venue.engine, ME)
        for _ in range(10_001):
            stream.tell(client.broker.link)
        await asyncio.sleep(0)
        events = stream.events()
        assert [await anext(events) for _ in range(10_001)] == [client.broker.link] * 10_001
    logger.remove(sink)
    assert [line for line in lines if "10000 order events wait" in line]
