"""Walks from each stage through all it holds, to find what joins it with another besides channels and the like."""

import asyncio
import enum
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import partial

import attrs

from gamma_scalper.kernel import Channel, LoopClock, Watch, Writer

JOINTS = (Channel, Watch, Writer, LoopClock, asyncio.AbstractEventLoop)
PLAIN = (str, bytes, int, float, bool, complex, Decimal, datetime, date, time, timedelta, tzinfo, enum.Enum, type(None))
CODE = (type, types.ModuleType, types.BuiltinFunctionType, types.CodeType, types.GenericAlias)


def faults(stages: Mapping[str, object], ports: Mapping[str, Sequence[object]]) -> list[str]:
    """What joins two stages and should not, in words; `ports` are what each of them is handed of the outside."""
    told = []
    handed = {id(each) for ported in ports.values() for each in ported}
    reached: dict[int, tuple[str, object]] = {}
    for name, stage in stages.items():
        own = {id(each) for each in ports.get(name, ())}
        others = {id(other): called for called, other in stages.items() if called != name}
        for way, thing in reach(stage, name, own):
            if id(thing) in handed:
                told.append(f"{way} is a port of another stage's")
            elif id(thing) in others:
                told.append(f"{way} is the stage {others[id(thing)]}")
            elif is_mutable(thing):
                before = reached.setdefault(id(thing), (way, thing))[0]
                if before.split(".")[0] != name:
                    told.append(f"{way} is {before}")
    return told


def reach(root: object, way: str, allowed: set[int]) -> Iterator[tuple[str, object]]:
    """All that can be got hold of from here, without going through a joint or a port."""
    seen: dict[int, object] = {}  # kept, so that no id is used twice
    waiting = [(way, root)]
    while waiting:
        way, thing = waiting.pop()
        if id(thing) in seen or id(thing) in allowed or isinstance(thing, (*PLAIN, *CODE, *JOINTS)) or is_log(thing):
            continue
        seen[id(thing)] = thing
        yield way, thing
        waiting += [(f"{way}.{name}", part) for name, part in parts(thing)]


def is_log(thing: object) -> bool:
    return type(thing).__module__.startswith("loguru")


def is_mutable(thing: object) -> bool:
    if isinstance(thing, (tuple, frozenset, partial, types.FunctionType, types.MethodType, types.CellType)):
        return False
    if attrs.has(type(thing)):
        return type(thing).__setattr__ is object.__setattr__  # a frozen class has its own, which refuses
    return isinstance(thing, (dict, list, set, bytearray)) or hasattr(thing, "__dict__") or hasattr(thing, "__slots__")


def parts(thing: object) -> Iterator[tuple[str, object]]:
    if isinstance(thing, Mapping):
        yield from ((repr(key)[:20], key) for key in thing)
        yield from ((repr(key)[:20], part) for key, part in thing.items())
    elif isinstance(thing, (list, tuple, set, frozenset)):
        yield from zip(getattr(thing, "_fields", map(str, range(len(thing)))), thing, strict=False)
    elif isinstance(thing, types.FunctionType):
        yield from (("closure", cell.cell_contents) for cell in thing.__closure__ or ())
        yield from (("default", each) for each in thing.__defaults__ or ())
    elif isinstance(thing, types.MethodType):
        yield "self", thing.__self__
    elif isinstance(thing, partial):
        yield from enumerate_named((thing.func, *thing.args, *thing.keywords.values()))
    yield from getattr(thing, "__dict__", {}).items()
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name != "__weakref__" and hasattr(thing, name):
                yield name, getattr(thing, name)


def enumerate_named(each: tuple[object, ...]) -> Iterator[tuple[str, object]]:
    return ((f"argument {i}", part) for i, part in enumerate(each))
