"""Entries as JSON text and back, strictly: what can't be read whole is not read at all.

The text is canonical: sorted keys, Decimals as they were written, moments in UTC. A field that is added with a default
needs no new version, since older rows lack it and get the default; any other change of an entry does (`UPGRADES`).
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, reduce
from operator import or_
from typing import Any, get_args, get_origin

import attrs
import orjson
from cattrs import Converter
from cattrs.errors import CattrsError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.entries import Entry
from gamma_scalper.domain.instruments import Combo, Option, Stock
from gamma_scalper.domain.orders import GoodTill, ImmediateOrCancel, IntentId, Limit, Market
from gamma_scalper.domain.quotes import DataType

Plain = dict[str, Any]
Upgrade = Callable[[Plain], Plain]

KINDS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(Entry)}

# (kind, version) -> the step from that version's plain data to the next version's. None has been needed yet.
UPGRADES: Mapping[tuple[str, int], Upgrade] = {}

_TAG = "type"
_CONTRACTS: tuple[type[Any], ...] = (Stock, Option)
_TAGGED: Mapping[str, type[Any]] = {
    kind.__name__: kind for kind in (*_CONTRACTS, Combo, Market, Limit, ImmediateOrCancel, GoodTill)
}
# The broker tells them anew every day, and equality ignores them.
_NOT_KEPT: dict[str, Any] = {"liquid_hours": override(omit=True)}


class Unreadable(ValueError):
    """A payload is not what its kind and version say.

    For the operator: the row was damaged, or written by another program; nothing after it can be trusted.
    """


def version_of(kind: str, upgrades: Mapping[tuple[str, int], Upgrade] = UPGRADES) -> int:
    """The version this program writes."""
    return 1 + max((version for of, version in upgrades if of == kind), default=0)


_VERSIONS = {kind: version_of(kind) for kind in KINDS}


def encode(entry: Entry) -> tuple[str, int, bytes]:
    """Its kind, version and payload."""
    kind = type(entry).__name__
    return kind, _VERSIONS[kind], orjson.dumps(_WRITERS[kind](entry), option=_CANONICAL)


def decode(
    kind: str, version: int, payload: bytes | str, upgrades: Mapping[tuple[str, int], Upgrade] = UPGRADES
) -> Entry:
    """The entry, whichever version wrote it; raises `Unreadable`."""
    if kind not in KINDS:
        raise Unreadable(f"this program knows no {kind!r}; a newer one wrote it")
    newest = _VERSIONS[kind] if upgrades is UPGRADES else version_of(kind, upgrades)
    if not 1 <= version <= newest:
        raise Unreadable(f"{kind} is in version {version}, this program reads up to {newest}")
    try:
        plain = orjson.loads(payload)
        for older in range(version, newest):
            plain = upgrades[kind, older](plain)
        entry: Entry = _READERS[kind](plain, KINDS[kind])
    except _MALFORMED as error:
        raise Unreadable(f"{kind} in version {version}: {type(error).__name__} {error}") from error
    return entry


def moment_of(at: datetime) -> str:
    """A moment as text, in UTC, as in the payloads."""
    return orjson.dumps(utc(at))[1:-1].decode()


_CANONICAL = orjson.OPT_SORT_KEYS
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, InvalidOperation, CattrsError)


# -- plain values ------------------------------------------------------------------------------------------------------


def _finite(number: float) -> float:
    """JSON has no infinity; a null in its place would be read as something else."""
    if not math.isfinite(number):
        raise ValueError(f"{number} can't be written down")
    return float(number)


def _float(plain: Any, _: Any) -> float:
    if type(plain) is not float and type(plain) is not int:
        raise TypeError(f"{plain!r} is no number")
    return float(plain)


def _exactly(kind: type) -> Callable[[Any, Any], Any]:
    """No conversions: a text that looks like a number is not a number."""

    def read(plain: Any, _: Any) -> Any:
        if type(plain) is not kind:
            raise TypeError(f"{plain!r} is no {kind.__name__}")
        return plain

    return read


def _decimal(plain: Any, _: Any) -> Decimal:
    if type(plain) is not str:
        raise TypeError(f"{plain!r} is no text with a decimal")
    return Decimal(plain)


def _intent_id(plain: Any, _: Any) -> IntentId:
    found = _parsed(plain)
    if found is None:
        raise ValueError(f"{plain!r} names no intent")
    return found


_parsed = lru_cache(maxsize=1_000)(IntentId.parse)  # an order's rows stand close together


def _as_it_is(value: Any) -> Any:
    return value


def _is_a_list(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis


def _read_list(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    of = get_args(kind)[0]
    read_one = converter.get_structure_hook(of)

    def read(plain: Any, _: Any) -> Any:
        if type(plain) is not list:
            raise TypeError(f"{plain!r} is no list")
        return tuple([read_one(each, of) for each in plain])

    return read


def _write_list(converter: Converter, kind: Any) -> Callable[[Any], Any]:
    write_one = converter.get_unstructure_hook(get_args(kind)[0])
    return lambda values: [write_one(value) for value in values]


# -- contracts, which are in nearly every row --------------------------------------------------------------------------


class _Contracts:
    """Each contract's text is made once, and each text is read once; a contract that changed is made again."""

    def __init__(self, converter: Converter) -> None:
        self._plain = {kind: _tagged(converter, kind) for kind in _CONTRACTS}
        self._made = {kind.__name__: _untagged(converter, kind) for kind in _CONTRACTS}
        self._texts: dict[int, tuple[Stock | Option, orjson.Fragment]] = {}  # conId -> the contract, its text
        self._known: dict[int, tuple[Plain, Stock | Option]] = {}  # conId -> what was read, the contract

    def text(self, contract: Stock | Option) -> orjson.Fragment:
        kept = self._texts.get(contract.con_id)
        if kept is None or kept[0] is not contract:
            plain = self._plain[type(contract)](contract)
            kept = self._texts[contract.con_id] = contract, orjson.Fragment(orjson.dumps(plain, option=_CANONICAL))
        return kept[1]

    def read(self, plain: Plain, wanted: Any) -> Stock | Option:
        known = self._known.get(plain["con_id"])
        if known is None or known[0] != plain:
            known = self._known[plain["con_id"]] = plain, self._made[plain[_TAG]](plain)
        contract = known[1]
        if type(contract) is not wanted:
            raise TypeError(f"contract {plain['con_id']} is a {plain[_TAG]}")
        return contract


