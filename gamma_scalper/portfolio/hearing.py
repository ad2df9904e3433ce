"""What the broker says, however late, doubled or contradictory: of orders, of fills, of the line to it."""

from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.entries import LedgerEntry, Restarted
from gamma_scalper.domain.fills import Commission, Fill, InferredFill, revision
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.ports import Altered, Link, LinkReport, OrderReport, Standing
from gamma_scalper.portfolio.desk_parameters import with_settings
from gamma_scalper.portfolio.desk_state import Desk, Draft
from gamma_scalper.portfolio.errands import forget_looks
from gamma_scalper.portfolio.ledger import booked, filled_of, too_late
from gamma_scalper.portfolio.moves import cancel, judge, move
from gamma_scalper.portfolio.order_table import Happening, Kind
from gamma_scalper.portfolio.questions import ask_anew, raise_question
from gamma_scalper.portfolio.tickets import Cancelling, Handing, Life, Ticket
from gamma_scalper.portfolio.verdicts import made_up

_DEAD = (Standing.FILLED, Standing.CANCELLED, Standing.REJECTED)
_BEGUN = (Kind.JOURNALED, Kind.SENT, Kind.WORKING, Kind.PARTIAL)


def number_of(desk: Desk, order_ref: str) -> int:
    """Of an order with our name on it, known or not; 0 for everybody else's."""
    id = IntentId.parse(order_ref)
    return id.number if id is not None and id.book == desk.book else 0


# -- orders ------------------------------------------------------------------------------------------------------------


def heard(draft: Draft, report: OrderReport, *, listed: bool = False) -> tuple[int, int]:
    """Take a report in; which life of which order it was about. `listed`: the broker's records name it as alive."""
    number = number_of(draft.desk, report.order_ref)
    ticket = draft.desk.orders.get(number)
    if ticket is None:
        if number:
            _stranger(draft, number, report)
        return number, report.perm_id
    life = ticket.life(report.perm_id) or Life(report.perm_id)
    was_dead = not ticket.alive
    held_since = (ticket.held_since or draft.now) if report.standing is Standing.HELD else None
    ticket = ticket.with_life(life.told(report, ticket.order.intent.quantity))._replace(held_since=held_since)
    judge(draft, ticket, _told(report) if was_dead or report.standing is Standing.UNKNOWN else "")
    if was_dead and listed and draft.desk.orders[number].alive:
        cancel(draft, draft.desk.orders[number], "it was held dead, and lives")
    return number, life.perm_id


def _told(report: OrderReport) -> str:
    code = "" if report.code is None else f" {report.code}"
    return f"the broker said {report.standing.value}{code} {report.why}".rstrip()


def _stranger(draft: Draft, number: int, report: OrderReport) -> None:
    """An order in our name that is in no journal of ours: it goes, and a person has to look."""
    if report.standing in _DEAD:
        forget_orphan(draft, number)
        return
    desk, id = draft.desk, IntentId(draft.desk.book, number)
    draft.halt(number, "unknown order", f"the broker has an order {id}, {_unknown(desk, number)}")
    if number not in desk.orphans:
        draft.set(orphans=desk.orphans.set(number, draft.now), next_number=max(desk.next_number, number + 1))


def _unknown(desk: Desk, number: int) -> str:
    closed = number <= desk.ledger.closed.through
    return "which had ended before the books were closed" if closed else "of which the journal knows nothing"


def forget_orphan(draft: Draft, number: int) -> None:
    if number in draft.desk.orphans:
        draft.set(orphans=draft.desk.orphans.delete(number))


def altered(draft: Draft, entry: Altered) -> None:
    """The adapter has asked for its cancel already; its death is waited for."""
    number = number_of(draft.desk, entry.order_ref)
    if not number:
        return
    ticket = draft.desk.orders.get(number)
    if ticket is not None and ticket.alive and ticket.cancelling is None:
        next_at = draft.after(draft.parameters.cancel_s)
        draft.put(ticket._replace(cancelling=Cancelling("it was altered on its way", next_at, attempts=1)))
    draft.halt(number, "altered order", f"{entry.order_ref} was altered on its way: {'; '.join(entry.differences)}")
    draft.changed = True


# -- the ledger --------------------------------------------------------------------------------------------------------


