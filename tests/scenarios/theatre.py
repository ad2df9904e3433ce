"""A whole program on a stage: a scripted street, our gateway in memory, the real client, the real strategy.

The street's shares follow a script of (minute, price); its options are priced by the lattice around them. A test
changes `street` while it plays: volatility, spreads, contracts that go silent or lose a side.
"""

import asyncio
import math
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from attrs import define, field, frozen

from config import load_config
from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.commands.opening import Opening
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option, Right, Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import CarryParameters, ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.exchange.tickets import Place, Ticket
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import LoopClock, VirtualLoop
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms
from gamma_scalper.recovery import recover
from gamma_scalper.scalping import Scalping
from gamma_scalper.trading import Terms, Trading

MONDAY = datetime(2026, 1, 12, 15, 0, tzinfo=UTC)  # 10:00 in New York
ACCOUNT, CASH = "DU1234567", Decimal(200_000)
EXPIRIES = (date(2026, 2, 13), date(2026, 2, 20))
STRIKES = range(520, 681, 5)
SHARE = Stock(con_id=1, symbol="SPY")
RATE, TICK = 0.04, 0.01
VENUE = VenueParameters(latency_ms=150, slippage_bps=0, participation_pct=100, partial_fill_pct=0)
NO_CARRY = CarryParameters(credit_rate_pct=0, debit_rate_pct=0, borrow_fee_pct=0)
_MODEL = Lattice()


def book(name: str = "spy", *overrides: str) -> BookParameters:
    """As its file says, and as the test says otherwise."""
    return load_config(overrides, environment={}).books[name]


def option(con_id: int, right: Right, strike: int, expiry: date) -> Option:
    closes = datetime(expiry.year, expiry.month, expiry.day, 21, tzinfo=UTC)
    return Option(
        con_id=con_id,
        underlying_con_id=SHARE.con_id,
        symbol=SHARE.symbol,
        right=right,
        strike=Decimal(strike),
        expiry=expiry,
        expires_at=closes,
        trading_class=SHARE.symbol,
    )


def chain(*expiries: date) -> tuple[Option, ...]:
    """A call and a put of every strike."""
    return tuple(
        option(1_000 * number + 2 * (strike - STRIKES[0]) + (right == "P"), right, strike, expiry)
        for number, expiry in enumerate(expiries, 1)
        for strike in STRIKES
        for right in ("C", "P")
    )


CHAIN = chain(*EXPIRIES)


@define
class Street:
    """What is quoted. Everything here may be changed while it plays."""

    script: Sequence[tuple[float, float]] = ((0, 600.0),)  # (minute, price), straight lines between them
    vol: float = 0.15
    half_spread: float = 0.01  # of the shares
    option_half_spread: float = 0.02
    size: int = 500
    silent: set[int] = field(factory=set)  # contracts nobody quotes any more
    no_bid: set[int] = field(factory=set)
    no_offer: set[int] = field(factory=set)

    def spot(self, minute: float) -> float:
        before, after = self.script[0], self.script[-1]
        for point in self.script:
            if point[0] <= minute:
                before = point
            else:
                after = point
                break
        if after[0] <= before[0]:
            return before[1]
        share = (minute - before[0]) / (after[0] - before[0])
        return before[1] + share * (after[1] - before[1])

    def offer(self, contract: Stock | Option, minute: float, now: datetime) -> tuple[float | None, float | None]:
        spot = self.spot(minute)
        if isinstance(contract, Stock):
            middle, half = spot, self.half_spread
        else:
            terms = OptionTerms(contract.right, float(contract.strike))
            inputs = MarketInputs(spot, years_between(now, contract.expires_at), RATE)
            middle, half = _MODEL.price(terms, inputs, self.vol), self.option_half_spread
        bid, ask = math.floor((middle - half) / TICK + 1e-9) * TICK, math.ceil((middle + half) / TICK - 1e-9) * TICK
        return (
            None if contract.con_id in self.no_bid else round(max(bid, 0.0), 2),
            None if contract.con_id in self.no_offer else round(max(ask, TICK), 2),
        )


class Seen(NamedTuple):
    """The street at one moment."""

    at: datetime
    spot: float
    vol: float


