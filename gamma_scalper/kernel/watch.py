"""The newest value of something, for looking in from outside."""

import asyncio
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Seen(NamedTuple, Generic[T]):
    """A value and how many values came before it."""

    seq: int
    value: T


class Watch(Generic[T]):
    """One writer, many readers, no history: a slow reader sees the newest value and knows by `seq` what it missed."""

    def __init__(self, initial: T) -> None:
        self._seen = Seen(0, initial)
        self._changed = asyncio.Event()
        self._claimed = False

    def claim(self) -> "Writer[T]":
        """The one writing end; a second claim is a defect and raises."""
        if self._claimed:
            raise RuntimeError("this watch already has its writer")
        self._claimed = True
        return Writer(self)

    @property
    def seen(self) -> Seen[T]:
        return self._seen

    @property
    def value(self) -> T:
        return self._seen.value

    async def newer_than(self, seq: int) -> Seen[T]:
        """The newest value once there is one after `seq`; at once when there already is."""
        while self._seen.seq <= seq:
            await self._changed.wait()
        return self._seen

    def _publish(self, value: T) -> None:
        self._seen = Seen(self._seen.seq + 1, value)
        self._changed.set()
        self._changed = asyncio.Event()


class Writer(Generic[T]):
    """The writing end of a `Watch`."""

    def __init__(self, watch: Watch[T]) -> None:
        self._watch = watch

    def publish(self, value: T) -> None:
        self._watch._publish(value)
