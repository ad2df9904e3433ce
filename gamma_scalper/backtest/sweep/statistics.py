"""What many cells on the same seeds tell, and what they don't: differences in pairs, corrected for how many were tried.

Rows are cells, columns are units: independent stretches of trading that all cells went through alike.
"""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from attrs import frozen

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
FLIPS = 4_999
FEWEST_UNITS = 6  # with fewer no sign flip can be rare enough
_AT_A_TIME = 500
_EULER = 0.5772156649015329
_NORMAL = NormalDist()


@frozen(eq=False)
class Spread:
    """An average and how far it may be off, row by row; the interval is Student's."""

    mean: Floats
    error: Floats  # standard error
    low: Floats
    high: Floats


@frozen(eq=False)
class Tested:
    """Each row against the baseline's: the difference, and how often chance alone does as much."""

    difference: Spread
    p: Floats  # of this row alone
    corrected: Floats  # of the whole family: 1 for the baseline itself


def spread(values: Floats) -> Spread:
    units = values.shape[1]
    mean = values.mean(axis=1)
    if units < 2:
        unknown = np.full_like(mean, np.nan)
        return Spread(mean, unknown, unknown, unknown)
    error = values.std(axis=1, ddof=1) / math.sqrt(units)
    reach = student_quantile(0.5 + CONFIDENCE / 2, units - 1) * error
    return Spread(mean, error, mean - reach, mean + reach)


def student_quantile(p: float, df: int) -> float:
    """Exact for one and two degrees of freedom, Hill's series above."""
    if df == 1:
        return math.tan(math.pi * (p - 0.5))
    if df == 2:
        return (2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p)))
    z = _NORMAL.inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return float(z + sum(term / df**power for power, term in enumerate(terms, 1)))


# -- the objectives, as one figure for each unit -----------------------------------------------------------------------


def deviation_by_unit(values: Floats) -> Floats:
    """Figures whose average is each row's standard deviation, and whose scatter is that of its estimate."""
    centred = values - values.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    return np.asarray(deviation + (centred**2 - deviation**2) / (2 * np.where(deviation > 0, deviation, 1.0)))


def ratio_by_unit(values: Floats) -> Floats:
    """The same of mean over standard deviation; 0 where nothing ever differs."""
    mean = values.mean(axis=1, keepdims=True)
    deviation = values.std(axis=1, keepdims=True)
    standard = (values - mean) / np.where(deviation > 0, deviation, 1.0)
    ratio = np.where(deviation > 0, mean / np.where(deviation > 0, deviation, 1.0), 0.0)
    return np.asarray(ratio + standard - ratio / 2 * (standard**2 - 1) * (deviation > 0))


# -- against the baseline ----------------------------------------------------------------------------------------------


def against(values: Floats, baseline: int, *, seed: int = 1, flips: int = FLIPS) -> Tested:
    """Romano and Wolf's step-down on the largest of all t values, under random flips of every unit's sign.

    All rows of a unit flip together, which keeps how much they move alike: fifty versions of one idea cost less
    than fifty ideas.
    """
    differences = values - values[baseline]
    found = spread(differences)
    p, corrected = np.ones(len(values)), np.ones(len(values))
    others = np.array([row for row in range(len(values)) if row != baseline], dtype=np.intp)
    if len(others) and values.shape[1] >= 2:
        p[others], corrected[others] = _step_down(differences[others], np.random.default_rng(seed), flips)
    return Tested(found, p, corrected)


def _step_down(differences: Floats, rng: np.random.Generator, flips: int) -> tuple[Floats, Floats]:
    """p of each row alone, and in its family."""
    rows, units = differences.shape
    squares = (differences**2).mean(axis=1)
    observed = _t_values(differences.mean(axis=1), squares, units)
    by_size = np.argsort(-observed, kind="stable")
    ordered = observed[by_size] * (1 - 1e-9)  # a flip that changes nothing counts as well, whatever its rounding
    alone, among = np.zeros(rows), np.zeros(rows)
    for begin in range(0, flips, _AT_A_TIME):
        signs = rng.integers(0, 2, (min(_AT_A_TIME, flips - begin), units)) * 2.0 - 1.0
        flipped = _t_values(signs @ differences.T / units, squares, units)[:, by_size]
        alone += (flipped >= ordered).sum(axis=0)
        largest_from_here = np.maximum.accumulate(flipped[:, ::-1], axis=1)[:, ::-1]
        among += (largest_from_here >= ordered).sum(axis=0)
    p, corrected = np.empty(rows), np.empty(rows)
    p[by_size] = (1 + alone) / (1 + flips)
    corrected[by_size] = np.maximum.accumulate((1 + among) / (1 + flips))
    return p, corrected


def _t_values(mean: Floats, squares: Floats, units: int) -> Floats:
    """Without a sign; finite where nothing scatters, and 0 where nothing differs."""
    variance = np.maximum(squares - mean**2, 1e-12 * squares)
    return np.asarray(np.abs(mean) / np.sqrt(np.where(variance > 0, variance, 1.0) / (units - 1)))


# -- the best of many --------------------------------------------------------------------------------------------------


def deflated_sharpe(values: Floats, best: int) -> float:
    """How probable it is that the best row's true Sharpe ratio is above what the luckiest of as many idle ones shows.

    After Bailey and López de Prado (2014); nan where there is too little to say.
    """
    rows, units = values.shape
    if units < FEWEST_UNITS:
        return math.nan
    deviations = values.std(axis=1, ddof=1)
    if deviations[best] == 0:
        return math.nan
    ratios = np.where(deviations > 0, values.mean(axis=1) / np.where(deviations > 0, deviations, 1.0), 0.0)
    luckiest = 0.0
    if rows > 1:
        one, other = _NORMAL.inv_cdf(1 - 1 / rows), _NORMAL.inv_cdf(1 - 1 / (rows * math.e))
        luckiest = float(ratios.std(ddof=1)) * ((1 - _EULER) * one + _EULER * other)
    standard = (values[best] - values[best].mean()) / values[best].std()
    ratio, skew, kurtosis = float(ratios[best]), float((standard**3).mean()), float((standard**4).mean())
    scatter = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
    return _NORMAL.cdf((ratio - luckiest) * math.sqrt((units - 1) / scatter)) if scatter > 0 else math.nan


def not_dominated(risk: Floats, reward: Floats) -> npt.NDArray[np.bool_]:
    """The rows that none other beats in one without losing in the other."""
    as_good = (risk[None, :] <= risk[:, None]) & (reward[None, :] >= reward[:, None])
    better = (risk[None, :] < risk[:, None]) | (reward[None, :] > reward[:, None])
    return np.asarray(~(as_good & better).any(axis=1))
