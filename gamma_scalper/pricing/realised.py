"""How much a price has moved: volatility per year from bars.

Efficiency is the variance of the close-to-close estimate over this one's, at the same number of days, for a price that
follows a random walk without pause: the higher, the fewer days a figure needs. Bars of a market that was watched only
now and then show too small a range, so the ranges' figures come out a little low.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Series = npt.ArrayLike

EFFICIENCY = {
    "close_to_close": 1.0,
    "parkinson": 4.9,
    "garman_klass": 7.4,
    "rogers_satchell": 6.0,
    "yang_zhang": 7.0,  # over two weeks to a month; at best 14, over two days; half where half the movement is at night
}

TRADING_DAYS = 252.0


def close_to_close(closes: Series, per_year: float = TRADING_DAYS) -> float:
    """From closes alone, about their mean. Efficiency 1."""
    returns = np.diff(np.log(_prices("closes", closes, at_least=3)))
    return _yearly(float(np.var(returns, ddof=1)), per_year)


def parkinson(highs: Series, lows: Series, per_year: float = TRADING_DAYS) -> float:
    """From the range. Efficiency 4.9; blind to nights, too high in a trend."""
    high, low = _bars(highs=highs, lows=lows)
    return _yearly(float(np.mean(np.log(high / low) ** 2)) / (4.0 * math.log(2.0)), per_year)


def garman_klass(opens: Series, highs: Series, lows: Series, closes: Series, per_year: float = TRADING_DAYS) -> float:
    """From the range and the day's move. Efficiency 7.4; blind to nights, wrong in a trend."""
    open_, high, low, close = _bars(opens=opens, highs=highs, lows=lows, closes=closes)
    variance = 0.5 * np.log(high / low) ** 2 - (2.0 * math.log(2.0) - 1.0) * np.log(close / open_) ** 2
    return _yearly(float(np.mean(variance)), per_year)


def rogers_satchell(
    opens: Series, highs: Series, lows: Series, closes: Series, per_year: float = TRADING_DAYS
) -> float:
    """From the range above and below open and close. Efficiency 6.0; right in a trend, blind to nights."""
    return _yearly(_rogers_satchell(*_bars(opens=opens, highs=highs, lows=lows, closes=closes)), per_year)


def yang_zhang(opens: Series, highs: Series, lows: Series, closes: Series, per_year: float = TRADING_DAYS) -> float:
    """Nights, open to close and Rogers-Satchell, weighted. Efficiency about 7, at best 14; right in a trend."""
    open_, high, low, close = _bars(opens=opens, highs=highs, lows=lows, closes=closes)
    if close.size < 3:
        raise ValueError("closes must hold at least 3 days")
    nights = np.log(open_[1:] / close[:-1])
    days = np.log(close[1:] / open_[1:])
    n = nights.size
    share = 0.34 / (1.34 + (n + 1) / (n - 1))
    within = _rogers_satchell(open_[1:], high[1:], low[1:], close[1:])
    variance = np.var(nights, ddof=1) + share * np.var(days, ddof=1) + (1.0 - share) * within
    return _yearly(float(variance), per_year)


def realised_variance(prices_by_day: Sequence[Series], per_year: float = TRADING_DAYS) -> float:
    """Variance per year: the squared moves within each day and over the nights between. Zero-mean.

    With 78 moves of five minutes a day the part within the day has about 78 times the efficiency of closes; the nights
    are one move each and have that of closes.
    """
    if len(prices_by_day) < 2:
        raise ValueError("prices_by_day must hold at least 2 days")
    days = [_prices("prices_by_day", prices, at_least=2) for prices in prices_by_day]
    within = sum(float(np.sum(np.diff(np.log(day)) ** 2)) for day in days) / len(days)
    nights = [math.log(after[0] / before[-1]) ** 2 for before, after in itertools.pairwise(days)]
    return (within + sum(nights) / len(nights)) * _checked(per_year)


def _rogers_satchell(
    open_: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
    low: npt.NDArray[np.float64],
    close: npt.NDArray[np.float64],
) -> float:
    above = np.log(high / close) * np.log(high / open_)
    below = np.log(low / close) * np.log(low / open_)
    return float(np.mean(above + below))


def _yearly(variance: float, per_year: float) -> float:
    return math.sqrt(max(variance, 0.0) * _checked(per_year))


def _checked(per_year: float) -> float:
    if not 0 < per_year < math.inf:
        raise ValueError(f"per_year must be a positive number, not {per_year!r}")
    return per_year


def _prices(name: str, values: Series, at_least: int) -> npt.NDArray[np.float64]:
    try:
        prices = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be prices in one list") from error
    if prices.ndim != 1 or prices.size < at_least:
        raise ValueError(f"{name} must be at least {at_least} prices in one list")
    if not np.all(np.isfinite(prices) & (prices > 0)):
        raise ValueError(f"{name} must be positive numbers")
    return prices


def _bars(**columns: Series) -> list[npt.NDArray[np.float64]]:
    """Checked, and every bar's high and low around its open and close."""
    bars = {name: _prices(name, values, at_least=1) for name, values in columns.items()}
    if len({prices.size for prices in bars.values()}) > 1:
        raise ValueError(f"{', '.join(bars)} must be of one length")
    for name, prices in bars.items():
        if np.any(prices > bars["highs"]) or np.any(prices < bars["lows"]):
            raise ValueError(f"{name} must lie between lows and highs")
    return list(bars.values())
