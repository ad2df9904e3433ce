"""The broker's rations of past prices: so many requests in ten minutes, none twice at once, few of one contract."""

import asyncio
from collections import deque
from collections.abc import Hashable

from gamma_scalper.kernel import Clock

# Each a little longer than the broker's, whose clock counts when a request comes in, and not when it was sent.
_WINDOW_S, _IDENTICAL_S, _BURST_S = 601.0, 16.0, 2.5
_MOST_IN_BURST = 5  # of one contract and kind of price


class PastPacing:
    """Whoever asks waits for a turn, in order of coming."""

    def __init__(self, clock: Clock, per_10_min: int) -> None:
        self._clock = clock
        self._most = per_10_min
        self._turn = asyncio.Lock()
        self._counted: deque[float] = deque()  # when each of the newest requests went, twice where it counts twice
        self._identical: dict[Hashable, float] = {}  # request -> when it last went
        self._of_contract: dict[Hashable, deque[float]] = {}  # contract and kind -> when the newest went
        self._not_before = 0.0

    async def turn(self, series: Hashable, request: Hashable, counts: int = 1) -> None:
        """Return when it may be sent; `series` is the contract and kind of price it is of."""
        async with self._turn:
            while (wait := self._due(series, request, counts) - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            now = self._clock.monotonic()
            self._counted.extend([now] * counts)
            self._identical[request] = now
            self._of_contract.setdefault(series, deque(maxlen=_MOST_IN_BURST)).append(now)

    def hold(self, seconds: float) -> None:
        """The broker says that it was too many: nothing is asked for so long."""
        self._not_before = self._clock.monotonic() + seconds

    def _due(self, series: Hashable, request: Hashable, counts: int) -> float:
        now = self._clock.monotonic()
        while self._counted and self._counted[0] + _WINDOW_S <= now:
            self._counted.popleft()
        self._identical = {each: at for each, at in self._identical.items() if at + _IDENTICAL_S > now}
        self._of_contract = {each: of for each, of in self._of_contract.items() if of[-1] + _BURST_S > now}
        due = [self._not_before]
        too_many = len(self._counted) + counts - self._most
        if too_many > 0:
            due.append(self._counted[min(too_many, len(self._counted)) - 1] + _WINDOW_S)
        if request in self._identical:
            due.append(self._identical[request] + _IDENTICAL_S)
        newest = self._of_contract.get(series)
        if newest is not None and len(newest) == _MOST_IN_BURST:
            due.append(newest[0] + _BURST_S)
        return max(due)
