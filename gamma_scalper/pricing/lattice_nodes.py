"""What all trees of the lattice share: a step's weights, and what today's nodes say.

A tree begins two steps before today, so that today has three nodes of its own (one below spot, spot, one above) for
price, delta and gamma; its root is the same option two steps earlier, which gives theta.
"""

import math
from typing import NamedTuple

from gamma_scalper.pricing.analytic import Case, Floats
from gamma_scalper.pricing.compiled import compiled


class Values(NamedTuple):
    """Theta is per year; `exercised` says that it pays to exercise now."""

    price: float
    delta: float
    gamma: float
    theta: float
    exercised: bool


@compiled
def weights(case: Case, vol: float, dt: float) -> tuple[float, float, float]:
    """The size of a step up, and the discounted probabilities of a step down and up."""
    up = math.exp(vol * math.sqrt(dt))
    down = 1.0 / up
    discount = math.exp(-case.rate * dt)
    probability = (math.exp((case.rate - case.dividend_yield) * dt) - down) / (up - down)
    return up, discount * (1.0 - probability), discount * probability


@compiled
def read_nodes(v: Floats, case: Case, up: float, earlier: float, dt: float) -> Values:
    """From the three nodes of today, and the root two steps earlier."""
    below_spot, above_spot = case.spot * (1.0 - 1.0 / (up * up)), case.spot * (up * up - 1.0)
    fall, rise = (v[1] - v[0]) / below_spot, (v[2] - v[1]) / above_spot
    now = case.sign * (case.spot - case.strike)
    return Values(
        v[1],
        (rise * below_spot + fall * above_spot) / (below_spot + above_spot),
        2.0 * (rise - fall) / (below_spot + above_spot),
        (v[1] - earlier) / (2.0 * dt),
        case.american and now > 0.0 and v[1] <= now,
    )
