"""Reading an object's texts by the kinds of its defaults; the library looks up the fields anew for each object."""

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

_READS: dict[type, Callable[[str], object]] = {int: int, float: float, bool: lambda text: bool(int(text))}


@cache
def _fields(kind: Any) -> tuple[tuple[str, object, Callable[[str], object]], ...]:
    """Name, default and reading of each that is not to stay a text."""
    each = dataclasses.fields(kind)
    return tuple(
        (field.name, field.default, _READS[type(field.default)]) for field in each if type(field.default) in _READS
    )


def parse(told: Any) -> None:
    """In its place; what was left out is its default."""
    kind: Any = type(told)
    for name, default, read in _fields(kind):
        text = getattr(told, name)
        setattr(told, name, read(text) if text else default)
