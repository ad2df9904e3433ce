"""The life of an order at the exchange: it is taken or refused, arrives, waits, meets quotes, and ends."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.instruments import Option, Stock, TickRule
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.acceptance import Refusal, refusal
from gamma_scalper.exchange.agenda import Duty
from gamma_scalper.exchange.clearing import LegFill, book
from gamma_scalper.exchange.events import Status
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.floor import Floor
from gamma_scalper.exchange.matching import LegQuote, Take, chance, combo_takes, net_price, rests, takes
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.parameters import VenueParameters
from gamma_scalper.exchange.tickets import MarketOnClose, Oca, Stop, Ticket, TimeInForce

_BEFORE_CLOSE = timedelta(microseconds=1)
_RACE = timedelta(seconds=5)
_PARTIAL = 1  # which chance is drawn


def place(floor: Floor, ticket: Ticket) -> Order:
    """Take it or refuse it. It reaches the book after the venue's latency."""
    floor.numbers.perm_id += 1
    if ticket.outside_rth and ticket.limit is None:
        ticket = evolve(ticket, outside_rth=False)  # brokers drop it without a word
    if ticket.parent is not None and not ticket.oca_group:  # a bracket's children stand in for one another
        ticket = evolve(ticket, oca_group=f"bracket {ticket.parent}", oca=Oca.REDUCE)
    order = Order(floor.numbers.perm_id, ticket, floor.now)
    refused = refusal(floor, ticket) or _refused_by_fault(floor, ticket)
    if refused is not None:
        order.code, order.why, order.status = refused.code, refused.text, Status.INACTIVE
        floor.orders.add(order)
        floor.tell(refused.code, refused.text, perm_id=order.perm_id, owner=ticket.owner)
        floor.tell_status(order)
        return order
    order.asleep = isinstance(ticket.kind, Stop) or _has_waiting_parent(floor, order)
    order.why_held = "child" if _has_waiting_parent(floor, order) else "trigger" if order.asleep else ""
    floor.orders.add(order)
    floor.tell_status(order)
    if not ticket.outside_rth and not all(floor.is_open(leg.con_id) for leg in ticket.legs):
        text = "Order Message: Warning: your order will not be placed at the exchange until the market opens."
        floor.tell(399, text, perm_id=order.perm_id, owner=ticket.owner)
    after(floor, Duty.ARRIVE, order)
    return order


def after(floor: Floor, duty: Duty, order: Order) -> None:
    """Do it once the venue's latency has passed; at once where there is none."""
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
    for kind in (Kind.REJECT_201, Kind.INACTIVE):
        if floor.faults.strikes(kind, floor.now, ticket.account):
            return Refusal(201, "Order rejected - reason:The broker's system refused the order")
    return None


def _has_waiting_parent(floor: Floor, order: Order) -> bool:
    parent = floor.orders.find(order.ticket.parent) if order.ticket.parent is not None else None
    return parent is not None and parent.alive


# -- in the book -------------------------------------------------------------------------------------------------------


def arrive(floor: Floor, order: Order) -> None:
    """It is in the book: it waits for quotes of its contracts, meets the present ones, and has an end."""
    if not order.alive:
        return
    order.arrived = True
    for leg in order.ticket.legs:
        floor.line(leg.con_id)
    attempt(floor, order)
    if order.status.dead:
        return
    if order.ticket.tif is TimeInForce.IOC:
        end(floor, order, Status.CANCELLED, "what did not fill at once")
    else:
        floor.orders.wait(order)
        _set_end(floor, order)


def _set_end(floor: Floor, order: Order) -> None:
    ticket = order.ticket
    last = _last_moment(floor, order)
    if last is not None:
        floor.agenda.put(max(last, floor.now), Duty.EXPIRE, order.perm_id)
    if ticket.tif is TimeInForce.GTD and ticket.good_till is not None:
        floor.agenda.put(max(ticket.good_till, floor.now), Duty.EXPIRE, order.perm_id)
    elif ticket.tif is TimeInForce.DAY:
        closes = min(floor.closes(leg.con_id) for leg in ticket.legs)
        floor.agenda.put(closes, Duty.EXPIRE, order.perm_id)
    if isinstance(ticket.kind, MarketOnClose):
        floor.agenda.put(floor.closes(ticket.legs[0].con_id) - _BEFORE_CLOSE, Duty.AT_CLOSE, order.perm_id)


