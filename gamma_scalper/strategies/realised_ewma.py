"""Realised volatility as the pictures show it: once a minute of trading, newer moves counting more."""

import math
from datetime import date, datetime, timedelta
from itertools import pairwise

from attrs import evolve, frozen

_MINUTE = timedelta(minutes=1)
_MINUTES_A_DAY = 390
_MINUTES_A_YEAR = 252 * _MINUTES_A_DAY
_HALF_HOUR = 30


@frozen
class Realised:
    """Squared moves per minute and the weight they have so far; a night is one move and takes no time."""

    variance: float = 0.0  # summed with its weights
    weight: float = 0.0
    samples: int = 0
    price: float | None = None  # at the last sample
    at: datetime | None = None
    day: date | None = None
    minutes: tuple[float, ...] = ()  # prices of the last half hour of this session, and the one before

    def seen(self, price: float, now: datetime, day: date, half_life_days: float) -> "Realised":
        """With this price; the same where the minute is not over."""
        if self.at is not None and day == self.day and now < self.at + _MINUTE:
            return self
        if self.price is None or self.at is None:
            return evolve(self, price=price, at=now, day=day, minutes=(price,))
        decay = 0.5 ** (1 / (half_life_days * _MINUTES_A_DAY))
        square = math.log(price / self.price) ** 2
        if day != self.day:
            variance = self.variance + (1 - decay) * square
            return evolve(self, variance=variance, price=price, at=now, day=day, minutes=(price,))
        passed = (now - self.at) / _MINUTE
        kept = decay**passed
        return Realised(
            variance=kept * self.variance + (1 - kept) * square / passed,
            weight=kept * self.weight + (1 - kept),
            samples=self.samples + 1,
            price=price,
            at=now,
            day=day,
            minutes=(*self.minutes[-_HALF_HOUR:], price) if passed < 2 else (price,),
        )

    @property
    def volatility(self) -> float | None:
        """Per year; None until half an hour was watched."""
        if self.samples < _HALF_HOUR:
            return None
        return math.sqrt(self.variance / self.weight * _MINUTES_A_YEAR)

    @property
    def trend(self) -> float | None:
        """The efficiency ratio of 30 minutes, negative where it fell: near 1 in a straight line, near 0 in noise."""
        if len(self.minutes) <= _HALF_HOUR:
            return None
        steps = [math.log(after / before) for before, after in pairwise(self.minutes)]
        way = sum(map(abs, steps))
        return sum(steps) / way if way else None


NOTHING_SEEN = Realised()
