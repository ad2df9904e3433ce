"""Trades in the account that no order of ours made: by hand, or by the broker itself."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from gamma_scalper.domain.entries import TakenOver
from gamma_scalper.domain.fills import Fill
from gamma_scalper.portfolio.collar import named
from gamma_scalper.portfolio.ledger import quantity
from gamma_scalper.portfolio.pieces import ONLY_ONE, Explanation, Kind, Piece
from gamma_scalper.portfolio.records import AccountRecords, Claim

_LIQUIDATED = 2148
_BESIDE = timedelta(seconds=60)  # between the notice of a liquidation and its execution
_NEWEST = 20  # as many are told apart, older ones only count with all


def outside_trades(con_id: int, claims: Sequence[Claim], theirs: AccountRecords) -> list[Fill]:
    """Of one contract, in order of time, as last corrected, without those that were taken into a book already."""
    ours = {claim.book for claim in claims}
    newest: dict[str, Fill] = {}
    for fill in sorted(theirs.executions, key=lambda fill: (fill.key, fill.exec_id)):
        foreign = fill.intent is None or fill.intent.book not in ours
        if foreign and fill.account == theirs.account and fill.instrument.con_id == con_id:
            newest[fill.key] = fill
    unsettled = [fill for fill in newest.values() if all(_name(fill) not in claim.ledger.events for claim in claims)]
    return sorted(unsettled, key=lambda fill: (fill.at, fill.exec_id))


def outside_explanations(con_id: int, claims: Sequence[Claim], theirs: AccountRecords) -> Iterator[Explanation]:
    """None of these trades, the newest, the newest two, and so on: what came before may have been settled before."""
    trades = outside_trades(con_id, claims, theirs)
    owner = owner_of(con_id, claims)
    seen = set()
    for count in sorted({*range(min(len(trades), _NEWEST) + 1), len(trades)}):
        some = trades[len(trades) - count :]
        total = sum((fill.signed_quantity for fill in some), Decimal(0))
        if total not in seen:
            seen.add(total)
            alike = groupby(some, lambda fill: _liquidated(fill, theirs))
            yield tuple(_piece(list(fills), forced, owner, claims) for forced, fills in alike)


def owner_of(con_id: int, claims: Sequence[Claim]) -> Claim | None:
    """The one book that holds this contract, or is alone at all; None where it is not clear."""
    holders = [claim for claim in claims if quantity(claim.ledger, con_id)]
    if len(holders) == 1 or (not holders and len(claims) == 1):
        return (holders or list(claims))[0]
    return None


def taken_over(fill: Fill, why: str, by: str) -> TakenOver:
    """The entry by which a book takes this trade as its own."""
    return TakenOver(
        id=_name(fill),
        instrument=fill.instrument,
        quantity=fill.signed_quantity,
        price=fill.price,
        why=why,
        accepted_by=by,
    )


def _name(fill: Fill) -> str:
    return f"execution {fill.key}"


def _liquidated(fill: Fill, theirs: AccountRecords) -> bool:
    return any(
        notice.code == _LIQUIDATED
        and notice.con_id == fill.instrument.con_id
        and abs(notice.at - fill.at) <= _BESIDE
        and fill.intent is None
        for notice in theirs.notices
    )


def _piece(fills: Sequence[Fill], forced: bool, owner: Claim | None, claims: Sequence[Claim]) -> Piece:
    """The broker may only have liquidated what one book holds; anything else is for a person to place."""
    instrument = fills[0].instrument
    con_id = instrument.con_id
    total = sum((fill.signed_quantity for fill in fills), Decimal(0))
    held = quantity(owner.ledger, con_id) if owner is not None else Decimal(0)
    shrinks = held * total < 0 and abs(total) <= abs(held) and not any(claim.own(con_id) for claim in claims)
    prices = ", ".join(f"{fill.signed_quantity:+} at {fill.price}" for fill in fills)
    kind, what = (Kind.LIQUIDATION, "liquidated by the broker") if forced else (Kind.MANUAL, "traded without our order")
    if not shrinks:
        kind = Kind.MANUAL
    bookings = [] if owner is None else [(owner.book, taken_over(fill, what, ONLY_ONE)) for fill in fills]
    trades = ", ".join(fill.key for fill in fills)
    return Piece(kind, trades, abs(total), {con_id: total}, f"{named(instrument)} {what}: {prices}", tuple(bookings))
