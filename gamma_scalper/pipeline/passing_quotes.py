"""Quotes of contracts that are looked at for a moment, and not for a book's own pictures."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.ports import MarketFeed
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.kernel import Channel, Clock, Conflate
from gamma_scalper.pipeline.quote_board import QuoteBoard

Single = Stock | Index | Option

_POLL_S = 0.1


class PassingQuotes:
    """What the board still knows of an earlier look does not count: only what is told while the line is open does.

    Lines are counted by the feed, so that one somebody else looks at stays open afterwards.
    """

    def __init__(self, feed: MarketFeed, board: QuoteBoard, clock: Clock, within_s: float) -> None:
        self._feed, self._board, self._clock, self._within_s = feed, board, clock, within_s
        self._heard: Channel[Quote] = Channel("passing", Conflate(lambda _, newer: newer, lambda quote: quote.con_id))
        self._quotes: dict[int, Quote] = {}  # conId -> the newest that counts
        self._routed: list[int] = []

    @asynccontextmanager
    async def of(self, contracts: Sequence[Single]) -> AsyncIterator[None]:
        """Within it they are looked at. Raises `Refused` where there are no lines for them."""
        con_ids = [contract.con_id for contract in contracts]
        already_open = {con_id for con_id in con_ids if not self._board.condition(con_id).frozen}
        self._routed += con_ids
        self._board.route(self._heard, self._routed)
        self._hear()
        for con_id in con_ids:
            if con_id not in already_open:
                self._quotes.pop(con_id, None)
        try:
            await self._feed.subscribe(contracts)
            try:
                yield
            finally:
                await self._feed.unsubscribe(contracts)
        finally:
            self._routed = [con_id for con_id in self._routed if con_id not in con_ids]
            self._board.route(self._heard, self._routed)

    def quote(self, con_id: int) -> Quote | None:
        """The newest; None while nothing counts."""
        self._hear()
        return None if self.refusal(con_id) else self._quotes.get(con_id)

    def usable(self, con_id: int) -> Quote | None:
        quote = self.quote(con_id)
        return quote if quote is not None and quote.usable else None

    def refusal(self, con_id: int) -> str:
        """Why its quotes do not count; empty: they do."""
        return self._board.condition(con_id).frozen

    def open_interest(self, con_id: int) -> int | None:
        return self._board.condition(con_id).open_interest

    async def until(self, done: Callable[[], bool]) -> None:
        """Or until the time for it is up."""
        deadline = self._clock.monotonic() + self._within_s
        while not done() and self._clock.monotonic() < deadline:
            await self._clock.sleep(_POLL_S)

    def _hear(self) -> None:
        while not self._heard.empty():
            quote = self._heard.get_nowait()
            self._quotes[quote.con_id] = quote
