"""Checks that let no illegal value into a domain object."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import Attribute, validators

# Beyond this nothing is an amount; brokers write "not set" as 1.797e308.
LARGEST = 10**15
_LARGEST = Decimal(LARGEST)

currency_code = validators.matches_re(r"[A-Z]{3}")


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a naive datetime is refused, since it names no moment."""
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} carries no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # in the first or last hours that a datetime can name
        raise ValueError(f"{moment} is no moment in UTC") from error


def exact(number: int | str | Decimal) -> Decimal:
    """A Decimal of sane size; a float is refused, since it was rounded already (see `money.to_decimal`)."""
    if type(number) is Decimal and number.is_finite() and -_LARGEST < number < _LARGEST:
        return number  # by far the most frequent
    if isinstance(number, float | bool):
        raise TypeError(f"{number!r} is a {type(number).__name__}; a float is converted with money.to_decimal")
    try:
        decimal = Decimal(number)
    except InvalidOperation as error:
        raise ValueError(f"{number!r} is no number") from error
    if not decimal.is_finite() or abs(decimal) >= LARGEST:
        raise ValueError(f"{number!r} is no amount")
    return decimal


def positive(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if not value > 0:
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must be positive, not {value}")


def not_negative(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if not value >= 0:
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must not be negative, not {value}")


def whole(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if type(value) is not int:
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must be a whole number, not {value!r}")


def counted(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    """A whole number from 1 up: ids, multipliers, sequence numbers."""
    whole(instance, attribute, value)
    positive(instance, attribute, value)


def not_empty(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    if not value:
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must not be empty")
