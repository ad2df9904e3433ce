"""How fast a market lives at each moment: the share of a year's variance that has passed."""

import numpy as np
import numpy.typing as npt

from gamma_scalper.domain.sessions import Sessions

Floats = npt.NDArray[np.float64]

SESSIONS_PER_YEAR = 252
_STEEPNESS = 0.12  # of a session, in which the rush after the open dies down
_AT_OPEN = 0.65  # of the rush; the rest comes before the close


class VarianceTime:
    """V(t) in years of 252 sessions: a spot of volatility sigma moves with variance sigma² (V(t2) - V(t1)).

    Every session brings 1/252. A part, `overnight`, accrues evenly over the closed time before it, be that a night, a
    weekend or a holiday; the rest in the session, faster after the open and before the close than at noon. A session
    that closes early brings less by as much as it is shorter. What trades after the shares' close lives in closed time.

    Implied variance is measured by the same V: at implied = sigma a straddle is fair at each moment of the week, and no
    hour is better than another to buy or sell one. The volatility a client solves with calendar time therefore breathes
    a little: before a weekend it falls, with more calendar than variance ahead.
    """

    def __init__(self, sessions: Sessions, overnight: float, ushape: float) -> None:
        opens = np.array([session.opens.timestamp() for session in sessions.sessions])
        closes = np.array([session.closes.timestamp() for session in sessions.sessions])
        lengths = closes - opens
        self._ushape = ushape
        self._opens, self._closes = opens, closes
        self._nightly = overnight / SESSIONS_PER_YEAR
        self._daily = (1.0 - overnight) / SESSIONS_PER_YEAR * lengths / lengths.max()
        self._at_close = np.cumsum(self._daily + self._nightly)
        self._at_open = self._at_close - self._daily

    def at(self, seconds: Floats | float) -> Floats:
        """At moments in seconds since 1970, which lie within the calendar."""
        moments = np.asarray(seconds, dtype=np.float64)
        i = np.searchsorted(self._opens, moments, side="right") - 1
        if np.any(i < 0) or np.any(moments > self._closes[-1]):
            raise ValueError("a moment lies outside the calendar of the market")
        after = np.minimum(i + 1, self._opens.size - 1)
        within = np.clip((moments - self._opens[i]) / (self._closes[i] - self._opens[i]), 0.0, 1.0)
        night = np.maximum(moments - self._closes[i], 0.0) / np.maximum(self._opens[after] - self._closes[i], 1.0)
        found: Floats = self._at_open[i] + self._daily[i] * self._share(within) + self._nightly * night
        return found

    def _share(self, within: Floats) -> Floats:
        """Of a session's variance, what is over at this part of it."""
        whole = 1.0 - np.exp(-1.0 / _STEEPNESS)
        morning = (1.0 - np.exp(-within / _STEEPNESS)) / whole
        evening = 1.0 - (1.0 - np.exp(-(1.0 - within) / _STEEPNESS)) / whole
        rush = _AT_OPEN * morning + (1.0 - _AT_OPEN) * evening
        share: Floats = (1.0 - self._ushape) * within + self._ushape * rush
        return share
