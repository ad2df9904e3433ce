"""Whose quotes go where."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from ring_parts import CALL, PUT, SPY, quote, quote_inbox

from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.kernel import Block, Channel, Conflate, together
from gamma_scalper.pipeline.quote_board import QuoteBoard


class Feed:
    """Says what it is told to say."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Quote] = asyncio.Queue()

    async def quotes(self) -> AsyncIterator[Quote]:
        while True:
            yield await self.told.get()

    def condition(self, con_id: int) -> Condition:
        return Condition(prior_close=float(con_id))


async def after(feed: Feed, board: QuoteBoard, *quotes: Quote) -> None:
    async def tell() -> None:
        for each in quotes:
            feed.told.put_nowait(each)
        await asyncio.sleep(1)

    await together(follows=board.follow(), tells=tell())


def read(inbox: Channel) -> list[Quote]:
    return [inbox.get_nowait() for _ in range(inbox.qsize())]


async def test_each_reader_gets_exactly_what_is_routed_to_it():
    feed = Feed()
    board, first, second = QuoteBoard(feed), quote_inbox("a"), quote_inbox("b")
    board.route(first, [SPY.con_id, CALL.con_id])
    board.route(second, [SPY.con_id])
    quotes = [quote(each, 1.0, 1.1) for each in (SPY, CALL, PUT)]
    await after(feed, board, *quotes)
    assert (read(first), read(second)) == (quotes[:2], quotes[:1])


async def test_of_what_is_routed_anew_the_newest_quote_comes_at_once_and_of_the_rest_no_second_time():
    feed = Feed()
    board, inbox = QuoteBoard(feed), quote_inbox("a")
    board.route(inbox, [SPY.con_id])
    await after(feed, board, quote(SPY, 1.0, 1.1), quote(CALL, 2.0, 2.1), quote(CALL, 2.0, 2.2))
    read(inbox)
    board.route(inbox, [SPY.con_id, CALL.con_id, PUT.con_id])
    assert read(inbox) == [quote(CALL, 2.0, 2.2)]
    late = quote_inbox("b")
    board.route(late, [CALL.con_id])
    assert read(late) == [quote(CALL, 2.0, 2.2)], "whoever else reads it already"


async def test_what_is_no_longer_routed_does_not_come_and_others_still_get_it():
    feed = Feed()
    board, first, second = QuoteBoard(feed), quote_inbox("a"), quote_inbox("b")
    board.route(first, [SPY.con_id, CALL.con_id])
    board.route(second, [CALL.con_id])
    board.route(first, [SPY.con_id])
    await after(feed, board, quote(SPY, 1.0, 1.1), quote(CALL, 2.0, 2.1))
    assert [each.con_id for each in read(first)] == [SPY.con_id]
    assert [each.con_id for each in read(second)] == [CALL.con_id]
    board.route(second, [])
    await after(feed, board, quote(CALL, 3.0, 3.1))
    assert second.empty()
    assert board.quote(CALL.con_id) == quote(CALL, 3.0, 3.1)


async def test_who_reads_everything_goes_on_doing_so():
    feed = Feed()
    board, everything = QuoteBoard(feed), Channel("all", Conflate(lambda _, newer: newer, lambda each: each.con_id))
    board.read_into(everything)
    await after(feed, board, quote(SPY, 1.0, 1.1), quote(PUT, 2.0, 2.1))
    assert len(read(everything)) == 2
    assert board.condition(7).prior_close == 7.0


async def test_a_channel_that_would_hold_quotes_back_is_refused():
    board = QuoteBoard(Feed())
    for give in (board.read_into, lambda channel: board.route(channel, [1])):
        with pytest.raises(ValueError, match="would hold quotes back"):
            give(Channel("slow", Block(1)))
