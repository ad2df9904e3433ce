"""Quotes and conditions of what somebody looks at, within the broker's number of lines."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date, timedelta

from loguru import logger

from gamma_scalper.broker.ib.codes import Meaning
from gamma_scalper.broker.ib.contracts import NEW_YORK, contract
from gamma_scalper.broker.ib.line import Line
from gamma_scalper.broker.ib.short_sales import ShortSales
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.instruments import Combo, Index, Instrument, Option, Stock
from gamma_scalper.domain.ports import Condition, Link, LinkReport, NotReady, Refused
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.kernel import Channel, Conflate

# Besides the offer: option volume and open interest, historical volatility, mark price, shortable shares.
_GENERIC = {Stock: "236", Option: "101,106", Index: ""}
COMPETING = "competing"  # cause of a freeze: somebody else has the quotes
_REFUSED = "refused"  # the same, of one line
_LIVE = 1  # asked for on every connection; what is sent instead, the returned data type tells


class IbFeed:
    """The port `MarketFeed`. Quotes come once for each batch of messages, however many ticks it held."""

    def __init__(self, wire: Wire, link: Callable[[], LinkReport], skew: Callable[[], timedelta] = timedelta) -> None:
        self._wire = wire
        self._skew = skew  # of the broker's clock, by which its days begin
        self._clock = wire.clock
        self._link = link
        self._lines: dict[int, Line] = {}  # conId -> its line
        self._requests: dict[int, Line] = {}  # request id -> the line it asked for
        self._short_sales = ShortSales()
        self._day: date | None = None  # in New York, of this batch
        self._touched: dict[int, Line] = {}  # conId -> a line with ticks in this batch
        # Names of quotes go on upwards over a restart, since no restart comes within so few microseconds.
        self._snapshots = itertools.count(int(self._clock.now().timestamp() * 1e6))
        self._quotes: Channel[Quote] = Channel("quotes of ib", Conflate(lambda _, newer: newer, lambda one: one.con_id))

    # -- the port ------------------------------------------------------------------------------------------------------

    async def subscribe(self, instruments: Sequence[Instrument]) -> None:
        wanted = list(_singles(instruments))
        fresh = {each.con_id: each for each in wanted if each.con_id not in self._lines}
        most = self._wire.parameters.lines
        if len(self._lines) + len(fresh) > most:
            raise Refused(
                f"{len(fresh)} more than the {most} market-data lines of this login; in use: {self._in_use()}"
            )
        for each in wanted:
            if each.con_id in self._lines:
                self._lines[each.con_id].readers += 1
            else:
                self._lines[each.con_id] = Line(each, self._short_sales)
        for con_id in fresh:
            if con_id in self._lines and self._link().link is not Link.DOWN:
                await self._ask(self._lines[con_id])

    async def unsubscribe(self, instruments: Sequence[Instrument]) -> None:
        for each in _singles(instruments):
            line = self._lines.get(each.con_id)
            if line is None:
                continue
            line.readers -= 1
            if not line.readers:
                del self._lines[each.con_id]
                await self._drop(line)

    def quotes(self) -> AsyncIterator[Quote]:
        return self._quotes

    def condition(self, con_id: int) -> Condition:
        link = self._link()
        why = "" if link.link is Link.READY else f"{link.link.value}: {link.why}"
        if con_id not in self._lines:
            return Condition(frozen=why or "not subscribed")
        return self._lines[con_id].condition(self._today(), why)

    # -- the connection ------------------------------------------------------------------------------------------------

    async def resubscribe(self) -> None:
        """Every line anew, on a new connection or where the broker has lost them."""
        self._requests.clear()
        for line in self._lines.values():
            line.forget()
        self._wire.send(lambda client: client.reqMarketDataType(_LIVE))
        for line in list(self._lines.values()):
            await self._ask(line)

    def freeze(self, cause: str, why: str) -> None:
        """No quote counts until its line ticks again."""
        for line in self._lines.values():
            line.freeze(cause, why)

    def thaw(self, cause: str) -> None:
        """What was frozen by this cause and by no other counts again."""
        for line in self._lines.values():
            line.thaw(cause)

    async def _ask(self, line: Line) -> None:
        await self._wire.pacing.data.turn()
        if line.request or self._lines.get(line.instrument.con_id) is not line:
            return  # somebody has asked for it meanwhile, or nobody wants it any more
        try:
            line.request = self._wire.next_id()
            self._requests[line.request] = line
            wanted, generic = contract(line.instrument), _GENERIC[type(line.instrument)]
            self._wire.send(lambda client: client.reqMktData(line.request, wanted, generic, False, False, []))
        except NotReady:
            return  # the next connection asks for every line

    async def _drop(self, line: Line) -> None:
        request = line.request
        if self._requests.pop(request, None) is None:
            return
        await self._wire.pacing.data.turn()
        try:
            self._wire.send(lambda client: client.cancelMktData(request))
        except NotReady:
            return  # it went with the connection

    def _in_use(self) -> str:
        """By symbol, so that a person sees what to drop."""
        used = Counter(line.instrument.symbol for line in self._lines.values())
        return ", ".join(f"{symbol} {lines}" for symbol, lines in sorted(used.items()))

    # -- what the broker says ------------------------------------------------------------------------------------------

    def knows(self, request: int) -> bool:
        return request in self._requests

    def price(self, request: int, tick: int, price: float, size: float) -> None:
        line = self._requests.get(request)
        if line is not None:
            self._day = self._day or self._today()  # once a batch: ticks come by the hundred thousand
            if line.price(tick, price, size, self._day):
                self._touched[line.instrument.con_id] = line

    def size(self, request: int, tick: int, size: float) -> None:
        line = self._requests.get(request)
        if line is not None and line.size(tick, size):
            self._touched[line.instrument.con_id] = line

    def generic(self, request: int, tick: int, value: float) -> None:
        if request in self._requests:
            self._requests[request].generic(tick, value)

    def greeks(self, request: int, tick: int, figures: dict[str, float]) -> None:
        if request in self._requests:
            self._requests[request].greeks(tick, figures, self._clock.now())

    def data_type(self, request: int, kind: int) -> None:
        if request in self._requests:
            self._requests[request].data_type(kind)

    def trouble(self, request: int, code: int, meaning: Meaning, text: str) -> None:
        """About one line: it will not quote, or somebody else has the quotes."""
        line = self._requests[request]
        shown = self._wire.restraint.allows()
        if meaning in (Meaning.WARNING, Meaning.NOTE):
            if shown:
                logger.info("{}: {} {}", line.instrument.symbol, code, text)
            return
        if shown:
            logger.warning("no quotes of {} ({}): {} {}", line.instrument.symbol, line.instrument.con_id, code, text)
        if meaning is Meaning.COMPETING:
            self.freeze(COMPETING, f"{code}: {text}")
        else:
            line.freeze(_REFUSED, f"{code}: {text}")

    def batch_ends(self) -> None:
        """All of one read has been heard: now each line that ticked is one quote."""
        self._day = None
        if not self._touched:
            return
        now = self._clock.now()
        for line in self._touched.values():
            self._quotes.put_nowait(line.quote(next(self._snapshots), now))
        self._touched.clear()

    def _today(self) -> date:
        return (self._clock.now() + self._skew()).astimezone(NEW_YORK).date()


def _singles(instruments: Sequence[Instrument]) -> Iterator[Stock | Index | Option]:
    """A combo is looked at through its legs: the broker gives a bag no details and a quote of its own only."""
    for each in instruments:
        if isinstance(each, Combo):
            yield from (leg.instrument for leg in each.legs)
        else:
            yield each
