"""One exchange in time, with any number of accounts at it."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from simulated_accounts import CALL, FRIDAY, ME, MONDAY, QUICK, SPY, YOU, Client, account, exchange, trading

from gamma_scalper.broker.simulated import SimulatedBroker, SimulatedParameters, Venue
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Combo, Leg, Stock
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.ports import Link, LinkReport, OrderReport, Recap, Refused, Standing, Warned
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.parameters import ExchangeParameters, VenueParameters
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import Tick
from gamma_scalper.kernel import LoopClock, VirtualLoop

SPEC = "heston:sigma=0.2,implied=0.22,spot=600"


def venue(engine: Engine | None = None) -> Venue:
    return Venue(engine or exchange(), LoopClock(asyncio.get_running_loop(), MONDAY))


# -- time --------------------------------------------------------------------------------------------------------------


async def test_an_order_reaches_the_market_after_its_latency_and_not_at_the_next_tick():
    slow = VenueParameters(latency_ms=150, slippage_bps=0, participation_pct=100, partial_fill_pct=0)
    async with account(venue=slow) as client:
        client.quote()
        placed_at = client.venue.now()
        await client.place()
        await asyncio.sleep(0.149)
        assert not await client.told(Fill)
        await asyncio.sleep(0.001)
        (fill,) = await client.told(Fill)
        assert fill.at - placed_at == timedelta(milliseconds=150)


async def test_time_stands_still_while_nobody_has_a_seat():
    place = venue(Engine(market_from(SPEC, seed=1), accounts={ME: Decimal(1_000_000)}))
    await asyncio.sleep(3_600)
    assert place.engine.now == place.engine.market.now < MONDAY
    broker = SimulatedBroker(place, ME)
    await broker.start()
    await asyncio.sleep(10)
    await broker.stop()
    reached = place.engine.now
    assert timedelta(0) <= place.now() - reached <= timedelta(seconds=1)
    await asyncio.sleep(10)
    assert place.engine.now == reached


async def test_a_clock_that_is_set_back_makes_no_time_go_back():
    class Unsteady:
        lost_s = 0.0

        def __init__(self) -> None:
            self._clock = LoopClock(asyncio.get_running_loop(), MONDAY)
            self.monotonic, self.sleep = self._clock.monotonic, self._clock.sleep

        def now(self):
            return self._clock.now() - timedelta(seconds=self.lost_s)

    clock = Unsteady()
    client = Client(Venue(exchange(), clock), ME)
    async with trading(client):
        client.quote()
        await asyncio.sleep(30)
        client.quote()
        clock.lost_s = 20
        client.quote(599.98, 600.00)
        await client.place()
        assert [fill.price for fill in await client.told(Fill)] == [Decimal("600.00")]


async def test_an_exercised_call_is_shares_the_next_morning():
    async with account() as client:
        client.quote()
        client.quote(4.00, 4.02, con_id=CALL.con_id)
        await client.place(Side.BUY, 2, instrument=CALL)
        client.quote(604.99, 605.01)
        await client.broker.orders.exercise(CALL, 1)
        await asyncio.sleep(17 * 3_600)  # to three in the morning in New York
        held = await client.broker.account.holdings()
        assert {each.holding.instrument.con_id: each.holding.quantity for each in held} == {CALL.con_id: 1, 1: 100}
        assert len(await client.told(Fill)) == 1, "what happens at night is silent"


async def test_nothing_of_yesterday_is_told_today():
    async with account() as client:
        client.quote()
        await client.place()
        assert len(await client.broker.orders.executions()) == len(await client.broker.orders.completed_orders()) == 1
        await asyncio.sleep(17 * 3_600)
        assert not await client.broker.orders.executions()
        assert not await client.broker.orders.completed_orders()
        assert len(await client.broker.account.holdings()) == 1


async def test_an_exchange_that_fails_takes_the_link_down_and_is_raised_at_the_end():
    place = venue(Engine(market_from(SPEC, seed=1), accounts={ME: Decimal(1_000_000)}))
    client = Client(place, ME)
    with pytest.raises(ZeroDivisionError):
        async with trading(client):
            place.engine.market.advance = lambda tick: 1 / 0
            await asyncio.sleep(5)
            assert client.broker.link.link is Link.DOWN
            assert "ZeroDivisionError" in client.broker.link.why
            assert (await client.told(LinkReport))[-1].link is Link.DOWN
            del place.engine.market.advance
            place.do(Tick())
            before = place.engine.now
            await asyncio.sleep(5)
            assert place.engine.now == before, "what has failed went on as if nothing had happened"


async def test_what_was_looked_at_before_the_start_is_quoted_from_the_start():
    client = Client(venue(), ME)
    await client.broker.feed.subscribe([SPY])
    client.quote()
    async with trading(client):
        await client.read()
        assert [quote.ask for quote in client.quotes] == [600.01]


# -- several accounts --------------------------------------------------------------------------------------------------


async def test_two_accounts_at_one_exchange_hear_their_own_fills_only():
    place = venue()
    me, you = Client(place, ME), Client(place, YOU)
    async with trading(me, you):
        me.quote()
        await me.place(Side.BUY, 100)
        await you.place(Side.SELL, 200, "599.00")
        for client, quantity in ((me, 100), (you, -200)):
            (fill,) = await client.told(Fill)
            assert (fill.account, fill.signed_quantity) == (client.account, quantity)
            assert len(await client.told(Commission)) == 1
            assert [int(each.holding.quantity) for each in await client.broker.account.holdings()] == [quantity]


async def test_a_warning_about_another_account_s_order_is_not_heard():
    place = venue()
    me, you = Client(place, ME), Client(place, YOU)
    async with trading(me, you):
        me.quote()
        await asyncio.sleep(7 * 3_600)
        await you.place(Side.BUY, 100, "599.50", lives_s=86_400)
        assert [each.code for each in await you.told(Warned)] == [399]
        assert not await me.told(Warned)


async def test_each_account_is_told_what_it_looks_at():
    place = venue()
    me, you = Client(place, ME), Client(place, YOU)
    async with trading(me, you):
        await me.broker.feed.subscribe([SPY])
        await you.broker.feed.subscribe([CALL])
        me.quote()
        me.quote(4.00, 4.02, con_id=CALL.con_id)
        await me.read()
        assert {quote.con_id for quote in me.quotes} == {1}
        assert {quote.con_id for quote in you.quotes} == {CALL.con_id}


async def test_one_who_leaves_does_not_stop_the_other_s_time():
    place = venue(Engine(market_from(SPEC, seed=1), accounts={ME: Decimal(1_000_000), YOU: Decimal(1_000_000)}))
    me, you = Client(place, ME), Client(place, YOU)
    async with trading(me, you):
        await me.broker.stop()
        before = place.engine.now
        await asyncio.sleep(10)
        assert place.engine.now > before
        assert (me.broker.link.link, you.broker.link.link) == (Link.DOWN, Link.READY)


async def test_an_account_the_exchange_hasn_t_got_is_a_mistake_of_configuration():
    with pytest.raises(UserError) as refused:
        SimulatedBroker(venue(), "DU9")
    assert "ACCOUNT" in str(refused.value)
    assert "DU9" not in str(refused.value), "account ids are not shown in clear"


# -- starting again ----------------------------------------------------------------------------------------------------


async def test_a_start_tells_the_days_executions_and_then_what_there_is():
    first = venue()
    client = Client(first, ME)
    async with trading(client):
        client.quote()
        await client.place()
        working = await client.resting()
    again = venue(
        Engine.restore(first.engine.snapshot(), exchange().market, parameters=ExchangeParameters(venue=QUICK))
    )
    later = Client(again, ME)
    async with trading(later):
        said = await later.read()
        assert [type(each) for each in said] == [Fill, Commission, Recap, LinkReport]
        assert said[2].holdings[0].holding.quantity == 100
        assert [report.order_ref for report in said[2].open_orders] == [str(working)]
        await later.broker.orders.cancel(working)
        assert await later.course(working) == [Standing.CANCELLED]
        with pytest.raises(Refused):
            await later.place_again(working)


async def test_what_is_told_is_the_same_on_every_run():
    def run() -> list[object]:
        async def day() -> list[object]:
            market = market_from(SPEC, seed=3)
            place = Venue(
                Engine(market, accounts={ME: Decimal(1_000_000)}, seed=3),
                LoopClock(asyncio.get_running_loop(), market.now),
            )
            client = Client(place, ME)
            async with trading(client):
                spy = await client.broker.catalogue.stock("SPY")
                await client.broker.feed.subscribe([spy])
                for side in (Side.BUY, Side.SELL) * 5:
                    await asyncio.sleep(7.3)
                    await client.place(side, 130, instrument=spy)
                await asyncio.sleep(60)
            return [*client.said, *client.quotes]

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(day())

    first = await asyncio.to_thread(run)
    assert first == await asyncio.to_thread(run)
    assert sum(isinstance(each, Fill) for each in first) >= 10


# -- details -----------------------------------------------------------------------------------------------------------


async def test_every_quote_of_an_hour_is_read_at_its_own_moment():
    market = market_from(SPEC, seed=1)
    place = Venue(Engine(market, accounts={ME: Decimal(100_000)}), LoopClock(asyncio.get_running_loop(), market.now))
    client = Client(place, ME)
    async with trading(client):
        spy = await client.broker.catalogue.stock("SPY")
        (expiry, *_) = await client.broker.catalogue.expiries(spy)
        straddle = await client.broker.catalogue.options(spy, expiry, (Decimal(600), Decimal(600)))
        await client.broker.feed.subscribe([spy, *straddle])
        await asyncio.sleep(3_600.5)
        assert len(client.quotes) == 3 * 3_601
        assert client.ages == {timedelta(0)}


async def test_more_lines_than_there_are_is_refused_and_names_what_uses_them():
    async with account(parameters=SimulatedParameters(lines=1)) as client:
        await client.broker.feed.subscribe([SPY])
        with pytest.raises(Refused, match="SPY 1"):
            await client.broker.feed.subscribe([CALL])
        await client.broker.feed.subscribe([SPY])
        await client.broker.feed.unsubscribe([SPY])
        await client.broker.feed.unsubscribe([SPY])
        assert not client.venue.engine.floor.lines
        await client.broker.feed.subscribe([CALL])


@pytest.mark.parametrize("instrument", [Stock(con_id=99, symbol="X"), Combo([Leg(SPY, 100), Leg(CALL, -1)])])
async def test_an_order_in_what_is_not_listed_is_refused_and_one_in_its_parts_is_not(instrument):
    async with account() as client:
        client.quote()
        client.quote(4.00, 4.02, con_id=CALL.con_id)
        if isinstance(instrument, Stock):
            with pytest.raises(Refused, match="99 is not listed"):
                await client.place(instrument=instrument)
            assert not await client.told(OrderReport)
        else:
            covered = await client.place(Side.BUY, 1, instrument=instrument)
            assert (await client.course(covered))[-1] is Standing.FILLED


async def test_a_fill_names_the_quote_it_was_made_on():
    async with account() as client:
        client.quote()
        client.quote(4.00, 4.02, con_id=CALL.con_id)
        newest = {con_id: client.venue.engine.quote(con_id).snapshot_id for con_id in (1, CALL.con_id)}
        await client.place(Side.BUY, 1, instrument=Combo([Leg(SPY, 100), Leg(CALL, -1)]))
        fills = await client.told(Fill)
        assert {fill.instrument.con_id: fill.snapshot_id for fill in fills} == newest


async def test_a_market_order_outside_regular_hours_is_refused():
    async with account() as client:
        with pytest.raises(Refused, match="outside regular hours"):
            await client.place(outside_rth=True)


async def test_a_limit_that_rounds_to_nothing_is_refused():
    async with account() as client:
        with pytest.raises(Refused, match="smallest"):
            await client.place(Side.BUY, 100, "0.00004")


async def test_the_account_s_values_are_not_worked_out_more_often_than_stated():
    async with account(parameters=SimulatedParameters(values_every_s=5)) as client:
        client.quote()
        values = client.broker.account.values
        await asyncio.sleep(4.9)
        assert client.broker.account.values is values
        await asyncio.sleep(0.2)
        assert client.broker.account.values.at > values.at
        values = client.broker.account.values
        await client.place()
        assert client.broker.account.values.initial_margin.amount > values.initial_margin.amount


async def test_an_amended_combo_is_priced_anew():
    async with account() as client:
        client.quote()
        client.quote(4.00, 4.02, con_id=CALL.con_id)
        covered = await client.place(
            Side.BUY, 1, "590.00", instrument=Combo([Leg(SPY, 100), Leg(CALL, -1)]), lives_s=60
        )
        assert (await client.course(covered))[-1] is Standing.WORKING
        await client.broker.orders.amend(covered, Limit("597.001"))
        assert (await client.course(covered))[-1] is Standing.FILLED


async def test_an_expiry_that_is_listed_is_the_market_s():
    async with account() as client:
        assert await client.broker.catalogue.expiries(SPY) == [FRIDAY]
        with pytest.raises(Refused):
            await client.broker.catalogue.expiries(Stock(con_id=99, symbol="X"))
