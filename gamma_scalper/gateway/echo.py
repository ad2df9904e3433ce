"""The broker's word on an order: the echo of it, its status, its executions, its bill."""

from datetime import datetime
from decimal import Decimal

from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.exchange import events
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import Kind, MarketOnClose, Stop, Ticket
from gamma_scalper.gateway.contracts import Catalogue, combo_described
from gamma_scalper.gateway.moments import stamp
from gamma_scalper.gateway.order_numbers import OrderNumbers, Owner
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.contracts import ContractFields, LegFields
from gamma_scalper.gateway.wire.orders import OrderFields, OrderStateFields

_LIQUIDITY_REMOVED = 2


class Echo:
    """Puts what the exchange knows of an order into the words it was sent in."""

    def __init__(self, catalogue: Catalogue, numbers: OrderNumbers) -> None:
        self._catalogue = catalogue
        self._numbers = numbers

    def contract(self, owner: Owner, ticket: Ticket) -> ContractFields:
        """In full, however little of it the client gave."""
        if isinstance(ticket.what, int):
            return self._catalogue.described(ticket.what)
        sent = self._numbers.sent(owner)
        legs = tuple(
            LegFields(leg.con_id, abs(leg.ratio), "BUY" if leg.ratio > 0 else "SELL", "SMART") for leg in ticket.what
        )
        asked = sent.contract if sent is not None and sent.contract.legs else ContractFields(legs=legs)
        return combo_described([self._catalogue.instrument(leg.con_id) for leg in ticket.what], asked)

    def order(self, owner: Owner, ticket: Ticket, perm_id: int, parent: Owner | None = None) -> OrderFields:
        """As the exchange has it, which is not always as it was sent."""
        sent = self._numbers.sent(owner)
        order_type, limit, stop = _in_words(ticket.kind)
        return (OrderFields() if sent is None else sent.order).having(
            order_id=owner.order_id,
            client_id=owner.client_id,
            perm_id=perm_id,
            parent_id=0 if parent is None else parent.order_id,
            parent_perm_id=ticket.parent or 0,
            account=ticket.account,
            action="BUY" if ticket.side is Side.BUY else "SELL",
            total_quantity=ticket.quantity,
            order_type=order_type,
            lmt_price=limit,
            aux_price=stop,
            tif=str(ticket.tif),
            good_till_date="" if ticket.good_till is None else stamp(ticket.good_till),
            oca_group=ticket.oca_group,
            oca_type=int(ticket.oca) if ticket.oca_group else 0,
            outside_rth=ticket.outside_rth,
            order_ref=ticket.order_ref,
            what_if=False,
        )

    def parent_of(self, order: Order, parent: Order | None) -> Owner | None:
        return None if parent is None else Owner.of(parent.ticket.owner)

    def open_order(self, order: Order, parent: Order | None) -> answers.OpenOrder:
        owner = Owner.of(order.ticket.owner)
        fields = self.order(owner, order.ticket, order.perm_id, self.parent_of(order, parent))
        state = OrderStateFields(status=str(order.status))
        return answers.OpenOrder(self.contract(owner, order.ticket), fields, state)

    def completed(self, order: Order, at: datetime) -> answers.CompletedOrder:
        owner = Owner.of(order.ticket.owner)
        fields = self.order(owner, order.ticket, order.perm_id).having(
            filled_quantity=Decimal(order.filled),
        )
        said = f"Filled Size: {order.filled}" if order.status is events.Status.FILLED else order.why
        state = OrderStateFields(
            status=str(order.status),
            completed_time=stamp(at),
            completed_status=said or f"{order.status} by Trader",
        )
        return answers.CompletedOrder(self.contract(owner, order.ticket), fields, state)

    def status(self, event: events.OrderStatus, parent: Owner | None) -> answers.OrderStatus:
        owner = Owner.of(event.owner)
        return answers.OrderStatus(
            order_id=owner.order_id,
            status=str(event.status),
            filled=event.filled,
            remaining=event.remaining,
            avg_fill_price=float(event.average_price),
            perm_id=event.perm_id,
            parent_id=0 if parent is None else parent.order_id,
            last_fill_price=self._numbers.last_price.get(event.perm_id, 0.0) if event.filled else 0.0,
            client_id=owner.client_id,
            why_held=event.why_held,
        )

    def execution(self, event: events.Executed, ticket: Ticket | None, req_id: int) -> answers.Execution:
        """One told unasked has the request id -1."""
        owner = Owner.of(event.owner)
        if event.con_id is not None:
            contract = self._catalogue.described(event.con_id)
        elif ticket is not None:
            contract = self.contract(owner, ticket)
        else:
            contract = ContractFields(sec_type="BAG")
        return answers.Execution(
            req_id=req_id,
            order_id=owner.order_id,
            contract=contract,
            exec_id=event.exec_id,
            time=stamp(event.at),
            account=event.account,
            exchange=contract.exchange,
            side="BOT" if event.side is Side.BUY else "SLD",
            shares=event.quantity,
            price=float(event.price),
            perm_id=event.perm_id,
            client_id=owner.client_id,
            liquidation=int(event.liquidation),
            cum_qty=event.cumulative,
            avg_price=float(event.average_price),
            order_ref=event.order_ref,
            last_liquidity=_LIQUIDITY_REMOVED,
        )

    def bill(self, event: events.Charged, currency: str = "USD") -> answers.CommissionReport:
        """What an opening trade realised is no more than its own costs, which is left out."""
        realised = None if event.realised == -event.fees.total else float(event.realised)
        return answers.CommissionReport(event.exec_id, float(event.fees.total), currency, realised)


def _in_words(kind: Kind) -> tuple[str, float, float]:
    """Type, limit and stop; a price that an order has not is 0, as the broker echoes it."""
    if isinstance(kind, Limit):
        return "LMT", float(kind.price), 0.0
    if isinstance(kind, Stop):
        return "STP", 0.0, float(kind.price)
    return ("MOC" if isinstance(kind, MarketOnClose) else "MKT"), 0.0, 0.0
