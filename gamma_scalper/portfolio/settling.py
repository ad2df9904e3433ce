"""What a person says of a difference, as entries."""

from decimal import Decimal, InvalidOperation

from attrs import evolve, frozen

from gamma_scalper.domain.entries import Accepted, BaselineDeclared, Delivered, Difference, Lapsed, Replaced, TakenOver
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.fills import InferredFill
from gamma_scalper.domain.instruments import Option
from gamma_scalper.portfolio.inference import known_to
from gamma_scalper.portfolio.ledger import average_price, quantity
from gamma_scalper.portfolio.outsiders import outside_trades, taken_over
from gamma_scalper.portfolio.own import changed
from gamma_scalper.portfolio.pieces import Booking, Explanation, digest
from gamma_scalper.portfolio.reconcile import Reconciliation
from gamma_scalper.portfolio.records import Claim

_NONE = Decimal(0)
_WAYS = "the number of an explanation, book:NAME, manual, baseline:NAME or settled:PRICE"


@frozen(kw_only=True)
class Settlement:
    """What is booked for it, and that a person said so."""

    bookings: tuple[Booking, ...] = ()
    baselines: tuple[tuple[str, BaselineDeclared], ...] = ()
    accepted: Accepted
    settles: frozenset[int]  # conIds: one explanation may be of several differences

    def leaves(self, reconciliation: Reconciliation) -> Reconciliation:
        """What a person still has to say, so that the next word stands on this one."""
        declared = dict(self.baselines)
        return evolve(
            reconciliation,
            unexplained=tuple(
                each for each in reconciliation.unexplained if each.instrument.con_id not in self.settles
            ),
            claims=tuple(
                evolve(claim, baseline=declared[claim.book].holdings) if claim.book in declared else claim
                for claim in reconciliation.claims
            ),
        )


def settle(reconciliation: Reconciliation, id: str, how: str, by: str) -> Settlement:
    """Take a difference as `how` says. What can't be meant is refused in words, and nothing is booked."""
    differences = {difference.id: difference for difference in reconciliation.unexplained}
    if id not in differences:
        known = ", ".join(sorted(differences)) or "none"
        raise UserError(f"there is no difference {id}; open are: {known}; see `uv run main.py reconcile`")
    difference, accepted = differences[id], Accepted(difference=id, by=by, how=how)
    settles = frozenset((difference.instrument.con_id,))
    way, _, whose = how.partition(":")
    if way.isascii() and way.isdecimal() and not whose:
        pieces = _explained(reconciliation, difference, int(way))
        bookings = tuple(_accepted(booking, by) for piece in pieces for booking in piece.bookings)
        settles = settles.union(*(piece.moved for piece in pieces))
        return Settlement(bookings=bookings, accepted=accepted, settles=settles)
    if way == "baseline":
        claim = _claim(reconciliation, whose or _owning(reconciliation, difference))
        declared = changed(claim, difference.instrument, difference.theirs - difference.ours)
        return Settlement(baselines=((claim.book, declared),), accepted=accepted, settles=settles)
    if way == "manual" and not whose:
        claim = _claim(reconciliation, difference.book)
        _must_hold(claim, difference)
        bookings = _into_book(reconciliation, difference, claim, "manual trade", by)
    elif way == "book" and whose:
        bookings = _into_book(reconciliation, difference, _claim(reconciliation, whose), "adopted", by)
    elif way == "settled" and whose:
        bookings = _in_cash(reconciliation, difference, whose, by)
    else:
        raise UserError(f"a difference can't be taken as {how!r}; allowed: {_WAYS}")
    return Settlement(bookings=bookings, accepted=accepted, settles=settles)


def _claim(reconciliation: Reconciliation, book: str) -> Claim:
    books = {claim.book: claim for claim in reconciliation.claims}
    if book not in books:
        raise UserError(f"say whose it is: there is no book {book!r} here; allowed: {', '.join(sorted(books))}")
    return books[book]


