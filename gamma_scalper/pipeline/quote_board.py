"""The newest quote of each contract somebody looks at: the feed's one reader."""

from collections.abc import Callable, Iterable
from typing import Protocol

from gamma_scalper.domain.ports import Condition, MarketFeed
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.kernel import Channel


class Reader(Protocol):
    """A channel that takes quotes, and perhaps other things besides."""

    name: str
    conflates: bool

    def put_nowait(self, item: Quote) -> None: ...


class QuoteBoard:
    """`follow` reads the feed for as long as it gives; what is asked of the board never waits."""

    def __init__(self, feed: MarketFeed) -> None:
        self._feed = feed
        self._newest: dict[int, Quote] = {}  # conId -> quote
        self._readers: list[Channel[Quote]] = []  # of everything
        self._shown: dict[int, list[Callable[[Quote], None]]] = {}  # conId -> who is shown its quotes
        self._routes: dict[int, tuple[Reader, ...]] = {}  # conId -> who reads its quotes

    async def follow(self) -> None:
        async for quote in self._feed.quotes():
            self._newest[quote.con_id] = quote
            for show in self._shown.get(quote.con_id, ()):
                show(quote)
            for reader in self._readers:
                reader.put_nowait(quote)
            for routed in self._routes.get(quote.con_id, ()):
                routed.put_nowait(quote)

    def read_into(self, channel: Channel[Quote]) -> None:
        """Every quote from now on goes there too; it must be a channel that conflates."""
        _must_conflate(channel)
        self._readers.append(channel)

    def show(self, con_id: int, to: Callable[[Quote], None]) -> None:
        """Every quote of this contract from now on, before anybody reads it; what is called must be quick."""
        self._shown.setdefault(con_id, []).append(to)

    def route(self, channel: Reader, con_ids: Iterable[int]) -> None:
        """From now on exactly these contracts' quotes go there; of one that did not yet, the newest at once."""
        _must_conflate(channel)
        wanted = dict.fromkeys(con_ids)
        for con_id in [each for each, readers in self._routes.items() if channel in readers and each not in wanted]:
            left = tuple(reader for reader in self._routes[con_id] if reader is not channel)
            if left:
                self._routes[con_id] = left
            else:
                del self._routes[con_id]
        for con_id in wanted:
            readers = self._routes.get(con_id, ())
            if channel not in readers:
                self._routes[con_id] = (*readers, channel)
                if con_id in self._newest:
                    channel.put_nowait(self._newest[con_id])

    def quote(self, con_id: int) -> Quote | None:
        return self._newest.get(con_id)

    def condition(self, con_id: int) -> Condition:
        return self._feed.condition(con_id)


def _must_conflate(channel: Reader) -> None:
    if not channel.conflates:
        raise ValueError(f"channel {channel.name} would hold quotes back")
