"""Numba, as this package uses it: compiled on first use, kept on disk, running without the interpreter's lock."""

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core.caching import InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator

P = ParamSpec("P")
R = TypeVar("R")

KERNELS = ("analytic", "implied", "lattice_nodes", "lattice_tree", "lattice_dividends", "lattice_kernel")
"""The modules with compiled functions. These call one another, so all machine code is stale when one of them changes;
numba by itself looks at a function's own file only. Code in another room may call them too: it is stale when one of
them or its own file changes, so it keeps to one file."""


class _StaleTogether:
    """A place for machine code that is as old as the newest of all kernels and of the file it is made from."""

    _py_file: str

    def get_source_stamp(self) -> tuple[bytes, ...]:
        folder = __file__.rpartition("compiled")[0]
        sources: list[Any] = [_Source(f"{folder}{name}.py") for name in (*KERNELS, "compiled")]
        sources.append(_Source(self._py_file))
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
        made = compiler(cache=True)(function)
        _forgive_damage(made)
        return cast(Callable[P, R], made)
    except RuntimeError:  # "cannot cache function: no locator available"
        return cast(Callable[P, R], compiler()(function))
    finally:
        config.CACHE_LOCATOR_CLASSES = usual


def _forgive_damage(made: Any) -> None:
    """Kept code that can't be read, after a power failure say, is thrown away and made anew."""
    cache = getattr(made, "_cache", None)
    if cache is None:  # not compiled at all: NUMBA_DISABLE_JIT
        return
    load = cache.load_overload

    def load_or_flush(*arguments: Any) -> Any:
        try:
            return load(*arguments)
        except (EOFError, pickle.UnpicklingError, ValueError, IndexError, AttributeError):
            cache.flush()
            return None

    cache.load_overload = load_or_flush
