"""The exchange's whole state, and how it speaks. Rules about it stand in the modules that change it."""

from bisect import insort
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from attrs import Factory, define, field

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.fees import Fees
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import OutsideCalendar
from gamma_scalper.exchange.accounts import Accounts
from gamma_scalper.exchange.agenda import Agenda, Duty
from gamma_scalper.exchange.events import (
    Cause,
    Charged,
    Event,
    Executed,
    Moved,
    Notice,
    OrderStatus,
    Phase,
    Trading,
)
from gamma_scalper.exchange.faults import FaultWatch
from gamma_scalper.exchange.halts import ShareWatch
from gamma_scalper.exchange.market import Listed, Market, Offer
from gamma_scalper.exchange.orders import Order, OrderBook
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.exchange.tickets import Exercise, Ticket

NEW_YORK = ZoneInfo("America/New_York")
BEFORE_CLOSE = timedelta(microseconds=1)
"""The last moment of a session."""

_OLDEST_MARK = timedelta(days=7)


@define
class Window:
    """A span in which a contract either trades or does not, so that the calendar needn't be asked each time."""

    begins: datetime
    ends: datetime
    open: bool


class Mark(NamedTuple):
    """A closing price."""

    at: datetime
    price: float


@define
class Numbers:
    """Counters; every id there is comes from one of them."""

    seq: int = 0
    perm_id: int = 1_000_000
    execution: int = 0


