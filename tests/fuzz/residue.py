"""What is still alive once seeds have been played, which should be nothing of theirs."""

import gc
from functools import _lru_cache_wrapper
from typing import NamedTuple

from siege import CountingLoop


class Residue(NamedTuple):
    objects: int  # of this process
    loops: int  # of seeds that have been played


def residue() -> Residue:
    """What is remembered up to a bound only is let go first."""
    _forget()
    gc.collect()
    objects = gc.get_objects()
    return Residue(len(objects), sum(type(each) is CountingLoop for each in objects))


def _forget() -> None:
    for each in gc.get_objects():
        if type(each) is _lru_cache_wrapper and each.cache_parameters()["maxsize"] is not None:
            each.cache_clear()
