"""Loads `.env` and `books/*.toml` into frozen parameter classes; the strongest of several sources wins."""

import difflib
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from attrs import evolve, frozen
from cattrs import Converter
from dotenv.parser import parse_stream

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.settings import Key, keys_of
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import Config, SystemParameters

T = TypeVar("T")

ROOT = Path(__file__).parent

SYSTEM_KEYS = [key.path for key in keys_of(SystemParameters)]
BOOK_KEYS = [key.path for key in keys_of(BookParameters)]
SECTIONS = {path.rpartition(".")[0] for path in BOOK_KEYS}
# Name in `.env` and in the process environment -> key: MODE, and FEES__SCHEDULE for a section's key in every book.
VARIABLES = {
    path.upper().replace(".", "__"): path for path in (*SYSTEM_KEYS, *BOOK_KEYS) if path in SYSTEM_KEYS or "." in path
}


@frozen
class Given:
    """A value as somebody wrote it, under which name, and where."""

    name: str
    value: Any
    origin: str


# key -> what one source says of it
Layer = Mapping[str, Given]


def load_config(
    overrides: Sequence[str] = (), root: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Config:
    """Read everything, check everything; `overrides` are `key=value` as given with --set."""
    files = {path.stem: _read_book(path, root) for path in sorted((root / "books").glob("*.toml"))}
    dot_env = _from_dot_env(root / ".env")
    process = _from_environment(os.environ if environment is None else environment)
    flags = _from_flags(overrides, files)

    system, system_origins = _build(SystemParameters, [dot_env, process, flags[""]])
    origins = dict(system_origins)
    books = {}
    for name, file in files.items():
        # Weakest first: a later layer overwrites an earlier one.
        books[name], book_origins = _build(BookParameters, [file, dot_env, process, flags[""], flags[name]], name=name)
        origins |= {f"{name}:{path}": origin for path, origin in book_origins.items()}
    return Config(evolve(system, state_dir=root / system.state_dir), books, origins)


# -- the layers --------------------------------------------------------------------------------------------------------


def _read_book(path: Path, root: Path) -> Layer:
    origin = str(path.relative_to(root))
    if not path.is_file():
        raise UserError(f"{origin}: not a file")
    if not path.stem.replace("_", "").replace("-", "").isalnum() or path.stem != path.stem.lower():
        raise UserError(f"{origin}: a book's file name is made of small letters, digits, - and _")
    try:
        given = {
            key: Given(key, value, origin) for key, value in _flat(tomllib.loads(path.read_text(encoding="utf-8")))
        }
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, a number of 5,000 digits, tables 1,000 deep
        raise UserError(f"{origin}: not valid TOML: {error}") from error
    except OSError as error:
        raise UserError(f"{origin}: cannot be read: {error.strerror}") from error
    for key in given:
        if key not in BOOK_KEYS:
            _unknown(origin, key, BOOK_KEYS)
    return given


def _flat(tables: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in tables.items():
        if "." in name:
            raise ValueError(f"the key {name} is in quotes; write it in its section")
        if isinstance(value, dict) and (value or prefix + name in SECTIONS):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _from_dot_env(path: Path) -> Layer:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name}: cannot be read: {error}") from error
    values: dict[str, str] = {}
    for binding in bindings:
        if binding.error or (binding.key is not None and binding.value is None):
            text = binding.original.string
            line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            raise UserError(f"{path.name}: line {line} is not NAME=VALUE")
        if binding.key in values:
            raise UserError(f"{path.name}: {binding.key} is set twice; keep one")
        if binding.key is not None:
            values[binding.key] = binding.value or ""
    for name in values:
        if name not in VARIABLES:
            _unknown(path.name, name, VARIABLES)
    return {VARIABLES[name]: Given(name, value, path.name) for name, value in values.items() if value}


def _from_environment(environment: Mapping[str, str]) -> Layer:
    """Shared with strangers: a name is ours if we know it, or if it starts like one of our sections."""
    sections = {name.partition("__")[0] for name in VARIABLES if "__" in name}
    for name in environment:
        if "__" in name and name.partition("__")[0] in sections and name not in VARIABLES:
            _unknown("environment", name, VARIABLES)
    return {
        path: Given(name, environment[name], "environment") for name, path in VARIABLES.items() if environment.get(name)
    }


def _from_flags(overrides: Sequence[str], books: Iterable[str]) -> dict[str, dict[str, Given]]:
    """By book; under "" what goes for the system and for every book."""
    layers: dict[str, dict[str, Given]] = {book: {} for book in ("", *books)}
    for override in overrides:
        path, equals, value = (part.strip() for part in override.partition("="))
        if not (equals and path and value):
            raise UserError("--set: expected key=value, such as fees.schedule=tiered")
        book, _, rest = path.partition(".")
        if book in layers and rest in BOOK_KEYS:
            layers[book][rest] = Given(path, value, "--set")
        elif path in SYSTEM_KEYS or path in BOOK_KEYS:
            layers[""][path] = Given(path, value, "--set")
        else:
            _unknown("--set", path, [*SYSTEM_KEYS, *BOOK_KEYS])
    return layers


def _unknown(origin: str, key: str, known: Iterable[str]) -> NoReturn:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", key):
        raise UserError(f"{origin}: expected a name and a value, not shown here since it may be private")
    by_small_letters = {name.lower(): name for name in known}
    nearest = by_small_letters[difflib.get_close_matches(key.lower(), by_small_letters, n=1, cutoff=0)[0]]
    raise UserError(f"{origin}: unknown key {key}; did you mean {nearest}?")


# -- from what was written to parameters -------------------------------------------------------------------------------


def _build(parameters: type[T], layers: Sequence[Layer], **fixed: Any) -> tuple[T, dict[str, str]]:
    """The parameters, and where each of their keys was set."""
    nested: dict[str, Any] = dict(fixed)
    origins: dict[str, str] = {}
    for key in keys_of(parameters):
        given = next((layer[key.path] for layer in reversed(layers) if key.path in layer), None)
        origins[key.path] = "default" if given is None else given.origin
        if given is not None:
            *sections, name = key.path.split(".")
            table = nested
            for section in sections:
                table = table.setdefault(section, {})
            table[name] = _value(key, given)
    try:
        return CONVERTER.structure(nested, parameters), origins
    except ValueError as error:  # two keys that don't go together; the message starts with the first of them
        origin = next((origins[path] for path in origins if path.endswith(str(error).split()[0])), "settings")
        raise UserError(f"{origin}: {error}") from error


def _value(key: Key, given: Given) -> Any:
    value: Any = None
    try:
        value = CONVERTER.structure(given.value, key.type)
        permitted = key.about.permits(value)
    except (ValueError, TypeError, OverflowError):
        permitted = False
    if not permitted:
        shown = key.about.shown(given.value)
        raise UserError(f"{given.origin}: {given.name} = {shown} is not allowed; allowed: {key.allowed()}")
    return value


def _strict(*accepted: type, parse: Callable[[str], Any] | None = None) -> Callable[[Any, type], Any]:
    """Takes a value of these very types, or text that `parse` understands; never an accidental conversion."""

    def structure(value: Any, kind: type) -> Any:
        if type(value) in accepted:
            return kind(value)
        if isinstance(value, str) and parse is not None:
            return parse(value.strip())
        raise TypeError(f"{value!r} is no {kind.__name__}")

    return structure


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


def _true_or_false(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _folder(text: str) -> Path:
    if not text:
        raise ValueError("no folder")
    return Path(text).expanduser()


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


CONVERTER = Converter(forbid_extra_keys=True, detailed_validation=False)
CONVERTER.register_structure_hook(bool, _strict(bool, parse=_true_or_false))
CONVERTER.register_structure_hook(int, _strict(int, parse=_whole))
CONVERTER.register_structure_hook(float, _strict(int, float, parse=_finite))
CONVERTER.register_structure_hook(str, _strict(parse=str))
CONVERTER.register_structure_hook(Path, _strict(type(Path()), parse=_folder))
