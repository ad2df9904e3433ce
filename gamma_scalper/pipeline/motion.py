"""How the underlying has moved: the last step between two snapshots, and the half hour behind it."""

import math
from collections import deque
from datetime import datetime, timedelta
from itertools import pairwise

from gamma_scalper.domain.pictures import Picture
from gamma_scalper.risk.facts import Motion

_MINUTE = timedelta(minutes=1)
_HALF_HOUR = 30
_MINUTES_PER_YEAR = 252 * 390  # of trading


class MotionWatch:
    """Fed with mid prices in the order of their moments; `session` is any name that changes from day to day."""

    def __init__(self) -> None:
        self._session: object = None
        self._jump_pct: float | None = None
        self._last: float | None = None
        self._seen = 0  # snapshots of this session
        self._minutes: deque[tuple[datetime, float]] = deque(maxlen=_HALF_HOUR + 1)
        self._efficiency: float | None = None  # these two change with the minutes alone
        self._realised: float | None = None

    def see(self, price: float, at: datetime, session: object, prior_close: float | None) -> None:
        """One snapshot. The first of a session is measured against the close before it."""
        if session != self._session:
            self._session, self._seen, self._last = session, 0, prior_close
            self._minutes.clear()
        self._jump_pct = None if not self._last else 100 * abs(price / self._last - 1)
        self._last = price
        self._seen += 1
        if not self._minutes or at >= self._minutes[-1][0] + _MINUTE:
            self._minutes.append((at, price))
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
        prices = [price for _, price in self._minutes]
        if len(prices) > _HALF_HOUR:
            steps = [math.log(after / before) for before, after in pairwise(prices)]
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
