"""No order is sent twice, none outlives what the journal says of it, and each dies by itself."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from gamma_scalper.domain.entries import AmendAsked, Dispatched, NotSent, Ordered
from gamma_scalper.domain.fills import execution_key
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import IntentId, Purpose
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import TimeInForce
from judging.evidence import Evidence, Given

_ASKED_AGAIN = timedelta(seconds=30)  # for the server's time
_WHOLE_SECONDS = timedelta(seconds=1)  # in which the server tells its time, and takes an order's end
SLACK = timedelta(seconds=1)  # between an order's being written down and its arrival
_SAYS_DEAD = (Standing.FILLED, Standing.CANCELLED, Standing.REJECTED)


def of_the_sending(evidence: Evidence) -> Iterator[str]:
    """Written down, then sent, once."""
    ordered: set[IntentId] = set()
    sent: Counter[IntentId] = Counter()
    kept: set[IntentId] = set()
    for row in evidence.rows:
        match row.entry:
            case Ordered(intents=wanted):
                yield from (f"{each.id} was ordered twice" for each in wanted if each.id in ordered)
                ordered |= {each.id for each in wanted}
            case Dispatched(intent=intent):
                sent[intent] += 1
                if intent not in ordered:
                    yield f"{intent} was sent before it was written down"
            case NotSent(intent=intent):
                kept.add(intent)
    yield from (f"{intent} was sent {times} times" for intent, times in sorted(sent.items()) if times > 1)
    yield from (f"{intent} was sent, and written down as not sent" for intent in sorted(kept & sent.keys()))
    doubled = evidence.struck(Kind.SECOND_PERM_ID)
    for ref, orders in evidence.orders.items():
        parsed = IntentId.parse(ref)
        if parsed is None or parsed not in ordered:
            yield f"the exchange has {ref}, which nobody wrote down"
        elif parsed in kept:
            yield f"the exchange has {ref}, which is written down as not sent"
        if len(orders) > 1:
            doubled -= 1
            if doubled < 0 or not _amended(evidence, parsed):
                yield f"the exchange has {ref} {len(orders)} times"


def _amended(evidence: Evidence, intent: IntentId | None) -> bool:
    return any(isinstance(row.entry, AmendAsked) and row.entry.intent == intent for row in evidence.rows)


def of_their_ends(evidence: Evidence) -> Iterator[str]:
    """Nothing lives at the very end, and nothing could have lived for long without us."""
    for order in evidence.world.engine.open_orders():
        if order.ticket.order_ref:
            yield f"{order.ticket.order_ref} is alive at the very end"
    altered = evidence.struck(Kind.PRESET_CHANGE)  # by the broker
    for ref, orders in evidence.orders.items():
        given = _given(evidence, ref)
        if given is None:
            continue
        longest = timedelta(seconds=2 * given.ordered.patience_s) + SLACK + _WHOLE_SECONDS
        for why in (each for order in orders for each in _mortal(evidence, ref, order, longest)):
            altered -= 1
            if altered < 0:
                yield why


def _mortal(evidence: Evidence, ref: str, order: Order, longest: timedelta) -> Iterator[str]:
    """A clock that is ahead, ours or the server's by which we reckon, sets the end forward with it."""
    ticket = order.ticket
    if ticket.tif is TimeInForce.IOC:
        return
    ahead = evidence.ahead_at(order.placed_at) + _fast(evidence, order.placed_at)
    if ticket.tif is not TimeInForce.GTD or ticket.good_till is None:
        yield f"{ref} would outlive us: {ticket.tif}"
    elif ticket.good_till - order.placed_at > longest + ahead:
        yield f"{ref} would outlive us by {ticket.good_till - order.placed_at}, and {longest + ahead} is the most"


def _fast(evidence: Evidence, at: datetime) -> timedelta:
    """By how much the server's clock was ahead, or was so when it was last asked."""
    skews = (fault for fault in evidence.plan.faults() if fault.kind is Kind.CLOCK_SKEW)
    by = (fault.amount for fault in skews if fault.at <= at <= fault.ends + _ASKED_AGAIN)
    return timedelta(seconds=max(0.0, *by, 0.0))


def of_what_was_told(evidence: Evidence) -> Iterator[str]:
    """Whom the journal hears to be dead is dead, all of its orders at the exchange."""
    for place, row in evidence.entries(OrderReport):
        report = row.entry
        if not isinstance(report, OrderReport) or report.standing not in _SAYS_DEAD:
            continue
        at = evidence.moments[place]
        for order in evidence.orders.get(report.order_ref, ()):
            if report.perm_id in (0, order.perm_id) and evidence.alive_at(order, at):
                yield f"{report.order_ref} was taken for {report.standing.value} ({report.code}), and was alive"


def of_one_thing_at_a_time(evidence: Evidence) -> Iterator[str]:
    """Nothing is ordered while an order of the book may still fill, or has filled without the journal's knowing.

    What flattens looks at its own contracts alone.
    """
    for place, row in evidence.entries(Ordered):
        entry, at = row.entry, evidence.moments[place]
        assert isinstance(entry, Ordered)
        flattens = entry.intents[0].purpose is Purpose.FLATTEN
        traded = {leg.instrument.con_id for each in entry.intents for leg in legs_of(each.instrument)}
        for ref, given in evidence.earlier(row.book, place):
            if flattens and not traded & {leg.instrument.con_id for leg in legs_of(given.intent.instrument)}:
                continue
            for order in evidence.orders.get(ref, ()):
                if evidence.may_fill(order, at):
                    yield f"{entry.intents[0].id} was ordered while {ref} was alive at the exchange"
            for quantity in _unknown(evidence, ref, place, traded if flattens else None):
                yield f"{entry.intents[0].id} was ordered while the journal did not know of {quantity} of {ref}"


def _unknown(evidence: Evidence, ref: str, place: int, traded: set[int] | None) -> Iterator[Decimal]:
    """What had been executed of an order before that row, and was neither told nor concluded."""
    if evidence.inferred.get(ref, place) < place:
        return
    for executed in evidence.executions_of.get(ref, ()):
        told = evidence.filled.get(execution_key(executed.exec_id), place) < place
        concerned = traded is None or executed.con_id in traded
        if concerned and not told and executed.at < evidence.moments[place]:
            yield executed.quantity


def _given(evidence: Evidence, ref: str) -> Given | None:
    intent = IntentId.parse(ref)
    return None if intent is None else evidence.given.get(intent)
