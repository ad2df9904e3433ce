"""Old orders and executions leave the desk, so that its state is no larger after months than after a week."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from immutables import Map

from gamma_scalper.domain.entries import BooksClosed
from gamma_scalper.portfolio.desk_state import Desk, Draft
from gamma_scalper.portfolio.ledger import close, executed_at, executed_before, without

T = TypeVar("T")

_CLOCKS_DIFFER = timedelta(seconds=60)  # an execution has the broker's time, an order ours


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


def _frontier(desk: Desk, before: datetime) -> tuple[datetime, int]:
    """The moment not after `before`, and the order's number, that part old from new: no order has a foot in both.

    What an unsettled order may have filled since it was taken down may be told any day, and has to be booked then.
    """
    before = min([before, *(ticket.terms.ordered_at - _CLOCKS_DIFFER for ticket in desk.living)])
    numbers = sorted({*desk.orders, *desk.ledger.intents})
    while True:
        through = _through(desk, before, numbers)
        early = [at for number, at in executed_before(desk.ledger, before) if number > through]
        if not early:
            return before, through
        before = min(early)


def _through(desk: Desk, before: datetime, numbers: Iterable[int]) -> int:
    """The highest number up to which all was over before that moment. Orders that belong together stay together."""
    young = next((number for number in numbers if not _over(desk, number, before)), desk.next_number)
    through = min(young - 1, desk.settled_through)
    while (lowest := min(_parted(desk, through), default=None)) is not None:
        through = lowest - 1
    return through


def _over(desk: Desk, number: int, before: datetime) -> bool:
    """Its end is known and was then, and all its executions were. What lives settles nothing behind it anyway."""
    ticket = desk.orders.get(number)
    ended_at = None if ticket is None else ticket.ended_at
    return (ended_at is None or ended_at < before) and all(at < before for at in executed_at(desk.ledger, number))


def _parted(desk: Desk, through: int) -> Iterator[int]:
    """First numbers of what would be torn apart behind that number: a plan, or a structure with what repaired it."""
    ticket = desk.orders.get(through)
    if ticket is not None and ticket.terms.numbers[-1] > through:
        yield ticket.terms.numbers[0]
    for first, it in sorted(desk.repairs.items()):
        lowest, unsettled = min(it.numbers), first in desk.repairing
        if lowest <= through and (unsettled or through < max(it.numbers)):
            yield lowest


def _behind(through: int, each: Map[int, T]) -> Map[int, T]:
    return without(each, [number for number in each if number <= through])
