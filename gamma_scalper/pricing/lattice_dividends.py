"""Cash dividends on a recombining tree: a shift of the value function at the ex-date (Vellekoop-Nieuwenhuis)."""

import math
from typing import NamedTuple

import numpy as np

from gamma_scalper.pricing.analytic import Case, Floats, below
from gamma_scalper.pricing.compiled import compiled


class Shifts(NamedTuple):
    """What leaves the spot at each of the tree's dates.

    A dividend between two dates is split between them by nearness, each part carried to its date, so that neither the
    forward nor the time it spends in the spot changes. Exercise is considered between `before` and `after`.
    """

    before: Floats  # of a dividend whose own moment is past
    after: Floats  # of one that is yet to come
    wait: Floats  # how long until that one, -1 where there is none before the next date
    due: Floats  # and how much it is


@compiled
def shifts(case: Case, steps: int) -> Shifts:
    found = Shifts(np.zeros(steps), np.zeros(steps), np.full(steps, -1.0), np.zeros(steps))
    dt = case.years / steps
    carry = case.rate - case.dividend_yield
    for i in range(case.times.size):
        date = min(int(case.times[i] / dt), steps - 1)
        gap = case.times[i] - date * dt
        late = gap / dt if date < steps - 1 else 0.0  # in the last step the closed form takes it whole
        found.after[date] += case.amounts[i] * (1.0 - late) * math.exp(-carry * gap)
        if late > 0.0:
            found.before[date + 1] += case.amounts[i] * late * math.exp(carry * (dt - gap))
        if found.wait[date] < 0.0:
            found.wait[date] = gap
        found.due[date] += case.amounts[i]
    return found


@compiled
def _spline(x: Floats, y: Floats, curve: Floats, work: Floats) -> None:
    """Second derivatives of the natural cubic spline through the points."""
    n = x.size
    curve[0] = work[0] = 0.0
    for i in range(1, n - 1):
        left, right = x[i] - x[i - 1], x[i + 1] - x[i]
        share = left / (left + right)
        pivot = share * curve[i - 1] + 2.0
        curve[i] = (share - 1.0) / pivot
        bend = (y[i + 1] - y[i]) / right - (y[i] - y[i - 1]) / left
        work[i] = (6.0 * bend / (left + right) - share * work[i - 1]) / pivot
    curve[n - 1] = 0.0
    for i in range(n - 2, 0, -1):
        curve[i] = curve[i] * curve[i + 1] + work[i]


@compiled
def read_below(v: Floats, spots: Floats, amount: float) -> None:
    """Each node's value becomes that of a spot lower by `amount`: what leaves as a dividend (Vellekoop-Nieuwenhuis)."""
    n = v.size
    curve, work, old = np.empty(n), np.empty(n), v.copy()
    _spline(spots, old, curve, work)
    cell = 0
    for j in range(n):
        spot = max(spots[j] - amount, 0.0)
        while cell < n - 2 and spots[cell + 1] < spot:
            cell += 1
        width = spots[cell + 1] - spots[cell]
        up = (spot - spots[cell]) / width
        if up < 0.0:  # below the grid the value is a straight line
            slope = (old[1] - old[0]) / width - width * curve[1] / 6.0
            v[j] = max(old[0] + slope * (spot - spots[0]), 0.0)
        else:
            down = 1.0 - up
            bend = (up * up * up - up) * curve[cell + 1] + (down * down * down - down) * curve[cell]
            v[j] = max(up * old[cell + 1] + down * old[cell] + bend * width * width / 6.0, 0.0)


@compiled
def consider_exercise(v: Floats, spots: Floats, case: Case, wait: float, due: float) -> None:
    """The best of holding, exercising now and, with a dividend ahead of the next date, right before or after it.

    Where exercise takes over between two nodes the value has a kink. Nodes on either side of one weigh it too high, by
    what a chord across it lies above it; that is taken off them.
    """
    share, cash = math.exp(-case.dividend_yield * max(wait, 0.0)), math.exp(-case.rate * max(wait, 0.0))
    last_gain = 0.0
    for j in range(v.size):
        best = case.sign * (spots[j] - case.strike)
        if wait >= 0.0:
            before = case.sign * (spots[j] * share - case.strike * cash)
            after = case.sign * (max(spots[j] * share - due * cash, 0.0) - case.strike * cash)
            best = max(best, before, after)
        gain = best - v[j]
        excess = across = 0.0
        if j > 0 and last_gain * gain < 0.0:
            across = last_gain / (last_gain - gain)
            excess = 0.5 * abs(gain - last_gain) * across * (1.0 - across)
            v[j - 1] -= excess * (1.0 - across)
        v[j] = max(v[j], best) - excess * across
        last_gain = gain


@compiled
def cash_leaves(case: Case, vol: float, dt: float, nodes: Floats, leaves: Shifts) -> Floats:
    """Values one step before expiry."""
    v, left = np.empty(nodes.size), np.empty(nodes.size)
    spread = vol * math.sqrt(dt)
    share, cash = math.exp(-case.dividend_yield * dt), case.strike * math.exp(-case.rate * dt)
    for j in range(nodes.size):
        left[j] = max(nodes[j] - leaves.before[-1], 0.0)
        shares = max(left[j] - leaves.after[-1], 0.0) * share
        if shares > 0.0:
            d1 = math.log(shares / cash) / spread + 0.5 * spread
            v[j] = case.sign * (shares * below(case.sign * d1) - cash * below(case.sign * (d1 - spread)))
        else:
            v[j] = max(-case.sign * cash, 0.0)
    if case.american:
        consider_exercise(v, left, case, leaves.wait[-1], leaves.due[-1])
    return v
