"""The situation a hedge policy looks at, read off a scene."""

import math
from datetime import date
from decimal import Decimal
from functools import lru_cache

from attrs import evolve, frozen

from gamma_scalper.domain.fees import FeeParameters, order_fees
from gamma_scalper.domain.instruments import Index, Stock
from gamma_scalper.domain.money import to_decimal, to_float
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.strategies.hedge_bands import Costs, Situation
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.scene import Scene

_FEW, _MANY = Decimal(20), Decimal(2_000)  # shares of an order that pays the minimum, and of one that does not
_DIGITS = 2  # of a price that tell what its fees are like


def situation(
    scene: Scene,
    limits: Limits,
    fees: FeeParameters,
    *,
    rate: float,
    dividend_yield: float = 0.0,
    trend: float | None = None,
) -> Situation:
    """Of the options held. `trend` is the signed efficiency ratio of 30 minutes, where a book lets trends run."""
    straddles, vol, standing = scene.straddles, scene.implied, scene.standing
    legs = _legs(scene)
    return Situation(
        now=scene.now,
        spot=scene.spot,
        gamma=scene.greeks.gamma,
        straddles=straddles,
        costs=hedging_costs(fees, scene.view.underlying, scene.now.date(), scene.spot, scene.underlying.spread / 2),
        years=_years(legs),
        vol=vol,
        rate=rate,
        delta_at=None if vol is None else _Shift(legs, scene.spot, vol, rate, dividend_yield),
        hedged_at=standing.hedged_at,
        hedged_price=None if standing.hedged_price is None else to_float(standing.hedged_price),
        trend=trend,
        widest=limits.force(straddles) or math.inf,
    )


# -- costs -------------------------------------------------------------------------------------------------------------


def hedging_costs(fees: FeeParameters, underlying: Stock | Index, day: date, spot: float, half_spread: float) -> Costs:
    """The bill of the day, the mean of both sides. Where no fees are known the spread is all."""
    if not isinstance(underlying, Stock) or underlying.currency != "USD":
        return Costs(half_spread=half_spread)
    return evolve(_billed(fees, underlying, day, _rounded(spot)), half_spread=half_spread)


def _rounded(spot: float) -> float:
    return round(spot, _DIGITS - 1 - math.floor(math.log10(spot)))


@lru_cache(maxsize=1_024)
def _billed(fees: FeeParameters, stock: Stock, day: date, price: float) -> Costs:
    """Remembered: a bill is exact and slow, and the same for every delta of a day."""
    at = to_decimal(price)
    few = [order_fees(fees, stock, side, day, _FEW, at) for side in Side]
    many = [order_fees(fees, stock, side, day, _MANY, at) for side in Side]
    return Costs(
        half_spread=0.0,
        levies=sum(to_float((bill.total - bill.commission) / _MANY) for bill in many) / len(many),
        commission=sum(to_float(bill.commission / _MANY) for bill in many) / len(many),
        minimum=sum(to_float(bill.commission) for bill in few) / len(few),
    )


# -- the options held --------------------------------------------------------------------------------------------------


@frozen
class _Leg:
    """One option held; without a volatility it stands at its bound, and its delta does not change."""

    sign: float  # 1 for a call, -1 for a put
    strike: float
    years: float
    vol: float
    shares: float
    vega: float


def _legs(scene: Scene) -> tuple[_Leg, ...]:
    found = []
    for option, quantity in scene.options:
        leg = scene.view.picture.leg(option.con_id)
        if leg is not None and leg.vol is not None:
            found.append(
                _Leg(
                    sign=1.0 if option.right == "C" else -1.0,
                    strike=to_float(option.strike),
                    years=years_between(scene.now, option.expires_at),
                    vol=leg.vol,
                    shares=to_float(quantity) * option.multiplier,
                    vega=leg.greeks.vega,
                )
            )
    return tuple(found)


def _years(legs: tuple[_Leg, ...]) -> float:
    """That are left, by vega."""
    weight = sum(abs(leg.vega * leg.shares) for leg in legs)
    return sum(abs(leg.vega * leg.shares) * leg.years for leg in legs) / weight if weight else 0.0


@frozen
class _Shift:
    """The options' delta with all volatilities scaled. Only its differences count, so the closed form will do."""

    legs: tuple[_Leg, ...]
    spot: float
    vol: float  # that they have together
    rate: float
    dividend_yield: float

    def __call__(self, vol: float) -> float:
        return sum(leg.shares * self._delta(leg, leg.vol * vol / self.vol) for leg in self.legs)

    def _delta(self, leg: _Leg, vol: float) -> float:
        wide = vol * math.sqrt(leg.years)
        if wide <= 0:
            return 0.0
        carry = (self.rate - self.dividend_yield + vol**2 / 2) * leg.years
        d1 = (math.log(self.spot / leg.strike) + carry) / wide
        return math.exp(-self.dividend_yield * leg.years) * leg.sign * math.erfc(-leg.sign * d1 / math.sqrt(2)) / 2