@define
class Floor:
    """What there is: the market, accounts, orders, quotes in force, and what is due."""

    market: Market
    parameters: ExchangeParameters
    seed: int
    now: datetime
    faults: FaultWatch
    accounts: Accounts = Factory(Accounts)
    orders: OrderBook = Factory(OrderBook)
    agenda: Agenda = Factory(Agenda)
    numbers: Numbers = Factory(Numbers)
    quotes: dict[int, Quote] = Factory(dict)  # conId -> the newest that was told
    taken: dict[int, dict[Side, int]] = Factory(dict)  # conId -> what was taken of that quote
    looked: dict[int, int] = Factory(dict)  # conId -> how many look
    lines: list[int] = Factory(list)  # those looked at or waited for, in order
    watches: dict[int, ShareWatch] = Factory(dict)  # underlying's conId -> what trading in it does
    shortable: dict[int, int] = Factory(dict)  # conId -> shares, where it isn't the usual figure
    instructions: list[Exercise] = Factory(list)
    marks: dict[int, Mark] = Factory(dict)  # conId -> closing price of options held, and of puts beside calls
    woken: list[int] = Factory(list)  # children whose parent has just filled, in turn
    to_assign: list[str] = Factory(list)  # whose short options a fault will have assigned tonight
    executions: list[Executed] = Factory(list)  # since midnight
    charges: dict[str, Charged] = Factory(dict)  # execId -> its bill, since midnight
    out: list[Event] = Factory(list)  # said, and not yet collected
    push: Callable[[Quote], bool] | None = field(default=None, eq=False)  # where quotes come from outside
    _windows: dict[int, Window] = field(factory=dict, eq=False)  # conId -> the span now is in
    _instruments: dict[int, Listed] = field(factory=dict, eq=False)  # conId -> contract, once asked for

    _today: tuple[date, datetime, datetime] = field(init=False, eq=False)  # and when it begins and ends

    def __attrs_post_init__(self) -> None:
        self.push = getattr(self.market, "push", None)
        self._today = (date.min, self.now, self.now)

    @property
    def _oldest(self) -> timedelta:
        return timedelta(seconds=self.parameters.venue.oldest_quote_s)

    # -- speaking ------------------------------------------------------------------------------------------------------

    def collect(self) -> list[Event]:
        """What was said since the last time."""
        said, self.out = self.out, []
        return said

    def number(self) -> int:
        self.numbers.seq += 1
        return self.numbers.seq

    def tell_status(self, order: Order) -> None:
        self.out.append(status_of(order, self.number(), self.now))

    def tell(
        self, code: int, text: str, *, con_id: int | None = None, perm_id: int | None = None, owner: str = ""
    ) -> None:
        self.out.append(
            Notice(seq=self.number(), at=self.now, code=code, text=text, con_id=con_id, perm_id=perm_id, owner=owner)
        )

    def tell_phase(self, con_id: int, phase: Phase) -> None:
        self.out.append(Trading(seq=self.number(), at=self.now, con_id=con_id, phase=phase))

    def tell_execution(self, executed: Executed, fees: Fees | None = None, realised: Decimal = Decimal(0)) -> None:
        """With its bill; a combo as a whole has none, its legs do."""
        self.out.append(executed)
        self.executions.append(executed)
        if fees is None:
            return
        charged = Charged(
            seq=self.number(),
            at=self.now,
            exec_id=executed.exec_id,
            perm_id=executed.perm_id,
            owner=executed.owner,
            account=executed.account,
            fees=fees,
            realised=realised,
        )
        self.charges[executed.exec_id] = charged
        self.out.append(charged)

    def tell_move(self, account: str, cause: Cause, con_id: int | None, quantity: Decimal, cash: Decimal) -> None:
        self.out.append(
            Moved(
                seq=self.number(),
                at=self.now,
                account=account,
                cause=cause,
                con_id=con_id,
                quantity=quantity,
                cash=cash,
            )
        )

    # -- quotes --------------------------------------------------------------------------------------------------------

    def awaited(self, con_id: int) -> bool:
        """Somebody looks at it, or an order waits for it."""
        return con_id in self.looked or self.orders.awaits(con_id)

    def line(self, con_id: int) -> None:
        """Quote it from now on, and at once where it has no quote of this moment's market."""
        if con_id not in self.lines:
            insort(self.lines, con_id)
        quote = self.quotes.get(con_id)
        if self.push is None and (quote is None or quote.received_at < self.market.now):
            self.quote(con_id)

    def drop_line(self, con_id: int) -> None:
        if con_id in self.lines and not self.awaited(con_id):
            self.lines.remove(con_id)

    def quote(self, con_id: int) -> Quote:
        """Tell what is on offer now."""
        return self.tell_offers([con_id], self.market.offers([con_id]))[0]

    def tell_offers(self, con_ids: Sequence[int], offers: Sequence[Offer]) -> list[Quote]:
        """Make numbered quotes of offers; a new quote's size is there to be taken again."""
        seq, now, quotes, taken = self.numbers.seq, self.now, self.quotes, self.taken
        told = []
        halting = any(watch.halted_until is not None for watch in self.watches.values())
        for con_id, offer in zip(con_ids, offers, strict=True):
            seq += 1
            if halting and self.halted(con_id):
                offer = Offer(None, None, 0, 0, offer.last, offer.carried)
            quote = Quote(
                con_id=con_id,
                snapshot_id=seq,
                bid=offer.bid,
                ask=offer.ask,
                bid_size=offer.bid_size,
                ask_size=offer.ask_size,
                last=offer.last,
                received_at=now,
                carried=offer.carried,
            )
            quotes[con_id] = quote
            told.append(quote)
            if taken and not offer.carried:  # what was in force before can be taken once only
                taken.pop(con_id, None)
        self.numbers.seq = seq
        self.out += told
        return told

    def fresh_quote(self, con_id: int) -> Quote | None:
        """The one in force, unless it is too old to trade on."""
        quote = self.quotes.get(con_id)
        if quote is None or self.now - quote.received_at > self._oldest:
            return None
        return quote

    def price(self, con_id: int) -> float:
        """What one is worth now: the middle of the market, else the newest price anybody has seen; 0 without any."""
        quote, mark = self.quotes.get(con_id), self.marks.get(con_id)
        if quote is None or quote.received_at < self.market.now or not quote.usable:
            offer = self.market.offers([con_id])[0]
            if offer.bid is not None and offer.ask is not None:
                return (offer.bid + offer.ask) / 2
        if quote is not None and quote.usable and (mark is None or quote.received_at >= mark.at):
            return quote.mid
        if mark is not None:
            return mark.price
        watch = self.watches.get(con_id)
        return watch.price if watch is not None else 0.0

    def instrument(self, con_id: int) -> Listed:
        """Raises `UnknownContract`."""
        found = self._instruments.get(con_id)
        if found is None:
            found = self._instruments[con_id] = self.market.instrument(con_id)
        return found

    def forget_unwatched(self) -> None:
        """What nobody looks at, waits for or holds, and lines that have expired."""
        for con_id in [line for line in self.lines if self._expired(line)]:
            self.looked.pop(con_id, None)
            self.drop_line(con_id)
        held = {con_id for account in self.accounts.clients() for con_id in account.held}
        kept = held.union(self.lines, self.watches)
        for of in (self.quotes, self.taken, self._windows, self._instruments):
            for con_id in [each for each in of if each not in kept]:
                del of[con_id]
        self.marks = {con_id: mark for con_id, mark in self.marks.items() if self.now - mark.at < _OLDEST_MARK}

    def _expired(self, con_id: int) -> bool:
        instrument = self.instrument(con_id)
        return isinstance(instrument, Option) and instrument.expires_at <= self.now

    # -- when and what may trade ---------------------------------------------------------------------------------------

    def underlying(self, con_id: int) -> int:
        instrument = self.instrument(con_id)
        return instrument.underlying_con_id if isinstance(instrument, Option) else con_id

    def is_open(self, con_id: int) -> bool:
        """Within the product's own liquid hours."""
        return self.window(con_id).open

    def window(self, con_id: int) -> Window:
        """The span around now in which it trades, or does not."""
        window = self._windows.get(con_id)
        if window is None or not window.begins <= self.now < window.ends:
            window = self._windows[con_id] = self._window(con_id)
        return window

    def _window(self, con_id: int) -> Window:
        """Beyond what is known of a product's hours its underlying's hold; beyond those it is closed."""
        for known in (con_id, self.underlying(con_id)):
            sessions = self.market.sessions(known)
            try:
                session = sessions.at(self.now)
                if session is not None:
                    return Window(session.opens, session.closes, True)
                return Window(self.now, sessions.after(self.now).opens, False)
            except OutsideCalendar:
                continue
        return Window(self.now, self.now + timedelta(hours=1), False)

    def closes(self, con_id: int) -> datetime:
        """The end of the session that is open now, or else of the next one; a day from now where none is known."""
        window = self.window(con_id)
        if window.open:
            return window.ends
        for known in (con_id, self.underlying(con_id)):
            sessions = self.market.sessions(known)
            try:
                return (sessions.at(self.now) or sessions.after(self.now)).closes
            except OutsideCalendar:
                continue
        return self.now + timedelta(days=1)

    def watch(self, underlying: int) -> ShareWatch:
        """What is remembered of an underlying, and its openings and closes of today put down when it is new."""
        found = self.watches.get(underlying)
        if found is None:
            banded = isinstance(self.instrument(underlying), Stock) and self.push is None
            found = self.watches[underlying] = ShareWatch(underlying, banded)
            self.plan(underlying)
        return found

    def plan(self, underlying: int) -> None:
        """Put down when it opens and closes today, as far as that is still to come."""
        try:
            sessions = self.market.sessions(underlying).on(self.today())
        except OutsideCalendar:
            return
        for session in sessions:
            if session.opens >= self.now:
                self.agenda.put(session.opens, Duty.OPEN, underlying)
        if sessions and sessions[-1].closes > self.now:
            self.agenda.put(sessions[-1].closes - BEFORE_CLOSE, Duty.MARK, underlying)
            self.agenda.put(sessions[-1].closes, Duty.CLOSE, underlying)

    def halted(self, con_id: int) -> bool:
        watch = self.watches.get(con_id) or self.watches.get(self.underlying(con_id))
        return watch is not None and watch.halted_until is not None

    def halt(self, con_id: int, seconds: float) -> None:
        """No trading in this underlying and all on it; nothing is on offer meanwhile."""
        self.enter(con_id, self.watch(con_id).halt(self.now + timedelta(seconds=seconds)))

    def enter(self, con_id: int, phases: Sequence[Phase]) -> None:
        """Tell what trading does; a halt has an end."""
        for phase in phases:
            self.tell_phase(con_id, phase)
        until = self.watches[con_id].halted_until
        if until is not None:
            self.agenda.put(until, Duty.RESUME, con_id)

    def today(self) -> date:
        """In New York."""
        day, begins, ends = self._today
        if not begins <= self.now < ends:
            local = self.now.astimezone(NEW_YORK)
            day = local.date()
            begins = utc(datetime.combine(day, time(0), NEW_YORK))
            ends = utc(datetime.combine(day + timedelta(days=1), time(0), NEW_YORK))
            self._today = (day, begins, ends)
        return day

    def may_short(self, con_id: int) -> int:
        """Shares that can still be borrowed, after what every account owes already."""
        figure = self.shortable.get(con_id, self.parameters.carry.shortable_shares)
        owed = sum((min(account.quantity(con_id), Decimal(0)) for account in self.accounts.clients()), Decimal(0))
        return figure + int(owed)

    def multiplier(self, ticket: Ticket) -> int:
        """Of what the ticket's price is for: a combo's is that of its options."""
        instruments = (self.instrument(leg.con_id) for leg in ticket.legs)
        return max(each.multiplier for each in instruments if isinstance(each, Stock | Option))


def status_of(order: Order, seq: int, at: datetime) -> OrderStatus:
    """The order as it stands, in the broker's words."""
    return OrderStatus(
        seq=seq,
        at=at,
        perm_id=order.perm_id,
        owner=order.ticket.owner,
        account=order.ticket.account,
        order_ref=order.ticket.order_ref,
        status=order.status,
        filled=Decimal(order.filled),
        remaining=Decimal(order.left),
        average_price=order.average_price,
        why_held=order.why_held,
        code=order.code,
        why=order.why,
    )
