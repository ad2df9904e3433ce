"""The adapter on our own gateway in memory: a market the test moves, faults it orders, and all the adapter said."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from attrs import evolve

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Index, Option, Stock, Tradable
from gamma_scalper.domain.orders import GoodTill, ImmediateOrCancel, Intent, IntentId, Limit, Market, Purpose, Side
from gamma_scalper.domain.ports import Link, LinkReport, OrderEvent, OrderReport, Standing
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import CarryParameters, ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.exchange.tickets import Place, Ticket
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.kernel import LoopClock, VirtualLoop

E = TypeVar("E")

ME, YOU = "DU1000001", "DU1000002"
CLIENT = 17
MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # 10:00 in New York
EXPIRY, NEXT_EXPIRY = date(2026, 1, 9), date(2026, 1, 16)
PATIENT = VenueParameters(latency_ms=0, slippage_bps=0, participation_pct=100, partial_fill_pct=0, oldest_quote_s=7200)


def option(con_id: int, right: str, strike: int, expiry: date = EXPIRY, **changes: object) -> Option:
    plain: dict[str, object] = {
        "con_id": con_id,
        "underlying_con_id": 1,
        "symbol": "SPY",
        "right": right,
        "strike": Decimal(strike),
        "expiry": expiry,
        "expires_at": datetime(expiry.year, expiry.month, expiry.day, 21, tzinfo=UTC),
        "trading_class": "SPY",
    }
    return Option(**plain | changes)


_IN_CASH = {"exercise": "european", "settlement": "cash_pm"}
LISTED = (
    Stock(con_id=1, symbol="SPY", trading_class="SPY"),
    Stock(con_id=2, symbol="NVDA", trading_class="NVDA"),
    Index(con_id=3, symbol="SPX"),
    Stock(con_id=4, symbol="DUAL", trading_class="NMS"),
    Stock(con_id=5, symbol="DUAL", trading_class="BIG"),
    option(31, "C", 6000, underlying_con_id=3, symbol="SPX", trading_class="SPXW", **_IN_CASH),
    option(11, "C", 600),
    option(12, "P", 600),
    option(13, "C", 610),
    option(14, "P", 590),
    option(21, "C", 600, NEXT_EXPIRY),
)
OFFERS = ((1, 599.99, 600.01), (2, 179.99, 180.01), (11, 4.00, 4.02), (12, 3.90, 3.92), (13, 1.00, 1.02))


class Floor:
    """One adapter, the gateway it is connected to, and hands to move the market."""

    def __init__(self, gateway: Gateway, broker: IbBroker) -> None:
        self.gateway, self.engine, self.clock = gateway, gateway.engine, gateway.clock
        self.broker = broker
        self.said: list[OrderEvent] = []
        self.quoted: list[Quote] = []
        self._intents = self._snapshots = 0

    # -- the market ----------------------------------------------------------------------------------------------------

    def quote(self, con_id: int, bid: float | None, ask: float | None, size: int = 1_000) -> None:
        self._snapshots += 1
        sizes = {"bid_size": 0 if bid is None else size, "ask_size": 0 if ask is None else size}
        number, now = self._snapshots, max(self.clock.now(), self.engine.now)
        self.gateway.do(Quote(con_id=con_id, snapshot_id=number, bid=bid, ask=ask, received_at=now, **sizes))

    def quote_all(self) -> None:
        for con_id, bid, ask in OFFERS:
            self.quote(con_id, bid, ask)

    def somebody(self, side: Side, quantity: int, account: str = ME, owner: str = "") -> None:
        """Trades shares of SPY without this client."""
        ticket = Ticket(account=account, what=1, side=side, quantity=Decimal(quantity), owner=owner)
        self.gateway.do(Place(ticket))

    # -- the client ----------------------------------------------------------------------------------------------------

    @property
    def router(self):
        assert self.broker.orders is not None
        return self.broker.orders

    async def spy(self) -> Stock:
        return await self.broker.catalogue.stock("SPY")

    async def straddle(self) -> tuple[Option, Option]:
        call, put = await self.broker.catalogue.options(await self.spy(), EXPIRY, (Decimal(600), Decimal(600)))
        return call, put

    def intent(
        self,
        side: Side,
        quantity: int,
        instrument: Tradable,
        limit: str | None = None,
        *,
        lives_s: float = 0.0,
        **more: object,
    ) -> Intent:
        """Immediate or cancelled, unless it lives for so long."""
        self._intents += 1
        until = self.clock.now().replace(microsecond=0) + timedelta(seconds=lives_s)
        plain: dict[str, object] = {
            "id": IntentId("test", self._intents),
            "purpose": Purpose.ENTRY,
            "instrument": instrument,
            "side": side,
            "quantity": Decimal(quantity),
            "pricing": Market() if limit is None else Limit(limit),
            "lifetime": GoodTill(until) if lives_s else ImmediateOrCancel(),
            "account": ME,
            "snapshot_ids": (1,),
            "reason": "a test",
        }
        return Intent(**plain | more)

    async def place(self, *order: object, **more: object) -> IntentId:
        intent = self.intent(*order, **more)
        await self.router.place(intent)
        return intent.id

    # -- what was said -------------------------------------------------------------------------------------------------

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.said if isinstance(event, kind)]

    def course(self, intent: IntentId) -> list[Standing]:
        """Its standings in order, each change once."""
        found = [report.standing for report in self.reports(intent)]
        return [each for place, each in enumerate(found) if place == 0 or found[place - 1] is not each]

    def reports(self, intent: IntentId) -> list[OrderReport]:
        return [report for report in self.of(OrderReport) if report.order_ref == str(intent)]

    def fills(self) -> list[Fill]:
        return self.of(Fill)

    def bills(self) -> list[Commission]:
        return self.of(Commission)

    def links(self) -> list[Link]:
        return [report.link for report in self.of(LinkReport)]

    async def until(self, found: Callable[[], object], patience_s: float = 120.0) -> None:
        """Until it is so, or the test fails; looks twenty times a second of virtual time."""
        for _ in range(int(20 * patience_s)):
            if found():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"it never came about; said: {[str(event)[:150] for event in self.said[-12:]]}")

    async def stands(self, intent: IntentId, standing: Standing, patience_s: float = 120.0) -> OrderReport:
        await self.until(lambda: standing in self.course(intent), patience_s)
        return next(report for report in reversed(self.reports(intent)) if report.standing is standing)

    async def listen(self) -> None:
        async for event in self.router.events():
            self.said.append(event)

    async def watch(self) -> None:
        async for quote in self.broker.feed.quotes():
            self.quoted.append(quote)


def fault(kind: Kind, *, at_s: float = 0.0, **more: object) -> Fault:
    """So many seconds after the start of the test."""
    return Fault(at=MONDAY + timedelta(seconds=at_s), kind=kind, **more)


def venue(
    accounts: Iterable[str] = (ME,), parameters: VenueParameters = PATIENT, faults: FaultSchedule | None = None
) -> Engine:
    hours = trading_hours(MONDAY.date() - timedelta(days=10), MONDAY.date() + timedelta(days=60))
    return Engine(
        Pushed(LISTED, hours, MONDAY),
        accounts={account: Decimal(1_000_000) for account in accounts},
        parameters=ExchangeParameters(
            venue=parameters, carry=CarryParameters(credit_rate_pct=0, debit_rate_pct=0, borrow_fee_pct=0)
        ),
        seed=7,
        **({} if faults is None else {"faults": faults}),
    )


@asynccontextmanager
async def gateway_up(
    *faults: Fault, accounts: Iterable[str] = (ME,), parameters: VenueParameters = PATIENT
) -> AsyncIterator[Gateway]:
    """A gateway in memory, whose time is the loop's."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    schedule = FaultSchedule(faults)
    gateway = Gateway(
        venue(accounts, parameters, schedule), LoopClock(loop, MONDAY), GatewayParameters(), faults=schedule
    )
    loop.register_host("gateway", gateway.protocol)
    running = asyncio.ensure_future(gateway.run())
    try:
        yield gateway
    finally:
        loop.unregister_host("gateway")
        await gateway.close()
        running.cancel()
        await asyncio.wait([running])


