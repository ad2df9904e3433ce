"""The tree of an American option without cash dividends, and of its European twin.

The last step before expiry is the closed form (Black-Scholes smoothing), so the strike's place between two nodes does
not matter much.
"""

import math

import numpy as np

from gamma_scalper.pricing.analytic import Case, Floats, below
from gamma_scalper.pricing.compiled import compiled
from gamma_scalper.pricing.lattice_nodes import Values, read_nodes, weights

_BLOCK = 16  # doubles: four of the widest registers in common use
_FAR = 8.3  # standard deviations beyond which the normal distribution is 0 or 1 to a double's precision


@compiled
def _fill_leaves(v: Floats, twin: Floats, nodes: Floats, case: Case, spread: float, dt: float, count: int) -> None:
    """Values one step before expiry: the closed form, for which only nodes near the strike need the distribution."""
    share, cash = math.exp(-case.dividend_yield * dt), case.strike * math.exp(-case.rate * dt)
    first = math.log(nodes[0] * share / cash) / spread + 0.5 * spread
    for j in range(count):
        d1 = first + 2.0 * j
        shares = nodes[j] * share
        if d1 > _FAR or d1 < -_FAR:
            twin[j] = max(case.sign * (shares - cash), 0.0)
        else:
            twin[j] = case.sign * (shares * below(case.sign * d1) - cash * below(case.sign * (d1 - spread)))
        v[j] = max(twin[j], case.sign * (nodes[j] - case.strike))


@compiled
def american_tree(case: Case, vol: float, steps: int) -> tuple[Values, Values]:
    """Without dividends: what today's nodes say, and what those of the European twin say.

    Rows are worked in whole blocks, so that the processor's wide registers have no odd ends to do; what is computed
    beyond a row's end never reaches a node that counts.
    """
    dt = case.years / steps
    spread = vol * math.sqrt(dt)
    up, down_weight, up_weight = weights(case, vol, dt)
    room = steps + 2 + 2 * _BLOCK
    # The nodes of every row are a part of one of two: of the last row, or of the one before it.
    last, one_before, v, twin = np.zeros(room), np.zeros(room), np.zeros(room), np.zeros(room)
    node = case.spot * math.exp(-(steps + 1) * spread)
    for j in range(steps + 2):
        last[j], one_before[j] = node, node * up
        node *= up * up
    _fill_leaves(v, twin, last, case, spread, dt, steps + 2)
    today = np.empty(6)
    sign, strike = case.sign, case.strike
    for back in range(1, steps + 2):
        row = last[back // 2 :] if back % 2 == 0 else one_before[back // 2 :]
        blocks = (steps + 1 - back + _BLOCK) // _BLOCK * _BLOCK
        for j in range(blocks):
            hold = down_weight * v[j] + up_weight * v[j + 1]
            now = sign * (row[j] - strike)
            v[j] = hold if hold > now else now
        for j in range(blocks):
            twin[j] = down_weight * twin[j] + up_weight * twin[j + 1]
        if back == steps - 1:
            today[:3], today[3:] = v[:3], twin[:3]
    return read_nodes(today[:3], case, up, v[0], dt), read_nodes(today[3:], case, up, twin[0], dt)
