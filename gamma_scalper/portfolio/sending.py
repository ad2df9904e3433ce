"""What the house does with its orders: takes them down, hands them over, amends them, wants them dead."""

from gamma_scalper.domain.entries import (
    AmendAsked,
    AmendFailed,
    CancelAsked,
    CancelFailed,
    Dispatched,
    NotSent,
    Ordered,
)
from gamma_scalper.domain.orders import Intent, IntentId, Journaled, Order, Planned
from gamma_scalper.portfolio.desk_state import Desk, Draft
from gamma_scalper.portfolio.effects import Amend, Send
from gamma_scalper.portfolio.errands import mended, permitted, wanted
from gamma_scalper.portfolio.moves import cancel, doubt, drop_parts, move
from gamma_scalper.portfolio.order_table import Happening, IllegalTransition, Kind, after
from gamma_scalper.portfolio.structures import decided_prices
from gamma_scalper.portfolio.tickets import Handing, Terms, Ticket

_NO_LINK = "not sent: the link to the broker is not ready"
_NOT_WANTED = "not sent: nobody wants it any more"


# -- new orders --------------------------------------------------------------------------------------------------------


def ordered(draft: Draft, entry: Ordered) -> None:
    """From here on these orders exist. Legs go out at once; of parts the first one does, and the others follow."""
    numbers = tuple(intent.id.number for intent in entry.intents)
    purpose = entry.intents[0].purpose
    _check_numbers(draft.desk, entry.intents, numbers)
    is_wanted = wanted(draft, purpose)
    why_not = _NOT_WANTED if not is_wanted else "" if draft.desk.ready else _NO_LINK
    draft.set(next_number=numbers[-1] + 1)
    mends = mended(draft, purpose)
    terms = Terms(
        numbers=numbers,
        ordered_at=draft.now,
        together=entry.together,
        structure=entry.structure,
        patience_s=entry.patience_s,
        spacing_s=entry.spacing_s,
        decided=decided_prices(entry),
        mends=mends,
    )
    for intent, reserved in zip(entry.intents, entry.reserved, strict=True):
        first = entry.together or intent is entry.intents[0]
        order = Order(intent, Journaled() if first else Planned())
        draft.put(Ticket(order=order, terms=terms, reserved=reserved))
    if is_wanted:
        permitted(draft, purpose, mends, numbers)
    draft.changed = True
    for number in numbers if entry.together else numbers[:1]:
        ticket = draft.desk.orders[number]
        if why_not:
            move(draft, ticket, Happening.NOT_SENT, why_not)
        else:
            _give(draft, ticket)


def _check_numbers(desk: Desk, intents: tuple[Intent, ...], numbers: tuple[int, ...]) -> None:
    for intent in intents:
        if intent.id.book != desk.book:
            raise IllegalTransition(f"order {intent.id} is ordered in the book {desk.book}")
    if numbers[0] < desk.next_number or list(numbers) != sorted(set(numbers)):
        raise IllegalTransition(f"orders {numbers} are ordered, and numbers below {desk.next_number} are used")


def _give(draft: Draft, ticket: Ticket) -> None:
    """To be sent, once in the order's life."""
    draft.put(ticket._replace(handing=Handing.UNDER_WAY, given_at=draft.now, turn_at=None))
    draft.effects.append(Send(ticket.order.intent))


def turn(draft: Draft, ticket: Ticket) -> None:
    """The turn of a part has come, if the part before it is still filled."""
    before = draft.desk.orders[max(number for number in ticket.terms.numbers if number < ticket.number)]
    if before.kind is Kind.FILLED:
        move(draft, ticket, Happening.TURN)
        _give(draft, draft.desk.orders[ticket.number])
    elif before.alive:
        draft.put(ticket._replace(turn_at=None))  # it comes again with the end of the part before
    else:
        drop_parts(draft, before)


# -- handing over ------------------------------------------------------------------------------------------------------


def dispatched(draft: Draft, entry: Dispatched) -> None:
    ticket = _under_way(draft, entry.intent, Happening.DISPATCHED)
    move(draft, ticket._replace(handing=Handing.OVER, given_at=draft.now), Happening.DISPATCHED)


def not_sent(draft: Draft, entry: NotSent) -> None:
    happening = Happening.NOT_SENT if entry.code is None else Happening.REFUSED
    ticket = _under_way(draft, entry.intent, happening)._replace(handing=Handing.OVER)
    if ticket.lives and ticket.alive:  # and yet the broker spoke of it
        ticket = ticket.doubted()
    move(draft, ticket, happening, f"not sent: {entry.why}", entry.code)


def _under_way(draft: Draft, id: IntentId, happening: Happening) -> Ticket:
    ticket = own(draft.desk, id, happening)
    if ticket.handing is not Handing.UNDER_WAY:
        raise IllegalTransition(f"order {id} is {ticket.kind} and not on its way to the broker, and then: {happening}")
    return ticket


def own(desk: Desk, id: IntentId, happening: Happening) -> Ticket:
    """An order the house itself speaks of exists."""
    ticket = desk.orders.get(id.number) if id.book == desk.book else None
    if ticket is None:
        raise IllegalTransition(f"order {id} is not known in the book {desk.book}, and then: {happening}")
    return ticket


# -- changing and ending -----------------------------------------------------------------------------------------------


def amendable(desk: Desk, id: IntentId) -> bool:
    """It may be given another price now: the broker has it, nothing is in doubt, and nobody wants it dead."""
    ticket = desk.orders.get(id.number)
    return (
        desk.ready
        and ticket is not None
        and ticket.kind in (Kind.WORKING, Kind.PARTIAL)
        and ticket.cancelling is None
        and ticket.question is None
    )


def amend_asked(draft: Draft, entry: AmendAsked) -> None:
    ticket = own(draft.desk, entry.intent, Happening.AMEND_ASKED)
    after(ticket.kind, Happening.AMEND_ASKED, entry.intent)
    if not amendable(draft.desk, entry.intent):
        raise IllegalTransition(f"order {entry.intent} can't be amended while the link or its own end is in question")
    draft.put(ticket._replace(amended=entry.pricing))
    draft.effects.append(Amend(entry.intent, entry.pricing))


def amend_failed(draft: Draft, entry: AmendFailed) -> None:
    ticket = own(draft.desk, entry.intent, Happening.AMEND_FAILED)._replace(amended=None)
    after(ticket.kind, Happening.AMEND_FAILED, entry.intent)
    if entry.in_doubt and ticket.alive:
        doubt(draft, ticket, f"its amendment is in doubt: {entry.why}")
    else:
        draft.put(ticket)
    draft.changed = True


def cancel_asked(draft: Draft, entry: CancelAsked) -> None:
    ticket = own(draft.desk, entry.intent, Happening.CANCEL_ASKED)
    if not ticket.terms.together:
        drop_parts(draft, ticket)  # who withdraws a part wants none of what was to follow it
    cancel(draft, ticket, entry.why)


def cancel_failed(draft: Draft, entry: CancelFailed) -> None:
    """Says nothing of the order but that it may be otherwise than we think. Of an orphan nothing is known anyway."""
    ticket = draft.desk.orders.get(entry.intent.number) if entry.intent.book == draft.desk.book else None
    if ticket is not None and ticket.at_broker:
        doubt(draft, ticket, f"its cancel failed: {entry.why}")
