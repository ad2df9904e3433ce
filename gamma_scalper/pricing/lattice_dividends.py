"""Cash dividends on a recombining tree: a shift of the value function at the ex-date (Vellekoop-Nieuwenhuis)."""

import math

import numpy as np

from gamma_scalper.pricing.analytic import Case, Floats, below
from gamma_scalper.pricing.compiled import compiled


@compiled
def shifts(case: Case, steps: int) -> tuple[Floats, Floats, Floats]:
    """Cash dividends on the tree's dates: by step, what leaves the spot after and before exercise is considered there.

    A dividend between two dates is split between them by nearness, each part carried to its date, so that neither the
    forward nor the time it spends in the spot changes. Third, how long after each date the next dividend leaves, or -1.
    """
    after, before, wait = np.zeros(steps), np.zeros(steps), np.full(steps, -1.0)
    dt = case.years / steps
    carry = case.rate - case.dividend_yield
    for i in range(case.times.size):
        date = min(int(case.times[i] / dt), steps - 1)
        late = 0.0 if date == steps - 1 else case.times[i] / dt - date
        gap = case.times[i] - date * dt
        after[date] += case.amounts[i] * (1.0 - late) * math.exp(-carry * gap)
        if late > 0.0:
            before[date + 1] += case.amounts[i] * late * math.exp(carry * (dt - gap))
        if wait[date] < 0.0:
            wait[date] = gap
    return after, before, wait


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
def consider_exercise(v: Floats, spots: Floats, case: Case, wait: float, amount: float) -> None:
    """The best of holding, exercising now and, with a dividend ahead of the next date, right before or after it."""
    for j in range(v.size):
        now = case.sign * (spots[j] - case.strike)
        v[j] = v[j] if v[j] > now else now
    if wait >= 0.0:
        share, cash = math.exp(-case.dividend_yield * wait), math.exp(-case.rate * wait)
        for j in range(v.size):
            first = case.sign * (spots[j] * share - case.strike * cash)
            second = case.sign * (max(spots[j] * share - amount * cash, 0.0) - case.strike * cash)
            v[j] = max(v[j], first, second)


@compiled
def cash_leaves(case: Case, vol: float, dt: float, nodes: Floats, before: float, after: float, wait: float) -> Floats:
    """Values one step before expiry, for nodes from which `before` leaves now and `after` in the last step."""
    v, left = np.empty(nodes.size), np.empty(nodes.size)
    spread = vol * math.sqrt(dt)
    share, cash = math.exp(-case.dividend_yield * dt), case.strike * math.exp(-case.rate * dt)
    for j in range(nodes.size):
        left[j] = max(nodes[j] - before, 0.0)
        shares = max(left[j] - after, 0.0) * share
        if shares > 0.0:
            d1 = math.log(shares / cash) / spread + 0.5 * spread
            v[j] = case.sign * (shares * below(case.sign * d1) - cash * below(case.sign * (d1 - spread)))
        else:
            v[j] = max(-case.sign * cash, 0.0)
    if case.american:
        consider_exercise(v, left, case, wait, after)
    return v
