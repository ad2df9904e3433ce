"""Every way in which known things, put together, come to exactly what changed in the contracts of one underlying."""

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice, product

from attrs import evolve, frozen

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.portfolio.deliveries import endings
from gamma_scalper.portfolio.inference import Candidate, fills_that_fit, piece
from gamma_scalper.portfolio.ledger import booked
from gamma_scalper.portfolio.outsiders import outside_explanations
from gamma_scalper.portfolio.pieces import Explanation, Kind, minus, moved_by, needless
from gamma_scalper.portfolio.records import AccountRecords, Claim

_ENOUGH = 5  # explanations; a person who has to choose needs no more, and one too many is already not the only one
_MOST = 2_000  # combinations that are tried; beyond that a person sees more than arithmetic does
_NONE = Decimal(0)

Filled = tuple[tuple[Candidate, Decimal], ...]


@frozen
class Riddle:
    """Contracts of one underlying of which the account holds other quantities than the books."""

    contracts: Mapping[int, Stock | Option]  # all of the underlying that anybody knows of
    changes: Mapping[int, Decimal]  # conId -> the account's less the books', those of zero left out
    underlying: Stock


def explanations(
    riddle: Riddle, claims: Sequence[Claim], theirs: AccountRecords, possible: Sequence[Candidate]
) -> list[Explanation]:
    """The different ones, at most a handful; none where nothing known comes to it.

    That somebody exercised long options before their end is thought of last: nobody but us would have, and exercises
    of both legs of a straddle look like its sale.
    """
    mine = [candidate for candidate in possible if riddle.contracts.keys() & candidate.each.keys()]
    for said_so in (False, True):
        found = list(islice(_simple(_all(riddle, claims, theirs, mine, said_so)), _ENOUGH))
        if found:
            return found
    return []


def _simple(found: Iterator[Explanation]) -> Iterator[Explanation]:
    """Without the needless ones; whatever is simpler comes first."""
    kept: list[Explanation] = []
    for explanation in found:
        if not any(needless(explanation, simpler) for simpler in kept):
            kept.append(explanation)
            yield explanation


def _all(
    riddle: Riddle, claims: Sequence[Claim], theirs: AccountRecords, possible: Sequence[Candidate], said_so: bool
) -> Iterator[Explanation]:
    """Options that filled unseen may have ended since, so each of their fills is tried; shares make up the rest."""
    of_shares = [candidate for candidate in possible if candidate.each.keys() == {riddle.underlying.con_id}]
    of_options = [candidate for candidate in possible if candidate not in of_shares]
    outside = [list(outside_explanations(con_id, claims, theirs)) for con_id in sorted(riddle.contracts)]
    tried = [range(int(candidate.least), int(candidate.most) + 1) for candidate in of_options]
    if math.prod(len(each) for each in (*outside, *tried)) > _MOST:
        return
    for traded, quantities in product(product(*outside), product(*tried)):
        by_others = _joined(traded)
        filled = tuple(
            (candidate, Decimal(each)) for candidate, each in zip(of_options, quantities, strict=True) if each
        )
        fills = _pieces(filled, theirs)
        rest = minus(riddle.changes, moved_by((*by_others, *fills)))
        for ended in _ended(riddle, rest, fills, _holding(claims, fills, theirs), theirs, said_so):
            for shares in fills_that_fit(minus(rest, moved_by(ended)), of_shares):
                found = (*by_others, *fills, *ended, *_pieces(shares, theirs))
                if found:
                    yield found


def _ended(
    riddle: Riddle,
    rest: Mapping[int, Decimal],
    fills: Explanation,
    claims: Sequence[Claim],
    theirs: AccountRecords,
    said_so: bool,
) -> Iterator[Explanation]:
    """Every choice of how the options ended that are still missing; none where one of them can't just have ended."""
    ways, unseen = [], moved_by(fills).keys()
    for con_id in sorted(riddle.contracts):
        contract, change = riddle.contracts[con_id], rest.get(con_id, _NONE)
        if isinstance(contract, Option) and change:
            known = said_so and con_id not in unseen  # nobody says so of one he doesn't know he has
            ways.append(list(endings(contract, change, riddle.underlying, claims, theirs, said_so=known)))
    return product(*ways)


def _holding(claims: Sequence[Claim], fills: Explanation, theirs: AccountRecords) -> Sequence[Claim]:
    """The claims as they would be with these fills: what was bought before midnight may have ended since."""
    bookings = [booking for piece in fills if piece.kind is Kind.FILL for booking in piece.bookings]
    if not bookings:
        return claims
    after = []
    for claim in claims:
        ledger = claim.ledger
        for book, entry in bookings:
            ledger = booked(ledger, entry, theirs.at) if book == claim.book else ledger
        after.append(evolve(claim, ledger=ledger))
    return after


def _pieces(filled: Filled, theirs: AccountRecords) -> Explanation:
    return tuple(piece(candidate, quantity, theirs) for candidate, quantity in filled)


def _joined(each: Sequence[Explanation]) -> Explanation:
    return tuple(piece for explanation in each for piece in explanation)
