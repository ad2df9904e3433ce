"""The implied surface: Gatheral and Jacquier's SSVI in the forward's log-moneyness and in variance time.

At-the-money total variance rises with time to expiry, and eta (1 + |rho|) <= 2: then no butterfly and no calendar of
European options is free (their theorem 4.2 and corollary 4.1).
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def expected_variance(spans: Floats, now: float, mean: float, reversion: float) -> Floats:
    """The variance that passes in spans of variance time, on average, when it returns from `now` to its mean."""
    return mean * spans - (now - mean) * np.expm1(-reversion * spans) / reversion


def total_variance(moneyness: Floats, at_the_money: Floats, skew: float, smile: float) -> Floats:
    """Of strikes at a logarithm of their distance from the forward."""
    bend = smile / np.sqrt(at_the_money * (1.0 + at_the_money)) * moneyness
    return 0.5 * at_the_money * (1.0 + skew * bend + np.sqrt((bend + skew) ** 2 + 1.0 - skew**2))
