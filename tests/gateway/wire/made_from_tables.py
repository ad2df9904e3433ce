"""Messages made by walking the codec's own tables, whoever picks the values: a test that counts, or hypothesis."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from gamma_scalper.gateway.wire.shapes import (
    Before,
    Field,
    Fixed,
    Joined,
    MayEnd,
    Only,
    Present,
    Record,
    Repeat,
    Since,
)
from gamma_scalper.gateway.wire.spelling import Kind
from gamma_scalper.gateway.wire.tables_of_answers import ANSWERS, TICKS_BY_TICK
from gamma_scalper.gateway.wire.tables_of_requests import REQUESTS

VERSIONS = (157, 163, 164, 166, 170, 174, 176)  # those at which something changed, and the ends
ALL_VERSIONS = range(157, 177)

Pick = Callable[[str, Kind], Any]  # the name of a field and its kind -> a value
Count = Callable[[str], int]  # the name of a list -> how long; of what may be missing 0 or 1


def name_of(record: Record) -> str:
    """What a table's message is called; those that aren't served have one class and many numbers."""
    make = record.make
    return make.__name__ if isinstance(make, type) else f"Unserved {make.args[0]}"


REQUEST_RECORDS = {name_of(record): record for record in REQUESTS.values()}
ANSWER_RECORDS = {name_of(record): record for record in (*ANSWERS.values(), *TICKS_BY_TICK.values())}


def made(record: Record, version: int, pick: Pick, count: Count) -> Any:
    """A message that carries at this version all that is in it."""
    values: dict[str, dict[str, Any]] = {part: {} for part in ("", *record.parts)}
    _walk(record.shapes, version, values, pick, count)
    whole = values.pop("")
    return record.make(**whole, **{part: record.parts[part](**values[part]) for part in record.parts})


def _walk(shapes, version: int, values: dict[str, dict[str, Any]], pick: Pick, count: Count) -> None:
    def put(name: str, value: Any) -> None:
        part, _, field = name.rpartition(".")
        values[part][field] = value

    def got(name: str) -> Any:
        part, _, field = name.rpartition(".")
        return values[part][field]

    for shape in shapes:
        match shape:
            case Field(name, kind):
                put(name, pick(name, kind))
            case Joined(first, second):
                put(first, "20240119")
                put(second, "16:00:00" if count(second) else "")
            case Repeat(name, item):
                each = item if isinstance(item, Record) else None
                put(
                    name,
                    tuple(made(each, version, pick, count) if each else pick(name, item) for _ in range(count(name))),
                )
            case Present(name, record):
                put(name, made(record, version, pick, count) if count(name) else None)
            case Only(name, test, inner):
                if test(got(name)):
                    _walk(inner, version, values, pick, count)
            case Since(first, inner):
                if version >= first:
                    _walk(inner, version, values, pick, count)
            case Before(first_without, inner):
                if version < first_without:
                    _walk(inner, version, values, pick, count)
            case MayEnd(inner):
                _walk(inner, version, values, pick, count)
            case Fixed():
                pass
            case _:
                raise TypeError(f"{shape} is no shape")


# -- counted: every field has a value of its own, so that none can be taken for another --------------------------------


SWITCHES = {
    "contract.sec_type": "BAG",
    "contract.exchange": "IBKRATS",
    "order.order_type": "PEG BENCH",
    "order.delta_neutral_order_type": "MKT",
    "order.misc_options": "tag=value;",
    "options": "tag=value;",
    "tick_type": 1,
}
CONDITIONS = (1, 3, 4, 5, 6, 7)


class Counted:
    """Texts say the name of their field, numbers count up; the switches are set so that as much as can be is sent."""

    def __init__(self, **switches: Any) -> None:
        self._numbers = iter(range(1, 10_000))
        self._kinds: Iterator[int] = iter(CONDITIONS)
        self._switches = SWITCHES | {name.replace("__", "."): value for name, value in switches.items()}

    def pick(self, name: str, kind: Kind) -> Any:
        number = next(self._numbers)
        if name in self._switches:
            return self._switches[name]
        match kind.name:
            case "text":
                return name.rpartition(".")[2]
            case "escaped text":
                return "Société \\ Ltd"
            case "flag" | "flag or none":
                return number % 2 == 0
            case "kind of condition":
                return next(self._kinds)
            case "quantity" | "quantity or none":
                return Decimal(f"{number}.5")
            case "size":
                return float(number)
            case text if "whole" in text:
                return number
            case _:
                return number + 0.25

    def count(self, name: str) -> int:
        return len(CONDITIONS) if name == "order.conditions" else 2 if name in ("contract.legs", "strikes") else 1


NOTHING = {
    "text": "",
    "escaped text": "",
    "flag": False,
    "quantity": Decimal(0),
    "whole number": 0,
    "number": 0.0,
    "size": 0.0,
}


class Bare:
    """Nothing is set that needn't be."""

    def pick(self, name: str, kind: Kind) -> Any:
        return 2 if name == "tick_type" else NOTHING.get(kind.name)

    def count(self, name: str) -> int:
        return 0


