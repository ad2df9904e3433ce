"""The first stage of the ring: it watches the quotes of a book's contracts and says when to look again."""

import math
from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from gamma_scalper.domain.greeks import BrokerGreeks
from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.settings import setting
from gamma_scalper.domain.snapshots import MarketSnapshot
from gamma_scalper.kernel import Channel, Clock, together
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.messages import Reason, Trigger
from gamma_scalper.pipeline.spread_filter import SpreadFilter, SpreadRule
from gamma_scalper.pipeline.universe import Universe

_market: Callable[..., MarketSnapshot] = MarketSnapshot  # mypy can't read what its converters take
_BACKGROUND_S = 1.0  # figures of the broker's that move slowly are asked for so often
_HARDLY = 1 - 1e-9  # 600.05 - 600.00 is a hair less than 0.05


@frozen
class StreamerParameters:
    """When a book looks again, and which quotes it does not believe."""

    move: float = setting(
        0.05, "move of the underlying's mid since the last look, from which on it looks again", unit="$", above=0
    )
    move_pct: float = setting(0.0, "the same in percent, instead; 0: not given", unit="%", at_least=0, at_most=100)
    heartbeat_s: float = setting(
        5.0, "until it looks again although nothing has moved", unit="s", at_least=0.1, at_most=86_400
    )
    news_s: float = setting(
        1.0, "after which the next quote of an option is news: orders may have waited for it", unit="s", above=0
    )
    closed_heartbeat_s: float = setting(30.0, "the same while the underlying does not trade", unit="s", at_least=0.1)
    spread_factor: float = setting(
        4.0, "times its own average from which on a spread is odd, and the quote is not acted on", at_least=1
    )
    spread_half_life_s: float = setting(
        30.0, "in which that average forgets half of what it was", unit="s", above=0, at_most=86_400
    )
    spread_floor_ticks: float = setting(2.0, "spread that is never odd", unit="ticks", at_least=0)
    stand_in_s: float = setting(
        2.0, "how long the last good quote stands in for odd ones", unit="s", at_least=0, at_most=60
    )

    def threshold(self, spot: float) -> float:
        """In dollars, at this price of the underlying."""
        return spot * self.move_pct / 100 if self.move_pct else self.move

    def spreads(self) -> SpreadRule:
        return SpreadRule(
            factor=self.spread_factor,
            half_life_s=self.spread_half_life_s,
            floor_ticks=self.spread_floor_ticks,
            stand_in_s=self.stand_in_s,
        )


