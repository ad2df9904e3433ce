"""A market with a chain of options, quoted every second, and a house whose books may look at it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from attrs import define, evolve, field

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.our_clock import put_ib_insync_on
from gamma_scalper.broker.simulated import SimulatedBroker, SimulatedParameters, Venue
from gamma_scalper.domain.entries import Dispatched, Entry, Mode, ModeChanged, Ordered
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Option, Stock, Tradable
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import Broker, Link, LinkReport, MarketFeed, OrderReport, Standing
from gamma_scalper.domain.proposals import lifetime
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.sessions import SessionParameters, years_between
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.parameters import GatewayParameters, PacingParameters
from gamma_scalper.kernel import Channel, Conflate, LoopClock
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.lookout import Lookout, Sight
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.pipeline.scout import Sought, Window
from gamma_scalper.pipeline.universe import Universe
from gamma_scalper.portfolio.desk import opened
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.pricing.analytic import BlackScholes
from gamma_scalper.pricing.model import MarketInputs, OptionTerms
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.risk.governance import HOUSE, Governance
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.straddle_selection import SelectionParameters

MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # 10:00 in New York
SUNDAY = datetime(2026, 1, 4, 15, 0, tzinfo=UTC)
EXPIRIES = (date(2026, 1, 9), date(2026, 1, 26), date(2026, 2, 6), date(2026, 2, 20))  # 4, 21, 32, 46 days
STRIKES = tuple(range(570, 635, 5))
SPOT, VOL = 600.0, 0.20
ACCOUNT = "DU1000001"
SPY, QQQ = Stock(con_id=1, symbol="SPY"), Stock(con_id=2, symbol="QQQ")
HOURS = Hours(SessionParameters())
LATTICE = PricingParameters(model="lattice", rates_pct="4.0")
SELECTION = SelectionParameters(rescan_s=20, quotes_within_s=5)
LIMITS = Limits(
    cooldown_s=60, force_shares=500, force_per_straddle=0, min_shares=10, min_per_straddle=0, max_order_shares=500,
    max_order_per_straddle=0, hedge_shares=25, hedge_per_straddle=0, min_dte=21, max_dte=35, moneyness_pct=3.0,
    budget=100_000,
)  # fmt: skip


def option(right: str, strike: int, expiry: date = EXPIRIES[1]) -> Option:
    return Option(
        con_id=100_000 * (1 + EXPIRIES.index(expiry)) + 10 * strike + (right == "P"),
        underlying_con_id=SPY.con_id,
        symbol="SPY",
        right=right,
        strike=Decimal(strike),
        expiry=expiry,
        expires_at=datetime(expiry.year, expiry.month, expiry.day, 21, tzinfo=UTC),
        trading_class="SPY",
    )


def _middle(each: Option) -> float:
    inputs = MarketInputs(SPOT, years_between(MONDAY, each.expires_at), 0.04)
    return round(BlackScholes().price(OptionTerms(each.right, float(each.strike), "european"), inputs, VOL), 2)


CHAIN = tuple(option(right, strike, expiry) for expiry in EXPIRIES for strike in STRIKES for right in "CP")
FOREIGN = evolve(option("C", 600), con_id=7, underlying_con_id=QQQ.con_id, symbol="QQQ")
OFFERS = {each.con_id: (_middle(each), 0.06) for each in CHAIN} | {  # conId -> middle and spread
    SPY.con_id: (SPOT, 0.01),
    QQQ.con_id: (500.0, 0.01),
    FOREIGN.con_id: (12.0, 0.06),
}


class Notebook:
    """A journal that is kept in memory."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Entry]] = []

    def append(self, book: str, entry: Entry, at: datetime) -> int:
        self.rows.append((book, entry))
        return len(self.rows)

    async def flush(self) -> None:
        pass

    async def keep_flushing(self) -> None:
        await asyncio.Event().wait()


