"""What is rung when something has changed, so that nobody has to look all the time whether it has."""

import asyncio

from gamma_scalper.kernel.clock import Clock


class Bell:
    """Anybody rings it, any number rest on it."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._times = 0

    @property
    def times(self) -> int:
        """It was rung; whoever looks notes it before."""
        return self._times

    def ring(self) -> None:
        self._times += 1
        self._rung.set()
        self._rung = asyncio.Event()

    async def rest(self, clock: Clock, since: int, at_least_s: float, at_most_s: float) -> None:
        """So long at least; then until it is rung once more than `since`, but no longer than `at_most_s` in all."""
        await clock.sleep(min(at_least_s, at_most_s))
        if self._times != since or at_most_s <= at_least_s:
            return
        rung = asyncio.create_task(self._rung.wait(), name="a bell")
        timer = asyncio.create_task(clock.sleep(at_most_s - at_least_s), name="rest")
        try:
            await asyncio.wait((rung, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            rung.cancel()
            timer.cancel()
