"""The three ways to a market that the ports' contract is held against, each with hands to move that market."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import frozen

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.our_clock import put_ib_insync_on
from gamma_scalper.broker.ib.parameters import IbParameters, TimeoutParameters
from gamma_scalper.broker.simulated import SimulatedBroker, SimulatedParameters, Venue
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Option, Stock, Tradable
from gamma_scalper.domain.orders import GoodTill, ImmediateOrCancel, Intent, IntentId, Limit, Market, Purpose, Side
from gamma_scalper.domain.ports import Broker, OrderEvent, OrderReport, Refused, Standing
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.engine import Engine, Instruction
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import CarryParameters, ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.exchange.tickets import Place, Ticket
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.server import serving
from gamma_scalper.kernel import Clock, LoopClock, PacedClock, VirtualLoop, WallClock

ME, YOU = "DU1000001", "DU1000002"
CLIENT_ID = 17
SPY = 1
CASH = Decimal(1_000_000)
MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # 10:00 in New York
SATURDAY = datetime(2026, 1, 10, 15, 0, tzinfo=UTC)
FRIDAY, NEXT_FRIDAY = date(2026, 1, 9), date(2026, 1, 16)
PATIENT = VenueParameters(latency_ms=0, slippage_bps=0, participation_pct=100, partial_fill_pct=0, oldest_quote_s=600)
# Over TCP market time runs faster than the wall's, so what is seconds here is little to a loaded machine.
PACE = 20.0
UNHURRIED = TimeoutParameters(
    connect_s=100,
    positions_s=100,
    open_orders_s=100,
    executions_s=100,
    account_s=100,
    completed_orders_s=100,
    contracts_s=100,
    what_if_s=100,
    time_s=100,
)
OFTEN = IbParameters(executions_every_s=5, settle_s=0.25, timeouts=UNHURRIED)  # others' fills are asked for, not told
NO_CARRY = CarryParameters(credit_rate_pct=0, debit_rate_pct=0, borrow_fee_pct=0)


def _option(con_id: int, right: str, strike: int, expiry: date) -> Option:
    return Option(
        con_id=con_id,
        underlying_con_id=SPY,
        symbol="SPY",
        right=right,
        strike=Decimal(strike),
        expiry=expiry,
        expires_at=datetime(expiry.year, expiry.month, expiry.day, 21, tzinfo=UTC),
        trading_class="SPY",
    )


LISTED = (
    Stock(con_id=SPY, symbol="SPY", trading_class="SPY"),
    _option(11, "C", 600, FRIDAY),
    _option(12, "P", 600, FRIDAY),
    _option(13, "C", 610, FRIDAY),
    _option(14, "P", 590, FRIDAY),
    _option(21, "C", 600, NEXT_FRIDAY),
)


@frozen
class Scene:
    """What is unusual about the market of a test; each fault is a kind, seconds from the start, and its details."""

    start: datetime = MONDAY
    faults: Sequence[tuple[Kind, float, Mapping[str, Any]]] = ()
    market: str = ""  # a market that makes its own quotes, instead of one whose quotes the test makes

    def exchange(self) -> Engine:
        """Two accounts; every quote is pushed by the test, and stays good for ten minutes."""
        venue = ExchangeParameters(venue=PATIENT, carry=NO_CARRY)
        accounts = {ME: CASH, YOU: CASH}
        if self.market:
            return Engine(market_from(self.market, seed=7), accounts=accounts, parameters=venue, seed=7)
        first, last = self.start.date() - timedelta(days=10), self.start.date() + timedelta(days=60)
        market = Pushed(LISTED, trading_hours(first, last), self.start)
        return Engine(market, accounts=accounts, parameters=venue, seed=7, faults=self.schedule())

    def schedule(self) -> FaultSchedule:
        return FaultSchedule(
            Fault(self.start + timedelta(seconds=at_s), kind, **details) for kind, at_s, details in self.faults
        )


class World:
    """A broker that was started, everything it said so far, and the market behind it."""

    patience_s = 20.0  # on the loop's clock: how long an answer may take before a test fails

    def __init__(self, engine: Engine, clock: Clock, broker: Broker, do: Callable[[Instruction], object]) -> None:
        self.engine = engine
        self.clock = clock
        self.broker = broker
        self.do = do
        self.said: list[OrderEvent] = []
        self.quotes: list[Quote] = []
        self._news = asyncio.Event()
        self._intents = self._snapshots = 0

    # -- the market ----------------------------------------------------------------------------------------------------

    def quote(self, con_id: int, bid: float | None, ask: float | None, sizes: tuple[int, int] = (1_000, 1_000)) -> None:
        self._snapshots += 1
        self.do(
            Quote(
                con_id=con_id,
                snapshot_id=self._snapshots,
                bid=bid,
                ask=ask,
                bid_size=0 if bid is None else sizes[0],
                ask_size=0 if ask is None else sizes[1],
                received_at=max(self.clock.now(), self.engine.now),
            )
        )

    def quote_all(self) -> None:
        for con_id, bid, ask in ((SPY, 599.99, 600.01), (11, 4.00, 4.02), (12, 3.90, 3.92), (13, 1.00, 1.02)):
            self.quote(con_id, bid, ask)

    def somebody_buys(self, quantity: int, account: str = YOU) -> None:
        ticket = Ticket(account=account, what=SPY, side=Side.BUY, quantity=Decimal(quantity), order_ref="else/1")
        self.do(Place(ticket))

    async def cancel_in_flight(self, intent: IntentId) -> None:
        """Ask for a cancel of what may be filled already; a broker without a way between knows that, and says so."""
        try:
            await self.broker.orders.cancel(intent)
        except Refused:
            await self.stands(intent, Standing.FILLED)

    async def pass_time(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    # -- the client ----------------------------------------------------------------------------------------------------

    async def spy(self) -> Stock:
        return await self.broker.catalogue.stock("SPY")

    async def straddle(self) -> tuple[Option, Option]:
        spy = await self.spy()
        call, put = await self.broker.catalogue.options(spy, FRIDAY, (Decimal(600), Decimal(600)))
        return call, put

    def intent(
        self,
        side: Side,
        quantity: int | str,
        instrument: Tradable,
        limit: str | None = None,
        *,
        lives_s: float | None = None,
        purpose: Purpose = Purpose.ENTRY,
        account: str = ME,
        number: int | None = None,
    ) -> Intent:
        """Immediate-or-cancel, unless it lives for so long."""
        self._intents += 1
        until = self.clock.now().replace(microsecond=0) + timedelta(seconds=lives_s or 0)
        return Intent(
            id=IntentId("contract", number or self._intents),
            purpose=purpose,
            instrument=instrument,
            side=side,
            quantity=Decimal(quantity),
            pricing=Market() if limit is None else Limit(limit),
            lifetime=ImmediateOrCancel() if lives_s is None else GoodTill(until),
            account=account,
            snapshot_ids=(1,),
            reason="the contract of the ports",
        )

    async def place(self, *order: object, **more: object) -> IntentId:
        intent = self.intent(*order, **more)
        await self.broker.orders.place(intent)
        return intent.id

    async def buy(self, quantity: int | str, instrument: Tradable, limit: str | None = None, **more: object):
        return await self.place(Side.BUY, quantity, instrument, limit, **more)

    async def sell(self, quantity: int | str, instrument: Tradable, limit: str | None = None, **more: object):
        return await self.place(Side.SELL, quantity, instrument, limit, **more)

    # -- what was said -------------------------------------------------------------------------------------------------

    def offers(self) -> list[tuple[int, float | None, float | None]]:
        """Contract, bid and ask of each quote that was told."""
        return [(quote.con_id, quote.bid, quote.ask) for quote in self.quotes]

    def quotes_of(self, con_id: int) -> list[Quote]:
        return [quote for quote in self.quotes if quote.con_id == con_id]

    def reports(self, intent: IntentId) -> list[OrderReport]:
        return [each for each in self.said if isinstance(each, OrderReport) and each.order_ref == str(intent)]

    def course(self, intent: IntentId) -> list[Standing]:
        """Its standings in order, each change once."""
        found = [report.standing for report in self.reports(intent)]
        return [each for place, each in enumerate(found) if place == 0 or found[place - 1] is not each]

    def fills(self, intent: IntentId) -> list[Fill]:
        return [each for each in self.said if isinstance(each, Fill) and each.intent == intent]

    def bills(self, fills: Sequence[Fill]) -> list[Commission]:
        keys = {fill.key for fill in fills}
        return [each for each in self.said if isinstance(each, Commission) and each.key in keys]

    async def until(self, found: Callable[[], object]) -> None:
        """Until it is so, or the test fails."""
        async with asyncio.timeout(self.patience_s):
            while not found():
                self._news.clear()
                await self._news.wait()

    async def stands(self, intent: IntentId, standing: Standing) -> OrderReport:
        await self.until(lambda: standing in self.course(intent))
        return next(report for report in reversed(self.reports(intent)) if report.standing is standing)

    async def settled(self) -> None:
        """All that was on its way has been told: an answer is never overtaken by it."""
        await self.broker.orders.open_orders()
        for _ in range(5):
            await asyncio.sleep(0)

    async def becomes(self, ask: Callable[[], object], wanted: object) -> None:
        """What an account's owner reads may be some seconds old; in the end it is so."""
        for _ in range(20):
            if await ask() == wanted:
                return
            await self.pass_time(1.0)
        assert await ask() == wanted

    async def listen(self) -> None:
        async for event in self.broker.orders.events():
            self.said.append(event)
            self._news.set()

    def read_quotes_again(self) -> None:
        self.quotes.clear()
        self._watching = asyncio.ensure_future(self.watch())

    async def stop_reading_quotes(self) -> None:
        self._watching.cancel()
        await asyncio.wait([self._watching])

    async def watch(self) -> None:
        async for quote in self.broker.feed.quotes():
            self.quotes.append(quote)
            self._news.set()


