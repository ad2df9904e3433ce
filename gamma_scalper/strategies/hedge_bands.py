"""Hedge policies, pure and interchangeable: a situation goes in, and where the delta may be comes out."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from attrs import frozen

from gamma_scalper.strategies.base import Band
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.limits import figure

_TRADING_DAYS = 252
_LEAST_VARIANCE = 0.25  # of the market's, however dear hedging is: beyond it the expansion is not meant
_SHARES = {"centre": 0.0, "half": 0.5, "edge": 1.0}  # of the half-width


@frozen(kw_only=True)
class Costs:
    """Of an order for shares: max(minimum, commission x shares) + (half_spread + levies) x shares, in dollars."""

    half_spread: float
    levies: float = 0.0  # of exchanges and regulators, per share
    commission: float = 0.0  # of the broker, per share
    minimum: float = 0.0  # of the commission, per order

    @property
    def per_share(self) -> float:
        """Of an order so large that the minimum does not matter."""
        return self.half_spread + self.levies + self.commission


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


@frozen
class _Shape:
    """A band before it is cut to what is allowed."""

    half: float  # half its width
    landing: float  # how far from the centre a hedge ends, on the side it came from
    centre: float = 0.0


def band(parameters: HedgeParameters, situation: Situation) -> Band | None:
    """None: by this policy no hedge is due now, wherever the delta is."""
    shape = _POLICIES[parameters.policy](parameters, situation)
    if shape is None:
        return None
    half = min(shape.half, situation.widest)
    landing, run = min(shape.landing, half), min(parameters.trend_factor * half, situation.widest)
    trend = situation.trend or 0.0
    return Band(
        low=shape.centre - (run if trend <= -parameters.trend_ratio else half),
        high=shape.centre + (run if trend >= parameters.trend_ratio else half),
        centre=shape.centre,
        from_below=shape.centre - landing,
        from_above=shape.centre + landing,
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


# -- policies ----------------------------------------------------------------------------------------------------------


def _fixed(parameters: HedgeParameters, situation: Situation) -> _Shape:
    half = figure(parameters.band_shares, parameters.band_per_straddle, situation.straddles)
    return _Shape(half, half * _share(parameters, "centre"))


def _whalley_wilmott(parameters: HedgeParameters, situation: Situation) -> _Shape:
    """As if the broker had no minimum fee."""
    share = _share(parameters, "edge")
    half = whalley_wilmott(situation, aversion(parameters, situation.straddles), share)
    return _Shape(half, half * share)


def _zakamouline(parameters: HedgeParameters, situation: Situation) -> _Shape:
    """Without a volatility, or at the end of life, it is Whalley-Wilmott's."""
    vol = situation.vol
    if vol is None or vol <= 0 or situation.years <= 0:
        return _whalley_wilmott(parameters, situation)
    half, vol_of_target = zakamouline(situation, vol, aversion(parameters, situation.straddles))
    centre = 0.0
    if situation.delta_at is not None:
        centre = situation.delta_at(vol) - situation.delta_at(vol_of_target)
    return _Shape(half, half * _share(parameters, "edge"), centre)


def _fee_aware(parameters: HedgeParameters, situation: Situation) -> _Shape:
    across, trade = fee_aware(situation, aversion(parameters, situation.straddles))
    return _Shape((across + trade) / 2, (across - trade) / 2)


def _time(parameters: HedgeParameters, situation: Situation) -> _Shape | None:
    last = situation.hedged_at
    due = last is None or situation.now >= last + timedelta(seconds=parameters.every_s)
    return _Shape(0.0, 0.0) if due else None


def _move(parameters: HedgeParameters, situation: Situation) -> _Shape | None:
    spot, last = situation.spot, situation.hedged_price
    a_day = spot * (situation.vol or 0.0) / math.sqrt(_TRADING_DAYS)
    distances = (parameters.move, spot * parameters.move_pct / 100, a_day * parameters.move_sigmas)
    least = min((distance for distance in distances if distance > 0), default=0.0)
    due = last is None or abs(spot - last) >= least
    return _Shape(0.0, 0.0) if due else None


def _share(parameters: HedgeParameters, best: str) -> float:
    return _SHARES[best if parameters.to == "best" else parameters.to]


_POLICIES: Mapping[str, Callable[[HedgeParameters, Situation], _Shape | None]] = {
    "fixed": _fixed,
    "whalley_wilmott": _whalley_wilmott,
    "zakamouline": _zakamouline,
    "fee_aware": _fee_aware,
    "time": _time,
    "move": _move,
}


# -- their formulas ----------------------------------------------------------------------------------------------------


def whalley_wilmott(situation: Situation, risk_aversion: float, share: float = 1.0) -> float:
    """Half the width of the band by proportional costs, of which a hedge trades down to this share."""
    return _cubic(situation, risk_aversion, situation.costs.per_share, share)


def _cubic(situation: Situation, risk_aversion: float, per_share: float, share: float) -> float:
    discounted = math.exp(-situation.rate * situation.years) * per_share  # the formula's lambda S
    return math.cbrt(6 * discounted * situation.gamma**2 / (risk_aversion * (1 + share) * (1 + share * share)))


def zakamouline(situation: Situation, vol: float, risk_aversion: float) -> tuple[float, float]:
    """Half the width of the band, and the volatility that the delta at its centre is taken at."""
    spot, years, gamma = situation.spot, situation.years, abs(situation.gamma)
    cost = situation.costs.per_share / spot
    discounted = (math.exp(-situation.rate * years) / vol) ** 0.25
    no_gamma = cost / (risk_aversion * spot * vol**2 * years)
    by_gamma = 1.12 * cost**0.31 * years**0.05 * discounted * math.sqrt(gamma / risk_aversion)
    shift = -4.76 * cost**0.78 * years**-0.02 * discounted * (risk_aversion * spot**2 * gamma) ** 0.15
    variance = 1 + shift if situation.gamma >= 0 else 1 - shift
    return no_gamma + by_gamma, vol * math.sqrt(max(variance, _LEAST_VARIANCE))


def fee_aware(situation: Situation, risk_aversion: float) -> tuple[float, float]:
    """From edge to far landing, and from edge to landing: a hedge trades the second. What a delta that wanders between
    them costs and risks is least where trade^3 across = A, across^3 = A / trade + B: A = 12 f G^2 / y of the minimum
    fee f, B = 12 p G^2 / y of a share's cost p. An order that earns the minimum grows no further, and then B is all."""
    costs, whole = situation.costs, 2 * whalley_wilmott(situation, risk_aversion)
    by_order = 12 * costs.minimum * situation.gamma**2 / risk_aversion
    if not by_order:
        return whole, 0.0
    by_share = (2 * _cubic(situation, risk_aversion, costs.half_spread + costs.levies, 1.0)) ** 3
    across = _across(math.pow(by_order, 2 / 3), by_share)
    trade = math.cbrt(by_order / across)
    earned = costs.minimum / costs.commission if costs.commission else math.inf  # by an order of so many shares
    return (across, trade) if trade <= earned else (whole, min(earned, whole))


def _across(a: float, b: float) -> float:
    """The u with u^3 - a u^(1/3) = b: by Newton in w = u^(1/3), since w^9 is convex; from just below the root."""
    w = math.pow(math.pow(a, 9 / 8) + b, 1 / 9)
    for _ in range(60):
        w8 = math.pow(w, 8)
        step = (w8 * w - a * w - b) / (9 * w8 - a)
        w -= step
        if abs(step) <= 1e-9 * w:  # the next would be its square
            break
    return w**3
