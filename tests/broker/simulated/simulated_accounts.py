"""A simulated broker over quotes that a test pushes, with whatever faults it likes, and all it said."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from attrs import evolve

from gamma_scalper.broker.simulated import SimulatedBroker, SimulatedParameters, Venue
from gamma_scalper.domain.instruments import Option, Stock, Tradable
from gamma_scalper.domain.orders import GoodTill, ImmediateOrCancel, Intent, IntentId, Limit, Market, Purpose, Side
from gamma_scalper.domain.ports import OrderEvent, OrderReport, Standing
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import CarryParameters, ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.kernel import LoopClock

ME, YOU = "DU1", "DU2"
MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # 10:00 in New York
FRIDAY = date(2026, 1, 9)
SPY = Stock(con_id=1, symbol="SPY")
CALL = Option(
    con_id=11,
    underlying_con_id=1,
    symbol="SPY",
    right="C",
    strike=Decimal(600),
    expiry=FRIDAY,
    expires_at=datetime(2026, 1, 9, 21, tzinfo=UTC),
    trading_class="SPY",
)
QUICK = VenueParameters(latency_ms=0, slippage_bps=0, participation_pct=100, partial_fill_pct=0, oldest_quote_s=600)
NO_CARRY = CarryParameters(credit_rate_pct=0, debit_rate_pct=0, borrow_fee_pct=0)


def exchange(venue: VenueParameters = QUICK, faults: FaultSchedule = FaultSchedule()) -> Engine:
    return Engine(
        Pushed([SPY, CALL], trading_hours(MONDAY.date(), FRIDAY), MONDAY),
        accounts={ME: Decimal(1_000_000), YOU: Decimal(1_000_000)},
        parameters=ExchangeParameters(venue=venue, carry=NO_CARRY),
        faults=faults,
    )


def fault(kind: Kind, at_s: float = 0.0, **more: object) -> FaultSchedule:
    return FaultSchedule([Fault(MONDAY + timedelta(seconds=at_s), kind, **more)])


class Client:
    """Who owns the account."""

    def __init__(self, venue: Venue, account: str, **more: object) -> None:
        self.venue = venue
        self.account = account
        self.broker = SimulatedBroker(venue, account, **more)
        self.said: list[OrderEvent] = []
        self.quotes: list[Quote] = []
        self.ages: set[timedelta] = set()  # of quotes when they were read
        self._numbers = 0

    def quote(self, bid: float = 599.99, ask: float = 600.01, con_id: int = 1) -> None:
        self._numbers += 1
        self.venue.do(
            Quote(
                con_id=con_id,
                snapshot_id=self._numbers,
                bid=bid,
                ask=ask,
                bid_size=1_000,
                ask_size=1_000,
                received_at=self.venue.now(),
            )
        )

    def intent(
        self,
        side: Side = Side.BUY,
        quantity: int = 100,
        limit: str | None = None,
        *,
        instrument: Tradable = SPY,
        lives_s: float | None = None,
        purpose: Purpose = Purpose.ENTRY,
        **more: object,
    ) -> Intent:
        self._numbers += 1
        until = None if lives_s is None else self.venue.now() + timedelta(seconds=lives_s)
        return Intent(
            id=IntentId("book", self._numbers),
            purpose=purpose,
            instrument=instrument,
            side=side,
            quantity=Decimal(quantity),
            pricing=Market() if limit is None else Limit(limit),
            lifetime=ImmediateOrCancel() if until is None else GoodTill(until),
            account=self.account,
            snapshot_ids=(1,),
            reason="a test",
            **more,
        )

    async def place(self, *order: object, **more: object) -> IntentId:
        intent = self.intent(*order, **more)
        await self.broker.orders.place(intent)
        return intent.id

    async def place_again(self, intent: IntentId) -> None:
        await self.broker.orders.place(evolve(self.intent(), id=intent))

    async def resting(self) -> IntentId:
        """A buy order that waits below the market."""
        self.quote()
        return await self.place(Side.BUY, 100, "599.50", lives_s=3_000)

    async def read(self) -> list[OrderEvent]:
        """All that was said so far."""
        for _ in range(3):
            await asyncio.sleep(0)
        return self.said

    async def told(self, kind: type) -> list:
        return [each for each in await self.read() if isinstance(each, kind)]

    async def course(self, intent: IntentId) -> list[Standing]:
        return [each.standing for each in await self.told(OrderReport) if each.order_ref == str(intent)]

    async def listen(self) -> None:
        async for event in self.broker.orders.events():
            self.said.append(event)

    async def watch(self) -> None:
        async for quote in self.broker.feed.quotes():
            self.quotes.append(quote)
            self.ages.add(self.venue.now() - quote.received_at)


@asynccontextmanager
async def trading(*clients: Client) -> AsyncIterator[None]:
    readers = [asyncio.ensure_future(read()) for client in clients for read in (client.listen, client.watch)]
    try:
        for client in clients:
            await client.broker.start()
        yield
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.wait(readers)
        for client in clients:
            await client.broker.stop()


@asynccontextmanager
async def account(
    faults: FaultSchedule = FaultSchedule(),
    *,
    on_exchange: FaultSchedule = FaultSchedule(),
    venue: VenueParameters = QUICK,
    parameters: SimulatedParameters = SimulatedParameters(),
) -> AsyncIterator[Client]:
    """One client; `faults` spoil what it is told, those `on_exchange` really happen."""
    clock = LoopClock(asyncio.get_running_loop(), MONDAY)
    client = Client(Venue(exchange(venue, on_exchange), clock), ME, faults=faults, parameters=parameters)
    async with trading(client):
        yield client


def after(standings: Sequence[Standing], wanted: Standing) -> list[Standing]:
    """What came after the first of this kind."""
    return list(standings[list(standings).index(wanted) + 1 :])
