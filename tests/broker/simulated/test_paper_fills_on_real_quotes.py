"""Orders that fill at a real broker's quotes while no order can reach it."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from simulated_accounts import CALL, FRIDAY, ME, MONDAY, NO_CARRY, SPY, Client, exchange, trading

from gamma_scalper.broker.simulated import PaperBroker, SimulatedBroker, SimulatedParameters, Venue
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import Link, LinkReport, NotReady, Recap, Refused, Standing, Unanswered
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.domain.sessions import parse_liquid_hours
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import NO_FAULTS, Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import Halt
from gamma_scalper.kernel import LoopClock

STRICT = VenueParameters(latency_ms=0, slippage_bps=0, participation_pct=100, partial_fill_pct=0, oldest_quote_s=2)


class ReadOnly:
    """A broker that was built without an order port."""

    orders = None
    reads_only = True

    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker = broker
        self.feed, self.account, self.catalogue = broker.feed, broker.account, broker.catalogue
        self.start, self.stop = broker.start, broker.stop

    @property
    def link(self) -> LinkReport:
        return self._broker.link

    @property
    def clock_skew_s(self) -> float:
        return self._broker.clock_skew_s


class Paper(Client):
    """Its own exchange is fed by another, which stands for the real market."""

    def __init__(
        self, faults: FaultSchedule = NO_FAULTS, parameters: SimulatedParameters = SimulatedParameters()
    ) -> None:
        clock = LoopClock(asyncio.get_running_loop(), MONDAY)
        self.real = Client(Venue(exchange(), clock), "DU2", faults=faults)
        market = Pushed((), trading_hours(MONDAY.date(), FRIDAY), MONDAY)
        engine = Engine(
            market,
            accounts={ME: Decimal(1_000_000)},
            parameters=ExchangeParameters(venue=STRICT, carry=NO_CARRY),
        )
        super().__init__(Venue(engine, clock), ME)
        self.broker = PaperBroker(ReadOnly(self.real.broker), self.venue, ME, parameters=parameters)

    async def see(self, bid: float, ask: float, con_id: int = 1) -> None:
        """The real market quotes, and the quote has come."""
        self.real.quote(bid, ask, con_id)
        for _ in range(5):
            await asyncio.sleep(0)

    def sent(self) -> int:
        """Orders at the real exchange."""
        return len(self.real.venue.engine.floor.orders.all())


async def test_orders_fill_at_real_quotes_and_none_is_sent():
    paper = Paper()
    async with trading(paper):
        await paper.broker.feed.subscribe([SPY])
        await paper.see(599.99, 600.01)
        bought = await paper.place()
        (fill,) = await paper.told(Fill)
        assert (fill.intent, fill.price, fill.account) == (bought, Decimal("600.01"), ME)
        assert fill.snapshot_id == paper.quotes[-1].snapshot_id
        assert paper.sent() == 0
        assert paper.broker.reads_only
        assert [int(each.holding.quantity) for each in await paper.broker.account.holdings()] == [100]


async def test_a_resting_order_fills_when_the_real_market_comes_to_it():
    paper = Paper()
    async with trading(paper):
        await paper.broker.feed.subscribe([SPY])
        await paper.see(599.99, 600.01)
        working = await paper.place(Side.BUY, 100, "599.50", lives_s=300)
        await asyncio.sleep(30)
        assert (await paper.course(working))[-1] is Standing.WORKING
        await paper.see(599.38, 599.40)
        assert (await paper.course(working))[-1] is Standing.FILLED


async def test_nothing_fills_on_a_quote_that_has_grown_old():
    paper = Paper()
    async with trading(paper):
        await paper.broker.feed.subscribe([SPY])
        await paper.see(599.99, 600.01)
        await asyncio.sleep(2.5)
        late = await paper.place()
        assert (await paper.course(late))[-1] is Standing.CANCELLED
        assert not await paper.told(Fill)


async def test_delayed_quotes_are_shown_and_fill_nothing():
    paper = Paper(FaultSchedule([Fault(MONDAY + timedelta(seconds=1), Kind.DELAYED_DATA, duration_s=5)]))
    async with trading(paper):
        await paper.broker.feed.subscribe([SPY])
        await paper.see(599.99, 600.01)
        working = await paper.place(Side.BUY, 100, "599.50", lives_s=300)
        await asyncio.sleep(2)
        await paper.see(599.38, 599.40)
        assert (paper.quotes[-1].ask, paper.quotes[-1].data_type) == (599.40, DataType.DELAYED)
        assert (await paper.course(working))[-1] is Standing.WORKING
        await asyncio.sleep(5)
        await paper.see(599.38, 599.40)
        assert (await paper.course(working))[-1] is Standing.FILLED


async def test_nothing_fills_while_trading_is_halted():
    paper = Paper()
    async with trading(paper):
        await paper.broker.feed.subscribe([SPY])
        await paper.see(599.99, 600.01)
        working = await paper.place(Side.BUY, 100, "599.50", lives_s=300)
        paper.real.venue.do(Halt(1, 60))
        await paper.see(599.38, 599.40)
        assert paper.broker.feed.condition(1).halted
        assert (await paper.course(working))[-1] is Standing.WORKING
        await asyncio.sleep(61)
        await paper.see(599.38, 599.40)
        assert (await paper.course(working))[-1] is Standing.FILLED


async def test_nothing_fills_on_a_quote_that_had_stopped_counting_when_it_was_read():
    paper = Paper()
    async with trading(paper):
        await paper.broker.feed.subscribe([SPY])
        await paper.see(599.99, 600.01)
        working = await paper.place(Side.BUY, 100, "599.50", lives_s=300)
        paper.real.quote(599.38, 599.40)
        paper.real.broker.feed.freeze("10197: another session has them")
        assert (await paper.course(working))[-1] is Standing.WORKING
        await paper.see(599.37, 599.39)
        assert (await paper.course(working))[-1] is Standing.FILLED


async def test_an_option_is_listed_after_its_underlying():
    paper = Paper()
    async with trading(paper):
        call = await paper.broker.catalogue.by_con_id(CALL.con_id)
        await paper.broker.feed.subscribe([call])
        await paper.see(4.00, 4.02, CALL.con_id)
        await paper.place(Side.BUY, 1, instrument=call)
        assert [fill.instrument for fill in await paper.told(Fill)] == [call]


async def test_an_order_in_what_nobody_looks_at_is_refused():
    paper = Paper()
    async with trading(paper):
        with pytest.raises(Refused, match="not listed"):
            await paper.place()


async def test_contracts_and_conditions_are_the_real_ones():
    paper = Paper()
    async with trading(paper):
        assert paper.broker.catalogue is paper.real.broker.catalogue
        await paper.broker.feed.subscribe([SPY])
        await paper.see(599.99, 600.01)
        assert paper.broker.feed.condition(1) == paper.real.broker.feed.condition(1)
        await paper.broker.feed.unsubscribe([SPY])
        assert paper.broker.feed.condition(1).frozen == "not subscribed"


async def test_nothing_is_placed_while_the_real_link_is_not_ready_and_its_course_is_told():
    paper = Paper(FaultSchedule([Fault(MONDAY + timedelta(seconds=10.4), Kind.DISCONNECT_1101, duration_s=30)]))
    async with trading(paper):
        await paper.broker.feed.subscribe([SPY])
        await paper.see(599.99, 600.01)
        await asyncio.sleep(10.5)
        assert paper.broker.link.link is Link.BLIND
        with pytest.raises(NotReady, match="1100"):
            await paper.place()
        await asyncio.sleep(40)
        assert [each.link for each in await paper.told(LinkReport)] == [Link.READY, Link.BLIND, Link.READY]
        assert len(await paper.told(Recap)) == 2
        await paper.see(599.99, 600.01)
        await paper.place()
        assert len(await paper.told(Fill)) == 1


async def test_trading_hours_are_asked_for_again_before_they_run_out():
    paper = Paper(parameters=SimulatedParameters(link_every_s=600))
    known = {"day": 5}

    async def by_con_id(con_id: int) -> Stock:
        """As a broker answers: today's hours and no more."""
        day = known["day"]
        return evolve(SPY, liquid_hours=parse_liquid_hours(f"202601{day:02}:0930-202601{day:02}:1600", "US/Eastern"))

    paper.real.broker.catalogue.by_con_id = by_con_id
    async with trading(paper):
        await paper.broker.feed.subscribe([await by_con_id(1)])
        await asyncio.sleep(12 * 3_600)
        known["day"] = 6
        await asyncio.sleep(12 * 3_600)  # ten in the morning of the next day
        await paper.see(599.99, 600.01)
        await paper.place()
        assert len(await paper.told(Fill)) == 1


