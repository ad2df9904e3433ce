"""How an order ends, and what that means for those that hang on it."""

from decimal import Decimal

from attrs import evolve

from gamma_scalper.exchange.events import Status
from gamma_scalper.exchange.floor import Floor
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import Stop


def end(floor: Floor, order: Order, status: Status, why: str) -> None:
    """Dead, once. Its children wake when it has filled, live on for what it had filled, or die with it."""
    if not order.alive:
        return
    order.status, order.why, order.why_held = status, why, ""
    floor.orders.bury(order)
    for leg in order.ticket.legs:
        floor.drop_line(leg.con_id)
    floor.tell_status(order)
    for child in floor.orders.children(order.perm_id):
        if not order.filled:
            end(floor, child, Status.CANCELLED, "its parent was cancelled")
            continue
        if order.left:
            child.change(evolve(child.ticket, quantity=min(Decimal(order.filled), child.ticket.quantity)))
        child.asleep = isinstance(child.ticket.kind, Stop)
        child.why_held = "trigger" if child.asleep else ""
        floor.woken.append(child.perm_id)
