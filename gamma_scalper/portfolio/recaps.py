"""The broker's own lists against ours: what is in them, and what is not."""

from collections.abc import Callable

from gamma_scalper.domain.entries import RecordsRead
from gamma_scalper.domain.orders import Cancelled, Order
from gamma_scalper.domain.ports import Recap, Standing
from gamma_scalper.portfolio.desk_state import Draft
from gamma_scalper.portfolio.hearing import forget_orphan, heard, number_of
from gamma_scalper.portfolio.moves import doubt, judge
from gamma_scalper.portfolio.order_table import Kind
from gamma_scalper.portfolio.questions import over_at
from gamma_scalper.portfolio.tickets import Life, Ticket

_NO_RECORD = "in no record of the broker's, and its time is over"
_NOT_LISTED = "it is not among the broker's open orders"
_Names = set[tuple[int, int]]  # number of the intent, permId


def without_record(order: Order) -> bool:
    """Dead because no record of the broker's knew it. Had it filled before midnight, only holdings would show it."""
    return isinstance(order.state, Cancelled) and order.state.why == _NO_RECORD


def recap(draft: Draft, entry: Recap) -> None:
    """After a connection: what we hold alive and is not there is in doubt; what is there and not ours to have goes."""
    listed = {heard(draft, report, listed=True) for report in entry.open_orders}
    for ticket in draft.desk.living:
        if ticket.kind is Kind.SENT:
            doubt(draft, ticket, _NOT_LISTED)
        elif ticket.at_broker:
            _absent(draft, ticket, listed, _not_confirmed)
    _absent_orphans(draft, listed)


def records_read(draft: Draft, entry: RecordsRead) -> None:
    """The answer to a question. What died between two of the lists is in the later one, so that one counts."""
    asked_at = draft.desk.asking_since
    draft.set(asking_since=None)
    named = {heard(draft, report, listed=True) for report in entry.open_orders}
    for report in entry.completed or ():
        if number_of(draft.desk, report.order_ref) in draft.desk.orders:
            named.add(heard(draft, report))
    if asked_at is None or not entry.complete or not draft.desk.ready:
        return  # it proves what is, and not what isn't
    for ticket in draft.desk.living:
        given_at, question = ticket.given_at, ticket.question
        too_new = (given_at is not None and given_at > asked_at) or (question is not None and question.since > asked_at)
        if ticket.at_broker and not too_new:
            over = over_at(draft, ticket) <= asked_at
            _absent(draft, ticket, named, _gone if over else _not_found)
            _tell_what_is_missing(draft, draft.desk.orders[ticket.number])
    _absent_orphans(draft, named)


def _absent(draft: Draft, ticket: Ticket, named: _Names, judged: Callable[[Life], Life]) -> None:
    """What is made of those of its lives that no list names."""
    lives = tuple(life if (ticket.number, life.perm_id) in named else judged(life) for life in ticket.lives)
    if lives != ticket.lives:
        judge(draft, ticket._replace(lives=lives), _NOT_LISTED)


def _not_confirmed(life: Life) -> Life:
    return life if life.over else life._replace(doubted=True)


def _not_found(life: Life) -> Life:
    """What was told dead is dead; the other is in doubt until it can't live any more."""
    return life._replace(doubted=not life.over)


def _gone(life: Life) -> Life:
    """It could no longer live."""
    if life.over:
        return life._replace(doubted=False)
    return life._replace(standing=Standing.CANCELLED, doubted=False, why=_NO_RECORD)


def _tell_what_is_missing(draft: Draft, ticket: Ticket) -> None:
    if ticket.alive and ticket.missing:
        id = ticket.order.intent.id
        text = f"{id}: the broker says that {ticket.missing} more were filled than its executions make up"
        draft.alarm(ticket.number, "missing", text)


def _absent_orphans(draft: Draft, named: _Names) -> None:
    numbers = {number for number, _ in named}
    for number in sorted(draft.desk.orphans):
        if number not in numbers:
            forget_orphan(draft, number)
