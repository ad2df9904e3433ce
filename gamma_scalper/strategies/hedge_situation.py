"""The situation a hedge policy looks at, read off a scene."""

import math
from datetime import date
from decimal import Decimal
from functools import lru_cache

from attrs import frozen

from gamma_scalper.domain.fees import FeeParameters, order_fees
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.money import to_decimal, to_float
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.strategies.hedge_bands import Situation
from gamma_scalper.strategies.hedge_shapes import Costs, option_delta
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
    expires_at = min((option.expires_at for option, _ in scene.options), default=scene.now)
    return Situation(
        now=scene.now,
        spot=scene.spot,
        gamma=scene.greeks.gamma,
        straddles=straddles,
        costs=hedging_costs(fees, scene.view.underlying, scene.now.date(), scene.spot, scene.underlying.spread / 2),
        years=years_between(scene.now, expires_at),
        vol=vol,
        rate=rate,
        delta_at=None if vol is None else _Shift(scene, vol, rate, dividend_yield),
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
    billed = _billed(fees, underlying, day, _rounded(spot))
    return Costs(half_spread=half_spread, levies=billed.levies, commission=billed.commission, minimum=billed.minimum)


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
class _Shift:
    """The options' delta with all volatilities scaled. Only its differences count, so the closed form will do."""

    scene: Scene
    vol: float  # that they have together
    rate: float
    dividend_yield: float

    def __call__(self, vol: float) -> float:
        """Without those that stand at their bound: they have no volatility, and their delta does not change."""
        total = 0.0
        for option, quantity in self.scene.options:
            leg = self.scene.view.picture.leg(option.con_id)
            if leg is not None and leg.vol is not None:
                delta = self._delta(option, leg.vol * vol / self.vol)
                total += to_float(quantity) * option.multiplier * delta
        return total

    def _delta(self, option: Option, vol: float) -> float:
        years = years_between(self.scene.now, option.expires_at)
        sign = 1.0 if option.right == "C" else -1.0
        strike = to_float(option.strike)
        return option_delta(sign, self.scene.spot, strike, years, self.rate, self.dividend_yield, vol)
