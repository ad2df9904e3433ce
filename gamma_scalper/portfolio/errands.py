"""Orders of the desk's own: selling the book, repairing structures. Planners say what, this says when."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.entries import FlattenAsked, FlattenStopped, Looked, PlanRefused
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.desk_state import Desk, Draft, Errand, Flattening, Repairing
from gamma_scalper.portfolio.effects import Look, Want
from gamma_scalper.portfolio.flatten import plan_flatten
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.portfolio.moves import cancel
from gamma_scalper.portfolio.order_table import Kind
from gamma_scalper.portfolio.repair import plan_repair
from gamma_scalper.portfolio.steps import Done, Orders, Step, Stuck, Wait
from gamma_scalper.portfolio.structures import filled_legs, repair, settle, wanted_legs
from gamma_scalper.portfolio.tickets import Ticket

_BOOK = 0  # what alarms are about, where it is no single order
DEADLINE = (_BOOK, "deadline")


# -- being told --------------------------------------------------------------------------------------------------------


def flatten_asked(draft: Draft, entry: FlattenAsked) -> None:
    """All that lives is cancelled first. Asked again, the earlier deadline stands."""
    before = draft.desk.flattening
    asked = Flattening(
        why=entry.why,
        began=draft.now,
        within_s=entry.within_s,
        began_with=holdings(draft.desk.ledger),
        errand=Errand(next_at=draft.now),
    )
    if before is None or asked.deadline < before.deadline:
        draft.set(flattening=asked)
    for first in draft.desk.repairing:
        settle(draft, first, draft.desk.repairs[first])
    for ticket in draft.desk.living:
        if ticket.order.intent.purpose is not Purpose.FLATTEN:
            cancel(draft, ticket, f"the book is being sold: {entry.why}")


def flatten_stopped(draft: Draft, entry: FlattenStopped) -> None:
    draft.set(flattening=None)
    draft.quiet(_BOOK)
    for ticket in draft.desk.living:
        if ticket.order.intent.purpose is Purpose.FLATTEN:
            cancel(draft, ticket, f"the book is no longer being sold: {entry.why}")


def wanted(draft: Draft, purpose: Purpose) -> bool:
    """Orders of the desk's own are wanted once each; others are not its own, and nobody asks it."""
    if purpose is Purpose.FLATTEN:
        flattening = draft.desk.flattening
        return flattening is not None and flattening.errand.wanting
    return purpose is not Purpose.REPAIR or mended(draft, purpose) > 0


def mended(draft: Draft, purpose: Purpose) -> int:
    """The first number of the structure for which orders are wanted just now; 0 for none."""
    if purpose is not Purpose.REPAIR:
        return 0
    return next((first for first in draft.desk.repairing if _errand(draft, first).wanting), 0)


def permitted(draft: Draft, purpose: Purpose, mends: int, numbers: tuple[int, ...]) -> None:
    """The orders that were wanted exist now; once they are dead, the next look follows."""
    done = Errand(next_at=draft.now)
    flattening = draft.desk.flattening
    if purpose is Purpose.FLATTEN and flattening is not None:
        draft.set(flattening=evolve(flattening, errand=done))
    if mends:
        it = draft.desk.repairs[mends]
        repair(draft, mends, evolve(it, numbers=(*it.numbers, *numbers), errand=done))


def refused(draft: Draft, entry: PlanRefused) -> None:
    """Not now: a person hears of it, and it is wanted again soon."""
    why = "; ".join(f"{refusal.guard}: {refusal.why}" for refusal in entry.refusals)
    later = Errand(next_at=draft.after(draft.parameters.look_s))
    flattening, mends = draft.desk.flattening, mended(draft, Purpose.REPAIR)
    if entry.purpose == Purpose.FLATTEN.value and flattening is not None:
        draft.set(flattening=evolve(flattening, errand=later))
    elif entry.purpose == Purpose.REPAIR.value and mends:
        repair(draft, mends, evolve(draft.desk.repairs[mends], errand=later))
    else:
        return
    draft.alarm(_BOOK, f"refused {entry.purpose}", f"{entry.purpose} of book {draft.desk.book} is not permitted: {why}")
    draft.changed = True


def looked(draft: Draft, entry: Looked) -> None:
    """The quotes that were asked for; whoever looks first gets them."""
    quotes = {quote.con_id: quote for quote in entry.quotes}
    flattening = draft.desk.flattening
    if flattening is not None:
        if flattening.errand.looking:
            _flatten(draft, flattening, quotes, entry.closed)
        return
    for first in draft.desk.repairing:
        if _errand(draft, first).looking:
            _repair(draft, first, draft.desk.repairs[first], quotes, entry.closed)
            return


def forget_looks(draft: Draft) -> None:
    """Nobody will answer what was asked before the link was lost or the process ended."""
    again = Errand(next_at=draft.now)
    if draft.desk.flattening is not None:
        draft.set(flattening=evolve(draft.desk.flattening, errand=again))
    for first in draft.desk.repairing:
        repair(draft, first, evolve(draft.desk.repairs[first], errand=again))


# -- planning ----------------------------------------------------------------------------------------------------------


