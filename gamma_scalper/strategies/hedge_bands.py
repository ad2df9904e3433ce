"""Hedge policies, pure and interchangeable: a situation goes in, and where the delta may be comes out."""

import math
from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from gamma_scalper.strategies.base import Band
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.hedge_shapes import POLICIES, Costs, Figures, Rules, cut
from gamma_scalper.strategies.limits import figure

_SHARES = {"centre": 0.0, "half": 0.5, "edge": 1.0}  # of the half-width
_BEST = {"fixed": "centre"}  # where a hedge ends best; at the edge by cost, and fee_aware, time and move have their own


@frozen(kw_only=True)
class Situation:
    """All that a policy looks at; gamma and deltas of the whole position, in shares."""

    now: datetime
    spot: float
    gamma: float  # shares per $1; negative where options are sold
    straddles: float
    costs: Costs
    years: float = 0.0  # that the options have left
    vol: float | None = None  # implied by the options held; None: none shows
    rate: float = 0.0
    delta_at: Callable[[float], float] | None = None  # of the options, if this were their volatility
    hedged_at: datetime | None = None
    hedged_price: float | None = None
    trend: float | None = None  # efficiency ratio of 30 minutes, negative where it fell; None: not known
    widest: float = math.inf  # from here on a hedge is forced


def band(parameters: HedgeParameters, situation: Situation) -> Band | None:
    """None: by this policy no hedge is due now, wherever the delta is."""
    figures = figures_of(situation)
    shape = POLICIES[parameters.policy](rules_of(parameters, situation.straddles), figures)
    if shape is None:
        return None
    centre, delta_at = 0.0, situation.delta_at
    if delta_at is not None and not math.isnan(shape.vol):  # it has one of its own
        centre = delta_at(figures.vol) - delta_at(shape.vol)
    ratio, trend = parameters.trend_ratio, situation.trend or 0.0
    side = 1 if trend >= ratio else -1 if trend <= -ratio else 0
    return Band(*cut(shape, centre, situation.widest, parameters.trend_factor, side))


def rules_of(parameters: HedgeParameters, straddles: float) -> Rules:
    """The settings as they hold for so many straddles."""
    to = _BEST.get(parameters.policy, "edge") if parameters.to == "best" else parameters.to
    return Rules(
        figure(parameters.band_shares, parameters.band_per_straddle, straddles),
        _SHARES[to],
        aversion(parameters, straddles),
        parameters.every_s,
        parameters.move,
        parameters.move_pct,
        parameters.move_sigmas,
    )


def figures_of(situation: Situation) -> Figures:
    last, price, vol = situation.hedged_at, situation.hedged_price, situation.vol
    return Figures(
        situation.spot,
        situation.gamma,
        situation.costs,
        situation.years,
        situation.rate,
        math.nan if vol is None else vol,
        math.inf if last is None else (situation.now - last).total_seconds(),
        math.nan if price is None else price,
    )


def scaled(whole: Band, factor: float) -> Band:
    """The band so many times as wide, around the same centre: a narrower one for a night, say."""
    low, high, below, above = (
        whole.centre + factor * (edge - whole.centre)
        for edge in (whole.low, whole.high, whole.from_below, whole.from_above)
    )
    return Band(low, high, whole.centre, below, above)


def aversion(parameters: HedgeParameters, straddles: float) -> float:
    """Per dollar. Half as averse with twice the straddles, where it is given for one: the band then grows with them."""
    given = parameters.risk_aversion_per_straddle
    return given / max(straddles, 1.0) if given else parameters.risk_aversion
