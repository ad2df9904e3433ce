"""Orders that build one thing: what was wanted of each leg, what was filled, and whether that is in proportion."""

from collections.abc import Iterable
from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.entries import Ordered
from gamma_scalper.domain.instruments import Combo, Option, Stock, legs_of
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Limit
from gamma_scalper.portfolio.desk_state import Desk, Draft, Errand, Repairing
from gamma_scalper.portfolio.ledger import filled_of
from gamma_scalper.portfolio.repair import legs_in_excess, legs_missing
from gamma_scalper.portfolio.tickets import NONE, Ticket


def decided_prices(entry: Ordered) -> tuple[tuple[int, Decimal], ...]:
    """By conId: the limit of a leg that is ordered alone, else the middle of the quote it was decided on."""
    prices = {quote.con_id: to_decimal(quote.mid) for quote in entry.quotes if quote.usable}
    for intent in entry.intents:
        if isinstance(intent.pricing, Limit) and not isinstance(intent.instrument, Combo):
            prices[intent.instrument.con_id] = intent.pricing.price
    return tuple(sorted(prices.items()))


def wanted_legs(desk: Desk, numbers: Iterable[int]) -> list[tuple[Stock | Option, Decimal]]:
    """Signed, by conId, each contract once."""
    instruments: dict[int, Stock | Option] = {}
    amounts: dict[int, Decimal] = {}
    for number in numbers:
        intent = desk.orders[number].order.intent
        for leg in legs_of(intent.instrument):
            con_id = leg.instrument.con_id
            instruments[con_id] = leg.instrument
            amounts[con_id] = amounts.get(con_id, NONE) + intent.side.sign * leg.ratio * intent.quantity
    return [(instruments[con_id], amounts[con_id]) for con_id in sorted(amounts) if amounts[con_id]]


def filled_legs(desk: Desk, numbers: Iterable[int]) -> dict[int, Decimal]:
    """Signed, by conId, of all these orders together."""
    filled: dict[int, Decimal] = {}
    for number in numbers:
        executed = filled_of(desk.ledger, desk.orders[number].order.intent.id)
        for con_id in sorted(executed):
            filled[con_id] = filled.get(con_id, NONE) + executed[con_id]
    return filled


def seek_imbalance(draft: Draft, ticket: Ticket) -> None:
    """Once all orders of a structure are dead its legs are compared; out of proportion, it is to be repaired."""
    terms = ticket.terms
    legs = terms.together and terms.structure and len(terms.numbers) > 1
    if not (terms.mends or legs or isinstance(ticket.order.intent.instrument, Combo)):
        return
    first = terms.mends or (terms.numbers[0] if legs else ticket.number)
    found = draft.desk.repairs.get(first)
    if found is None:
        numbers = terms.numbers if legs else (ticket.number,)
        structure = terms.structure or f"combo {ticket.order.intent.id}"
        found = Repairing(structure=structure, numbers=numbers, wanted=numbers, attempts=0, errand=None)
    if any(draft.desk.orders[number].alive for number in found.numbers):
        return
    wanted, filled = wanted_legs(draft.desk, found.wanted), filled_legs(draft.desk, found.numbers)
    uneven = bool(wanted) and bool(legs_missing(wanted, filled) or legs_in_excess(wanted, filled))
    if uneven and draft.desk.flattening is None:
        repair(draft, first, evolve(found, errand=Errand(next_at=draft.now)))
    elif found.errand is not None:
        settle(draft, first, found)


def repair(draft: Draft, first: int, it: Repairing) -> None:
    """Where this repair stands now."""
    repairing = tuple(sorted({*draft.desk.repairing, first}))
    draft.set(repairs=draft.desk.repairs.set(first, it), repairing=repairing)


def settle(draft: Draft, first: int, it: Repairing) -> None:
    """Nothing is done about this structure any more, whatever the reason."""
    left = tuple(each for each in draft.desk.repairing if each != first)
    draft.set(repairs=draft.desk.repairs.set(first, evolve(it, errand=None)), repairing=left)
    draft.quiet(0)
