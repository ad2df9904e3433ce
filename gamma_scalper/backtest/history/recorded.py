"""A session's quotes written down as the house sees them; whoever trades notices nothing of it."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from loguru import logger

from gamma_scalper.domain.instruments import Combo, Instrument, Option
from gamma_scalper.domain.ports import (
    AccountFeed,
    Broker,
    Condition,
    ContractCatalog,
    LinkReport,
    MarketFeed,
    NotReady,
    OrderRouter,
    PastPrices,
    Refused,
    Unanswered,
)
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay import Recorder

_FLUSH_EVERY = timedelta(seconds=1)


class RecordedFeed:
    """The broker's own feed: `QuoteBoard(RecordedFeed(broker, recorder))` records every quote the board sees.

    A contract is listed when it is subscribed. A disk that is full ends the recording, and not the session.
    """

    def __init__(self, broker: Broker, recorder: Recorder) -> None:
        self._feed: MarketFeed = broker.feed
        self._catalogue = broker.catalogue
        self._recorder = recorder
        self._listed: set[int] = set()  # conIds
        self._options: set[int] = set()  # conIds
        self._interest: dict[int, int] = {}  # conId -> open interest as recorded
        self._flushed: datetime | None = None
        self.recorded = 0  # quotes
        self.quoted: set[int] = set()  # conIds of what was recorded
        self.failure = ""  # why nothing is recorded any more

    async def subscribe(self, instruments: Sequence[Instrument]) -> None:
        for instrument in instruments:
            for single in _singles(instrument):
                await self._list(single)
        await self._feed.subscribe(instruments)

    async def unsubscribe(self, instruments: Sequence[Instrument]) -> None:
        await self._feed.unsubscribe(instruments)

    async def quotes(self) -> AsyncIterator[Quote]:
        async for quote in self._feed.quotes():
            self._record(quote)
            yield quote

    def condition(self, con_id: int) -> Condition:
        return self._feed.condition(con_id)

    async def _list(self, contract: Listed) -> None:
        """An option comes after what it is on; where that can't be found, its quotes are left out."""
        if contract.con_id in self._listed or self.failure:
            return
        if isinstance(contract, Option) and contract.underlying_con_id not in self._listed:
            try:
                await self._list(await self._catalogue.by_con_id(contract.underlying_con_id))
            except (NotReady, Refused, Unanswered) as error:
                logger.warning("{} ({}) is not recorded: {}", contract.symbol, contract.con_id, error)
                return
        try:
            self._recorder.list_contract(contract)
        except OSError as error:
            self._give_up(error)
            return
        self._listed.add(contract.con_id)
        if isinstance(contract, Option):
            self._options.add(contract.con_id)

    def _record(self, quote: Quote) -> None:
        if self.failure or quote.con_id not in self._listed:
            return
        try:
            if quote.con_id in self._options:
                self._record_interest(quote)
            self._recorder.record(quote)
            self.recorded += 1
            self.quoted.add(quote.con_id)
            if self._flushed is None or quote.received_at - self._flushed >= _FLUSH_EVERY:
                self._recorder.flush()
                self._flushed = quote.received_at
        except OSError as error:
            self._give_up(error)

    def _record_interest(self, quote: Quote) -> None:
        told = self._feed.condition(quote.con_id).open_interest
        if told is not None and self._interest.get(quote.con_id) != told:
            self._recorder.record_open_interest(quote.con_id, quote.received_at, told)
            self._interest[quote.con_id] = told

    def _give_up(self, error: OSError) -> None:
        self.failure = error.strerror or type(error).__name__
        logger.error("the recording ends here, and the session goes on: {}", self.failure)


class RecordedBroker:
    """A broker whose feed is recorded, for `Trading(broker=RecordedBroker(broker, recorder), ...)`."""

    def __init__(self, broker: Broker, recorder: Recorder) -> None:
        self._broker = broker
        self._feed = RecordedFeed(broker, recorder)

    @property
    def feed(self) -> RecordedFeed:
        return self._feed

    @property
    def account(self) -> AccountFeed:
        return self._broker.account

    @property
    def catalogue(self) -> ContractCatalog:
        return self._broker.catalogue

    @property
    def orders(self) -> OrderRouter | None:
        return self._broker.orders

    @property
    def past(self) -> PastPrices | None:
        return self._broker.past

    @property
    def link(self) -> LinkReport:
        return self._broker.link

    @property
    def reads_only(self) -> bool:
        return self._broker.reads_only

    @property
    def clock_skew_s(self) -> float | None:
        return self._broker.clock_skew_s

    async def start(self) -> None:
        await self._broker.start()

    async def stop(self) -> None:
        await self._broker.stop()


def _singles(instrument: Instrument) -> Sequence[Listed]:
    """A combo is looked at through its legs."""
    return [leg.instrument for leg in instrument.legs] if isinstance(instrument, Combo) else [instrument]
