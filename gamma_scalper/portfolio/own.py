"""The user's own holdings, which no book touches: what trades by hand make of them."""

from collections.abc import Sequence
from decimal import Decimal

from gamma_scalper.domain.entries import BaselineDeclared
from gamma_scalper.domain.instruments import Option, Stock, legs_of
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.ledger import quantity
from gamma_scalper.portfolio.pieces import Piece
from gamma_scalper.portfolio.records import Claim


def baseline_after(piece: Piece, claims: Sequence[Claim]) -> tuple[str, BaselineDeclared] | None:
    """The baseline as a trade of the user's left it; None where it may as well concern a book, or turned it round."""
    ((con_id, change),) = piece.moved.items()
    if any(quantity(claim.ledger, con_id) or _orders(claim, con_id) for claim in claims):
        return None
    owning = [claim for claim in claims if claim.own(con_id)]
    if len(owning) != 1 or owning[0].own(con_id) * (owning[0].own(con_id) + change) < 0:
        return None
    instrument = next(held.instrument for held in owning[0].baseline if held.instrument.con_id == con_id)
    return owning[0].book, changed(owning[0], instrument, change)


def changed(claim: Claim, instrument: Stock | Option, change: Decimal) -> BaselineDeclared:
    """The book's baseline with so much more of a contract."""
    others = [held for held in claim.baseline if held.instrument.con_id != instrument.con_id]
    now = claim.own(instrument.con_id) + change
    mine = [Holding(instrument, now)] if now else []
    return BaselineDeclared(sorted([*others, *mine], key=lambda held: held.instrument.con_id))


def _orders(claim: Claim, con_id: int) -> bool:
    return any(leg.instrument.con_id == con_id for order in claim.orders for leg in legs_of(order.intent.instrument))
