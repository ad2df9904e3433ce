"""Orders of which only one side knows."""

from collections.abc import Sequence

from attrs import field, frozen

from gamma_scalper.domain.checks import not_empty
from gamma_scalper.domain.orders import IntentId, PartlyFilled, Sent, Working
from gamma_scalper.portfolio.records import AccountRecords, Claim


@frozen
class Orphan:
    """Seen once it may be two messages crossing; seen again it is true."""

    intent: IntentId
    alive_there: bool  # or else here
    why: str = field(validator=not_empty)


def orphans(claims: Sequence[Claim], theirs: AccountRecords) -> tuple[Orphan, ...]:
    """Open there by a name of ours and unknown or dead here; alive here and in no record there. By intent."""
    by_book = {claim.book: claim for claim in claims}
    open_there = {report.order_ref for report in theirs.open_orders}
    named_there = open_there | {report.order_ref for report in theirs.completed or ()}
    found = []
    for order_ref in sorted(open_there):
        intent = IntentId.parse(order_ref)
        if intent is None:
            continue
        claim = by_book.get(intent.book)
        if claim is None:
            found.append(Orphan(intent, True, f"{intent} is open at the broker, and no book {intent.book} is running"))
        elif intent.number > claim.last_number:
            found.append(Orphan(intent, True, f"{intent} is open at the broker, and the book never gave it"))
        elif all(order.intent.id != intent for order in claim.orders):
            found.append(Orphan(intent, True, f"{intent} is open at the broker and dead in the book"))
    for claim in claims:
        for order in claim.orders:
            sent_before = claim.taken_down.get(order.intent.id.number, theirs.at) < theirs.at
            works = isinstance(order.state, Sent | Working | PartlyFilled)
            if works and sent_before and str(order.intent.id) not in named_there:
                found.append(
                    Orphan(order.intent.id, False, f"{order.intent.id} works in the book, the broker has none")
                )
    return tuple(sorted(found, key=lambda orphan: (orphan.intent, orphan.alive_there)))
