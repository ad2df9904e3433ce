"""Numbers as the broker sends them, checked: what it left out, spoilt or never had is None."""

from decimal import Decimal, InvalidOperation

from gamma_scalper.domain.checks import LARGEST
from gamma_scalper.domain.money import to_decimal

_UNSET = (2**31 - 1, 2**63 - 1)  # "not set" of whole numbers; that of the others is beyond `LARGEST`


def real(value: float | str | None) -> float | None:
    """A finite number of sane size; NaN, infinities and 1.797e308 in any spelling are none."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < LARGEST and number not in _UNSET else None


def amount(value: float | str | None) -> Decimal | None:
    """The same as an exact decimal, as a person would write it."""
    if real(value) is None:
        return None
    try:
        return Decimal(value) if isinstance(value, str) else to_decimal(float(value or 0))
    except InvalidOperation:  # text that float() reads and Decimal does not
        return None


def price(value: float | None) -> float | None:
    """A price on offer: -1 stands for none at all, and nothing is sold for less than nothing."""
    if value is not None and 0 <= value < _UNSET[0]:
        return value  # by far the most frequent
    number = real(value)
    return number if number is not None and number >= 0 else None


def size(value: float | None) -> int:
    """A quoted size; what was not given is nothing."""
    number = real(value)
    return int(number) if number is not None and number > 0 else 0


def count(value: float | str | None) -> int | None:
    """A number of shares or contracts there are; less than none is no answer."""
    number = real(value)
    return int(number) if number is not None and number >= 0 else None


def positive(value: float | None) -> float | None:
    """A volatility or an underlying's price."""
    number = real(value)
    return number if number is not None and number > 0 else None


def not_negative(value: float | None) -> float | None:
    """Gamma, vega and an option's price."""
    return price(value)


def theta(value: float | None) -> float | None:
    """-1 and -2 exactly are the broker's marks for "not computed", never a decay."""
    number = real(value)
    return None if number in (-1.0, -2.0) else number


def delta(value: float | None, right: str) -> float | None:
    """Within what a call or a put can have."""
    number = real(value)
    if number is None:
        return None
    low, high = (0.0, 1.0) if right == "C" else (-1.0, 0.0)
    return number if low <= number <= high else None


def quantity(value: float | None) -> Decimal:
    """Shares or contracts of an order or a fill; what was not given is none."""
    number = amount(value) or Decimal(0)
    return Decimal(int(number)) if number == int(number) else number
