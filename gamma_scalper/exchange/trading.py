"""The life of an order at the exchange: it is taken or refused, arrives, is held, meets quotes, changes and ends."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.exchange.acceptance import Refusal, refusal
from gamma_scalper.exchange.agenda import Duty
from gamma_scalper.exchange.ending import end
from gamma_scalper.exchange.events import Status
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.filling import match, short_sales
from gamma_scalper.exchange.floor import BEFORE_CLOSE, Floor
from gamma_scalper.exchange.orders import Order, Pending
from gamma_scalper.exchange.tickets import MarketOnClose, Oca, Stop, Ticket, TimeInForce

_SYSTEM = Refusal(201, "Order rejected - reason:The broker's system refused the order")
_RACE = timedelta(seconds=5)


def place(floor: Floor, ticket: Ticket) -> Order:
    """Take it or refuse it. It reaches the book after the venue's latency."""
    floor.numbers.perm_id += 1
    ticket = _capped(floor, _as_kept(ticket))
    order = Order(floor.numbers.perm_id, ticket, floor.now)
    refused = refusal(floor, ticket) or _refused_by_fault(floor, ticket)
    if refused is not None:
        order.code, order.why, order.status = refused.code, refused.text, Status.INACTIVE
        floor.orders.add(order)
        floor.tell(refused.code, refused.text, perm_id=order.perm_id, owner=ticket.owner)
        floor.tell_status(order)
        return order
    child = _has_waiting_parent(floor, order)
    order.asleep = child or isinstance(ticket.kind, Stop)
    order.why_held = "child" if child else "trigger" if order.asleep else ""
    order.ends_at = _end_of(floor, ticket)
    floor.orders.add(order)
    floor.tell_status(order)
    if not ticket.outside_rth and not all(floor.is_open(leg.con_id) for leg in ticket.legs):
        text = "Order Message: Warning: your order will not be placed at the exchange until the market opens."
        floor.tell(399, text, perm_id=order.perm_id, owner=ticket.owner)
    _after_latency(floor, Duty.ARRIVE, order)
    return order


def _as_kept(ticket: Ticket) -> Ticket:
    """What a broker makes of a ticket without a word."""
    if ticket.outside_rth and ticket.limit is None:
        ticket = evolve(ticket, outside_rth=False)
    if isinstance(ticket.kind, MarketOnClose) and ticket.tif is not TimeInForce.DAY:
        ticket = evolve(ticket, tif=TimeInForce.DAY, good_till=None)
    if ticket.parent is not None and not ticket.oca_group:  # a bracket's children stand in for one another
        ticket = evolve(ticket, oca_group=f"bracket {ticket.parent}", oca=Oca.REDUCE)
    return ticket


def _capped(floor: Floor, ticket: Ticket) -> Ticket:
    """The child of a parent that died with a part filled is for that part."""
    parent = floor.orders.find(ticket.parent) if ticket.parent is not None else None
    if parent is None or parent.alive or not parent.filled or not parent.left:
        return ticket
    return evolve(ticket, quantity=min(ticket.quantity, Decimal(parent.filled)))


def _after_latency(floor: Floor, duty: Duty, order: Order) -> None:
    latency = floor.parameters.venue.latency_ms
    if latency:
        floor.agenda.put(floor.now + timedelta(milliseconds=latency), duty, order.perm_id)
    elif duty is Duty.ARRIVE:
        arrive(floor, order)
    elif duty is Duty.AMEND:
        amend(floor, order)
    else:
        cancel(floor, order)


def _refused_by_fault(floor: Floor, ticket: Ticket) -> Refusal | None:
    return _SYSTEM if floor.faults.strikes(Kind.REJECT_201, floor.now, ticket.account) else None


def _has_waiting_parent(floor: Floor, order: Order) -> bool:
    parent = floor.orders.find(order.ticket.parent) if order.ticket.parent is not None else None
    return parent is not None and parent.alive


def _end_of(floor: Floor, ticket: Ticket) -> datetime | None:
    """Its session's close, its own moment, or the end of the first of its options, whichever is first."""
    ends = [each.expires_at for leg in ticket.legs if isinstance(each := floor.instrument(leg.con_id), Option)]
    if ticket.tif in (TimeInForce.DAY, TimeInForce.IOC):  # of the latter those asleep live on
        ends += [floor.closes(leg.con_id) for leg in ticket.legs]
    elif ticket.tif is TimeInForce.GTD and ticket.good_till is not None:
        ends.append(ticket.good_till)
    return min(ends, default=None)


# -- in the book -------------------------------------------------------------------------------------------------------


