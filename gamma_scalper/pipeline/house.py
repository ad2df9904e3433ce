"""What the books of one account share: the journal, the purse, what the house has decided, and the one question."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import gcd
from types import MappingProxyType
from typing import NamedTuple

from attrs import define, evolve, field
from loguru import logger

from gamma_scalper.domain.entries import DeskEntry, Entry, Halted, Looked, Marked, Ordered
from gamma_scalper.domain.instruments import Combo, Index, Leg, Option, Stock, legs_of
from gamma_scalper.domain.journal_ports import Journal
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Pricing, Purpose, Side
from gamma_scalper.domain.ports import Broker, LinkReport, MarginImpact, NotReady, OrderRouter, Unanswered
from gamma_scalper.domain.ports import Refused as BrokerRefused
from gamma_scalper.domain.proposals import Approved, Deltas, Plan, Proposal, Refusal, Refused
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.kernel import Bell, Clock
from gamma_scalper.pipeline.facts import book_facts, costs_of, delta_facts, market_facts, spent
from gamma_scalper.pipeline.motion import MotionWatch
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.records import read_records
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.portfolio.desk import Desk, desk, reservations
from gamma_scalper.portfolio.ledger import execution_keys, holdings
from gamma_scalper.portfolio.reserve import Purse, budget_pot, cash_pot, release, reserve, stated
from gamma_scalper.risk import governance, instructing
from gamma_scalper.risk.breakers import tripped
from gamma_scalper.risk.facts import BookFacts, Facts, HouseFacts, MoneyFacts, Motion, PurseFacts
from gamma_scalper.risk.governance import HOUSE, Governance, govern
from gamma_scalper.risk.last_look import last_look
from gamma_scalper.risk.permit import approve

_BEGINNING = (Purpose.ENTRY, Purpose.HEDGE, Purpose.REPAIR)


class Reckoned(NamedTuple):
    """What a book's newest picture says; an unusable one has no deltas, and one without options no volatility."""

    deltas: Deltas | None = None
    implied_vol: float | None = None
    worths: Mapping[int, float] = MappingProxyType({})  # conId of an option -> its price by our model, per share


_NOTHING = Reckoned()


@define
class Compared:
    """The newest comparison of books and account; None as long as there was none on this connection."""

    at: datetime | None = None
    unexplained: tuple[int, ...] | None = None  # conIds


