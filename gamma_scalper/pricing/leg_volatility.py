"""Which volatility the legs of one strike are priced at, so that a leg nobody quotes does not blind the engine."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from attrs import evolve, frozen

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Exercise, Right
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.pricing.model import MarketInputs, OptionTerms, PricingModel, at_exercise


@frozen
class LegVolatility:
    """Shared by call and put of one strike and expiry. `at` is when it was solved, however long ago that is."""

    vol: float
    leg: Right  # whose quote told it
    at: datetime
    carried: bool = False  # from an earlier quote: nothing newer tells a volatility


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
    for leg in (outside, inside):
        if leg == inside and last is not None and now - last.at <= max_age:
            return evolve(last, carried=True)
        vol = _told(model, OptionTerms(leg, strike, exercise), inputs, quotes.get(leg), last)
        if vol is not None:
            return LegVolatility(vol, leg, now)
    deep = quotes.get(inside)
    at_bound = (
        deep is not None and deep.usable and not _above_bound(deep, OptionTerms(inside, strike, exercise), inputs)
    )
    return AT_BOUND if at_bound else None


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
    model: PricingModel, terms: OptionTerms, inputs: MarketInputs, quote: Quote | None, last: LegVolatility | None
) -> float | None:
    """Only a bid for more than the exercise value, which is nothing out of the money, tells a volatility."""
    if quote is None or not quote.usable or inputs.years == 0 or not _above_bound(quote, terms, inputs):
        return None
    return model.implied_vol(terms, inputs, quote.mid, last.vol if last is not None else None)


def _above_bound(quote: Quote, terms: OptionTerms, inputs: MarketInputs) -> bool:
    return (quote.bid or 0.0) > _bound(terms, inputs).price


def _bound(terms: OptionTerms, inputs: MarketInputs) -> Greeks:
    """Of a leg without time value: exercised now, or surely at expiry."""
    if terms.exercise == "american":
        return at_exercise(terms, inputs.spot)
    share = math.exp(-inputs.dividend_yield * inputs.years)
    cash = terms.strike * math.exp(-inputs.rate * inputs.years)
    price = max(terms.sign * (inputs.spot * share - cash), 0.0)
    return Greeks(price, terms.sign * share if price > 0 else 0.0, 0.0, 0.0, 0.0)