def adapter(gateway: Gateway, account: str = ME, parameters: IbParameters = IbParameters(), **more: object) -> IbBroker:
    return IbBroker(("gateway", 7497), more.pop("client_id", CLIENT), account, gateway.clock, parameters, **more)


@asynccontextmanager
async def floor(
    *faults: Fault,
    accounts: Iterable[str] = (ME,),
    account: str = ME,
    venue_parameters: VenueParameters = PATIENT,
    parameters: IbParameters = IbParameters(),
    **more: object,
) -> AsyncIterator[Floor]:
    """Connected, confirmed, and quoted once."""
    async with gateway_up(*faults, accounts=accounts, parameters=venue_parameters) as gateway:
        found = Floor(gateway, adapter(gateway, account, parameters, **more))
        found.quote_all()
        async with running(found):
            yield found


@asynccontextmanager
async def running(found: Floor) -> AsyncIterator[Floor]:
    tasks = [asyncio.ensure_future(found.watch())]
    if found.broker.orders is not None:
        tasks.append(asyncio.ensure_future(found.listen()))
    try:
        await found.broker.start()
        await asyncio.sleep(0)
        yield found
    finally:
        await found.broker.stop()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def quick(**changes: object) -> IbParameters:
    """The usual parameters, but for these."""
    return evolve(IbParameters(), **changes)
