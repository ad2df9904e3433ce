"""How fast one client may ask, as the broker counts it."""

from datetime import datetime

_BURST_S = 2  # at once: so many seconds' messages, as a client that keeps to the rate is sometimes heard late
_MOST_VIOLATIONS = 3


class Pace:
    """So many messages a second in the long run. What comes too fast is refused and saves up nothing."""

    def __init__(self, per_s: int, now: datetime) -> None:
        self.per_s = per_s  # 0: any number
        self._left = self._most = float(per_s * _BURST_S)
        self._counted_at = now
        self._violations = 0
        self._violated_at: datetime | None = None

    def allows(self, arrived: datetime) -> bool:
        """Whether one more message may come at this moment."""
        if not self.per_s:
            return True
        passed = (arrived - self._counted_at).total_seconds()
        self._counted_at = arrived
        self._left = min(self._left + passed * self.per_s, self._most)
        if self._left >= 1:
            self._left -= 1
            return True
        if self._violated_at is None or (arrived - self._violated_at).total_seconds() >= 1:
            self._violations += 1
            self._violated_at = arrived
        return False

    @property
    def lost_patience(self) -> bool:
        """It was too fast in so many different seconds that it is sent away."""
        return self._violations >= _MOST_VIOLATIONS
