"""Fills the broker no longer tells: which of our orders may have filled, how far, and at what price.

Executions are told since midnight. An order that was taken down before may have filled before; one taken down since
can't have without being told, unless its execution is about to be.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal

from attrs import field, frozen

from gamma_scalper.domain.fills import InferredFill
from gamma_scalper.domain.instruments import Option, Stock, legs_of
from gamma_scalper.domain.orders import Intent, Journaled, Limit, Order, Planned, Side
from gamma_scalper.domain.ports import OrderReport
from gamma_scalper.portfolio.ledger import Ledger, average_price, filled_of, quantity
from gamma_scalper.portfolio.pieces import ONLY_ONE, Booking, Kind, Piece, digest
from gamma_scalper.portfolio.records import AccountRecords, Claim

_NONE = Decimal(0)
_BELIEVABLE = Decimal("0.1")  # an average cost may be off by older lots; further from the limit it tells nothing
_PRICE_STEP = Decimal("0.0001")


@frozen
class Candidate:
    """An order that may have filled between `least` and `most` more of its quantity, unseen."""

    claim: Claim
    intent: Intent
    least: Decimal
    most: Decimal
    to_come: bool  # executions of it would still be told
    evidence: str
    each: Mapping[int, Decimal] = field(init=False)  # conId -> signed change per unit of the order's quantity

    @each.default
    def _each(self) -> Mapping[int, Decimal]:
        return {
            leg.instrument.con_id: Decimal(self.intent.side.sign * leg.ratio) for leg in legs_of(self.intent.instrument)
        }


def candidates(claims: Sequence[Claim], theirs: AccountRecords) -> list[Candidate]:
    """All orders that may have filled unseen, by book and number."""
    found = [
        candidate
        for claim in claims
        for order in (*claim.orders, *claim.given_up)
        if (candidate := _candidate(claim, order, theirs)) is not None
    ]
    return sorted(found, key=lambda candidate: candidate.intent.id)


def _candidate(claim: Claim, order: Order, theirs: AccountRecords) -> Candidate | None:
    intent = order.intent
    if isinstance(order.state, Planned | Journaled):
        return None
    known = _executed(claim.ledger, intent)
    rest = intent.quantity - known
    told = _told(theirs, str(intent.id))
    taken_down = claim.taken_down.get(intent.id.number)
    if taken_down is not None and taken_down >= theirs.executions_since:
        if not order.alive:
            return None
        least, most, to_come, evidence = _NONE, rest, True, "its execution would be told"
    elif told is not None:
        least = most = min(max(told.filled - known, _NONE), rest)
        to_come, evidence = False, f"the broker's record of it says {told.filled} filled"
    else:
        least, most, to_come, evidence = _NONE, rest, False, "no record of the broker's tells its end"
    return Candidate(claim, intent, least, most, to_come, evidence) if most > 0 else None


def _executed(ledger: Ledger, intent: Intent) -> Decimal:
    """Of the order's quantity, as far as every leg is executed."""
    done = filled_of(ledger, intent.id)
    sign = intent.side.sign
    units = [done.get(leg.instrument.con_id, _NONE) * sign // leg.ratio for leg in legs_of(intent.instrument)]
    return max(min(units), _NONE)


def _told(theirs: AccountRecords, order_ref: str) -> OrderReport | None:
    """The most that any record of this order says was filled."""
    named = [each for each in (*theirs.open_orders, *(theirs.completed or ())) if each.order_ref == order_ref]
    return max(named, key=lambda report: report.filled, default=None)


# -- how far each filled -----------------------------------------------------------------------------------------------


def fills_that_fit(
    changes: Mapping[int, Decimal], possible: Sequence[Candidate]
) -> Iterator[tuple[tuple[Candidate, Decimal], ...]]:
    """Every way in which these orders may have filled so that exactly these changes came of it."""
    if not possible:
        if not any(changes.values()):
            yield ()
        return
    first, rest = possible[0], possible[1:]
    for filled in _range(first, changes, rest):
        left = dict(changes)
        for con_id, each in first.each.items():
            left[con_id] = left.get(con_id, _NONE) - each * filled
        for others in fills_that_fit(left, rest):
            yield (((first, filled), *others) if filled else others)


def _range(first: Candidate, changes: Mapping[int, Decimal], rest: Sequence[Candidate]) -> Iterator[Decimal]:
    """Quantities after which the other candidates could still explain what is left, the smallest first."""
    low, high = first.least, first.most
    for con_id, each in first.each.items():
        lowest = highest = changes.get(con_id, _NONE)  # what this one may account for
        for other in rest:
            moved = [other.each.get(con_id, _NONE) * filled for filled in (other.least, other.most)]
            lowest, highest = lowest - max(moved), highest - min(moved)
        bounds = sorted((lowest / each, highest / each))
        low, high = max(low, bounds[0]), min(high, bounds[1])
    filled = low.to_integral_value(ROUND_CEILING)
    while filled <= high:
        yield filled
        filled += 1


# -- what would be booked ----------------------------------------------------------------------------------------------


def piece(candidate: Candidate, filled: Decimal, theirs: AccountRecords) -> Piece:
    """So much of this order filled unseen."""
    intent = candidate.intent
    moved = {con_id: each * filled for con_id, each in candidate.each.items()}
    bookings: list[Booking] = [
        (candidate.claim.book, _inferred(candidate, leg.instrument, moved[leg.instrument.con_id], theirs))
        for leg in legs_of(intent.instrument)
    ]
    words = f"order {intent.id} ({intent.side.value} {intent.quantity}) filled {filled} unseen; {candidate.evidence}"
    kind = Kind.TO_COME if candidate.to_come else Kind.FILL
    return Piece(kind, str(intent.id), filled, moved, words, tuple(bookings))


def _inferred(
    candidate: Candidate, instrument: Stock | Option, change: Decimal, theirs: AccountRecords
) -> InferredFill:
    ledger, intent = candidate.claim.ledger, candidate.intent
    price = price_of(candidate, instrument, change, theirs)
    before = quantity(ledger, instrument.con_id)
    return InferredFill(
        id=digest("fill", intent.id, instrument.con_id, change, before, known_to(ledger)),
        intent=intent.id,
        account=theirs.account,
        instrument=instrument,
        side=Side.BUY if change > 0 else Side.SELL,
        quantity=abs(change),
        price=price,
        concluded_at=theirs.at,
        evidence=f"the account holds {change:+} of {instrument.con_id}; {candidate.evidence}",
        accepted_by=ONLY_ONE,
    )


def known_to(ledger: Ledger) -> int:
    """Grows with all that is booked, so that the same conclusion drawn later has another name."""
    return len(ledger.fills) + len(ledger.inferences) + len(ledger.events) + ledger.closed.entries


def price_of(candidate: Candidate, instrument: Stock | Option, change: Decimal, theirs: AccountRecords) -> Decimal:
    """Per share: what makes the old average cost into the broker's new one, if that is believable; else the limit."""
    implied = _implied_price(candidate.claim, instrument, change, theirs)
    pricing = candidate.intent.pricing
    limit = pricing.price if isinstance(pricing, Limit) and len(legs_of(candidate.intent.instrument)) == 1 else None
    if limit is not None:
        return implied if implied is not None and abs(implied - limit) <= limit * _BELIEVABLE else limit
    return implied or average_price(candidate.claim.ledger, instrument.con_id) or _told_price(instrument, theirs)


def _told_price(instrument: Stock | Option, theirs: AccountRecords) -> Decimal:
    """What the account's holding cost on average, per share."""
    told = (each for each in theirs.holdings if each.holding.instrument.con_id == instrument.con_id)
    return next((max(each.average_cost, _NONE) / instrument.multiplier for each in told), _NONE)


def _implied_price(claim: Claim, instrument: Stock | Option, change: Decimal, theirs: AccountRecords) -> Decimal | None:
    """None where cost tells nothing: of what was closed, or beside holdings that are not this book's."""
    told = next((each for each in theirs.holdings if each.holding.instrument.con_id == instrument.con_id), None)
    before = quantity(claim.ledger, instrument.con_id)
    after = before + change
    if told is None or told.holding.quantity != after or after * change <= 0:
        return None
    cost = told.average_cost / instrument.multiplier
    if before * change > 0:
        cost = (cost * after - (average_price(claim.ledger, instrument.con_id) or _NONE) * before) / change
    return cost.quantize(_PRICE_STEP) if cost > 0 else None
