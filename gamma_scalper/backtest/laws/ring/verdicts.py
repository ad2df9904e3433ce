"""Whether the laws hold on what the ring did."""

import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen

from gamma_scalper.backtest.laws.ring.outcome import Outcome
from gamma_scalper.pricing.analytic import Floats

_ERRORS, _ERRORS_OF_A_DEVIATION = 4, 2  # standard ones that chance is given
_NOISE, _COST = 0.05, 0.03  # what theory itself may be off, of its figure
_BESIDE = 0.02  # of the noise: whole shares and ticks
_LEAST_CORRELATION, _MOST_UNEXPLAINED = 0.999, 0.01
_SLIPPED = 1.0  # dollars a straddle: a large order walks through a level or two of a cent
_HALF_A_CENT = 0.005
_OFF_PRICE = 0.001  # of the premium: ticks, and what the market's own pricing errs


@frozen(kw_only=True)
class Verdict:
    """One law: it holds where what was found is no further from what was expected than is allowed."""

    law: str
    of: str
    expected: float
    found: float
    allowed: float
    error: float = math.nan  # standard, of what was found
    runs: int

    @property
    def ok(self) -> bool:
        return bool(abs(self.found - self.expected) <= self.allowed)  # so that NaN is a breach


def independence(policy: str, outcomes: Sequence[Outcome]) -> Verdict:
    """Any hedge earns the difference of two volatilities, and not more. A bare loop on the same paths takes away what
    the paths themselves do: its mean is known, and only what the ring did otherwise is left to chance."""
    differences = np.array([each.net - each.bare for each in outcomes])
    expected, error = float(np.mean([each.expected for each in outcomes])), _error(differences)
    return Verdict(
        law="policy independence",
        of=policy,
        expected=expected,
        found=expected + float(differences.mean()),
        error=error,
        allowed=_ERRORS * error,
        runs=len(outcomes),
    )


def premium(outcomes: Sequence[Outcome]) -> Verdict:
    """An entry may rest: it pays the price of one of the ticks since it was ordered."""
    return Verdict(
        law="premium",
        of="paid over theory",
        expected=0.0,
        found=max((each.off_price for each in outcomes), key=abs),
        allowed=_OFF_PRICE,
        runs=len(outcomes),
    )


def noise(outcomes: Sequence[Outcome]) -> Verdict:
    """What hedging at the ticks leaves over, where nothing is earned on average."""
    profits = np.array([each.net for each in outcomes])
    law = math.sqrt(float(np.mean([each.noise for each in outcomes])))
    found = _deviation(profits)
    error = _error_of_deviation(profits)
    return Verdict(
        law="hedging noise",
        of="deviation",
        expected=law,
        found=found,
        error=error,
        allowed=_NOISE * law + _ERRORS_OF_A_DEVIATION * error,
        runs=len(outcomes),
    )


def beside(outcomes: Sequence[Outcome]) -> Verdict:
    """A deviation is known to its twentieth on two hundred paths; path by path the ring is known far better."""
    differences = np.array([each.net - each.bare for each in outcomes])
    law = math.sqrt(float(np.mean([each.noise for each in outcomes])))
    return Verdict(
        law="hedging noise",
        of="beside a bare loop",
        expected=0.0,
        found=_deviation(differences),
        allowed=_BESIDE * law,
        runs=len(outcomes),
    )


def cost(outcomes: Sequence[Outcome]) -> Verdict:
    """What the cash lacks beside a loop that pays nothing; the gamma met on the way takes away what the paths do."""
    found = np.array([each.bare - each.profit - each.overpaid - each.billed for each in outcomes])
    differences = found - np.array([each.along for each in outcomes])
    law, error = float(np.mean([each.cost for each in outcomes])), _error(differences)
    return Verdict(
        law="proportional cost",
        of="mean",
        expected=law,
        found=law + float(differences.mean()),
        error=error,
        allowed=_COST * law + _ERRORS * error,
        runs=len(outcomes),
    )


def step_identity(outcomes: Sequence[Outcome]) -> Verdict:
    earned, said = (np.concatenate([getattr(each, name) for each in outcomes]) for name in ("earned", "said"))
    return Verdict(
        law="step identity",
        of="correlation",
        expected=1.0,
        found=float(np.corrcoef(earned, said)[0, 1]),
        allowed=1 - _LEAST_CORRELATION,
        runs=len(outcomes),
    )


def unexplained(outcomes: Sequence[Outcome]) -> Verdict:
    earned, left_over = (
        np.concatenate([getattr(each, name) for each in outcomes]) for name in ("earned", "unexplained")
    )
    return Verdict(
        law="unexplained",
        of="of the deviation",
        expected=0.0,
        found=float(left_over.std() / earned.std()),
        allowed=_MOST_UNEXPLAINED,
        runs=len(outcomes),
    )


def to_the_cent(outcomes: Sequence[Outcome]) -> Verdict:
    return Verdict(
        law="attribution",
        of="less cash",
        expected=0.0,
        found=max((each.off_by for each in outcomes), key=abs),
        allowed=_HALF_A_CENT,
        runs=len(outcomes),
    )


def fills(outcomes: Sequence[Outcome]) -> Verdict:
    return Verdict(
        law="fills",
        of="beyond quotes and bills",
        expected=0.0,
        found=max((each.slipped for each in outcomes), key=abs),
        allowed=_SLIPPED,
        runs=len(outcomes),
    )


def _deviation(sample: Floats) -> float:
    """Of less than two nothing is known."""
    return float(sample.std(ddof=1)) if len(sample) > 1 else math.nan


def _error_of_deviation(sample: Floats) -> float:
    """By the fourth moment; of few it tells too little, so that it is a normal sample's at the least."""
    deviation, many = _deviation(sample), len(sample)
    if not deviation > 0:
        return math.nan
    fourth = float(np.mean((sample - sample.mean()) ** 4))
    by_moment = math.sqrt(max(fourth - deviation**4, 0.0) / many) / (2 * deviation)
    return max(by_moment, deviation / math.sqrt(2 * many - 2))


def _error(sample: Floats) -> float:
    return _deviation(sample) / math.sqrt(len(sample))
