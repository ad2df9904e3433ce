"""A desk with its clock and its log, and the words that are said to it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from attrs import Factory, define, evolve

from gamma_scalper.domain.entries import DeskEntry, Dispatched, Elapsed, Ordered, RecordsRead
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, IntentId, Limit, OrderState, Purpose, Side
from gamma_scalper.domain.ports import Link, LinkReport, OrderReport, Recap, Standing
from gamma_scalper.domain.proposals import lifetime
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.portfolio.desk import Desk, desk, due, opened
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.effects import Effect
from gamma_scalper.portfolio.tickets import Ticket

T = TypeVar("T")
NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
SPY = Stock(con_id=756733, symbol="SPY")


def option(right: Any, con_id: int) -> Option:
    return Option(
        con_id=con_id,
        underlying_con_id=SPY.con_id,
        symbol="SPY",
        right=right,
        strike="600",
        expiry=date(2026, 2, 20),
        expires_at=datetime(2026, 2, 20, 21, 15, tzinfo=UTC),
        trading_class="SPY",
    )


CALL, PUT = option("C", 1001), option("P", 1002)
STRADDLE = Combo([Leg(CALL, 1), Leg(PUT, 1)])
PARAMETERS = DeskParameters()


def intent(number: int, now: datetime = NOON, *, patience_s: float = 30, **changes: Any) -> Intent:
    given = {
        "id": IntentId("spy", number),
        "purpose": Purpose.HEDGE,
        "instrument": SPY,
        "side": Side.BUY,
        "quantity": 10,
        "pricing": Limit(Decimal("600")),
        "lifetime": lifetime(patience_s, now),
        "account": "DU1",
        "snapshot_ids": (1,),
        "reason": "a test",
    }
    return Intent(**{**given, **changes})


def ordered(*intents: Intent, patience_s: float = 30, **changes: Any) -> Ordered:
    reserved = [Money(Decimal(100))] * len(intents)
    return Ordered(**{"intents": intents, "reserved": reserved, "patience_s": patience_s, "good_for_s": 2.0, **changes})


def quote(instrument: Stock | Option, bid: float, ask: float, now: datetime) -> Quote:
    return Quote(con_id=instrument.con_id, snapshot_id=9, bid=bid, ask=ask, bid_size=50, ask_size=50, received_at=now)


@define
class TradingDesk:
    """Steps the machine, and keeps every entry and effect."""

    state: Desk = Factory(lambda: opened("spy", PARAMETERS))
    now: datetime = NOON
    entries: list[tuple[DeskEntry, datetime]] = Factory(list)
    effects: list[Effect] = Factory(list)
    executions: int = 0

    def tell(self, entry: DeskEntry) -> tuple[Effect, ...]:
        self.state, effects = desk(self.state, entry, self.now)
        self.entries.append((entry, self.now))
        self.effects += effects
        moment = due(self.state)
        assert moment is None or moment > self.now, "what is due was left undone"
        return effects

    def wait(self, seconds: float) -> list[Effect]:
        """Time passes, and the desk is stepped whenever it wants to be."""
        end, before = self.now + timedelta(seconds=seconds), len(self.effects)
        while (moment := due(self.state)) is not None and moment <= end:
            self.now = moment
            self.tell(Elapsed())
        self.now = end
        return self.effects[before:]

    # -- what is said ----------------------------------------------------------------------------------------------

    def link(self, link: Link = Link.READY) -> tuple[Effect, ...]:
        return self.tell(LinkReport(self.now, link, "told so"))

    def order(self, *intents: Intent, **changes: Any) -> tuple[Effect, ...]:
        """Ordered and handed over; those that were not given to be sent are not."""
        effects = self.tell(ordered(*intents, **changes))
        for each in intents:
            if self.ticket(each.id.number).given_at is not None:
                self.tell(Dispatched(each.id))
        return effects

    def report(self, number: int, standing: Standing, **changes: Any) -> tuple[Effect, ...]:
        return self.tell(self.said(number, standing, **changes))

    def said(self, number: int, standing: Standing, **changes: Any) -> OrderReport:
        given = {"order_ref": f"spy/{number}", "perm_id": 100 + number, "filled": 0, "remaining": 0}
        return OrderReport(**{"at": self.now, "standing": standing, **given, **changes})

    def fill(self, number: int, quantity: int, instrument: Stock | Option = SPY, **changes: Any) -> tuple[Effect, ...]:
        return self.tell(self.execution(number, quantity, instrument, **changes))

    def execution(self, number: int, quantity: int, instrument: Stock | Option = SPY, **changes: Any) -> Fill:
        """The next one; negative where it sold."""
        self.executions += 1
        given = {
            "exec_id": f"0000e0d5.{self.executions:08d}.01.01",
            "intent": IntentId("spy", number),
            "perm_id": 100 + number,
            "account": "DU1",
            "instrument": instrument,
            "side": Side.BUY if quantity > 0 else Side.SELL,
            "quantity": abs(quantity),
            "price": "600",
            "at": self.now,
        }
        return Fill(**{**given, **changes})

    def recap(self, *reports: OrderReport) -> tuple[Effect, ...]:
        return self.tell(Recap(at=self.now, why="connected", holdings=(), open_orders=reports))

    def records(
        self, *living: OrderReport, completed: Iterable[OrderReport] | None = (), complete: bool = True
    ) -> tuple[Effect, ...]:
        dead = None if completed is None else tuple(completed)
        return self.tell(RecordsRead(open_orders=living, completed=dead, complete=complete))

    # -- what is seen ----------------------------------------------------------------------------------------------

    def ticket(self, number: int) -> Ticket:
        return self.state.orders[number]

    def became(self, number: int) -> OrderState:
        return self.ticket(number).order.state

    def of(self, kind: type[T]) -> list[T]:
        """All effects of a kind so far."""
        return [effect for effect in self.effects if isinstance(effect, kind)]


def replayed(entries: Iterable[tuple[DeskEntry, datetime]], parameters: DeskParameters = PARAMETERS) -> Desk:
    """The state as a restart would find it."""
    state = opened("spy", parameters)
    for entry, now in entries:
        state, _ = desk(state, entry, now)
    return state


def at_work() -> TradingDesk:
    """With the line up."""
    trading = TradingDesk()
    trading.link()
    trading.effects.clear()
    return trading


def corrected(fill: Fill, quantity: int) -> Fill:
    return evolve(fill, exec_id=fill.exec_id[:-2] + "02", quantity=quantity)
