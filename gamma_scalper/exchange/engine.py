"""The exchange as one machine: instructions and time go in, events come out, in one order."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange import mishaps, overnight, routine, trading
from gamma_scalper.exchange.acceptance import Refusal, impossible, margin_alone, margin_now
from gamma_scalper.exchange.accounts import OUTSIDE, Account
from gamma_scalper.exchange.events import Cause, Charged, Event, Executed, OrderStatus
from gamma_scalper.exchange.faults import NO_FAULTS, FaultSchedule, FaultWatch
from gamma_scalper.exchange.floor import Floor, status_of
from gamma_scalper.exchange.margin import Margin
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.memory import recall, remembered
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.exchange.tickets import (
    Cancel,
    CancelAll,
    Deposit,
    Exercise,
    Halt,
    Look,
    LookAway,
    Modify,
    Place,
    SetShortable,
    Tick,
    Ticket,
)

Instruction = (
    Tick | Look | LookAway | Place | Modify | Cancel | CancelAll | Exercise | Halt | Deposit | SetShortable | Quote
)


class Engine:
    """An exchange over a market. It does what is due whenever it is asked, at whatever moments that may be.

    The same seed, market and instructions give the same events, however finely time is cut.
    """

    def __init__(
        self,
        market: Market,
        *,
        accounts: Mapping[str, Decimal] | None = None,
        parameters: ExchangeParameters = ExchangeParameters(),
        seed: int = 0,
        faults: FaultSchedule = NO_FAULTS,
    ) -> None:
        self.changes = 0  # things that were done: nothing is another while this is the same
        self.floor = Floor(market, parameters, seed, utc(market.now), FaultWatch(faults))
        self._take = self._handlers()
        mishaps.check_targets(self.floor)
        routine.begin(self.floor)
        for name, cash in (accounts or {}).items():
            self._deposit(Deposit(name, cash))
        self.floor.collect()

    # -- going on ------------------------------------------------------------------------------------------------------

    def on(self, event: Instruction, now: datetime) -> list[Event]:
        """Do what is due by now, then this; return all that happened, in order."""
        while self._work(now):
            pass
        self.changes += 1
        self._take[type(event)](event)
        trading.wake(self.floor)
        return self.floor.collect()

    def step(self, now: datetime) -> tuple[list[Event], bool]:
        """One thing that is due by now, and whether there may be more: for a loop that must not be held."""
        more = self._work(now)
        return self.floor.collect(), more

    def next_at(self) -> datetime | None:
        """When something is due of its own accord."""
        return self.floor.agenda.next_at()

    def _work(self, now: datetime) -> bool:
        due = self.floor.agenda.pop(now)
        if due is not None:
            self.changes += 1
            self.floor.now = max(due.at, self.floor.now)
            routine.do(self.floor, due)
            trading.wake(self.floor)
            return True
        if now < self.floor.now:
            raise ValueError(f"the exchange is at {self.floor.now}; it can't go back to {now}")
        self.floor.now = utc(now)
        return False

    # -- memory --------------------------------------------------------------------------------------------------------

    def snapshot(self) -> str:
        """Everything, as JSON text; an engine that restores it goes on as if this one had never stopped."""
        return remembered(self.floor)

    @classmethod
    def restore(
        cls,
        text: str,
        market: Market,
        *,
        parameters: ExchangeParameters = ExchangeParameters(),
        seed: int = 0,
        faults: FaultSchedule = NO_FAULTS,
    ) -> Self:
        """Raises `NotThisMarket` where market or seed are not those it was taken of."""
        engine = cls(market, parameters=parameters, seed=seed, faults=faults)
        recall(engine.floor, text)
        return engine

    # -- looking in ----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.floor.now

    @property
    def market(self) -> Market:
        return self.floor.market

    def account(self, name: str) -> Account:
        """Cash and holdings, the house's own accounts included."""
        return self.floor.accounts[name]

    def accounts(self) -> list[Account]:
        return list(self.floor.accounts.clients())

    def everybody(self) -> list[Account]:
        """Clients and house: what all of them own never changes but by what is issued to them."""
        return list(self.floor.accounts.all())

    def margin(self, account: str) -> Margin:
        return margin_now(self.floor, account)

    def what_if(self, ticket: Ticket) -> Margin | Refusal:
        """The account's margin as if this order had filled, and no other; nothing is placed."""
        return impossible(self.floor, ticket) or margin_alone(self.floor, ticket)

    def order(self, perm_id: int) -> Order | None:
        return self.floor.orders.find(perm_id)

    def open_orders(self, account: str = "") -> list[Order]:
        return self.floor.orders.living(account)

    def completed_orders(self, account: str = "") -> list[Order]:
        """Of today, those that are dead."""
        return [order for order in self.floor.orders.all() if not order.alive and account in ("", order.ticket.account)]

    def status(self, perm_id: int) -> OrderStatus | None:
        """What would be told of an order now; it takes no number."""
        order = self.floor.orders.find(perm_id)
        return None if order is None else status_of(order, self.floor.numbers.seq, self.floor.now)

    def executions(self, account: str = "") -> list[tuple[Executed, Charged | None]]:
        """Since midnight, as a broker tells them, each with its bill; a combo as a whole has none."""
        found = [each for each in self.floor.executions if account in ("", each.account)]
        return [(each, self.floor.charges.get(each.exec_id)) for each in found]

    def price(self, con_id: int) -> float:
        """What one is worth now, as accounts are valued."""
        return self.floor.price(con_id)

    def quote(self, con_id: int) -> Quote | None:
        """The newest that was told."""
        return self.floor.quotes.get(con_id)

    def halted(self, con_id: int) -> bool:
        return self.floor.halted(con_id)

    def restricted(self, con_id: int) -> bool:
        """Short sales only above the bid, today."""
        watch = self.floor.watches.get(con_id)
        return watch is not None and watch.restricted(self.floor.today())

    def shortable(self, con_id: int) -> int:
        """Shares that can be borrowed now."""
        return max(self.floor.may_short(con_id), 0)

    def prior_close(self, con_id: int) -> float:
        """Of the session before the one in force; 0 where it isn't known."""
        watch = self.floor.watches.get(con_id)
        return 0.0 if watch is None else watch.prior_close if watch.in_session else watch.close

    def closed_at(self, con_id: int, price: float) -> None:
        """The session before this exchange began ended there: restrictions of short sales and gaps go by it."""
        self.changes += 1
        watch = self.floor.watch(con_id)
        watch.prior_close = watch.close = price

    # -- what comes in -------------------------------------------------------------------------------------------------

    def _look(self, event: Look) -> None:
        self.floor.instrument(event.con_id)  # an unknown one is refused
        self.floor.looked[event.con_id] = self.floor.looked.get(event.con_id, 0) + 1
        self.floor.line(event.con_id)

    def _look_away(self, event: LookAway) -> None:
        left = self.floor.looked.get(event.con_id, 0) - 1
        if left > 0:
            self.floor.looked[event.con_id] = left
        else:
            self.floor.looked.pop(event.con_id, None)
            self.floor.drop_line(event.con_id)

    def _deposit(self, event: Deposit) -> None:
        account = self.floor.accounts.open(event.account)
        self.floor.accounts.pay(OUTSIDE, account.name, event.amount)
        self.floor.tell_move(account.name, Cause.DEPOSIT, None, Decimal(0), event.amount)

    def _set_shortable(self, event: SetShortable) -> None:
        self.floor.shortable[event.con_id] = event.shares

    def _pushed(self, quote: Quote) -> None:
        """A quote from outside keeps its number; orders meet it as they would any other."""
        floor = self.floor
        if floor.push is None:
            raise ValueError(f"{floor.market.name} makes its own quotes and takes none from outside")
        if not floor.push(quote):
            return
        con_id = quote.con_id
        floor.quotes[con_id] = quote
        floor.out.append(quote)
        if floor.taken and not quote.carried:
            floor.taken.pop(con_id, None)
        if con_id in floor.watches or con_id == floor.underlying(con_id):
            routine.see(floor, floor.watch(con_id), quote.bid, quote.ask)
        if floor.orders.awaits(con_id):
            trading.quoted(floor, (con_id,))

    def _handlers(self) -> dict[type, Callable[[Any], object]]:
        floor = self.floor
        return {
            Quote: self._pushed,
            Tick: lambda event: None,
            Look: self._look,
            LookAway: self._look_away,
            Place: lambda event: trading.place(floor, event.ticket),
            Modify: lambda event: trading.modify(floor, event.perm_id, event.ticket),
            Cancel: lambda event: trading.ask_cancel(floor, event.perm_id, event.owner),
            CancelAll: lambda event: trading.cancel_all(floor, event.account),
            Exercise: lambda event: overnight.instruct(floor, event),
            Halt: lambda event: floor.halt(floor.underlying(event.con_id), event.seconds),
            Deposit: self._deposit,
            SetShortable: self._set_shortable,
        }
