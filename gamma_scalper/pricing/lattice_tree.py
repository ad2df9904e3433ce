"""One binomial tree in place, and what is read off its nodes.

The tree begins two steps before today, so that today has three nodes of its own (one below spot, spot, one above) for
price, delta and gamma; its root is the same option two steps earlier, which gives theta. The last step before expiry is
the closed form (Black-Scholes smoothing).
"""

import math
from typing import NamedTuple

import numpy as np

from gamma_scalper.pricing.analytic import Case, Floats, below
from gamma_scalper.pricing.compiled import compiled
from gamma_scalper.pricing.lattice_dividends import cash_leaves, consider_exercise, read_below, shifts

_BLOCK = 16  # doubles: four of the widest registers in common use
_MOST_EXTRA = 1_000
_FAR = 8.3  # standard deviations beyond which the normal distribution is 0 or 1 to a double's precision


class Values(NamedTuple):
    """Theta is per year; `exercised` says that it pays to exercise now."""

    price: float
    delta: float
    gamma: float
    theta: float
    exercised: bool


@compiled
def _weights(case: Case, vol: float, dt: float) -> tuple[float, float, float]:
    """The size of a step up, and the discounted probabilities of a step down and up."""
    up = math.exp(vol * math.sqrt(dt))
    down = 1.0 / up
    discount = math.exp(-case.rate * dt)
    probability = (math.exp((case.rate - case.dividend_yield) * dt) - down) / (up - down)
    return up, discount * (1.0 - probability), discount * probability


@compiled
def _read_nodes(v: Floats, case: Case, up: float, earlier: float, dt: float) -> Values:
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
    up, down_weight, up_weight = _weights(case, vol, dt)
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
    return _read_nodes(today[:3], case, up, v[0], dt), _read_nodes(today[3:], case, up, twin[0], dt)


@compiled
def tree_with_dividends(case: Case, vol: float, steps: int) -> Values:
    """With cash dividends, American or European; the nodes reach lower, so that a dividend doesn't leave them."""
    dt = case.years / steps
    spread = vol * math.sqrt(dt)
    up, down_weight, up_weight = _weights(case, vol, dt)
    share = min(case.amounts.sum() / case.spot, 0.9)
    extra = min(int(-math.log(1.0 - share) / (2.0 * spread)) + 2, _MOST_EXTRA)
    width = steps + 2 + extra
    last, one_before = np.empty(width), np.empty(width)
    node = case.spot * math.exp(-(steps + 1 + 2 * extra) * spread)
    for j in range(width):
        last[j], one_before[j] = node, node * up
        node *= up * up
    leaves = shifts(case, steps)
    v = cash_leaves(case, vol, dt, last, leaves)
    today = np.empty(3)
    for back in range(1, steps + 2):
        width -= 1
        for j in range(width):
            v[j] = down_weight * v[j] + up_weight * v[j + 1]
        row = last[back // 2 : back // 2 + width] if back % 2 == 0 else one_before[back // 2 : back // 2 + width]
        date = steps - 1 - back
        if date < 0:
            if case.american:
                consider_exercise(v[:width], row, case, -1.0, 0.0)
            continue
        if leaves.after[date] > 0.0:
            read_below(v[:width], row, leaves.after[date])
        if case.american:
            consider_exercise(v[:width], row, case, leaves.wait[date], leaves.due[date])
        if leaves.before[date] > 0.0:
            read_below(v[:width], row, leaves.before[date])
        if date == 0:
            today[:] = v[extra : extra + 3]
    return _read_nodes(today, case, up, v[extra], dt)
