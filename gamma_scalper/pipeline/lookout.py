"""Who looks at what: the contracts of every book and, while it holds no options, the best straddle of its chain."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from attrs import define, field, frozen
from loguru import logger

from gamma_scalper.domain.entries import Mode
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Index, Option, Stock, legs_of
from gamma_scalper.domain.ports import Broker, Link, NotReady, Refused
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.snapshots import Shortlist
from gamma_scalper.kernel import Channel, Clock, together
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.house import TradingHouse
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

Single = Stock | Index | Option

_LOOK_S = 1.0
_REFUSED_AGAIN_S = 60.0  # before a contract the broker would not quote is asked for again
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
    trouble: str = ""  # why in vain, as it was logged


@define
class _Lines:
    """What is subscribed for all books together, once each."""

    open: dict[int, Single] = field(factory=dict)  # conId -> contract
    refused: dict[int, datetime] = field(factory=dict)  # conId -> when it is asked for again


class Lookout:
    """One for the house. It looks once a second; scans go on beside, so that no book that trades is held up by one."""

    def __init__(
        self, house: TradingHouse, broker: Broker, board: QuoteBoard, books: Mapping[str, Sight], clock: Clock
    ) -> None:
        self._house, self._broker, self._board, self._clock = house, broker, board, clock
        self._books = {book: books[book] for book in sorted(books)}
        self._seen = {book: _Seen() for book in self._books}
        self._lines = _Lines()
        self._scout = Scout(broker, board, clock)

    async def run(self) -> None:
        """Live until cancelled."""
        await together(looks=self._keep_looking(), scans=self._keep_scanning())

    async def first_look(self, book: str) -> Shortlist:
        """What there is to enter, before the ring starts; somebody follows the board meanwhile.

        Raises `UserError` where a start would be pointless. A book that holds or has ordered something is never that.
        """
        if not _is_idle(self._house.states[book]):
            return Shortlist(at=self._clock.now(), why="the book has a position or orders, and looks for nothing")
        look = await self._scout.look_through(self._sought(book))
        self._seen[book].looked_at = look.at
        self._seen[book].shortlist = look.shortlist
        self._must_be_live(book)
        if look.shortlist.best is None:
            raise UserError(f"book {book}: {look.why}", ExitCode.NOTHING_TRADABLE)
        return look.shortlist

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
        while True:
            await self.look()
            await self._clock.sleep(_LOOK_S)

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
        await self._subscribe(needed, {each: wanted[each] for each in wanted if each not in needed})

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

    # -- lines ---------------------------------------------------------------------------------------------------------

    async def _subscribe(self, needed: Mapping[int, Single], wanted: Mapping[int, Single]) -> None:
        """One line for each contract, whoever needs it; what is held goes before what is only looked for."""
        lines = self._lines
        await self._close([each for each in lines.open if each not in needed and each not in wanted])
        lines.refused = {each: when for each, when in lines.refused.items() if each in needed or each in wanted}
        for contract in needed.values():
            if self._is_due(contract) and not await self._opened(contract):
                given_up = [each for each in lines.open if each in wanted]
                if given_up:
                    await self._close(given_up)
                    lines.refused |= {each: self._later() for each in given_up}
                    await self._opened(contract)
        for contract in wanted.values():
            if self._is_due(contract):
                await self._opened(contract)
        await self._ask_again()

    async def _ask_again(self) -> None:
        """A broker may take a request and refuse the line afterwards: it is never quoted, and says why."""
        lines = self._lines
        if self._broker.link.link is not Link.READY:
            return
        for con_id, contract in list(lines.open.items()):
            if self._board.quote(con_id) is not None or not self._board.condition(con_id).frozen:
                continue
            if self._clock.now() >= lines.refused.setdefault(con_id, self._later()):
                await self._close([con_id])
                await self._opened(contract)
                lines.refused[con_id] = self._later()

    def _is_due(self, contract: Single) -> bool:
        if contract.con_id in self._lines.open:
            return False
        again = self._lines.refused.get(contract.con_id)
        return again is None or self._clock.now() >= again

    async def _opened(self, contract: Single) -> bool:
        lines, con_id = self._lines, contract.con_id
        try:
            await self._broker.feed.subscribe([contract])
        except (Refused, NotReady) as error:
            if con_id not in lines.refused:
                logger.warning("{} ({}) can't be looked at: {}", contract.symbol, con_id, error)
            lines.refused[con_id] = self._later()
            return False
        lines.refused.pop(con_id, None)
        lines.open[con_id] = contract
        return True

    async def _close(self, con_ids: Iterable[int]) -> None:
        closing = [self._lines.open.pop(each) for each in con_ids]
        if closing:
            await self._broker.feed.unsubscribe(closing)

    def _later(self) -> datetime:
        return self._clock.now() + timedelta(seconds=_REFUSED_AGAIN_S)

    # -- scans ---------------------------------------------------------------------------------------------------------

    async def _keep_scanning(self) -> None:
        """One chain at a time, so that lines and requests go round."""
        while True:
            for book in self._books:
                if self._is_time(book):
                    await self._scan(book)
            await self._clock.sleep(_LOOK_S)

    def _is_time(self, book: str) -> bool:
        sight, seen, now = self._books[book], self._seen[book], self._clock.now()
        rest = timedelta(seconds=sight.selection.rescan_s)
        if seen.looked_at is not None and now - seen.looked_at < rest:
            return False
        session = sight.hours.of(sight.underlying, now)
        return session is not None and session.contains(now) and self._may_enter(book)

    def _may_enter(self, book: str) -> bool:
        """Nothing is looked for that would not be bought."""
        if self._broker.link.link is not Link.READY or not _is_idle(self._house.states[book]):
            return False
        risk = self._house.residents[book].risk
        facts = governance.facts_of(self._house.governance, book, self._clock.now(), risk)
        return facts.mode is Mode.LIVE and not facts.paused and not facts.halts

    async def _scan(self, book: str) -> None:
        seen = self._seen[book]
        try:
            look = await self._scout.look_through(self._sought(book))
        except UserError as error:
            shortlist, trouble = Shortlist(at=self._clock.now(), why=str(error)), str(error)
        else:
            shortlist, trouble = look.shortlist, "" if look.ranking.best is not None else look.why
        if trouble and trouble != seen.trouble:
            logger.bind(book=book).warning("{}", trouble)
        seen.trouble = trouble
        seen.looked_at = self._clock.now()
        if _is_idle(self._house.states[book]):  # an order that was sent meanwhile is for what was listed then
            seen.shortlist = shortlist

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
