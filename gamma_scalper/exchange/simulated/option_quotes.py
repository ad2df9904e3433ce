"""Option quotes: the lattice at the surface's volatility, a spread around it, ticks, sizes."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import evolve

from gamma_scalper.domain.sessions import SECONDS_PER_YEAR
from gamma_scalper.exchange.simulated.assets import Asset
from gamma_scalper.exchange.simulated.noise import noise
from gamma_scalper.exchange.simulated.surface import expected_variance, total_variance
from gamma_scalper.pricing import Lattice, MarketInputs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MODEL = Lattice(51)
_SHORTEST = 1.0 / SECONDS_PER_YEAR
_LEAST_VARIANCE = 1e-12
_INTRINSIC_SPREAD = 0.0004  # of what an option in the money brings by exercise: its hedge has a spread as well
_DISTANT_SPREAD = 0.006  # of the time value, for each variance from the money
_CALMEST = 0.3  # below this share of the usual volatility spreads don't narrow any more


class Rows(NamedTuple):
    """Options of one asset that somebody looks at: what of them never changes."""

    places: Ints  # in the list that was asked for
    con_ids: Ints
    series: Ints
    strikes: Floats
    signs: Floats


class Chain(NamedTuple):
    """The asset's whole surface at one tick; arrays by series."""

    inputs: MarketInputs
    turbulence: float
    years: Floats
    forwards: Floats
    variances: Floats  # at the money, to expiry
    before_ex: float  # the same to the next ex-date, if any series lives to see it


class Seen(NamedTuple):
    """The surface where the rows are."""

    years: Floats
    moneyness: Floats  # logarithm of strike over forward
    at_the_money: Floats
    vols: Floats  # per year of calendar time, which is the lattice's; of the forward


class Moment(NamedTuple):
    """When, in seconds since 1970 and in variance time."""

    seconds: float
    lived: float


def chain_at(asset: Asset, spot: float, variance: float, now: Moment, settles: Floats, lived: Floats) -> Chain:
    """The surface of a spot and its variance. `lived` is variance time at each series' settlement.

    At-the-money variance is that of the forward. The spot still holds the dividends to come, which don't move, so the
    forward moves by more than the spot's share: first order in each dividend, up to its ex-date.
    """
    generator, carry = asset.generator, asset.generator.carry
    mean, reversion = generator.mean_variance, generator.reversion
    variance = max(variance, 0.0)
    level = generator.implied**2 / mean if generator.implied else 1.0
    years = np.maximum(settles - now.seconds, 0.0) / SECONDS_PER_YEAR
    theta = level * expected_variance(np.maximum(lived - now.lived, 0.0), variance, mean, reversion)
    left: Floats | float = spot
    dividends: tuple[tuple[float, float], ...] = ()
    before_ex = 0.0
    due = np.flatnonzero((asset.ex_moments > now.seconds) & (asset.ex_moments <= settles.max(initial=0.0)))
    if due.size:
        ahead = (asset.ex_moments[due] - now.seconds) / SECONDS_PER_YEAR
        worth = asset.amounts[due] * np.exp(-carry * ahead)
        until = level * expected_variance(asset.ex_lived[due] - now.lived, variance, mean, reversion)
        before_ex = float(until[0])
        in_life = (ahead[None, :] <= years[:, None]).astype(np.float64)
        left = np.maximum(spot - in_life @ worth, 1e-3 * spot)
        theta = theta + 2.0 * (in_life @ (worth * until)) / left
        dividends = tuple(zip(ahead.tolist(), asset.amounts[due].tolist(), strict=True))
    inputs = MarketInputs(spot, 0.0, generator.rate, generator.yield_, dividends)
    turbulence = max((variance / mean) ** 0.5, _CALMEST) ** generator.turbulence
    forwards = left * np.exp(carry * years)
    return Chain(inputs, turbulence, years, forwards, np.maximum(theta, _LEAST_VARIANCE), before_ex)


def seen(asset: Asset, chain: Chain, rows: Rows) -> Seen:
    years, at_the_money = chain.years[rows.series], chain.variances[rows.series]
    moneyness = np.log(rows.strikes / chain.forwards[rows.series])
    variance = total_variance(moneyness, at_the_money, asset.generator.skew, asset.generator.smile)
    return Seen(years, moneyness, at_the_money, np.sqrt(variance / np.maximum(years, _SHORTEST)))


