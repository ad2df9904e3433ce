"""One option on every model: the command `price`."""

from datetime import datetime, timedelta

from attrs import evolve, frozen

from gamma_scalper.compiled_code import load_compiled_code
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Right
from gamma_scalper.pricing.model import MarketInputs, OptionTerms, PricingModel, checked_price
from gamma_scalper.pricing.parameters import PricingParameters

_LONGEST_DAYS = 36_500
_MOST_PCT = 10_000


@frozen
class Asked:
    """The option and its market as a person gives them; either a volatility or a price."""

    right: Right
    strike: float
    european: bool
    spot: float
    days: float
    vol_pct: float | None
    price: float | None


@frozen
class Row:
    """What one model says, or why it says nothing."""

    model: str
    vol_pct: float | None = None
    greeks: Greeks | None = None
    refused: str = ""


def calculate(pricing: PricingParameters, asked: Asked, now: datetime) -> list[Row]:
    if (asked.vol_pct is None) == (asked.price is None):
        raise UserError("price: give exactly one of --vol-pct and --price")
    if not 0 <= asked.days <= _LONGEST_DAYS:
        raise UserError(f"price: --days {asked.days:g} is not allowed; allowed: 0 to {_LONGEST_DAYS:,}")
    if asked.vol_pct is not None and not 0 < asked.vol_pct <= _MOST_PCT:
        raise UserError(
            f"price: --vol-pct {asked.vol_pct:g} is not allowed; allowed: above 0 and at most {_MOST_PCT:,}"
        )
    try:
        terms = OptionTerms(asked.right, asked.strike, "european" if asked.european else "american")
        inputs = market_of(pricing, asked, now)
        if asked.price is not None:
            checked_price(asked.price, inputs)
    except ValueError as error:
        raise UserError(f"price: {error}") from error
    return [_row(model, terms, inputs, asked) for model in _models(pricing.steps)]


def market_of(pricing: PricingParameters, asked: Asked, now: datetime) -> MarketInputs:
    """The asked market, with the book's rate for its time, its yield and its dividends until then."""
    inputs = MarketInputs(asked.spot, asked.days / 365, 0.0, pricing.dividend_yield_pct / 100)
    dividends = pricing.schedule.in_life(now, now + timedelta(days=asked.days))
    return evolve(inputs, rate=pricing.curve.rate(inputs.years), dividends=dividends)


def _models(steps: int) -> list[PricingModel]:
    """All of them, compiled; the first time ever that takes a while, and says so."""
    load_compiled_code()
    from gamma_scalper.pricing import BlackScholes, Lattice, QuantLibCRR

    if steps:
        return [QuantLibCRR(steps), Lattice(steps), BlackScholes()]
    return [QuantLibCRR(), Lattice(), BlackScholes()]


def _row(model: PricingModel, terms: OptionTerms, inputs: MarketInputs, asked: Asked) -> Row:
    name = repr(model)
    try:
        if asked.vol_pct is not None:
            vol: float | None = asked.vol_pct / 100
        else:
            vol = model.implied_vol(terms, inputs, asked.price or 0.0)
        if vol is None:
            return Row(name, refused="no volatility explains this price")
        greeks = model.greeks(terms, inputs, vol)
    except ValueError as error:
        return Row(name, refused=str(error))
    return Row(name, vol * 100, evolve(greeks, vega=greeks.vega / 100))
