"""Every way in which known things, put together, come to exactly what changed in the contracts of one underlying."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice, product

from attrs import frozen

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.portfolio.deliveries import endings
from gamma_scalper.portfolio.inference import Candidate, fills_that_fit, piece
from gamma_scalper.portfolio.outsiders import outside_explanations
from gamma_scalper.portfolio.pieces import Explanation, minus, moved_by
from gamma_scalper.portfolio.records import AccountRecords, Claim

_ENOUGH = 5  # explanations; a person who has to choose needs no more, and one too many is already not the only one


@frozen
class Riddle:
    """Contracts of one underlying of which the account holds other quantities than the books."""

    contracts: Mapping[int, Stock | Option]  # all of the underlying that anybody knows of
    changes: Mapping[int, Decimal]  # conId -> the account's less the books', those of zero left out
    underlying: Stock


def explanations(
    riddle: Riddle, claims: Sequence[Claim], theirs: AccountRecords, possible: Sequence[Candidate]
) -> list[Explanation]:
    """The different ones, at most a handful; none where nothing known comes to it."""
    mine = [candidate for candidate in possible if riddle.contracts.keys() & candidate.each.keys()]
    return list(islice(_all(riddle, claims, theirs, mine), _ENOUGH))


def _all(
    riddle: Riddle, claims: Sequence[Claim], theirs: AccountRecords, possible: Sequence[Candidate]
) -> Iterator[Explanation]:
    outside = [list(outside_explanations(con_id, claims, theirs)) for con_id in sorted(riddle.contracts)]
    for traded in product(*outside):
        by_others: Explanation = tuple(each for pieces in traded for each in pieces)
        rest = minus(riddle.changes, moved_by(by_others))
        for ended in _ended(riddle, rest, claims, theirs):
            for filled in fills_that_fit(minus(rest, moved_by(ended)), possible):
                fills = tuple(piece(candidate, quantity, theirs) for candidate, quantity in filled)
                if fills or ended or by_others:
                    yield (*by_others, *ended, *fills)


def _ended(
    riddle: Riddle, rest: Mapping[int, Decimal], claims: Sequence[Claim], theirs: AccountRecords
) -> Iterator[Explanation]:
    """Every choice of how each option that is missing ended, by itself or not."""
    choices: list[list[Explanation]] = []
    for con_id in sorted(riddle.contracts):
        contract, change = riddle.contracts[con_id], rest.get(con_id, Decimal(0))
        if isinstance(contract, Option) and change:
            ways = endings(contract, change, riddle.underlying, claims, theirs)
            choices.append([(), *((way,) for way in ways)])
    for chosen in product(*choices):
        yield tuple(each for pieces in chosen for each in pieces)