def _flatten(draft: Draft, flattening: Flattening, quotes: dict[int, Quote], closed: tuple[int, ...]) -> None:
    desk = draft.desk
    step = plan_flatten(
        holdings(desk.ledger),
        quotes,
        draft.now,
        began=flattening.began,
        began_with=flattening.began_with,
        within_s=flattening.within_s,
        parameters=desk.parameters.flatten,
        settled_through=desk.settled_through,
        open_now=dict.fromkeys(closed, False),
        in_doubt=_may_fill(desk),
    )
    if isinstance(step, Stuck):
        draft.alarm(_BOOK, step.why, f"book {desk.book} can't be sold: {step.why}")
    draft.set(flattening=evolve(flattening, errand=_next(draft, step)))


def _may_fill(desk: Desk) -> list[Holding]:
    """What living orders may still make of the holdings, contract by contract."""
    return [
        Holding(leg.instrument, each.order.signed_remaining * leg.ratio)
        for each in desk.living
        if each.order.remaining
        for leg in legs_of(each.order.intent.instrument)
    ]


def _repair(draft: Draft, first: int, it: Repairing, quotes: dict[int, Quote], closed: tuple[int, ...]) -> None:
    """A market that is closed costs no attempt."""
    desk = draft.desk
    legs = wanted_legs(desk, it.wanted)
    if any(instrument.con_id in closed for instrument, _ in legs):
        later = Errand(draft.after(draft.parameters.look_s))
        repair(draft, first, evolve(it, attempts=it.attempts - 1, errand=later))
        return
    decided: dict[int, Decimal] = {}
    for number in it.wanted:
        decided |= dict(desk.orders[number].terms.decided)
    step = plan_repair(
        it.structure,
        legs,
        filled_legs(desk, it.numbers),
        decided,
        quotes,
        draft.now,
        attempt=it.attempts,
        parameters=desk.parameters.repair,
        settled_through=desk.settled_through,
    )
    if isinstance(step, Done | Stuck):
        settle(draft, first, it)
        if isinstance(step, Stuck):
            draft.halt(first, "half-filled structure", step.why)
            draft.alarm(first, "half-filled structure", f"book {desk.book}: {step.why}")
        return
    repair(draft, first, evolve(it, errand=_next(draft, step)))


def _next(draft: Draft, step: Step) -> Errand:
    match step:
        case Orders(plan=plan, alarm=alarm):
            if alarm:
                draft.alarm(_BOOK, alarm, f"book {draft.desk.book}: {alarm}")
            draft.effects.append(Want(plan))
            return Errand(draft.after(draft.parameters.look_s), wanting=True)
        case Wait(until=until) | Stuck(until=until):
            return Errand(until)
        case Done():
            return Errand(draft.now)


# -- going on ----------------------------------------------------------------------------------------------------------


def waits_until(desk: Desk) -> Iterator[datetime]:
    """When it looks next; while something lives that has to die first, that death is waited for, and no clock."""
    flattening = desk.flattening
    if flattening is not None:
        if holdings(desk.ledger) and not any(_may_die(each) for each in desk.living):
            yield flattening.errand.next_at
    elif desk.repairing:
        it = desk.repairs[desk.repairing[0]]
        if it.errand is not None and not any(desk.orders[number].alive for number in it.numbers):
            yield it.errand.next_at


def watch_flattening(draft: Draft) -> None:
    """Nothing held and nothing alive is the end of it; a deadline that has passed is told, with or without a broker."""
    desk, flattening = draft.desk, draft.desk.flattening
    if flattening is None:
        return
    if not desk.live and not holdings(desk.ledger):
        draft.set(flattening=None)
        draft.quiet(_BOOK)
        draft.changed = True
    elif flattening.deadline <= draft.now:
        text = f"book {desk.book} is not flat {flattening.within_s:g} s after it was to be sold: {flattening.why}"
        draft.alarm(*DEADLINE, text)


def attend_errands(draft: Draft) -> None:
    """Look, where it is time to."""
    desk = draft.desk
    if not any(at <= draft.now for at in waits_until(desk)):
        return
    if desk.flattening is not None:
        con_ids = tuple(each.instrument.con_id for each in holdings(desk.ledger))
        draft.set(flattening=evolve(desk.flattening, errand=_look(draft, con_ids)))
        return
    first = desk.repairing[0]
    it = desk.repairs[first]
    con_ids = tuple(leg.con_id for leg, _ in wanted_legs(desk, it.wanted))
    repair(draft, first, evolve(it, attempts=it.attempts + 1, errand=_look(draft, con_ids)))


def _may_die(ticket: Ticket) -> bool:
    """Its end is near, so it is waited for; one in doubt may take minutes, and its contracts alone are left out."""
    return ticket.kind is not Kind.UNKNOWN


def _look(draft: Draft, con_ids: tuple[int, ...]) -> Errand:
    draft.effects.append(Look(con_ids))
    return Errand(draft.after(draft.parameters.look_s), looking=True)


def _errand(draft: Draft, first: int) -> Errand:
    errand = draft.desk.repairs[first].errand
    return errand if errand is not None else Errand(draft.now)