def quoted(floor: Floor, con_ids: Iterable[int]) -> None:
    """New quotes may be what orders waited for; the older order goes first."""
    concerned = {order.perm_id: order for con_id in con_ids for order in floor.orders.waiting(con_id)}
    for _, order in sorted(concerned.items()):
        if order.alive:
            attempt(floor, order)


def attempt(floor: Floor, order: Order) -> None:
    """Meet the quotes in force, if it may."""
    ticket = order.ticket
    if order.asleep and not _wakes(floor, order):
        return
    held = _held(floor, order)
    if held is not None:
        _stand(floor, order, Status.PRE_SUBMITTED, held)
        return
    before, order.status, order.why_held = (order.status, order.why_held), Status.SUBMITTED, ""
    filled = order.filled
    if isinstance(ticket.what, int):
        _match_single(floor, order, ticket.what)
    else:
        _match_combo(floor, order)
    order.rested = True
    if order.filled == filled and before != (Status.SUBMITTED, ""):  # a fill has told it
        floor.tell_status(order)


def _stand(floor: Floor, order: Order, status: Status, why_held: str) -> None:
    if (order.status, order.why_held) != (status, why_held):
        order.status, order.why_held = status, why_held
        floor.tell_status(order)


def _wakes(floor: Floor, order: Order) -> bool:
    """A stop whose price was reached; a child is woken by its parent alone."""
    stop = order.ticket.kind
    if not isinstance(stop, Stop) or _has_waiting_parent(floor, order) or not isinstance(order.ticket.what, int):
        return False
    quote = floor.quotes.get(order.ticket.what)
    if quote is None or not quote.usable or not floor.is_open(order.ticket.what):
        return False
    reached = quote.ask if order.ticket.side is Side.BUY else quote.bid
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
        if floor.halted(leg.con_id) or not (floor.is_open(leg.con_id) or ticket.outside_rth):
            return ""
    for con_id, shares in short_sales(floor, order).items():
        if shares > floor.may_short(con_id) or _no_locate(floor, order, con_id):
            if order.why_held != "locate":
                text = "Order held while securities are located."
                floor.tell(404, text, perm_id=order.perm_id, owner=order.ticket.owner)
            return "locate"
        if floor.watches[con_id].restricted(floor.today()) and not isinstance(ticket.what, int):
            return ""  # a combo can't wait for a buyer above the bid
    return None


def short_sales(floor: Floor, order: Order) -> dict[int, int]:
    """Shares it would sell that the account doesn't have, by conId."""
    found = {}
    for leg in order.ticket.legs:
        sold = -order.ticket.side.sign * leg.ratio * order.left
        if sold > 0 and isinstance(floor.instrument(leg.con_id), Stock):
            held = max(int(floor.accounts[order.ticket.account].quantity(leg.con_id)), 0)
            if sold > held:
                found[leg.con_id] = sold - held
    return found


def _no_locate(floor: Floor, order: Order, con_id: int) -> bool:
    symbol = floor.instrument(con_id).symbol
    return floor.faults.strikes(Kind.LOCATE_404, floor.now, symbol, order.ticket.account) is not None


# -- matching ----------------------------------------------------------------------------------------------------------


def _match_single(floor: Floor, order: Order, con_id: int) -> None:
    quote = floor.fresh_quote(con_id)
    instrument = floor.instrument(con_id)
    if quote is None or not isinstance(instrument, Stock | Option):
        return
    side, limit = order.ticket.side, order.ticket.limit
    taken = floor.taken.get(con_id, {}).get(side, 0)
    venue = floor.parameters.venue
    draw = chance(floor.seed, _PARTIAL, order.perm_id, quote.snapshot_id) if venue.partial_fill_pct else 1.0
    if short_sales(floor, order) and floor.watches[con_id].restricted(floor.today()):
        found = _above_the_bid(order, quote, taken, instrument.tick_rule, venue, draw)
    elif order.rested and limit is not None:
        found = rests(side, order.left, limit, quote, taken, venue, draw)
    else:
        found = takes(side, order.left, limit, quote, taken, instrument.tick_rule, venue, draw)
    for take in found:
        fill(floor, order, take.quantity, take.price, [LegFill(con_id, side, take.quantity, take.price)])


