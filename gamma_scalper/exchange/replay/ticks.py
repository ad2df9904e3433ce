"""The moments at which a replay stands: every step from a day's first quote to its close, day after day."""

import math
from bisect import bisect_left
from collections.abc import Sequence

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay.tape import TradingDay

_SECOND_NS = 1_000_000_000


@frozen
class _Span:
    first: int
    end: int


@frozen
class Ticks:
    """All in nanoseconds UTC. The close is a tick even where the step doesn't hit it."""

    spans: tuple[_Span, ...]
    step: int

    @classmethod
    def of(cls, days: Sequence[TradingDay], step_s: float) -> "Ticks":
        step_ms = round(step_s * 1000) if 0 < step_s < math.inf else 0
        if step_ms < 1 or abs(step_ms - step_s * 1000) > 1e-6:
            raise UserError(f"step = {step_s}: allowed is a number of seconds, from 0.001 up, in whole milliseconds")
        # A quote between two whole seconds is seen at the later one: never ahead of its time.
        spans = tuple(_Span(-(-day.first // _SECOND_NS) * _SECOND_NS, day.end) for day in days)
        return cls(spans, step_ms * 1_000_000)

    @property
    def first(self) -> int:
        return self.spans[0].first

    def after(self, tick: int) -> int | None:
        number = self._span(tick)
        span = self.spans[number]
        if tick < span.end:
            return min(tick + self.step, span.end)
        return self.spans[number + 1].first if number + 1 < len(self.spans) else None

    def before(self, tick: int) -> int:
        """The tick before this one; before the first of a day, the end of the last, or the beginning of time."""
        number = self._span(tick)
        span = self.spans[number]
        if tick > span.first:
            return span.first + (-(-(tick - span.first) // self.step) - 1) * self.step
        return self.spans[number - 1].end if number else 0

    def __contains__(self, tick: int) -> bool:
        number = bisect_left(self.spans, tick, key=lambda span: span.end)
        if number == len(self.spans) or tick < self.spans[number].first:
            return False
        span = self.spans[number]
        return tick == span.end or (tick - span.first) % self.step == 0

    def _span(self, tick: int) -> int:
        return bisect_left(self.spans, tick, key=lambda span: span.end)
