"""The volatility behind a price, solved on the model that will use it."""

import math
from typing import NamedTuple

from gamma_scalper.pricing.analytic import Case, european_slope, european_vol
from gamma_scalper.pricing.compiled import compiled

LEAST_VOL = 1e-3
MOST_VOL = 100.0


@compiled
def _exercised_at(case: Case, time: float, cum: bool) -> float:
    """The least that deciding today to exercise then is worth, at any volatility; cum: before the dividend of then."""
    shares = case.spot * math.exp(-case.dividend_yield * time)
    for i in range(case.times.size):
        if case.times[i] < time or (case.times[i] == time and not cum):
            wait = case.times[i]
            shares -= case.amounts[i] * math.exp(-case.rate * wait - case.dividend_yield * (time - wait))
    return case.sign * (shares - case.strike * math.exp(-case.rate * time))


@compiled
def least_worth(case: Case) -> tuple[float, float]:
    """The price below which no volatility leads, the best of deciding today when to exercise; and its delta."""
    best, delta = 0.0, 0.0
    times = [case.years]
    if case.american:
        times.append(0.0)
        for i in range(case.times.size):
            times.append(case.times[i])
    for time in times:
        worth = _exercised_at(case, time, False)
        if case.american:
            worth = max(worth, _exercised_at(case, time, True))
        if worth > best:
            best, delta = worth, case.sign * math.exp(-case.dividend_yield * time)
    return best, delta


@compiled
def most_worth(case: Case) -> float:
    """What no volatility lifts the price above: the share or the strike, at the best moment of exercise."""
    worth, growth = case.spot, -case.dividend_yield
    if case.sign < 0.0:
        worth, growth = case.strike, -case.rate
    return worth * math.exp(max(growth * case.years, 0.0) if case.american else growth * case.years)


@compiled
def identified(case: Case, wanted: float, exact: bool) -> bool:
    """A price between what holds at no volatility at all and what holds at any; at the exercise value there is none.

    A model that is itself not exact may be a little below the first.
    """
    least = _exercised_at(case, 0.0, False) if case.american else 0.0
    if exact:
        least, _ = least_worth(case)
    return max(least, 0.0) + 1e-9 * min(case.spot, case.strike) < wanted < most_worth(case)


class Search(NamedTuple):
    """Where the search stands: the volatility to price at next, or the answer once it is `done` (NaN for none)."""

    vol: float
    done: bool
    low: float
    high: float
    last_vol: float
    last_error: float
    tries: int


@compiled
def begin(case: Case, wanted: float, guess: float, exact: bool) -> Search:
    """From the guess, if it is anywhere near the closed form's answer; else, or where it is NaN, from that answer."""
    if not identified(case, wanted, exact):
        return Search(math.nan, True, 0.0, 0.0, 0.0, 0.0, 0)
    closed = european_vol(case, wanted)
    vol = guess if guess > 0.0 and not (guess > 2.0 * closed or guess < 0.5 * closed) else closed
    if not LEAST_VOL < vol < MOST_VOL:
        vol = 0.3
    return Search(vol, False, LEAST_VOL, MOST_VOL, math.nan, math.nan, 0)


@compiled
def _step(error: float, slope: float, vol: float) -> float:
    """Newton's, never further than to the half or the double; NaN without a slope or an error to go by."""
    if not slope > 0.0 or math.isnan(error):
        return math.nan
    if abs(error) >= 2.0 * vol * slope:  # beyond both ends, and perhaps beyond any number
        return vol if error < 0.0 else -0.5 * vol
    return min(max(-error / slope, -0.5 * vol), vol)


@compiled
def narrow(search: Search, case: Case, error: float) -> Search:
    """The next volatility, given by how much the price at this one was too high (NaN: no tree is valid there).

    Newton's step, first on the closed form's slope, then on the chord of the last two tries, inside a bracket that
    takes over when they leave it. A good guess needs about three prices.
    """
    vol, low, high, tries = search.vol, search.low, search.high, search.tries + 1
    size = min(case.spot, case.strike)
    if abs(error) <= 1e-13 * size:
        return Search(vol, True, low, high, vol, error, tries)
    if error > 0.0 or (math.isnan(error) and vol * math.sqrt(case.years) > 1.0):
        high = vol
    else:
        low = vol
    chord = (error - search.last_error) / (vol - search.last_vol)
    on_chord = tries < 12 and chord > 0.0
    vega, bend = european_slope(case, vol)
    slope = chord if on_chord else vega
    step = _step(error, slope, vol)
    if tries < 20 and low < vol + step < high:
        # A chord misses by the step times the change of slope, which on a tree is up to a hundredth at any distance.
        change = (1.0 + abs(bend)) * abs(vol - search.last_vol) / vol + 0.01
        close = on_chord and abs(step) * change < 1e-7 * min(vol, 1.0)
        better = vol + step
    else:
        close = high - low < 1e-11 * high
        better = math.sqrt(low * high) if high < MOST_VOL else min(2.0 * vol, math.sqrt(vol * high))
    if close or tries == 100:
        # Where the number of steps changes the price jumps, and the wanted one may lie in the gap.
        found = abs(error) < 1e-3 * size and 1.01 * LEAST_VOL < better < 0.99 * MOST_VOL
        return Search(better if found else math.nan, True, low, high, vol, error, tries)
    return Search(better, False, low, high, vol, error, tries)