def _above_the_bid(
    order: Order, quote: Quote, taken: int, rule: TickRule, venue: VenueParameters, draw: float
) -> list[Take]:
    """A restricted short sale stands one step above the bid it met first, and waits until somebody bids as much."""
    if order.above_bid is None:
        if quote.bid is None:
            return []
        bid = to_decimal(quote.bid)
        order.above_bid = max(bid + rule.step(bid), order.ticket.limit or bid)
        return []
    return rests(Side.SELL, order.left, order.above_bid, quote, taken, venue, draw)


def _match_combo(floor: Floor, order: Order) -> None:
    side = order.ticket.side
    legs = []
    for leg in order.ticket.legs:
        instrument = floor.instrument(leg.con_id)
        quote = floor.fresh_quote(leg.con_id)
        if not isinstance(instrument, Stock | Option) or quote is None or not quote.usable:
            return
        bought = (leg.ratio > 0) == (side is Side.BUY)
        of_leg = Side.BUY if bought else Side.SELL
        taken = floor.taken.get(leg.con_id, {}).get(of_leg, 0)
        legs.append(LegQuote(of_leg, abs(leg.ratio), quote, taken, instrument.tick_rule))
    draw = chance(floor.seed, _PARTIAL, order.perm_id, max(leg.quote.snapshot_id for leg in legs))
    quantity, prices = combo_takes(order.left, order.ticket.limit, side, legs, floor.parameters.venue, draw)
    if quantity:
        parts = [
            LegFill(leg.quote.con_id, leg.side, quantity * leg.ratio, price)
            for leg, price in zip(legs, prices, strict=True)
        ]
        fill(floor, order, quantity, net_price(side, legs, prices), parts)


def fill(
    floor: Floor, order: Order, quantity: int, price: Decimal, legs: list[LegFill], *, forced: bool = False
) -> None:
    """Book it, tell the order's state, and let it work on the order's group and children."""
    book(floor, order, quantity, price, legs, forced=forced)
    if not order.left:
        order.status, order.why_held = Status.FILLED, ""
        _bury(floor, order)
    floor.tell_status(order)
    _to_group(floor, order, quantity)
    if not order.left:
        for child in floor.orders.children(order.perm_id):
            _wake_child(floor, child)


def _to_group(floor: Floor, order: Order, quantity: int) -> None:
    if not order.ticket.oca_group:
        return
    for member in floor.orders.group(order.ticket.account, order.ticket.oca_group):
        if member is order:
            continue
        if member.ticket.oca is Oca.CANCEL or quantity >= member.left:
            end(floor, member, Status.CANCELLED, "another order of its group was filled")
        else:
            member.change(evolve(member.ticket, quantity=member.ticket.quantity - quantity))
            floor.tell_status(member)


def _wake_child(floor: Floor, child: Order) -> None:
    child.asleep = isinstance(child.ticket.kind, Stop)
    child.why_held = "trigger" if child.asleep else ""
    if child.arrived:
        attempt(floor, child)


def at_close(floor: Floor, order: Order) -> None:
    """A market-on-close order takes the last quote of the session, all of it, at its worst level if need be."""
    con_id = order.ticket.legs[0].con_id
    instrument, quote = floor.instrument(con_id), floor.fresh_quote(con_id)
    if not order.alive or order.asleep or quote is None or not isinstance(instrument, Stock | Option):
        return
    side = order.ticket.side
    if floor.halted(con_id) or short_sales(floor, order).get(con_id, 0) > floor.may_short(con_id):
        return
    wide = evolve(floor.parameters.venue, partial_fill_pct=0)
    taken = floor.taken.get(con_id, {}).get(side, 0)
    found = takes(side, order.left, None, quote, taken, instrument.tick_rule, wide, 1.0)
    if found:
        found.append(Take(order.left - sum(take.quantity for take in found), found[-1].price))
    for take in found:
        if take.quantity:
            fill(floor, order, take.quantity, take.price, [LegFill(con_id, side, take.quantity, take.price)])


# -- changes and ends --------------------------------------------------------------------------------------------------


