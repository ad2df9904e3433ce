"""An order comes into the state its facts come to, by the table, with what follows from that."""

from attrs import evolve

from gamma_scalper.domain.orders import OrderState, Rejected
from gamma_scalper.portfolio.desk_state import Draft
from gamma_scalper.portfolio.effects import Halt
from gamma_scalper.portfolio.ledger import filled_of
from gamma_scalper.portfolio.order_table import Happening, Kind, after
from gamma_scalper.portfolio.questions import kept_question
from gamma_scalper.portfolio.structures import seek_imbalance
from gamma_scalper.portfolio.tickets import Cancelling, Ticket
from gamma_scalper.portfolio.verdicts import Executed, made_up, state_of, verdict, with_state


def judge(draft: Draft, ticket: Ticket, why: str = "") -> None:
    """Into the state that executions and the broker's words come to; where nothing was told it stays as it is."""
    made = _made_up(draft, ticket)
    happening = verdict(_counted(ticket, made), made.filled)
    if happening is None:
        draft.put(ticket)
    else:
        _into(draft, ticket, happening, made, why, None)


def move(draft: Draft, ticket: Ticket, happening: Happening, why: str = "", code: int | None = None) -> None:
    """Into the state that follows on what the house itself did."""
    _into(draft, ticket, happening, _made_up(draft, ticket), why, code)


def doubt(draft: Draft, ticket: Ticket, why: str) -> None:
    """What was said of it last counts no more; the broker's records have to tell."""
    judge(draft, ticket.doubted(), why)


def cancel(draft: Draft, ticket: Ticket, why: str) -> None:
    """Its death is wanted from now on; it goes out when something is at the broker that can be cancelled."""
    move(draft, ticket, Happening.CANCEL_ASKED, why)
    now_is = draft.desk.orders[ticket.number]
    if now_is.alive and now_is.cancelling is None:
        draft.put(evolve(now_is, cancelling=Cancelling(why, draft.now)))


# -- parts of it -------------------------------------------------------------------------------------------------------


def _made_up(draft: Draft, ticket: Ticket) -> Executed:
    intent = ticket.order.intent
    return made_up(intent, filled_of(draft.desk.ledger, intent.id))


def _counted(ticket: Ticket, made: Executed) -> Ticket:
    return ticket if made.excess == ticket.excess else evolve(ticket, excess=made.excess)


def _into(draft: Draft, before: Ticket, happening: Happening, made: Executed, why: str, code: int | None) -> None:
    ticket, was = _counted(before, made), before.kind
    kind = after(was, happening, before.order.intent.id)
    state = before.order.state
    if kind is not was or _gives_a_reason(ticket, state):
        state = state_of(kind, ticket, why or _why_doubted(ticket), code, draft.now)
    if state != before.order.state or made.filled != before.order.filled or ticket.lives is not before.lives:
        ticket = evolve(ticket, order=with_state(before.order, state, made.filled, ticket.lives))
    question = kept_question(draft, ticket)
    if not ticket.alive:
        ticket = evolve(ticket, question=None, cancelling=None, held_since=None, turn_at=None)
    elif question is not ticket.question:
        ticket = evolve(ticket, question=question)
    draft.put(ticket)
    draft.changed |= kind is not was or state != before.order.state
    _contradictions(draft, ticket, made)
    if kind is Kind.REJECTED and was is not Kind.REJECTED:
        _count_rejection(draft, ticket)
    if before.alive and not ticket.alive:
        _died(draft, ticket, was)


def _gives_a_reason(ticket: Ticket, state: OrderState) -> bool:
    """A rejection is told again, now with its code."""
    return isinstance(state, Rejected) and state.code is None and bool(ticket.lives) and bool(ticket.lives[-1].code)


def _why_doubted(ticket: Ticket) -> str:
    told = next((life.why for life in ticket.lives if life.doubted and life.why), "")
    if told:
        return told
    if ticket.missing:
        return f"executions of {ticket.missing} reported as filled are missing"
    if ticket.executed >= ticket.order.intent.quantity:
        return "all of it is filled, and a second order of it may be alive"
    return "what the broker said of it can't be told apart"


def _contradictions(draft: Draft, ticket: Ticket, made: Executed) -> None:
    id, number = ticket.order.intent.id, ticket.number
    if made.excess:
        text = f"{id}: {made.filled + made.excess} executed of {ticket.order.intent.quantity} ordered"
        draft.halt(number, "overfilled", text)
    if made.strange:
        draft.halt(number, "strange execution", f"{id}: executed was what it never ordered")
    living = [life for life in ticket.lives if not life.over]
    if ticket.alive and len(living) > 1:
        names = ", ".join(str(life.perm_id) for life in living)
        draft.alarm(number, "lives", f"{id} is alive at the broker more than once: {names}; it is being cancelled")
        if ticket.cancelling is None:
            draft.put(evolve(ticket, cancelling=Cancelling("alive more than once", draft.now)))


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
        draft.put(evolve(each, turn_at=draft.after(ticket.terms.spacing_s)))


def drop_parts(draft: Draft, ticket: Ticket) -> None:
    """Those that were to follow it."""
    for each in _planned_after(draft, ticket):
        move(draft, each, Happening.CANCEL_ASKED, f"part {ticket.order.intent.id} was not filled")


def _planned_after(draft: Draft, ticket: Ticket) -> list[Ticket]:
    following = (draft.desk.orders[number] for number in ticket.terms.numbers if number > ticket.number)
    return [each for each in following if each.kind is Kind.PLANNED]
