"""A tree with cash dividends: one stretch of steps up to each ex-date, each on nodes of its own.

An ex-date is always a date of the tree. The value right after it is known on the later stretch's nodes; right before
it, on the earlier stretch's, it is read off a spline at the spot less the dividend (Vellekoop-Nieuwenhuis), and a call
may be exercised for the last time with it.
"""

import math

import numpy as np

from gamma_scalper.pricing.analytic import Case, Floats, Ints, below
from gamma_scalper.pricing.compiled import compiled
from gamma_scalper.pricing.lattice_nodes import Values, read_nodes, weights

_SHORT = 4  # steps at least in a stretch: a spline needs nodes close enough, a choice some dates before it
_FAR = 10.0  # standard deviations from the strike beyond which a value is a straight line


@compiled
def merged(case: Case, steps: int) -> tuple[Floats, Floats]:
    """The dividends, those that leave within a fraction of a step of one another as one; the last before expiry."""
    times, amounts = np.minimum(case.times, (1.0 - 1e-9) * case.years), case.amounts.copy()
    count = 0
    for i in range(case.times.size):
        if count > 0 and times[i] - times[count - 1] < 0.25 * case.years / steps:
            amounts[count - 1] += case.amounts[i] * math.exp(-case.rate * (times[i] - times[count - 1]))
        else:
            times[count], amounts[count] = times[i], case.amounts[i]
            count += 1
    return times[:count], amounts[:count]


@compiled
def stretches(case: Case, times: Floats, steps: int) -> Ints:
    """How many of about so many steps fall before each ex-date, and after the last."""
    counts = np.empty(times.size + 1, np.int64)
    since = 0.0
    for k in range(times.size):
        counts[k] = max(round(steps * (times[k] - since) / case.years), _SHORT)
        since = times[k]
    counts[-1] = max(round(steps * (case.years - since) / case.years), _SHORT)
    return counts


@compiled
def longest_step(case: Case, times: Floats, counts: Ints) -> float:
    longest = since = 0.0
    for k in range(times.size):
        longest = max(longest, (times[k] - since) / counts[k])
        since = times[k]
    return float(max(longest, (case.years - since) / counts[-1]))


@compiled
def _row(base: float, spread: float, lowest: int, size: int) -> Floats:
    """The nodes `base * exp(k * spread)` for k from the lowest, two apart."""
    row = np.empty(size)
    for j in range(size):
        row[j] = base * math.exp((lowest + 2 * j) * spread)
    return row


@compiled
def _first_rows(case: Case, vol: float, times: Floats, amounts: Floats, counts: Ints, dts: Floats) -> tuple[Ints, Ints]:
    """For each stretch the lowest node right after its ex-date, in steps from the strike, and how many there are.

    They reach as far as the stretch before, less the dividend, can send the spot, where values are not straight lines.
    """
    lowest, sizes = np.zeros(counts.size, np.int64), np.zeros(counts.size, np.int64)
    reach = (counts[0] + 2) * vol * math.sqrt(dts[0])
    low, high = case.spot * math.exp(-reach), case.spot * math.exp(reach)
    for k in range(1, counts.size):
        left = case.years - times[k - 1]
        spread = vol * math.sqrt(dts[k])
        far = _FAR * vol * math.sqrt(left) + abs(case.rate - case.dividend_yield) * left
        least, most = case.strike * math.exp(-far), (case.strike + amounts[k:].sum()) * math.exp(far)
        low = min(max(low - amounts[k - 1], least), most)
        high = max(min(high - amounts[k - 1], most), low)
        odd = (counts[k] - 1) % 2 if k == counts.size - 1 else 0  # the strike is a node one step before expiry
        first = math.floor((math.log(low / case.strike) / spread - odd) / 2.0) - 2
        final = math.ceil((math.log(high / case.strike) / spread - odd) / 2.0) + 2
        lowest[k], sizes[k] = 2 * first + odd, final - first + 1
        low = case.strike * math.exp((lowest[k] - counts[k]) * spread)
        high = case.strike * math.exp((lowest[k] + 2 * (sizes[k] - 1) + counts[k]) * spread)
    return lowest, sizes


@compiled
def _closed(case: Case, vol: float, left: float, spot: float) -> float:
    """European, without dividends, with so much time left."""
    spread = vol * math.sqrt(left)
    shares, cash = spot * math.exp(-case.dividend_yield * left), case.strike * math.exp(-case.rate * left)
    if shares <= 0.0:
        return max(-case.sign * cash, 0.0)
    d1 = math.log(shares / cash) / spread + 0.5 * spread
    return max(case.sign * (shares * below(case.sign * d1) - cash * below(case.sign * (d1 - spread))), 0.0)


