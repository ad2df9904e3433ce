"""How an option's Greeks change with volatility, and its price with the rate: for telling where a profit came from."""

from attrs import evolve, frozen

from gamma_scalper.pricing.model import MarketInputs, OptionTerms, PricingModel

_VOL_STEP = 0.04  # of the volatility itself
_RATE_STEP = 0.002


@frozen
class HigherGreeks:
    """Per share, for 1.00 of volatility."""

    vanna: float  # of delta
    volga: float  # of vega
    zomma: float  # of gamma


NO_HIGHER_GREEKS = HigherGreeks(0.0, 0.0, 0.0)
"""Of what has no time value: expired, or worth its exercise."""


def higher_greeks(model: PricingModel, terms: OptionTerms, inputs: MarketInputs, vol: float) -> HigherGreeks:
    """By central differences of the model's own Greeks. Raises what the model raises a step to either side.

    The vega of a plain tree is too rough to be differentiated away from the money: for a volga that is worth something
    ask the lattice or the closed form.
    """
    if inputs.years == 0:
        return NO_HIGHER_GREEKS
    step = _VOL_STEP * vol
    up, down = model.greeks(terms, inputs, vol + step), model.greeks(terms, inputs, vol - step)
    return HigherGreeks(
        vanna=_slope(up.delta, down.delta, step),
        volga=_slope(up.vega, down.vega, step),
        zomma=_slope(up.gamma, down.gamma, step),
    )


def rho(model: PricingModel, terms: OptionTerms, inputs: MarketInputs, vol: float) -> float:
    """What 1.00 of rate does to the price; by central differences too."""
    if inputs.years == 0:
        return 0.0
    dearer = model.price(terms, evolve(inputs, rate=inputs.rate + _RATE_STEP), vol)
    cheaper = model.price(terms, evolve(inputs, rate=inputs.rate - _RATE_STEP), vol)
    return _slope(dearer, cheaper, _RATE_STEP)


def _slope(above: float, below: float, step: float) -> float:
    return (above - below) / (2 * step)