def mids(asset: Asset, chain: Chain, rows: Rows, at: Seen) -> Floats:
    """What the options are worth before anybody adds a spread."""
    exercise = asset.generator.option_exercise
    prices = _MODEL.prices(rows.signs, rows.strikes, at.years, at.vols, chain.inputs, exercise, of_forward=True)
    if chain.inputs.dividends and exercise == "american":
        _exercised_before_ex(asset, chain, rows, at, prices)
    return prices


def _exercised_before_ex(asset: Asset, chain: Chain, rows: Rows, at: Seen, prices: Floats) -> None:
    """Lift calls to what they bring right before the next dividend, at the surface's volatility for that day.

    Each contract has one volatility for all its life. Without this a call with a quiet time after the ex-date could be
    cheaper than one that ends before it.
    """
    ahead, inputs = chain.inputs.dividends[0][0], evolve(chain.inputs, dividends=())
    calls = np.flatnonzero((rows.signs > 0.0) & (at.years >= ahead))
    strikes = rows.strikes[calls]
    moneyness = np.log(strikes / (inputs.spot * math.exp(asset.generator.carry * ahead)))
    at_the_money = np.array([max(chain.before_ex, _LEAST_VARIANCE)])
    variance = total_variance(moneyness, at_the_money, asset.generator.skew, asset.generator.smile)
    years, vols = np.full(calls.size, ahead), np.sqrt(variance / ahead)
    worth = _MODEL.prices(rows.signs[calls], strikes, years, vols, inputs, "european", of_forward=True)
    prices[calls] = np.maximum(prices[calls], worth)


def _width(asset: Asset, chain: Chain, rows: Rows, at: Seen, prices: Floats) -> Floats:
    """The spread before rounding: points of volatility, more for a long time, more of the price far from the money.

    In cents it is widest at the money and in it, and goes down to a tick where an option is worth cents itself.
    """
    spot, root_years = chain.inputs.spot, np.sqrt(at.years)
    distance = np.minimum(np.abs(at.moneyness) / np.sqrt(at.at_the_money), 4.0)
    per_point = 0.004 * spot * root_years * np.exp(-0.5 * distance * distance)
    by_volatility = asset.generator.option_spread * per_point * (1.0 + 3.0 * at.years)
    in_the_money = np.maximum(rows.signs * (spot - rows.strikes), 0.0)
    by_hedge = _INTRINSIC_SPREAD * in_the_money * (1.0 + 2.0 * root_years)
    by_distance = _DISTANT_SPREAD * distance * distance * np.maximum(prices - in_the_money, 0.0)
    return chain.turbulence * (by_volatility + by_hedge + by_distance)


def bids_and_asks(asset: Asset, chain: Chain, rows: Rows, at: Seen) -> tuple[Floats, Floats]:
    """Bids rounded down and asks up, at least a tick apart; an American ask is never below what exercise brings."""
    prices = mids(asset, chain, rows, at)
    half = 0.5 * _width(asset, chain, rows, at, prices)
    low, high = np.maximum(prices - half, 0.0), prices + half
    small, large, since = asset.cents
    step = np.where(low < since, small, large)
    bids = np.floor(100.0 * low / step + 1e-7) * step
    step = np.where(high < since, small, large)
    asks = np.ceil(100.0 * high / step - 1e-7) * step
    return bids / 100.0, np.where(asks > bids, asks, bids + np.where(bids < 100.0 * since, small, large)) / 100.0


def sizes(rows: Rows, at: Seen, occasion: int) -> tuple[Ints, Ints]:
    """Contracts on offer at bid and ask: more near the money."""
    distance = at.moneyness / (np.sqrt(at.at_the_money) + 0.02)
    usual = 5.0 + 120.0 * np.exp(-0.5 * np.minimum(distance * distance, 50.0))
    one, other = noise(occasion, rows.con_ids)
    return (
        (1.0 + usual * (0.2 + 1.6 * one)).astype(np.int64),
        (1.0 + usual * (0.2 + 1.6 * other)).astype(np.int64),
    )


def open_interest(rows: Rows, at: Seen, occasion: int, monthly: bool) -> Ints:
    """As of the morning: most at round strikes near the money, and in the monthlies."""
    distance = at.moneyness / (2.0 * np.sqrt(at.at_the_money) + 0.05)
    usual = 4_000.0 * np.exp(-0.5 * np.minimum(distance * distance, 20.0)) * (4.0 if monthly else 1.0)
    digit = 10.0 ** np.floor(np.log10(rows.strikes) - 1.0)
    usual *= np.where(rows.strikes % (5 * digit) == 0, 5.0, np.where(rows.strikes % digit == 0, 2.5, 1.0))
    luck, _ = noise(occasion, rows.con_ids)
    return (usual * (0.1 + 1.8 * luck * luck)).astype(np.int64)
