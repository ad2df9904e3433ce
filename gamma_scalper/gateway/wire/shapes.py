"""The few shapes all messages are made of. A table is a list of them, and both directions come out of it."""

import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, islice
from typing import Any, NamedTuple, Protocol

from attrs import frozen

from gamma_scalper.gateway.wire.spelling import FLAG, INT, BadMessage, Kind

Values = dict[str, dict[str, Any]]  # part of the message -> field -> what was read into it


class Reader:
    """The fields of one message, taken one after the other; `take` stops the iteration where there are no more."""

    __slots__ = ("rest", "short", "take")

    def __init__(self, fields: Sequence[str], *, short: bool = False) -> None:
        self.rest = iter(fields)
        self.take = self.rest.__next__
        self.short = short  # so that what is in it may be remembered

    def left(self) -> int:
        """How many have not been taken."""
        return operator.length_hint(self.rest)


class Ways(NamedTuple):
    """How to read and to write one piece of a message at one version, and whether a message may end before it."""

    read: Callable[[Reader, Values], None]
    write: Callable[[Any, list[str]], None]
    may_miss: bool = False
    field: "Field | None" = None  # it is just this one


class Shape(Protocol):
    """A piece of a message, at any version."""

    def at(self, version: int) -> Sequence[Ways]:
        """What it comes to at one version."""


Shapes = tuple[Shape, ...]


def at_version(shapes: Shapes, version: int) -> list[Ways]:
    """What they come to at one version."""
    return [ways for shape in shapes for ways in shape.at(version)]


@frozen
class Field:
    """One value. The dotted name says where in the message's object it belongs."""

    name: str
    kind: Kind

    def at(self, version: int) -> Sequence[Ways]:
        part, name = _split(self.name)
        spelled, unspelled = self.kind.write, self.kind.read
        get = operator.attrgetter(self.name)

        def read(reader: Reader, values: Values) -> None:
            try:
                values[part][name] = unspelled(reader.take())
            except BadMessage as problem:
                raise type(problem)(f"{self.name}: {problem}") from None

        def write(message: Any, out: list[str]) -> None:
            try:
                out.append(spelled(get(message)))
            except BadMessage as problem:
                raise BadMessage(f"{self.name}: {problem}") from None

        return (Ways(read, write, field=self),)


_RUN = 10  # fields; the fewer, the fewer are read anew because one of them differs
_REMEMBERED = 64  # of each run


class _Run:
    """Fields in a row. Most of an order's hundred say the same in every order, so what they say is remembered."""

    def __init__(self, ways: Sequence[Ways]) -> None:
        self._ways = ways
        self._fields = [each.field for each in ways if each.field is not None]
        self._parts = tuple(dict.fromkeys(_split(field.name)[0] for field in self._fields))
        self._get = operator.attrgetter(*(field.name for field in self._fields))
        self._values_of = lru_cache(_REMEMBERED)(self._read_anew)
        self._texts_of = lru_cache(_REMEMBERED, typed=True)(self._write_anew)  # 1, 1.0 and True may differ in writing

    def read(self, reader: Reader, values: Values) -> None:
        texts = tuple(islice(reader.rest, len(self._ways)))
        found = self._values_of(texts) if reader.short else self._read_anew(texts)
        for part, of_part in found.items():
            values[part].update(of_part)

    def _read_anew(self, texts: tuple[str, ...]) -> Values:
        values: Values = {part: {} for part in self._parts}
        reader = Reader(texts)
        for ways in self._ways:
            ways.read(reader, values)
        return values

    def write(self, message: Any, out: list[str]) -> None:
        try:
            out += self._texts_of(*self._get(message))
        except TypeError:  # something in it can't be remembered
            for ways in self._ways:
                ways.write(message, out)

    def _write_anew(self, *given: Any) -> list[str]:
        texts = []
        for field, value in zip(self._fields, given, strict=True):
            try:
                texts.append(field.kind.write(value))
            except BadMessage as problem:
                raise BadMessage(f"{field.name}: {problem}") from None
        return texts


class _Part(NamedTuple):
    """Pieces that are read and written in one go, if there are fields enough for them."""

    size: int
    read: Callable[[Reader, Values], None]
    write: Callable[[Any, list[str]], None]
    pieces: Sequence[Ways]


def _parts(ways: Sequence[Ways]) -> Iterator[_Part]:
    """The same pieces, with those that are plain fields in a row taken together."""
    for plain, group in groupby(ways, key=lambda each: each.field is not None):
        pieces = list(group)
        for begin in range(0, len(pieces), _RUN if plain else 1):
            some = pieces[begin : begin + _RUN] if plain else [pieces[begin]]
            together = _Run(some) if len(some) > 1 else some[0]
            yield _Part(len(some), together.read, together.write, some)


@frozen
class Fixed:
    """A field that tells nobody anything: a message's own version, or what is no longer used."""

    text: str = ""

    def at(self, version: int) -> Sequence[Ways]:
        def read(reader: Reader, values: Values) -> None:
            reader.take()

        return (Ways(read, lambda message, out: out.append(self.text)),)


@frozen
class Since:
    """These only from a version on."""

    first: int
    shapes: Shapes

    def at(self, version: int) -> Sequence[Ways]:
        return at_version(self.shapes, version) if version >= self.first else ()


