"""Checks that let no illegal value into a domain object."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from attrs import Attribute


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a naive datetime is refused, since it names no moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} carries no time zone")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def exact(number: int | str | Decimal) -> Decimal:
    """A finite Decimal; a float is refused, since it was rounded already (see `money.to_decimal`)."""
    if isinstance(number, float):
        raise TypeError(f"{number!r} is a float; convert it with money.to_decimal")
    decimal = Decimal(number)
    if not decimal.is_finite():
        raise ValueError(f"{number!r} is no finite number")
    return decimal


def positive(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if not value > 0:
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must be positive, not {value}")


def not_negative(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if not value >= 0:
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must not be negative, not {value}")


def not_empty(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if not value:
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must not be empty")
