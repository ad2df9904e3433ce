"""How often the house looks by the clock in a market that is not quoted every second.

Between two quotes nothing changes but their age: who looked then would see less and decide nothing.
"""

import math
from datetime import datetime
from typing import TypeVar

from attrs import evolve

from gamma_scalper.exchange.market import Market
from gamma_scalper.kernel import Clock
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.cadence import Cadence
from gamma_scalper.pipeline.caretaker import CaretakerParameters
from gamma_scalper.pipeline.reconciling import ReconcileParameters
from gamma_scalper.strategies.entry import EntryParameters
from gamma_scalper.strategies.exits import ExitParameters

_MINUTE_S, _HOUR_S = 60.0, 3_600.0
_NIGHTLY_S = 3 * _HOUR_S  # so that what a night did is known before the open
_MARK_TICKS, _LONGEST_MARK_S = 5, 600.0
_TICKS, RIGHT_AFTER_S = 15, 0.001
_LONGEST_STEP_S, _LONGEST_S = 600.0, 3_600.0
_QUOTED_ALL_THE_TIME_S = 5.0


S = TypeVar("S", EntryParameters, ExitParameters)


class AtTicks:
    """Who sleeps by it wakes right after the quotes of a tick, since whatever it looks at was quoted then."""

    def __init__(self, inner: Clock, market: Market, step_s: float) -> None:
        self._inner, self._market, self._step_s = inner, market, step_s

    def now(self) -> datetime:
        return self._inner.now()

    def monotonic(self) -> float:
        return self._inner.monotonic()

    async def sleep(self, seconds: float) -> None:
        following = self._market.next_tick()
        if following is not None and seconds > 0:
            first_s = (following - self.now()).total_seconds()
            ticks = max(math.ceil((seconds - first_s) / self._step_s), 0)
            seconds = max(first_s + ticks * self._step_s, 0.0) + RIGHT_AFTER_S
        await self._inner.sleep(seconds)


def of_house(step_s: float) -> Cadence:
    """What the governor and the lookout do beside what happens."""
    if step_s <= _QUOTED_ALL_THE_TIME_S:
        return Cadence(lookout_s=_MINUTE_S, rest_s=_MINUTE_S, rest_closed_s=_HOUR_S)
    return Cadence(
        lookout_s=_TICKS * step_s, rest_s=_HOUR_S, rest_closed_s=_HOUR_S, rest_red_s=_HOUR_S, silent_s=2 * step_s
    )


def of_caretaker(step_s: float) -> CaretakerParameters:
    """Nobody sends commands into the past, so that only marks are due; those need the quotes of a tick."""
    mark_s = CaretakerParameters().mark_s
    if step_s > _QUOTED_ALL_THE_TIME_S:
        ticks_s = step_s * max(min(_MARK_TICKS, _LONGEST_MARK_S // step_s), 1)
        mark_s = ticks_s / math.ceil(ticks_s / _LONGEST_MARK_S)  # as long as that at most, and again at a tick
    return CaretakerParameters(look_s=mark_s, mark_s=mark_s)


def of_reconciling() -> ReconcileParameters:
    """Nothing is lost on the way from an exchange in the same program: the nights' doings are all there is to find."""
    return ReconcileParameters(every_s=_NIGHTLY_S)


def of_book(book: BookParameters, step_s: float) -> BookParameters:
    """A heartbeat comes right after the quotes of a tick, and not with each; between ticks there is nothing to see."""
    streamer = evolve(book.streamer, closed_heartbeat_s=max(book.streamer.closed_heartbeat_s, _HOUR_S))
    if step_s > _QUOTED_ALL_THE_TIME_S:
        ticks = max(math.ceil(book.streamer.heartbeat_s / step_s), _TICKS)
        streamer = evolve(streamer, heartbeat_s=ticks * step_s + RIGHT_AFTER_S, news_s=2 * ticks * step_s)
        book = evolve(book, entry=_at_the_touch(book.entry, step_s), exits=_at_the_touch(book.exits, step_s))
    risk, mark_s = book.risk, of_caretaker(step_s).mark_s
    records = evolve(risk.records, compared_s=max(risk.records.compared_s, 2 * _NIGHTLY_S))
    loss = evolve(risk.loss, mark_age_s=max(risk.loss.mark_age_s, 2.5 * max(mark_s, step_s)))
    return evolve(book, streamer=streamer, risk=evolve(risk, records=records, loss=loss))


def _at_the_touch(way: S, step_s: float) -> S:
    """It begins there, and stays for two ticks.

    An order that rests in the middle from tick to tick fills where the price has run through it: the longer the step,
    the worse it would look, and a live one takes seconds.
    """
    each_s = min(max(way.step_s, step_s), _LONGEST_STEP_S)
    return evolve(
        way, start_pct=100.0, step_s=each_s, step_pct=100.0, patience_s=min(max(way.patience_s, 2 * each_s), _LONGEST_S)
    )
