"""The generators: how a price and its variance move in one session, ticks and the gap before the first all at once.

Each knows the long-run variance of its price, how fast variance returns to it, and makes a path from the variance at
the last close, the steps in variance time and a stream of random numbers. What it makes never depends on who looks.
`mean_variance` includes jumps; `reversion` is per year of variance time.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import frozen

from gamma_scalper.domain.settings import setting
from gamma_scalper.exchange.simulated.parameters import AssetParameters
from gamma_scalper.exchange.simulated.variance_time import SESSIONS_PER_YEAR

Floats = npt.NDArray[np.float64]


class Steps(NamedTuple):
    """What passes until each tick from the one before it; the first begins at the last tick of the session before."""

    variance: Floats  # years of variance time
    years: Floats  # of the calendar


class Path(NamedTuple):
    """At each tick: logarithm of the growth since the last close, and variance per year of variance time."""

    growth: Floats
    variance: Floats


@frozen(kw_only=True)
class Gbm(AssetParameters):
    """One volatility for ever."""

    sigma: float = setting(0.2, "volatility", at_least=0.01, at_most=3)

    @property
    def mean_variance(self) -> float:
        return self.sigma**2

    @property
    def first_variance(self) -> float:
        return self.mean_variance

    @property
    def reversion(self) -> float:
        return 1.0

    def path(self, variance: float, steps: Steps, draw: np.random.Generator) -> Path:
        moves = self.sigma * np.sqrt(steps.variance) * draw.standard_normal(steps.variance.size)
        drift = self.growth * steps.years - 0.5 * self.sigma**2 * steps.variance
        return Path(np.cumsum(drift + moves), np.full(moves.size, self.mean_variance))


@frozen(kw_only=True)
class Heston(AssetParameters):
    """A variance that wanders and returns; when prices fall it rises. By Euler's steps with full truncation."""

    sigma: float = setting(0.2, "long-run volatility", at_least=0.01, at_most=3)
    v0: float = setting(0.0, "variance at the start; 0: the long-run one", at_least=0, at_most=9)
    kappa: float = setting(4.0, "how fast variance returns, per year", at_least=0.1, at_most=100)
    xi: float = setting(0.5, "volatility of variance", at_least=0, at_most=5)
    rho: float = setting(-0.7, "correlation of price and variance", at_least=-0.99, at_most=0.99)

    @property
    def mean_variance(self) -> float:
        return self.sigma**2

    @property
    def first_variance(self) -> float:
        return self.v0 or self.mean_variance

    @property
    def reversion(self) -> float:
        return self.kappa

    def path(self, variance: float, steps: Steps, draw: np.random.Generator) -> Path:
        own, common = draw.standard_normal((2, steps.variance.size))
        mean, reversion = self.mean_variance, self.kappa
        v = variance
        begins, ends = [], []
        for span, kick in zip(
            steps.variance.tolist(), (self.xi * np.sqrt(steps.variance) * common).tolist(), strict=True
        ):
            known = v if v > 0.0 else 0.0
            begins.append(known)
            v += reversion * (mean - known) * span + math.sqrt(known) * kick
            ends.append(v)
        now = np.array(begins)
        shock = self.rho * common + math.sqrt(1.0 - self.rho**2) * own
        moves = np.sqrt(now * steps.variance) * shock
        drift = self.growth * steps.years - 0.5 * now * steps.variance
        return Path(np.cumsum(drift + moves), np.array(ends))


@frozen(kw_only=True)
class Merton(AssetParameters):
    """One volatility, and jumps of lognormal size at random moments, by night too."""

    sigma: float = setting(0.15, "volatility without the jumps", at_least=0.01, at_most=3)
    jumps: float = setting(10.0, "jumps a year on average", at_least=0, at_most=10_000)
    jump_mean: float = setting(-0.02, "mean of a jump's logarithm", at_least=-0.5, at_most=0.5)
    jump_std: float = setting(0.03, "deviation of a jump's logarithm", at_least=0, at_most=0.5)

    @property
    def mean_variance(self) -> float:
        return self.sigma**2 + self.jumps * (self.jump_mean**2 + self.jump_std**2)

    @property
    def first_variance(self) -> float:
        return self.mean_variance

    @property
    def reversion(self) -> float:
        return 1.0

    def path(self, variance: float, steps: Steps, draw: np.random.Generator) -> Path:
        moves = self.sigma * np.sqrt(steps.variance) * draw.standard_normal(steps.variance.size)
        counts = draw.poisson(self.jumps * steps.variance)
        jumps = self.jump_mean * counts + self.jump_std * np.sqrt(counts) * draw.standard_normal(counts.size)
        expected = self.jumps * math.expm1(self.jump_mean + 0.5 * self.jump_std**2)
        drift = self.growth * steps.years - (0.5 * self.sigma**2 + expected) * steps.variance
        return Path(np.cumsum(drift + moves + jumps), np.full(moves.size, self.mean_variance))


@frozen(kw_only=True)
class Regime(AssetParameters):
    """Calm spells and wild ones; how long one has lasted says nothing of how long it will."""

    sigma: float = setting(0.12, "volatility in calm spells", at_least=0.01, at_most=3)
    wild: float = setting(0.35, "volatility in wild spells", at_least=0.01, at_most=3)
    calm_days: float = setting(40.0, "sessions that a calm spell lasts on average", at_least=0.1, at_most=10_000)
    wild_days: float = setting(10.0, "sessions that a wild spell lasts on average", at_least=0.1, at_most=10_000)

    @property
    def mean_variance(self) -> float:
        both = self.calm_days + self.wild_days
        return (self.sigma**2 * self.calm_days + self.wild**2 * self.wild_days) / both

    @property
    def first_variance(self) -> float:
        return self.sigma**2

    @property
    def reversion(self) -> float:
        return SESSIONS_PER_YEAR * (1.0 / self.calm_days + 1.0 / self.wild_days)

    def path(self, variance: float, steps: Steps, draw: np.random.Generator) -> Path:
        ends = np.cumsum(steps.variance)
        levels, spells = (self.sigma**2, self.wild**2), (self.calm_days, self.wild_days)
        spell = int(variance != levels[0])
        changes: list[float] = []
        reached = 0.0
        while reached < ends[-1]:
            reached += draw.exponential(spells[(spell + len(changes)) % 2] / SESSIONS_PER_YEAR)
            changes.append(reached)
        after = np.searchsorted(np.array(changes), ends, side="right")
        variances = np.where((spell + after) % 2 == 0, levels[0], levels[1])
        before = np.concatenate(([levels[spell]], variances[:-1]))
        moves = np.sqrt(before * steps.variance) * draw.standard_normal(ends.size)
        drift = self.growth * steps.years - 0.5 * before * steps.variance
        return Path(np.cumsum(drift + moves), variances)


Generator = Gbm | Heston | Merton | Regime
