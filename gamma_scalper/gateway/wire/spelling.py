"""How single values are spelled in a message: what is read into them, and how they are written."""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attrs import frozen

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_ESCAPES = re.compile(r"\\(?:[\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_INFINITE = ("Infinite", "Infinity", "inf")
_NO_NUMBER = ("nan", "-nan", "-inf", "-infinity")
_UNSET_WHOLES = (2**31 - 1, 2**63 - 1, -(2**63))
_UNSET_REAL = 1e300  # the broker's is the largest float there is; nothing real comes near
_UNSET_QUANTITY = Decimal(10) ** 30  # 2**127 - 1 is the official client's
GREEK_FORMAT = "%.9g"  # more digits than any model is good for, and no more
_UNSET_WRITTEN = "1.7976931348623157E308"  # with a capital E, as the broker's own messages have it


class BadMessage(ValueError):
    """A message that can't be read, or a value that can't be written; the rest of the connection is unharmed."""


class NotANumber(BadMessage):
    """Infinity or NaN where a number belongs; clients compute such. `about` is the id of the request that has it."""

    def __init__(self, text: str, about: int = -1) -> None:
        super().__init__(text)
        self.about = about


@frozen
class Kind:
    """One way to spell a value."""

    name: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def _text(value: str) -> str:
    if "\0" in value:
        raise BadMessage(f"{value[:40]!r} holds a NUL, which ends a field")
    return value


def _escape(value: str) -> str:
    return value.encode("unicode_escape").decode("ascii")


def _unescape(text: str) -> str:
    if "\\" in _ESCAPES.sub("", text) or not text.isascii():
        raise BadMessage(f"{text[:40]!r} is not escaped as it should be")
    try:
        return text.encode("ascii").decode("unicode_escape")
    except UnicodeDecodeError:
        raise BadMessage(f"{text[:40]!r} names a character that doesn't exist") from None


def _whole(text: str) -> int:
    if not text:
        return 0
    if _WHOLE.fullmatch(text) is None:
        raise BadMessage(f"{text[:40]!r} is not a whole number")
    return int(text)


def _condition_kind(text: str) -> int:
    value = _whole(text)
    if value not in (1, 3, 4, 5, 6, 7):
        raise BadMessage(f"there are no conditions of kind {value}")
    return value


def _whole_or_none(text: str) -> int | None:
    value = _whole(text)
    return None if not text or value in _UNSET_WHOLES else value


def _real_or_none(text: str) -> float | None:
    if not text or text in _INFINITE:
        return None
    if _NUMBER.fullmatch(text) is None:
        if text.lower() in _NO_NUMBER:
            raise NotANumber(f"{text!r} is not a number")
        raise BadMessage(f"{text[:40]!r} is not a number")
    value = float(text)
    return value if -_UNSET_REAL < value < _UNSET_REAL else None


def _quantity_or_none(text: str) -> Decimal | None:
    real = _real_or_none(text)
    if real is None or abs(real) >= _UNSET_QUANTITY:
        return None
    return Decimal(text)


def _offset(text: str) -> float | None:
    return math.inf if text in _INFINITE else _real_or_none(text)


def _flag_or_none(text: str) -> bool | None:
    word = text.lower()
    if word in ("1", "true"):
        return True
    if word in ("0", "false"):
        return False
    if not word or word == "2147483647":
        return None
    raise BadMessage(f"{text[:40]!r} is neither 0 nor 1")


def _greek(unknown: float) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        if text == "nan":
            return math.nan
        value = _real_or_none(text)
        return None if value == unknown else value

    return read


def spell_real(value: float) -> str:
    """The shortest text that gives this number again."""
    if not -_UNSET_REAL < value < _UNSET_REAL:  # of NaN not true either
        raise BadMessage(f"{value} is no number for a message; None says that there is none")
    return repr(value + 0.0)  # not -0.0, nor a number without its point


def spell_size(value: float) -> str:
    """Without a fraction where there is none: before version 163 clients read sizes as whole numbers."""
    text = spell_real(value)
    return text if value % 1 else str(int(value))


def _spell_quantity(value: Decimal) -> str:
    if not value.is_finite() or abs(value) >= _UNSET_QUANTITY:
        raise BadMessage(f"{value} is no quantity for a message")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _spell_offset(value: float | None) -> str:
    return "Infinity" if value == math.inf else _or("", spell_real)(value)


def _spell_flag(value: bool) -> str:
    return "1" if value else "0"


def _spell_greek(value: float | None, unknown: str) -> str:
    """NaN may be said: the broker has been seen saying it."""
    if value is None:
        return unknown
    if math.isinf(value):
        raise BadMessage(f"{value} is no Greek; None says that there is none")
    return GREEK_FORMAT % value


def _or(none: str, spell: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: none if value is None else spell(value)


TEXT = Kind("text", str, _text)
ESCAPED = Kind("escaped text", _unescape, _escape)  # what is beyond ASCII as in a Python string
INT = Kind("whole number", _whole, str)
MAYBE_INT = Kind("whole number or none", _whole_or_none, _or("", str))
INT_OR_MAX = Kind("whole number or the largest", _whole_or_none, _or("2147483647", str))
CONDITION_KIND = Kind("kind of condition", _condition_kind, str)
REAL = Kind("number", lambda text: _real_or_none(text) or 0.0, spell_real)
MAYBE_REAL = Kind("number or none", _real_or_none, _or("", spell_real))
# Some clients send 0.0 for what was never set; so it is read where zero would mean nothing.
NON_ZERO = Kind("number but zero or none", lambda text: _real_or_none(text) or None, _or("", spell_real))
STRIKE = Kind("strike or none", lambda text: _real_or_none(text) or None, _or("0.0", spell_real))
REAL_OR_MAX = Kind("number or the largest", _real_or_none, _or(_UNSET_WRITTEN, spell_real))
OFFSET = Kind("offset, infinite or none", _offset, _spell_offset)
SIZE = Kind("size", lambda text: _real_or_none(text) or 0.0, spell_size)
QUANTITY = Kind("quantity", lambda text: _quantity_or_none(text) or Decimal(0), _spell_quantity)
MAYBE_QUANTITY = Kind("quantity or none", _quantity_or_none, _or("", _spell_quantity))
FLAG = Kind("flag", lambda text: _flag_or_none(text) or False, _spell_flag)
MAYBE_FLAG = Kind("flag or none", _flag_or_none, _or("", _spell_flag))
GREEK_OR_1 = Kind("number or -1 for none", _greek(-1), lambda value: _spell_greek(value, "-1"))
GREEK_OR_2 = Kind("number or -2 for none", _greek(-2), lambda value: _spell_greek(value, "-2"))
