"""Faults that really happen at the exchange: halts, assignments, liquidations, trades by hand, corrections."""

from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import Side
from gamma_scalper.exchange.accounts import STREET, Account
from gamma_scalper.exchange.ending import end
from gamma_scalper.exchange.events import Status
from gamma_scalper.exchange.faults import Fault, Kind
from gamma_scalper.exchange.filling import all_at_once, fill_single
from gamma_scalper.exchange.floor import Floor
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import Ticket, TimeInForce

_LIQUIDATED = 2148
_SHARES_BY_HAND = 100


def strike(floor: Floor, number: int) -> None:
    """A fault that needs nobody's occasion."""
    fault = floor.faults.fault(number)
    match fault.kind:
        case Kind.ASSIGNMENT:
            floor.to_assign.append(fault.target)
        case Kind.HALT:
            con_id = _underlying(floor, fault.target)
            if con_id is not None:
                floor.halt(con_id, fault.duration_s)
        case Kind.LIQUIDATION:
            for account in list(floor.accounts.clients()):
                _liquidate(floor, account, fault)
        case Kind.MANUAL_TRADE:
            _by_hand(floor, fault)


def check_targets(floor: Floor) -> None:
    """A schedule that names a share this market hasn't got is a mistake."""
    listed = floor.market.underlyings()
    for _, fault in floor.faults.self_acting():
        if fault.kind in (Kind.HALT, Kind.MANUAL_TRADE) and listed and _underlying(floor, fault.target) is None:
            allowed = ", ".join(each.symbol for each in listed)
            raise UserError(f"fault {fault.kind}, {fault.at}: target {fault.target!r} isn't listed; allowed: {allowed}")


def _underlying(floor: Floor, target: str) -> int | None:
    """A fault names its underlying by symbol or conId."""
    listed = floor.market.underlyings()
    return next((each.con_id for each in listed if target in (each.symbol, str(each.con_id))), None)


def _liquidate(floor: Floor, account: Account, fault: Fault) -> None:
    """The broker closes a part of what an account holds, without asking; the order is nobody's."""
    part = to_part(fault.amount)
    for con_id in list(account.held):
        symbol = floor.instrument(con_id).symbol
        if fault.target not in ("", account.name, symbol, str(con_id)):
            continue
        quantity = int(account.quantity(con_id))
        size = max(1, int(abs(quantity) * part))
        side = Side.SELL if quantity > 0 else Side.BUY
        order = _at_once(floor, Ticket(account=account.name, what=con_id, side=side, quantity=Decimal(size)), True)
        if order.filled:
            floor.tell(_LIQUIDATED, f"{order.filled} {symbol} were liquidated to restore margin", con_id=con_id)


def to_part(amount: float) -> float:
    """All of it where the fault doesn't say, or says more than all."""
    return amount if 0 < amount < 1 else 1.0


def _by_hand(floor: Floor, fault: Fault) -> None:
    """Somebody trades the shares in the account's own platform: bought, or sold where the amount is negative."""
    con_id = _underlying(floor, fault.target)
    if con_id is None or not isinstance(floor.instrument(con_id), Stock):
        return
    shares = int(fault.amount) or _SHARES_BY_HAND
    for account in list(floor.accounts.clients())[:1]:
        side = Side.BUY if shares > 0 else Side.SELL
        _at_once(floor, Ticket(account=account.name, what=con_id, side=side, quantity=Decimal(abs(shares))), False)


def _at_once(floor: Floor, ticket: Ticket, forced: bool) -> Order:
    """Fill what the quote in force gives, whatever the account can bear; the rest is not tried again."""
    floor.numbers.perm_id += 1
    order = Order(floor.numbers.perm_id, evolve(ticket, tif=TimeInForce.IOC), floor.now, arrived=True)
    floor.orders.add(order)
    con_id = ticket.legs[0].con_id
    instrument = floor.instrument(con_id)
    quote = floor.fresh_quote(con_id)
    tradable = floor.is_open(con_id) and not floor.halted(con_id)
    if isinstance(instrument, Stock | Option) and quote is not None and tradable:
        fill_single(floor, order, con_id, all_at_once(floor, order, quote, instrument.tick_rule), forced=forced)
    end(floor, order, Status.CANCELLED, "no more was on offer")
    return order


def correct(floor: Floor, exec_id: str, change: str) -> None:
    """An execution's price was wrong: it is told again with the next suffix, and cash is put right."""
    found = next((each for each in floor.executions if each.exec_id == exec_id), None)
    if found is None or found.con_id is None:
        return
    instrument = floor.instrument(found.con_id)
    if not isinstance(instrument, Stock | Option):
        return
    price = max(found.price + Decimal(change), instrument.tick_rule.step(found.price))
    difference = found.signed_quantity * (price - found.price) * instrument.multiplier
    floor.accounts.pay(found.account, STREET, difference)
    for name, sign in ((found.account, 1), (STREET, -1)):
        floor.accounts[name].correct(found.con_id, sign * difference)
    stem, _, count = exec_id.rpartition(".")
    order = floor.orders.find(found.perm_id)
    average = found.average_price
    if order is not None and not found.combo:
        order.value += found.quantity * (price - found.price)
        average = order.average_price
    corrected = found._replace(
        seq=floor.number(), at=floor.now, exec_id=f"{stem}.{int(count) + 1:02d}", price=price, average_price=average
    )
    floor.executions = [corrected if each is found else each for each in floor.executions]
    floor.charges[corrected.exec_id] = floor.charges.pop(exec_id)._replace(exec_id=corrected.exec_id)
    floor.out.append(corrected)
