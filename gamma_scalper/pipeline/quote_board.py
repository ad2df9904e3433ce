"""The newest quote of each contract somebody looks at: the feed's one reader."""

from gamma_scalper.domain.ports import Condition, MarketFeed
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.kernel import Channel


class QuoteBoard:
    """`follow` reads the feed for as long as it gives; what is asked of the board never waits."""

    def __init__(self, feed: MarketFeed) -> None:
        self._feed = feed
        self._newest: dict[int, Quote] = {}  # conId -> quote
        self._readers: list[Channel[Quote]] = []

    async def follow(self) -> None:
        async for quote in self._feed.quotes():
            self._newest[quote.con_id] = quote
            for reader in self._readers:
                reader.put_nowait(quote)

    def read_into(self, channel: Channel[Quote]) -> None:
        """Every quote from now on goes there too; it must be a channel that conflates."""
        if not channel.conflates:
            raise ValueError(f"channel {channel.name} would hold quotes back")
        self._readers.append(channel)

    def quote(self, con_id: int) -> Quote | None:
        return self._newest.get(con_id)

    def condition(self, con_id: int) -> Condition:
        return self._feed.condition(con_id)
