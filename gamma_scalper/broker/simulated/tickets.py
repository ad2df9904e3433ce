"""An intent as a ticket of the exchange."""

from decimal import Decimal

from gamma_scalper.domain.instruments import Combo, Tradable
from gamma_scalper.domain.orders import GoodTill, Intent, Limit, Market, Pricing, Side
from gamma_scalper.domain.ports import Refused
from gamma_scalper.exchange.market import Market as ExchangeMarket
from gamma_scalper.exchange.market import UnknownContract
from gamma_scalper.exchange.tickets import ComboLeg, Ticket, TimeInForce

_NO_CONTRACT, _FRACTION = 200, 10243


def ticket_of(intent: Intent) -> Ticket:
    """The same order in the exchange's words, its limit on a price that can be traded."""
    instrument, lifetime = intent.instrument, intent.lifetime
    if intent.outside_rth and isinstance(intent.pricing, Market):
        raise Refused(f"{intent.id}: outside regular hours only limit orders are taken")
    lives_on = isinstance(lifetime, GoodTill)
    return Ticket(
        account=intent.account,
        what=tuple(ComboLeg(leg.instrument.con_id, leg.ratio) for leg in instrument.legs)
        if isinstance(instrument, Combo)
        else instrument.con_id,
        side=intent.side,
        quantity=intent.quantity,
        kind=on_tick(instrument, intent.side, intent.pricing),
        tif=TimeInForce.GTD if lives_on else TimeInForce.IOC,
        good_till=lifetime.until if isinstance(lifetime, GoodTill) else None,
        outside_rth=intent.outside_rth,
        owner=str(intent.id),
        order_ref=str(intent.id),
    )


def on_tick(instrument: Tradable, side: Side, pricing: Pricing) -> Market | Limit:
    """A limit between two ticks goes to the safe side: a buyer never pays more, a seller never takes less."""
    if isinstance(pricing, Market):
        return pricing
    price = instrument.tick_rule.round(pricing.price, "down" if side is Side.BUY else "up")
    if price <= 0 and not isinstance(instrument, Combo):
        raise Refused(f"a limit of {pricing.price} is below the smallest price {instrument.symbol} is traded at")
    return Limit(price)


def check_tradable(market: ExchangeMarket, ticket: Ticket) -> None:
    """Raises `Refused` for what no exchange could be asked: contracts it hasn't got, parts of a contract."""
    for leg in ticket.legs:
        try:
            market.instrument(leg.con_id)
        except UnknownContract as error:
            raise Refused(str(error.args[0]), _NO_CONTRACT) from error
    if ticket.quantity != ticket.quantity.to_integral_value() or ticket.quantity < Decimal(1):
        raise Refused(f"{ticket.quantity} is no whole number", _FRACTION)