def arrive(floor: Floor, order: Order) -> None:
    """It is in the book: it meets the quotes in force, waits for others, and has an end."""
    if not order.alive:
        return
    if order.ends_at is not None and order.ends_at <= floor.now:
        end(floor, order, Status.CANCELLED, "its lifetime ended on the way")
        return
    if floor.faults.strikes(Kind.INACTIVE, floor.now, order.ticket.account):  # taken first, and then refused
        order.code = _SYSTEM.code
        floor.tell(_SYSTEM.code, _SYSTEM.text, perm_id=order.perm_id, owner=order.ticket.owner)
        end(floor, order, Status.INACTIVE, _SYSTEM.text)
        return
    order.arrived = True
    for leg in order.ticket.legs:
        floor.line(leg.con_id)
    attempt(floor, order)
    if order.status.dead:
        for leg in order.ticket.legs:
            floor.drop_line(leg.con_id)
    else:
        floor.orders.wait(order)
        _put_ends(floor, order)


def _put_ends(floor: Floor, order: Order) -> None:
    if order.ends_at is not None:
        floor.agenda.put(order.ends_at, Duty.EXPIRE, order.perm_id)
    if isinstance(order.ticket.kind, MarketOnClose):
        at = floor.closes(order.ticket.legs[0].con_id) - BEFORE_CLOSE
        floor.agenda.put(max(at, floor.now), Duty.AT_CLOSE, order.perm_id)


def quoted(floor: Floor, con_ids: Iterable[int]) -> None:
    """New quotes may be what orders waited for; the older order goes first."""
    for order in floor.orders.waiting(con_ids):
        attempt(floor, order)


def wake(floor: Floor) -> None:
    """Children whose parent has filled meet the quotes, each after the other; nothing is left over."""
    while floor.woken:
        child = floor.orders.find(floor.woken.pop(0))
        if child is not None and child.arrived:
            attempt(floor, child)


def attempt(floor: Floor, order: Order) -> None:
    """Meet the quotes in force, if it may."""
    if not order.alive or (order.asleep and not _wakes(floor, order)):
        return
    held = _held(floor, order)
    if held is not None:
        _stand(floor, order, Status.PRE_SUBMITTED, held)
    else:
        filled, before = order.filled, (order.status, order.why_held)
        order.status, order.why_held = Status.SUBMITTED, ""
        match(floor, order)
        if order.filled == filled and before != (Status.SUBMITTED, ""):  # a fill would have told it
            floor.tell_status(order)
    if order.ticket.tif is TimeInForce.IOC:
        end(floor, order, Status.CANCELLED, "what did not fill at once")


def _stand(floor: Floor, order: Order, status: Status, why_held: str) -> None:
    if (order.status, order.why_held) != (status, why_held):
        order.status, order.why_held = status, why_held
        floor.tell_status(order)


def _wakes(floor: Floor, order: Order) -> bool:
    """A stop whose price was reached; a child is woken by its parent alone."""
    stop = order.ticket.kind
    if not isinstance(stop, Stop) or _has_waiting_parent(floor, order) or not isinstance(order.ticket.what, int):
        return False
    quote = floor.fresh_quote(order.ticket.what)
    if quote is None or not quote.usable or not floor.is_open(order.ticket.what):
        return False
    reached = quote.ask if order.ticket.side.sign > 0 else quote.bid
    if reached is None or (to_decimal(reached) - stop.price) * order.ticket.side.sign < 0:
        return False
    order.asleep = False
    return True


def _held(floor: Floor, order: Order) -> str | None:
    """Why it can't be at the market now; None if it can. A broker mostly says no more than that it is held."""
    ticket = order.ticket
    if isinstance(ticket.kind, MarketOnClose):
        return ""
    for leg in ticket.legs:
        early = ticket.outside_rth and not isinstance(floor.instrument(leg.con_id), Option)
        if floor.halted(leg.con_id) or not (floor.is_open(leg.con_id) or early):
            return ""
    for con_id, shares in short_sales(floor, order).items():
        symbol = floor.instrument(con_id).symbol
        slow = floor.faults.strikes(Kind.LOCATE_404, floor.now, symbol, ticket.account) is not None
        if slow or shares > floor.may_short(con_id):
            if order.why_held != "locate":
                text = "Order held while securities are located."
                floor.tell(404, text, perm_id=order.perm_id, owner=ticket.owner)
            return "locate"
        if floor.watch(con_id).restricted(floor.today()) and not isinstance(ticket.what, int):
            return ""  # a combo can't wait for a buyer above the bid
    return None


