"""A recording without trading: a book's underlying, what is held of its options, and the straddles it might buy."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from attrs import define, field, frozen
from loguru import logger

from gamma_scalper.backtest.history.recorded import RecordedBroker
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.ports import Broker, NotReady, Refused, Unanswered
from gamma_scalper.exchange.replay import Recorder
from gamma_scalper.kernel import Clock
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.market_lines import MarketLines, Single
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.scout import Scout, Sought, Window

_TELL_S = 1.0


@frozen(kw_only=True)
class Length:
    """How long: so many sessions, or so much time of the market."""

    sessions: int = 0
    seconds: float = 0.0


@define
class Recorded:
    """What is in the recording so far."""

    began: datetime
    now: datetime
    ends: datetime | None = None  # None: with Ctrl+C
    quotes: int = 0
    contracts: set[int] = field(factory=set)  # conIds
    failure: str = ""


class RecordingSession:
    """A line once opened stays open while there are any left: a straddle is recorded on after the market has moved."""

    def __init__(
        self, broker: Broker, recorder: Recorder, clock: Clock, book: BookParameters, straddles: int, length: Length
    ) -> None:
        self._broker = RecordedBroker(broker, recorder)
        self._clock, self._book, self._straddles, self._length = clock, book, straddles, length
        self._hours = Hours(book.session)
        self._board = QuoteBoard(self._broker.feed)
        self._lines = MarketLines(self._broker, self._board, clock)
        self._scout = Scout(self._broker, self._board, clock)
        self._seen: dict[int, Single] = {}  # conId -> contract that was worth a line at some time
        self.recorded = Recorded(clock.now(), clock.now())

    async def run(self, stock: Stock, told: Callable[[Recorded], None]) -> None:
        """Until its length is over; the broker is connected."""
        await self._until_open(stock)
        self.recorded.began = self._clock.now()
        self.recorded.ends = self._end(stock)
        working = [
            asyncio.create_task(self._board.follow(), name="record/quotes"),
            asyncio.create_task(self._keep_looking(stock), name="record/lines"),
            asyncio.create_task(self._keep_telling(told), name="record/progress"),
        ]
        left = None if self.recorded.ends is None else (self.recorded.ends - self._clock.now()).total_seconds()
        try:
            done, _ = await asyncio.wait(working, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in working:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait(working)
            self._count()

    def _end(self, stock: Stock) -> datetime | None:
        now, length = self._clock.now(), self._length
        if length.seconds:
            return now + timedelta(seconds=length.seconds)
        at = now
        for _ in range(length.sessions):
            session = self._hours.of(stock, at)
            if session is None:
                return at
            at = session.closes
        return at if length.sessions else None

    async def _until_open(self, stock: Stock) -> None:
        session = self._hours.of(stock, self._clock.now())
        if session is not None and session.opens > self._clock.now():
            logger.warning("the market opens {:%a %Y-%m-%d %H:%M} UTC; the recording begins then", session.opens)
            await self._clock.sleep((session.opens - self._clock.now()).total_seconds() + 1)

    async def _keep_looking(self, stock: Stock) -> None:
        first = True
        while True:
            await self._until_open(stock)
            needed: dict[int, Single] = {stock.con_id: stock}
            if first:
                await self._lines.keep(needed, {})
            needed |= {option.con_id: option for option in await self._held(stock)}
            needed |= {option.con_id: option for option in await self._best(stock, first)}
            self._seen |= needed
            await self._lines.keep(needed, self._seen)
            first = False
            await self._clock.sleep(self._book.selection.rescan_s)

    async def _best(self, stock: Stock, first: bool) -> list[Option]:
        """Both legs of the straddles the book would buy soonest. A look that fails later costs that look alone."""
        structure = self._book.risk.structure
        sought = Sought(
            book=self._book.name,
            underlying=stock,
            window=Window(min_dte=structure.min_dte, max_dte=structure.max_dte, moneyness_pct=structure.moneyness_pct),
            selection=self._book.selection,
            pricing=self._book.pricing,
            hours=self._hours,
        )
        try:
            look = await self._scout.look_through(sought)
        except UserError as error:
            if first:
                raise
            logger.warning("{}", error)
            return []
        ranked = look.ranking.ranked[: self._straddles]
        return [leg.option for each in ranked for leg in each.straddle.legs]

    async def _held(self, stock: Stock) -> list[Option]:
        try:
            holdings = await self._broker.account.holdings()
        except (NotReady, Refused, Unanswered) as error:
            logger.warning("what is held is not known: {}", error)
            return []
        held = [each.holding.instrument for each in holdings]
        return [each for each in held if isinstance(each, Option) and each.underlying_con_id == stock.con_id]

    async def _keep_telling(self, told: Callable[[Recorded], None]) -> None:
        while not self._count().failure:
            told(self.recorded)
            await self._clock.sleep(_TELL_S)

    def _count(self) -> Recorded:
        feed, recorded = self._broker.feed, self.recorded
        recorded.now, recorded.quotes, recorded.failure = self._clock.now(), feed.recorded, feed.failure
        recorded.contracts = feed.quoted
        return recorded
