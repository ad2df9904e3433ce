"""Limits of orders that must go: from the touch, ever further through it, and never beyond a collar."""

from datetime import datetime, timedelta
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.settings import setting

_NOT_MOVING = (DataType.FROZEN, DataType.DELAYED_FROZEN)  # sent while a market is closed


@frozen
class CollarParameters:
    """How far through the touch an order may be priced, and on what quotes."""

    through_pct: float = setting(
        5.0, "furthest limit through the touch", unit="%", above=0, at_most=50, limit=True
    )  # of the touch
    through_ticks: int = setting(
        5, "the same at the least, since cheap options tick coarsely", unit="ticks", at_least=1, at_most=100, limit=True
    )
    quote_age_s: float = setting(
        30.0, "age beyond which a quote is none; risk.quotes may want younger ones", unit="s", above=0, at_most=600,
        limit=True,
    )  # fmt: skip


@frozen
class Offer:
    """An order can be priced."""

    price: Decimal
    snapshot_id: int


@frozen
class NoOffer:
    """It can't. `lasting` reasons don't mend within seconds, so a person should hear of them."""

    why: str
    lasting: bool


def offer(
    instrument: Stock | Option,
    side: Side,
    quote: Quote | None,
    now: datetime,
    urgency: float,
    parameters: CollarParameters,
    *,
    open_now: bool | None = None,
) -> Offer | NoOffer:
    """The limit at an urgency from 0 (at the touch) to 1 (at the collar). `open_now` None: the quote tells."""
    why = _closed(instrument, quote, now, open_now)
    if why:
        return NoOffer(why, lasting=True)
    if quote is None or quote.age(now) > timedelta(seconds=parameters.quote_age_s):
        return NoOffer(f"no quote of the last {parameters.quote_age_s:g} s", lasting=False)
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        return NoOffer(f"the quote is crossed, {quote.bid:g} x {quote.ask:g}", lasting=False)
    touch = to_decimal((quote.ask if side is Side.BUY else quote.bid) or 0.0)
    if not touch:
        return NoOffer("nobody offers any" if side is Side.BUY else "nobody bids", lasting=True)
    return Offer(collared(instrument, side, touch, urgency, parameters), quote.snapshot_id)


def collared(
    instrument: Stock | Option, side: Side, touch: Decimal, urgency: float, parameters: CollarParameters
) -> Decimal:
    """Rounded through the touch, unless that would pass the collar; at least one step above zero."""
    rule, sign = instrument.tick_rule, side.sign
    room = max(touch * to_decimal(parameters.through_pct) / 100, rule.step(touch) * parameters.through_ticks)
    wanted, furthest = touch + sign * room * to_decimal(min(max(urgency, 0.0), 1.0)), touch + sign * room
    if side is Side.BUY:
        price = min(rule.round(wanted, "up"), rule.round(furthest, "down"))
    else:
        price = max(rule.round(wanted, "down"), rule.round(furthest, "up"))
    return max(price, rule.step(Decimal(0)))


def named(instrument: Stock | Option) -> str:
    """A contract in a sentence."""
    if isinstance(instrument, Stock):
        return instrument.symbol
    return f"{instrument.symbol} {instrument.expiry} {instrument.strike} {instrument.right}"


def _closed(instrument: Stock | Option, quote: Quote | None, now: datetime, open_now: bool | None) -> str:
    if isinstance(instrument, Option) and now >= instrument.expires_at:
        return "its trading has ended"
    if open_now is False:
        return "its market is closed or halted"
    if open_now is None and quote is not None and quote.data_type in _NOT_MOVING:
        return "its quotes are frozen"
    return ""
