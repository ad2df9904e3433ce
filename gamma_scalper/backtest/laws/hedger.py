"""Hedges many paths at once. Whether, to where and by how many shares is decided by the functions a book trades by.

Those are compiled as they stand, anew in each process: machine code kept on disk would not notice that one changed.
"""

import math
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, NamedTuple

import numba
import numpy as np
from attrs import field, frozen
from numba.extending import register_jitable

from gamma_scalper.backtest.laws.greeks import MULTIPLIER, Grid, grid
from gamma_scalper.backtest.laws.trial import Trial, chunks
from gamma_scalper.pricing.analytic import Floats
from gamma_scalper.strategies import hedge_shapes
from gamma_scalper.strategies.deltas import target_of
from gamma_scalper.strategies.hedge_bands import rules_of
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_plans import whole_shares
from gamma_scalper.strategies.hedge_shapes import POLICIES, Costs, Figures, Rules, cut, option_delta

FREE = Costs(half_spread=0.0)
NO_BILLS = np.zeros((0, 2, 2))


@frozen(kw_only=True)
class Hedger:
    """A policy with its settings, what it believes hedging to cost, and what it is charged."""

    parameters: HedgeParameters
    costs: Costs = FREE
    proportional: float = 0.0  # of the price, one way, beside those costs: believed and charged
    bills: Floats = field(default=NO_BILLS, eq=False, repr=False)  # see `bills`


@frozen
class Hedged:
    """What came of it, for each path; dollars of the first day."""

    options: Floats  # their profit
    shares: Floats  # theirs, before costs
    costs: Floats
    orders: Floats
    traded: Floats  # shares, both ways

    @property
    def before_costs(self) -> Floats:
        return self.options + self.shares

    @property
    def profit(self) -> Floats:
        return self.options + self.shares - self.costs


class _Terms(NamedTuple):
    """A trial in plain numbers."""

    step_s: float
    strike: float
    rate: float
    dividend_yield: float
    vol: float
    scale: float
    years_left: Floats
    growth: Floats  # discounted, of a dollar a share would bring at each step; and dividends since the last one


def run(
    trial: Trial,
    hedgers: Sequence[Hedger],
    paths: int,
    seed: int,
    told: Callable[[int], None] = lambda paths: None,
) -> list[Hedged]:
    """All of them on the same paths; `told` hears of every chunk that one of them has hedged."""
    parts: list[list[Hedged]] = [[] for _ in hedgers]
    for spots in chunks(trial, paths, seed):
        seen = grid(trial, spots)
        for part, hedger in zip(parts, hedgers, strict=True):
            part.append(hedged(trial, seen, hedger))
            told(len(spots))
    return [joined(part) for part in parts]


def joined(parts: Sequence[Hedged]) -> Hedged:
    names = ("options", "shares", "costs", "orders", "traded")
    return Hedged(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def hedged(trial: Trial, seen: Grid, hedger: Hedger) -> Hedged:
    found = np.zeros((4, len(seen.spots)))
    _walk(
        _COMPILED[hedger.parameters.policy],
        rules_of(hedger.parameters, trial.straddles),
        hedger.costs,
        hedger.proportional,
        hedger.bills,
        seen,
        _terms(trial),
        found,
    )
    options = trial.discounts[-1] * seen.values[:, -1] - seen.values[:, 0]
    return Hedged(options, *found)


def _terms(trial: Trial) -> _Terms:
    return _Terms(
        trial.step_s,
        trial.strike,
        trial.rate,
        trial.dividend_yield,
        trial.implied,
        MULTIPLIER * trial.straddles,
        trial.years_left,
        trial.discounts,
    )


# -- compiled ----------------------------------------------------------------------------------------------------------

_LIVE: Sequence[Any] = [
    target_of,
    whole_shares,
    *(each for each in vars(hedge_shapes).values() if type(each) is FunctionType),
]
for _function in _LIVE:
    register_jitable(_function)
_COMPILED = {name: numba.njit(error_model="numpy")(policy) for name, policy in POLICIES.items()}


@register_jitable
def _centre(vol: float, spot: float, years: float, terms: _Terms) -> float:
    """Where the delta is none at this volatility; the options count at their own."""
    centre = 0.0
    for sign in (1.0, -1.0):
        own = option_delta(sign, spot, terms.strike, years, terms.rate, terms.dividend_yield, terms.vol)
        other = option_delta(sign, spot, terms.strike, years, terms.rate, terms.dividend_yield, vol)
        centre += terms.scale * (own - other)
    return centre


@register_jitable
def _order(shape: Any, centre: float, projected: float) -> int:
    """Shares to buy, negative to sell, as `begin_hedge` finds them where no limit says otherwise."""
    edges = cut(shape, centre, math.inf, 1.0, 0)
    target = target_of(edges, projected)
    if target is None:
        return 0
    shares = whole_shares(target - projected)
    return shares if target > projected else -shares


@numba.njit(nogil=True, error_model="numpy")
def _walk(
    policy: Any,
    rules: Rules,
    costs: Costs,
    proportional: float,
    bills: Floats,
    seen: Grid,
    terms: _Terms,
    found: Floats,
) -> None:
    """Fill `found`, rows: profit of the shares, costs, orders, shares traded."""
    steps = seen.spots.shape[1] - 1
    for path in range(seen.spots.shape[0]):
        held, hedged_at, hedged_price = 0.0, -math.inf, math.nan
        for step in range(steps):
            spot, now = seen.spots[path, step], step * terms.step_s
            spread = costs.half_spread + proportional * spot
            shape = policy(
                rules,
                Figures(
                    spot,
                    seen.gammas[path, step],
                    Costs(spread, costs.levies, costs.commission, costs.minimum),
                    terms.years_left[step],
                    terms.rate,
                    terms.vol,
                    now - hedged_at,
                    hedged_price,
                ),
            )
            if shape is not None:
                centre = 0.0 if math.isnan(shape.vol) else _centre(shape.vol, spot, terms.years_left[step], terms)
                order = _order(shape, centre, seen.deltas[path, step] + held)
                if order != 0:
                    held, hedged_at, hedged_price = held + order, now, spot
                    size = abs(order)
                    bill = spread * size
                    if len(bills) > 0:
                        side = 0 if order > 0 else 1
                        bill += bills[size, side, 0] + bills[size, side, 1] * spot
                    found[1, path] += terms.growth[step] * bill
                    found[2, path] += 1
                    found[3, path] += size
            grown = math.exp(terms.dividend_yield * (terms.years_left[step] - terms.years_left[step + 1]))
            later = terms.growth[step + 1] * grown * seen.spots[path, step + 1]
            found[0, path] += held * (later - terms.growth[step] * spot)
