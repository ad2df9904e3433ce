"""The lattice's answers from its trees: error taken off, volatility solved, whole chains worked through."""

import math

import numpy as np

from gamma_scalper.pricing.analytic import Case, Floats, below, european_greeks, european_price, without_dividends
from gamma_scalper.pricing.compiled import compiled
from gamma_scalper.pricing.implied import begin, most_worth, narrow
from gamma_scalper.pricing.lattice_dividends import longest_step, merged, stretches, tree_with_dividends
from gamma_scalper.pricing.lattice_nodes import Values, weights
from gamma_scalper.pricing.lattice_tree import american_tree

MOST_STEPS = 5_000
_BLOCK = 16  # doubles: four of the widest registers in common use
_FAR = 8.3  # standard deviations beyond which the normal distribution is 0 or 1 to a double's precision


@compiled
def steps_needed(case: Case, vol: float, steps: int) -> int:
    """Steps, doubled until both trees have probabilities between 0 and 1; 0 if a bearable number won't do."""
    if case.times.size == 0 and not case.american:
        return steps
    drift = (case.rate - case.dividend_yield) / vol
    while True:
        step = case.years / (steps // 2)
        if case.times.size > 0:
            times, _ = merged(case, steps)
            step = longest_step(case, times, stretches(case, times, steps // 2))
        if 1.02 * drift * drift * step < 1.0:
            return steps
        steps *= 2
        if steps > MOST_STEPS:
            return 0


@compiled
def _half(steps: int) -> int:
    """Half as many, and odd or even as they are: two trees that share the strike's place among their last nodes."""
    return steps // 2 + (steps // 2 + steps) % 2


@compiled
def _extrapolated(fine: float, coarse: float, steps: int) -> float:
    """An error that falls like 1/steps is seen in the difference of two trees, and taken off (Richardson)."""
    half = _half(steps)
    return (steps * fine - half * coarse) / (steps - half)


@compiled
def _bearable(beyond: float, error: float) -> float:
    """How much of a correction may be made: all of it, or as much as there is beyond exercise."""
    return 1.0 if error == 0.0 or beyond >= abs(error) else beyond / abs(error)


@compiled
def _american(case: Case, vol: float, steps: int) -> Values:
    """The trees' error on a European twin, whose value is known, is taken off as well."""
    now = case.sign * (case.spot - case.strike)
    fine, twin = american_tree(case, vol, steps)
    if fine.exercised:
        return Values(now, case.sign, 0.0, 0.0, True)
    coarse, coarse_twin = american_tree(case, vol, _half(steps))
    price, delta, gamma, theta, _ = european_greeks(case, vol)
    error = price - _extrapolated(twin.price, coarse_twin.price, steps)
    # What holding is worth beyond exercise must not be made up of it.
    share = _bearable(fine.price - now, error)
    return Values(
        max(_extrapolated(fine.price, coarse.price, steps) + share * error, now, 0.0),
        _extrapolated(fine.delta - share * twin.delta, coarse.delta - share * coarse_twin.delta, steps) + share * delta,
        _extrapolated(fine.gamma - share * twin.gamma, coarse.gamma - share * coarse_twin.gamma, steps) + share * gamma,
        _extrapolated(fine.theta - share * twin.theta, coarse.theta - share * coarse_twin.theta, steps) + share * theta,
        False,
    )


@compiled
def _with_dividends(case: Case, vol: float, steps: int) -> Values:
    """Two trees, of which one has twice the other's steps in every stretch between ex-dates."""
    times, amounts = merged(case, steps)
    counts = stretches(case, times, steps // 2)
    fine = tree_with_dividends(case, vol, times, amounts, 2 * counts)
    if fine.exercised:
        return Values(case.sign * (case.spot - case.strike), case.sign, 0.0, 0.0, True)
    coarse = tree_with_dividends(case, vol, times, amounts, counts)
    least = max(case.sign * (case.spot - case.strike), 0.0) if case.american else 0.0
    return Values(
        min(max(2.0 * fine.price - coarse.price, least), most_worth(case)),
        2.0 * fine.delta - coarse.delta,
        2.0 * fine.gamma - coarse.gamma,
        2.0 * fine.theta - coarse.theta,
        False,
    )


@compiled
def _values(case: Case, vol: float, steps: int) -> Values:
    if case.times.size == 0 and not case.american:
        price, delta, gamma, theta, _ = european_greeks(case, vol)
        return Values(price, delta, gamma, theta, False)
    if case.times.size == 0:
        return _american(case, vol, steps)
    return _with_dividends(case, vol, steps)


@compiled
def price(case: Case, vol: float, steps: int) -> float:
    """NaN where no tree has valid probabilities."""
    needed = steps_needed(case, vol, steps)
    return _values(case, vol, needed).price if needed > 0 else math.nan


@compiled
def greeks(case: Case, vol: float, steps: int) -> tuple[float, float, float, float, float]:
    """Price, delta, gamma, theta per year, vega; all NaN where no tree has valid probabilities.

    Vega's two prices are of as many steps as the price itself: enough for the lower volatility.
    """
    bump = 0.01 * vol
    steps = steps_needed(case, vol - bump, steps)
    if steps == 0:
        return math.nan, math.nan, math.nan, math.nan, math.nan
    found = _values(case, vol, steps)
    if found.exercised:
        return found.price, found.delta, found.gamma, found.theta, 0.0
    vega = (_values(case, vol + bump, steps).price - _values(case, vol - bump, steps).price) / (2.0 * bump)
    return found.price, found.delta, found.gamma, found.theta, vega


@compiled
def implied_vol(case: Case, steps: int, wanted: float, guess: float) -> float:
    """NaN where there is none."""
    search = begin(case, wanted, guess, True)
    while not search.done:
        search = narrow(search, case, price(case, search.vol, steps) - wanted)
    return search.vol


@compiled
def chain_rows(
    signs: Floats,
    strikes: Floats,
    years: Floats,
    prices: Floats,
    market: Case,
    steps: int,
    first: int,
    stride: int,
    found: Floats,
) -> None:
    """Fill `found` (rows: volatility, price, delta, gamma, theta per year, vega) for every stride-th contract.

    All but strike, right and time is the market's. A contract without a volatility is left as it is.
    """
    for i in range(first, strikes.size, stride):
        due = 0
        while due < market.times.size and market.times[due] <= years[i]:
            due += 1
        case = Case(
            signs[i],
            market.american,
            market.spot,
            strikes[i],
            years[i],
            market.rate,
            market.dividend_yield,
            market.times[:due],
            market.amounts[:due],
        )
        vol = implied_vol(case, steps, prices[i], math.nan)
        if not math.isnan(vol):
            found[0, i] = vol
            found[1, i], found[2, i], found[3, i], found[4, i], found[5, i] = greeks(case, vol, steps)


@compiled
def _exercise_levels(case: Case, steps: int) -> Floats:
    """For each date of the tree what exercise adds to the spot without its dividends: dividends to come, less strike.

    Right before a dividend a call, right after it a put is exercised best; a date stands in for such a moment in the
    step that follows it, with the strike's interest until then.
    """
    carry, dt = case.rate - case.dividend_yield, case.years / steps
    levels = np.full(steps, -case.strike)
    for i in range(steps):
        for j in range(case.times.size):
            ahead = case.times[j] - i * dt
            if ahead > 0.0:
                levels[i] += case.amounts[j] * math.exp(-carry * ahead)
        best = levels[i]
        for j in range(case.times.size):
            ahead = case.times[j] - i * dt
            if 0.0 < ahead <= dt:
                level = levels[i] + case.strike * (1.0 - math.exp(-case.rate * ahead))
                for k in range(case.times.size):
                    if case.sign < 0.0 and i * dt < case.times[k] <= case.times[j]:
                        level -= case.amounts[k] * math.exp(-carry * (case.times[k] - i * dt))
                best = max(best, level) if case.sign > 0.0 else min(best, level)
        levels[i] = best
    return levels


@compiled
def _forward_tree(case: Case, vol: float, steps: int) -> tuple[float, float]:
    """The American price and its European twin's, on a tree of the spot without its dividends."""
    dt = case.years / steps
    spread = vol * math.sqrt(dt)
    up, down_weight, up_weight = weights(case, vol, dt)
    levels, sign = _exercise_levels(case, steps), case.sign
    # Whole blocks, as in `american_tree`: what is computed beyond a row's end never reaches a node that counts.
    room = steps + 2 * _BLOCK
    even, odd, v, twin = np.zeros(room), np.zeros(room), np.zeros(room), np.zeros(room)
    node = without_dividends(case) * math.exp(-(steps - 1) * spread)
    for j in range(steps):
        even[j], odd[j] = node, node * up
        node *= up * up
    share, cash = math.exp(-case.dividend_yield * dt), case.strike * math.exp(-case.rate * dt)
    first = math.log(even[0] * share / cash) / spread + 0.5 * spread
    for j in range(steps):
        d1 = first + 2.0 * j
        if d1 > _FAR or d1 < -_FAR:
            twin[j] = max(sign * (even[j] * share - cash), 0.0)
        else:
            twin[j] = sign * (even[j] * share * below(sign * d1) - cash * below(sign * (d1 - spread)))
        v[j] = max(twin[j], sign * (even[j] + levels[steps - 1]))
    for back in range(1, steps):
        row = even[back // 2 :] if back % 2 == 0 else odd[back // 2 :]
        level = levels[steps - 1 - back]
        blocks = (steps - 1 - back + _BLOCK) // _BLOCK * _BLOCK
        for j in range(blocks):
            hold = down_weight * v[j] + up_weight * v[j + 1]
            now = sign * (row[j] + level)
            v[j] = hold if hold > now else now
        for j in range(blocks):
            twin[j] = down_weight * twin[j] + up_weight * twin[j + 1]
    return v[0], twin[0]


@compiled
def _exercised_before_ex(case: Case, vol: float) -> float:
    """What a call is worth at least: that it will be exercised right before one of its dividends, or never."""
    best = 0.0
    for j in range(case.times.size):
        best = max(best, european_price(Case(case.sign, True, case.spot, case.strike, case.times[j], case.rate,
                                             case.dividend_yield, case.times[:j], case.amounts[:j]), vol))  # fmt: skip
    return best


@compiled
def forward_price(case: Case, vol: float, steps: int) -> float:
    """Where `vol` is that of the spot without its dividends (the escrowed model): any number of them on one tree."""
    if not case.american:
        return european_price(case, vol)
    now = max(case.sign * (case.spot - case.strike), 0.0)
    steps = steps_needed(
        Case(case.sign, True, case.spot, case.strike, case.years, case.rate, case.dividend_yield,
             case.times[:0], case.amounts[:0]), vol, steps,
    )  # fmt: skip
    if steps == 0:
        return math.nan
    # A call's moment to exercise falls where it likes between two dates, which two trees see differently: one tree.
    steps = steps * 5 // 4 if case.sign > 0.0 else steps
    if case.sign > 0.0:
        now = max(now, _exercised_before_ex(case, vol))
    price, twin = _forward_tree(case, vol, steps)
    if price <= now:
        return now
    if case.sign < 0.0:
        coarse, coarse_twin = _forward_tree(case, vol, _half(steps))
        price, twin = _extrapolated(price, coarse, steps), _extrapolated(twin, coarse_twin, steps)
    error = european_price(case, vol) - twin
    share = _bearable(max(price - now, 0.0), error)
    return max(price + share * error, now)


@compiled
def price_in(market: Case, sign: float, strike: float, years: float, vol: float, steps: int, of_forward: bool) -> float:
    """One contract's price; all but strike, right and time is the market's."""
    if years == 0.0:
        return max(sign * (market.spot - strike), 0.0)
    due = 0
    while due < market.times.size and market.times[due] <= years:
        due += 1
    case = Case(sign, market.american, market.spot, strike, years, market.rate, market.dividend_yield,
                market.times[:due], market.amounts[:due])  # fmt: skip
    if due == 0 and sign > 0.0 and market.dividend_yield <= 0.0 <= market.rate:
        return european_price(case, vol)  # where nothing is paid nobody exercises a call early
    return forward_price(case, vol, steps) if of_forward and due > 0 else price(case, vol, steps)


@compiled
def price_rows(
    signs: Floats, strikes: Floats, years: Floats, vols: Floats, market: Case, steps: int, of_forward: bool,
    found: Floats,
) -> None:  # fmt: skip
    """Fill `found` with the price of each contract."""
    for i in range(strikes.size):
        found[i] = price_in(market, signs[i], strikes[i], years[i], vols[i], steps, of_forward)
