"""How a parameter class states its keys: default, unit, allowed range and meaning, for the loader and the manual."""

from collections.abc import Sequence
from typing import Any

from attrs import Attribute, field, frozen

_KEY = "setting"


@frozen
class Setting:
    """What is known of one key besides its type."""

    meaning: str
    unit: str = ""
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()
    limit: bool = False  # refuses or ends something; shown by `books`
    private: bool = False  # never printed or logged in full

    def allowed(self) -> str:
        """The range in words: '0 to 60 s', 'fixed or tiered'; empty when anything of the type will do."""
        if self.one_of:
            return " or ".join(name or "empty" for name in self.one_of)
        unit = f" {self.unit}" if self.unit else ""
        low = f"{self.at_least:g}" if self.at_least is not None else ""
        if self.above is not None:
            low = f"above {self.above:g}"
        if low and self.at_most is not None:
            return (
                f"{low} to {self.at_most:g}{unit}" if self.above is None else f"{low}, at most {self.at_most:g}{unit}"
            )
        if self.at_most is not None:
            return f"at most {self.at_most:g}{unit}"
        return f"{low if self.above is not None else f'at least {low}'}{unit}" if low else ""

    def permits(self, value: Any) -> bool:
        if self.one_of:
            return value in self.one_of
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
        )


def setting(
    default: Any,
    meaning: str,
    *,
    unit: str = "",
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    one_of: Sequence[str] = (),
    limit: bool = False,
    private: bool = False,
) -> Any:
    """An attrs field of a parameter class; a value outside the range can't be constructed."""
    about = Setting(meaning, unit, at_least, above, at_most, tuple(one_of), limit, private)
    return field(default=default, validator=_within, metadata={_KEY: about}, repr=_hidden if private else True)


def setting_of(attribute: "Attribute[Any]") -> Setting | None:
    """The setting behind a field, if it is one."""
    found: Setting | None = attribute.metadata.get(_KEY)
    return found


def _within(instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
    about = setting_of(attribute)
    if about is not None and not about.permits(value):
        shown = _hidden(value) if about.private else repr(value)
        raise ValueError(f"{attribute.name} = {shown} is not allowed; allowed: {about.allowed()}")


def _hidden(value: Any) -> str:
    return repr(value) if value in (None, "") else "'***'"