async def test_hours_that_are_not_told_stay_as_they_were():
    paper = Paper(parameters=SimulatedParameters(link_every_s=600))

    async def nobody(con_id: int) -> Stock:
        raise Unanswered("no answer")

    async with trading(paper):
        await paper.broker.feed.subscribe([SPY])
        paper.real.broker.catalogue.by_con_id = nobody
        await asyncio.sleep(7 * 3_600)
        assert paper.broker.link.link is Link.READY
        assert paper.venue.engine.market.instrument(1) == SPY


async def test_stopping_stops_the_real_connection_too():
    paper = Paper()
    async with trading(paper):
        await paper.broker.stop()
        assert (paper.real.broker.link.link, paper.broker.link.link) == (Link.DOWN, Link.DOWN)


async def test_a_feed_that_fails_takes_the_link_down_and_is_raised_at_the_end():
    paper = Paper()
    with pytest.raises(ZeroDivisionError):
        async with trading(paper):
            await paper.broker.feed.subscribe([SPY])
            paper.venue.engine.floor.push = lambda quote: 1 / 0
            await paper.see(599.99, 600.01)
            assert paper.broker.link.link is Link.DOWN
            with pytest.raises(NotReady, match="real quotes has failed"):
                await paper.place()


async def test_a_broker_that_can_send_orders_is_not_taken():
    client = Client(Venue(exchange(), LoopClock(asyncio.get_running_loop(), MONDAY)), ME)
    with pytest.raises(ValueError, match="without an order port"):
        PaperBroker(client.broker, client.venue, ME)


async def test_a_market_that_makes_its_own_quotes_is_not_taken():
    clock = LoopClock(asyncio.get_running_loop(), MONDAY)
    real = Client(Venue(exchange(), clock), ME)
    own = Venue(Engine(market_from("gbm:", seed=1), accounts={ME: Decimal(1)}), clock)
    with pytest.raises(ValueError, match="makes its own quotes"):
        PaperBroker(ReadOnly(real.broker), own, ME)


def test_a_contract_that_changed_its_meaning_is_not_listed_twice():
    market = Pushed([SPY], trading_hours(MONDAY.date(), FRIDAY), MONDAY)
    with pytest.raises(ValueError, match="contract 1"):
        market.list_contract(evolve(SPY, symbol="QQQ"))
