"""Old orders and executions leave the desk, so that its state is no larger after months than after a week."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from immutables import Map

from gamma_scalper.domain.entries import BooksClosed
from gamma_scalper.portfolio.desk_state import Desk, Draft
from gamma_scalper.portfolio.ledger import close, executed_at

T = TypeVar("T")


def books_closed(draft: Draft, entry: BooksClosed) -> None:
    """Nothing is closed behind an order that isn't settled: all that is known may still be needed for it."""
    desk = draft.desk
    before, through = _frontier(desk, entry.before)
    ledger = close(desk.ledger, before, through)
    if ledger is desk.ledger:
        return
    draft.set(
        ledger=ledger,
        orders=_behind(through, desk.orders),
        repairs=_behind(through, desk.repairs),
        alarmed=frozenset(key for key in desk.alarmed if key[0] > through or not key[0]),
        halted=frozenset(key for key in desk.halted if key[0] > through or not key[0]),
    )


class _Course(NamedTuple):
    """When an order's executions began, and when the last was told of it: its end, or an execution after that."""

    first: datetime | None
    last: datetime


def _frontier(desk: Desk, before: datetime) -> tuple[datetime, int]:
    """The moment not after `before`, and the order's number, that part old from new: no order has a foot in both."""
    courses = dict(_courses(desk))
    groups = list(_groups(desk))
    while True:
        through = _through(desk, before, courses, groups)
        first = (course.first for number, course in courses.items() if number > through)
        earliest = min((at for at in first if at is not None), default=before)
        if earliest >= before:
            return before, through
        before = earliest


def _through(desk: Desk, before: datetime, courses: Mapping[int, _Course], groups: Iterable[tuple[int, int]]) -> int:
    """The highest number up to which all was over before that moment. Orders that belong together stay together."""
    young = min((number for number, course in courses.items() if course.last >= before), default=desk.next_number)
    through = min(young - 1, desk.settled_through)
    for lowest, highest in sorted(groups, reverse=True):
        if lowest <= through < highest:
            through = lowest - 1
    return through


def _courses(desk: Desk) -> Iterator[tuple[int, _Course]]:
    """Of all orders but the living, which settle nothing behind them anyway."""
    for number in sorted({*desk.orders, *desk.ledger.intents}):
        ticket, moments = desk.orders.get(number), executed_at(desk.ledger, number)
        ended_at = () if ticket is None or ticket.ended_at is None else (ticket.ended_at,)
        if moments or ended_at:
            yield number, _Course(min(moments, default=None), max((*moments, *ended_at)))


def _groups(desk: Desk) -> Iterator[tuple[int, int]]:
    """Lowest and highest number of the orders of one plan, or of a structure with what repaired it."""
    for _, ticket in sorted(desk.orders.items()):
        numbers = ticket.terms.numbers
        if len(numbers) > 1 and ticket.number == numbers[0]:
            yield numbers[0], numbers[-1]
    for first, it in sorted(desk.repairs.items()):
        unsettled = first in desk.repairing
        yield min(it.numbers), desk.next_number if unsettled else max(it.numbers)


def _behind(through: int, each: Map[int, T]) -> Map[int, T]:
    return Map({number: value for number, value in each.items() if number > through})
