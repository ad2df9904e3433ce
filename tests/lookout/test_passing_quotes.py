"""Which quotes count in a look of a moment: those that were told while its line was open."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from gamma_scalper.domain.instruments import Instrument, Stock
from gamma_scalper.domain.ports import Condition, Refused
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.kernel import Channel, Conflate, LoopClock
from gamma_scalper.pipeline.passing_quotes import PassingQuotes
from gamma_scalper.pipeline.quote_board import QuoteBoard

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
SPY, QQQ = Stock(con_id=1, symbol="SPY"), Stock(con_id=2, symbol="QQQ")


class HandFed:
    """A feed that tells what a test gives it, of lines that are open."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.most = 10
        self._quotes: Channel[Quote] = Channel("hand", Conflate(lambda _, newer: newer, lambda quote: quote.con_id))

    async def subscribe(self, instruments: Sequence[Instrument]) -> None:
        if len(self.open) + len(instruments) > self.most:
            raise Refused("no lines", 101)
        self.open += [each.con_id for each in instruments]

    async def unsubscribe(self, instruments: Iterable[Instrument]) -> None:
        for each in instruments:
            self.open.remove(each.con_id)

    def quotes(self) -> Channel[Quote]:
        return self._quotes

    def condition(self, con_id: int) -> Condition:
        return Condition(frozen="" if con_id in self.open else "not subscribed")

    async def tell(self, con_id: int, snapshot_id: int, bid: float | None = 10.0) -> None:
        assert con_id in self.open
        quote = Quote(con_id=con_id, snapshot_id=snapshot_id, bid=bid, ask=10.1, received_at=NOW)
        self._quotes.put_nowait(quote)
        await asyncio.sleep(0.01)


@asynccontextmanager
async def looking() -> AsyncIterator[tuple[HandFed, QuoteBoard, PassingQuotes]]:
    feed = HandFed()
    board = QuoteBoard(feed)
    following = asyncio.create_task(board.follow())
    try:
        yield feed, board, PassingQuotes(feed, board, LoopClock(asyncio.get_running_loop(), NOW), 5.0)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def test_what_is_told_while_the_line_is_open_counts():
    async with looking() as (feed, _, quotes), quotes.of([SPY]):
        assert quotes.quote(1) is None
        await feed.tell(1, 7)
        assert quotes.quote(1).snapshot_id == 7
        await feed.tell(1, 8)
        assert quotes.usable(1).snapshot_id == 8


async def test_what_the_board_knows_of_an_earlier_look_does_not_count():
    async with looking() as (feed, board, quotes):
        async with quotes.of([SPY]):
            await feed.tell(1, 7)
        assert board.quote(1) is not None
        async with quotes.of([SPY]):
            assert quotes.quote(1) is None, "nobody heard what happened in between"
            await feed.tell(1, 8)
            assert quotes.quote(1).snapshot_id == 8


async def test_the_quote_in_force_counts_where_somebody_else_looks_already():
    async with looking() as (feed, _, quotes):
        await feed.subscribe([SPY])
        await feed.tell(1, 7)
        async with quotes.of([SPY, QQQ]):
            assert quotes.quote(1).snapshot_id == 7
            assert quotes.quote(2) is None
        assert feed.open == [1], "and its line stays open"


async def test_nothing_is_heard_once_the_look_is_over():
    async with looking() as (feed, _, quotes):
        await feed.subscribe([SPY])
        async with quotes.of([SPY]):
            await feed.tell(1, 7)
        await feed.tell(1, 8)
        assert quotes.quote(1).snapshot_id == 7


async def test_a_quote_with_one_side_is_a_quote_and_not_usable():
    async with looking() as (feed, _, quotes), quotes.of([SPY]):
        await feed.tell(1, 7, bid=None)
        assert quotes.quote(1) is not None and quotes.usable(1) is None


async def test_a_refusal_leaves_nothing_open():
    async with looking() as (feed, _, quotes):
        feed.most = 1
        with pytest.raises(Refused):
            async with quotes.of([SPY, QQQ]):
                pass
        assert feed.open == []


async def test_a_wait_ends_when_it_is_done_or_its_time_is_up():
    async with looking() as (feed, _, quotes), quotes.of([SPY]):
        loop = asyncio.get_running_loop()
        began = loop.time()
        await quotes.until(lambda: False)
        assert loop.time() - began == pytest.approx(5.0, abs=0.2)
        began = loop.time()
        await feed.tell(1, 7)
        await quotes.until(lambda: quotes.usable(1) is not None)
        assert loop.time() - began < 0.2
