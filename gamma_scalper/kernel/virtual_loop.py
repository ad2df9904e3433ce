"""An asyncio event loop whose time is its own.

Ordinary asyncio code runs on it unchanged and always in the same order. Time stands still while anything can run;
once nothing can, it jumps to the next timer. With `pace=N` the jump waits for the wall clock, N times as fast as it.
"""

import asyncio
import heapq
import math
import signal
import weakref
from asyncio import base_events, events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import Context
from queue import Empty, SimpleQueue
from typing import Any, NoReturn, TypeVar, TypeVarTuple

from gamma_scalper.kernel.clock import WallClock
from gamma_scalper.kernel.errors import Deadlock, UnregisteredHost
from gamma_scalper.kernel.memory_stream import connect_in_memory

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# A paced loop that fell behind by more than this (a suspended laptop) goes on from where it is and does not race.
_LARGEST_LAG_S = 1.0
# Cancelled timers are swept out once there are this many and they are the majority.
_SWEEP_FROM = 100
_LONGEST_WAIT_S = 86_400.0  # of the wall clock at once; operating systems refuse a wait of centuries


class _Timer(asyncio.TimerHandle):
    __slots__ = ()
    _scheduled: bool  # in the heap; kept by TimerHandle, not in its stub


class VirtualLoop(base_events.BaseEventLoop):
    """See the module; use as `asyncio.Runner(loop_factory=VirtualLoop)`.

    Only threads started through the loop (`to_thread`, `run_in_executor`) count as work under way: one of your own that
    means to call back later is not seen, and waiting for it alone is a deadlock.
    """

    # Kept by BaseEventLoop, not in its public stub.
    _check_closed: Callable[[], None]
    _ready: deque[asyncio.Handle]
    _stopping: bool
    _default_executor: Executor | None
    _executor_shutdown_called: bool

    def __init__(self, pace: float | None = None) -> None:
        super().__init__()
        self._now = 0.0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._timers_made = 0
        self._timers_cancelled = 0
        self._hosts: dict[str, Callable[[], asyncio.Protocol]] = {}
        self._jobs: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._wake: SimpleQueue[None] = SimpleQueue()  # from threads and signal handlers
        self._asyncgens = _OrderedWeakSet()
        self._pace: float | None = None
        self._wall = WallClock()
        self._anchor = (0.0, self._wall.monotonic())
        self._numbers = 0
        self._tasks_made = 0
        self._to_cancel: list[_OrderedTask[Any]] = []  # asked while the loop stood still
        self._signal_handlers: dict[int, Any] = {}
        self.set_task_factory(_ordered_task)
        try:
            self.pace = pace
        except ValueError:
            self.close()
            raise

    # -- time ------------------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Seconds since this loop was made; exactly a timer's `when` while its callback runs."""
        return self._now

    @property
    def pace(self) -> float | None:
        return self._pace

    @pace.setter
    def pace(self, pace: float | None) -> None:
        """From now on; None is as fast as it can."""
        if pace is not None and not 0 < pace < math.inf:
            raise ValueError(f"pace must be None or a positive number, not {pace}")
        self._pace = pace
        self._anchor = (self._now, self._wall.monotonic())

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        when = self._now + delay
        if delay > 0 and when == self._now:
            when = math.nextafter(self._now, math.inf)  # or who sleeps for the little that is left sleeps for ever
        return self.call_at(when, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self._check_closed()
        if when != when:
            raise ValueError("a timer needs a time, not NaN")
        timer = _Timer(when, callback, args, self, context)
        self._timers_made += 1
        heapq.heappush(self._timers, (when, self._timers_made, timer))
        timer._scheduled = True
        return timer

    def _timer_handle_cancelled(self, handle: _Timer) -> None:
        if not handle._scheduled:
            return
        self._timers_cancelled += 1
        if self._timers_cancelled > _SWEEP_FROM and 2 * self._timers_cancelled > len(self._timers):
            self._timers = [entry for entry in self._timers if not entry[2]._cancelled and entry[2] is not handle]
            heapq.heapify(self._timers)
            self._timers_cancelled = 0

    # -- the turn --------------------------------------------------------------------------------------------------

    def run_forever(self) -> None:
        self._anchor = (self._now, self._wall.monotonic())
        for task in sorted(self._to_cancel, key=hash):
            super(_OrderedTask, task).cancel()
        self._to_cancel.clear()
        super().run_forever()

    def _run_once(self) -> None:
        while not self._wake.empty():
            self._wake.get()
        if not self._ready and not self._stopping:
            self._advance()
        timers, ready = self._timers, self._ready
        while timers and timers[0][0] <= self._now:
            timer = heapq.heappop(timers)[2]
            timer._scheduled = False
            if timer._cancelled:
                self._timers_cancelled -= 1
            else:
                ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _advance(self) -> None:
        """Nothing can run: let the next thing happen, be it a thread's result, a timer or a call from outside."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)[2]._scheduled = False
            self._timers_cancelled -= 1
        when = timers[0][0] if timers else math.inf
        if when <= self._now:
            return
        if self._jobs:
            self._deliver_oldest_job()
        elif when == math.inf and not (self._pace and self._signal_handlers):
            raise Deadlock(self._who_waits())
        elif self._pace is None or self._wall_reaches(when, self._pace):
            self._now = when

    def _wall_reaches(self, when: float, pace: float) -> bool:
        """Wait for the wall clock to reach `when`; False if a call from outside came first."""
        since, wall_since = self._anchor
        wall_now = self._wall.monotonic()
        remaining_s = wall_since + (when - since) / pace - wall_now
        if remaining_s < -_LARGEST_LAG_S:
            self._anchor = (self._now, wall_now)
            remaining_s = (when - self._now) / pace
        if remaining_s <= 0:
            return True
        try:
            self._wake.get(timeout=min(remaining_s, _LONGEST_WAIT_S))
        except Empty:
            return remaining_s <= _LONGEST_WAIT_S
        since, wall_since = self._anchor
        self._now = min(when, max(self._now, since + (self._wall.monotonic() - wall_since) * pace))
        return False

    def _who_waits(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=hash)
        if not tasks:
            return "nothing is scheduled and no task is waiting"
        return "every task waits and no timer is set: " + ", ".join(_where(task) for task in tasks)

    # -- threads and signals ---------------------------------------------------------------------------------------

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self._check_closed()
        handle = events.Handle(callback, args, self, context)
        self._ready.append(handle)
        self._wake.put(None)
        return handle

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run `func` in a thread; time stands still until it is done, results arrive in the order of submission.

        So a thread must not wait for the loop's time to move: both would wait for ever.
        """
        self._check_closed()
        if executor is None:
            if self._executor_shutdown_called:
                raise RuntimeError("the default executor has been shut down")
            if self._default_executor is None:
                self._default_executor = ThreadPoolExecutor(thread_name_prefix="virtual-loop")
            executor = self._default_executor
        job = executor.submit(func, *args)
        result: asyncio.Future[T] = self.create_future()
        self._jobs.append((job, result))
        result.add_done_callback(lambda result: job.cancel() if result.cancelled() else None)
        job.add_done_callback(lambda _: self._wake.put(None))
        return result

    def _deliver_oldest_job(self) -> None:
        job, result = self._jobs[0]
        if not job.done():
            self._wake.get()
            return
        self._jobs.popleft()
        if result.cancelled() or job.cancelled():
            result.cancel()
        elif (error := job.exception()) is not None:
            if isinstance(error, StopIteration):
                wrapped = RuntimeError("a thread raised StopIteration")
                wrapped.__cause__, error = error, wrapped
            result.set_exception(error)
        else:
            result.set_result(job.result())

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        if self._default_executor is not None and not self._executor_shutdown_called:
            await self.run_in_executor(None, int)  # arrives after every job before it
            self._default_executor.shutdown(wait=True)
        self._executor_shutdown_called = True

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Call `callback` on the loop when the process receives `sig`; only from the main thread."""
        previous = signal.signal(sig, lambda *_: self.call_soon_threadsafe(callback, *args))
        self._signal_handlers.setdefault(sig, previous)

    def remove_signal_handler(self, sig: int) -> bool:
        if sig not in self._signal_handlers:
            return False
        signal.signal(sig, self._signal_handlers.pop(sig))
        return True

    def close(self) -> None:
        super().close()
        for sig in list(self._signal_handlers):
            self.remove_signal_handler(sig)
        self._timers.clear()
        self._jobs.clear()

    # -- the network -----------------------------------------------------------------------------------------------

    def register_host(self, name: str, factory: Callable[[], asyncio.Protocol]) -> None:
        """Answer connections to `name`, on any port, with a new server-side protocol from `factory`, in memory."""
        if name in self._hosts:
            raise ValueError(f"host {name!r} is registered already")
        self._hosts[name] = factory

    def unregister_host(self, name: str) -> None:
        """New connections to `name` are refused from now on; those that stand are left alone."""
        del self._hosts[name]

    async def create_connection(  # type: ignore[override]  # one signature instead of the stub's overloads
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        host: str | None = None,
        port: int | None = None,
        **options: Any,
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        if host not in self._hosts:
            self._refuse(f"{host}:{port}")
        if options.get("ssl") or options.get("sock"):
            raise ValueError(f"{host} is in memory: it takes neither ssl nor a socket")
        client, server = protocol_factory(), self._hosts[host]()
        transport = connect_in_memory(self, client, server, client_name="client", server_name=f"{host}:{port}")
        try:
            await asyncio.sleep(0)
        except BaseException:
            transport.close()
            raise
        return transport, client

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> NoReturn:
        self._refuse(f"the address of {host}")

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> NoReturn:
        self._refuse(f"the name of {sockaddr}")

    async def create_server(  # type: ignore[override]  # refused whatever the arguments
        self, factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> NoReturn:
        self._refuse(f"a real socket at {host}:{port}")

    async def create_datagram_endpoint(  # type: ignore[override]  # refused whatever the arguments
        self, factory: Any, *args: Any, **options: Any
    ) -> NoReturn:
        self._refuse("a datagram socket")

    def _refuse(self, what: str) -> NoReturn:
        known = ", ".join(self._hosts) or "none"
        raise UnregisteredHost(f"the virtual loop reaches registered hosts only ({known}), not {what}")

    # -- order -----------------------------------------------------------------------------------------------------

    def create_future(self) -> asyncio.Future[Any]:
        return _OrderedFuture(loop=self)

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


class _OrderedWeakSet(weakref.WeakKeyDictionary[Any, None]):
    """Iterates in the order of insertion: of the loop's async generators, which it closes at its end."""

    def add(self, item: Any) -> None:
        self[item] = None

    def discard(self, item: Any) -> None:
        self.pop(item, None)


class _OrderedFuture(asyncio.Future[Any]):
    """Hashes by the order in which hashes were asked for, so that a set of futures iterates alike on every run."""

    __slots__ = ("_order",)

    def __hash__(self) -> int:
        try:
            return self._order
        except AttributeError:
            loop = self.get_loop()
            assert isinstance(loop, VirtualLoop)
            self._order: int = loop._number()
            return self._order


class _OrderedTask(asyncio.Task[T]):
    """The same for tasks, since TaskGroup cancels them in set order."""

    __slots__ = ("_order",)
    __hash__ = _OrderedFuture.__hash__

    def cancel(self, msg: Any = None) -> bool:
        """Runner cancels what is left in the order of a set shared with every loop there ever was; here by age."""
        loop = self.get_loop()
        assert isinstance(loop, VirtualLoop)
        if loop.is_running() or self.done():
            return super().cancel(msg)
        loop._to_cancel.append(self)
        return True


def _ordered_task(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, T] | Generator[Any, None, T], **options: Any
) -> asyncio.Task[T]:
    assert isinstance(loop, VirtualLoop)
    loop._tasks_made += 1
    options["name"] = options.get("name") or f"task-{loop._tasks_made}"
    return _OrderedTask(coro, loop=loop, **options)


def _where(task: asyncio.Task[Any]) -> str:
    steps: list[str] = []
    awaited: Any = task.get_coro()
    while (frame := getattr(awaited, "cr_frame", None)) is not None:
        steps.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        awaited = getattr(awaited, "cr_await", None)
    return f"{task.get_name()} ({' > '.join(steps)})"
