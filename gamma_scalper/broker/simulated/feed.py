"""Quotes of what the account's owner looks at."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from gamma_scalper.broker.simulated.venue import Venue
from gamma_scalper.domain.greeks import BrokerGreeks
from gamma_scalper.domain.instruments import Combo, Instrument, Option
from gamma_scalper.domain.ports import Condition, Refused
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.market import UnknownContract
from gamma_scalper.exchange.tickets import LookAway
from gamma_scalper.kernel import Channel, Conflate

_TOO_MANY, _NO_CONTRACT = 101, 200


def newest(older: Quote, newer: Quote) -> Quote:
    return newer


def by_contract(quote: Quote) -> int:
    return quote.con_id


class SimulatedFeed:
    """The newest quote of each contract, as the market tells it to this account."""

    def __init__(
        self,
        venue: Venue,
        lines: int,
        look: Callable[[int], None],
        greeks: Callable[[int], BrokerGreeks | None],
    ) -> None:
        self._venue = venue
        self._most = lines
        self._look = look
        self._greeks = greeks
        self.lines: dict[int, int] = {}  # conId -> how many look at it
        self.heard = 0  # quotes
        self._told: dict[int, Quote] = {}  # conId -> the newest that was told
        self._frozen: dict[int, str] = {}  # conId -> why its quotes have stopped counting
        self._channel: Channel[Quote] = Channel("quotes", Conflate(newest, by_contract))
        self._conditions: dict[int, Condition] = {}  # conId -> as it was last asked for
        self._conditions_of: object = None  # the moment they are of

    async def subscribe(self, instruments: Sequence[Instrument]) -> None:
        """All of them or, where one is refused, none."""
        wanted = [con_id for instrument in instruments for con_id in self._single(instrument)]
        fresh = [con_id for con_id in dict.fromkeys(wanted) if con_id not in self.lines]
        if len(self.lines) + len(fresh) > self._most:
            text = f"{len(fresh)} more than the {self._most} market-data lines there are; in use: {self._in_use()}"
            raise Refused(text, _TOO_MANY)
        self._conditions_of = None
        for con_id in wanted:
            self.lines[con_id] = self.lines.get(con_id, 0) + 1
        for con_id in fresh:
            self._look(con_id)

    async def unsubscribe(self, instruments: Sequence[Instrument]) -> None:
        self._conditions_of = None
        for con_id in [con_id for instrument in instruments for con_id in self._single(instrument)]:
            readers = self.lines.get(con_id, 0)
            if readers > 1:
                self.lines[con_id] = readers - 1
            elif readers:
                del self.lines[con_id]
                self._told.pop(con_id, None)
                self._frozen.pop(con_id, None)
                self._venue.do(LookAway(con_id))

    def quotes(self) -> AsyncIterator[Quote]:
        return self._channel

    def condition(self, con_id: int) -> Condition:
        """Worked out once for each moment: it is asked for by everybody who looks."""
        moment = self._venue.moment
        if moment != self._conditions_of:
            self._conditions_of, self._conditions = moment, {}
        found = self._conditions.get(con_id)
        if found is None:
            found = self._conditions[con_id] = self._condition(con_id)
        return found

    def _condition(self, con_id: int) -> Condition:
        engine, quote = self._venue.engine, self._told.get(con_id)
        if con_id not in self.lines:
            return Condition(frozen="not subscribed")
        return Condition(
            frozen=self._frozen.get(con_id, ""),
            data_type=None if quote is None else quote.data_type,
            halted=engine.halted(con_id),
            shortable_shares=engine.shortable(con_id),
            short_sale_restricted=engine.restricted(con_id),
            prior_close=engine.prior_close(con_id) or None,
            open_interest=self._open_interest(con_id),
            greeks=self._greeks(con_id),
        )

    # -- for the seat --------------------------------------------------------------------------------------------------

    def hear(self, quote: Quote) -> None:
        """A fresh quote counts again, whatever had frozen it."""
        if self._frozen:
            self._frozen.pop(quote.con_id, None)
            self._conditions_of = None
        self.heard += 1
        self._told[quote.con_id] = quote
        self._channel.put_nowait(quote)

    def freeze(self, why: str) -> None:
        """No quote that was told counts any more."""
        self._frozen = dict.fromkeys(self.lines, why)
        self._conditions_of = None

    def _open_interest(self, con_id: int) -> int | None:
        market = self._venue.engine.market
        return market.open_interest(con_id) if isinstance(market.instrument(con_id), Option) else None

    def _single(self, instrument: Instrument) -> Iterator[int]:
        """A combo is looked at through its legs."""
        singles = [leg.instrument for leg in instrument.legs] if isinstance(instrument, Combo) else [instrument]
        for single in singles:
            self._symbol(single.con_id)
            yield single.con_id

    def _symbol(self, con_id: int) -> str:
        try:
            return self._venue.engine.market.instrument(con_id).symbol
        except UnknownContract as error:
            raise Refused(str(error.args[0]), _NO_CONTRACT) from error

    def _in_use(self) -> str:
        """By symbol, so that a person sees what to drop."""
        used = Counter(self._symbol(con_id) for con_id in self.lines)
        return ", ".join(f"{symbol} {lines}" for symbol, lines in sorted(used.items()))
