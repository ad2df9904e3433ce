"""The surface and the quotes of one asset's options, compiled: every contract by itself, so that few cost little.

The surface is Gatheral and Jacquier's SSVI in the forward's log-moneyness and in variance time. At-the-money total
variance rises with time to expiry, and eta (1 + |rho|) <= 2: then no butterfly and no calendar of European options is
free (their theorem 4.2 and corollary 4.1).
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gamma_scalper.domain.sessions import SECONDS_PER_YEAR
from gamma_scalper.pricing.analytic import Case, european_price
from gamma_scalper.pricing.compiled import compiled
from gamma_scalper.pricing.lattice_kernel import price_in

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIZES = 1  # what chance is for
_STEPS = 51
_SHORTEST = 1.0 / SECONDS_PER_YEAR
_LEAST_VARIANCE = 1e-12
_INTRINSIC_SPREAD = 0.0004  # of what an option in the money brings by exercise: its hedge has a spread as well
_DISTANT_SPREAD = 0.006  # of the time value, for each variance from the money
_CALMEST = 0.3  # below this share of the usual volatility spreads don't narrow any more
_GOLDEN, _FIRST = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_SECOND, _LOW = np.uint64(0x94D049BB133111EB), np.uint64(2**32 - 1)


class Terms(NamedTuple):
    """What of an asset its quotes depend on; kept as an array, in this order."""

    american: float
    rate: float
    dividend_yield: float
    skew: float
    smile: float
    mean: float  # long-run variance
    reversion: float
    level: float  # of implied variance over expected
    spread: float
    turbulence: float
    small: float  # ticks in cents
    large: float
    since: float  # price from which the large one holds


class Now(NamedTuple):
    """Price and variance, and when: in seconds since 1970 and in variance time."""

    spot: float
    variance: float
    seconds: float
    lived: float


class Due(NamedTuple):
    """Cash dividends to come, soonest first."""

    ahead: Floats  # years
    amounts: Floats
    worth: Floats  # today
    until: Floats  # at-the-money variance up to the ex-date


class Expiry(NamedTuple):
    """The surface at one settlement."""

    years: float
    forward: float
    variance: float  # at the money


class Point(NamedTuple):
    """The surface at one strike; volatility per year of calendar time, which is the lattice's, of the forward."""

    moneyness: float  # logarithm of strike over forward
    vol: float


@compiled
def occasion(seed: int, moment: int, purpose: int) -> np.uint64:
    """What noise is asked for: 64 well-mixed bits (splitmix64)."""
    mixed = np.uint64(0)
    for number in (seed, moment, purpose):
        mixed = (mixed ^ np.uint64(number)) + _GOLDEN
        mixed = (mixed ^ mixed >> np.uint64(30)) * _FIRST
        mixed = (mixed ^ mixed >> np.uint64(27)) * _SECOND
        mixed ^= mixed >> np.uint64(31)
    return mixed


@compiled
def noise(occasion: np.uint64, con_id: int) -> tuple[float, float]:
    """Two numbers from 0 up to 1 for a contract: the same whoever asks, and in whatever order."""
    mixed = np.uint64(con_id) * _GOLDEN ^ np.uint64(occasion)
    mixed = (mixed ^ mixed >> np.uint64(30)) * _FIRST
    mixed = (mixed ^ mixed >> np.uint64(27)) * _SECOND
    mixed ^= mixed >> np.uint64(31)
    return float(mixed >> np.uint64(32)) * 2.0**-32, float(mixed & _LOW) * 2.0**-32


@compiled
def expected_variance(span: float, now: float, mean: float, reversion: float) -> float:
    """The variance that passes in a span of variance time, on average, when it returns from `now` to its mean."""
    return mean * span - (now - mean) * math.expm1(-reversion * span) / reversion


@compiled
def total_variance(moneyness: float, at_the_money: float, skew: float, smile: float) -> float:
    """Of a strike at a logarithm of its distance from the forward."""
    bend = smile / math.sqrt(at_the_money * (1.0 + at_the_money)) * moneyness
    return 0.5 * at_the_money * (1.0 + skew * bend + math.sqrt((bend + skew) ** 2 + 1.0 - skew**2))


