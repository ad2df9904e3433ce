"""The very ring that trades, on its own clock over a market of the past: from a question to the story of what came."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from attrs import evolve, frozen
from loguru import logger

from gamma_scalper.backtest import cadence
from gamma_scalper.backtest.looking import Looking
from gamma_scalper.backtest.span import Span, span_of
from gamma_scalper.broker.simulated import SimulatedBroker, Venue
from gamma_scalper.broker.simulated.parameters import SimulatedParameters
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.journal_ports import Journal
from gamma_scalper.domain.ports import Broker
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.journal.memory import MemoryJournal
from gamma_scalper.kernel import Clock, LoopClock, VirtualLoop
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.recovery import Remembered
from gamma_scalper.reports.backtest.story import Story
from gamma_scalper.residents import resident_of
from gamma_scalper.scalping import Scalping
from gamma_scalper.system import SIMULATED_ACCOUNT, SystemParameters
from gamma_scalper.trading import Terms, Trading

Progress = Callable[[date, int], object]  # a session is over, of so many

_INTERVAL_S = 300.0
_AS_RECORDED = SimulatedParameters(greeks=False)  # history has none, and ours of the same quotes would prove nothing
_AFTER = timedelta(minutes=1)  # the last close


@frozen(kw_only=True)
class Backtest:
    """What is asked."""

    system: SystemParameters
    books: Mapping[str, BookParameters]
    market: str
    seed: int
    first: date | None = None  # trading days, both included; None: the market's own
    last: date | None = None
    settings: Mapping[str, str] = {}  # what to tell of them
    given: Sequence[str] = ()  # by --set, to tell how it is played again


def _unseen(day: date, of: int) -> None:
    pass


def backtest(asked: Backtest, progress: Progress = _unseen) -> Story:
    """Raises `UserError` where market, days or books leave nothing to play."""
    _check_bills(asked.books)
    load_market_code()
    span = span_of(asked.market, asked.seed, asked.first, asked.last)
    if span.missing:
        logger.warning(
            "the source has nothing of {} of the trading days, the first {}", len(span.missing), span.missing[0]
        )
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(Run(asked, span, progress).play())


def _check_bills(books: Mapping[str, BookParameters]) -> None:
    """A broker bills an account by one price list, whichever book an order is of."""
    (first, own), *others = books.items()
    for name, book in others:
        if book.fees != own.fees:
            raise UserError(
                f"--book: {first} and {name} differ in [fees], and one account is billed by one price list; "
                "give both the same, as --set fees.schedule=tiered does, or play them one by one"
            )


class Run:
    """One backtest, on a loop of its own."""

    def __init__(self, asked: Backtest, span: Span, progress: Progress = _unseen) -> None:
        self._asked, self._span, self._progress = asked, span, progress
        self._step_s = span.step_s
        self._books = {name: cadence.of_book(book, self._step_s) for name, book in asked.books.items()}
        first = next(iter(asked.books.values()))
        self.engine = Engine(
            span.market,
            accounts={SIMULATED_ACCOUNT: Decimal(asked.system.paper_cash)},
            parameters=ExchangeParameters(venue=asked.system.venue, fees=first.fees),
            seed=asked.seed,
        )

    async def play(self) -> Story:
        clock = LoopClock(asyncio.get_running_loop(), self.engine.now)
        venue, journal = Venue(self.engine, clock), MemoryJournal()
        broker = SimulatedBroker(venue, SIMULATED_ACCOUNT, parameters=_AS_RECORDED)
        await broker.start()
        try:
            trading, scalping = await self.house(broker, journal, clock)
            looking = {name: Looking(thoughts) for name, thoughts in scalping.thoughts.items()}
            await clock.sleep(1.0)  # what the house does by the clock comes after the quotes of a tick, not before
            watching = {f"looks at {name}": each.run() for name, each in looking.items()}
            await scalping.run({**watching, "plays": self._end(trading, clock)})
        finally:
            await broker.stop()
        return self._story(journal, looking, broker.feed.heard)

    async def house(self, broker: Broker, journal: Journal, clock: Clock) -> tuple[Trading, Scalping]:
        """As the program joins it: nothing here but the cadence is a backtest's own."""
        trading = Trading(
            broker=broker,
            journal=journal,
            clock=clock,
            remembered=Remembered(),
            residents=[
                self._paid_by_the_market(await resident_of(broker, clock, each)) for each in self._books.values()
            ],
            terms=Terms(
                session=SessionBegan("paper", "backtest", ""),
                reconcile=cadence.of_reconciling(),
                caretaker=cadence.of_caretaker(self._step_s),
            ),
        )
        scalping = Scalping(
            trading,
            self._books,
            broker,
            clock,
            cadence=cadence.of_house(self._step_s),
            interval_s=_INTERVAL_S,
            scans_by=cadence.AtTicks(clock, self._span.market, self._step_s),
        )
        return trading, scalping

    def _paid_by_the_market(self, resident: Resident) -> Resident:
        """Dividends that a book's file doesn't know are paid all the same."""
        dividends = self._span.market.dividends(resident.underlying.con_id).dividends
        unpaid = sorted(resident.dividends.keys() - {each.ex for each in dividends})
        if unpaid:
            logger.warning(
                "book {} knows of a dividend of {} ex {}, which this market does not pay: name it in --market, as "
                "dividends={}:{:g}, or leave it out of pricing.dividends",
                resident.name, resident.underlying.symbol, unpaid[0], unpaid[0], resident.dividends[unpaid[0]],
            )  # fmt: skip
        return evolve(resident, dividends={each.ex: each.amount for each in dividends})

    async def _end(self, trading: Trading, clock: Clock) -> None:
        for session in self._span.sessions:
            await _sleep_until(clock, min(session.closes, self._span.ends))
            self._progress(session.day, len(self._span.sessions))
        await _sleep_until(clock, self._span.ends + _AFTER)
        trading.stop("the last day is over")
        await asyncio.Event().wait()

    def _story(self, journal: MemoryJournal, looking: Mapping[str, Looking], quotes: int) -> Story:
        asked, span = self._asked, self._span
        return Story(
            market=asked.market,
            seed=asked.seed,
            first=span.sessions[0].day,
            last=span.sessions[-1].day,
            cash=asked.system.paper_cash,
            settings=asked.settings,
            rows=tuple(journal.rows()),
            looks={name: each.looks() for name, each in looking.items()},
            reasons={name: each.reasons() for name, each in looking.items()},
            given=asked.given,
            source=span.source,
            missing=span.missing,
            world=span.market.name,
            quotes=quotes,
        )


async def _sleep_until(clock: Clock, moment: datetime) -> None:
    await clock.sleep(max((moment - clock.now()).total_seconds(), 0.0))
