"""What is simulated: a straddle bought at one volatility, and shares that move by another."""

import math
from collections.abc import Iterator

import numpy as np
from attrs import frozen

from gamma_scalper.pricing.analytic import Floats

CHUNK = 2_000
"""Paths held in memory at a time. Each chunk has a stream of its own, so more paths begin with the same ones."""


@frozen(kw_only=True)
class Trial:
    """European straddles held to their expiry, hedged by shares at even steps. Nothing jumps and nothing is quoted."""

    spot: float = 600.0
    strike: float = 600.0
    years: float = 30 / 365
    steps: int = 100
    step_s: float = 300.0  # of market time that a step takes
    implied: float = 0.15
    realised: float = 0.15
    rate: float = 0.0
    dividend_yield: float = 0.0
    straddles: float = 1.0

    @property
    def step_years(self) -> float:
        return self.years / self.steps

    @property
    def years_left(self) -> Floats:
        """At the beginning, after each step, and none at the end."""
        return self.years * np.arange(self.steps, -1, -1) / self.steps

    @property
    def discounts(self) -> Floats:
        return np.exp(-self.rate * (self.years - self.years_left))


def chunks(trial: Trial, paths: int, seed: int) -> Iterator[Floats]:
    """Prices, a row for each path: geometric Brownian motion whose drift is the rate less the yield."""
    drift = (trial.rate - trial.dividend_yield - trial.realised**2 / 2) * trial.step_years
    deviation = trial.realised * math.sqrt(trial.step_years)
    for first in range(0, paths, CHUNK):
        noise = np.random.Generator(np.random.PCG64([seed, first])).standard_normal((CHUNK, trial.steps))
        logs = np.zeros((min(CHUNK, paths - first), trial.steps + 1))
        np.cumsum(drift + deviation * noise[: len(logs)], axis=1, out=logs[:, 1:])
        yield trial.spot * np.exp(logs)
