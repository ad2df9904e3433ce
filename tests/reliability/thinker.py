"""What a book's strategy would think, as far as the governor reads it: pictures of what is really held and quoted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from busy_house import CONTRACTS, House

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.pictures import LegFigures, Picture
from gamma_scalper.domain.snapshots import MarketSnapshot
from gamma_scalper.kernel import Watch, together
from gamma_scalper.pipeline.governor import Governor
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.portfolio.desk import snapshot
from gamma_scalper.strategies.base import Hold, Judgement

GREEKS = {
    11: Greeks(price=10.0, delta=0.5, gamma=0.02, theta_per_day=-0.2, vega=0.6),
    12: Greeks(price=9.0, delta=-0.5, gamma=0.02, theta_per_day=-0.2, vega=0.3),
}
VOLS = {11: 0.15, 12: 0.18}


def thought(house: House, book: str) -> Thought:
    """One picture of this moment; an unusable one as long as nothing is quoted."""
    now, board = house.street.clock.now(), house.trading.house.board
    quotes = [quote for each in CONTRACTS.all if (quote := board.quote(each.con_id)) is not None]
    position = snapshot(house.desk(book))
    judgement = Judgement(Hold("a test", "it only looks"))
    if len(quotes) < len(CONTRACTS.all):
        return Thought(at=now, picture=Picture(at=now, unusable="nothing is quoted"), judgement=judgement)
    options = [CONTRACTS.call, CONTRACTS.put]
    held = {each.con_id: float(position.quantity(each.con_id) * each.multiplier) for each in options}
    filled = float(position.quantity(CONTRACTS.share.con_id))
    filled += sum(held[each.con_id] * GREEKS[each.con_id].delta for each in options)
    gamma = sum(held[each.con_id] * GREEKS[each.con_id].gamma for each in options)
    picture = Picture(
        at=now,
        market=MarketSnapshot(now, CONTRACTS.share.con_id, quotes, options),
        position=position,
        legs=[LegFigures(option=each, greeks=GREEKS[each.con_id], vol=VOLS[each.con_id]) for each in options],
        options=Greeks(price=0.0, delta=0.0, gamma=gamma, theta_per_day=0.0, vega=0.0),
        filled=filled,
        projected=filled,
    )
    return Thought(at=now, picture=picture, judgement=judgement)


class Governed:
    """A house with its governor, and a thought of each book every few seconds."""

    def __init__(self, house: House, books: Sequence[str], every_s: float = 5.0) -> None:
        self.house, self.every_s = house, every_s
        self.thoughts: dict[str, Watch[Thought | None]] = {book: Watch(None) for book in books}
        self._writers = {book: watch.claim() for book, watch in self.thoughts.items()}
        triggers = {book: house.trading.books[book].queues.triggers for book in books}
        self.governor = Governor(house.trading.house, self.thoughts, triggers)
        self.thinking = True

    async def _think(self) -> None:
        while True:
            for book, writer in self._writers.items() if self.thinking else ():
                writer.publish(thought(self.house, book))
            await self.house.street.clock.sleep(self.every_s)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async def live() -> None:
            await together(trades=self.house.run(), governs=self.governor.run(), thinks=self._think())

        running = asyncio.create_task(live())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait((running,))
