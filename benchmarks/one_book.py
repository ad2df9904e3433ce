"""A book's three thinking stages on an event loop, with a hand that pushes quotes and fills whatever is ordered."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.instruments import Option, Right, Stock
from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.proposals import Plan, TradeCommand
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import SessionParameters, years_between
from gamma_scalper.domain.snapshots import Holding, PositionSnapshot
from gamma_scalper.domain.strategy_entries import StrategyEntry
from gamma_scalper.kernel import Block, Channel, Conflate, Unbounded, WallClock, Watch
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.delta_engine import DeltaEngine
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.market_data_streamer import MarketDataStreamer, StreamerParameters
from gamma_scalper.pipeline.messages import DeltaUpdate, Reason, Trigger, merged, newest
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.pipeline.trading_strategy import TradingStrategy
from gamma_scalper.pipeline.universe import Universe
from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.risk.parameters import HedgingParameters, RiskParameters
from gamma_scalper.strategies import registry
from gamma_scalper.strategies.base import Judgement, Standing, Strategy, View
from gamma_scalper.strategies.hedge_parameters import HedgeParameters

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
EXPIRES = datetime(2026, 2, 6, 21, 0, tzinfo=UTC)
STRIKE, VOL, RATE = 600.0, 0.15, 0.04
SPY = Stock(con_id=1, symbol="SPY")
EAGER = RiskParameters(hedging=HedgingParameters(hedge_shares=1, min_shares=1, cooldown_s=0, min_move_pct=0))
HOURS = Hours(SessionParameters())

_universe: Callable[..., Universe] = Universe  # mypy can't read what its converters take

Tick = tuple[float, float, float]  # spot, call, put


def option(con_id: int, right: Right) -> Option:
    return Option(
        con_id=con_id, underlying_con_id=1, symbol="SPY", right=right, strike=Decimal(600), expiry=date(2026, 2, 6),
        expires_at=EXPIRES, trading_class="SPY",
    )  # fmt: skip


CALL, PUT = option(11, "C"), option(12, "P")


def walk(ticks: int, seed: int = 1) -> list[Tick]:
    """Prices that go up and down by half a dollar to a dollar and a half, so that each of them makes a hedge due."""
    random = np.random.default_rng(seed)
    model, years = Lattice(101), years_between(START, EXPIRES)
    found = []
    for i in range(ticks):
        spot = round(STRIKE + (1 if i % 2 else -1) * float(random.uniform(0.6, 1.4)), 2)
        market = MarketInputs(spot, years, RATE)
        vol = VOL + 1e-4 * float(random.standard_normal())
        found.append((spot, *(round(model.price(OptionTerms(right, STRIKE), market, vol), 2) for right in ("C", "P"))))
    return [(spot, call, put) for spot, call, put in found]


class Shifted(WallClock):
    """The machine's own time, moved into a session."""

    def __init__(self) -> None:
        self._by: timedelta = START - super().now()

    def now(self) -> datetime:
        return super().now() + self._by


class Timed:
    """A strategy, and how long it has thought each time, in milliseconds."""

    def __init__(self, strategy: Strategy[Any]) -> None:
        self._strategy = strategy
        self.begin, self.notes = strategy.begin, strategy.notes
        self.took: list[float] = []

    def decide(self, view: View, memory: Any) -> tuple[Judgement, Any]:
        began = perf_counter()
        found = self._strategy.decide(view, memory)
        self.took.append(1e3 * (perf_counter() - began))
        return found