class MarketDataStreamer:
    """One book's. What it triggers carries the whole market of that moment."""

    def __init__(
        self,
        book: str,
        inbox: Channel[Quote | Universe],
        triggers: Channel[Trigger],
        clock: Clock,
        hours: Hours,
        condition: Callable[[int], Condition],
        parameters: StreamerParameters,
    ) -> None:
        self._book = book
        self._inbox = inbox
        self._triggers = triggers
        self._clock = clock
        self._hours = hours
        self._condition = condition
        self._parameters = parameters
        self._spreads = parameters.spreads()
        self._universe: Universe | None = None
        self._lines: dict[int, SpreadFilter] = {}  # conId -> its quotes
        self._session: Session | None = None
        self._brokers: tuple[tuple[int, BrokerGreeks], ...] = ()  # conId -> the broker's figures
        self._prior_close: float | None = None
        self._asked_at = -math.inf  # for these two
        self._due: Reason | None = None  # why to look again, once all that came together was heard
        self._told = 0  # triggers
        self._told_at = clock.monotonic()
        self._told_spot: float | None = None  # None: no price was known at the last trigger

    async def run(self) -> None:
        self._told_at = self._clock.monotonic()
        await together(hears=self._hear(), beats=self._beat())

    async def _hear(self) -> None:
        async for told in self._inbox:
            if isinstance(told, Universe):
                self._look_at(told)
            elif (why := self._see(told)) is not None:
                self._due = why if self._due is not Reason.PRICE_MOVE else self._due
            if self._due is not None and self._inbox.empty():  # what came together is one picture
                self._trigger(self._due)

    def _look_at(self, universe: Universe) -> None:
        """Quotes may have come before the word that somebody wants them."""
        self._universe = universe
        lines = {}
        for each in (universe.underlying, *universe.options):
            line = self._lines.get(each.con_id) or SpreadFilter(self._spreads)
            line.of(each)
            lines[each.con_id] = line
        self._lines = lines
        self._session, self._asked_at = None, -math.inf
        self._trigger(Reason.HEARTBEAT)

    def _see(self, quote: Quote) -> Reason | None:
        """Why to look again because of it, if so."""
        line = self._lines.get(quote.con_id)
        if line is None:
            line = self._lines[quote.con_id] = SpreadFilter(self._spreads)
        now = self._clock.now()
        news = line.silent_s(now) > self._parameters.news_s
        line.hear(quote)
        if self._universe is None:
            return None
        if quote.con_id == self._universe.underlying.con_id:
            return Reason.PRICE_MOVE if self._has_moved(line, now) else None
        return Reason.HEARTBEAT if news else None

    def _has_moved(self, line: SpreadFilter, now: datetime) -> bool:
        quote, before = line.standing(now), self._told_spot
        if quote is None or not quote.usable:
            return False
        return before is None or abs(quote.mid - before) >= _HARDLY * self._parameters.threshold(before)

    # -- time ----------------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            left_s = self._left_s()
            if left_s > 0:
                await self._clock.sleep(left_s)
            else:
                self._trigger(Reason.HEARTBEAT)

    def _left_s(self) -> float:
        """Until the next heartbeat, which is never later than the open."""
        since_s, now = self._clock.monotonic() - self._told_at, self._clock.now()
        left_s, session = self._parameters.heartbeat_s - since_s, self._newest_session(now)
        if session is None or session.contains(now):
            return left_s
        closed_left_s = self._parameters.closed_heartbeat_s - since_s
        return max(left_s, min(closed_left_s, (session.opens - now).total_seconds()))

    def _newest_session(self, now: datetime) -> Session | None:
        """Asked for anew once it is over."""
        if self._universe is not None and (self._session is None or now >= self._session.closes):
            self._session = self._hours.of(self._universe.underlying, now)
        return self._session

    # -- what goes out -------------------------------------------------------------------------------------------------

    def _trigger(self, reason: Reason) -> None:
        market = self._snapshot()
        self._due = None
        self._told += 1
        self._told_at = self._clock.monotonic()
        if market is not None:
            quote = market.of(market.underlying_con_id)
            self._told_spot = quote.mid if quote is not None and quote.usable else None
        self._triggers.put_nowait(Trigger(book=self._book, seq=self._told, reasons=(reason,), market=market))

    def _snapshot(self) -> MarketSnapshot | None:
        """Of all there is a quote of, however old; None where there is none of the underlying."""
        universe, now = self._universe, self._clock.now()
        if universe is None:
            return None
        underlying = universe.underlying.con_id
        standing = [self._lines[con_id].standing(now) for con_id in (underlying, *(o.con_id for o in universe.options))]
        if standing[0] is None:
            return None
        quotes = tuple([quote for quote in standing if quote is not None])
        self._ask_broker(universe)
        return _market(
            at=max(now, *(quote.received_at for quote in quotes)),  # a clock may have been set back
            underlying_con_id=underlying,
            quotes=quotes,
            options=universe.options,
            brokers=self._brokers,
            session=self._newest_session(now),
            prior_close=self._prior_close,
            shortlist=universe.shortlist,
        )

    def _ask_broker(self, universe: Universe) -> None:
        now = self._clock.monotonic()
        if now < self._asked_at + _BACKGROUND_S:
            return
        self._asked_at = now
        greeks = [(option.con_id, self._condition(option.con_id).greeks) for option in universe.options]
        self._brokers = tuple([(con_id, figures) for con_id, figures in greeks if figures is not None])
        self._prior_close = self._condition(universe.underlying.con_id).prior_close
