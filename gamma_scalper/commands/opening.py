"""How a run begins: books and account agree, what --start asks for is done, and there is something to trade."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from loguru import logger

from gamma_scalper.commands.bookkeeping import in_words
from gamma_scalper.domain.entries import Difference, FlattenAsked
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Combo, Option
from gamma_scalper.domain.money import to_float
from gamma_scalper.kernel import Clock
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.risk.governance import HOUSE
from gamma_scalper.scalping import Scalping
from gamma_scalper.trading import BookAtWork, Trading

_LOOK_S = 0.1
_PERSONS_WORD_S = 5.0  # within which a person's word that waits in the inbox has been heard
_ADOPTER = "--start adopt"


class Opening:
    """Lives as long as the house, since whoever ends in it ends all; what makes a start pointless it raises."""

    def __init__(
        self, scalping: Scalping, trading: Trading, start: str, clock: Clock, *, waits_for_the_open: bool
    ) -> None:
        self._scalping, self._trading, self._start, self._clock = scalping, trading, start, clock
        self._waits = waits_for_the_open

    async def run(self) -> None:
        if self._start == "fresh":
            self._flatten()  # before a strategy sees what there is; nothing is sold before books and account agree
        await self._refuse_halted()
        await self._compared()
        if self._start == "adopt":
            await self._adopt()
        await self._agree()
        for name, book in self._trading.books.items():
            if not _idle(book):
                continue
            try:
                await self._something_to_trade(book)
            except UserError as error:
                if all(_idle(each) for each in self._trading.books.values()):
                    raise
                logger.bind(book=name).warning("{}; it goes on for the other books", error)
        await asyncio.Event().wait()

    # -- books and account ---------------------------------------------------------------------------------------------

    async def _compared(self) -> None:
        """Return once books and account were compared on this connection."""
        while self._trading.house.compared.at is None:
            await self._clock.sleep(_LOOK_S)

    async def _agree(self) -> None:
        """What a person said of a difference waits in the inbox, so that it is given some time."""
        until = self._clock.monotonic() + _PERSONS_WORD_S
        while self._trading.house.compared.unexplained and self._clock.monotonic() < until:
            await self._clock.sleep(_LOOK_S)
        found = self._differences()
        if found:
            told = "; ".join(in_words(each) for each in found)
            raise UserError(
                f"books and account disagree, and nobody knows why: {told}; nothing is traded. Say what it is with "
                f"`uv run main.py reconcile --accept {found[0].id} ...` and start again",
                ExitCode.NEEDS_A_PERSON,
            )

    def _differences(self) -> Sequence[Difference]:
        newest = self._trading.reconciling.newest
        return () if newest is None else newest.unexplained

    # -- --start -------------------------------------------------------------------------------------------------------

    async def _adopt(self) -> None:
        """A call and a put of one strike and expiry, as many of each, that no book owns."""
        adopted = 0
        for name, book in self._trading.books.items():
            if _options(book):
                continue  # it has one already
            pair = self._straddle_of(book)
            for difference in pair:
                self._trading.reconciling.accept(difference.id, f"book:{name}", _ADOPTER)
                adopted += 1
        if not adopted:
            raise UserError(
                "--start adopt: there is no straddle in the account that no book owns; start without it",
                ExitCode.NOTHING_TRADABLE,
            )
        logger.info("{} positions adopted", adopted)
        while self._differences() and self._trading.house.compared.unexplained:
            before = self._trading.house.compared.at
            await self._clock.sleep(_LOOK_S)
            if self._trading.house.compared.at != before:
                return

    def _straddle_of(self, book: BookAtWork) -> Sequence[Difference]:
        mine = [
            each
            for each in self._differences()
            if isinstance(each.instrument, Option)
            and each.instrument.underlying_con_id == book.resident.underlying.con_id
            and each.theirs > each.ours
        ]
        for call in mine:
            for put in mine:
                if _pair(call, put):
                    return call, put
        return ()

    def _flatten(self) -> None:
        """The book's own positions are closed before a new straddle is opened."""
        for name, book in self._trading.books.items():
            if holdings(self._trading.house.states[name].ledger):
                within_s = self._trading.terms.caretaker.flatten_s
                book.queues.happenings.put_nowait(FlattenAsked(why="--start fresh", by="the start", within_s=within_s))

    # -- something to trade --------------------------------------------------------------------------------------------

    async def _refuse_halted(self) -> None:
        """A house in which every book is halted, and nothing is held, has nothing to do until a person lifts it.

        That a person has lifted it waits in the inbox, so that it is given some time.
        """
        until = self._clock.monotonic() + _PERSONS_WORD_S
        while (halt := self._halt()) is not None and self._clock.monotonic() < until:
            await self._clock.sleep(_LOOK_S)
        if halt is not None:
            of, breaker = halt
            why = self._trading.house.governance.halts[halt].why
            lift = f"`uv run main.py lift {breaker!r}" + (f" --book {of}`" if of else "`")
            raise UserError(
                f"halted by {breaker}: {why}; {lift} lifts it once you know why",
                ExitCode.HALTED_BY_RISK,
            )

    def _halt(self) -> tuple[str, str] | None:
        """Book and breaker of one that leaves nothing to do."""
        halts, books = self._trading.house.governance.halts, self._trading.books
        halted = {name for name in books if any(of in (HOUSE, name) for of, _ in halts)}
        return min(halts) if halted == set(books) and all(_idle(book) for book in books.values()) else None

    async def _something_to_trade(self, book: BookAtWork) -> None:
        if self._waits:
            await self._until_open(book)
        found = await self._scalping.lookout.first_look(book.resident.name)
        if found.best is not None:  # else the book is busy with something
            self._afford(book, found.best)

    async def _until_open(self, book: BookAtWork) -> None:
        session = book.resident.hours.of(book.resident.underlying, self._clock.now())
        if session is not None and session.opens > self._clock.now():
            logger.info("the market opens {:%Y-%m-%d %H:%M} UTC; the night passes quickly here", session.opens)
            await self._clock.sleep((session.opens - self._clock.now()).total_seconds() + 1)

    def _afford(self, book: BookAtWork, best: Combo) -> None:
        """One of them, at what it is offered at."""
        values = self._trading.house.broker.account.values
        offers = [book.board.quote(leg.instrument.con_id) for leg in best.legs]
        if values is None or any(quote is None or quote.ask is None for quote in offers):
            return
        price = sum(quote.ask * leg.ratio for quote, leg in zip(offers, best.legs, strict=True) if quote and quote.ask)
        cost, funds = price * best.multiplier, to_float(values.available_funds.amount)
        if cost > funds - book.resident.risk.money.cushion:
            raise UserError(
                f"book {book.resident.name}: one straddle costs ${cost:,.0f}, and ${max(funds, 0):,.0f} are available, "
                f"of which ${book.resident.risk.money.cushion:,} are left alone (risk.money.cushion)",
                ExitCode.NOTHING_TRADABLE,
            )


def _idle(book: BookAtWork) -> bool:
    """Nothing is held, shares that are left included, and nothing is on its way: it has only an entry to live for."""
    state = book.manager.state
    return not (holdings(state.ledger) or state.living)


def _options(book: BookAtWork) -> bool:
    return any(isinstance(each.instrument, Option) for each in holdings(book.manager.state.ledger))


def _pair(call: Difference, put: Difference) -> bool:
    first, second = call.instrument, put.instrument
    assert isinstance(first, Option) and isinstance(second, Option)
    return (
        (first.right, second.right) == ("C", "P")
        and (first.strike, first.expiry) == (second.strike, second.expiry)
        and _more(call) == _more(put)
    )


def _more(difference: Difference) -> Decimal:
    return difference.theirs - difference.ours
