"""Runs the stages of one ring: starts them in order, counts what they shrug off, and ends all when one can't go on."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from attrs import field, frozen
from loguru import logger

from gamma_scalper.kernel.channel import Channel
from gamma_scalper.kernel.errors import Fatal, Recoverable


@frozen
class Stage:
    """One coroutine of a ring. `run` loops over `inbox`, the channel that is drained before the stage is cancelled."""

    name: str
    run: Callable[[], Awaitable[None]]
    inbox: Channel[Any] | None = None


@frozen
class Stopped:
    """Somebody asked the ring to stop."""


@frozen
class Finished:
    """A stage came to its natural end, such as the last quote of a replay."""

    stage: str


@frozen
class Failed:
    """A stage could not go on; nothing the ring held was worked off after that."""

    stage: str
    error: Exception


End = Stopped | Finished | Failed


@frozen
class Patience:
    """How long a supervisor waits, and how much it forgives."""

    drain_s: float = field(default=2.0)  # for one stage to work off its inbox when the ring stops
    cancel_s: float = field(default=1.0)  # for one stage to clean up once it is cancelled
    recoverable_per_minute: int = field(default=60)  # more from one stage is a stage that no longer works


class Supervisor:
    """One ring. Give it readers before writers: it starts in that order, stops in reverse, loses nothing."""

    def __init__(self, name: str, stages: Sequence[Stage], patience: Patience = Patience()) -> None:
        names = [stage.name for stage in stages]
        if not stages or len(set(names)) < len(names):
            raise ValueError(f"ring {name} needs stages with names of their own, not {names}")
        self.name = name
        self.recovered = dict.fromkeys(names, 0)  # stage -> messages lost to Recoverable
        self._stages = tuple(stages)
        self._patience = patience
        self._recent = {stage: deque[float]() for stage in names}  # stage -> when it last recovered
        self._told_to_end: set[str] = set()  # stages this ring has cancelled
        self._started = False
        self._tasks: list[tuple[Stage, asyncio.Task[None]]] = []
        self._end: End | None = None
        self._ended = asyncio.Event()
        self._log = logger.bind(book=name)

    async def run(self) -> End:
        """Run the ring to its end. Cancelling this stops the ring in the same orderly way."""
        if self._started:
            raise RuntimeError(f"ring {self.name} has run already; make a new one")
        self._started = True
        tasks = self._tasks
        cancelled = False
        try:
            for stage in self._stages:
                if self._ended.is_set():
                    break
                task = asyncio.create_task(self._live(stage), name=f"{self.name}/{stage.name}")
                task.add_done_callback(partial(self._died, stage))
                tasks.append((stage, task))
                await asyncio.sleep(0)  # it reaches its first wait before the next one starts
            await self._ended.wait()
        except asyncio.CancelledError:
            self.stop()
            cancelled = True
        stopping = asyncio.create_task(self._stop_all(tasks), name=f"{self.name}/stop")
        while not stopping.done():
            try:
                await asyncio.shield(stopping)
            except asyncio.CancelledError:
                if cancelled:
                    stopping.cancel()  # asked twice: no more patience
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError
        assert self._end is not None
        return self._end

    def stop(self) -> None:
        """Ask for an orderly end; returns at once, `run` returns when it is done."""
        self._decide(Stopped())

    async def dismiss(self, *names: str) -> None:
        """End these stages for good, the last first, while the others go on; what waits for them is theirs to keep."""
        for stage, task in reversed(self._tasks):
            if stage.name in names:
                await self._cancel(stage, task)

    async def _live(self, stage: Stage) -> None:
        while True:
            try:
                await stage.run()
            except Recoverable as error:
                self._recover(stage, error)
                await asyncio.sleep(0)
            except Exception as error:  # noqa: BLE001  # whatever it is, it ends the ring and is told
                self._decide(Failed(stage.name, error))
                return
            else:
                self._decide(Finished(stage.name))
                return
            if isinstance(self._end, Failed) or stage.name in self._told_to_end:
                return

    def _died(self, stage: Stage, task: asyncio.Task[None]) -> None:
        """Nothing ends a stage in silence, whatever `_live` could not see of it."""
        if task.cancelled():
            if stage.name not in self._told_to_end:
                self._decide(Failed(stage.name, Fatal("cancelled, and not by its ring")))
        elif (error := task.exception()) is not None:
            self._decide(Failed(stage.name, error if isinstance(error, Exception) else Fatal(repr(error))))

    def _recover(self, stage: Stage, error: Recoverable) -> None:
        self.recovered[stage.name] += 1
        self._log.bind(stage=stage.name).warning("dropped one message: {}", error)
        now, recent = asyncio.get_running_loop().time(), self._recent[stage.name]
        recent.append(now)
        while recent[0] <= now - 60:
            recent.popleft()
        if len(recent) > self._patience.recoverable_per_minute:
            too_many = Fatal(f"{len(recent)} messages dropped within a minute, the last one because of: {error}")
            too_many.__cause__ = error
            self._decide(Failed(stage.name, too_many))

    def _decide(self, end: End) -> None:
        """The first end counts, except that a failure on the way out is never hidden."""
        if isinstance(self._end, Failed) or (self._end is not None and not isinstance(end, Failed)):
            return
        self._end = end
        self._ended.set()
        if isinstance(end, Failed):
            self._log.bind(stage=end.stage).opt(exception=end.error).error("the ring ends: {}", end.error)

    async def _stop_all(self, tasks: list[tuple[Stage, asyncio.Task[None]]]) -> None:
        # A ring that failed works nothing off. A failure on the way out costs no other stage its messages.
        drain = not isinstance(self._end, Failed)
        try:
            for stage, task in reversed(tasks):
                if drain:
                    await self._drain(stage, task)
                await self._cancel(stage, task)
        finally:
            for stage, task in tasks:
                self._told_to_end.add(stage.name)
                task.cancel()
                if stage.inbox is not None and not stage.inbox.conflates and (left := stage.inbox.qsize()):
                    self._log.bind(stage=stage.name).error("{} messages were never worked off", left)

    async def _drain(self, stage: Stage, task: asyncio.Task[None]) -> None:
        if stage.inbox is None or task.done():
            return
        drained = asyncio.create_task(stage.inbox.join(), name=f"{self.name}/{stage.name}/drain")
        try:
            await asyncio.wait((drained, task), timeout=self._patience.drain_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            drained.cancel()

    async def _cancel(self, stage: Stage, task: asyncio.Task[None]) -> None:
        self._told_to_end.add(stage.name)
        task.cancel()
        done, _ = await asyncio.wait((task,), timeout=self._patience.cancel_s)
        if not done:
            late = Fatal(f"did not stop within {self._patience.cancel_s} s of being cancelled")
            self._decide(Failed(stage.name, late))
