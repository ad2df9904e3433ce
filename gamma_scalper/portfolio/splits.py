"""Shares of which there are suddenly two for one, at half the cost."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from gamma_scalper.domain.entries import Replaced
from gamma_scalper.domain.money import Money
from gamma_scalper.portfolio.collar import named
from gamma_scalper.portfolio.explaining import Riddle
from gamma_scalper.portfolio.inference import known_to
from gamma_scalper.portfolio.ledger import average_price, quantity
from gamma_scalper.portfolio.outsiders import owner_of
from gamma_scalper.portfolio.pieces import ONLY_ONE, Kind, Piece, digest
from gamma_scalper.portfolio.records import AccountRecords, Claim

_SIMPLE = 50  # for one, or one for as many; between them whole numbers up to
_SMALL = 5
_OFF = Decimal("0.01")  # of the cost, which counts commissions and older lots otherwise than we do


def split_of(riddle: Riddle, claims: Sequence[Claim], theirs: AccountRecords) -> Piece | None:
    """The one simple ratio that fits both quantity and cost of a book's shares. A person has to say that it is so."""
    stock = riddle.underlying
    owner = owner_of(stock.con_id, claims)
    told = next((each for each in theirs.holdings if each.holding.instrument.con_id == stock.con_id), None)
    if riddle.changes.keys() != {stock.con_id} or owner is None or told is None:
        return None
    before, cost = quantity(owner.ledger, stock.con_id), average_price(owner.ledger, stock.con_id)
    after = told.holding.quantity
    if not before or not cost or told.average_cost <= 0 or any(claim.own(stock.con_id) for claim in claims):
        return None
    ratio = _simple(cost / told.average_cost)
    if ratio is None:
        return None
    exact = before * ratio.numerator / ratio.denominator
    if before * after <= 0 or abs(exact - after) >= 1 or abs(after) > abs(exact):
        return None
    entry = Replaced(
        id=digest("split", owner.book, stock.con_id, before, after, known_to(owner.ledger)),
        before=stock,
        after=stock,
        ratio=Decimal(ratio.numerator) / ratio.denominator,
        cash=None if exact == after else Money(Decimal(0), stock.currency),
        evidence=f"{before} at {cost:.4f} became {after} at {told.average_cost:.4f}",
        accepted_by=ONLY_ONE,
    )
    words = f"{named(stock)} was split, {ratio.numerator} for {ratio.denominator}: {entry.evidence}"
    return Piece(Kind.SPLIT, named(stock), abs(before), {stock.con_id: after - before}, words, ((owner.book, entry),))


def _simple(ratio: Decimal) -> Fraction | None:
    """The simple fraction close to it, other than one."""
    near = Fraction(ratio).limit_denominator(_SIMPLE)
    for most in (1, _SMALL, _SIMPLE):
        near = Fraction(ratio).limit_denominator(most)
        simple = 1 in (near.numerator, near.denominator) or max(near.numerator, near.denominator) <= _SMALL
        if near not in (0, 1) and simple and abs(Fraction(ratio) / near - 1) <= Fraction(_OFF):
            return near
    return None
