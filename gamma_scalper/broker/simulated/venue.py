"""The exchange in time: it does what is due when it is due, and everybody with a seat hears of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gamma_scalper.broker.simulated.running import Running
from gamma_scalper.exchange.engine import Engine, Instruction
from gamma_scalper.exchange.events import Event
from gamma_scalper.kernel import Clock


class Listener(Protocol):
    """Who has a seat."""

    def hear(self, events: Sequence[Event], now: datetime) -> None: ...

    def next_at(self) -> datetime | None:
        """When it wants to be called although nothing happened."""
        ...

    def cut_off(self, why: str) -> None:
        """The venue has failed; nothing more is heard."""
        ...


class Venue:
    """One engine, one clock, any number of seats. Its time passes while a seat is taken, on the loop in use."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self._seats: list[Listener] = []
        self._running: Running | None = None
        self._wakes_at: datetime | None = None

    def now(self) -> datetime:
        """The clock's time, unless it was set back: an exchange can't go back."""
        return max(self.clock.now(), self.engine.now)

    @property
    def moment(self) -> tuple[datetime, int]:
        """Nothing about the exchange has changed while this is the same."""
        return self.clock.now(), self.engine.changes

    def do(self, instruction: Instruction) -> list[Event]:
        """What is due and then this, heard by everybody before it returns."""
        now = self.now()
        events = self.engine.on(instruction, now)
        self._tell(events, now)
        if self._running is not None:
            self._rearm()
        return events

    def take(self, seat: Listener) -> None:
        self._seats.append(seat)
        self._rearm()

    async def leave(self, seat: Listener) -> None:
        """With the last one time stops passing. Raises what ended the venue's running, if something did."""
        self._seats.remove(seat)
        running = self._running
        if self._seats or running is None:
            return
        self._running = None
        await running.stop()

    def _tell(self, events: Sequence[Event], now: datetime) -> None:
        for seat in self._seats:
            seat.hear(events, now)

    # -- time ----------------------------------------------------------------------------------------------------------

    def _next_at(self) -> datetime | None:
        first = self.engine.next_at()
        for seat in self._seats:
            at = seat.next_at()
            if at is not None and (first is None or at < first):
                first = at
        return first

    def _rearm(self) -> None:
        """Wake up earlier, if something is due before the moment it sleeps until; what has failed stays as it is."""
        due = self._next_at()
        if self._running is not None and self._running.error is not None:
            return
        if self._running is not None and not self._running.ended:
            if due is None or (self._wakes_at is not None and due >= self._wakes_at):
                return
            self._running.cancel()
        self._running = Running("the simulated exchange", self._run(), self._cut_off)

    async def _run(self) -> None:
        """One thing at a time, so that two thousand lines quoted anew don't hold the loop."""
        now, due = self.now(), self._next_at()
        while due is not None:
            self._wakes_at = due
            await self.clock.sleep((due - now).total_seconds() if due > now else 0.0)
            now = self.now()
            if now >= due:
                events, _ = self.engine.step(now)
                self._tell(events, now)
                due = self._next_at()
        self._wakes_at = None

    def _cut_off(self, why: str) -> None:
        for seat in self._seats:
            seat.cut_off(why)