# -- one of several ----------------------------------------------------------------------------------------------------


def _omitted(kind: type[Any]) -> dict[str, Any]:
    return {name: how for name, how in _NOT_KEPT.items() if name in attrs.fields_dict(kind)}


def _tagged(converter: Converter, kind: type[Any]) -> Callable[[Any], Plain]:
    plain: Callable[[Any], Plain] = make_dict_unstructure_fn(kind, converter, **_omitted(kind))
    return lambda value: {_TAG: kind.__name__, **plain(value)}


def _untagged(converter: Converter, kind: type[Any]) -> Callable[[Plain], Any]:
    made: Callable[[Plain, Any], Any] = make_dict_structure_fn(
        kind, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=False, **_omitted(kind)
    )
    return lambda plain: made({key: value for key, value in plain.items() if key != _TAG}, kind)


def _read_one(converter: Converter, kind: type[Any]) -> Callable[[Any, Any], Any]:
    made = _untagged(converter, kind)
    return lambda plain, _: made(plain)


def _is_a_choice(kind: Any) -> bool:
    choices = get_args(kind)
    return len(choices) > 1 and all(choice in _TAGGED.values() for choice in choices)


def _read_choice(converter: Converter, choice: Any) -> Callable[[Any, Any], Any]:
    allowed = {kind.__name__: (converter.get_structure_hook(kind), kind) for kind in get_args(choice)}

    def read(plain: Any, _: Any) -> Any:
        made, kind = allowed[plain[_TAG]]
        return made(plain, kind)

    return read


def _write_choice(converter: Converter, choice: Any) -> Callable[[Any], Any]:
    writers = {kind: converter.get_unstructure_hook(kind) for kind in get_args(choice)}
    return lambda value: writers[type(value)](value)


def _is_optional(kind: Any) -> bool:
    return type(None) in get_args(kind)


def _read_optional(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    wanted = reduce(or_, (choice for choice in get_args(kind) if choice is not type(None)))
    read_one = converter.get_structure_hook(wanted)
    return lambda plain, _: None if plain is None else read_one(plain, wanted)


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=False)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_unstructure_hook(float, _finite)
    converter.register_unstructure_hook(IntentId, str)
    for moment in (datetime, date):
        converter.register_unstructure_hook(moment, _as_it_is)  # orjson writes them
        converter.register_structure_hook(moment, lambda text, kind: kind.fromisoformat(text))
    for simple in (int, str, bool):
        converter.register_structure_hook(simple, _exactly(simple))
    converter.register_structure_hook(DataType, lambda number, _: DataType(number))  # else it were read as an int
    converter.register_structure_hook(float, _float)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook(IntentId, _intent_id)
    for kind in _TAGGED.values():
        if kind not in _CONTRACTS:
            converter.register_unstructure_hook(kind, _tagged(converter, kind))
            converter.register_structure_hook(kind, _read_one(converter, kind))
    contracts = _Contracts(converter)
    for contract in _CONTRACTS:
        converter.register_unstructure_hook(contract, contracts.text)
        converter.register_structure_hook(contract, contracts.read)
    converter.register_structure_hook_factory(_is_a_list, lambda kind: _read_list(converter, kind))
    converter.register_structure_hook_factory(_is_a_choice, lambda choice: _read_choice(converter, choice))
    converter.register_structure_hook_factory(_is_optional, lambda kind: _read_optional(converter, kind))
    converter.register_unstructure_hook_factory(_is_a_list, lambda kind: _write_list(converter, kind))
    converter.register_unstructure_hook_factory(_is_a_choice, lambda choice: _write_choice(converter, choice))
    return converter


_CONVERTER = _converter()
_WRITERS = {name: _CONVERTER.get_unstructure_hook(kind) for name, kind in KINDS.items()}
_READERS = {name: _CONVERTER.get_structure_hook(kind) for name, kind in KINDS.items()}