def _must_hold(claim: Claim, difference: Difference) -> None:
    """A book that holds none of it would be left with a position that is not there, and trade on it."""
    held, change = quantity(claim.ledger, difference.instrument.con_id), difference.theirs - difference.ours
    if not held or held * (held + change) < 0:
        raise UserError(
            f"book {claim.book} holds {held:+} of it, so {change:+} can't be a trade in its position; "
            f"say book:{claim.book} if the book is to have it, or baseline:{claim.book} if it is yours"
        )


def _owning(reconciliation: Reconciliation, difference: Difference) -> str:
    """The book that declared some of it the user's own, or that is alone."""
    claims = reconciliation.claims
    owning = [claim for claim in claims if claim.own(difference.instrument.con_id)] or list(claims)
    return owning[0].book if len(owning) == 1 else ""


def _explained(reconciliation: Reconciliation, difference: Difference, number: int) -> Explanation:
    found = reconciliation.found[difference.id]
    if not 1 <= number <= len(found):
        raise UserError(f"difference {difference.id} has {len(found)} explanations, not a number {number}")
    if not all(piece.bookings for piece in found[number - 1]):
        raise UserError(f"explanation {number} leaves open whose it is; say book:NAME or baseline:NAME")
    return found[number - 1]


def _accepted(booking: Booking, by: str) -> Booking:
    book, entry = booking
    if isinstance(entry, InferredFill | Delivered | Lapsed | Replaced | TakenOver):
        return book, evolve(entry, accepted_by=by)
    return booking


def _into_book(
    reconciliation: Reconciliation, difference: Difference, claim: Claim, why: str, by: str
) -> tuple[Booking, ...]:
    """Trade by trade where the broker tells them, so that each is known by its name; otherwise in one sum."""
    con_id, change = difference.instrument.con_id, difference.theirs - difference.ours
    trades = outside_trades(con_id, reconciliation.claims, reconciliation.theirs)
    for count in range(1, len(trades) + 1):
        newest = trades[-count:]
        if sum((fill.signed_quantity for fill in newest), _NONE) == change:
            return tuple((claim.book, taken_over(fill, why, by)) for fill in newest)
    entry = TakenOver(
        id=digest("taken over", difference.id, claim.book, known_to(claim.ledger)),
        instrument=difference.instrument,
        quantity=change,
        price=_price(difference, claim, change),
        why=why,
        accepted_by=by,
    )
    return ((claim.book, entry),)


def _price(difference: Difference, claim: Claim, change: Decimal) -> Decimal:
    """What leaves goes at its cost, so that nothing is earned by it; what comes in has the broker's."""
    con_id = difference.instrument.con_id
    if quantity(claim.ledger, con_id) * change < 0:
        return average_price(claim.ledger, con_id) or _NONE
    return max(difference.average_cost or _NONE, _NONE)


def _in_cash(reconciliation: Reconciliation, difference: Difference, price: str, by: str) -> tuple[Booking, ...]:
    """An option that settled in cash; at zero it lapsed. The account shows neither price nor reason."""
    option, claim = difference.instrument, _claim(reconciliation, difference.book)
    gone = difference.ours - difference.theirs
    held = quantity(claim.ledger, option.con_id)
    try:
        settled = Decimal(price)
    except InvalidOperation as error:
        raise UserError(f"{price!r} is no price per share; say settled:12.34") from error
    if not isinstance(option, Option) or not settled.is_finite() or settled < 0:
        raise UserError("settled:PRICE is for options, with the price per share that was paid, or 0")
    if held * gone <= 0 or abs(gone) > abs(held):
        raise UserError(f"book {claim.book} holds {held:+} of it, so {gone:+} can't have been settled")
    id = digest("settled", difference.id, known_to(claim.ledger))
    evidence = f"{by} says so; the account holds {difference.theirs}"
    if not settled:
        return ((claim.book, Lapsed(id=id, option=option, contracts=gone, evidence=evidence, accepted_by=by)),)
    entry = Delivered(
        id=id,
        how="settlement",
        option=option,
        contracts=abs(gone),
        was_long=held > 0,
        settled_per_share=settled,
        evidence=evidence,
        accepted_by=by,
    )
    return ((claim.book, entry),)