@define(kw_only=True, eq=False)
class TradingHouse:
    """One account's. Books' stages see it as the protocol `House` of `position_manager`, and nothing of each other."""

    journal: Journal
    clock: Clock
    broker: Broker
    router: OrderRouter
    board: QuoteBoard
    residents: Mapping[str, Resident]
    states: dict[str, Desk]  # book -> its desk, as it last showed it
    governance: Governance
    panic: Callable[[], bool | None]  # is there a panic file? None: nobody can tell
    compared: Compared = field(factory=Compared)
    stop_asked: asyncio.Event = field(factory=asyncio.Event, init=False)
    why_stop: str = field(default="", init=False)  # and by whom
    bell: Bell = field(factory=Bell, init=False)  # rung by what may change what books may do, hold or look at
    listeners: list[Callable[[Entry], None]] = field(factory=list)  # of what concerns no single book
    _purse: Purse = field(factory=Purse, init=False)
    _spent: list[tuple[datetime, Money]] = field(factory=list, init=False)  # by orders that died, and when
    _contracts: dict[int, Stock | Index | Option] = field(factory=dict, init=False)  # all that was ever traded
    _motions: dict[str, MotionWatch] = field(factory=dict, init=False)
    _reckoned: dict[str, Reckoned] = field(factory=dict, init=False)
    _impacts: dict[str, tuple[Plan, MarginImpact]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """What living orders of before had reserved is reserved still."""
        for resident in self.residents.values():
            self._contracts[resident.underlying.con_id] = resident.underlying
        for _, state in sorted(self.states.items()):
            for held in holdings(state.ledger):
                self._contracts.setdefault(held.instrument.con_id, held.instrument)
            for ticket in state.orders.values():
                for leg in legs_of(ticket.order.intent.instrument):
                    self._contracts.setdefault(leg.instrument.con_id, leg.instrument)
        for book, state in sorted(self.states.items()):
            self._state_pots(book)
            held_back = {intent: amount for intent, amount in reservations(state) if amount.amount}
            purse = reserve(_boundless(self._purse, book), book, held_back)
            assert isinstance(purse, Purse)
            self._purse = purse

    @property
    def account(self) -> str:
        """Which of the login's it is the broker says once it is connected."""
        return self.broker.account.account

    @property
    def link(self) -> LinkReport:
        return self.broker.link

    # -- the journal ---------------------------------------------------------------------------------------------------

    def take_down(self, book: str, entry: Entry, at: datetime | None = None) -> datetime:
        now = self.clock.now() if at is None else at
        self.journal.append(book, entry, now)
        before, self.governance = self.governance, govern(self.governance, book, entry, now)
        if self.governance is not before and not isinstance(entry, Marked):
            self.bell.ring()  # a mark is of every few seconds; what it trips rings by itself
        if isinstance(entry, Ordered):
            self._know(entry)
        return now

    def _know(self, entry: Ordered) -> None:
        for intent in entry.intents:
            self._contracts |= {leg.instrument.con_id: leg.instrument for leg in legs_of(intent.instrument)}

    async def durable(self) -> None:
        await self.journal.flush()

    def show(self, state: Desk) -> None:
        self.states[state.book] = state
        self.bell.ring()
        if self._purse.reserved:
            alive = {ticket.order.intent.id for ticket in state.living}
            for intent in sorted(self._purse.reserved):
                if intent.book == state.book and intent not in alive:
                    self._release(state, intent)

    def _release(self, state: Desk, intent: IntentId) -> None:
        """What it spent is gone before the broker's figures say so."""
        ticket = state.orders.get(intent.number)
        if ticket is not None and ticket.order.filled:
            self._spent.append((self.clock.now(), ticket.reserved))
        self._purse = release(self._purse, intent)

    def apply(self, book: str, entry: DeskEntry) -> None:
        """To the desk of a book that does not run: taken down and booked, and nothing is carried out."""
        now = self.take_down(book, entry)
        self.show(desk(self.states[book], entry, now)[0])

    def hear(self, entry: Entry) -> None:
        """What concerns no single book."""
        self.take_down(HOUSE, entry)
        if isinstance(entry, LinkReport):
            self.conclude(Compared())  # whatever was known is to be confirmed anew
        for listener in self.listeners:
            listener(entry)

    def conclude(self, compared: Compared) -> None:
        self.compared = compared
        self.bell.ring()

    def ask_to_stop(self, why: str) -> None:
        """The program is to end in order; the first reason stands. Whoever runs the house waits for `stop_asked`."""
        self.why_stop = self.why_stop or why
        self.stop_asked.set()

    # -- the one question ----------------------------------------------------------------------------------------------

    def facts(self, book: str, plan: Plan | None = None) -> Facts:
        """One picture of this moment; what there is to spend is a matter of plans alone."""
        now, resident, state = self.clock.now(), self.residents[book], self.states[book]
        reckoned = self._reckoned.get(book, _NOTHING)
        deltas = plan.deltas if plan is not None and plan.deltas is not None else reckoned.deltas
        others = [each for name, each in sorted(self.states.items()) if name != book]
        about = book_facts(resident, state, others, plan)
        market = market_facts(resident, about.holdings or (), plan, self.board, now, self._motion(book, reckoned))
        conditions = {each: found.condition for each, found in (market.contracts or {}).items() if found.condition}
        return Facts(
            now=now,
            governance=governance.facts_of(self.governance, book, now, resident.risk),
            house=HouseFacts(
                panic=self.panic(),
                link=self.broker.link.link,
                compared_at=self.compared.at,
                unexplained=self.compared.unexplained,
            ),
            book=about,
            market=market,
            delta=delta_facts(deltas, conditions),
            money=MoneyFacts() if plan is None else self._money(resident, state, plan, now),
        )

    def losses(self, book: str) -> Sequence[Halted]:
        """Those of the loss limits that are reached now, by the marks alone."""
        now, resident = self.clock.now(), self.residents[book]
        facts = Facts(
            now=now,
            governance=governance.facts_of(self.governance, book, now, resident.risk),
            book=BookFacts(book=book, underlying=resident.underlying),
        )
        return tripped(facts, resident.risk)

    def approve(self, book: str, plan: Plan) -> Approved | Refused:
        answer = approve(self.facts(book, plan), plan, self.residents[book].risk)
        if isinstance(answer, Refused) or not any(amount.amount for amount in answer.reserved):
            return answer
        first = self.states[book].next_number
        amounts = {IntentId(book, first + i): amount for i, amount in enumerate(answer.reserved) if amount.amount}
        purse = reserve(self._purse, book, amounts)
        if isinstance(purse, Refusal):
            return Refused([purse])
        self._purse = purse
        return answer

    def still(self, intent: Intent) -> Sequence[Refusal]:
        """Asked as if it were not there yet, since it is what may change the whole."""
        book, plan = intent.id.book, _plan_of(intent, self.clock.now())
        facts = self.facts(book, plan)
        live = tuple(order for order in facts.book.live or () if order.intent.id != intent.id)
        return last_look(evolve(facts, book=evolve(facts.book, live=live)), plan, self.residents[book].risk)

    def may_instruct(self, book: str, option: Option, contracts: int, *, written: bool = False) -> Sequence[Refusal]:
        """What speaks against exercising so many of the book's options now; `written`: the journal says it already."""
        facts = self.facts(book)
        if written:
            facts = instructing.unwritten(facts, option, contracts)
        return instructing.may_instruct(facts, option, contracts, self.residents[book].risk)

    def quote(self, con_id: int) -> Quote | None:
        return self.board.quote(con_id)

    def look(self, book: str, con_ids: Sequence[int]) -> Looked:
        """What a desk needs to plan on: fresh quotes, and which contracts can't be traded now."""
        now, resident = self.clock.now(), self.residents[book]
        quotes, closed = [], []
        for con_id in con_ids:
            quote, condition, contract = self.quote(con_id), self.board.condition(con_id), self._contracts.get(con_id)
            session = None if contract is None else resident.hours.of(contract, now)
            fresh = quote is not None and quote.age(now).total_seconds() <= resident.risk.quotes.flatten_age_s
            if session is None or not session.contains(now) or condition.halted or condition.frozen:
                closed.append(con_id)
            if quote is not None and fresh:
                quotes.append(quote)
        return Looked(quotes=tuple(quotes), closed=tuple(closed))

    def see(self, book: str, quote: Quote) -> None:
        """A snapshot of the book's underlying, for what its rules say about gaps."""
        if quote.usable:
            watch = self._motions.setdefault(book, MotionWatch())
            if not watch.knows(quote.received_at):
                resident = self.residents[book]
                session = resident.hours.of(resident.underlying, quote.received_at)
                watch.enter(session, self.board.condition(quote.con_id).prior_close)
            watch.see(quote.mid, quote.received_at)

    def reckon_with(
        self,
        book: str,
        deltas: Deltas | None,
        implied_vol: float | None,
        worths: Mapping[int, float] = MappingProxyType({}),
    ) -> None:
        """The book's newest picture, for the rules where no plan brings its own."""
        self._reckoned[book] = Reckoned(deltas, implied_vol, worths)

    def reckoned_worth(self, book: str, con_id: int) -> float | None:
        """What an option is worth by our model, in the book's newest picture."""
        return self._reckoned.get(book, _NOTHING).worths.get(con_id)

    def _motion(self, book: str, reckoned: Reckoned) -> Motion:
        return self._motions.setdefault(book, MotionWatch()).motion(reckoned.implied_vol)

    # -- money ---------------------------------------------------------------------------------------------------------

    def _state_pots(self, book: str) -> None:
        """The account's cash and the book's budget as they are known now."""
        values, resident = self.broker.account.values, self.residents.get(book)
        if values is not None:
            funds = values.available_funds
            self._spent = [(moment, amount) for moment, amount in self._spent if moment >= values.at]
            gone = sum((each.amount for _, each in self._spent if each.currency == funds.currency), Decimal(0))
            self._purse = stated(self._purse, cash_pot(funds.currency), funds.amount, gone)
        if resident is not None:
            cost = spent(self.states[book], resident.costs)
            budget = Decimal(resident.risk.money.budget)
            self._purse = stated(self._purse, budget_pot(book, cost.currency), budget, cost.amount)

    def _money(self, resident: Resident, state: Desk, plan: Plan, now: datetime) -> MoneyFacts:
        self._state_pots(resident.name)
        values = self.broker.account.values
        currency = values.available_funds.currency if values is not None else "USD"
        held_back = self._purse.held_back(budget_pot(resident.name, currency))
        gone = sum((each.amount for _, each in self._spent if each.currency == currency), Decimal(0))
        purse = PurseFacts(
            reserved=Money(self._purse.held_back(cash_pot(currency)) + gone, currency),
            used=spent(state, resident.costs) + Money(held_back, currency),
        )
        if plan.purpose not in _BEGINNING:
            return MoneyFacts(account=values, purse=purse)
        known, impact = self._impacts.get(resident.name, (None, None))
        return MoneyFacts(
            account=values,
            purse=purse,
            costs=costs_of(resident, plan, holdings(state.ledger), self.board, now),
            what_if=impact if known is plan else None,
        )

    async def preview(self, book: str, plan: Plan) -> None:
        """Ask the broker what an entry would do to the margin; without an answer the permit refuses."""
        if plan.purpose is not Purpose.ENTRY:
            return
        proposal = whole(plan)
        number = IntentId(book, self.states[book].next_number)
        try:
            intent = proposal.numbered(number, self.account, self.clock.now())
            self._impacts[book] = plan, await self.router.what_if(intent)
        except (Unanswered, NotReady, BrokerRefused) as error:
            logger.bind(book=book).warning("the broker was asked about the margin: {}", error)

    # -- the broker's records ------------------------------------------------------------------------------------------

    async def read_records(self, book: str) -> Sequence[DeskEntry]:
        found = await read_records(self.router, self.clock.now())
        return [] if found is None else found.of(book, execution_keys(self.states[book].ledger))


def _plan_of(intent: Intent, now: datetime) -> Plan:
    """One order that was permitted before, as a plan of its own."""
    proposal = Proposal(
        purpose=intent.purpose,
        instrument=intent.instrument,
        side=intent.side,
        quantity=intent.quantity,
        pricing=intent.pricing,
        patience_s=0,
        outside_rth=intent.outside_rth,
        snapshot_ids=intent.snapshot_ids,
        reason=intent.reason,
    )
    return Plan(proposals=[proposal], decided_at=now, good_for_s=0, settled_through=0)


def whole(plan: Plan) -> Proposal:
    """The legs of a plan as one combo, since a broker is asked for the margin of what is wanted, not of its halves."""
    if len(plan.proposals) == 1 or not plan.together:
        return plan.proposals[0]
    first = plan.proposals[0]
    legs = [(leg, proposal) for proposal in plan.proposals for leg in legs_of(proposal.instrument)]
    counts = [int(proposal.signed_quantity * leg.ratio) for leg, proposal in legs]
    times = gcd(*counts)
    combo = Combo([Leg(leg.instrument, count // times) for (leg, _), count in zip(legs, counts, strict=True)])
    price = _net(plan, times)
    return Proposal(
        purpose=first.purpose,
        instrument=combo,
        side=Side.BUY,
        quantity=Decimal(times),
        pricing=price if price is not None else first.pricing,
        patience_s=first.patience_s,
        snapshot_ids=first.snapshot_ids,
        reason=first.reason,
    )


def _net(plan: Plan, times: int) -> Pricing | None:
    total = Decimal(0)
    for proposal in plan.proposals:
        if not isinstance(proposal.pricing, Limit):
            return None
        total += proposal.signed_quantity * proposal.pricing.price
    return Limit(total / times)


def _boundless(purse: Purse, book: str) -> Purse:
    """With room for whatever was reserved already: it can't be refused any more."""
    room = Decimal(10**14)
    for pot in (cash_pot("USD"), budget_pot(book, "USD")):
        purse = stated(purse, pot, room)
    return purse
