"""The shape of every policy's band, on plain numbers alone: simulated paths are hedged by these very functions."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

_TRADING_DAYS = 252
_LEAST_VARIANCE = 0.25  # of the market's, however dear hedging is: beyond it the expansion is not meant
_ROOT_HALF = math.sqrt(0.5)


class Costs(NamedTuple):
    """Of an order for shares: max(minimum, commission x shares) + (half_spread + levies) x shares, in dollars."""

    half_spread: float
    levies: float = 0.0  # of exchanges and regulators, per share
    commission: float = 0.0  # of the broker, per share
    minimum: float = 0.0  # of the commission, per order


class Rules(NamedTuple):
    """What a policy keeps to, of the position held."""

    half: float  # shares; policy fixed
    share: float  # of the half-width that a hedge trades down to
    aversion: float  # per dollar
    every_s: float
    move: float
    move_pct: float
    move_sigmas: float


class Figures(NamedTuple):
    """What a policy looks at. NaN: not known."""

    spot: float
    gamma: float
    costs: Costs
    years: float
    rate: float
    vol: float
    since_s: float  # since the last hedge; infinite: there was none
    hedged_price: float


class Shape(NamedTuple):
    """A band before it is cut to what is allowed."""

    half: float  # half its width
    landing: float  # how far from the centre a hedge ends, on the side it came from
    vol: float  # at which the delta is taken to be the centre; NaN: at that of the options themselves


class Edges(NamedTuple):
    """A band as it is cut."""

    low: float
    high: float
    centre: float
    from_below: float
    from_above: float


def cut(shape: Shape, centre: float, widest: float, run: float, trend: int) -> Edges:
    """No wider than the force level; `run` times as wide where a trend, up (1) or down (-1), drives the delta to."""
    half = min(shape.half, widest)
    landing, further = min(shape.landing, half), min(run * half, widest)
    return Edges(
        centre - (further if trend < 0 else half),
        centre + (further if trend > 0 else half),
        centre,
        centre - landing,
        centre + landing,
    )


# -- policies: None means that no hedge is due, wherever the delta is --------------------------------------------------


def fixed(rules: Rules, figures: Figures) -> Shape | None:
    return Shape(rules.half, rules.half * rules.share, math.nan)


def whalley_wilmott(rules: Rules, figures: Figures) -> Shape | None:
    """As if the broker had no minimum fee."""
    half = whalley_wilmott_half(figures, rules.aversion, rules.share)
    return Shape(half, half * rules.share, math.nan)


def zakamouline(rules: Rules, figures: Figures) -> Shape | None:
    """Without a volatility, or at the end of life, it is Whalley-Wilmott's."""
    if not (figures.vol > 0 and figures.years > 0):
        half = whalley_wilmott_half(figures, rules.aversion, rules.share)
        return Shape(half, half * rules.share, math.nan)
    half, vol = zakamouline_half(figures, rules.aversion)
    return Shape(half, half * rules.share, vol)


def fee_aware(rules: Rules, figures: Figures) -> Shape | None:
    across, trade = fee_aware_width(figures, rules.aversion)
    return Shape((across + trade) / 2, (across - trade) / 2, math.nan)


def by_time(rules: Rules, figures: Figures) -> Shape | None:
    if figures.since_s >= rules.every_s:
        return Shape(0.0, 0.0, math.nan)
    return None


def by_move(rules: Rules, figures: Figures) -> Shape | None:
    """By the least of the distances that are given."""
    vol = figures.vol if figures.vol > 0 else 0.0
    a_day = figures.spot * vol / math.sqrt(_TRADING_DAYS)
    least = math.inf
    for distance in (rules.move, figures.spot * rules.move_pct / 100, a_day * rules.move_sigmas):
        if distance > 0:
            least = min(least, distance)
    known = least < math.inf and not math.isnan(figures.hedged_price)
    if known and abs(figures.spot - figures.hedged_price) < least:
        return None
    return Shape(0.0, 0.0, math.nan)


POLICIES: Mapping[str, Callable[[Rules, Figures], Shape | None]] = {
    "fixed": fixed,
    "whalley_wilmott": whalley_wilmott,
    "zakamouline": zakamouline,
    "fee_aware": fee_aware,
    "time": by_time,
    "move": by_move,
}


# -- their formulas ----------------------------------------------------------------------------------------------------


def per_share(costs: Costs) -> float:
    """Of an order so large that the minimum does not matter."""
    return costs.half_spread + costs.levies + costs.commission


def whalley_wilmott_half(figures: Figures, aversion: float, share: float) -> float:
    """Half the width of the band by proportional costs, of which a hedge trades down to this share."""
    return _cubic(figures, aversion, per_share(figures.costs), share)


def _cubic(figures: Figures, aversion: float, a_share: float, share: float) -> float:
    discounted = math.exp(-figures.rate * figures.years) * a_share  # the formula's lambda S
    return _cube_root(6 * discounted * figures.gamma**2 / (aversion * (1 + share) * (1 + share * share)))


def zakamouline_half(figures: Figures, aversion: float) -> tuple[float, float]:
    """Half the width of the band, and the volatility that the delta at its centre is taken at."""
    spot, years, gamma, vol = figures.spot, figures.years, abs(figures.gamma), figures.vol
    cost = per_share(figures.costs) / spot
    discounted = (math.exp(-figures.rate * years) / vol) ** 0.25
    no_gamma = cost / (aversion * spot * vol**2 * years)
    by_gamma = 1.12 * cost**0.31 * years**0.05 * discounted * math.sqrt(gamma / aversion)
    shift = -4.76 * cost**0.78 * years**-0.02 * discounted * (aversion * spot**2 * gamma) ** 0.15
    variance = 1 + shift if figures.gamma >= 0 else 1 - shift
    return no_gamma + by_gamma, vol * math.sqrt(max(variance, _LEAST_VARIANCE))


def fee_aware_width(figures: Figures, aversion: float) -> tuple[float, float]:
    """From edge to far landing, and from edge to landing: a hedge trades the second. What a delta that wanders between
    them costs and risks is least where trade^3 across = A, across^3 = A / trade + B: A = 12 f G^2 / y of the minimum
    fee f, B = 12 p G^2 / y of a share's cost p. An order that earns the minimum grows no further, and then B is all."""
    costs = figures.costs
    whole = 2 * whalley_wilmott_half(figures, aversion, 1.0)
    by_order = 12 * costs.minimum * figures.gamma**2 / aversion
    if by_order == 0:
        return whole, 0.0
    by_share = (2 * _cubic(figures, aversion, costs.half_spread + costs.levies, 1.0)) ** 3
    across = _across(math.pow(by_order, 2 / 3), by_share)
    trade = _cube_root(by_order / across)
    earned = costs.minimum / costs.commission if costs.commission > 0 else math.inf  # by an order of so many shares
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


def _cube_root(x: float) -> float:
    """Of what is not negative; compiled code has no `math.cbrt`."""
    return math.pow(x, 1 / 3)


def option_delta(
    sign: float, spot: float, strike: float, years: float, rate: float, dividend_yield: float, vol: float
) -> float:
    """The closed form's, per share of a call (1) or a put (-1); nothing at the end of life."""
    if years <= 0:
        return 0.0
    carry = (rate - dividend_yield + vol**2 / 2) * years
    d1 = (math.log(spot / strike) + carry) / (vol * math.sqrt(years))
    return math.exp(-dividend_yield * years) * sign * math.erfc(-sign * d1 * _ROOT_HALF) / 2
