"""A queue between two stages, with a stated rule for what happens when the reader is slower than the writer."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

from attrs import field, frozen, validators

T = TypeVar("T")


@frozen
class Block:
    """Hold at most `depth` messages; a writer waits for room. For commands, where each one counts."""

    depth: int = field(validator=validators.ge(1))


@frozen
class Conflate(Generic[T]):
    """Keep one message, or one per key, and merge a newer one into it. For pictures of now: only the last counts."""

    merge: Callable[[T, T], T]  # (older, newer) -> what the reader gets
    key: Callable[[T], Hashable] | None = None


@frozen
class Unbounded(Generic[T]):
    """Keep everything and call `alarm(depth)` when it piles up. For facts that must never be lost."""

    alarm_depth: int = field(validator=validators.ge(1))
    alarm: Callable[[int], None]


@frozen
class ChannelStats:
    """What a channel has seen; `waited_s` is the sum over all messages read."""

    name: str
    depth: int
    high_water: int
    written: int
    read: int
    merged: int
    waited_s: float
    longest_wait_s: float


class Channel(asyncio.Queue[T]):
    """An `asyncio.Queue` of one type of message: `Channel[Fill]("fills", Unbounded(1000, alarm))`."""

    def __init__(self, name: str, rule: Block | Conflate[T] | Unbounded[T]) -> None:
        self.name = name
        self.conflates = isinstance(rule, Conflate)
        self._merge = rule.merge if isinstance(rule, Conflate) else None
        self._key = rule.key if isinstance(rule, Conflate) else None
        self._alarm = rule.alarm if isinstance(rule, Unbounded) else None
        self._alarm_depth = rule.alarm_depth if isinstance(rule, Unbounded) else 0
        self._alarmed = False
        self._time = self._first_time
        self._drainers: list[asyncio.Future[None]] = []
        self._read = self._merged = self._high_water = 0
        self._waited_s = self._longest_wait_s = 0.0
        super().__init__(rule.depth if isinstance(rule, Block) else 0)

    def stats(self) -> ChannelStats:
        return ChannelStats(
            name=self.name,
            depth=len(self._queue),
            high_water=self._high_water,
            written=self._read + self._merged + len(self._queue),
            read=self._read,
            merged=self._merged,
            waited_s=self._waited_s,
            longest_wait_s=self._longest_wait_s,
        )

    # The base class keeps the waiting readers and writers, and does the waiting; the rest is done here, since the
    # base's bookkeeping for task_done() would cost more than all the counting.

    async def put(self, item: T) -> None:
        if 0 < self._maxsize <= len(self._queue):
            await super().put(item)
        else:
            self._store(item)

    def put_nowait(self, item: T) -> None:
        if 0 < self._maxsize <= len(self._queue):
            raise asyncio.QueueFull
        self._store(item)

    async def get(self) -> T:
        if self._queue:
            return self._take()
        for waiter in self._drainers:
            if not waiter.done():
                waiter.set_result(None)
        self._drainers.clear()
        return await super().get()

    def get_nowait(self) -> T:
        if not self._queue:
            raise asyncio.QueueEmpty
        return self._take()

    def __aiter__(self) -> "Channel[T]":
        return self

    def __anext__(self) -> Awaitable[T]:
        return self.get()

    # -- the end of a ring -------------------------------------------------------------------------------------------

    def drained(self) -> bool:
        """Empty, and the reader has come back for more: all that was written has been dealt with."""
        return not self._queue and any(not getter.done() for getter in self._getters)

    async def join(self) -> None:
        """Wait until `drained`. A channel has one reader, which is done with a message once it asks for the next."""
        await asyncio.sleep(0)  # a writer that was just given room may not have used it yet
        while not self.drained():
            waiter = asyncio.get_running_loop().create_future()
            self._drainers.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._drainers:
                    self._drainers.remove(waiter)

    def task_done(self) -> None:
        """Nothing to do: see `join`."""

    def shutdown(self, immediate: bool = False) -> None:
        """Not for channels: a ring ends by its supervisor."""
        raise NotImplementedError(f"channel {self.name} is not shut down; stop its ring")

    # -- one message -------------------------------------------------------------------------------------------------

    _maxsize: int
    _getters: deque[asyncio.Future[None]]
    _putters: deque[asyncio.Future[None]]
    _wakeup_next: Callable[[deque[asyncio.Future[None]]], None]

    def _init(self, maxsize: int) -> None:
        # (when written, message); by key where the channel conflates
        self._queue: Any = deque() if self._merge is None else OrderedDict()

    def _first_time(self) -> float:
        self._time = asyncio.get_running_loop().time
        return self._time()

    def _store(self, item: T) -> None:
        queue = self._queue
        if self._merge is None:
            queue.append((self._time(), item))
        else:
            key = None if self._key is None else self._key(item)
            if key in queue:
                since, older = queue[key]
                queue[key] = (since, self._merge(older, item))
                self._merged += 1
                return
            queue[key] = (self._time(), item)
        depth = len(queue)
        if depth > self._high_water:
            self._high_water = depth
        if self._getters:
            self._wakeup_next(self._getters)
        if self._alarm is not None and depth >= self._alarm_depth and not self._alarmed:
            self._alarmed = True
            asyncio.get_running_loop().call_soon(self._alarm, depth)  # its failure is not the writer's

    def _take(self) -> T:
        queue = self._queue
        item: T
        since, item = queue.popleft() if self._merge is None else queue.popitem(last=False)[1]
        waited_s = self._time() - since
        self._read += 1
        self._waited_s += waited_s
        if waited_s > self._longest_wait_s:
            self._longest_wait_s = waited_s
        if self._putters:
            self._wakeup_next(self._putters)
        if self._alarmed and 2 * len(queue) < self._alarm_depth:
            self._alarmed = False
        return item
