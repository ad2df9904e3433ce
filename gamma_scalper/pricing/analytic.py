"""The closed form for European options, and the plain numbers that compiled code works on."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.pricing.compiled import compiled
from gamma_scalper.pricing.model import (
    MarketInputs,
    OptionTerms,
    at_exercise,
    checked_guess,
    checked_price,
    checked_vol,
    refuse_dividends,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROOT_HALF = math.sqrt(0.5)
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)


class Case(NamedTuple):
    """One contract in one market; `times` and `amounts` are the cash dividends in its life, soonest first."""

    sign: float
    american: bool
    spot: float
    strike: float
    years: float
    rate: float
    dividend_yield: float
    times: Floats
    amounts: Floats


def case_of(terms: OptionTerms, inputs: MarketInputs) -> Case:
    times, amounts = _arrays(inputs.dividends_in_life) if inputs.dividends else _NO_DIVIDENDS
    return Case(
        terms.sign,
        terms.exercise == "american",
        inputs.spot,
        terms.strike,
        inputs.years,
        inputs.rate,
        inputs.dividend_yield,
        times,
        amounts,
    )


@lru_cache(maxsize=256)
def _arrays(dividends: tuple[tuple[float, float], ...]) -> tuple[Floats, Floats]:
    times = np.array([years for years, _ in dividends], dtype=np.float64)
    amounts = np.array([amount for _, amount in dividends], dtype=np.float64)
    return times, amounts


_NO_DIVIDENDS = _arrays(())


@compiled
def below(x: float) -> float:
    """The normal distribution function."""
    return 0.5 * math.erfc(-x * _ROOT_HALF)


@compiled
def density(x: float) -> float:
    return math.exp(-0.5 * x * x) / _ROOT_TWO_PI


@compiled
def without_dividends(case: Case) -> float:
    """Spot less what its cash dividends are worth today."""
    spot = case.spot
    for i in range(case.times.size):
        spot -= case.amounts[i] * math.exp(-(case.rate - case.dividend_yield) * case.times[i])
    return max(spot, 1e-9 * case.spot)


@compiled
def european_price(case: Case, vol: float) -> float:
    spot = without_dividends(case)
    width = vol * math.sqrt(case.years)
    carry = (case.rate - case.dividend_yield) * case.years
    d1 = (math.log(spot / case.strike) + carry) / width + 0.5 * width
    shares = spot * math.exp(-case.dividend_yield * case.years) * below(case.sign * d1)
    cash = case.strike * math.exp(-case.rate * case.years) * below(case.sign * (d1 - width))
    return max(case.sign * (shares - cash), 0.0)


@compiled
def european_greeks(case: Case, vol: float) -> tuple[float, float, float, float, float]:
    """Price, delta, gamma, theta per year, vega."""
    spot = without_dividends(case)
    root = math.sqrt(case.years)
    width = vol * root
    carry = (case.rate - case.dividend_yield) * case.years
    d1 = (math.log(spot / case.strike) + carry) / width + 0.5 * width
    shares = math.exp(-case.dividend_yield * case.years) * below(case.sign * d1)
    cash = case.strike * math.exp(-case.rate * case.years) * below(case.sign * (d1 - width))
    bell = math.exp(-case.dividend_yield * case.years) * density(d1)
    price = max(case.sign * (spot * shares - cash), 0.0)
    theta = case.sign * (case.dividend_yield * spot * shares - case.rate * cash) - spot * bell * vol / (2.0 * root)
    return price, case.sign * shares, bell / (spot * width), theta, spot * bell * root


@compiled
def european_slope(case: Case, vol: float) -> tuple[float, float]:
    """Vega, and by what part of itself it changes when the volatility does by a part of itself."""
    spot = without_dividends(case)
    width = vol * math.sqrt(case.years)
    d1 = (math.log(spot / case.strike) + (case.rate - case.dividend_yield) * case.years) / width + 0.5 * width
    vega = spot * math.exp(-case.dividend_yield * case.years) * density(d1) * math.sqrt(case.years)
    return vega, d1 * (d1 - width)


@compiled
def european_vol(case: Case, price: float) -> float:
    """The volatility of a European price, NaN where there is none.

    Newton's iteration on the price of the out-of-the-money twin (parity tells it), from the volatility at which price
    bends from convex to concave, so that it can't overshoot; below that point on the logarithm of the price, which is
    nearly straight there.
    """
    spot = without_dividends(case) * math.exp(-case.dividend_yield * case.years)
    strike = case.strike * math.exp(-case.rate * case.years)
    moneyness = math.log(spot / strike)
    wanted = price - max(case.sign * (spot - strike), 0.0)
    if not 0.0 < wanted < min(spot, strike):
        return math.nan
    width = math.sqrt(2.0 * abs(moneyness)) if moneyness != 0.0 else wanted / spot * _ROOT_TWO_PI
    in_logarithm = False
    for attempt in range(60):
        d1 = abs(moneyness) / width
        value = min(spot, strike) * below(0.5 * width - d1) - max(spot, strike) * below(-0.5 * width - d1)
        slope = min(spot, strike) * density(d1 - 0.5 * width)
        if attempt == 0:
            in_logarithm = moneyness != 0.0 and wanted < value
        if not (slope > 0.0 and value > 0.0):
            break
        step = math.log(wanted / value) * value / slope if in_logarithm else (wanted - value) / slope
        step = min(max(step, -0.7 * width), 2.0 * width)
        width += step
        if abs(step) < 1e-13 * width:
            break
    return width / math.sqrt(case.years)


class BlackScholes:
    """European options without cash dividends: those on indices, and the yardstick for everything else."""

    def __repr__(self) -> str:
        return "BlackScholes()"

    def price(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> float:
        vol = checked_vol(vol)
        case = self._case(terms, inputs)
        return european_price(case, vol) if inputs.years > 0 else terms.intrinsic(inputs.spot)

    def greeks(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> Greeks:
        vol = checked_vol(vol)
        case = self._case(terms, inputs)
        if inputs.years == 0:
            return at_exercise(terms, inputs.spot)
        price, delta, gamma, theta, vega = european_greeks(case, vol)
        return Greeks(price, delta, gamma, theta / 365, vega)

    def implied_vol(
        self, terms: OptionTerms, inputs: MarketInputs, price: float, guess: float | None = None
    ) -> float | None:
        wanted = checked_price(price, inputs)
        checked_guess(guess)
        vol = european_vol(self._case(terms, inputs), wanted)
        return None if math.isnan(vol) else vol

    def _case(self, terms: OptionTerms, inputs: MarketInputs) -> Case:
        if terms.exercise != "european":
            raise ValueError("exercise: BlackScholes prices European options only; use QuantLibCRR or Lattice")
        refuse_dividends("BlackScholes", inputs)
        return case_of(terms, inputs)
