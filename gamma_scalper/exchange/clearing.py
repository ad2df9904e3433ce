"""What a fill does to the accounts and the order, and what is told of it."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from gamma_scalper.domain.fees import Bill, Fees
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Side
from gamma_scalper.exchange.accounts import FEES, STREET
from gamma_scalper.exchange.agenda import Duty
from gamma_scalper.exchange.events import Executed
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.floor import Floor
from gamma_scalper.exchange.orders import Order

_CORRECTED_AFTER_S = 5.0
_WRONG_BY = 0.01


class LegFill(NamedTuple):
    """One contract's part of a fill."""

    con_id: int
    side: Side
    quantity: int
    price: Decimal


def book(floor: Floor, order: Order, quantity: int, price: Decimal, legs: Sequence[LegFill], *, forced: bool) -> None:
    """Settle a fill of `quantity` at `price` (a combo's is its net price), and tell it."""
    if quantity > order.left or quantity <= 0:
        raise AssertionError(f"order {order.perm_id}: {quantity} to fill and {order.left} left")
    order.filled += quantity
    order.value += quantity * price
    combo = not isinstance(order.ticket.what, int)
    snapshots = tuple(floor.quotes[leg.con_id].snapshot_id for leg in legs if leg.con_id in floor.quotes)
    if combo:
        told = _executed(floor, order, None, order.ticket.side, quantity, price, snapshots, forced)
        floor.tell_execution(told)
    for leg in legs:
        fees, realised = _settle(floor, order, leg)
        told = _executed(floor, order, leg.con_id, leg.side, leg.quantity, leg.price, snapshots, forced)
        if combo:
            told = told._replace(cumulative=told.cumulative * leg.quantity / quantity, average_price=leg.price)
        floor.tell_execution(told, fees, realised)
        _wrong_perhaps(floor, told)


def _wrong_perhaps(floor: Floor, told: Executed) -> None:
    """A fault may have its price corrected later, by so much."""
    symbol = floor.instrument(told.con_id).symbol if told.con_id is not None else ""
    fault = floor.faults.strikes(Kind.CORRECTED_EXECUTION, floor.now, told.account, symbol)
    if fault is not None:
        at = floor.now + timedelta(seconds=_CORRECTED_AFTER_S)
        floor.agenda.put(at, Duty.CORRECT, told.exec_id, str(to_decimal(fault.amount or _WRONG_BY)))


def _settle(floor: Floor, order: Order, leg: LegFill) -> tuple[Fees, Decimal]:
    """Cash, contracts and fees of one leg."""
    instrument = floor.instrument(leg.con_id)
    if not isinstance(instrument, Stock | Option):
        raise AssertionError(f"{instrument.symbol} can't be traded")
    account = order.ticket.account
    value = leg.quantity * leg.price * instrument.multiplier
    quantity = Decimal(leg.quantity)
    if leg.side is Side.BUY:
        realised, _ = floor.accounts.trade(account, STREET, leg.con_id, quantity, value)
    else:
        _, realised = floor.accounts.trade(STREET, account, leg.con_id, quantity, value)
    bill = order.bills.get(leg.con_id)
    if bill is None or bill.day != floor.today():
        bill = Bill(floor.parameters.fees, instrument, leg.side, floor.today())
    after = bill.after(quantity, leg.price)
    order.bills[leg.con_id] = after
    fees = _difference(after.fees, bill.fees)
    floor.accounts.pay(account, FEES, fees.total)
    taken = floor.taken.setdefault(leg.con_id, {})
    taken[leg.side] = taken.get(leg.side, 0) + leg.quantity
    return fees, realised - fees.total


def _difference(after: Fees, before: Fees) -> Fees:
    return Fees(
        after.commission - before.commission,
        after.exchange - before.exchange,
        after.clearing - before.clearing,
        after.regulatory - before.regulatory,
    )


def _executed(
    floor: Floor,
    order: Order,
    con_id: int | None,
    side: Side,
    quantity: int,
    price: Decimal,
    snapshots: tuple[int, ...],
    forced: bool,
) -> Executed:
    floor.numbers.execution += 1
    return Executed(
        seq=floor.number(),
        at=floor.now,
        exec_id=f"{floor.seed & 0xFFFFFFFF:08x}.{order.perm_id:08x}.{floor.numbers.execution:08x}.01",
        perm_id=order.perm_id,
        owner=order.ticket.owner,
        account=order.ticket.account,
        order_ref=order.ticket.order_ref,
        con_id=con_id,
        combo=not isinstance(order.ticket.what, int),
        side=side,
        quantity=Decimal(quantity),
        price=price,
        cumulative=Decimal(order.filled),
        average_price=order.average_price,
        snapshot_ids=snapshots,
        liquidation=forced,
    )