@compiled
def _read(p: Floats) -> Terms:
    return Terms(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12])


@compiled
def _to_come(terms: Terms, dividends: Floats, now: Now) -> Due:
    first = 0
    while first < dividends.shape[1] and dividends[0, first] <= now.seconds:
        first += 1
    count = dividends.shape[1] - first
    due = Due(np.empty(count), np.empty(count), np.empty(count), np.empty(count))
    for j in range(count):
        ahead = (dividends[0, first + j] - now.seconds) / SECONDS_PER_YEAR
        due.ahead[j], due.amounts[j] = ahead, dividends[2, first + j]
        due.worth[j] = dividends[2, first + j] * math.exp(-(terms.rate - terms.dividend_yield) * ahead)
        span = dividends[1, first + j] - now.lived
        due.until[j] = terms.level * expected_variance(span, now.variance, terms.mean, terms.reversion)
    return due


@compiled
def _expiry(terms: Terms, due: Due, now: Now, settles: float, lived: float) -> Expiry:
    """At-the-money variance is that of the forward.

    The spot still holds the dividends to come, which don't move, so the forward moves by more than the spot's share:
    first order in each dividend, up to its ex-date.
    """
    years = max(settles - now.seconds, 0.0) / SECONDS_PER_YEAR
    span = max(lived - now.lived, 0.0)
    variance = terms.level * expected_variance(span, now.variance, terms.mean, terms.reversion)
    paid, moved = 0.0, 0.0
    for j in range(due.ahead.size):
        if due.ahead[j] <= years:
            paid += due.worth[j]
            moved += due.worth[j] * due.until[j]
    left = max(now.spot - paid, 1e-3 * now.spot)
    variance = max(variance + 2.0 * moved / left, _LEAST_VARIANCE)
    return Expiry(years, left * math.exp((terms.rate - terms.dividend_yield) * years), variance)


@compiled
def _point(terms: Terms, expiry: Expiry, strike: float) -> Point:
    moneyness = math.log(strike / expiry.forward)
    variance = total_variance(moneyness, expiry.variance, terms.skew, terms.smile)
    return Point(moneyness, math.sqrt(variance / max(expiry.years, _SHORTEST)))


@compiled
def _exercised_before_ex(terms: Terms, due: Due, now: Now, strike: float) -> float:
    """What a call brings right before the next dividend, at the surface's volatility for that day.

    Each contract has one volatility for all its life. Without this a call with a quiet time after the ex-date could be
    cheaper than one that ends before it.
    """
    ahead, carry = due.ahead[0], terms.rate - terms.dividend_yield
    at_the_money = max(due.until[0], _LEAST_VARIANCE)
    expiry = Expiry(ahead, now.spot * math.exp(carry * ahead), at_the_money)
    case = Case(1.0, False, now.spot, strike, ahead, terms.rate, terms.dividend_yield, due.ahead[:0], due.amounts[:0])
    return european_price(case, _point(terms, expiry, strike).vol)


@compiled
def _mid(
    terms: Terms, due: Due, now: Now, market: Case, expiry: Expiry, vol: float, sign: float, strike: float
) -> float:
    """What an option is worth before anybody adds a spread."""
    price = price_in(market, sign, strike, expiry.years, vol, _STEPS, True)
    if market.american and sign > 0.0 and due.ahead.size > 0 and expiry.years >= due.ahead[0]:
        return max(price, _exercised_before_ex(terms, due, now, strike))
    return price


@compiled
def _width(
    terms: Terms, expiry: Expiry, moneyness: float, sign: float, strike: float, spot: float, price: float
) -> float:
    """The spread in calm times: points of volatility, more for a long time, more of the price far from the money.

    In cents it is widest at the money and in it, and goes down to a tick where an option is worth cents itself.
    """
    root_years = math.sqrt(expiry.years)
    distance = min(abs(moneyness) / math.sqrt(expiry.variance), 4.0)
    per_point = 0.004 * spot * root_years * math.exp(-0.5 * distance * distance)
    by_volatility = terms.spread * per_point * (1.0 + 3.0 * expiry.years)
    in_the_money = max(sign * (spot - strike), 0.0)
    by_hedge = _INTRINSIC_SPREAD * in_the_money * (1.0 + 2.0 * root_years)
    by_distance = _DISTANT_SPREAD * distance * distance * max(price - in_the_money, 0.0)
    return by_volatility + by_hedge + by_distance