@compiled
def _gain(case: Case, vol: float, left: float, amount: float, rest: float, spot: float) -> float:
    """What exercise right before the dividend brings more than holding: the closed form, and a rest beyond it."""
    hold = rest + (_closed(case, vol, left, max(spot - amount, 0.0)) if left > 0.0 else 0.0)
    return case.sign * (spot - case.strike) - hold


@compiled
def _exercise_before_ex(
    v: Floats, spots: Floats, case: Case, vol: float, left: float, amount: float
) -> tuple[float, float]:
    """Exercise where it brings more than holding; told: the spot where it takes over, and the kink's height."""
    gain = case.sign * (spots - case.strike) - v
    kink = height = 0.0
    for j in range(v.size):
        if height == 0.0 and j > 0 and (gain[j - 1] > 0.0) != (gain[j] > 0.0):
            kink, height = _kink(spots[j - 1], spots[j], gain[j - 1], gain[j], case, vol, left, amount)
        v[j] += max(gain[j], 0.0)
    return kink, height


@compiled
def _kink(
    first: float, second: float, gain: float, next_gain: float, case: Case, vol: float, left: float, amount: float
) -> tuple[float, float]:
    """Where between two nodes exercise gains nothing, and how fast it does there.

    What holding is worth between them is the closed form (where it is known), and a rest that is nearly straight.
    """
    rest = _gain(case, vol, left, amount, 0.0, first) - gain
    bend = (_gain(case, vol, left, amount, 0.0, second) - next_gain - rest) / (second - first)
    low, high = first, second
    for _ in range(30):
        middle = 0.5 * (low + high)
        if (gain > 0.0) == (_gain(case, vol, left, amount, rest + bend * (middle - first), middle) > 0.0):
            low = middle
        else:
            high = middle
    near = 1e-3 * (second - first)
    slope = _gain(case, vol, left, amount, rest + bend * (low + near - first), low + near)
    slope -= _gain(case, vol, left, amount, rest + bend * (low - near - first), low - near)
    return low, abs(slope) / (2.0 * near)


@compiled
def _call(case: Case, vol: float, dt: float, spot: float, strike: float) -> float:
    """What the right to buy at another strike a step later is worth."""
    if dt <= 0.0:
        return max(spot - strike, 0.0)
    spread = vol * math.sqrt(dt)
    shares, cash = spot * math.exp(-case.dividend_yield * dt), strike * math.exp(-case.rate * dt)
    d1 = math.log(shares / cash) / spread + 0.5 * spread
    return shares * below(d1) - cash * below(d1 - spread)


@compiled
def _sharp(
    case: Case, vol: float, dt: float, spot: float, kink: float, height: float, left: float, amount: float
) -> float:
    """The part of a value that bends within a node's distance, so long before it does; known at any time.

    That is the kink where exercise took over, and an option that expires within a step of the dividend: all that is
    seen of it, which is nothing where exercise has taken over before it bends.
    """
    known = height * _call(case, vol, dt, spot, kink) if height > 0.0 else 0.0
    if left > 0.0 and (height == 0.0 or case.sign * (kink - case.strike - amount) > 0.0):
        paid = amount * math.exp(-(case.rate - case.dividend_yield) * dt)
        known += _closed(case, vol, left + dt, max(spot - paid, 0.0))
    return known


@compiled
def _step_before_ex(
    v: Floats, spots: Floats, case: Case, vol: float, dt: float, left: float, amount: float
) -> tuple[Floats, Floats]:
    """One step back from right after exercise at the dividend; what is sharp there goes by the closed form."""
    kink, height = 0.0, 0.0
    if case.american:
        kink, height = _exercise_before_ex(v, spots, case, vol, left, amount)
    near_expiry = left if left < dt else 0.0
    for j in range(v.size):
        v[j] -= _sharp(case, vol, 0.0, spots[j], kink, height, near_expiry, amount)
    up, down_weight, up_weight = weights(case, vol, dt)
    size = v.size - 1
    for j in range(size):
        spots[j] *= up
        v[j] = down_weight * v[j] + up_weight * v[j + 1]
        v[j] += _sharp(case, vol, dt, spots[j], kink, height, near_expiry, amount)
        if case.american:
            v[j] = max(v[j], case.sign * (spots[j] - case.strike))
    return v[:size], spots[:size]


@compiled
def _roll_back(v: Floats, spots: Floats, case: Case, vol: float, dt: float, steps: int) -> tuple[Floats, Floats]:
    """So many steps back; each row is one node shorter, and begins one step higher."""
    up, down_weight, up_weight = weights(case, vol, dt)
    size = v.size
    for _ in range(steps):
        size -= 1
        for j in range(size):
            spots[j] *= up
            v[j] = down_weight * v[j] + up_weight * v[j + 1]
            if case.american:
                v[j] = max(v[j], case.sign * (spots[j] - case.strike))
    return v[:size], spots[:size]


