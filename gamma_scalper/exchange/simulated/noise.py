"""Random numbers for paths: streams that depend on seed, name and day alone."""

import zlib
from datetime import date

import numpy as np

_PATH = 1


def stream(seed: int, symbol: str, day: date) -> np.random.Generator:
    """For a symbol's path on a day."""
    words = np.random.SeedSequence([seed, zlib.crc32(symbol.encode()), day.toordinal(), _PATH])
    return np.random.Generator(np.random.PCG64(words))
