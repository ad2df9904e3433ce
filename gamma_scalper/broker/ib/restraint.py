"""How much of what the broker says is passed on to people: they read some lines, and nobody reads a thousand."""

from loguru import logger

from gamma_scalper.kernel import Clock

_AT_ONCE = 50
_EVERY_S = 6.0  # one line more


class Restraint:
    """For the log and the journal's warnings alone; what is done about a message never depends on it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = float(_AT_ONCE)
        self._counted_at = clock.monotonic()
        self._unsaid = 0

    def allows(self) -> bool:
        """Whether one more may be told; how many were not is told before the next that may."""
        now = self._clock.monotonic()
        self._left = min(self._left + (now - self._counted_at) / _EVERY_S, _AT_ONCE)
        self._counted_at = now
        if self._left < 1:
            if not self._unsaid:
                logger.warning("the broker says more than can be shown; it is heeded all the same")
            self._unsaid += 1
            return False
        self._left -= 1
        if self._unsaid:
            logger.warning("{} messages of the broker were not shown", self._unsaid)
            self._unsaid = 0
        return True
