"""Numba, as this package uses it: compiled on first use, kept on disk, running without the interpreter's lock."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code. Where no folder can be written, it is compiled anew in each process."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
    try:
        return cast(Callable[P, R], njit(cache=True, **options)(function))
    except RuntimeError:  # numba's "no locator available": neither the source's folder nor the user's can be written
        return cast(Callable[P, R], njit(**options)(function))