@define(eq=False)
class World:
    """The market and the broker, and a hand to move them."""

    clock: LoopClock
    do: Callable[[Quote], object]
    broker: Broker
    board: QuoteBoard
    chain: Sequence[Option]
    silent: set[int]  # conIds nobody quotes
    spreads: dict[int, float] = field(factory=dict)  # conId -> spread
    data_type: DataType = DataType.LIVE
    most_lines: int = 0  # that were ever open at once, where they are counted
    _snapshots: int = 0

    def quote(self, con_ids: Iterable[int]) -> None:
        """These once, as the model has them."""
        now = self.clock.now()
        for con_id in con_ids:
            self._offer(con_id, *OFFERS[con_id], now)

    def _offer(self, con_id: int, mid: float, spread: float, now: datetime) -> None:
        if con_id not in self.silent:
            self._snapshots += 1
            spread = self.spreads.get(con_id, spread)
            bid, ask = round(max(mid - spread / 2, 0.0), 3), round(mid + spread / 2, 3)
            self.do(
                Quote(
                    con_id=con_id, snapshot_id=self._snapshots, bid=bid, ask=ask, bid_size=50, ask_size=50,
                    received_at=now,
                    data_type=self.data_type,
                )
            )  # fmt: skip

    async def count_lines(self) -> None:
        while True:
            self.most_lines = max(self.most_lines, len(self.broker.feed.lines))
            await self.clock.sleep(0.05)

    @property
    def lines(self) -> set[int]:
        """Of the simulated broker, those that are open; of another all there may be."""
        contracts = (SPY, *self.chain)
        return set(getattr(self.broker.feed, "lines", [each.con_id for each in contracts]))


@asynccontextmanager
async def at_work(
    start: datetime = MONDAY,
    *,
    lines: int = 100,
    open_interest: int = 500,
    chain: Sequence[Option] = CHAIN,
    silent: Iterable[int] = (),
    counts: bool = False,
    board: Callable[[MarketFeed], QuoteBoard] = QuoteBoard,
) -> AsyncIterator[World]:
    """`silent` are the conIds of contracts nobody quotes; `counts` keeps `most_lines`."""
    clock = LoopClock(asyncio.get_running_loop(), start)
    market = Pushed((SPY, QQQ), trading_hours(date(2026, 1, 5), EXPIRIES[-1]), start)
    for each in chain:
        market.list_contract(each, open_interest)
    venue = Venue(Engine(market, accounts={ACCOUNT: Decimal(1_000_000)}), clock)
    broker = SimulatedBroker(venue, ACCOUNT, parameters=SimulatedParameters(lines=lines))
    await broker.start()
    world = World(clock, venue.do, broker, board(broker.feed), chain, set(silent))
    running = [asyncio.create_task(world.board.follow())]
    if counts:
        running.append(asyncio.create_task(world.count_lines()))
    world.quote([SPY.con_id, QQQ.con_id, *(each.con_id for each in chain)])
    try:
        yield world
    finally:
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await broker.stop()


@asynccontextmanager
async def behind_a_gateway(
    data: str = "live", *, lines: int = 100, chain: Sequence[Option] = CHAIN
) -> AsyncIterator[World]:
    """The real client against our own gateway, in memory; beyond `lines` the gateway refuses what it has taken."""
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop, MONDAY)
    market = Pushed((SPY, *chain), trading_hours(date(2026, 1, 5), EXPIRIES[-1]), MONDAY)
    pacing = PacingParameters(market_data_lines=lines)
    gateway = Gateway(
        Engine(market, accounts={ACCOUNT: Decimal(100_000)}), clock, GatewayParameters(data=data, pacing=pacing)
    )
    loop.register_host("embedded", gateway.protocol)
    with put_ib_insync_on(clock, loop):
        broker = IbBroker(("embedded", 0), 17, ACCOUNT, clock)
        board = QuoteBoard(broker.feed)
        running = [asyncio.create_task(gateway.run()), asyncio.create_task(board.follow())]
        try:
            await broker.start()
            yield World(clock, gateway.do, broker, board, chain, set())
        finally:
            await broker.stop()
            await gateway.close()
            for task in running:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


def sought(**changes: Any) -> Sought:
    """What a book looks for; `window` and `selection` may be given by their keys."""
    window = Window(
        **{name: changes.pop(name, getattr(LIMITS, name)) for name in ("min_dte", "max_dte", "moneyness_pct")}
    )
    pricing, underlying = changes.pop("pricing", LATTICE), changes.pop("underlying", SPY)
    selection = SelectionParameters(**{"rescan_s": 120.0, **changes})
    return Sought(book="spy", underlying=underlying, window=window, selection=selection, pricing=pricing, hours=HOURS)


# -- a house -----------------------------------------------------------------------------------------------------------


