"""Orders of one client: placed, held back, changed, cancelled, and what becomes of them."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from attrs import evolve

from gamma_scalper.exchange.acceptance import Refusal
from gamma_scalper.exchange.delivery import UNNUMBERED
from gamma_scalper.exchange.events import Charged, Executed, Status
from gamma_scalper.exchange.events import OrderStatus as StatusEvent
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import Cancel, CancelAll, Modify, Place, Ticket, TimeInForce
from gamma_scalper.gateway.errors import Refused
from gamma_scalper.gateway.order_numbers import Owner, Sent
from gamma_scalper.gateway.order_reading import read_order
from gamma_scalper.gateway.preview import NOTHING_COMPUTED, preview
from gamma_scalper.gateway.roles import Conversation
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire import requests_of_orders as requests

_TOO_LARGE = "Order size exceeds the limit of the precautionary settings"


class OrderDesk:
    """See the module. An order is at the exchange before its message has been left behind."""

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._gateway = session.gateway
        self._held: dict[int, requests.PlaceOrder] = {}  # order id -> an order that isn't to be transmitted yet
        self._echoed: dict[int, Ticket] = {}  # permId -> the terms that were told last

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        return {
            requests.PlaceOrder: self._place,
            requests.CancelOrder: self._cancel,
            requests.CancelAllOrders: self._cancel_all,
        }

    def close(self) -> None:
        """Orders outlive a connection; those that were held back do not."""
        self._held.clear()

    # -- placing -------------------------------------------------------------------------------------------------------

    def _owner(self, order_id: int) -> Owner:
        assert self._session.client_id is not None
        return Owner(self._session.client_id, order_id)

    def _place(self, request: requests.PlaceOrder) -> None:
        owner = self._owner(request.order_id)
        if request.order.what_if:
            self._preview(request, owner)
            return
        numbers, engine = self._gateway.numbers, self._gateway.engine
        known = numbers.order(owner, engine)
        if known is not None and known.alive:
            self._change(request, owner, known)
        elif known is not None and known.status is Status.FILLED:
            raise Refused(104, "Cannot modify a filled order.")
        elif numbers.used(owner) and request.order_id not in self._held:
            raise Refused(103, "Duplicate order id")
        else:
            self._place_new(request, owner)

    def _place_new(self, request: requests.PlaceOrder, owner: Owner) -> None:
        ticket = self._read(request, owner)
        if self._kept_back(request, ticket, owner):
            return
        if not request.order.transmit:
            self._held[request.order_id] = request
            return
        self._held.pop(request.order_id, None)
        parent_id = request.order.parent_id
        family = [
            each for each in self._held.values() if parent_id and parent_id in (each.order_id, each.order.parent_id)
        ]
        for each in sorted(family, key=lambda each: each.order_id != parent_id):
            del self._held[each.order_id]
            self._send(each, self._read(each, self._owner(each.order_id)), self._owner(each.order_id))
        self._send(request, ticket, owner)

    def _read(self, request: requests.PlaceOrder, owner: Owner) -> Ticket:
        ticket, warnings = read_order(
            request.contract,
            request.order,
            catalogue=self._gateway.catalogue,
            accounts=self._gateway.accounts(),
            owner=str(owner),
            now=self._session.now,
        )
        for code, text in warnings:
            self._session.error(request.order_id, code, text)
        return ticket

    def _kept_back(self, request: requests.PlaceOrder, ticket: Ticket, owner: Owner) -> bool:
        """What a fault does to an order before the exchange has it: refused as too large, or lost."""
        names = self._names(ticket, owner)
        large = self._session.delivery.strikes(Kind.PRECAUTION_383, self._session.now, *names)
        if large is not None:
            raise Refused(int(large.amount) or 383, _TOO_LARGE)
        if self._session.delivery.strikes(Kind.LOST_ORDER, self._session.now, *names):
            self._gateway.numbers.take(owner, Sent(request.contract, request.order))
            return True
        return False

    def _send(self, request: requests.PlaceOrder, ticket: Ticket, owner: Owner) -> None:
        ticket = self._preset(ticket, owner)
        if request.order.parent_id:
            parent = self._gateway.numbers.order(self._owner(request.order.parent_id), self._gateway.engine)
            if parent is None:
                raise Refused(10006, f"Missing parent order with id {request.order.parent_id}")
            ticket = evolve(ticket, parent=parent.perm_id)
        self._gateway.numbers.take(owner, Sent(request.contract, request.order))
        self._gateway.do(Place(ticket))

    def _preset(self, ticket: Ticket, owner: Owner) -> Ticket:
        """What the broker's own settings make of it, where a fault says so."""
        changed = self._session.delivery.strikes(Kind.PRESET_CHANGE, self._session.now, *self._names(ticket, owner))
        if changed is None:
            return ticket
        if changed.amount:
            return evolve(ticket, quantity=ticket.quantity + Decimal(int(changed.amount)))
        return evolve(ticket, tif=TimeInForce.DAY, good_till=None)

    def _names(self, ticket: Ticket, owner: Owner) -> tuple[str, ...]:
        """By which a fault may mean an order."""
        symbols = [
            name for leg in ticket.legs for name in (str(leg.con_id), *self._gateway.catalogue.names(leg.con_id))
        ]
        return (str(owner), ticket.account, ticket.order_ref, *symbols)

    def _change(self, request: requests.PlaceOrder, owner: Owner, order: Order) -> None:
        """New terms for a living order; nobody hears of it again until it holds, or is refused."""
        ticket = self._read(request, owner)
        if self._kept_back(request, ticket, owner):
            return
        self._gateway.numbers.take(owner, Sent(request.contract, request.order))
        self._gateway.do(Modify(order.perm_id, self._preset(ticket, owner)))

    def _preview(self, request: requests.PlaceOrder, owner: Owner) -> None:
        """What the order would do to the account; it is not placed, and its id stays free."""
        session = self._session
        ticket = self._read(request, owner)
        if session.delivery.strikes(Kind.WHAT_IF_UNSET, session.now, *self._names(ticket, owner)):
            state = NOTHING_COMPUTED
        else:
            engine = self._gateway.engine
            after = engine.what_if(ticket)
            if isinstance(after, Refusal):
                raise Refused(after.code, after.text)
            state = preview(engine, ticket, engine.margin(ticket.account), after)
        fields = request.order.having(order_id=request.order_id, client_id=owner.client_id, account=ticket.account)
        session.say(answers.OpenOrder(self._gateway.echo.contract(owner, ticket), fields, state))

    # -- cancelling ----------------------------------------------------------------------------------------------------

    def _cancel(self, request: requests.CancelOrder) -> None:
        session, order_id, owner = self._session, request.order_id, self._owner(request.order_id)
        if order_id in self._held:
            held = self._held.pop(order_id)
            session.error(order_id, 202, "Order Canceled - reason:")
            session.say(answers.OrderStatus(order_id, "Cancelled", Decimal(0), held.order.total_quantity))
            return
        order = self._gateway.numbers.order(owner, self._gateway.engine)
        names = (str(owner),) if order is None else self._names(order.ticket, owner)
        if session.delivery.strikes(Kind.LOST_CANCEL, session.now, *names):
            return
        if order is None or session.delivery.strikes(Kind.CANCEL_10147, session.now, *names):
            raise Refused(10147, f"OrderId {order_id} that needs to be cancelled is not found.")
        refused = session.delivery.strikes(Kind.CANCEL_10148, session.now, *names) is not None
        if refused or not order.alive:
            state = str(order.status)
            raise Refused(10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {state}.")
        self._gateway.do(Cancel(order.perm_id, str(owner)))

    def _cancel_all(self, request: requests.CancelAllOrders) -> None:
        self._held.clear()
        self._gateway.do(CancelAll())

    # -- what becomes of them ------------------------------------------------------------------------------------------

    def told(self, event: StatusEvent | Executed | Charged) -> None:
        """In the order it happened; terms that are news are echoed before the status."""
        echo, engine, say = self._gateway.echo, self._gateway.engine, self._session.say
        if isinstance(event, Charged):
            say(echo.bill(event))
            return
        order = engine.order(event.perm_id)
        if isinstance(event, Executed):
            say(echo.execution(event, None if order is None else order.ticket, -1))
            return
        if event.seq == UNNUMBERED and event.code is not None:
            self._session.error(Owner.of(event.owner).order_id, event.code, event.why)
        parent = None
        if order is not None:
            parent = self._parent(order)
            if self._echoed.get(order.perm_id) is not order.ticket:
                say(echo.open_order(order, parent))
                self._echoed[order.perm_id] = order.ticket
            if event.status.dead:
                self._echoed.pop(order.perm_id, None)
        say(echo.status(event, None if parent is None else Owner.of(parent.ticket.owner)))

    def tell_open(self, orders: Iterable[Order]) -> None:
        """Each with its status."""
        for order in orders:
            parent = self._parent(order)
            self._session.say(self._gateway.echo.open_order(order, parent))
            status = self._gateway.engine.status(order.perm_id)
            if status is not None:
                owner = None if parent is None else Owner.of(parent.ticket.owner)
                self._session.say(self._gateway.echo.status(status, owner))

    def _parent(self, order: Order) -> Order | None:
        return None if order.ticket.parent is None else self._gateway.engine.order(order.ticket.parent)
