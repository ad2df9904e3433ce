"""No stage holds another, or anything two of them could write to, beside channels, watches, the clock and the ports."""

import asyncio
import enum
import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import partial

import attrs
import pytest
from attrs import frozen
from ring_parts import CALL, PUT, Calm, Ring

from gamma_scalper.domain.ports import Condition
from gamma_scalper.kernel import Channel, LoopClock, Watch, Writer

JOINTS = (Channel, Watch, Writer, LoopClock, asyncio.AbstractEventLoop)
PLAIN = (str, bytes, int, float, bool, complex, Decimal, datetime, date, time, timedelta, tzinfo, enum.Enum, type(None))
CODE = (type, types.ModuleType, types.BuiltinFunctionType, types.CodeType, types.GenericAlias)


def ports(ring: Ring) -> tuple[object, ...]:
    """What the last stage, and no other, is handed of the house and the broker."""
    return ring.house, ring.broker


def faults(ring: Ring) -> list[str]:
    """What joins two stages and should not, in words."""
    stages, told = ring.stages, []
    handed = {id(each) for each in ports(ring)}
    reached: dict[int, tuple[str, object]] = {}
    for name, stage in stages.items():
        others = {id(other): called for called, other in stages.items() if called != name}
        for way, thing in reach(stage, name, handed if name == "manager" else set()):
            if id(thing) in handed:
                told.append(f"{way} is a port of the manager's")
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


async def test_stages_are_joined_by_queues_alone():
    ring = Ring((CALL, 2), (PUT, 1))
    assert faults(ring) == []
    await ring.run_for(30, partial(ring.push, 600.0), partial(ring.push, 601.0), every_s=5)
    assert len(ring.broker.placed) == 1, "they have worked"
    assert faults(ring) == []


async def test_what_a_stage_holds_is_really_walked_through():
    ring = Ring((CALL, 2))
    await ring.run_for(10, partial(ring.push, 600.0))
    found = {way for stage, each in ring.stages.items() for way, _ in reach(each, stage, set())}
    assert {"streamer._lines", "engine._model", "engine._remembered", "manager._state.ledger"} <= found


@frozen
class Nosy(Calm):
    """A strategy that was handed something it should not have."""

    knows: object = None


def knowing(ring: Ring, knows: object) -> None:
    ring.strategy._strategy = Nosy(knows=knows)


def a_stage_in_a_strategy(ring: Ring) -> None:
    knowing(ring, ring.manager)


def a_method_of_a_stage(ring: Ring) -> None:
    knowing(ring, ring.manager.step)


def a_closure_over_a_stage(ring: Ring) -> None:
    ring.streamer._condition = lambda con_id: Condition(frozen=str(ring.engine))


def a_port_of_another_stage(ring: Ring) -> None:
    knowing(ring, ring.house.approve)


def a_dictionary_for_two(ring: Ring) -> None:
    knowing(ring, (ring.streamer._lines,))


def a_model_for_two(ring: Ring) -> None:
    knowing(ring, {"model": ring.engine._model})


def a_list_behind_two_functions(ring: Ring) -> None:
    shared: list[int] = []
    ring.streamer._condition = partial(lambda notes, con_id: Condition(), shared)
    knowing(ring, shared.append.__self__)


@pytest.mark.parametrize(
    "spoil",
    [
        a_stage_in_a_strategy,
        a_method_of_a_stage,
        a_closure_over_a_stage,
        a_port_of_another_stage,
        a_dictionary_for_two,
        a_model_for_two,
        a_list_behind_two_functions,
    ],
)
async def test_a_ring_that_is_joined_otherwise_is_found_out(spoil):
    ring = Ring((CALL, 2), (PUT, 1))
    spoil(ring)
    assert faults(ring), spoil.__name__