@frozen
class Before:
    """These only below a version."""

    first_without: int
    shapes: Shapes

    def at(self, version: int) -> Sequence[Ways]:
        return at_version(self.shapes, version) if version < self.first_without else ()


@frozen
class Only:
    """These only where a field before them fulfils something."""

    name: str
    test: Callable[[Any], bool]
    shapes: Shapes

    def at(self, version: int) -> Sequence[Ways]:
        inner = at_version(self.shapes, version)
        part, name = _split(self.name)
        get = operator.attrgetter(self.name)

        def read(reader: Reader, values: Values) -> None:
            if self.test(values[part][name]):
                for ways in inner:
                    ways.read(reader, values)

        def write(message: Any, out: list[str]) -> None:
            if self.test(get(message)):
                for ways in inner:
                    ways.write(message, out)

        return (Ways(read, write),)


@frozen
class MayEnd:
    """A client may leave these away from any of them on; what is missing is as if it were unset."""

    shapes: Shapes

    def at(self, version: int) -> Sequence[Ways]:
        return [ways._replace(may_miss=True) for ways in at_version(self.shapes, version)]


@frozen
class Joined:
    """Two texts in one field, the second only where there is one."""

    first: str
    second: str

    def at(self, version: int) -> Sequence[Ways]:
        get = operator.attrgetter(self.first, self.second)
        places = _split(self.first), _split(self.second)

        def read(reader: Reader, values: Values) -> None:
            text = reader.take()
            said = [*text.split("-" if "-" in text else None), "", ""]
            for (part, name), value in zip(places, said, strict=False):
                values[part][name] = value

        def write(message: Any, out: list[str]) -> None:
            texts = [text for text in get(message) if text]
            said = " ".join(texts)
            if said.split() != texts or "-" in said or "\0" in said:
                raise BadMessage(f"{self.first}: {said[:40]!r} could not be told apart again")
            out.append(said)

        return (Ways(read, write),)


@frozen
class Record:
    """A class, the fields one of it is made from, and the classes of its parts by their name."""

    make: Callable[..., Any]
    shapes: Shapes
    parts: Mapping[str, Callable[..., Any]] = {}

    def at(self, version: int) -> "RecordWays":
        """Reading and writing one at one version."""
        return RecordWays(self, at_version(self.shapes, version))


class RecordWays:
    """How to read and to write a whole object at one version."""

    def __init__(self, record: Record, ways: Sequence[Ways]) -> None:
        self.make = record.make
        self._parts = record.parts
        always = list(_parts([each for each in ways if not each.may_miss]))
        self._late = list(_parts([each for each in ways if each.may_miss]))
        self._reads = [each.read for each in always]
        self._writes = [each.write for each in (*always, *self._late)]

    def read(self, reader: Reader) -> Any:
        whole: dict[str, Any] = {}
        values: Values = {"": whole}
        for part in self._parts:
            values[part] = {}
        for read in self._reads:
            read(reader, values)
        for late in self._late:
            if reader.left() >= late.size:
                late.read(reader, values)
                continue
            for piece in late.pieces:
                if not reader.left():
                    break
                piece.read(reader, values)
        for part, make in self._parts.items():
            whole[part] = make(**values[part])
        return self.make(**whole)

    def write(self, thing: Any, out: list[str]) -> None:
        for write in self._writes:
            write(thing, out)


@frozen
class Repeat:
    """A count, then so many values or records."""

    name: str
    item: Kind | Record

    def at(self, version: int) -> Sequence[Ways]:
        part, name = _split(self.name)
        get = operator.attrgetter(self.name)
        read_item, write_item = _item_ways(self.item, version)

        def read(reader: Reader, values: Values) -> None:
            count = INT.read(reader.take())
            if not 0 <= count <= reader.left():
                raise BadMessage(f"{self.name}: {count} of them in the {reader.left()} fields that are left")
            values[part][name] = tuple([read_item(reader) for _ in range(count)])

        def write(message: Any, out: list[str]) -> None:
            items = get(message)
            out.append(str(len(items)))
            for item in items:
                write_item(item, out)

        return (Ways(read, write),)


@frozen
class Present:
    """A flag, and a record where it is set."""

    name: str
    record: Record

    def at(self, version: int) -> Sequence[Ways]:
        part, name = _split(self.name)
        get = operator.attrgetter(self.name)
        inner = self.record.at(version)

        def read(reader: Reader, values: Values) -> None:
            values[part][name] = inner.read(reader) if FLAG.read(reader.take()) else None

        def write(message: Any, out: list[str]) -> None:
            thing = get(message)
            out.append(FLAG.write(thing is not None))
            if thing is not None:
                inner.write(thing, out)

        return (Ways(read, write),)


def _split(name: str) -> tuple[str, str]:
    part, _, field = name.rpartition(".")
    return part, sys.intern(field)  # calls with interned names are several times as fast


def _item_ways(item: Kind | Record, version: int) -> tuple[Callable[[Reader], Any], Callable[[Any, list[str]], None]]:
    if isinstance(item, Record):
        ways = item.at(version)
        return ways.read, ways.write
    kind = item
    return (lambda reader: kind.read(reader.take())), (lambda value, out: out.append(kind.write(value)))


def fields(part: str, **kinds: Kind) -> Shapes:
    """A run of fields of one part of the message, or with an empty name of the message itself."""
    return tuple(Field(f"{part}.{name}" if part else name, kind) for name, kind in kinds.items())
