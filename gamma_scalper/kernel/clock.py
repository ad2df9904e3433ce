"""The only place that reads the time; everything else is handed a `Clock`."""

import asyncio
import math
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The time in use, real or simulated."""

    def now(self) -> datetime:
        """Aware UTC, for anything that is stored or shown."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment, never going back; for ages and deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Wait until `monotonic` has moved on by so much."""


class WallClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class LoopClock:
    """A loop's own time, counted from `start`: on a `VirtualLoop` this is simulated time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"start must carry a time zone, not {start}")
        self._loop = loop
        self._start = start.astimezone(UTC) - timedelta(seconds=loop.time())

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class PacedClock:
    """Time that began at `start` when it was made, and runs `pace` times as fast as another clock's."""

    def __init__(self, inner: Clock, start: datetime, pace: float = 1.0) -> None:
        if start.tzinfo is None:
            raise ValueError(f"start must carry a time zone, not {start}")
        if not 0 < pace < math.inf:
            raise ValueError(f"pace must be a positive number, not {pace}")
        self._inner = inner
        self._start, self._pace = start.astimezone(UTC), pace
        self._began = inner.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (self._inner.monotonic() - self._began) * self._pace

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds / self._pace)
