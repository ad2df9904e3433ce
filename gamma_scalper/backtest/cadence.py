"""How often the house looks by the clock in a market that is not quoted every second.

Between two quotes nothing changes but their age: who looked then would see less and decide nothing.
"""

from attrs import evolve

from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.cadence import Cadence
from gamma_scalper.pipeline.caretaker import CaretakerParameters
from gamma_scalper.pipeline.reconciling import ReconcileParameters

_HOUR_S = 3_600.0
_QUOTED_ALL_THE_TIME_S = 5.0


def of_house(step_s: float) -> Cadence:
    """What the governor and the lookout do beside what happens."""
    if step_s <= _QUOTED_ALL_THE_TIME_S:
        return Cadence(rest_closed_s=_HOUR_S)
    return Cadence(rest_s=_HOUR_S, rest_closed_s=_HOUR_S, rest_red_s=_HOUR_S, silent_s=2 * step_s)


def of_caretaker(step_s: float) -> CaretakerParameters:
    """Nobody sends commands into the past, so that only marks are due."""
    usual = CaretakerParameters()
    mark_s = max(usual.mark_s, step_s)
    return CaretakerParameters(look_s=mark_s, mark_s=mark_s)


def of_reconciling() -> ReconcileParameters:
    return ReconcileParameters(every_s=_HOUR_S)


def of_book(book: BookParameters, step_s: float) -> BookParameters:
    """A heartbeat is for quotes that stay away: it is longer than the way from one to the next."""
    streamer = evolve(
        book.streamer,
        heartbeat_s=max(book.streamer.heartbeat_s, 1.5 * step_s),
        closed_heartbeat_s=max(book.streamer.closed_heartbeat_s, _HOUR_S),
    )
    risk, mark_s = book.risk, of_caretaker(step_s).mark_s
    records = evolve(risk.records, compared_s=max(risk.records.compared_s, 2 * _HOUR_S))
    loss = evolve(risk.loss, mark_age_s=max(risk.loss.mark_age_s, 2.5 * mark_s))
    return evolve(book, streamer=streamer, risk=evolve(risk, records=records, loss=loss))
