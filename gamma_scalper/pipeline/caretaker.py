"""What the house does by the clock: a new day's counters, marks for the loss limits, commands of people."""

import asyncio
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

from attrs import frozen
from loguru import logger

from gamma_scalper.domain.entries import (
    BooksClosed,
    CommandTaken,
    DayBegan,
    DeskEntry,
    FlattenAsked,
    FlattenStopped,
    HaltLifted,
    Marked,
    Mode,
    ModeChanged,
    Paused,
    Unpaused,
)
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.journal_ports import Command, Controls
from gamma_scalper.domain.money import to_cents, to_decimal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.settings import setting
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.kernel import Channel
from gamma_scalper.pipeline import panic
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.reconciling import Reconciling
from gamma_scalper.portfolio.ledger import holdings, profit
from gamma_scalper.risk.governance import HOUSE

_NEW_YORK = ZoneInfo("America/New_York")
_PATIENCE_S = 2.0
_SOON_S = 0.001  # after the open, when there are quotes
REFUSED = "refused: "  # how the outcome of a command begins that was not carried out


@frozen
class CaretakerParameters:
    """How often the house looks after itself."""

    look_s: float = setting(1.0, "between looks for commands and for a new day", unit="s", at_least=0.1, at_most=600)
    mark_s: float = setting(10.0, "between marks of what the books are worth", unit="s", at_least=1, at_most=600)
    flatten_s: float = setting(
        120.0, "within which a book that is to be flattened should be", unit="s", at_least=5, at_most=3_600
    )
    keep_days: int = setting(
        7, "for which executions are kept one by one; of older ones the outcome", unit="days", at_least=2, at_most=365
    )


