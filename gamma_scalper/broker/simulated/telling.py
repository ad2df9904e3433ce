"""The exchange's events as the house's own objects."""

from collections.abc import Callable

from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.ports import BrokerHolding, OrderReport, Standing
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.exchange.accounts import Account
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Charged, Executed, OrderStatus, Status
from gamma_scalper.exchange.market import Listed

_STANDING = {
    Status.PRE_SUBMITTED: Standing.PENDING,
    Status.SUBMITTED: Standing.WORKING,
    Status.FILLED: Standing.FILLED,
    Status.CANCELLED: Standing.CANCELLED,
    Status.INACTIVE: Standing.REJECTED,
}


def report_of(status: OrderStatus) -> OrderReport:
    """What an order's status means to its owner. A cancellation that comes with an error's code may be false."""
    standing = _STANDING[status.status]
    if standing is Standing.PENDING and status.why_held == "locate":
        standing = Standing.HELD
    elif standing is Standing.CANCELLED and status.code is not None:
        standing = Standing.UNKNOWN
    return OrderReport(
        at=status.at,
        order_ref=status.order_ref,
        perm_id=status.perm_id,
        standing=standing,
        filled=status.filled,
        remaining=status.remaining,
        code=status.code,
        why=status.why or status.why_held,
    )


def fill_of(engine: Engine, executed: Executed) -> Fill | None:
    """None for a combo as a whole: each of its legs has an execution of its own."""
    instrument = None if executed.con_id is None else engine.market.instrument(executed.con_id)
    if not isinstance(instrument, Stock | Option):
        return None
    return Fill(
        intent=IntentId.parse(executed.order_ref),
        account=executed.account,
        instrument=instrument,
        side=executed.side,
        quantity=executed.quantity,
        price=executed.price,
        exec_id=executed.exec_id,
        perm_id=executed.perm_id,
        at=executed.at,
        snapshot_id=_snapshot(engine, executed),
    )


def _snapshot(engine: Engine, executed: Executed) -> int | None:
    """The quote it was made on; a combo's execution names those of all its legs, in their order."""
    named, order = executed.snapshot_ids, engine.order(executed.perm_id)
    if not executed.combo or order is None:
        return named[0] if named else None
    legs = [leg.con_id for leg in order.ticket.legs]
    return named[legs.index(executed.con_id)] if executed.con_id in legs and len(named) == len(legs) else None


def commission_of(charged: Charged) -> Commission:
    """All that the fill cost, in dollars; every fee schedule we know is in them."""
    return Commission(charged.exec_id, Money(charged.fees.total))


def holdings_of(account: Account, instrument: Callable[[int], Listed]) -> tuple[BrokerHolding, ...]:
    """In the order in which they were first held."""
    found = []
    for con_id, held in account.held.items():
        contract = instrument(con_id)
        if isinstance(contract, Stock | Option):
            found.append(BrokerHolding(Holding(contract, held.quantity), held.average_cost))
    return tuple(found)
