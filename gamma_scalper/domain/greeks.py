"""What an option, or a whole position, is worth and how that changes."""

import math
from datetime import datetime

from attrs import field, frozen

from gamma_scalper.domain.checks import utc


@frozen
class Greeks:
    """Per share of the underlying, unless scaled; vega per 1.00 of volatility, theta per calendar day."""

    price: float
    delta: float
    gamma: float
    theta_per_day: float
    vega: float

    def __attrs_post_init__(self) -> None:
        if not math.isfinite(self.price + self.delta + self.gamma + self.theta_per_day + self.vega):
            raise ValueError(f"Greeks must be finite numbers, not {self}")

    def __add__(self, other: "Greeks") -> "Greeks":
        return Greeks(
            self.price + other.price,
            self.delta + other.delta,
            self.gamma + other.gamma,
            self.theta_per_day + other.theta_per_day,
            self.vega + other.vega,
        )

    def __mul__(self, factor: float) -> "Greeks":
        """Scaled to a holding: `greeks * (contracts * option.multiplier)`; a short holding has a negative factor."""
        return Greeks(
            self.price * factor,
            self.delta * factor,
            self.gamma * factor,
            self.theta_per_day * factor,
            self.vega * factor,
        )

    __rmul__ = __mul__


NO_GREEKS = Greeks(0.0, 0.0, 0.0, 0.0, 0.0)
"""Of an empty holding; the start of a sum. Never a stand-in for Greeks that are not known."""


def share_greeks(spot: float) -> Greeks:
    """Of one share of the underlying itself."""
    return Greeks(spot, 1.0, 0.0, 0.0, 0.0)


@frozen(kw_only=True)
class BrokerGreeks:
    """The broker's own figures for an option, per share; what it left out or spoilt is None."""

    at: datetime = field(converter=utc)
    implied_vol: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta_per_day: float | None = None
    vega: float | None = None
    price: float | None = None
    underlying_price: float | None = None
