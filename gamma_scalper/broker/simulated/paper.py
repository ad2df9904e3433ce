"""Real quotes, simulated fills."""

from collections.abc import AsyncIterator, Sequence

from loguru import logger

from gamma_scalper.broker.simulated.account import SimulatedAccount
from gamma_scalper.broker.simulated.broker import SimulatedBroker
from gamma_scalper.broker.simulated.feed import by_contract, newest
from gamma_scalper.broker.simulated.parameters import SimulatedParameters
from gamma_scalper.broker.simulated.router import SimulatedRouter
from gamma_scalper.broker.simulated.running import Running
from gamma_scalper.broker.simulated.venue import Venue
from gamma_scalper.domain.instruments import Combo, Instrument, Option
from gamma_scalper.domain.ports import (
    Broker,
    Condition,
    ContractCatalog,
    Link,
    LinkReport,
    PastPrices,
    Refused,
    Unanswered,
)
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay.pushed import Pushed
from gamma_scalper.kernel import Channel, Conflate


class PaperBroker:
    """The quotes and contracts of a broker that was built without an order port; account and orders are simulated.

    The venue's market is a `Pushed` one. Its time is the clock's, and what its parameters call too old fills nothing.
    """

    def __init__(
        self,
        real: Broker,
        venue: Venue,
        account: str,
        *,
        parameters: SimulatedParameters = SimulatedParameters(),
    ) -> None:
        if real.orders is not None:
            raise ValueError("simulated fills are for a broker without an order port, so that no order call exists")
        market = venue.engine.market
        if not isinstance(market, Pushed):
            raise ValueError(f"{market.name} makes its own quotes; real ones are pushed into a market that takes them")
        self._real = real
        self._clock = venue.clock
        self._parameters = parameters
        self._fills = SimulatedBroker(venue, account, parameters=parameters, source=lambda: real.link)
        self._feed = PaperFeed(real, venue, market)
        self._running: list[Running] = []

    @property
    def feed(self) -> "PaperFeed":
        return self._feed

    @property
    def account(self) -> SimulatedAccount:
        return self._fills.account

    @property
    def catalogue(self) -> ContractCatalog:
        return self._real.catalogue

    @property
    def orders(self) -> SimulatedRouter:
        return self._fills.orders

    @property
    def past(self) -> PastPrices | None:
        return self._real.past

    @property
    def link(self) -> LinkReport:
        return self._fills.link if self._real.link.link is Link.READY else self._real.link

    @property
    def reads_only(self) -> bool:
        return True

    @property
    def clock_skew_s(self) -> float | None:
        return self._real.clock_skew_s

    async def start(self) -> None:
        await self._real.start()
        await self._fills.start()
        if not self._running:
            cut_off = self._fills.seat.cut_off
            self._running = [
                Running("the feed of real quotes", self._feed.carry(), cut_off),
                Running("the watch on the link", self._watch_link(), cut_off),
                Running("the watch on trading hours", self._watch_hours(), cut_off),
            ]

    async def stop(self) -> None:
        running, self._running = self._running, []
        try:
            for each in running:
                await each.stop()
        finally:
            await self._fills.stop()
            await self._real.stop()

    async def _watch_link(self) -> None:
        """What happens to the link is an order event too, although no order travels over it."""
        seat, before = self._fills.seat, self._real.link
        while True:
            await self._clock.sleep(self._parameters.link_every_s)
            now = self._real.link
            if now.link is before.link:
                continue
            before = now
            if now.link is Link.READY:
                seat.confirmed(now.why)
            else:
                seat.enter(now.link, now.why)

    async def _watch_hours(self) -> None:
        """A broker tells a contract's hours for some days only; beyond them nothing would fill."""
        while True:
            await self._clock.sleep(self._parameters.hours_every_s)
            await self._feed.list_anew()


class PaperFeed:
    """The broker's own feed; on its way to the reader each quote that counts is put on offer at the venue."""

    def __init__(self, real: Broker, venue: Venue, market: Pushed) -> None:
        self._real = real
        self._venue = venue
        self._market = market
        self._listed: dict[int, Listed] = {}  # conId -> contract, underlyings before what is on them
        self._channel: Channel[Quote] = Channel("real quotes", Conflate(newest, by_contract))

    async def subscribe(self, instruments: Sequence[Instrument]) -> None:
        for instrument in instruments:
            await self._list(instrument)
        await self._real.feed.subscribe(instruments)

    async def unsubscribe(self, instruments: Sequence[Instrument]) -> None:
        await self._real.feed.unsubscribe(instruments)

    def quotes(self) -> AsyncIterator[Quote]:
        return self._channel

    def condition(self, con_id: int) -> Condition:
        return self._real.feed.condition(con_id)

    async def carry(self) -> None:
        """The one reader of the real quotes."""
        async for quote in self._real.feed.quotes():
            if self._counts(quote):
                self._venue.do(quote)
            self._channel.put_nowait(quote)

    def _counts(self, quote: Quote) -> bool:
        """Nothing is filled on delayed or frozen quotes, nor while trading stands still."""
        condition = self._real.feed.condition(quote.con_id)
        return quote.data_type is DataType.LIVE and not condition.frozen and not condition.halted

    async def list_anew(self) -> None:
        """With the hours that are known now."""
        for con_id in list(self._listed):
            try:
                self._put(await self._real.catalogue.by_con_id(con_id))
            except (Refused, Unanswered) as error:
                logger.warning("the trading hours of contract {} stay as they were: {}", con_id, error)

    async def _list(self, instrument: Instrument) -> None:
        """An option comes after what it is on."""
        if isinstance(instrument, Combo):
            for leg in instrument.legs:
                await self._list(leg.instrument)
            return
        if isinstance(instrument, Option) and instrument.underlying_con_id not in self._listed:
            await self._list(await self._real.catalogue.by_con_id(instrument.underlying_con_id))
        self._put(instrument)

    def _put(self, contract: Listed) -> None:
        self._market.list_contract(contract)
        self._listed[contract.con_id] = contract
