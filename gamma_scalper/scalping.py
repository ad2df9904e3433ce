"""A house of gamma scalpers: what stands around each book's ring, and the ring itself, joined."""

from collections.abc import Coroutine, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attrs import frozen

from gamma_scalper.domain.ports import Broker
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.strategy_entries import StrategyEntry
from gamma_scalper.kernel import Channel, Clock, Conflate, Stage, Unbounded, Watch
from gamma_scalper.pipeline.accounting import INTERVAL_S, Accounting
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.cadence import Cadence
from gamma_scalper.pipeline.delta_engine import DeltaEngine
from gamma_scalper.pipeline.governor import Governor
from gamma_scalper.pipeline.lookout import Lookout, Sight
from gamma_scalper.pipeline.market_data_streamer import MarketDataStreamer
from gamma_scalper.pipeline.messages import DeltaUpdate, newest
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.pipeline.trading_strategy import TradingStrategy
from gamma_scalper.pipeline.universe import Universe
from gamma_scalper.strategies.registry import made
from gamma_scalper.trading import BookAtWork, Trading

_DEEP = 1_000


@frozen(kw_only=True)
class Sights:
    """What of one book's thinking can be looked at from outside, and what is told to it."""

    inbox: Channel[Quote | Universe]
    records: Channel[StrategyEntry]
    thoughts: Watch[Thought | None]


class Scalping:
    """Every book of a `Trading` by the strategy its file names."""

    def __init__(
        self,
        trading: Trading,
        books: Mapping[str, BookParameters],
        broker: Broker,
        clock: Clock,
        *,
        forgetful: bool = False,
        cadence: Cadence = Cadence(),
        interval_s: float = INTERVAL_S,
        scans_by: Clock | None = None,
    ) -> None:
        """A `forgetful` one begins its strategies anew, whatever they noted before.

        `interval_s` is the accounts'; `scans_by` is the lookout's clock, where it has one of its own.
        """
        self._trading, self._books, self._clock = trading, books, clock
        self._notes = {} if forgetful else dict(trading.remembered.notes)
        self.sights = {name: _sights(name) for name in sorted(trading.books)}
        self.thoughts = {name: each.thoughts for name, each in self.sights.items()}
        triggers = {name: book.queues.triggers for name, book in trading.books.items()}
        self.governor = Governor(trading.house, self.thoughts, triggers, cadence)
        sights = {name: self._sight(name) for name in self.sights}
        self.lookout = Lookout(trading.house, broker, trading.board, sights, scans_by or clock, cadence)
        pricing = {name: books[name].pricing for name in self.sights}
        earned = trading.remembered.earned
        self.accounting = Accounting(trading.house, self.thoughts, pricing, clock, earned, interval_s)

    async def run(self, also: Mapping[str, Coroutine[Any, Any, None]] = MappingProxyType({})) -> None:
        """Until the house ends, and `also` with it."""
        await self._trading.run(self.stages, also={**self._attendants(), **also})

    def stages(self, book: BookAtWork) -> Sequence[Stage]:
        """The ring, readers before writers; the desk stands before all of these."""
        name, about = book.resident.name, self._books[book.resident.name]
        sights, queues = self.sights[name], book.queues
        deltas: Channel[DeltaUpdate] = Channel("deltas", Conflate(newest))
        strategy = made(about.strategy, about.scalp, about.limits, about.fees, about.pricing)
        streamer = MarketDataStreamer(
            name, sights.inbox, queues.triggers, self._clock, about.hours(), book.board.condition, about.streamer
        )
        engine = DeltaEngine(name, queues.triggers, deltas, self._clock, about.pricing)
        thinker = TradingStrategy(
            name,
            book.resident.underlying,
            deltas,
            queues.trades,
            self._clock,
            strategy,
            self._notes.get(name, ""),
            self.governor.standings[name],
            sights.thoughts.claim(),
            sights.records,
        )
        return [
            Stage("TradingStrategy", thinker.run, deltas),
            Stage("DeltaEngine", engine.run, queues.triggers),
            Stage("MarketDataStreamer", streamer.run, sights.inbox),
        ]

    def _attendants(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        scribes = {f"writes down {name}": self._write_down(name) for name in self.sights}
        return scribes | {
            "governs": self.governor.run(),
            "looks out": self.lookout.run(),
            "accounts": self.accounting.run(),
        }

    async def _write_down(self, name: str) -> None:
        async for entry in self.sights[name].records:
            self._trading.house.take_down(name, entry)

    def _sight(self, name: str) -> Sight:
        about = self._books[name]
        return Sight(
            underlying=self._trading.books[name].resident.underlying,
            inbox=self.sights[name].inbox,
            selection=about.selection,
            limits=about.limits,
            pricing=about.pricing,
            hours=about.hours(),
        )


def _sights(name: str) -> Sights:
    return Sights(
        inbox=Channel(f"{name}'s quotes", Conflate(lambda _, newer: newer, _contract)),
        records=Channel(f"{name}'s records", Unbounded(_DEEP, lambda depth: None)),
        thoughts=Watch(None),
    )


def _contract(sighting: Quote | Universe) -> int:
    """Of each contract the newest quote is kept, and the newest universe."""
    return sighting.con_id if isinstance(sighting, Quote) else 0