@asynccontextmanager
async def _opened(world: World) -> AsyncIterator[World]:
    """Started and read, and stopped whatever the test does."""
    listening = asyncio.ensure_future(world.listen())
    world.read_quotes_again()
    try:
        await world.broker.start()
        yield world
    finally:
        await world.stop_reading_quotes()
        listening.cancel()
        await asyncio.wait([listening])
        await world.broker.stop()


class InProcess:
    """The simulated adapter, straight onto the exchange."""

    name = "simulated"
    loop = VirtualLoop

    @staticmethod
    @asynccontextmanager
    async def open(scene: Scene) -> AsyncIterator[World]:
        engine = scene.exchange()
        venue = Venue(engine, LoopClock(asyncio.get_running_loop(), engine.now))
        broker = SimulatedBroker(venue, ME, faults=scene.schedule(), parameters=SimulatedParameters(pull_every_s=5))
        async with _opened(World(engine, venue.clock, broker, venue.do)) as world:
            yield world


class InMemory:
    """The real ib_insync against our gateway, both on the virtual loop."""

    name = "ib-in-memory"
    loop = VirtualLoop

    @staticmethod
    @asynccontextmanager
    async def open(scene: Scene) -> AsyncIterator[World]:
        loop, engine = asyncio.get_running_loop(), scene.exchange()
        clock = LoopClock(loop, engine.now)
        gateway = Gateway(engine, clock, faults=scene.schedule())
        loop.register_host("gateway", gateway.protocol)
        running = asyncio.ensure_future(gateway.run())
        broker = IbBroker(("gateway", 7497), CLIENT_ID, ME, clock, OFTEN)
        try:
            with put_ib_insync_on(clock, loop):
                async with _opened(World(engine, clock, broker, gateway.do)) as world:
                    yield world
        finally:
            await gateway.close()
            running.cancel()
            await asyncio.wait([running])


class HeldClock:
    """Stands still until it is let go, so that connecting takes no market time on a machine however slow."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._paced: PacedClock | None = None

    def let_go(self) -> None:
        self._paced = PacedClock(WallClock(), self._start, PACE)

    def now(self) -> datetime:
        return self._start if self._paced is None else self._paced.now()

    def monotonic(self) -> float:
        return 0.0 if self._paced is None else self._paced.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / PACE)


class OverTcp:
    """The real ib_insync over a socket of this machine, on an ordinary loop; the market's time passes faster."""

    name = "ib-over-tcp"
    loop = asyncio.SelectorEventLoop

    @staticmethod
    @asynccontextmanager
    async def open(scene: Scene) -> AsyncIterator[World]:
        engine = scene.exchange()
        clock = HeldClock(engine.now)
        gateway = Gateway(engine, clock, faults=scene.schedule())
        async with serving(gateway, port=0) as port:
            broker = IbBroker(("127.0.0.1", port), CLIENT_ID, ME, clock, OFTEN)
            async with _opened(World(engine, clock, broker, gateway.do)) as world:
                clock.let_go()
                yield world


SETTINGS = (InProcess, InMemory, OverTcp)