class Inbox(Channel[Quote | Universe]):
    """As a streamer has it: the newest of each contract, and of the universe."""

    def __init__(self, book: str) -> None:
        super().__init__(
            f"inbox of {book}",
            Conflate(lambda _, newer: newer, lambda each: each.con_id if isinstance(each, Quote) else 0),
        )
        self.universe: Universe | None = None
        self.universes = 0  # that were read
        self.quoted: set[int] = set()  # conIds of all quotes that ever came

    def read(self) -> Universe:
        while not self.empty():
            found = self.get_nowait()
            if isinstance(found, Universe):
                self.universe = found
                self.universes += 1
            else:
                self.quoted.add(found.con_id)
        assert self.universe is not None
        return self.universe


@define(eq=False)
class Home:
    """A house with its lookout, and the words that are said to its desks."""

    world: World
    house: TradingHouse
    inboxes: dict[str, Inbox]
    lookout: Lookout
    _numbers: dict[str, int] = field(factory=dict)
    _executions: int = 0

    def tell(self, book: str, entry: Any) -> None:
        self.house.apply(book, entry)

    def orders(self, instrument: Tradable, quantity: int, book: str = "spy") -> IntentId:
        """One lives from here on."""
        self._numbers[book] = self._numbers.get(book, 0) + 1
        intent = Intent(
            id=IntentId(book, self._numbers[book]), purpose=Purpose.ENTRY, instrument=instrument,
            side=Side.BUY if quantity > 0 else Side.SELL, quantity=abs(quantity), pricing=Limit(Decimal(10)),
            lifetime=lifetime(600, self.house.clock.now()), account=ACCOUNT, snapshot_ids=(1,), reason="a test",
        )  # fmt: skip
        self.tell(book, Ordered(intents=[intent], reserved=[Money(0)], patience_s=600, good_for_s=600))
        self.tell(book, Dispatched(intent.id))
        return intent.id

    def fills(self, intent: IntentId, instrument: Stock | Option, quantity: int) -> None:
        self._executions += 1
        self.tell(
            intent.book,
            Fill(
                exec_id=f"0000e0d5.{self._executions:08d}.01.01", intent=intent, perm_id=intent.number,
                account=ACCOUNT, instrument=instrument, side=Side.BUY if quantity > 0 else Side.SELL,
                quantity=abs(quantity), price="10", at=self.house.clock.now(),
            ),
        )  # fmt: skip

    def dies(self, intent: IntentId, standing: Standing, filled: int = 0) -> None:
        self.tell(
            intent.book,
            OrderReport(
                at=self.house.clock.now(), order_ref=f"{intent.book}/{intent.number}", perm_id=intent.number,
                standing=standing, filled=filled, remaining=0,
            ),
        )  # fmt: skip

    def trades(self, instrument: Stock | Option, quantity: int, book: str = "spy") -> None:
        """Ordered and filled at once."""
        intent = self.orders(instrument, quantity, book)
        self.fills(intent, instrument, quantity)
        self.dies(intent, Standing.FILLED, abs(quantity))

    def universe(self, book: str = "spy") -> Universe:
        return self.inboxes[book].read()

    async def after(self, seconds: float) -> None:
        """What somebody looks at is quoted every second meanwhile."""
        for _ in range(round(seconds)):
            self.world.quote(sorted(self.world.lines))
            await self.world.clock.sleep(1)


@asynccontextmanager
async def at_home(
    world: World, books: Sequence[str] = ("spy",), selection: SelectionParameters = SELECTION, *, runs: bool = True
) -> AsyncIterator[Home]:
    clock = world.clock
    residents = {book: Resident(name=book, underlying=SPY, hours=HOURS) for book in books}
    house = TradingHouse(
        journal=Notebook(), clock=clock, broker=world.broker, router=world.broker.orders, board=world.board,
        residents=residents, states={book: opened(book, DeskParameters()) for book in books}, governance=Governance(),
        panic=lambda: False,
    )  # fmt: skip
    house.take_down(HOUSE, ModeChanged(Mode.LIVE, "a test", "a test"))
    inboxes = {book: Inbox(book) for book in books}
    sights = {
        book: Sight(
            underlying=SPY, inbox=inboxes[book], selection=selection, limits=LIMITS, pricing=LATTICE, hours=HOURS
        )
        for book in books
    }
    home = Home(world, house, inboxes, Lookout(house, world.broker, world.board, sights, clock))
    for book in books:
        home.tell(book, LinkReport(clock.now(), Link.READY, "a test"))
    task = asyncio.create_task(home.lookout.run()) if runs else None
    try:
        yield home
        assert task is None or not task.done(), "the lookout has ended"
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
