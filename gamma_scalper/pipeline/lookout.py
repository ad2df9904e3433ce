"""Who looks at what: the contracts of every book and, while it holds no options, the best straddle of its chain."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from attrs import define, frozen
from loguru import logger

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Index, Option, Stock, legs_of
from gamma_scalper.domain.ports import Broker, Link
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.snapshots import Shortlist
from gamma_scalper.kernel import Channel, Clock, together
from gamma_scalper.pipeline.cadence import Cadence
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.market_lines import MarketLines, Single
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.scout import Scout, Sought, Window
from gamma_scalper.pipeline.universe import Universe
from gamma_scalper.portfolio.desk_state import Desk
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.portfolio.structures import wanted_legs
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.risk import governance
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.straddle_selection import SelectionParameters

_OLD_AFTER = 2.5  # times `rescan_s`: a shortlist older than that is of another market


@frozen(kw_only=True)
class Sight:
    """What a book has to do with the lookout."""

    underlying: Stock | Index
    inbox: Channel[Quote | Universe]
    selection: SelectionParameters
    limits: Limits
    pricing: PricingParameters
    hours: Hours


@define(kw_only=True)
class _Seen:
    """One book, and what it was told last."""

    told: Universe | None = None
    routed: tuple[int, ...] = ()
    shortlist: Shortlist | None = None
    looked_at: datetime | None = None  # when its chain was last looked through, or in vain
    trouble: UserError | None = None  # why in vain


class Lookout:
    """One for the house. It looks within a second of every change of what books hold and may do.

    Scans go on beside, so that no book that trades is held up by one.
    """

    def __init__(
        self,
        house: TradingHouse,
        broker: Broker,
        board: QuoteBoard,
        books: Mapping[str, Sight],
        clock: Clock,
        cadence: Cadence = Cadence(),
    ) -> None:
        self._cadence = cadence
        self._house, self._broker, self._board, self._clock = house, broker, board, clock
        self._books = {book: books[book] for book in sorted(books)}
        self._seen = {book: _Seen() for book in self._books}
        self._lines = MarketLines(broker, board, clock)
        self._scout = Scout(broker, board, clock)
        self._scanning = asyncio.Lock()  # one chain at a time, so that lines and requests go round

    async def run(self) -> None:
        """Live until cancelled."""
        await together(looks=self._keep_looking(), scans=self._keep_scanning())

    async def first_look(self, book: str) -> Shortlist:
        """What there is to enter, at a start; somebody follows the board meanwhile, and `run` may be at work already.

        Raises `UserError` where the start is pointless. A book with a position or orders is never refused: where it
        looks for nothing its shortlist has no best.
        """
        seen = self._seen[book]
        async with self._scanning:
            idle = _is_idle(self._house.states[book])
            if idle and (self._is_due(book) or seen.trouble is not None):
                await self._scan(book)
        if idle:
            self._must_be_live(book)
            if seen.trouble is not None:
                raise seen.trouble
        return seen.shortlist or Shortlist(at=self._clock.now(), why="the book has a position, and looks for nothing")

    def _must_be_live(self, book: str) -> None:
        """Delayed quotes trade nothing unless the book says so."""
        con_id = self._books[book].underlying.con_id
        quote, allowed = self._board.quote(con_id), self._house.residents[book].risk.quotes.delayed
        if quote is not None and quote.data_type is not DataType.LIVE and not allowed:
            kind = quote.data_type.name.lower()
            raise UserError(
                f"book {book}: the broker sends {kind} quotes, and nothing is traded on them; buy live market data in "
                "the broker's account management, or practise with risk.quotes.delayed = true",
                ExitCode.NEEDS_A_PERSON,
            )

    # -- looking -------------------------------------------------------------------------------------------------------

    async def _keep_looking(self) -> None:
        bell = self._house.bell
        while True:
            rung = bell.times
            await self.look()
            await bell.rest(self._clock, rung, self._cadence.look_s, self._cadence.lookout_s)

    async def look(self) -> None:
        """Bring what is subscribed, routed and told in line with what the desks hold and want now."""
        needed: dict[int, Single] = {sight.underlying.con_id: sight.underlying for sight in self._books.values()}
        wanted: dict[int, Single] = {}
        for book in self._books:
            bound = _bound(self._house.states[book])
            shortlist = self._shortlist(book)
            listed = _legs(shortlist)
            self._tell(book, bound, listed, shortlist)
            needed |= {each.con_id: each for each in bound}
            wanted |= {each.con_id: each for each in listed}
        await self._lines.keep(needed, wanted)

    def _shortlist(self, book: str) -> Shortlist | None:
        """The newest, while the book holds no options; it is forgotten once it does, or when it is old."""
        seen, state = self._seen[book], self._house.states[book]
        if seen.shortlist is None:
            return None
        most = timedelta(seconds=_OLD_AFTER * self._books[book].selection.rescan_s)
        if _holds_options(state) or (_is_idle(state) and self._clock.now() - seen.shortlist.at > most):
            seen.shortlist = None
            seen.looked_at = None
        return seen.shortlist

    def _tell(
        self, book: str, bound: Iterable[Stock | Option], listed: Iterable[Option], shortlist: Shortlist | None
    ) -> None:
        """What is held of another underlying is subscribed for the desk, and not priced by this one's price."""
        sight, seen = self._books[book], self._seen[book]
        own = (each for each in (*bound, *listed) if isinstance(each, Option))
        by_id = {each.con_id: each for each in own if each.underlying_con_id == sight.underlying.con_id}
        options = tuple(by_id.values())
        universe = Universe(underlying=sight.underlying, options=options, shortlist=shortlist)
        if universe == seen.told:
            return
        seen.told = universe
        sight.inbox.put_nowait(universe)
        self._board.route(sight.inbox, (sight.underlying.con_id, *by_id))

    # -- scans ---------------------------------------------------------------------------------------------------------

    async def _keep_scanning(self) -> None:
        bell = self._house.bell
        while True:
            rung = bell.times
            for book in self._books:
                async with self._scanning:
                    if self._is_due(book) and self._may_enter(book):
                        await self._scan(book)
            await bell.rest(self._clock, rung, self._cadence.look_s, min(map(self._waits_s, self._books)))

    def _is_due(self, book: str) -> bool:
        looked_at = self._seen[book].looked_at
        rest = timedelta(seconds=self._books[book].selection.rescan_s)
        return looked_at is None or self._clock.now() - looked_at >= rest

    def _waits_s(self, book: str) -> float:
        """Until time alone may bring a scan."""
        now, looked_at, sight = self._clock.now(), self._seen[book].looked_at, self._books[book]
        waits_s = self._cadence.lookout_s
        if looked_at is not None:
            rest = timedelta(seconds=sight.selection.rescan_s)
            waits_s = min(waits_s, (looked_at + rest - now).total_seconds())
        session = sight.hours.of(sight.underlying, now)
        if session is not None and session.opens > now:
            waits_s = min(waits_s, (session.opens - now).total_seconds())
        return max(waits_s, self._cadence.look_s)

    def _may_enter(self, book: str) -> bool:
        """Nothing is looked for that would not be bought."""
        if self._broker.link.link is not Link.READY or not _is_idle(self._house.states[book]):
            return False
        sight, now = self._books[book], self._clock.now()
        session = sight.hours.of(sight.underlying, now)
        if session is None or not session.contains(now):
            return False
        facts = governance.facts_of(self._house.governance, book, now, self._house.residents[book].risk)
        return facts.mode is Mode.LIVE and not facts.paused and not facts.halts

    async def _scan(self, book: str) -> None:
        seen, before = self._seen[book], str(self._seen[book].trouble or "")
        seen.trouble = None
        try:
            look = await self._scout.look_through(self._sought(book))
            shortlist = look.shortlist
            if shortlist.best is None:
                seen.trouble = UserError(f"book {book}: {look.why}", ExitCode.NOTHING_TRADABLE)
        except UserError as error:
            seen.trouble, shortlist = error, Shortlist(at=self._clock.now(), why=str(error))
        if seen.trouble is not None and str(seen.trouble) != before:
            logger.bind(book=book).warning("{}", seen.trouble)
        seen.looked_at = self._clock.now()
        if _is_idle(self._house.states[book]):  # an order that was sent meanwhile is for what was listed then
            seen.shortlist = shortlist
            self._house.bell.ring()

    def _sought(self, book: str) -> Sought:
        sight = self._books[book]
        limits = sight.limits
        return Sought(
            book=book,
            underlying=sight.underlying,
            window=Window(min_dte=limits.min_dte, max_dte=limits.max_dte, moneyness_pct=limits.moneyness_pct),
            selection=sight.selection,
            pricing=sight.pricing,
            hours=sight.hours,
        )


# -- what a desk holds and wants ---------------------------------------------------------------------------------------


def _bound(state: Desk) -> list[Stock | Option]:
    """What it can't do without: held, ordered, and of structures under repair."""
    found = [held.instrument for held in holdings(state.ledger)]
    found += [leg.instrument for ticket in state.living for leg in legs_of(ticket.order.intent.instrument)]
    for first in state.repairing:
        found += [instrument for instrument, _ in wanted_legs(state, state.repairs[first].wanted)]
    return found


def _holds_options(state: Desk) -> bool:
    return any(isinstance(held.instrument, Option) for held in holdings(state.ledger))


def _is_idle(state: Desk) -> bool:
    """No options, no orders, and nothing the desk does by itself."""
    return not (_holds_options(state) or state.live or state.repairing or state.flattening is not None)


def _legs(shortlist: Shortlist | None) -> list[Option]:
    best = None if shortlist is None else shortlist.best
    return [] if best is None else [leg.instrument for leg in best.legs if isinstance(leg.instrument, Option)]
