"""What an order would take: the broker's answer to a what-if."""

from decimal import Decimal

from gamma_scalper.domain.fees import order_fees
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Side
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.margin import Margin
from gamma_scalper.exchange.tickets import Ticket
from gamma_scalper.gateway.moments import local_day
from gamma_scalper.gateway.wire.orders import OrderStateFields

NOTHING_COMPUTED = OrderStateFields(status="PreSubmitted")
"""Every figure is left unset, which is how the broker answers now and then."""

_SHORT = "The order can't be placed: available funds would be {:,.2f} USD."


def preview(engine: Engine, ticket: Ticket, before: Margin, after: Margin) -> OrderStateFields:
    fees = float(_fees(engine, ticket))
    return OrderStateFields(
        status="PreSubmitted",
        init_margin_before=before.initial,
        maint_margin_before=before.maintenance,
        equity_with_loan_before=before.loan_value,
        init_margin_change=after.initial - before.initial,
        maint_margin_change=after.maintenance - before.maintenance,
        equity_with_loan_change=after.loan_value - before.loan_value,
        init_margin_after=after.initial,
        maint_margin_after=after.maintenance,
        equity_with_loan_after=after.loan_value,
        commission=fees,
        min_commission=fees,
        max_commission=fees,
        commission_currency="USD",
        warning_text="" if after.available >= 0 else _SHORT.format(after.available),
    )


def _fees(engine: Engine, ticket: Ticket) -> Decimal:
    """At its limit, or where the market is."""
    total = Decimal(0)
    for leg in ticket.legs:
        instrument = engine.market.instrument(leg.con_id)
        if isinstance(instrument, Stock | Option):
            single = len(ticket.legs) == 1 and ticket.limit is not None
            price = ticket.limit if single and ticket.limit is not None else to_decimal(engine.price(leg.con_id))
            side = ticket.side if leg.ratio > 0 else Side.SELL if ticket.side is Side.BUY else Side.BUY
            quantity = ticket.quantity * abs(leg.ratio)
            parameters = engine.floor.parameters.fees
            total += order_fees(parameters, instrument, side, local_day(engine.now), quantity, price).total
    return total