def counted(record: Record, version: int, **switches: Any) -> Any:
    """A message whose every field can be told from every other."""
    counting = Counted(**switches)
    return made(record, version, counting.pick, counting.count)


def bare(record: Record, version: int) -> Any:
    """A message with as little in it as there can be."""
    nothing = Bare()
    return made(record, version, nothing.pick, nothing.count)


# -- at random ---------------------------------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    ["", "SPY", "1", "0", "nan", "1.7976931348623157e+308", "-", "a b", "tag=value;", "é∞😀", "\n"]
)
_TEXTS = _WORDS | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
_WHOLES = st.integers(-1_000, 1_000) | st.integers(-(2**62), 2**62).filter(lambda number: number != 2**31 - 1)
_REALS = st.floats(-1e299, 1e299)
_QUANTITIES = st.decimals(-1_000_000, 1_000_000, allow_nan=False, places=4) | st.integers(-100, 100).map(Decimal)
_GREEKS = st.none() | _REALS.filter(lambda number: number not in (-1, -2)).map(lambda number: float(f"{number:.9g}"))

_OF_KIND = {
    "text": _TEXTS,
    "escaped text": _TEXTS,
    "whole number": _WHOLES,
    "whole number or none": st.none() | _WHOLES,
    "whole number or the largest": st.none() | _WHOLES,
    "kind of condition": st.sampled_from(CONDITIONS),
    "number": _REALS,
    "number or none": st.none() | _REALS,
    "number or the largest": st.none() | _REALS,
    "number but zero or none": st.none() | _REALS.filter(bool),
    "strike or none": st.none() | _REALS.filter(bool),
    "offset, infinite or none": st.none() | st.just(float("inf")) | _REALS,
    "size": _REALS,
    "quantity": _QUANTITIES,
    "quantity or none": st.none() | _QUANTITIES,
    "flag": st.booleans(),
    "flag or none": st.none() | st.booleans(),
    "number or -1 for none": _GREEKS.filter(lambda number: number != -1),
    "number or -2 for none": _GREEKS.filter(lambda number: number != -2),
}
_OF_NAME = {
    "contract.sec_type": st.sampled_from(["STK", "OPT", "BAG", ""]),
    "contract.exchange": st.sampled_from(["SMART", "IBKRATS", ""]),
    "order.order_type": st.sampled_from(["MKT", "LMT", "PEG BENCH", "PEG BEST", "PEGBEST", "PEG MID", ""]),
    "tick_type": st.integers(1, 2),
}


@st.composite
def messages(draw: st.DrawFn, record: Record, version: int) -> Any:
    """Any message of one table."""

    def pick(name: str, kind: Kind) -> Any:
        return draw(_OF_NAME.get(name, _OF_KIND[kind.name]))

    return made(record, version, pick, lambda name: draw(st.integers(0, 2)))