def modify(floor: Floor, perm_id: int, ticket: Ticket) -> None:
    """Ask for another ticket; it takes the old one's place after the venue's latency."""
    order = floor.orders.find(perm_id)
    if order is None:
        floor.tell(10147, f"OrderId {perm_id} that needs to be modified is not found", owner=ticket.owner)
        return
    if not order.alive:
        floor.tell(
            104, "Can't modify a filled order" if order.status is Status.FILLED else "Can't modify a cancelled order",
            perm_id=perm_id, owner=ticket.owner,
        )  # fmt: skip
        return
    refused = refusal(floor, ticket, order)
    if refused is not None:
        floor.tell(refused.code, refused.text, perm_id=perm_id, owner=ticket.owner)
        return
    if floor.faults.strikes(Kind.SECOND_PERM_ID, floor.now, ticket.account):
        place(floor, evolve(ticket, quantity=Decimal(int(ticket.quantity) - order.filled)))
        return
    order.pending = ticket
    after(floor, Duty.AMEND, order)


def amend(floor: Floor, order: Order) -> None:
    """The new ticket holds from now on, and meets the market as if it had just come."""
    ticket, order.pending = order.pending, None
    if ticket is None or not order.alive:
        return
    if int(ticket.quantity) <= order.filled:
        end(floor, order, Status.CANCELLED, "what was left of it was taken off")
        return
    order.change(evolve(ticket, outside_rth=ticket.outside_rth and ticket.limit is not None))
    order.rested, order.above_bid = False, None
    order.asleep = _has_waiting_parent(floor, order) or isinstance(ticket.kind, Stop)
    floor.tell_status(order)
    if order.arrived:
        _set_end(floor, order)
        attempt(floor, order)


def ask_cancel(floor: Floor, perm_id: int, owner: str = "") -> None:
    """Ask; it takes effect after the venue's latency, and a fill may come before it."""
    order = floor.orders.find(perm_id)
    if order is None:
        floor.tell(10147, f"OrderId {perm_id} that needs to be cancelled is not found.", owner=owner)
    elif not order.alive:
        _too_late(floor, order)
    else:
        after(floor, Duty.CANCEL, order)


def cancel(floor: Floor, order: Order) -> None:
    """The cancel has reached the book."""
    if order.alive and floor.faults.strikes(Kind.CANCEL_FILL_RACE, floor.now, order.ticket.account):
        floor.agenda.put(floor.now + _RACE, Duty.CANCEL, order.perm_id)  # fills have that long to come first
        return
    if not order.alive:
        _too_late(floor, order)
        return
    floor.tell(202, "Order Canceled - reason:", perm_id=order.perm_id, owner=order.ticket.owner)
    end(floor, order, Status.CANCELLED, "")


def _too_late(floor: Floor, order: Order) -> None:
    text = f"OrderId {order.perm_id} that needs to be cancelled cannot be cancelled, state: {order.status}."
    floor.tell(10148, text, perm_id=order.perm_id, owner=order.ticket.owner)


def expire(floor: Floor, order: Order) -> None:
    """Its lifetime is over, if this end is still the one it has."""
    ticket = order.ticket
    ends: datetime | None = ticket.good_till if ticket.tif is TimeInForce.GTD else None
    over = ticket.tif in (TimeInForce.DAY, TimeInForce.GTD) and (ends is None or ends <= floor.now)
    last = _last_moment(floor, order)
    if order.alive and (over or (last is not None and last <= floor.now)):
        end(floor, order, Status.CANCELLED, "its lifetime ended")


def _last_moment(floor: Floor, order: Order) -> datetime | None:
    """When the first of its options stops trading for good."""
    instruments = [floor.instrument(leg.con_id) for leg in order.ticket.legs]
    return min((each.expires_at for each in instruments if isinstance(each, Option)), default=None)


def end(floor: Floor, order: Order, status: Status, why: str) -> None:
    """Dead; orders that waited for it die with it, or live for what it had filled."""
    order.status, order.why, order.why_held = status, why, ""
    _bury(floor, order)
    floor.tell_status(order)
    for child in floor.orders.children(order.perm_id):
        if order.filled:
            left = min(Decimal(order.filled), child.ticket.quantity)
            child.change(evolve(child.ticket, quantity=left))
            _wake_child(floor, child)
        else:
            end(floor, child, Status.CANCELLED, "its parent was cancelled")


def _bury(floor: Floor, order: Order) -> None:
    floor.orders.bury(order)
    for leg in order.ticket.legs:
        floor.drop_line(leg.con_id)
