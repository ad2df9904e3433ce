"""Requests are spread out so that the broker never has to say that there were too many."""

from collections import deque

from gamma_scalper.broker.ib.parameters import PacingParameters
from gamma_scalper.kernel import Clock

_WINDOW_S = 1.0


class Budget:
    """At most so many requests in any second; whoever comes beyond that waits for its turn, in order of coming."""

    def __init__(self, clock: Clock, per_second: int) -> None:
        self._clock = clock
        self._turns: deque[float] = deque(maxlen=per_second)  # when the newest of them were, or will be

    async def turn(self) -> None:
        """Return when the request may be sent: at once while there is room."""
        now = self._clock.monotonic()
        full = len(self._turns) == self._turns.maxlen
        mine = max(now, self._turns[0] + _WINDOW_S) if full else now
        self._turns.append(mine)
        if mine > now:
            await self._clock.sleep(mine - now)


class Pacing:
    """Two budgets that together stay below the broker's, so that asking for data never holds up an order."""

    def __init__(self, clock: Clock, parameters: PacingParameters) -> None:
        self.data = Budget(clock, parameters.data_per_s)
        self.trading = Budget(clock, parameters.trading_per_s)
