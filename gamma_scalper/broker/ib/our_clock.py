"""Puts the whole of ib_insync on a clock of ours, for programs on the virtual loop; each patch with its reason."""

import asyncio
import datetime as real
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import eventkit.event
import ib_insync.client
import ib_insync.connection
import ib_insync.ib
import ib_insync.util
import ib_insync.wrapper

from gamma_scalper.kernel import Clock

_SOONEST_S = 1e-6
_ABSENT: Any = object()


@contextmanager
def put_ib_insync_on(clock: Clock, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Until the end of the `with`, all of ib_insync reads this clock and runs on this loop.

    A client of a real gateway lives by the wall clock and needs none of it; our own adapter needs none of it either,
    since it hands the library the loop and the time itself.
    """
    dates = _dates(clock)
    seconds = types.SimpleNamespace(time=lambda: clock.now().timestamp())
    patches: list[tuple[Any, str, Any]] = [
        # Arrival times of ticks, and how long the connection has been silent.
        (ib_insync.wrapper, "datetime", dates.datetime),
        # "Now" in requests for history, "today" where only a time of day is given.
        (ib_insync.ib, "datetime", dates),
        (ib_insync.util, "dt", dates),
        # How long a wait may take, and how long a connection has stood.
        (ib_insync.ib, "time", seconds),
        (ib_insync.util, "time", seconds),
        (ib_insync.client, "time", seconds),
        # Its pending tickers are a set, which iterates by address: two runs would tell quotes in different orders.
        (ib_insync.wrapper, "set", OrderedSet),
        # It asks asyncio's policy for a loop, and a Runner with a loop factory tells the policy nothing.
        *((where, "getLoop", lambda: loop) for where in (ib_insync.connection, ib_insync.util, ib_insync.wrapper)),
        (eventkit.event, "get_event_loop", lambda: loop),
        # Its throttle wakes exactly one interval on and then waits for strictly more than one: an exact clock spins.
        (ib_insync.client, "getLoop", lambda: NeverAtOnce(loop)),
        # No throttle at all in a simulation: the gateway counts requests itself.
        (ib_insync.client.Client, "MaxRequests", 0),
    ]
    before = [(where, name, vars(where).get(name, _ABSENT)) for where, name, _ in patches]
    for where, name, ours in patches:
        setattr(where, name, ours)
    try:
        yield
    finally:
        for where, name, theirs in before:
            if theirs is _ABSENT:
                delattr(where, name)
            else:
                setattr(where, name, theirs)


class OrderedSet(dict[Any, None]):
    """As much of a set as the library uses; iterates in the order of insertion."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(dict.fromkeys(items))

    def add(self, item: Any) -> None:
        self[item] = None


class NeverAtOnce:
    """A loop whose timers lie ahead of it, be it by a microsecond."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        return self._loop.call_at(max(when, self._loop.time() + _SOONEST_S), callback, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


def _dates(clock: Clock) -> Any:
    """The module `datetime`, telling this clock's time."""

    class AnyDatetime(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real.datetime)

    class Datetime(real.datetime, metaclass=AnyDatetime):
        @classmethod
        def now(cls, tz: real.tzinfo | None = None) -> Any:
            return clock.now().astimezone(tz or real.UTC).replace(tzinfo=tz)

    class Date(real.date):
        @classmethod
        def today(cls) -> Any:
            return clock.now().date()

    return types.SimpleNamespace(**(vars(real) | {"datetime": Datetime, "date": Date}))
