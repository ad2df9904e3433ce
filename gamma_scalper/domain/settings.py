"""How a parameter class states its keys: default, unit, allowed range and meaning, for the loader and the manual."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
from attrs import Attribute, field, frozen

_KEY = "setting"
_WIDEST = 80


@frozen
class Setting:
    """What is known of one key besides its type."""

    meaning: str
    unit: str = ""
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()
    form: str = ""  # what `check` accepts, in words
    check: Callable[[Any], bool] | None = None
    limit: bool = False  # refuses or ends something; shown by `books`
    private: bool = False  # never printed or logged

    def allowed(self) -> str:
        """The range in words: '0 to 60 s', 'fixed or tiered'; empty when anything of the type will do."""
        if self.one_of:
            return " or ".join(self.one_of)
        if self.form:
            return self.form
        low = ""
        if self.above is not None:
            low = f"above {self.above:g}"
        elif self.at_least is not None:
            low = f"{self.at_least:g}" if self.at_most is not None else f"at least {self.at_least:g}"
        high = "" if self.at_most is None else f"{self.at_most:g}"
        joint = " to " if low and high and self.above is None else " and at most " if low and high else ""
        span = f"{low}{joint}{high}" if low else f"at most {high}" if high else ""
        return f"{span} {self.unit}".strip() if span else ""

    def permits(self, value: Any) -> bool:
        if self.one_of:
            return value in self.one_of
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.check is None or self.check(value))
        )

    def shown(self, value: Any) -> str:
        """The value for a person's eyes."""
        if self.private and value not in (None, ""):
            return "(set, not shown)"
        shown = repr(value) if isinstance(value, str) else str(value)
        return shown if len(shown) <= _WIDEST else f"{shown[:_WIDEST]} ..."


def setting(
    default: Any,
    meaning: str,
    *,
    unit: str = "",
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    one_of: Sequence[str] = (),
    form: str = "",
    check: Callable[[Any], bool] | None = None,
    limit: bool = False,
    private: bool = False,
) -> Any:
    """An attrs field of a parameter class; a value outside the range can't be constructed."""
    about = Setting(meaning, unit, at_least, above, at_most, tuple(one_of), form, check, limit, private)
    return field(default=default, validator=_within, metadata={_KEY: about}, repr=about.shown if private else True)


def section(parameters: type) -> Any:
    """A field that holds another parameter class, with its defaults."""
    return field(factory=parameters)


_IN_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", Path: "a path"}


@frozen
class Key:
    """One setting of a parameter class and all below it, by its dotted path."""

    path: str
    type: type
    default: Any
    about: Setting

    def allowed(self) -> str:
        """The range in words, or else the type."""
        return self.about.allowed() or _IN_WORDS[self.type]


def keys_of(parameters: type, prefix: str = "") -> Iterator[Key]:
    """Every key of a parameter class, sections after plain keys, in the order they are declared."""
    sections = []
    for attribute in attrs.fields(parameters):
        about = attribute.metadata.get(_KEY)
        if about is not None:
            yield Key(prefix + attribute.name, attribute.type, attribute.default, about)
        elif attrs.has(attribute.type):
            sections.append(attribute)
    for attribute in sections:
        yield from keys_of(attribute.type, f"{prefix}{attribute.name}.")


def value_at(parameters: Any, path: str) -> Any:
    """The value of the key with this path."""
    for name in path.split("."):
        parameters = getattr(parameters, name)
    return parameters


def _within(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    about: Setting = attribute.metadata[_KEY]
    if not about.permits(value):
        raise ValueError(f"{attribute.name} = {about.shown(value)} is not allowed; allowed: {about.allowed()}")
