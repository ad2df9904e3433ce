"""Our intent as the broker's order, and the broker's words on orders as ours."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ib_insync as ib

from gamma_scalper.domain.instruments import Tradable
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.orders import GoodTill, Intent, Limit, Market, Pricing, Side
from gamma_scalper.domain.ports import Refused, Standing

_STANDINGS = {
    "ApiPending": Standing.PENDING,
    "PendingSubmit": Standing.PENDING,
    "PreSubmitted": Standing.PENDING,
    "PendingCancel": Standing.WORKING,  # a cancel that is asked for has not happened
    "Submitted": Standing.WORKING,
    "Filled": Standing.FILLED,
    "ApiCancelled": Standing.CANCELLED,
    "Cancelled": Standing.CANCELLED,
    "Inactive": Standing.REJECTED,
}
DEAD = frozenset({Standing.FILLED, Standing.CANCELLED, Standing.REJECTED})


def order(intent: Intent, skew: timedelta) -> ib.Order:
    """What is sent for an intent; `skew` is how far the server's clock, by which it ends, is ahead of ours."""
    if intent.outside_rth and isinstance(intent.pricing, Market):
        raise Refused(f"{intent.id}: outside regular hours the broker takes limit orders only")
    good_till = _wire_time(intent.lifetime.until + skew) if isinstance(intent.lifetime, GoodTill) else ""
    sent = ib.Order(
        action="BUY" if intent.side is Side.BUY else "SELL",
        totalQuantity=to_float(intent.quantity),
        tif="GTD" if good_till else "IOC",
        goodTillDate=good_till,
        account=intent.account,
        orderRef=str(intent.id),
        outsideRth=intent.outside_rth,
    )
    set_price(sent, intent.pricing, intent.instrument, intent.side)
    return sent


def set_price(sent: ib.Order, pricing: Pricing, instrument: Tradable, side: Side) -> None:
    """At the market, or at a limit on a step of the market rule."""
    if isinstance(pricing, Limit):
        sent.orderType, sent.lmtPrice = "LMT", to_float(on_tick(pricing.price, instrument, side))
    else:
        sent.orderType, sent.lmtPrice = "MKT", ib.util.UNSET_DOUBLE


def on_tick(price: Decimal, instrument: Tradable, side: Side) -> Decimal:
    """The price, or the next step on our own side of it: a buyer never pays more than was decided."""
    rounded = instrument.tick_rule.round(price, "down" if side is Side.BUY else "up")
    if rounded <= 0 < price:
        raise Refused(f"the limit {price} is below the smallest step {instrument.tick_rule.step(price)}")
    return rounded


def _wire_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d-%H:%M:%S")


def standing(status: str, why_held: str) -> Standing:
    """What a status means. An order that waits for shares to borrow is alive, whatever its status is called."""
    meant = _STANDINGS.get(status, Standing.UNKNOWN)
    held = "locate" in why_held and meant not in (Standing.FILLED, Standing.CANCELLED)
    return Standing.HELD if held else meant
