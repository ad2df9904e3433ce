"""Random numbers: streams that depend on seed, name and day alone, and noise that depends on what it is for."""

import zlib
from datetime import date

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_64_BITS, _LOW = 2**64 - 1, np.uint64(2**32 - 1)
_PATH = 1


def stream(seed: int, symbol: str, day: date) -> np.random.Generator:
    """For a symbol's path on a day."""
    words = np.random.SeedSequence([seed, zlib.crc32(symbol.encode()), day.toordinal(), _PATH])
    return np.random.Generator(np.random.PCG64(words))


def occasion(seed: int, moment: int, purpose: int) -> int:
    """What noise is asked for: 64 well-mixed bits (splitmix64)."""
    mixed = 0
    for number in (seed, moment, purpose):
        mixed = (mixed ^ number) + _GOLDEN & _64_BITS
        mixed = (mixed ^ mixed >> 30) * _FIRST & _64_BITS
        mixed = (mixed ^ mixed >> 27) * _SECOND & _64_BITS
        mixed ^= mixed >> 31
    return mixed


def noise(occasion: int, con_ids: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Two numbers from 0 up to 1 for each contract: the same whoever asks, and in whatever order."""
    mixed = con_ids.astype(np.uint64) * np.uint64(_GOLDEN) ^ np.uint64(occasion)
    mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(_FIRST)
    mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(_SECOND)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(32)).astype(np.float64) * 2.0**-32, (mixed & _LOW).astype(np.float64) * 2.0**-32