@frozen
class Played:
    """What came of it."""

    rows: Sequence[Any]  # of the journal
    error: UserError | None
    account: Mapping[int, Decimal]  # conId -> what the account holds
    engine: Engine
    cash: Decimal  # by which the account's changed
    before: int  # rows of the journal that are older than this play
    ticks: Sequence["Seen"]  # of the shares, in this play

    @property
    def began(self) -> datetime:
        return self.ticks[0].at

    @property
    def ended(self) -> datetime:
        return self.ticks[-1].at

    def entries(self, kind: type) -> list[Any]:
        return [row.entry for row in self.rows if isinstance(row.entry, kind)]

    def options(self) -> dict[int, Decimal]:
        return {con_id: held for con_id, held in self.account.items() if con_id != SHARE.con_id}

    def shares(self) -> Decimal:
        return self.account.get(SHARE.con_id, Decimal(0))

    def delta(self, held: Mapping[int, Decimal], at: datetime) -> float:
        """Of such a position at that moment, by what the street quoted the options at."""
        tick = self.ticks[max(bisect_right(self.ticks, at, key=lambda each: each.at) - 1, 0)]
        return sum(float(quantity) * _delta(self.engine, con_id, tick, at) for con_id, quantity in held.items())


def _delta(engine: Engine, con_id: int, tick: Seen, at: datetime) -> float:
    """Of one share or one contract."""
    contract = engine.market.instrument(con_id)
    if not isinstance(contract, Option):
        return 1.0
    terms = OptionTerms(contract.right, float(contract.strike))
    inputs = MarketInputs(tick.spot, max(years_between(at, contract.expires_at), 1e-9), RATE)
    return contract.multiplier * _MODEL.greeks(terms, inputs, tick.vol).delta


Act = Callable[["Theatre"], Awaitable[None] | None]


def asked(name: str, argument: str = "", book: str | None = None) -> Act:
    """An act: a person says so from another terminal."""

    def act(theatre: "Theatre") -> None:
        theatre.tell(name, argument, book)

    return act


