"""A market whose every quote a test writes, and an exchange over it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.instruments import Option, Right, Settlement, Stock
from gamma_scalper.domain.orders import Limit, Market, Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Event, Executed, Moved, Notice, OrderStatus, Status
from gamma_scalper.exchange.faults import NO_FAULTS, FaultSchedule
from gamma_scalper.exchange.parameters import FRICTIONLESS, CarryParameters, ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay.hours import trading_hours
from gamma_scalper.exchange.replay.pushed import Pushed
from gamma_scalper.exchange.tickets import Cancel, ComboLeg, Kind, Modify, Place, Tick, Ticket
from gamma_scalper.pricing.dividends import DividendSchedule

ME, YOU = "DU1", "DU2"
SPY = 1
MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # 10:00 in New York
CLOSE = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
NO_CARRY = CarryParameters(credit_rate_pct=0, debit_rate_pct=0, borrow_fee_pct=0)


def option(con_id: int, right: Right, strike: int, expiry: date, settlement: Settlement = "physical") -> Option:
    closes = datetime(expiry.year, expiry.month, expiry.day, 21, tzinfo=UTC)
    return Option(
        con_id=con_id,
        underlying_con_id=SPY,
        symbol="SPY",
        right=right,
        strike=Decimal(strike),
        expiry=expiry,
        expires_at=closes,
        settlement=settlement,
        exercise="american" if settlement == "physical" else "european",
        trading_class={"physical": "SPY", "cash_pm": "SPXW", "cash_am": "SPX"}[settlement],
    )


FRIDAY = date(2026, 1, 9)
CALL, PUT = option(11, "C", 600, FRIDAY), option(12, "P", 600, FRIDAY)
HIGH_CALL, LOW_PUT = option(13, "C", 610, FRIDAY), option(14, "P", 590, FRIDAY)
CHAIN = (CALL, PUT, HIGH_CALL, LOW_PUT)

STRADDLE = (ComboLeg(CALL.con_id, 1), ComboLeg(PUT.con_id, 1))


class Venue:
    """The exchange of a test: quotes, orders and time by hand; all that was said is kept."""

    def __init__(
        self,
        venue: VenueParameters = FRICTIONLESS,
        *,
        options: Sequence[Option] = CHAIN,
        cash: int = 1_000_000,
        carry: CarryParameters = NO_CARRY,
        faults: FaultSchedule = NO_FAULTS,
        dividends: DividendSchedule | None = None,
        start: datetime = MONDAY,
    ) -> None:
        self.market = Pushed(
            [Stock(con_id=SPY, symbol="SPY"), *options],
            trading_hours(start.date() - timedelta(days=10), start.date() + timedelta(days=120)),
            start,
            dividends={SPY: dividends} if dividends else None,
        )
        self.engine = Engine(
            self.market,
            accounts={ME: Decimal(cash), YOU: Decimal(cash)},
            parameters=ExchangeParameters(venue=venue, carry=carry),
            seed=7,
            faults=faults,
        )
        self.now = start
        self.said: list[Event] = []
        self._snapshots = 0

    def quote(
        self,
        con_id: int,
        bid: float | None,
        ask: float | None,
        sizes: tuple[int, int] = (1_000, 1_000),
        carried: bool = False,
    ) -> list[Event]:
        self._snapshots += 1
        return self._keep(
            self.engine.on(
                Quote(
                    con_id=con_id,
                    snapshot_id=self._snapshots,
                    bid=bid,
                    ask=ask,
                    bid_size=0 if bid is None else sizes[0],
                    ask_size=0 if ask is None else sizes[1],
                    received_at=self.now,
                    carried=carried,
                ),
                self.now,
            )
        )

    def place(
        self,
        side: Side,
        quantity: int,
        what: int | tuple[ComboLeg, ...] = SPY,
        kind: Kind = Market(),
        account: str = ME,
        **more: object,
    ) -> int:
        """The permId of the order."""
        ticket = Ticket(account=account, what=what, side=side, quantity=Decimal(quantity), kind=kind, **more)
        events = self._keep(self.engine.on(Place(ticket), self.now))
        return next(event.perm_id for event in events if isinstance(event, OrderStatus))

    def buy(
        self, quantity: int, limit: str | None = None, what: int | tuple[ComboLeg, ...] = SPY, **more: object
    ) -> int:
        return self.place(Side.BUY, quantity, what, Market() if limit is None else Limit(limit), **more)

    def sell(
        self, quantity: int, limit: str | None = None, what: int | tuple[ComboLeg, ...] = SPY, **more: object
    ) -> int:
        return self.place(Side.SELL, quantity, what, Market() if limit is None else Limit(limit), **more)

    def modify(self, perm_id: int, **changes: object) -> list[Event]:
        return self._keep(self.engine.on(Modify(perm_id, evolve(self.order(perm_id).ticket, **changes)), self.now))

    def cancel(self, perm_id: int) -> list[Event]:
        return self._keep(self.engine.on(Cancel(perm_id), self.now))

    def do(self, instruction: object) -> list[Event]:
        return self._keep(self.engine.on(instruction, self.now))

    def wait(self, until: datetime | float) -> list[Event]:
        """To a moment, or for so many seconds."""
        self.now = until if isinstance(until, datetime) else self.now + timedelta(seconds=until)
        return self._keep(self.engine.on(Tick(), self.now))

    def order(self, perm_id: int):
        return self.engine.order(perm_id)

    def status(self, perm_id: int) -> Status:
        return self.order(perm_id).status

    def fills(self, perm_id: int) -> list[tuple[int, Decimal]]:
        return [
            (int(each.quantity), each.price)
            for each in self.said
            if isinstance(each, Executed) and each.perm_id == perm_id and (each.con_id is None or not each.combo)
        ]

    def codes(self) -> list[int]:
        return [each.code for each in self.said if isinstance(each, Notice)]

    def moves(self) -> list[tuple[str, str, int | None, Decimal, Decimal]]:
        return [
            (each.account, each.cause.value, each.con_id, each.quantity, each.cash)
            for each in self.said
            if isinstance(each, Moved)
        ]

    def holds(self, con_id: int, account: str = ME) -> int:
        return int(self.engine.account(account).quantity(con_id))

    def cash(self, account: str = ME) -> Decimal:
        return self.engine.account(account).cash

    def _keep(self, events: list[Event]) -> list[Event]:
        self.said += events
        return events


def quoted(**more: object) -> Venue:
    """With the shares at 599.99 to 600.01."""
    venue = Venue(**more)
    venue.quote(SPY, 599.99, 600.01)
    return venue
