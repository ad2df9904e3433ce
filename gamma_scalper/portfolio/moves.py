"""An order comes into the state its facts come to, by the table, with what follows from that."""

from gamma_scalper.domain.orders import Order, OrderState, Rejected
from gamma_scalper.portfolio.desk_state import Draft
from gamma_scalper.portfolio.effects import Halt
from gamma_scalper.portfolio.order_table import Happening, Kind, after
from gamma_scalper.portfolio.questions import kept_question
from gamma_scalper.portfolio.structures import seek_imbalance
from gamma_scalper.portfolio.tickets import Cancelling, Ticket
from gamma_scalper.portfolio.verdicts import Executed, state_of, verdict


def judge(draft: Draft, ticket: Ticket, why: str = "", made: Executed | None = None) -> None:
    """Into the state that executions and the broker's words come to; `made` where executions have changed."""
    made = made or _as_before(ticket)
    _into(draft, ticket, verdict(ticket, made.filled), made, why, None)


def move(draft: Draft, ticket: Ticket, happening: Happening, why: str = "", code: int | None = None) -> None:
    """Into the state that follows on what the house itself did."""
    _into(draft, ticket, happening, _as_before(ticket), why, code)


def doubt(draft: Draft, ticket: Ticket, why: str) -> None:
    """What was said of it last counts no more; the broker's records have to tell."""
    judge(draft, ticket.doubted(), why)


def cancel(draft: Draft, ticket: Ticket, why: str) -> None:
    """Its death is wanted from now on; it goes out when something is at the broker that can be cancelled."""
    move(draft, ticket, Happening.CANCEL_ASKED, why)
    now_is = draft.desk.orders[ticket.number]
    if now_is.alive and now_is.cancelling is None:
        draft.put(now_is._replace(cancelling=Cancelling(why, draft.now)))


# -- parts of it -------------------------------------------------------------------------------------------------------


def _as_before(ticket: Ticket) -> Executed:
    return Executed(ticket.order.filled, ticket.excess, strange=False)


def _into(draft: Draft, before: Ticket, happening: Happening, made: Executed, why: str, code: int | None) -> None:
    was, order = before.kind, before.order
    kind = after(was, happening, order.intent.id)
    state = order.state
    if kind is not was or _gives_a_reason(before, state):
        state = state_of(kind, before, why or _why_doubted(before, made), code, draft.now)
    perm_ids = before.perm_ids
    if state is not order.state or made.filled != order.filled or perm_ids != order.perm_ids:
        order = Order(order.intent, state, made.filled, perm_ids)
    if order.alive:
        question = kept_question(draft, before, state, before.missing_with(made.filled))
        ticket = before._replace(order=order, excess=made.excess, question=question, ended_at=None)
    else:
        ticket = before._replace(
            order=order,
            excess=made.excess,
            question=None,
            cancelling=None,
            held_since=None,
            turn_at=None,
            ended_at=before.ended_at or draft.now,
        )
    draft.put(ticket)
    draft.changed |= state is not before.order.state
    _contradictions(draft, ticket, made)
    if kind is Kind.REJECTED and was is not Kind.REJECTED:
        _count_rejection(draft, ticket)
    if before.alive and not ticket.alive:
        _died(draft, ticket, was)
    elif made.filled != before.order.filled and not ticket.alive:
        seek_imbalance(draft, ticket)


def _gives_a_reason(ticket: Ticket, state: OrderState) -> bool:
    """A rejection is told again, now with its code."""
    return isinstance(state, Rejected) and state.code is None and bool(ticket.lives) and bool(ticket.lives[-1].code)


def _why_doubted(ticket: Ticket, made: Executed) -> str:
    if missing := ticket.missing_with(made.filled):
        return f"executions of {missing} reported as filled are missing"
    if made.filled >= ticket.order.intent.quantity:
        return "all of it is filled, and a second order of it may be alive"
    return "what the broker says contradicts what is known of it"


def _contradictions(draft: Draft, ticket: Ticket, made: Executed) -> None:
    id, number = ticket.order.intent.id, ticket.number
    if made.excess:
        text = f"{id}: {made.filled + made.excess} executed of {ticket.order.intent.quantity} ordered"
        draft.halt(number, "overfilled", text)
    if made.strange:
        draft.halt(number, "strange execution", f"{id}: executed was what it never ordered")
    if len(ticket.lives) > 1 and ticket.alive:
        _lives_twice(draft, ticket)


def _lives_twice(draft: Draft, ticket: Ticket) -> None:
    id, number = ticket.order.intent.id, ticket.number
    names = ", ".join(str(life.perm_id) for life in ticket.lives if not life.over)
    if "," in names:
        draft.alarm(number, "lives", f"{id} is alive at the broker more than once: {names}; it is being cancelled")
        if ticket.cancelling is None:
            draft.put(ticket._replace(cancelling=Cancelling("alive more than once", draft.now)))


def _count_rejection(draft: Draft, ticket: Ticket) -> None:
    purpose = ticket.order.intent.purpose.value
    if draft.reject(purpose):
        limit = draft.parameters.max_rejections
        draft.effects.append(
            Halt("rejections", f"{limit} {purpose} orders in a row were rejected: {ticket.order.state}")
        )


# -- what a death leads to ---------------------------------------------------------------------------------------------


def _died(draft: Draft, ticket: Ticket, was: Kind) -> None:
    draft.quiet(ticket.number)
    if was is Kind.PLANNED:
        return  # with the part before it
    if not ticket.terms.together:
        _next_part(draft, ticket)
    seek_imbalance(draft, ticket)


def _next_part(draft: Draft, ticket: Ticket) -> None:
    """Its turn comes once the part before is filled; if that died otherwise, so do all that follow."""
    if ticket.kind is not Kind.FILLED:
        drop_parts(draft, ticket)
        return
    for each in _planned_after(draft, ticket)[:1]:
        draft.put(each._replace(turn_at=draft.after(ticket.terms.spacing_s)))


def drop_parts(draft: Draft, ticket: Ticket) -> None:
    """Those that were to follow it."""
    for each in _planned_after(draft, ticket):
        move(draft, each, Happening.CANCEL_ASKED, f"part {ticket.order.intent.id} was not filled")


def _planned_after(draft: Draft, ticket: Ticket) -> list[Ticket]:
    following = (draft.desk.orders[number] for number in ticket.terms.numbers if number > ticket.number)
    return [each for each in following if each.kind is Kind.PLANNED]