class Theatre:
    """One run of the program in `folder`; a second one in the same folder and on the same engine is a restart."""

    def __init__(
        self,
        folder: Path,
        street: Street,
        books: Mapping[str, BookParameters],
        *,
        start: datetime = MONDAY,
        options: Sequence[Option] = CHAIN,
        faults: Sequence[Fault] = (),
        holds: Mapping[int, int] | None = None,  # what the account holds before anybody trades
        cash: Decimal = CASH,
        mode: str = "resume",
        engine: Engine | None = None,
        panic: Callable[[], bool] = lambda: False,
    ) -> None:
        self.folder, self.street, self.books, self.mode, self.panic = folder, street, books, mode, panic
        self.schedule = FaultSchedule(faults)
        self.start = self.began = start
        self._options = options
        self._snapshots = 0
        self._ticks: list[Seen] = []
        self.engine = engine or self._engine(cash, holds or {})

    def _engine(self, cash: Decimal, holds: Mapping[int, int]) -> Engine:
        hours = trading_hours(self.start.date() - timedelta(days=10), self._options[-1].expiry + timedelta(days=30))
        market = Pushed((SHARE, *self._options), hours, self.start)
        for contract in self._options:
            market.list_contract(contract, 1_000)
        engine = Engine(
            market,
            accounts={ACCOUNT: cash},
            parameters=ExchangeParameters(venue=VENUE, carry=NO_CARRY),
            seed=7,
            faults=self.schedule,
        )
        engine.floor.watch(SHARE.con_id).close = self.street.spot(0)  # the session before's: nobody sells short without
        for con_id, quantity in holds.items():
            self._give(engine, con_id, quantity)
        return engine

    def _give(self, engine: Engine, con_id: int, quantity: int) -> None:
        """By hand, before anybody looks."""
        side = Side.BUY if quantity > 0 else Side.SELL
        engine.on(self._quoted(engine, con_id, engine.now), engine.now)
        engine.on(Place(Ticket(account=ACCOUNT, what=con_id, side=side, quantity=abs(quantity))), engine.now)
        for _ in range(3):  # until it has arrived, and has met a quote
            at = engine.now + timedelta(seconds=1)
            while engine.step(at)[1]:
                pass
            engine.on(self._quoted(engine, con_id, at), at)

    # -- playing -------------------------------------------------------------------------------------------------------

    def play(self, minutes: float, *acts: tuple[float, Act]) -> Played:
        """So many minutes of the market; at the given minutes something is done."""
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(self._play(minutes, acts))

    async def _play(self, minutes: float, acts: Sequence[tuple[float, Act]]) -> Played:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.clock = LoopClock(loop, self.engine.now)
        self.began = self.engine.now
        self._ticks = []
        cash = self.engine.account(ACCOUNT).cash
        self.gateway = Gateway(self.engine, self.clock, faults=self.schedule)
        loop.register_host("street", self.gateway.protocol)
        running = [
            asyncio.create_task(self.gateway.run(), name="gateway"),
            asyncio.create_task(self._quote(), name="the street"),
        ]
        self.broker = IbBroker(("street", 0), 17, ACCOUNT, self.clock, IbParameters())
        self.journal = SqlJournal.open(
            f"sqlite:///{self.folder / 'journal.db'}",
            lock=None,
            clock=self.clock,
            threaded=False,
            parameters=JournalParameters(synchronous="off"),
        )
        self.inbox = Inbox.open(self.folder / "inbox.db")
        before = sum(1 for _ in self.journal.rows())
        error: UserError | None = None
        try:
            await self._trade(minutes, acts)
        except UserError as raised:
            error = raised
        finally:
            await self.broker.stop()
            self.inbox.close()
            for task in running:
                task.cancel()
            for task in running:
                with suppress(asyncio.CancelledError):
                    await task
            await self.gateway.close()
        self.journal.flush_now()
        rows = list(self.journal.rows())
        self.journal.close()
        held = {con_id: each.quantity for con_id, each in self.engine.account(ACCOUNT).held.items() if each.quantity}
        cash = self.engine.account(ACCOUNT).cash - cash
        return Played(rows, error, held, self.engine, cash, before, self._ticks)

    async def _trade(self, minutes: float, acts: Sequence[tuple[float, Act]]) -> None:
        await self.broker.start()
        share = await self.broker.catalogue.stock("SPY")
        self.trading = Trading(
            broker=self.broker,
            journal=self.journal,
            clock=self.clock,
            remembered=recover(self.journal),
            residents=[about.resident(share, about.hours()) for about in self.books.values()],
            terms=Terms(session=SessionBegan("paper", "test", "")),
            controls=self.inbox,
            panic=self.panic,
        )
        self.scalping = Scalping(self.trading, self.books, self.broker, self.clock, forgetful=self.mode == "fresh")
        opening = Opening(self.scalping, self.trading, self.mode, self.clock, waits_for_the_open=False)
        also = {"opens": opening.run(), "curtain": self._end(minutes)}
        also |= {f"act {i}": self._act(minute, act) for i, (minute, act) in enumerate(acts)}
        await self.scalping.run(also)

    async def _end(self, minutes: float) -> None:
        await self._until(minutes)
        self.trading.stop("the curtain falls")
        await asyncio.Event().wait()

    async def _act(self, minute: float, act: Act) -> None:
        await self._until(minute)
        done = act(self)
        if done is not None:
            await done
        await asyncio.Event().wait()

    async def _until(self, minute: float) -> None:
        await self.clock.sleep((self.began + timedelta(minutes=minute) - self.clock.now()).total_seconds())

    @property
    def minute(self) -> float:
        return (self.clock.now() - self.began).total_seconds() / 60

    async def _quote(self) -> None:
        """Once a second, whatever somebody looks at and may trade."""
        while True:
            for con_id in sorted({SHARE.con_id, *self.engine.floor.looked}):
                if con_id not in self.street.silent and not self.engine.halted(con_id):
                    self.gateway.do(self._quoted(self.engine, con_id, self.gateway.now()))
            await self.clock.sleep(1.0)

    def _quoted(self, engine: Engine, con_id: int, at: datetime) -> Quote:
        self._snapshots += 1
        contract = engine.market.instrument(con_id)
        minute = (at - self.began).total_seconds() / 60
        bid, ask = self.street.offer(contract, minute, at)
        if con_id == SHARE.con_id:
            self._ticks.append(Seen(at, self.street.spot(minute), self.street.vol))
        size = self.street.size + self._snapshots % 7  # a market breathes; what never changes is not told again
        return Quote(
            con_id=con_id,
            snapshot_id=self._snapshots,
            bid=bid,
            ask=ask,
            bid_size=size if bid else 0,
            ask_size=size if ask else 0,
            received_at=at,
        )

    def tell(self, name: str, argument: str = "", book: str | None = None) -> int:
        """As a person would from another terminal."""
        return self.inbox.put(name, "ada", self.clock.now(), book, argument)

    def fault(self, kind: Kind, minute: float, **more: Any) -> Fault:
        return Fault(at=self.start + timedelta(minutes=minute), kind=kind, **more)