@compiled
def _in_ticks(terms: Terms, low: float, high: float) -> tuple[float, float]:
    """Bids rounded down and asks up, at least a tick apart."""
    step = terms.small if low < terms.since else terms.large
    bid = math.floor(100.0 * low / step + 1e-7) * step
    step = terms.small if high < terms.since else terms.large
    ask = math.ceil(100.0 * high / step - 1e-7) * step
    if ask <= bid:
        ask = bid + (terms.small if bid < 100.0 * terms.since else terms.large)
    return bid / 100.0, ask / 100.0


@compiled
def see(
    ids: Ints, contracts: Floats, series: Floats, p: Floats, dividends: Floats, spot: float, variance: float,
    seconds: float, lived: float, found: Floats,
) -> None:  # fmt: skip
    """Fill `found` (rows: years, moneyness, at-the-money variance, volatility, mid price) for every contract."""
    terms, now = _read(p), Now(spot, max(variance, 0.0), seconds, lived)
    due = _to_come(terms, dividends, now)
    market = Case(1.0, terms.american > 0.0, spot, 0.0, 0.0, terms.rate, terms.dividend_yield, due.ahead, due.amounts)
    for i in range(ids.shape[1]):
        one, strike, sign = ids[1, i], contracts[0, i], contracts[1, i]
        expiry = _expiry(terms, due, now, series[0, one], series[1, one])
        point = _point(terms, expiry, strike)
        found[0, i], found[1, i], found[2, i], found[3, i] = expiry.years, point.moneyness, expiry.variance, point.vol
        found[4, i] = _mid(terms, due, now, market, expiry, point.vol, sign, strike)


@compiled
def quote(
    ids: Ints, contracts: Floats, series: Floats, p: Floats, dividends: Floats, spot: float, variance: float,
    seconds: float, lived: float, seed: int, moment: int, prices: Floats, sizes: Ints,
) -> None:  # fmt: skip
    """Fill `prices` (bid, ask) and `sizes` (at bid, at ask, whether it still trades) for every contract."""
    terms, now = _read(p), Now(spot, max(variance, 0.0), seconds, lived)
    due = _to_come(terms, dividends, now)
    market = Case(1.0, terms.american > 0.0, spot, 0.0, 0.0, terms.rate, terms.dividend_yield, due.ahead, due.amounts)
    widened = max(math.sqrt(now.variance / terms.mean), _CALMEST) ** terms.turbulence
    chance, known, expiry = occasion(seed, moment, SIZES), -1, Expiry(0.0, 0.0, 0.0)
    for i in range(ids.shape[1]):
        one, strike, sign = ids[1, i], contracts[0, i], contracts[1, i]
        sizes[2, i] = series[2, one] > seconds
        if sizes[2, i] == 0:
            continue
        if one != known:
            known, expiry = one, _expiry(terms, due, now, series[0, one], series[1, one])
        point = _point(terms, expiry, strike)
        mid = _mid(terms, due, now, market, expiry, point.vol, sign, strike)
        half = 0.5 * (widened * _width(terms, expiry, point.moneyness, sign, strike, spot, mid))
        prices[0, i], prices[1, i] = _in_ticks(terms, max(mid - half, 0.0), mid + half)
        distance = point.moneyness / (math.sqrt(expiry.variance) + 0.02)
        usual = 5.0 + 120.0 * math.exp(-0.5 * min(distance * distance, 50.0))  # contracts; more near the money
        at_bid, at_ask = noise(chance, ids[0, i])
        sizes[0, i] = 0 if prices[0, i] == 0.0 else int(1.0 + usual * (0.2 + 1.6 * at_bid))
        sizes[1, i] = int(1.0 + usual * (0.2 + 1.6 * at_ask))
