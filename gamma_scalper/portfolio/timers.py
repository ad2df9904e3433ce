"""What time brings. Which timers run follows from the state, and so does when it wants to be stepped."""

import enum
from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import evolve

from gamma_scalper.domain.orders import IntentId, Sent
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.desk_state import Desk, Draft
from gamma_scalper.portfolio.effects import Cancel
from gamma_scalper.portfolio.errands import DEADLINE, attend_errands, waits_until, watch_flattening
from gamma_scalper.portfolio.moves import cancel, doubt
from gamma_scalper.portfolio.order_table import Kind
from gamma_scalper.portfolio.questions import ask
from gamma_scalper.portfolio.sending import turn
from gamma_scalper.portfolio.tickets import Ticket


class Timer(enum.Enum):
    """What an order waits for."""

    TURN = "its turn"
    ACK = "to be acknowledged"
    PATIENCE = "to fill"
    CANCEL = "to die"
    HELD = "for shares to borrow"


def timers(ticket: Ticket, parameters: DeskParameters) -> Iterator[tuple[datetime, Timer]]:
    """Those that run for an order; the broker's records are asked for besides."""
    if ticket.turn_at is not None and ticket.kind is Kind.PLANNED:
        yield ticket.turn_at, Timer.TURN
    if not ticket.at_broker:
        return
    state = ticket.order.state
    if isinstance(state, Sent):
        yield state.at + timedelta(seconds=parameters.ack_s), Timer.ACK
    if ticket.cancelling is not None:
        yield ticket.cancelling.next_at, Timer.CANCEL
    elif ticket.given_at is not None:
        yield ticket.given_at + timedelta(seconds=ticket.terms.patience_s or parameters.ack_s), Timer.PATIENCE
    if ticket.held_since is not None:
        yield ticket.held_since + timedelta(seconds=parameters.held_s), Timer.HELD


def due(desk: Desk) -> datetime | None:
    """When it wants to be stepped though nothing happens. Without the broker only a deadline runs."""
    moments = []
    if desk.flattening is not None and DEADLINE not in desk.alarmed:
        moments.append(desk.flattening.deadline)
    if desk.ready:
        for ticket in desk.living:
            moments += [at for at, timer in timers(ticket, desk.parameters) if not _told(desk, ticket, timer)]
            if ticket.question is not None:
                moments.append(ticket.question.next_at)
        moments += desk.orphans.values()
        moments += waits_until(desk)
    return min(moments, default=None)


def attend(draft: Draft) -> None:
    """All that is due by now, and what follows from what has just happened."""
    watch_flattening(draft)
    if not draft.desk.ready:
        return
    for number in draft.desk.live:
        while (timer := _rings(draft, number)) is not None:
            _ring(draft, draft.desk.orders[number], timer)
    _chase_orphans(draft)
    attend_errands(draft)
    ask(draft)


def _rings(draft: Draft, number: int) -> Timer | None:
    """What is due for an order; what is done about it puts it off, so that there is an end to it."""
    ticket = draft.desk.orders[number]
    for at, timer in timers(ticket, draft.parameters):
        if at <= draft.now and not _told(draft.desk, ticket, timer):
            return timer
    return None


def _ring(draft: Draft, ticket: Ticket, timer: Timer) -> None:
    id, parameters = ticket.order.intent.id, draft.parameters
    match timer:
        case Timer.TURN:
            turn(draft, ticket)
        case Timer.ACK:
            doubt(draft, ticket, f"not acknowledged within {parameters.ack_s:g} s")
        case Timer.PATIENCE:
            cancel(draft, ticket, "its time to work is over")
        case Timer.CANCEL:
            _chase(draft, ticket)
        case Timer.HELD:
            text = f"{id} has waited for shares to borrow for {parameters.held_s:g} s: its hedge is missing"
            draft.alarm(ticket.number, Timer.HELD.value, text)


def _chase(draft: Draft, ticket: Ticket) -> None:
    """Cancel it, and again; after so many in vain it is in doubt, and then the cancels are as rare as the questions."""
    id, number, parameters = ticket.order.intent.id, ticket.number, draft.parameters
    cancelling = ticket.cancelling
    if cancelling is None:
        return
    wait_s = parameters.cancel_s
    if cancelling.attempts >= parameters.cancel_attempts:
        wait_s = parameters.doubt_every_s
        draft.alarm(
            number,
            Timer.CANCEL.value,
            f"{id} is not known to be dead after {cancelling.attempts} cancels: {cancelling.why}",
        )
        doubt(draft, ticket, f"{cancelling.attempts} cancels were of no effect")
        ticket = draft.desk.orders[number]
    again = evolve(cancelling, attempts=cancelling.attempts + 1, next_at=draft.after(wait_s))
    draft.put(ticket._replace(cancelling=again))
    draft.effects.append(Cancel(id))


def _chase_orphans(draft: Draft) -> None:
    orphans = draft.desk.orphans
    for number in sorted(orphans):
        if orphans[number] <= draft.now:
            draft.set(orphans=draft.desk.orphans.set(number, draft.after(draft.parameters.doubt_every_s)))
            draft.effects.append(Cancel(IntentId(draft.desk.book, number)))


def _told(desk: Desk, ticket: Ticket, timer: Timer) -> bool:
    return timer is Timer.HELD and (ticket.number, timer.value) in desk.alarmed