def told_of_ledger(draft: Draft, entry: LedgerEntry) -> None:
    """Booked first; then the order it belongs to is looked at anew."""
    ledger = booked(draft.desk.ledger, entry, draft.now)
    if ledger is draft.desk.ledger:
        if isinstance(entry, Fill):
            _refused_if_too_late(draft, entry)
        return
    draft.set(ledger=ledger)
    draft.filled = not isinstance(entry, Commission)
    if isinstance(entry, Fill):
        booked_as = ledger.fills[entry.key].intent  # a correction may not name it; the first may never have been told
        _executed(draft, booked_as, entry.perm_id, corrected=revision(entry.exec_id) > 1)
    elif isinstance(entry, InferredFill):
        _executed(draft, entry.intent, 0)


def _refused_if_too_late(draft: Draft, fill: Fill) -> None:
    """A difference, if there is one, shows when books and account are compared."""
    id = fill.intent
    ledger = draft.desk.ledger
    if id is not None and id.book == ledger.book and fill.key not in ledger.fills and too_late(ledger, fill):
        text = (
            f"{id}: execution {fill.exec_id} of {fill.at:%Y-%m-%d %H:%M} UTC is not booked: the books are closed on it"
        )
        draft.alarm(id.number, "closed", text)


def _executed(draft: Draft, id: IntentId | None, perm_id: int, *, corrected: bool = False) -> None:
    if id is None:
        return
    ticket = draft.desk.orders.get(id.number)
    if ticket is None:
        draft.halt(id.number, "unknown order", f"an order {id} was filled, {_unknown(draft.desk, id.number)}")
        draft.set(next_number=max(draft.desk.next_number, id.number + 1))
        return
    intent = ticket.order.intent
    made = made_up(intent, filled_of(draft.desk.ledger, intent.id))
    more = made.filled + made.excess - ticket.executed
    life = ticket.life(perm_id) or Life(perm_id, doubted=ticket.kind not in _BEGUN)
    executed, standing, doubted = life.executed + more, life.standing, life.doubted
    if not life.over and executed >= intent.quantity:
        standing, doubted = Standing.FILLED, False
    elif not life.over and ticket.kind in _BEGUN:
        standing, doubted = Standing.WORKING, False
    elif more > 0 and not ticket.alive:
        doubted = True
    life = life._replace(executed=executed, standing=standing, doubted=doubted)
    if more > 0 and draft.desk.rejections.get(intent.purpose.value):
        draft.set(rejections=draft.desk.rejections.delete(intent.purpose.value))
    ticket = ticket.with_life(life)
    if corrected or ticket.held_since is not None:
        ticket = ticket._replace(corrected=ticket.corrected or corrected, held_since=None)
    judge(draft, ticket, _why(ticket, more), made)


def _why(ticket: Ticket, more: Decimal) -> str:
    if ticket.alive:
        return ""
    return "it was held dead, and was filled" if more > 0 else "its fills were corrected"


# -- the line, and the process -----------------------------------------------------------------------------------------


def link_changed(draft: Draft, entry: LinkReport) -> None:
    """While it is not ready nothing is asked or sent, and clocks on the broker stand still."""
    was_ready = draft.desk.ready
    draft.set(link=entry.link)
    if entry.link is Link.READY:
        if not was_ready:
            ask_anew(draft)
    elif was_ready:
        forget_looks(draft)


def restarted(draft: Draft, entry: Restarted) -> None:
    """What was on its way is in doubt, what works is asked after, and what had not begun never will."""
    parameters = with_settings(draft.desk.parameters, entry.settings)
    draft.set(parameters=parameters, link=Link.DOWN, asking_since=None)
    for ticket in draft.desk.living:
        _restart(draft, ticket)
    forget_looks(draft)
    draft.changed = True


def _restart(draft: Draft, ticket: Ticket) -> None:
    cancelling = ticket.cancelling
    again = None if cancelling is None else evolve(cancelling, next_at=draft.now)
    ticket = ticket._replace(handing=Handing.OVER, cancelling=again)
    if ticket.kind in (Kind.JOURNALED, Kind.SENT):
        ticket = ticket.doubted()
    where = "before its turn came" if ticket.kind is Kind.PLANNED else "while it was on its way"
    move(draft, ticket, Happening.RESTARTED, f"the process ended {where}")
    left = draft.desk.orders[ticket.number]
    if left.alive:
        raise_question(draft, left, "the process began anew")
