"""How the underlying has moved: the last step between two snapshots, and the half hour behind it."""

import math
from collections import deque
from datetime import date, datetime, timedelta

from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.sessions import Session
from gamma_scalper.risk.facts import Motion

_MINUTE = timedelta(minutes=1)
_HALF_HOUR = 30
_MINUTES_PER_YEAR = 252 * 390  # of trading


class MotionWatch:
    """Fed with mid prices in the order of their moments, session by session."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._until: datetime | None = None  # the end of the session
        self._jump_pct: float | None = None
        self._last: float | None = None
        self._minute: datetime | None = None  # of the newest price below
        self._price = 0.0
        self._steps: deque[float] = deque(maxlen=_HALF_HOUR)  # from minute to minute, in logarithms
        self._efficiency: float | None = None  # these two change with the minutes alone
        self._realised: float | None = None

    def knows(self, at: datetime) -> bool:
        """Whether this moment is of the session it is in."""
        return self._until is not None and at < self._until

    def enter(self, session: Session | None, prior_close: float | None) -> None:
        """The one that is open, else the next to open; its first price is measured against the close before it."""
        day, self._until = (None, None) if session is None else (session.day, session.closes)
        if day != self._day:
            self._day, self._last, self._minute = day, prior_close, None
            self._steps.clear()

    def see(self, price: float, at: datetime) -> None:
        """One snapshot."""
        self._jump_pct = None if not self._last else 100 * abs(price / self._last - 1)
        self._last = price
        if self._minute is None or at >= self._minute + _MINUTE:
            if self._minute is not None:
                self._steps.append(math.log(price / self._price))
            self._minute, self._price = at, price
            self._measure()

    def motion(self, implied_vol: float | None = None) -> Motion:
        """A jump is confirmed by the snapshot after it, which shows none: so the last step alone is told."""
        return Motion(
            jump_pct=self._jump_pct,
            confirmed=False,
            efficiency=self._efficiency,
            realised_vol=self._realised,
            implied_vol=implied_vol,
        )

    def _measure(self) -> None:
        """Of the whole half hour; as long as that is not seen, nothing is known."""
        self._efficiency = self._realised = None
        steps = self._steps
        if len(steps) == _HALF_HOUR:
            way = sum(map(abs, steps))
            self._efficiency = abs(sum(steps)) / way if way else None
            self._realised = math.sqrt(sum(step * step for step in steps) / len(steps) * _MINUTES_PER_YEAR)


def implied_vol(picture: Picture) -> float | None:
    """That of the options held, by their vegas; of those that are looked at where none are held."""
    held = {} if picture.position is None else {each.instrument.con_id: each for each in picture.position.holdings}
    legs = [leg for leg in picture.legs if leg.vol is not None and leg.greeks.vega > 0]
    ours = [leg for leg in legs if leg.option.con_id in held]
    weighted = [(leg.vol, leg.greeks.vega) for leg in ours or legs]
    weights = sum(weight for _, weight in weighted)
    return sum(vol * weight for vol, weight in weighted if vol is not None) / weights if weights else None
