"""A book's desk as a pure machine: an entry of the journal comes in, the next state and what is to be done come out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from gamma_scalper.domain.entries import (
    AmendAsked,
    AmendFailed,
    BooksClosed,
    CancelAsked,
    CancelFailed,
    Delivered,
    DeskEntry,
    Dispatched,
    Elapsed,
    FlattenAsked,
    FlattenStopped,
    Lapsed,
    Looked,
    NotSent,
    Ordered,
    Paid,
    PlanRefused,
    RecordsRead,
    Replaced,
    Restarted,
    TakenOver,
)
from gamma_scalper.domain.fills import Commission, Fill, InferredFill
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.ports import Altered, LinkReport, OrderReport, Recap, Warned
from gamma_scalper.domain.snapshots import PositionSnapshot
from gamma_scalper.portfolio.closing import books_closed
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.desk_state import Desk, Draft
from gamma_scalper.portfolio.effects import Effect, Tell
from gamma_scalper.portfolio.errands import flatten_asked, flatten_stopped, looked, refused
from gamma_scalper.portfolio.hearing import altered, heard, link_changed, restarted, told_of_ledger
from gamma_scalper.portfolio.ledger import Ledger, average_price, earned, holdings
from gamma_scalper.portfolio.recaps import recap, records_read
from gamma_scalper.portfolio.sending import (
    amend_asked,
    amend_failed,
    amendable,
    cancel_asked,
    cancel_failed,
    dispatched,
    not_sent,
    ordered,
)
from gamma_scalper.portfolio.timers import attend, due

__all__ = ["Desk", "amendable", "desk", "due", "opened", "reservations", "snapshot"]


def opened(book: str, parameters: DeskParameters) -> Desk:
    """Nothing was ever ordered, nothing is held, and no broker was heard of."""
    return Desk(book=book, parameters=parameters, ledger=Ledger(book))


def desk(state: Desk, entry: DeskEntry, now: datetime) -> tuple[Desk, tuple[Effect, ...]]:
    """The state after this entry, taken down at `now`, and what is to be done, in this order."""
    draft = Draft(state, now)
    take = _HANDLERS[type(entry)]
    if take is not None:
        take(draft, entry)
    attend(draft)
    if draft.filled:
        draft.effects.append(Tell("fill"))
    if draft.changed:
        draft.effects.append(Tell("order"))
    return draft.desk, tuple(draft.effects)


# What to do with an entry; nothing, where it is written down for people only or merely brings the time.
_HANDLERS: Mapping[type, Callable[[Draft, Any], object] | None] = {
    Ordered: ordered,
    Dispatched: dispatched,
    NotSent: not_sent,
    AmendAsked: amend_asked,
    AmendFailed: amend_failed,
    CancelAsked: cancel_asked,
    CancelFailed: cancel_failed,
    Elapsed: None,
    Restarted: restarted,
    RecordsRead: records_read,
    FlattenAsked: flatten_asked,
    FlattenStopped: flatten_stopped,
    Looked: looked,
    PlanRefused: refused,
    OrderReport: heard,
    Altered: altered,
    Recap: recap,
    LinkReport: link_changed,
    Warned: None,
    BooksClosed: books_closed,
    **dict.fromkeys(
        (Fill, Commission, InferredFill, Delivered, Lapsed, Replaced, Paid, TakenOver),
        told_of_ledger,
    ),
}


def snapshot(state: Desk) -> PositionSnapshot:
    """What is held, what may still fill, and up to where every end is known."""
    ledger, held = state.ledger, holdings(state.ledger)
    prices = ((each.instrument.con_id, average_price(ledger, each.instrument.con_id)) for each in held)
    flattening = "" if state.flattening is None else f"flattening: {state.flattening.why}"
    return PositionSnapshot(
        holdings=held,
        live=tuple(ticket.order for ticket in state.living),
        settled_through=state.settled_through,
        average_prices=[(con_id, price) for con_id, price in prices if price is not None],
        realised=sum((each.amount for each in earned(ledger)), Decimal(0)),
        busy=flattening or ("mending a half-filled structure" if state.repairing else ""),
    )


def reservations(state: Desk) -> tuple[tuple[IntentId, Money], ...]:
    """What is held back for living orders, by their numbers."""
    return tuple((ticket.order.intent.id, ticket.reserved) for ticket in state.living)
