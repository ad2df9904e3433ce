"""What every policy costs for the risk it leaves: its frontier over the setting that makes it hedge more or less."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import pairwise

import numpy as np
from attrs import field, frozen

from gamma_scalper.backtest.laws.billing import bills
from gamma_scalper.backtest.laws.hedger import NO_BILLS, Hedged, Hedger, run
from gamma_scalper.backtest.laws.trial import Trial
from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.pricing.analytic import Floats
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_shapes import Costs
from gamma_scalper.strategies.hedge_situation import hedging_costs

_MOST_SHARES = 200  # that an order for one straddle can have: its delta goes from -100 to 100


@frozen(kw_only=True)
class Family:
    """A policy over one of its settings."""

    name: str
    setting: str
    unit: str
    all: tuple[HedgeParameters, ...]


@frozen(kw_only=True)
class Charges:
    """What hedging is charged, and what the policies are told of it."""

    name: str
    costs: Costs
    proportional: float = 0.0
    bills: Floats = field(default=NO_BILLS, eq=False, repr=False)


@frozen
class Point:
    """One setting's outcome; dollars and orders for each straddle."""

    value: float
    deviation: float  # of the profit, costs paid
    cost: float
    orders: float


@frozen
class Curve:
    family: Family
    points: tuple[Point, ...]

    def cost_at(self, deviation: float) -> float | None:
        """The least that a deviation no larger than this costs, straight in logarithms from point to point.

        None where every setting leaves more risk, or every one less.
        """
        if not min(p.deviation for p in self.points) <= deviation <= max(p.deviation for p in self.points):
            return None
        enough = [point.cost for point in self.points if point.deviation <= deviation]
        return min([*enough, *_crossings(self.points, deviation)])


def _crossings(points: Sequence[Point], deviation: float) -> Iterable[float]:
    for one, other in pairwise(points):
        low, high = sorted((one, other), key=lambda point: point.deviation)
        if low.deviation < deviation < high.deviation:
            way = math.log(deviation / low.deviation) / math.log(high.deviation / low.deviation)
            yield low.cost * (high.cost / low.cost) ** way


def families(trial: Trial, count: int = 10) -> list[Family]:
    """Every policy from one that hedges all the time to one that hardly does."""
    shares = np.geomspace(1.0, 60.0, count)
    aversions = np.geomspace(0.3, 3e-5, count)
    waits = [step * trial.step_s for step in 2 ** np.arange(count) if step <= trial.steps / 3]
    moves = np.geomspace(0.1, 4.0, count)
    by_width, by_aversion = ("band_per_straddle", "shares"), ("risk_aversion_per_straddle", "per $")
    return [
        _family("clock", "every_s", "s", waits, lambda s: HedgeParameters(policy="time", every_s=s)),
        _family("move", "move_sigmas", "of a day", moves, lambda x: HedgeParameters(policy="move", move_sigmas=x)),
        _family("fixed to the centre", *by_width, shares, _fixed("centre")),
        _family("fixed to the edge", *by_width, shares, _fixed("edge")),
        _family("Whalley-Wilmott to the edge", *by_aversion, aversions, _by_cost("whalley_wilmott")),
        _family("Zakamouline to the edge", *by_aversion, aversions, _by_cost("zakamouline")),
        _family("fee-aware", *by_aversion, aversions, _by_cost("fee_aware")),
    ]


def _family(
    name: str, setting: str, unit: str, values: Iterable[float], made: Callable[[float], HedgeParameters]
) -> Family:
    return Family(name=name, setting=setting, unit=unit, all=tuple(made(float(value)) for value in values))


def _fixed(to: str) -> Callable[[float], HedgeParameters]:
    return lambda shares: HedgeParameters(policy="fixed", band_per_straddle=shares, to=to)


def _by_cost(policy: str) -> Callable[[float], HedgeParameters]:
    return lambda each: HedgeParameters(policy=policy, risk_aversion_per_straddle=each)


def charged_by(
    fees: FeeParameters, stock: Stock, day: date, trial: Trial, *, half_spread: float, minimum: bool
) -> Charges:
    """The broker's bill for every order, and half the spread for every share."""
    told = hedging_costs(fees, stock, day, trial.spot, half_spread)
    largest = math.ceil(_MOST_SHARES * trial.straddles)
    return Charges(
        name=f"{fees.schedule}{'' if minimum else ', no minimum'}",
        costs=told if minimum else told._replace(minimum=0.0),
        bills=bills(fees, stock, day, largest, trial.spot, minimum=minimum),
    )


def frontier(
    trial: Trial,
    charges: Charges,
    every: Sequence[Family],
    paths: int,
    seed: int,
    told: Callable[[int], None] = lambda paths: None,
) -> list[Curve]:
    """All settings of all policies on the same paths; `told` hears of each chunk of paths that one has hedged."""
    hedgers = [
        Hedger(parameters=each, costs=charges.costs, proportional=charges.proportional, bills=charges.bills)
        for family in every
        for each in family.all
    ]
    found = iter(run(trial, hedgers, paths, seed, told))
    return [Curve(family, tuple(_point(trial, family, each, next(found)) for each in family.all)) for family in every]


def _point(trial: Trial, family: Family, parameters: HedgeParameters, found: Hedged) -> Point:
    return Point(
        value=getattr(parameters, family.setting),
        deviation=float(found.profit.std()) / trial.straddles,
        cost=float(found.costs.mean()) / trial.straddles,
        orders=float(found.orders.mean()) / trial.straddles,
    )
