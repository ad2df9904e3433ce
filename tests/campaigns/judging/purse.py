"""No book spends what another was given: what is held back for living orders was there to be held back."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from theatre import SHARE

from gamma_scalper.domain.entries import Ordered
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Intent, Limit, Purpose, Side
from judging.evidence import Evidence

_ZERO = Decimal(0)


def of_the_purse(evidence: Evidence) -> Iterator[str]:
    """At each order that costs something: all that is reserved and not yet spent, against what the account had."""
    for place, row in evidence.entries(Ordered):
        entry, at = row.entry, evidence.moments[place]
        assert isinstance(entry, Ordered)
        yield from (why for each in entry.intents for why in _too_little(entry, each))
        own = sum((_cost(entry, each) for each in entry.intents), _ZERO)
        if not own:
            continue
        others = sum(_held_back_before(evidence, place, at), _ZERO)
        worth = _worth(evidence, at)
        if own + others > worth:
            name = entry.intents[0].id
            yield f"{name} may cost {own}, {others} is held back for others, and the account has {worth:.2f}"


def _reserved(ordered: Ordered, intent: Intent) -> Decimal:
    return ordered.reserved[ordered.intents.index(intent)].amount


def _at_the_limit(intent: Intent) -> Decimal:
    """What an entry costs at its limit, by the order alone; 0: it has none."""
    if intent.purpose is not Purpose.ENTRY or intent.side is not Side.BUY or not isinstance(intent.pricing, Limit):
        return _ZERO
    return intent.quantity * intent.pricing.price * intent.instrument.multiplier


def _cost(ordered: Ordered, intent: Intent) -> Decimal:
    return max(_reserved(ordered, intent), _at_the_limit(intent))


def _too_little(ordered: Ordered, intent: Intent) -> Iterator[str]:
    reserved, cost = _reserved(ordered, intent), _at_the_limit(intent)
    if reserved < cost:
        yield f"{intent.id} costs {cost} at its limit, and {reserved} was held back for it"


def _held_back_before(evidence: Evidence, place: int, at: datetime) -> Iterator[Decimal]:
    """For orders of any book that lived at the exchange just then, or were on their way there; what filled is spent."""
    for given in evidence.given.values():
        if given.place >= place:
            continue
        reserved = _cost(given.ordered, given.intent)
        if not reserved:
            continue
        ref = str(given.intent.id)
        for order in evidence.orders.get(ref, ()):
            if at < order.placed_at or evidence.alive_at(order, at):
                combo = isinstance(order.ticket.what, tuple)
                done = [each for each in evidence.executions_of.get(ref, ()) if each.at <= at and each.combo is combo]
                filled = sum((each.quantity for each in done), _ZERO) / len(order.ticket.legs)
                yield reserved * (1 - min(filled / given.intent.quantity, Decimal(1)))


def _worth(evidence: Evidence, at: datetime) -> Decimal:
    """Cash and shares: options bought on credit are nothing to a broker."""
    tick = next(iter(evidence.world.truth(SHARE.con_id, at, at)), None)
    middle = to_decimal((tick.bid + tick.ask) / 2) if tick is not None and tick.bid and tick.ask else _ZERO
    return evidence.cash_at(at) + evidence.held_at(at).get(SHARE.con_id, _ZERO) * middle
