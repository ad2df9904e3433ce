"""What Black and Scholes say of a straddle without interest, by the variance that is still to come."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gamma_scalper.pricing.analytic import Floats

_ROOT_TWO_PI = math.sqrt(2 * math.pi)
MEAN_MOVE = math.sqrt(2 / math.pi)  # the mean of a normal deviate's size


class Straddle(NamedTuple):
    """Of one share."""

    value: float
    delta: float
    gamma: float  # times the price squared: dollars for a move of 100%, squared


def straddle(spot: float, strike: float, variance: float) -> Straddle:
    """`variance` is total: of a year's volatility squared, times the years."""
    root = math.sqrt(variance)
    d1 = (math.log(spot / strike) + variance / 2) / root
    up, lower = math.erf(d1 / math.sqrt(2)), math.erf((d1 - root) / math.sqrt(2))
    density = math.exp(-d1 * d1 / 2) / _ROOT_TWO_PI
    return Straddle(spot * up - strike * lower, up, 2 * spot * density / root)


def noise_variance(spot: float, strike: float, vol: float, years: float, steps: Floats) -> float:
    """Of the profit of one straddle's share, hedged at the end of each step and held for so long as they last.

    Steps in years, `years` to the expiry. A step of the length D leaves ½ (gamma S² vol² D)² at its beginning t, and
    the mean of (gamma S²)² grows as T / √(T² - t²): over the whole life, in N even steps, that is π/4 (vega vol)² / N,
    and over a first part h of it arcsin(h / T) / (π/2) of that. The exponential is for a strike away from the price.
    """
    ends = np.concatenate(([0.0], np.cumsum(steps)))
    grown = years * np.diff(np.arcsin(np.minimum(ends / years, 1.0))) / steps  # the mean over each step
    away = (math.log(spot / strike) / vol) ** 2
    middle = (ends[1:] + ends[:-1]) / 2
    at_the_money = 2 * spot / _ROOT_TWO_PI * vol / math.sqrt(years)  # gamma S² sigma²
    return float(np.sum(steps**2 * grown * np.exp(-away / (years + middle)))) * at_the_money**2 / 2


def turnover(gammas: Sequence[float] | Floats, vol: float, steps: Floats) -> float:
    """Dollars of shares that hedging at the end of each step trades on average; gammas as it begins, times S²."""
    return float(MEAN_MOVE * vol * np.sum(np.asarray(gammas) * np.sqrt(steps)))