@compiled
def _spline(x: Floats, y: Floats) -> Floats:
    """Second derivatives of the natural cubic spline through the points."""
    n = x.size
    curve, work = np.zeros(n), np.zeros(n)
    for i in range(1, n - 1):
        left, right = x[i] - x[i - 1], x[i + 1] - x[i]
        share = left / (left + right)
        pivot = share * curve[i - 1] + 2.0
        curve[i] = (share - 1.0) / pivot
        bend = (y[i + 1] - y[i]) / right - (y[i] - y[i - 1]) / left
        work[i] = (6.0 * bend / (left + right) - share * work[i - 1]) / pivot
    for i in range(n - 2, 0, -1):
        curve[i] = curve[i] * curve[i + 1] + work[i]
    return curve


@compiled
def _read_below(v: Floats, spots: Floats, wanted: Floats, amount: float, case: Case, vol: float, left: float) -> Floats:
    """Values at spots that are about to lose `amount`, from values after it.

    After the last dividend (`left` until expiry; else 0) values may bend within a node's distance. There only what the
    closed form doesn't know is read off the spline.
    """
    most = case.strike * max(math.exp(-case.rate * case.years), 1.0)
    rest = v.copy()
    if left > 0.0:
        for j in range(v.size):
            rest[j] -= _closed(case, vol, left, spots[j])
    curve = _spline(spots, rest)
    found = np.empty(wanted.size)
    cell, n = 0, spots.size
    for j in range(wanted.size):
        spot = max(wanted[j] - amount, 0.0)
        while cell < n - 2 and spots[cell + 1] < spot:
            cell += 1
        width = spots[cell + 1] - spots[cell]
        up = (spot - spots[cell]) / width
        if up < 0.0 or up > 1.0:  # off the grid the value is a straight line
            edge = 0 if up < 0.0 else n - 1
            slope = (rest[cell + 1] - rest[cell]) / width
            slope += width * (-curve[1] if edge == 0 else curve[n - 2]) / 6.0
            found[j] = rest[edge] + slope * (spot - spots[edge])
        else:
            down = 1.0 - up
            bend = (up * up * up - up) * curve[cell + 1] + (down * down * down - down) * curve[cell]
            found[j] = up * rest[cell + 1] + down * rest[cell] + bend * width * width / 6.0
        if left > 0.0:
            found[j] += _closed(case, vol, left, spot)
    for j in range(wanted.size):  # no straight line leads out of these bounds
        found[j] = min(max(found[j], 0.0), wanted[j] if case.sign > 0.0 else most)
    return found


@compiled
def tree_with_dividends(case: Case, vol: float, times: Floats, amounts: Floats, counts: Ints) -> Values:
    """American or European, with so many steps in each stretch."""
    stretch = counts.size - 1
    dts = np.empty(counts.size)
    for k in range(counts.size):
        begins = times[k - 1] if k > 0 else 0.0
        ends = times[k] if k < stretch else case.years
        dts[k] = (ends - begins) / counts[k]
    lowest, sizes = _first_rows(case, vol, times, amounts, counts, dts)

    early = counts[stretch] - 1
    spots = _row(case.strike, vol * math.sqrt(dts[stretch]), lowest[stretch] - early, sizes[stretch] + early)
    v = np.empty(spots.size)
    for j in range(v.size):
        v[j] = _closed(case, vol, dts[stretch], spots[j])
        if case.american:
            v[j] = max(v[j], case.sign * (spots[j] - case.strike))
    v, spots = _roll_back(v, spots, case, vol, dts[stretch], early)

    left = counts[stretch] * dts[stretch]
    for k in range(stretch - 1, -1, -1):
        spread = vol * math.sqrt(dts[k])
        base, low, size = case.strike, lowest[k] - counts[k], sizes[k] + counts[k]
        if k == 0:
            base, low, size = case.spot, -counts[0] - 2, counts[0] + 3
        before = _row(base, spread, low, size)
        v = _read_below(v, spots, before, amounts[k], case, vol, left)
        v, spots = _step_before_ex(v, before, case, vol, dts[k], left, amounts[k])
        v, spots = _roll_back(v, spots, case, vol, dts[k], counts[k] - 1)
        left = 0.0
    today = v[:3].copy()
    earlier, _ = _roll_back(v, spots, case, vol, dts[0], 2)
    return read_nodes(today, case, math.exp(vol * math.sqrt(dts[0])), earlier[0], dts[0])
