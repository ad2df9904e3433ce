"""Comparing books and account: when a connection was confirmed, every minute, and when somebody asks for it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import evolve, frozen
from loguru import logger

from gamma_scalper.domain.entries import BaselineDeclared, DeskEntry, Paid, Reconciled
from gamma_scalper.domain.fees import order_fees
from gamma_scalper.domain.fills import Execution, Fill
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Order
from gamma_scalper.domain.ports import Link, NotReady, Refused, Unanswered, Warned
from gamma_scalper.domain.settings import setting
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.kernel import Channel
from gamma_scalper.pipeline.house import Compared, TradingHouse
from gamma_scalper.pipeline.records import read_records
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.ex_dates import dividends_due
from gamma_scalper.portfolio.ledger import Ledger, filled_of
from gamma_scalper.portfolio.recaps import without_record
from gamma_scalper.portfolio.reconcile import Reconciliation, reconcile
from gamma_scalper.portfolio.records import AccountRecords, Claim, Notice
from gamma_scalper.portfolio.settling import Settlement, settle
from gamma_scalper.portfolio.tickets import Ticket
from gamma_scalper.risk.governance import HOUSE

_NEW_YORK = ZoneInfo("America/New_York")
_ROUNDS = 5
_LATELY = 500  # orders that are looked through for those given up
_LIQUIDATED = 2148
_REMEMBERED = timedelta(days=1)
_WEEK = timedelta(days=6)  # within what the ledger keeps open


@frozen
class ReconcileParameters:
    """How often books and account are compared."""

    every_s: float = setting(60.0, "between comparisons of books and account", unit="s", at_least=5, at_most=86_400)
    settle_s: float = setting(
        3.0, "until a difference is looked at again, before a person is bothered with it", unit="s", above=0, at_most=60
    )


class Reconciling:
    """The one place that concludes anything from what the broker holds."""

    def __init__(
        self,
        house: TradingHouse,
        books: Mapping[str, Channel[DeskEntry]],
        baselines: Mapping[str, tuple[Holding, ...]],
        parameters: ReconcileParameters,
    ) -> None:
        self._house = house
        self._books = books
        self._baselines = dict(baselines)  # book -> what is the user's own
        self._parameters = parameters
        self._wanted = asyncio.Event()
        self._newest: Reconciliation | None = None
        self._notices: list[Notice] = []
        self._billed_on: datetime | None = None  # the broker's day on which bills of before were looked for
        self._told: Reconciled | None = None

    @property
    def newest(self) -> Reconciliation | None:
        return self._newest

    def want(self) -> None:
        """Compare soon."""
        self._wanted.set()

    def hear(self, event: Warned) -> None:
        """What may explain a difference: a liquidation, and of which contract."""
        if event.code == _LIQUIDATED and event.con_id:
            recent = [notice for notice in self._notices if event.at - notice.at < _REMEMBERED]
            self._notices = [*recent, Notice(event.at, event.code, event.con_id)]
            self.want()

    async def run(self) -> None:
        self._wanted.set()
        while True:
            await self._next_time()
            if self._house.broker.link.link is Link.READY:
                await self.compare()

    async def _next_time(self) -> None:
        timer = asyncio.create_task(self._house.clock.sleep(self._parameters.every_s), name="next comparison")
        wanted = asyncio.create_task(self._wanted.wait(), name="comparison wanted")
        try:
            await asyncio.wait((timer, wanted), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            wanted.cancel()
        self._wanted.clear()

    # -- comparing -----------------------------------------------------------------------------------------------------

    async def compare(self) -> Reconciliation | None:
        """Until nothing is left to book or on its way; None where the broker did not answer."""
        clock = self._house.clock
        found: Reconciliation | None = None
        for round_ in range(_ROUNDS):
            self._put_missing_fees()
            claims = self._claims()
            theirs = await self._account_records()
            if theirs is None:
                return None
            found = reconcile(claims, theirs, clock.now())
            self._book(found, {claim.book: claim.ledger for claim in claims})
            if found.settled and not found.bookings and not found.baselines:
                break
            if not found.bookings:
                if round_ and not found.moving:
                    break  # the same again: it is no crossing of messages
                await clock.sleep(self._parameters.settle_s)
            else:
                await _turns()
        if found is not None and found.settled and not found.bookings:
            self._put_dividends()
        self._conclude(found)
        return found

    def _book(self, found: Reconciliation, claimed: Mapping[str, Ledger]) -> None:
        """Executions speak for themselves; what is concluded holds for the very ledgers that were claimed."""
        for words in found.explained:
            logger.info("explained: {}", words)
        still = {book for book, ledger in claimed.items() if self._unchanged(book, ledger)}
        for book, entry in found.bookings:
            if isinstance(entry, Fill) or book in still:
                self._put(book, entry)
        for book, declared in found.baselines:
            self._declare(book, declared)

    def _put_missing_fees(self) -> None:
        """Of fills whose bill is told no more. Looked for anew, since a process may die between a fill and its bill."""
        now = self._house.clock.now()
        new_day = self._billed_on != _midnight(now)
        self._billed_on = _midnight(now)
        for book, state in sorted(self._house.states.items()):
            ledger = state.ledger
            for id in sorted(ledger.inferences):
                inferred = ledger.inferences[id].fill
                if inferred.concluded_at >= now - _REMEMBERED:
                    self._put_fees(book, id, inferred, inferred.concluded_at)
            for key in sorted(ledger.fills) if new_day else ():
                fill = ledger.fills[key]
                if key not in ledger.bills and now - _WEEK < fill.at < _midnight(now):
                    self._put_fees(book, key, fill, fill.at)

    def _put_fees(self, book: str, of: str, execution: Execution, at: datetime) -> None:
        """What the fee schedule says of it, on top of what the order's other executions come to."""
        ledger, resident = self._house.states[book].ledger, self._house.residents.get(book)
        id, instrument = f"fees of {of}", execution.instrument
        if id in ledger.events or resident is None or execution.intent is None:
            return
        if instrument.currency != "USD":
            logger.warning("no commission is booked for {}; add it by hand", of)
            return
        done = abs(filled_of(ledger, execution.intent).get(instrument.con_id, Decimal(0)))
        before = done - execution.quantity
        fees = [
            order_fees(resident.fees, instrument, execution.side, at.date(), quantity, execution.price).total
            for quantity in (done, before)
            if quantity > 0
        ]
        paid = Paid(
            id=id,
            amount=Money(sum(fees[1:], Decimal(0)) - fees[0]),
            what="commission that was never told, by the fee schedule",
            con_id=instrument.con_id,
            accepted_by="the fee schedule",
        )
        self._put(book, paid)

    def _put_dividends(self) -> None:
        """Once the night's exercises and assignments are in the books."""
        now = self._house.clock.now()
        for book, resident in sorted(self._house.residents.items()):
            ledger, shares = self._house.states[book].ledger, resident.underlying
            if isinstance(shares, Stock) and self._unchanged(book, ledger):  # what waits to be booked may be just that
                for paid in dividends_due(ledger, shares, resident.dividends, now):
                    self._put(book, paid)

    def _unchanged(self, book: str, ledger: Ledger) -> bool:
        return self._house.states[book].ledger is ledger and (book not in self._books or self._books[book].empty())

    def _put(self, book: str, entry: DeskEntry) -> None:
        """To the book's desk; one that is not running today gets its entry all the same."""
        if book in self._books:
            self._books[book].put_nowait(entry)
        else:
            self._house.apply(book, entry)

    def _declare(self, book: str, declared: BaselineDeclared) -> None:
        self._house.take_down(book, declared)
        self._baselines[book] = declared.holdings

    def _conclude(self, found: Reconciliation | None) -> None:
        if found is None:
            return
        self._newest = found
        house = self._house
        contracts = tuple(sorted({difference.instrument.con_id for difference in found.unexplained}))
        if found.moving or found.bookings:  # on its way to us, or not seen to have arrived
            contracts = contracts or (0,)
            self.want()
        house.conclude(Compared(house.clock.now(), contracts))
        entry = found.entry
        if entry != self._told and (
            entry.unexplained or entry.explained or self._told is None or self._told.unexplained
        ):
            house.take_down(HOUSE, entry)
        self._told = entry
        for orphan in found.orphans:
            logger.warning("{}", orphan.why)
        for difference in found.unexplained:
            logger.error(
                "unexplained: {} {}: books {:+}, account {:+} (difference {}); nothing is traded until "
                "`uv run main.py reconcile` has settled it",
                difference.instrument.symbol,
                difference.instrument.con_id,
                difference.ours,
                difference.theirs,
                difference.id,
            )

    def _claims(self) -> list[Claim]:
        return [self._claim(state) for _, state in sorted(self._house.states.items())]

    def _claim(self, state: Desk) -> Claim:
        lately = range(max(state.next_number - _LATELY, 1), state.next_number)
        dead = [state.orders[number] for number in lately if number in state.orders and number not in state.live]
        given_up = [ticket for ticket in dead if without_record(ticket.order) and _a_day_had_passed(ticket)]
        tickets = [*state.living, *given_up]
        return Claim(
            ledger=state.ledger,
            baseline=self._baselines.get(state.book, ()),
            orders=[_as_amended(ticket) for ticket in state.living],
            given_up=[_as_amended(ticket) for ticket in given_up],
            taken_down={ticket.number: ticket.given_at for ticket in tickets if ticket.given_at is not None},
            instructed=self._instructed(state.book),
            last_number=state.next_number - 1,
        )

    def _instructed(self, book: str) -> Mapping[int, Decimal]:
        """A night comes after the day it was asked for, and a weekend may."""
        since = self._house.clock.now() - _WEEK
        exercises = self._house.governance.exercises
        return {
            con_id: each.contracts
            for (of, con_id), each in sorted(exercises.items())
            if of == book and each.asked_at > since
        }

    async def _account_records(self) -> AccountRecords | None:
        house, at = self._house, self._house.clock.now()
        try:
            holdings = await house.broker.account.holdings()
        except (Unanswered, NotReady, Refused) as error:
            logger.warning("the broker's holdings could not be read: {}", error)
            return None
        records = await read_records(house.router, at)
        if records is None:
            return None
        return AccountRecords(
            account=house.account,
            at=at,
            holdings=holdings,
            open_orders=records.open_orders,
            executions=records.executions,
            executions_since=_midnight(at),
            completed=records.completed,
            notices=self._notices,
        )

    # -- a person's word -----------------------------------------------------------------------------------------------

    def accept(self, difference: str, how: str, by: str) -> str:
        """Settle a difference as a person says; what came of it, in words. Raises `UserError`."""
        if self._newest is None:
            return "books and account have not been compared yet; try again once the broker is ready"
        settlement = settle(self._newest, difference, how, by)
        self._settle(settlement)
        self._newest = settlement.leaves(self._newest)
        self.want()
        return f"settled: {len(settlement.bookings) + len(settlement.baselines)} entries"

    def _settle(self, settlement: Settlement) -> None:
        self._house.take_down(HOUSE, settlement.accepted)
        for book, entry in settlement.bookings:
            self._put(book, entry)
        for book, declared in settlement.baselines:
            self._declare(book, declared)


def _a_day_had_passed(ticket: Ticket) -> bool:
    """When it was given up its own day's executions were told no more, so it may have filled unseen."""
    given, ended = ticket.given_at, ticket.ended_at
    return given is None or ended is None or given < _midnight(ended)


def _as_amended(ticket: Ticket) -> Order:
    """With the price it was last given, which is the worst it can have filled at."""
    if ticket.amended is None:
        return ticket.order
    return evolve(ticket.order, intent=evolve(ticket.order.intent, pricing=ticket.amended))


def _midnight(now: datetime) -> datetime:
    """Before it the broker tells no executions; its day is New York's."""
    return now.astimezone(_NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)


async def _turns() -> None:
    """Let the desks take what was put before them."""
    for _ in range(5):
        await asyncio.sleep(0)
