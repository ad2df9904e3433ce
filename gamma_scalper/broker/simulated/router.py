"""Orders on their way to the exchange, and requests about them."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from attrs import evolve

from gamma_scalper.broker.simulated.seat import Seat
from gamma_scalper.broker.simulated.telling import fill_of
from gamma_scalper.broker.simulated.tickets import check_tradable, on_tick, ticket_of
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Option, Stock, Tradable
from gamma_scalper.domain.money import Money, to_cents, to_decimal
from gamma_scalper.domain.orders import Intent, IntentId, Pricing, Purpose
from gamma_scalper.domain.ports import (
    Altered,
    Link,
    MarginImpact,
    NotReady,
    OrderEvent,
    OrderReport,
    Refused,
    Standing,
    Unanswered,
)
from gamma_scalper.exchange.acceptance import Refusal, combo_of
from gamma_scalper.exchange.events import Notice, OrderStatus
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.overnight import intrinsic
from gamma_scalper.exchange.tickets import Cancel, Exercise, Modify, Place, Ticket, TimeInForce

_NOT_FOUND, _CANNOT_CANCEL, _TOO_LARGE, _INSTRUCTION = 10147, 10148, 383, 322
_ZERO = Decimal(0)


class SimulatedRouter:
    """Straight to the engine; what became of it is heard at the seat, like everything else."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._engine = seat.venue.engine
        before = [*self._engine.open_orders(seat.account), *self._engine.completed_orders(seat.account)]
        self._sent = {order.ticket.order_ref for order in before}
        self._lost: dict[str, Ticket] = {}  # orderRef -> what was sent and never arrived

    # -- orders --------------------------------------------------------------------------------------------------------

    async def place(self, intent: Intent) -> None:
        self._seat.check_ready()
        self._check_account(intent)
        ref = str(intent.id)
        if ref in self._sent:
            raise Refused(f"{ref} was sent already; nothing is sent twice")
        ticket = ticket_of(intent)
        check_tradable(self._engine.market, ticket)
        self._sent.add(ref)
        whose = ticket.owner, ticket.account
        if self._seat.strikes(Kind.LOST_ORDER, *whose) is not None:
            self._lost[ref] = ticket
            return
        precaution = self._seat.strikes(Kind.PRECAUTION_383, *whose)
        if precaution is not None:
            self._not_taken(ticket, int(precaution.amount) or _TOO_LARGE)
            return
        preset = self._seat.strikes(Kind.PRESET_CHANGE, *whose)
        if preset is not None:
            self._place_altered(ticket, int(preset.amount))
        else:
            self._seat.venue.do(Place(ticket))

    async def amend(self, intent: IntentId, pricing: Pricing) -> None:
        self._seat.check_ready()
        if str(intent) in self._lost:
            raise NotReady(f"{intent} is not acknowledged; an amendment would place it anew")
        order = self._living(intent)[-1]
        kind = on_tick(self._instrument(order.ticket), order.ticket.side, pricing)
        self._seat.venue.do(Modify(order.perm_id, evolve(order.ticket, kind=kind)))

    async def cancel(self, intent: IntentId) -> None:
        self._seat.check_ready()
        if str(intent) in self._lost:
            self._not_found(self._lost[str(intent)])
            return
        living = self._living(intent)
        order = living[-1]
        whose = order.ticket.owner, order.ticket.account
        if self._seat.strikes(Kind.LOST_CANCEL, *whose) is not None:
            return
        for kind, code, text in (
            (Kind.CANCEL_10147, _NOT_FOUND, "that needs to be cancelled is not found."),
            (Kind.CANCEL_10148, _CANNOT_CANCEL, "that needs to be cancelled cannot be cancelled."),
        ):
            if self._seat.strikes(kind, *whose) is not None:
                text = f"OrderId {order.perm_id} {text}"
                self._seat.orders.doubt(order.perm_id, self._seat.venue.now(), code, text)
                return
        for each in living:
            self._seat.venue.do(Cancel(each.perm_id, each.ticket.owner))

    async def exercise(self, option: Option, quantity: int, *, lapse: bool = False) -> None:
        self._seat.check_ready()
        if quantity < 1:
            raise Refused(f"{quantity} options can't be exercised")
        self._check_worth(option, lapse)
        told = self._seat.venue.do(Exercise(self._seat.account, option.con_id, quantity, lapse))
        refused = next((each for each in told if isinstance(each, Notice) and each.perm_id is None), None)
        if refused is not None and refused.con_id is None:
            raise Refused(refused.text, refused.code)

    # -- requests ------------------------------------------------------------------------------------------------------

    async def what_if(self, intent: Intent) -> MarginImpact:
        if intent.purpose is not Purpose.ENTRY:
            raise Refused(f"{intent.id}: margin is asked for entries only, not for {intent.purpose.value}")
        self._seat.check_ready()
        self._check_account(intent)
        ticket = ticket_of(intent)
        check_tradable(self._engine.market, ticket)
        await self._seat.answer()
        if self._seat.link.link is not Link.READY:
            raise Unanswered(f"the margin of {intent.id}: the broker is {self._seat.link.link.value}")
        before, after = self._engine.margin(self._seat.account), self._engine.what_if(ticket)
        if isinstance(after, Refusal):
            raise Refused(after.text, after.code)
        if self._seat.strikes(Kind.WHAT_IF_UNSET, ticket.owner, ticket.account) is not None:
            raise Unanswered("the broker left the figures of the what-if out")
        return MarginImpact(
            initial_change=dollars(after.initial - before.initial),
            initial_after=dollars(after.initial),
            maintenance_after=dollars(after.maintenance),
            equity_with_loan_after=dollars(after.loan_value),
        )

    def events(self) -> AsyncIterator[OrderEvent]:
        return self._seat.orders.events()

    async def open_orders(self) -> Sequence[OrderReport]:
        await self._seat.answer()
        return self._seat.orders.open_orders()

    async def completed_orders(self) -> Sequence[OrderReport]:
        await self._seat.answer()
        return self._seat.orders.completed_orders()

    async def executions(self) -> Sequence[Fill]:
        await self._seat.answer()
        told = (fill_of(self._engine, each) for each, _ in self._engine.executions(self._seat.account))
        return tuple(fill for fill in told if fill is not None)

    # -- parts of it ---------------------------------------------------------------------------------------------------

    def _check_account(self, intent: Intent) -> None:
        if intent.account != self._seat.account:
            raise Refused(f"{intent.id} is for another account than the one that is connected")

    def _check_worth(self, option: Option, lapse: bool) -> None:
        """Nobody exercises at a loss or lets a profit lapse; a broker takes neither unless it is told so twice."""
        price = self._engine.price(option.underlying_con_id)
        worth = intrinsic(option, to_decimal(price))
        if price and bool(worth) is lapse:
            where = "in" if worth else "out of"
            raise Refused(f"the option is {where} the money", _INSTRUCTION)

    def _living(self, intent: IntentId) -> list[Order]:
        """Those that are alive of the orders of an intent, the newest last; mostly there is one."""
        ref = str(intent)
        living = [order for order in self._engine.open_orders(self._seat.account) if order.ticket.order_ref == ref]
        if not living:
            raise Refused(f"{intent} is dead" if ref in self._sent else f"{intent} is not known here")
        return living

    def _instrument(self, ticket: Ticket) -> Tradable:
        if not isinstance(ticket.what, int):
            return combo_of(self._engine.floor, ticket.what)
        instrument = self._engine.market.instrument(ticket.what)
        if not isinstance(instrument, Stock | Option):
            raise Refused(f"{instrument.symbol} can't be traded")
        return instrument

    def _not_taken(self, ticket: Ticket, code: int) -> None:
        self._seat.orders.tell(
            OrderReport(
                at=self._seat.venue.now(),
                order_ref=ticket.order_ref,
                perm_id=0,
                standing=Standing.REJECTED,
                filled=_ZERO,
                remaining=_ZERO,
                code=code,
                why="The following order exceeds a limit of the precautionary settings",
            )
        )

    def _not_found(self, ticket: Ticket) -> None:
        """A cancel of what never arrived says nothing of what may still arrive."""
        self._seat.orders.tell(
            OrderReport(
                at=self._seat.venue.now(),
                order_ref=ticket.order_ref,
                perm_id=0,
                standing=Standing.UNKNOWN,
                filled=_ZERO,
                remaining=ticket.quantity,
                code=_NOT_FOUND,
                why="The order that needs to be cancelled is not found",
            )
        )

    def _place_altered(self, ticket: Ticket, more: int) -> None:
        """A preset of the broker's platform changes it on the way; the echo shows it, and a cancel is asked for."""
        if more:
            changed = evolve(ticket, quantity=ticket.quantity + more)
            difference = f"quantity: sent {ticket.quantity}, echoed {changed.quantity}"
        else:
            changed = evolve(ticket, tif=TimeInForce.DAY, good_till=None)
            difference = f"tif: sent {ticket.tif}, echoed {changed.tif}"
        venue = self._seat.venue
        told = venue.do(Place(changed))
        perm_id = next(each.perm_id for each in told if isinstance(each, OrderStatus) and each.owner == ticket.owner)
        self._seat.orders.tell(
            Altered(at=venue.now(), order_ref=ticket.order_ref, perm_id=perm_id, differences=(difference,))
        )
        venue.do(Cancel(perm_id, ticket.owner))


def dollars(amount: float) -> Money:
    return Money(to_cents(to_decimal(amount)))
