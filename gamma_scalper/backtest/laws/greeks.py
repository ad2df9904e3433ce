"""Value, delta and gamma of the straddles on every path at every step, by the pricing functions that trade."""

from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np

from gamma_scalper.backtest.laws.trial import Trial
from gamma_scalper.pricing.analytic import Case, Floats, european_greeks
from gamma_scalper.pricing.lattice_kernel import greeks as lattice_greeks

Model = Callable[[Case, float, int], tuple[float, float, float, float, float]]

MULTIPLIER = 100


class Grid(NamedTuple):
    """A row for each path, a column for each step and the end; of the whole position, at the implied volatility."""

    spots: Floats
    values: Floats  # dollars
    deltas: Floats  # shares
    gammas: Floats  # shares per $1


def grid(trial: Trial, spots: Floats, lattice_steps: int = 0) -> Grid:
    """By the closed form; by the American lattice where steps for it are given. At expiry no delta is left."""
    market = Case(
        1.0,
        lattice_steps > 0,
        trial.spot,
        trial.strike,
        trial.years,
        trial.rate,
        trial.dividend_yield,
        np.zeros(0),
        np.zeros(0),
    )
    found = np.zeros((3, *spots.shape))
    model = _lattice if lattice_steps > 0 else _closed_form
    _fill(model, lattice_steps, found, spots, trial.years_left, market, trial.implied)
    found[0, :, -1] = np.abs(spots[:, -1] - trial.strike)
    return Grid(spots, *(MULTIPLIER * trial.straddles * found))


@numba.njit(error_model="numpy")
def _closed_form(case: Case, vol: float, steps: int) -> tuple[float, float, float, float, float]:
    return european_greeks(case, vol)


@numba.njit(error_model="numpy")
def _lattice(case: Case, vol: float, steps: int) -> tuple[float, float, float, float, float]:
    return lattice_greeks(case, vol, steps)


@numba.njit(nogil=True, error_model="numpy")
def _fill(model: Model, steps: int, found: Floats, spots: Floats, years_left: Floats, market: Case, vol: float) -> None:
    for path in range(spots.shape[0]):
        for step in range(spots.shape[1] - 1):
            for sign in (1.0, -1.0):
                case = Case(
                    sign,
                    market.american,
                    spots[path, step],
                    market.strike,
                    years_left[step],
                    market.rate,
                    market.dividend_yield,
                    market.times,
                    market.amounts,
                )
                value, delta, gamma, _, _ = model(case, vol, steps)
                found[0, path, step] += value
                found[1, path, step] += delta
                found[2, path, step] += gamma
