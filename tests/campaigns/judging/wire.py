"""What reached the exchange is what was written down: contract, side, quantity and price."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from staging.plan import OUTAGES

from gamma_scalper.domain.entries import AmendAsked, AmendFailed
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Pricing
from gamma_scalper.domain.ports import OrderReport
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.orders import Order
from judging.evidence import Evidence

_ARRIVES = timedelta(seconds=5)
_REFUSED = 201


def of_the_wire(evidence: Evidence) -> Iterator[str]:
    """Whatever an order is by the end of the session, it is one of what was asked for."""
    prices = _prices(evidence)
    altered = evidence.struck(Kind.PRESET_CHANGE)  # by the broker; each order so taken is another one
    for ref, orders in evidence.orders.items():
        given = evidence.given.get(IntentId.parse(ref) or IntentId("nobody", 1))
        if given is None:
            continue  # said already
        for order in orders:
            wrong = list(_differing(given.intent, order, prices[ref]))
            if wrong and altered:
                altered -= 1
            else:
                yield from (f"{ref} reached the exchange with {each}" for each in wrong)
        if len(orders) == 1:
            yield from _amended(evidence, ref, orders[0])


def _amended(evidence: Evidence, ref: str, order: Order) -> Iterator[str]:
    """Where it lived for some time after its last amendment, with a broker to be reached, it has that price."""
    asked = [place for place, row in evidence.entries(AmendAsked) if str(row.entry.intent) == ref]
    if not asked or any(each.kind in OUTAGES for each in evidence.plan.troubles):
        return
    failed = any(_is_refusal(row.entry, ref) for row in evidence.rows[asked[0] :])
    last = evidence.rows[asked[-1]].entry
    lived = evidence.alive_at(order, evidence.moments[asked[-1]] + _ARRIVES)
    if lived and not failed and order.ticket.limit != _limit(last.pricing):
        yield f"{ref} was amended to {_limit(last.pricing)}, and works at {order.ticket.limit}"


def _is_refusal(entry: object, ref: str) -> bool:
    """Of an amendment: the order stands as it stood."""
    if isinstance(entry, AmendFailed):
        return str(entry.intent) == ref
    return isinstance(entry, OrderReport) and entry.order_ref == ref and entry.code == _REFUSED


def _prices(evidence: Evidence) -> defaultdict[str, set[Decimal | None]]:
    """orderRef -> every limit that was asked for, None: at the market."""
    found: defaultdict[str, set[Decimal | None]] = defaultdict(set)
    for id, given in evidence.given.items():
        found[str(id)].add(_limit(given.intent.pricing))
    for _, row in evidence.entries(AmendAsked):
        assert isinstance(row.entry, AmendAsked)
        found[str(row.entry.intent)].add(_limit(row.entry.pricing))
    return found


def _limit(pricing: Pricing) -> Decimal | None:
    return pricing.price if isinstance(pricing, Limit) else None


def _differing(intent: Intent, order: Order, prices: set[Decimal | None]) -> Iterator[str]:
    ticket = order.ticket
    wanted = {leg.instrument.con_id: leg.ratio for leg in legs_of(intent.instrument)}
    if {leg.con_id: leg.ratio for leg in ticket.legs} != wanted:
        yield f"the contracts {ticket.legs}, and {wanted} was written down"
    if ticket.side is not intent.side:
        yield f"the side {ticket.side}, and {intent.side} was written down"
    if ticket.quantity != intent.quantity:
        yield f"the quantity {ticket.quantity}, and {intent.quantity} was written down"
    if ticket.limit not in prices:
        yield f"the limit {ticket.limit}, and {sorted(map(str, prices))} was written down"