class Caretaker:
    """One for the house."""

    def __init__(
        self,
        house: TradingHouse,
        books: Mapping[str, Channel[DeskEntry]],
        reconciling: Reconciling,
        controls: Controls | None,
        parameters: CaretakerParameters = CaretakerParameters(),
        taken: Mapping[tuple[int, datetime | None], str] = MappingProxyType({}),
    ) -> None:
        self._taken = dict(taken)  # (number, when asked) of a command of before -> what came of it
        self._house = house
        self._books = books
        self._reconciling = reconciling
        self._controls = controls
        self._parameters = parameters
        self._marked_at: dict[str, datetime] = {}  # book -> when it was marked last, in this session
        self._panic: bool | None = False  # as it was last seen
        self._asked_before: frozenset[int] = frozenset()  # commands that waited when this session began
        self._why_stop = ""

    async def run(self) -> None:
        if self._controls is not None:
            self._asked_before = frozenset(command.number for command in self._controls.pending())
        while True:
            self.look()
            if self._controls is not None:
                for command in self._controls.pending():
                    if command.name != "accept" or self._reconciling.newest is not None:  # else it waits for that
                        await self._obey(command, self._controls)
            await self._house.clock.sleep(self._rest_s())

    def _rest_s(self) -> float:
        """Where nobody can send commands a closed market needs no looks until it opens, or a new day begins."""
        look_s, now = self._parameters.look_s, self._house.clock.now()
        if self._controls is not None or not all(map(self._closed, self._books)):
            return look_s
        residents = [self._house.residents[book] for book in self._books]
        sessions = [resident.hours.of(resident.underlying, now) for resident in residents]
        midnight = datetime.combine(trading_day(now) + timedelta(days=1), time(0), _NEW_YORK)
        moments = [midnight, *(session.opens for session in sessions if session is not None)]
        return max(min((moment - now).total_seconds() for moment in moments) + _SOON_S, look_s)

    def look(self) -> None:
        """A new day, a panic file, and what the books are worth."""
        now = self._house.clock.now()
        today = trading_day(now)
        if self._house.governance.day != today:
            self._begin_day(today, now)
            self._marked_at.clear()  # the day's profit is not known before its first mark
        panicked = panic.heed(self._house, self._books, self._parameters.flatten_s)
        if panicked is not self._panic:
            self._panic = panicked
            self._house.bell.ring()
        for book in sorted(self._books):
            marked_at = self._marked_at.get(book)
            due = marked_at is None or (now - marked_at).total_seconds() >= self._parameters.mark_s
            if due and self._mark(book):  # or else at the next look: nothing is begun on losses that are not known
                self._marked_at[book] = now
                self._break(book)

    def _begin_day(self, today: date, now: datetime) -> None:
        """The broker tells executions since midnight, so that it has long told all of what is closed now."""
        self._house.take_down(HOUSE, DayBegan(today))
        closed = BooksClosed(now - timedelta(days=self._parameters.keep_days))
        for book in sorted(self._books):
            self._books[book].put_nowait(closed)

    # -- marks ---------------------------------------------------------------------------------------------------------

    def _mark(self, book: str) -> bool:
        """Whether it could be: on fresh and usable quotes alone; a book that holds nothing needs none, but a market."""
        ledger, marks = self._house.states[book].ledger, {}
        if not holdings(ledger) and self._closed(book):
            return False
        stale_s = self._house.residents[book].risk.quotes.stale_s
        for holding in holdings(ledger):
            quote = self._house.quote(holding.instrument.con_id)
            if quote is None or quote.age(self._house.clock.now()).total_seconds() > stale_s:
                return False
            price = _worth(holding, quote, self._house.reckoned_worth(book, holding.instrument.con_id))
            if price is None:
                return False
            marks[holding.instrument.con_id] = to_decimal(price)
        amounts = profit(ledger, marks)
        if amounts is None:
            return False
        equity = to_cents(sum((amount.amount for amount in amounts), Decimal(0)))
        opened = self._house.governance.opened(book)
        self._house.take_down(book, Marked(profit_today=equity - opened, equity=equity))
        return True

    def _closed(self, book: str) -> bool:
        now, resident = self._house.clock.now(), self._house.residents[book]
        session = resident.hours.of(resident.underlying, now)
        return session is not None and session.opens > now

    def _break(self, book: str) -> None:
        """A loss limit that is reached is latched; what follows is the strategy's exit."""
        for halt in self._house.losses(book):
            logger.bind(book=book).error("halted by {}: {}", halt.breaker, halt.why)
            self._house.take_down(book, halt)

    # -- commands ------------------------------------------------------------------------------------------------------

    async def _obey(self, command: Command, controls: Controls) -> None:
        """Carried out, copied into the chain with what came of it, durable, and only then answered."""
        asked = command.number, command.at
        outcome = self._taken.get(asked)
        if outcome is None:
            try:
                outcome = await self._do(command)
            except UserError as error:
                outcome = REFUSED + str(error)
            taken = CommandTaken(
                number=command.number,
                asked_at=command.at,
                name=command.name,
                by=command.by,
                argument=command.argument,
                outcome=outcome,
            )
            book = command.book if command.book is not None and command.book in self._books else HOUSE
            self._house.take_down(book, taken)
            self._taken[asked] = outcome
            logger.info("{} asked for {}: {}", command.by, command.name, outcome)
        await self._house.durable()
        controls.answer(command.number, outcome, self._house.clock.now())
        if self._why_stop:
            self._house.ask_to_stop(self._why_stop)  # once it is answered: nobody answers after that

    async def _do(self, command: Command) -> str:
        if command.book is not None and command.book not in self._books:
            raise UserError(f"there is no book {command.book} at work; at work are: {', '.join(sorted(self._books))}")
        if command.name not in _DOES:
            raise UserError(f"{command.name} is no command; there are {', '.join(sorted(_DOES))}")
        outcome = _DOES[command.name](self, command)
        for book in sorted(self._books):
            await self._stepped(book)
        return outcome

    async def _stepped(self, book: str) -> None:
        """Until the book's desk has taken what was put before it; one that no longer runs is not waited for."""
        drained = asyncio.create_task(self._books[book].join(), name=f"{book} takes a command")
        patience = asyncio.create_task(self._house.clock.sleep(_PATIENCE_S), name="patience with a command")
        try:
            await asyncio.wait((drained, patience), return_when=asyncio.FIRST_COMPLETED)
        finally:
            drained.cancel()
            patience.cancel()

    def _pause(self, command: Command) -> str:
        self._house.take_down(command.book or HOUSE, Paused(command.argument or "asked for", command.by))
        return "paused: nothing new is begun; what lives goes on"

    def _unpause(self, command: Command) -> str:
        panic.refuse_while_it_lies(self._house, "unpause")
        if command.book is None:
            return panic.end(self._house, command.by)
        self._house.take_down(command.book, Unpaused(command.by))
        standing = self._house.governance.pauses.get(HOUSE)
        return f"{command.book} goes on" + (f" once the house does, which is paused: {standing}" if standing else "")

    def _mode(self, command: Command) -> str:
        try:
            mode = Mode(command.argument)
        except ValueError as error:
            allowed = ", ".join(each.value for each in Mode)
            raise UserError(f"{command.argument!r} is no mode; allowed: {allowed}") from error
        panic.refuse_while_it_lies(self._house, "another mode")
        self._house.take_down(command.book or HOUSE, ModeChanged(mode, "asked for", command.by))
        return f"the mode is {mode.value}"

    def _lift(self, command: Command) -> str:
        """Only a halt that is there can be lifted, so that nobody lifts what has not happened yet."""
        book = command.book or HOUSE
        standing = [breaker for of, breaker in sorted(self._house.governance.halts) if of == book]
        if command.argument not in standing:
            raise UserError(f"there is no halt {command.argument!r}; standing: {', '.join(standing) or 'none'}")
        self._house.take_down(book, HaltLifted(command.argument, command.by))
        return f"the halt {command.argument} is lifted"

    def _flatten(self, command: Command) -> str:
        """And paused: what was sold is not to be bought again by a strategy that doesn't know why."""
        self._house.take_down(command.book or HOUSE, Paused(command.argument or "flattened", command.by))
        asked = FlattenAsked(why=command.argument or "asked for", by=command.by, within_s=self._parameters.flatten_s)
        return self._to_books(command, asked, "is being flattened, and paused until unpause")

    def _keep(self, command: Command) -> str:
        panic.refuse_while_it_lies(self._house, "keep")
        return self._to_books(command, FlattenStopped(command.argument or "asked for", command.by), "is kept")

    def _to_books(self, command: Command, entry: DeskEntry, what: str) -> str:
        books = sorted(self._books) if command.book is None else [command.book]
        for book in books:
            self._books[book].put_nowait(entry)
        return f"{', '.join(books)} {what}"

    def _stop(self, command: Command) -> str:
        """Of this session: one that nobody took would end the next at its beginning."""
        if command.book is not None:
            raise UserError(f"the program is stopped as a whole; to end {command.book} alone: flatten --book")
        if command.number in self._asked_before:
            raise UserError("stop was asked for before this session began; ask again to end this one")
        self._why_stop = f"stop, by {command.by}" + (f": {command.argument}" if command.argument else "")
        return "ends: what works is cancelled, positions are kept"

    def _accept(self, command: Command) -> str:
        difference, _, how = command.argument.partition(" ")
        return self._reconciling.accept(difference, how.strip() or "1", command.by)


_DOES: Mapping[str, Callable[[Caretaker, Command], str]] = {
    "accept": Caretaker._accept,
    "flatten": Caretaker._flatten,
    "keep": Caretaker._keep,
    "lift": Caretaker._lift,
    "mode": Caretaker._mode,
    "pause": Caretaker._pause,
    "stop": Caretaker._stop,
    "unpause": Caretaker._unpause,
}


def _worth(holding: Holding, quote: Quote, modelled: float | None) -> float | None:
    """The middle; of an option that is not quoted on both sides what our model says, within the side that is there.

    None: not to be said. That nobody bids for a moment is no reason to call an option worthless.
    """
    if quote.usable:
        return quote.mid
    if not isinstance(holding.instrument, Option) or modelled is None:
        return None
    least, most = quote.bid or 0.0, math.inf if quote.ask is None else quote.ask
    return min(max(modelled, least), most)


def trading_day(now: datetime) -> date:
    """Whose counters hold: New York's date."""
    return now.astimezone(_NEW_YORK).date()