class OneBook:
    """Holds a straddle. `quoted` pushes the underlying's quote and returns once the strategy has thought about it."""

    def __init__(self, model: str, name: str = "bench") -> None:
        about = BookParameters(
            name,
            pricing=PricingParameters(model=model),
            hedge=HedgeParameters(policy="fixed", band_shares=1),
            risk=EAGER,
        )
        self.clock = Shifted()
        self.commands: list[TradeCommand] = []
        self.ready_at = 0.0  # when the newest command was
        self._shares = self._numbers = self._snapshots = self._seen = 0
        self._inbox: Channel[Quote | Universe] = Channel("quotes", Conflate(lambda _, newer: newer, _contract))
        self._triggers: Channel[Trigger] = Channel("triggers", Conflate(merged))
        self._trades: Channel[TradeCommand] = Channel("trades", Block(4))
        self._thoughts: Watch[Thought | None] = Watch(None)
        deltas: Channel[DeltaUpdate] = Channel("deltas", Conflate(newest))
        records: Channel[StrategyEntry] = Channel("records", Unbounded(10**9, lambda depth: None))
        self.thinker = Timed(registry.made(about.strategy, about.scalp, about.limits, about.fees, about.pricing))
        strategy: TradingStrategy[Any] = TradingStrategy(
            name, SPY, deltas, self._trades, self.clock, self.thinker, "", Watch(Standing(mode=Mode.LIVE)),
            self._thoughts.claim(), records,
        )  # fmt: skip
        streamer = MarketDataStreamer(
            name, self._inbox, self._triggers, self.clock, HOURS, lambda con_id: Condition(),
            StreamerParameters(heartbeat_s=600),
        )  # fmt: skip
        self._stages = [
            strategy.run,
            DeltaEngine(name, self._triggers, deltas, self.clock, about.pricing).run,
            streamer.run,
            self._receive,
        ]

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(run()) for run in self._stages]
        try:
            self._inbox.put_nowait(_universe(underlying=SPY, options=(CALL, PUT)))
            self._filled()
            await self.idle()
            yield
            for task in tasks:
                if task.done():
                    task.result()  # a stage that failed
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def idle(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)

    def quote_options(self, tick: Tick) -> None:
        self._put(CALL, tick[1])
        self._put(PUT, tick[2])

    def quote_share(self, tick: Tick) -> float:
        """When it was."""
        quote = self._quote(SPY, tick[0])
        self._seen = self._thoughts.seen.seq
        arrived = perf_counter()
        self._inbox.put_nowait(quote)
        return arrived

    async def thought(self) -> None:
        """Until it was thought about, and what came of that is there."""
        await self._thoughts.newer_than(self._seen)
        await self.idle()

    async def fill(self) -> None:
        """The newest command is carried out at once, as far as the ring can tell."""
        if self.commands:
            plan = self.commands.pop()
            assert isinstance(plan, Plan)
            self._shares += int(sum(each.signed_quantity for each in plan.proposals))
            self._numbers += len(plan.proposals)
            self.commands.clear()
        self._filled()
        await self.idle()

    async def _receive(self) -> None:
        async for command in self._trades:
            self.ready_at = perf_counter()
            self.commands.append(command)

    def _filled(self) -> None:
        held = [Holding(CALL, Decimal(1)), Holding(PUT, Decimal(1))]
        if self._shares:
            held.append(Holding(SPY, Decimal(self._shares)))
        prices = [(each.instrument.con_id, Decimal(600 if each.instrument is SPY else 11)) for each in held]
        position = PositionSnapshot(held, (), self._numbers, average_prices=prices)
        self._triggers.put_nowait(
            Trigger(book="bench", seq=self._numbers + 1, reasons=(Reason.ORDER,), position=position)
        )

    def _put(self, what: Stock | Option, price: float) -> None:
        self._inbox.put_nowait(self._quote(what, price))

    def _quote(self, what: Stock | Option, price: float) -> Quote:
        self._snapshots += 1
        return Quote(
            con_id=what.con_id, snapshot_id=self._snapshots, bid=price - 0.01, ask=price + 0.01, bid_size=100,
            ask_size=100, received_at=self.clock.now(),
        )  # fmt: skip


def _contract(told: Quote | Universe) -> int:
    return told.con_id if isinstance(told, Quote) else 0


class Took(NamedTuple):
    """Milliseconds."""

    command: float  # from a quote's arrival to the command that follows from it
    thinking: float  # of it, in the strategy


async def decisions(model: str, ticks: Sequence[Tick]) -> list[Took]:
    book, took = OneBook(model), []
    async with book.at_work():
        for tick in ticks:
            book.quote_options(tick)
            await book.idle()
            arrived, thoughts = book.quote_share(tick), len(book.thinker.took)
            await book.thought()
            if book.ready_at > arrived:
                took.append(Took(1e3 * (book.ready_at - arrived), book.thinker.took[thoughts]))
            await book.fill()
    return took


async def decisions_of(books: int, model: str, ticks: Sequence[Tick]) -> list[float]:
    """Milliseconds to each command of so many books on one underlying, which all hear each quote at once."""
    everybody, took = [OneBook(model, f"bench{i}") for i in range(books)], []
    async with AsyncExitStack() as work:
        for book in everybody:
            await work.enter_async_context(book.at_work())
        for tick in ticks:
            for book in everybody:
                book.quote_options(tick)
            await everybody[0].idle()
            arrived, *_ = [book.quote_share(tick) for book in everybody]
            for book in everybody:
                await book.thought()
            took += [1e3 * (book.ready_at - arrived) for book in everybody if book.ready_at > arrived]
            for book in everybody:
                await book.fill()
    return took
