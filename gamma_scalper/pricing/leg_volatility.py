"""Which volatility the legs of one strike are priced at, so that a leg nobody quotes does not blind the engine."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from attrs import evolve, frozen

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Exercise, Right
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.pricing.analytic import case_of
from gamma_scalper.pricing.implied import least_worth
from gamma_scalper.pricing.model import MarketInputs, OptionTerms, PricingModel, at_exercise


@frozen
class LegVolatility:
    """Shared by call and put of one strike and expiry. `at` is when its quote came, however long ago that is."""

    vol: float
    leg: Right  # whose quote told it
    at: datetime
    carried: bool = False  # from an earlier quote: nothing newer tells a volatility


_WIDEST_PCT = 150.0  # 0.01 x 0.05 is 133% wide and still says something
_NEAR_BOUND_PCT = 10.0

AT_BOUND: Literal["at bound"] = "at bound"
"""Nothing tells a volatility, and the market pays no more than the exercise value: price and delta are the bound's."""

Volatility = LegVolatility | Literal["at bound"]


def leg_volatility(
    model: PricingModel,
    strike: float,
    inputs: MarketInputs,
    quotes: Mapping[Right, Quote],
    now: datetime,
    *,
    last: LegVolatility | None = None,
    max_age: timedelta,
    exercise: Exercise = "american",
) -> Volatility | None:
    """What the leg out of the money says; else the last good volatility, while it is young; else the other leg's word.

    None: nothing is known, and there is no bound to stand on.
    """
    outside, inside = _outside(strike, inputs)
    if inputs.years == 0:
        return AT_BOUND
    young = {right: quote for right, quote in quotes.items() if quote.usable and quote.age(now) <= max_age}
    for leg in (outside, inside):
        if leg == inside and last is not None and timedelta(0) <= now - last.at <= max_age:
            return evolve(last, carried=True)
        quote = young.get(leg)
        vol = _told(model, OptionTerms(leg, strike, exercise), inputs, quote, last) if quote is not None else None
        if quote is not None and vol is not None:
            return LegVolatility(vol, leg, quote.received_at)
    deep = young.get(inside)
    return AT_BOUND if deep is not None and _at_bound(deep, OptionTerms(inside, strike, exercise), inputs) else None


def leg_greeks(model: PricingModel, terms: OptionTerms, inputs: MarketInputs, volatility: Volatility) -> Greeks:
    """A leg's Greeks at its strike's volatility, or at its exercise bound."""
    if isinstance(volatility, LegVolatility):
        return model.greeks(terms, inputs, volatility.vol)
    return _bound(terms, inputs)


def _outside(strike: float, inputs: MarketInputs) -> tuple[Right, Right]:
    """The right out of the money, and the one in it, by the forward."""
    paid = sum(amount * math.exp(-inputs.rate * years) for years, amount in inputs.dividends_in_life)
    forward = inputs.spot * math.exp((inputs.rate - inputs.dividend_yield) * inputs.years) - paid
    return ("C", "P") if strike >= forward else ("P", "C")


def _told(
    model: PricingModel, terms: OptionTerms, inputs: MarketInputs, quote: Quote, last: LegVolatility | None
) -> float | None:
    """Only a bid for more than the bound, which is nothing out of the money, tells a volatility; and a serious one."""
    if (quote.bid or 0.0) <= _bound(terms, inputs).price or quote.spread_pct > _WIDEST_PCT:
        return None
    return model.implied_vol(terms, inputs, quote.mid, last.vol if last is not None else None)


def _at_bound(quote: Quote, terms: OptionTerms, inputs: MarketInputs) -> bool:
    """Nobody bids more than the bound, and it is a market: far from it an ask is no more than a wish."""
    bound = _bound(terms, inputs).price
    return (quote.bid or 0.0) <= bound and (quote.ask or 0.0) <= bound * (1 + _NEAR_BOUND_PCT / 100)


def _bound(terms: OptionTerms, inputs: MarketInputs) -> Greeks:
    """Of a leg without time value: exercised now, right around a dividend, or at expiry, whichever brings most."""
    if inputs.years == 0:
        return at_exercise(terms, inputs.spot)
    price, delta = least_worth(case_of(terms, inputs))
    return Greeks(price, delta, 0.0, 0.0, 0.0)
