"""Numba, as this package uses it: compiled on first use, kept on disk, running without the interpreter's lock."""

from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core.caching import InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator

P = ParamSpec("P")
R = TypeVar("R")

KERNELS = ("analytic", "implied", "lattice_nodes", "lattice_tree", "lattice_dividends", "lattice_kernel")
"""The modules with compiled functions. These call one another, so all machine code is stale when one of them changes;
numba by itself looks at a function's own file only."""


class _StaleTogether:
    """A place for machine code that is as old as the newest of all kernels."""

    def get_source_stamp(self) -> tuple[bytes, ...]:
        folder = __file__.rpartition("compiled")[0]
        sources: list[Any] = [_Source(f"{folder}{name}.py") for name in KERNELS]
        return tuple(source.get_source_stamp() for source in sources)


class _Source(InTreeCacheLocator):
    def __init__(self, path: str) -> None:
        self._py_file = path


class Given(_StaleTogether, UserProvidedCacheLocator):
    """NUMBA_CACHE_DIR."""


class BesideSource(_StaleTogether, InTreeCacheLocator):
    """`__pycache__`."""


class OfUser(_StaleTogether, UserWideCacheLocator):
    """The user's own cache, where the source can't be written to."""


_LOCATORS = ",".join(f"{__name__}.{place.__name__}" for place in (Given, BesideSource, OfUser))


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code. Where no folder can be written, it is compiled anew in each process."""
    compiler = partial(numba.njit, nogil=True, error_model="numpy", fastmath={"contract"})
    config: Any = numba.config
    usual, config.CACHE_LOCATOR_CLASSES = config.CACHE_LOCATOR_CLASSES, _LOCATORS
    try:
        return cast(Callable[P, R], compiler(cache=True)(function))
    except RuntimeError:  # "cannot cache function: no locator available"
        return cast(Callable[P, R], compiler()(function))
    finally:
        config.CACHE_LOCATOR_CLASSES = usual
