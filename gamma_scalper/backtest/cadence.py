"""How often the house looks by the clock in a market that is not quoted every second.

Between two quotes nothing changes but their age: who looked then would see less and decide nothing.
"""

import math

from attrs import evolve

from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.cadence import Cadence
from gamma_scalper.pipeline.caretaker import CaretakerParameters
from gamma_scalper.pipeline.reconciling import ReconcileParameters

_HOUR_S = 3_600.0
_NIGHTLY_S = 6 * _HOUR_S
_TICKS, _RIGHT_AFTER_S = 5, 0.001
_QUOTED_ALL_THE_TIME_S = 5.0


def of_house(step_s: float) -> Cadence:
    """What the governor and the lookout do beside what happens."""
    if step_s <= _QUOTED_ALL_THE_TIME_S:
        return Cadence(rest_closed_s=_HOUR_S)
    return Cadence(rest_s=_HOUR_S, rest_closed_s=_HOUR_S, rest_red_s=_HOUR_S, silent_s=2 * step_s)


def of_caretaker(step_s: float) -> CaretakerParameters:
    """Nobody sends commands into the past, so that only marks are due."""
    usual = CaretakerParameters()
    mark_s = usual.mark_s if step_s <= _QUOTED_ALL_THE_TIME_S else min(_TICKS * step_s, 600.0)
    return CaretakerParameters(look_s=mark_s, mark_s=mark_s)


def of_reconciling() -> ReconcileParameters:
    """Nothing is lost on the way from an exchange in the same program: the nights' doings are all there is to find."""
    return ReconcileParameters(every_s=_NIGHTLY_S)


def of_book(book: BookParameters, step_s: float) -> BookParameters:
    """Heartbeats come right after the quotes of a tick, at most every fifth; between ticks there is nothing to see."""
    streamer = evolve(book.streamer, closed_heartbeat_s=max(book.streamer.closed_heartbeat_s, _HOUR_S))
    if step_s > _QUOTED_ALL_THE_TIME_S:
        ticks = max(math.ceil(book.streamer.heartbeat_s / step_s), _TICKS)
        streamer = evolve(streamer, heartbeat_s=ticks * step_s + _RIGHT_AFTER_S, news_s=2 * ticks * step_s)
    risk, mark_s = book.risk, of_caretaker(step_s).mark_s
    records = evolve(risk.records, compared_s=max(risk.records.compared_s, 2 * _NIGHTLY_S))
    loss = evolve(risk.loss, mark_age_s=max(risk.loss.mark_age_s, 2.5 * mark_s))
    return evolve(book, streamer=streamer, risk=evolve(risk, records=records, loss=loss))