# -- changes and ends --------------------------------------------------------------------------------------------------


def modify(floor: Floor, perm_id: int, ticket: Ticket) -> None:
    """Ask for another ticket; it takes the old one's place after the venue's latency."""
    order = floor.orders.find(perm_id)
    if order is None:
        floor.tell(10147, f"OrderId {perm_id} that needs to be modified is not found", owner=ticket.owner)
        return
    if not order.alive:
        what = "filled" if order.status is Status.FILLED else "cancelled"
        floor.tell(104, f"Can't modify a {what} order", perm_id=perm_id, owner=order.ticket.owner)
        return
    old = order.ticket  # whose order it is and what it hangs on can't be changed
    ticket = evolve(
        ticket, parent=old.parent, oca_group=old.oca_group, oca=old.oca, owner=old.owner, order_ref=old.order_ref
    )
    ticket = _as_kept(ticket)
    refused = refusal(floor, ticket, order)
    if refused is not None:
        floor.tell(refused.code, refused.text, perm_id=perm_id, owner=ticket.owner)
    elif floor.faults.strikes(Kind.SECOND_PERM_ID, floor.now, ticket.account):
        place(floor, evolve(ticket, quantity=Decimal(int(ticket.quantity) - order.filled)))
    else:
        order.pending.append(Pending(ticket, order.quantity))
        _after_latency(floor, Duty.AMEND, order)


def amend(floor: Floor, order: Order) -> None:
    """The new ticket holds from now on, and meets the market as if it had just come."""
    if not order.pending or not order.alive:
        return
    ticket, quantity = order.pending.pop(0)
    cut = max(quantity - order.quantity, 0)  # by its group or its parent, while this was on its way
    ticket = _capped(floor, evolve(ticket, quantity=max(ticket.quantity - cut, Decimal(0))))
    if int(ticket.quantity) <= order.filled:
        end(floor, order, Status.CANCELLED, "what was left of it was taken off")
        return
    triggered = ticket.kind == order.ticket.kind and not order.asleep
    order.change(ticket)
    order.rested, order.above_bid = False, None
    order.asleep = _has_waiting_parent(floor, order) or (isinstance(ticket.kind, Stop) and not triggered)
    order.ends_at = _end_of(floor, ticket)
    if order.ends_at is not None and order.ends_at <= floor.now:
        end(floor, order, Status.CANCELLED, "its lifetime ended on the way")
        return
    floor.tell_status(order)
    if order.arrived:
        _put_ends(floor, order)
        attempt(floor, order)


def ask_cancel(floor: Floor, perm_id: int, owner: str = "") -> None:
    """Ask; it takes effect after the venue's latency, and a fill may come before it."""
    order = floor.orders.find(perm_id)
    if order is None:
        floor.tell(10147, f"OrderId {perm_id} that needs to be cancelled is not found.", owner=owner)
    elif not order.alive:
        _too_late(floor, order)
    else:
        _after_latency(floor, Duty.CANCEL, order)


def cancel_all(floor: Floor, account: str) -> None:
    """Every living order of one account, or of all."""
    for order in floor.orders.living(account):
        if order.alive:  # not one that has died with its parent meanwhile
            ask_cancel(floor, order.perm_id, order.ticket.owner)


def cancel(floor: Floor, order: Order) -> None:
    """The cancel has reached the book."""
    if order.alive and floor.faults.strikes(Kind.CANCEL_FILL_RACE, floor.now, order.ticket.account):
        floor.agenda.put(floor.now + _RACE, Duty.CANCEL, order.perm_id)  # fills have that long to come first
        return
    if not order.alive:
        _too_late(floor, order)
        return
    group = floor.orders.group(order.ticket.account, order.ticket.oca_group) if order.ticket.oca_group else []
    for each in (order, *(member for member in group if member is not order)):  # a client's cancel is of them all
        if each.alive:
            floor.tell(202, "Order Canceled - reason:", perm_id=each.perm_id, owner=each.ticket.owner)
            end(floor, each, Status.CANCELLED, "")


def _too_late(floor: Floor, order: Order) -> None:
    text = f"OrderId {order.perm_id} that needs to be cancelled cannot be cancelled, state: {order.status}."
    floor.tell(10148, text, perm_id=order.perm_id, owner=order.ticket.owner)


def expire(floor: Floor, order: Order) -> None:
    """Its lifetime is over, if this is still the end it has."""
    if order.ends_at is not None and order.ends_at <= floor.now:
        end(floor, order, Status.CANCELLED, "its lifetime ended")
