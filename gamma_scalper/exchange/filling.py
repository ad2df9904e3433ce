"""How an order meets the quotes, and what its fills do to its group and its children."""

from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.instruments import Option, Stock, TickRule
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.clearing import LegFill, book
from gamma_scalper.exchange.ending import end
from gamma_scalper.exchange.events import Status
from gamma_scalper.exchange.floor import Floor
from gamma_scalper.exchange.matching import (
    LegQuote,
    Take,
    chance,
    combo_takes,
    natural_price,
    net_price,
    rests,
    takes,
    touch,
    within,
)
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.parameters import VenueParameters
from gamma_scalper.exchange.tickets import MarketOnClose, Oca

_PARTIAL = 1  # which chance is drawn


def match(floor: Floor, order: Order) -> None:
    """Fill what the quotes in force give it."""
    if isinstance(order.ticket.what, int):
        _match_single(floor, order, order.ticket.what)
    else:
        _match_combo(floor, order)


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


def _match_single(floor: Floor, order: Order, con_id: int) -> None:
    quote, instrument = floor.fresh_quote(con_id), floor.instrument(con_id)
    if quote is None or not isinstance(instrument, Stock | Option):
        return
    side, limit, venue = order.ticket.side, order.ticket.limit, floor.parameters.venue
    taken = floor.taken.get(con_id, {}).get(side, 0)
    draw = chance(floor.seed, _PARTIAL, order.perm_id, quote.snapshot_id) if venue.partial_fill_pct else 1.0
    watch = floor.watch(floor.underlying(con_id))
    if watch.restricted_through is not None and watch.restricted(floor.today()) and short_sales(floor, order):
        found = _above_the_bid(order, quote, taken, instrument.tick_rule, venue, draw)
    elif order.rested and limit is not None:
        found = rests(side, order.left, limit, quote, taken, venue, draw)
    else:
        found = takes(side, order.left, limit, quote, taken, instrument.tick_rule, venue, draw)
        best = touch(side, quote) if limit is not None and not found else None
        order.rested = best is not None and not within(side, to_decimal(best[0]), limit)
    fill_single(floor, order, con_id, found)


def fill_single(floor: Floor, order: Order, con_id: int, found: list[Take], *, forced: bool = False) -> None:
    """One fill after the other, as long as the order lives."""
    for take in found:
        if order.alive and take.quantity:
            part = LegFill(con_id, order.ticket.side, take.quantity, take.price)
            fill(floor, order, take.quantity, take.price, [part], forced=forced)


def _above_the_bid(
    order: Order, quote: Quote, taken: int, rule: TickRule, venue: VenueParameters, draw: float
) -> list[Take]:
    """A restricted short sale stands one step above the bid it met first, and waits until somebody bids as much."""
    if order.above_bid is None:
        if quote.bid is not None:
            bid = to_decimal(quote.bid)
            order.above_bid = max(bid + rule.step(bid), order.ticket.limit or bid)
        return []
    return rests(Side.SELL, order.left, order.above_bid, quote, taken, venue, draw)


def _match_combo(floor: Floor, order: Order) -> None:
    side, whole = order.ticket.side, floor.multiplier(order.ticket)
    legs = []
    for leg in order.ticket.legs:
        instrument, quote = floor.instrument(leg.con_id), floor.fresh_quote(leg.con_id)
        if not isinstance(instrument, Stock | Option) or quote is None or not quote.usable:
            return
        of_leg = Side.BUY if (leg.ratio > 0) == (side is Side.BUY) else Side.SELL
        taken = floor.taken.get(leg.con_id, {}).get(of_leg, 0)
        weight = Decimal(instrument.multiplier) / whole
        legs.append(LegQuote(of_leg, abs(leg.ratio), quote, taken, instrument.tick_rule, weight))
    limit = order.ticket.limit
    draw = chance(floor.seed, _PARTIAL, order.perm_id, max(leg.quote.snapshot_id for leg in legs))
    quantity, prices = combo_takes(order.left, limit, side, legs, floor.parameters.venue, draw, at_limit=order.rested)
    natural = natural_price(side, legs)
    order.rested = order.rested or (natural is not None and not within(side, natural, limit))
    if quantity:
        parts = [
            LegFill(leg.quote.con_id, leg.side, quantity * leg.ratio, price)
            for leg, price in zip(legs, prices, strict=True)
        ]
        fill(floor, order, quantity, net_price(side, legs, prices), parts)


def at_close(floor: Floor, order: Order) -> None:
    """A market-on-close order takes the session's last quote, all of it, at its worst level if need be."""
    con_id = order.ticket.legs[0].con_id
    instrument, quote = floor.instrument(con_id), floor.quotes.get(con_id)
    if not isinstance(order.ticket.kind, MarketOnClose) or not order.alive or order.asleep:
        return
    if quote is None or not isinstance(instrument, Stock | Option):
        return
    early = quote.received_at < floor.window(con_id).begins
    if early or floor.halted(con_id) or short_sales(floor, order).get(con_id, 0) > floor.may_short(con_id):
        return
    found = all_at_once(floor, order, quote, instrument.tick_rule)
    if found:
        found.append(Take(order.left - sum(take.quantity for take in found), found[-1].price))
    fill_single(floor, order, con_id, found)


def all_at_once(floor: Floor, order: Order, quote: Quote, rule: TickRule) -> list[Take]:
    """What the quote gives to one who takes whatever is there."""
    venue = evolve(floor.parameters.venue, partial_fill_pct=0)
    taken = floor.taken.get(quote.con_id, {}).get(order.ticket.side, 0)
    return takes(order.ticket.side, order.left, None, quote, taken, rule, venue, 1.0)


def fill(
    floor: Floor, order: Order, quantity: int, price: Decimal, legs: list[LegFill], *, forced: bool = False
) -> None:
    """Book it, tell the order's state, and let it work on the order's group and children."""
    before = order.left
    book(floor, order, quantity, price, legs, forced=forced)
    if order.left:
        floor.tell_status(order)
    else:
        end(floor, order, Status.FILLED, "")
    if order.ticket.oca_group:
        _to_group(floor, order, quantity, before)


def _to_group(floor: Floor, order: Order, quantity: int, before: int) -> None:
    """The other orders are cancelled, or reduced by the part of it that was filled, rounded up."""
    for member in floor.orders.group(order.ticket.account, order.ticket.oca_group):
        if member is order or not member.alive:
            continue
        cut = -(-member.left * quantity // before)
        if member.ticket.oca is Oca.CANCEL or cut >= member.left:
            end(floor, member, Status.CANCELLED, "another order of its group was filled")
        else:
            member.change(evolve(member.ticket, quantity=member.ticket.quantity - cut))
            floor.tell_status(member)
