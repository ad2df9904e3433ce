"""What the broker's records are asked for, and how often."""

from datetime import datetime, timedelta
from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.orders import GoodTill, OrderState, PartlyFilled, Unknown, Working
from gamma_scalper.portfolio.desk_state import Draft
from gamma_scalper.portfolio.effects import Ask
from gamma_scalper.portfolio.tickets import Question, Ticket


def kept_question(draft: Draft, ticket: Ticket, state: OrderState, missing: Decimal) -> Question | None:
    """The question that is open in this new state: a new one where a doubt begins, or ends.

    Executions that lag behind a report have a moment to follow it.
    """
    if isinstance(state, Unknown):
        why, only_lags = state.why, missing and not any(life.doubted for life in ticket.lives)
    elif missing and isinstance(state, Working | PartlyFilled):
        why, only_lags = f"executions of {missing} reported as filled are missing", True
    else:
        return None
    if ticket.question is not None and isinstance(state, Unknown) is isinstance(ticket.order.state, Unknown):
        return ticket.question
    return _question(draft, why, draft.parameters.doubt_first_s if only_lags else 0.0)


def raise_question(draft: Draft, ticket: Ticket, why: str) -> None:
    """Ask for it, though it is not in doubt."""
    if ticket.question is None:
        draft.put(ticket._replace(question=_question(draft, why, 0.0)))


def _question(draft: Draft, why: str, wait_s: float) -> Question:
    return Question(why, draft.now, draft.after(wait_s))


def over_at(draft: Draft, ticket: Ticket) -> datetime:
    """From when on an order that no record knows is dead: its own end, or the doubt's begin where it ends at once."""
    lifetime, question = ticket.order.intent.lifetime, ticket.question
    doubted_at = question.since if question is not None else draft.now
    end = lifetime.until if isinstance(lifetime, GoodTill) else doubted_at
    return end + timedelta(seconds=draft.parameters.doubt_margin_s)


def ask(draft: Draft) -> None:
    """For all that is due, once."""
    due = [(each, each.question) for each in draft.desk.living if each.question and each.question.next_at <= draft.now]
    if not due:
        return
    for ticket, question in due:
        draft.put(ticket._replace(question=_asked(draft, ticket, question)))
    if draft.desk.asking_since is None:
        draft.set(asking_since=draft.now)
    draft.effects.append(Ask("; ".join(f"{ticket.order.intent.id}: {question.why}" for ticket, question in due)))


def _asked(draft: Draft, ticket: Ticket, question: Question) -> Question:
    """The second time comes soon, since what explains a doubt is often on its way; and once when it must be over."""
    wait_s = draft.parameters.doubt_every_s if question.asked else draft.parameters.doubt_first_s
    next_at = draft.after(wait_s)
    end = over_at(draft, ticket)
    return evolve(question, asked=question.asked + 1, next_at=end if draft.now < end < next_at else next_at)


def ask_anew(draft: Draft) -> None:
    """The broker can be asked again: at once."""
    for ticket in draft.desk.living:
        if ticket.question is not None and ticket.question.next_at > draft.now:
            draft.put(ticket._replace(question=evolve(ticket.question, next_at=draft.now)))
