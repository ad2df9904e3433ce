"""A gateway on the virtual loop, the market under it, and clients: of bytes, of messages, the real ib_insync."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import evolve
from ib_insync import IB

from gamma_scalper.broker.ib.our_clock import put_ib_insync_on
from gamma_scalper.domain.instruments import Option, Right, Stock
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import NO_FAULTS, Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import FRICTIONLESS, CarryParameters, ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.gateway.framing import Frames, frame, greeting
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.gateway.past import Past
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.codec import read_answer, write_request
from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields
from gamma_scalper.gateway.wire.requests_of_data import StartApi
from gamma_scalper.gateway.wire.requests_of_orders import PlaceOrder
from gamma_scalper.kernel import LoopClock, VirtualLoop
from gamma_scalper.pricing.dividends import DividendSchedule

ME, YOU = "DU1111111", "DU2222222"
MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # 10:00 in New York
FRIDAY, NEXT_MONTH = date(2026, 1, 9), date(2026, 2, 20)
SPY, NVDA, CALL, PUT, HIGH_CALL, LATE_CALL = 1, 2, 11, 12, 13, 21
CASH = Decimal(1_000_000)
NO_CARRY = CarryParameters(credit_rate_pct=0, debit_rate_pct=0, borrow_fee_pct=0)
PATIENT = evolve(FRICTIONLESS, oldest_quote_s=600)


def option(con_id: int, right: Right, strike: int, expiry: date) -> Option:
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
    Stock(con_id=SPY, symbol="SPY"),
    Stock(con_id=NVDA, symbol="NVDA"),
    option(CALL, "C", 600, FRIDAY),
    option(PUT, "P", 600, FRIDAY),
    option(HIGH_CALL, "C", 610, FRIDAY),
    option(LATE_CALL, "C", 600, NEXT_MONTH),
)
SHARE = ContractFields(con_id=SPY, exchange="SMART")


class Client(asyncio.Protocol):
    """Speaks messages, without any library: what it was told is `said`."""

    def __init__(self, version: int = 176) -> None:
        self.said: list[answers.Answer] = []
        self.wrote = bytearray()  # all the bytes that came
        self.writes: list[int] = []  # their sizes, read by read
        self.lost = asyncio.Event()
        self.version = 0
        self._asked_version = version
        self._frames = Frames(greeted=True, longest=1 << 24)
        self._heard = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    # -- asyncio's side

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.wrote += data
        self.writes.append(len(data))
        for payload in self._frames.feed(data):
            if self.version:
                self.said.append(read_answer(payload, self.version))
            else:
                self.version = int(payload.split(b"\0")[0])
        self._heard.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        self._heard.set()

    # -- the test's side

    def send(self, *requests: Any) -> None:
        self.send_bytes(b"".join(frame(write_request(request, self.version)) for request in requests))

    def send_bytes(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    async def start(self, client_id: int) -> None:
        self.send_bytes(greeting(100, self._asked_version))
        await self.until(lambda: self.version)
        self.send(StartApi(client_id))
        await self.until(lambda: self.of(answers.NextValidId) or self.lost.is_set())
        await asyncio.sleep(0.001)

    async def until(self, condition: Any, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self._heard.clear()
                await self._heard.wait()

    async def ask(self, *requests: Any, seconds: float = 0.001) -> list[answers.Answer]:
        """What is said within so many seconds."""
        before = len(self.said)
        self.send(*requests)
        await asyncio.sleep(seconds)
        return self.said[before:]

    def of(self, kind: type, since: int = 0) -> list[Any]:
        return [answer for answer in self.said[since:] if isinstance(answer, kind)]

    def errors(self, req_id: int | None = None) -> list[int]:
        return [each.code for each in self.of(answers.Error) if req_id is None or each.req_id == req_id]

    def statuses(self, order_id: int) -> list[str]:
        return [each.status for each in self.of(answers.OrderStatus) if each.order_id == order_id]


class House:
    """The gateway of a test, with hands to move its market."""

    def __init__(self, gateway: Gateway, clock: LoopClock) -> None:
        self.gateway, self.engine, self.clock = gateway, gateway.engine, clock
        self._snapshots = 0

    def quote(
        self, con_id: int, bid: float | None, ask: float | None, sizes: tuple[int, int] = (1_000, 1_000),
        last: float | None = None,
    ) -> None:  # fmt: skip
        self._snapshots += 1
        self.gateway.do(
            Quote(
                con_id=con_id,
                snapshot_id=self._snapshots,
                bid=bid,
                ask=ask,
                bid_size=0 if bid is None else sizes[0],
                ask_size=0 if ask is None else sizes[1],
                last=last,
                received_at=self.gateway.now(),
            )
        )

    def quote_all(self) -> None:
        """Shares at 600, a call and a put of one strike, a higher call, a later one."""
        self.quote(SPY, 599.99, 600.01)
        self.quote(NVDA, 179.99, 180.01)
        self.quote(CALL, 5.00, 5.10)
        self.quote(PUT, 4.90, 5.00)
        self.quote(HIGH_CALL, 1.50, 1.60)
        self.quote(LATE_CALL, 14.0, 14.2)

    async def client(self, client_id: int = 1, version: int = 176) -> Client:
        client = Client(version)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: client, "gateway", 1)
        await client.start(client_id)
        return client

    async def bare(self) -> Client:
        """Connected, and nothing said yet."""
        client = Client()
        await asyncio.get_running_loop().create_connection(lambda: client, "gateway", 1)
        return client

    @asynccontextmanager
    async def ib(self, client_id: int = 7) -> AsyncIterator[IB]:
        """The real library, on this clock."""
        with put_ib_insync_on(self.clock, asyncio.get_running_loop()):
            ib = IB()
            await ib.connectAsync("gateway", 1, clientId=client_id)
            try:
                yield ib
            finally:
                ib.disconnect()
                await asyncio.sleep(0)


def engine(
    *,
    start: datetime = MONDAY,
    venue: VenueParameters = PATIENT,
    accounts: Sequence[str] = (ME,),
    faults: FaultSchedule = NO_FAULTS,
    dividends: DividendSchedule | None = None,
) -> Engine:
    market = Pushed(
        LISTED,
        trading_hours(start.date() - timedelta(days=10), start.date() + timedelta(days=120)),
        start,
        dividends={SPY: dividends} if dividends else None,
    )
    return Engine(
        market,
        accounts=dict.fromkeys(accounts, CASH),
        parameters=ExchangeParameters(venue=venue, carry=NO_CARRY),
        seed=7,
        faults=faults,
    )


@asynccontextmanager
async def house(
    exchange: Engine | None = None,
    *,
    faults: Sequence[Fault] = (),
    parameters: GatewayParameters = GatewayParameters(),
    past: Past | None = None,
    paced: bool = False,
    **more: Any,
) -> AsyncIterator[House]:
    """Runs until left; every quote is in force already."""
    schedule = FaultSchedule(faults)
    pushed = exchange is None
    exchange = exchange or engine(faults=schedule, **more)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    clock = LoopClock(loop, exchange.now)
    gateway = Gateway(exchange, clock, parameters, faults=schedule, past=past)
    loop.register_host("gateway", lambda: gateway.protocol(paced=paced))
    running = asyncio.create_task(gateway.run())
    made = House(gateway, clock)
    if pushed:
        made.quote_all()
    try:
        yield made
    finally:
        await gateway.close()
        await running
        loop.unregister_host("gateway")


def order(
    order_id: int,
    action: str,
    quantity: int,
    limit: float | None = None,
    *,
    contract: ContractFields = SHARE,
    **more: Any,
) -> PlaceOrder:
    """A market order, or one with a limit."""
    given: dict[str, Any] = {"order_id": order_id, "action": action, "total_quantity": Decimal(quantity)}
    given |= {"order_type": "MKT"} if limit is None else {"order_type": "LMT", "lmt_price": limit}
    fields = OrderFields(**(given | more))
    return PlaceOrder(order_id, contract, fields)


def of_option(con_id: int) -> ContractFields:
    return ContractFields(con_id=con_id, sec_type="OPT", exchange="SMART")


def fault(kind: Kind, after_s: float = 0.0, **more: Any) -> Fault:
    """So many seconds after the start."""
    return Fault(at=MONDAY + timedelta(seconds=after_s), kind=kind, **more)


def prices(client: Client, tick_type: int, req_id: int = 5) -> list[float]:
    return [each.price for each in client.of(answers.TickPrice) if (each.req_id, each.tick_type) == (req_id, tick_type)]


def sizes(client: Client, tick_type: int, req_id: int = 5) -> list[float]:
    return [each.size for each in client.of(answers.TickSize) if (each.req_id, each.tick_type) == (req_id, tick_type)]


def generic(client: Client, tick_type: int, req_id: int = 5) -> list[float]:
    return [
        each.value for each in client.of(answers.TickGeneric) if (each.req_id, each.tick_type) == (req_id, tick_type)
    ]
