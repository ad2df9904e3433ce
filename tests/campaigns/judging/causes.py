"""Nothing is said without a cause: neither that account and books differ, nor that trading has stopped."""

from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timedelta
from decimal import Decimal

from staging.plan import Mishap, Plan

from gamma_scalper.domain.entries import Difference, Reconciled
from gamma_scalper.exchange.faults import Kind
from judging.evidence import Evidence
from judging.plain_books import PlainBooks

_ZERO = Decimal(0)
_READ = timedelta(seconds=180)  # within which what is compared was read from the broker, whose answers may be slow
_OUTSIDE: Set[Kind | Mishap] = {Kind.MANUAL_TRADE, Kind.LIQUIDATION, Kind.ASSIGNMENT}
_REFUSED: Set[Kind | Mishap] = {  # orders, three in a row; by clocks that differ they end before they begin
    *(Kind.REJECT_201, Kind.INACTIVE, Kind.PRECAUTION_383, Kind.PRESET_CHANGE, Kind.SECOND_PERM_ID),
    *(Kind.LOCATE_404, Kind.HALT, Kind.CLOCK_SKEW, Mishap.CLOCK_JUMP),
}
_PEOPLE: Set[Kind | Mishap] = {Mishap.PERSON_PAUSES, Mishap.PERSON_PANICS, Mishap.PERSON_FLATTENS}
_CAUSES: Mapping[str, Set[Kind | Mishap]] = {  # one of these must have been; where there is no row, anything may
    "unexplained difference": _OUTSIDE,
    "stopped: a person is needed": {*_OUTSIDE, Mishap.DISK_FULL},
    "paused": _PEOPLE,
    "panicked": {Mishap.PERSON_PANICS},
    "halted: altered order": {Kind.PRESET_CHANGE},
    "halted: rejections": _REFUSED,
}
_QUIET = {"flat", "straddle held", "straddle held without shares", "stopped: nothing tradable"}


def of_the_causes(evidence: Evidence, end: str) -> Iterator[str]:
    yield from _of_the_end(evidence.plan, end)
    books = PlainBooks()
    for place, row in enumerate(evidence.rows):
        if isinstance(row.entry, Reconciled):
            for each in row.entry.unexplained:
                yield from _of_a_difference(evidence, place, each, books.everything)
        books.take(row)


def _of_the_end(plan: Plan, end: str) -> Iterator[str]:
    happened = {each.kind for each in plan.troubles}
    if not happened and end not in _QUIET:
        yield f"nothing went wrong, and the session ended as {end!r}"
    elif end in _CAUSES and not happened & _CAUSES[end]:
        yield f"the session ended as {end!r}, and nothing that leads there has happened"


def _of_a_difference(evidence: Evidence, place: int, told: Difference, books: Mapping[int, Decimal]) -> Iterator[str]:
    """It is what the rows come to, against what the account held just then."""
    con_id, at = told.instrument.con_id, evidence.moments[place]
    ours = books.get(con_id, _ZERO)
    if con_id not in {*(each.con_id for each in evidence.outsiders()), *(each.con_id for each in evidence.moved)}:
        yield f"a difference of {con_id} was named, and nobody but us has changed it"
    if told.ours != ours:
        yield f"a difference says the books hold {told.ours} of {con_id}, and the rows come to {ours}"
    moments = [at, at - _READ, *(each for each in _changes(evidence, con_id) if at - _READ <= each <= at)]
    if told.theirs not in {evidence.held_at(each).get(con_id, _ZERO) for each in moments}:
        yield f"a difference says the account holds {told.theirs} of {con_id}, which it did not then"


def _changes(evidence: Evidence, con_id: int) -> Iterator[datetime]:
    yield from (each.at for each in evidence.executed if each.con_id == con_id)
    yield from (each.at for each in evidence.moved if each.con_id == con_id)
