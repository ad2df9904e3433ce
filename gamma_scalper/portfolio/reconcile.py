"""Books against account: every difference is explained and booked, or named for a person to explain.

Executions speak first: what they tell is booked, and only then are holdings compared, contract by contract over all
that anybody knows of. What is left is booked where a single explanation fits. Nothing here asks or trades.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import define, evolve, field, frozen

from gamma_scalper.domain.entries import BaselineDeclared, Difference, Reconciled
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Option, Stock, legs_of
from gamma_scalper.portfolio.collar import named
from gamma_scalper.portfolio.explaining import Riddle, explanations
from gamma_scalper.portfolio.inference import Candidate, candidates
from gamma_scalper.portfolio.ledger import booked, execution_keys, holdings, quantity
from gamma_scalper.portfolio.orphans import Orphan, orphans
from gamma_scalper.portfolio.outsiders import owner_of
from gamma_scalper.portfolio.own import baseline_after
from gamma_scalper.portfolio.pieces import Booking, Explanation, Kind, Piece, digest, moved_by
from gamma_scalper.portfolio.records import AccountRecords, Claim
from gamma_scalper.portfolio.splits import split_of

_NONE = Decimal(0)
_CROSSING = timedelta(seconds=5)  # holdings may lag behind executions by so much


@frozen(kw_only=True)
class Reconciliation:
    """What comparing came to. `bookings` hold for the ledgers that were claimed, and for no later ones."""

    bookings: tuple[Booking, ...]
    baselines: tuple[tuple[str, BaselineDeclared], ...]  # of the book; the user traded what is the user's own
    explained: tuple[str, ...]
    moving: tuple[str, ...]  # seems to be on its way to us: compare again in a few seconds
    unexplained: tuple[Difference, ...]
    orphans: tuple[Orphan, ...]
    claims: tuple[Claim, ...]  # with what executions told
    theirs: AccountRecords
    found: Mapping[str, tuple[Explanation, ...]]  # id of a difference -> what fits, in the order of its words

    @property
    def settled(self) -> bool:
        """Books and account agree, once the bookings are made."""
        return not (self.moving or self.unexplained or self.orphans)

    @property
    def entry(self) -> Reconciled:
        return Reconciled(explained=self.explained, unexplained=self.unexplained)


def reconcile(claims: Sequence[Claim], theirs: AccountRecords, now: datetime) -> Reconciliation:
    """Compare all books of an account with the account. The same again, after its bookings, finds nothing to book."""
    draft = _Draft(sorted(claims, key=lambda claim: claim.book), theirs)
    _book_executions(draft, now)
    possible = candidates(draft.claims, theirs)
    for riddle in _riddles(draft, possible):
        _solve(draft, riddle, possible)
    return Reconciliation(
        bookings=tuple(draft.bookings),
        baselines=tuple(draft.baselines),
        explained=tuple(draft.explained),
        moving=tuple(draft.moving),
        unexplained=tuple(draft.unexplained),
        orphans=orphans(draft.claims, theirs),
        claims=tuple(draft.claims),
        theirs=theirs,
        found=draft.found,
    )


@define
class _Draft:
    claims: list[Claim]
    theirs: AccountRecords
    bookings: list[Booking] = field(factory=list)
    baselines: list[tuple[str, BaselineDeclared]] = field(factory=list)
    explained: list[str] = field(factory=list)
    moving: list[str] = field(factory=list)
    unexplained: list[Difference] = field(factory=list)
    found: dict[str, tuple[Explanation, ...]] = field(factory=dict)

    def take(self, piece: Piece) -> None:
        """Booked by itself."""
        self.bookings += piece.bookings
        self.explained.append(piece.words)


# -- executions --------------------------------------------------------------------------------------------------------


def _book_executions(draft: _Draft, now: datetime) -> None:
    """Fills of our orders that a ledger doesn't have, and corrections of those it has."""
    fills = [fill for fill in draft.theirs.executions if fill.account == draft.theirs.account]
    for index, claim in enumerate(draft.claims):
        ledger, keys = claim.ledger, execution_keys(claim.ledger)
        for fill in sorted(fills, key=lambda fill: (fill.at, fill.exec_id)):
            if fill.intent is None or fill.intent.book != claim.book:
                continue
            after = booked(ledger, fill, now)
            if after is not ledger:
                what = "correction of a fill" if fill.key in keys else "missed fill"
                draft.explained.append(f"{what}: {_in_words(fill)}")
                draft.bookings.append((claim.book, fill))
                ledger = after
        draft.claims[index] = evolve(claim, ledger=ledger)


def _in_words(fill: Fill) -> str:
    return f"{fill.intent} {fill.signed_quantity:+} {named(fill.instrument)} at {fill.price}"


# -- holdings ----------------------------------------------------------------------------------------------------------


def _riddles(draft: _Draft, possible: Sequence[Candidate]) -> list[Riddle]:
    """By underlying: contracts of which the account holds other quantities than the books and the user's own."""
    contracts = _contracts(draft, possible)
    changes = {con_id: change for con_id, each in contracts.items() if (change := _change(draft, each))}
    for con_id in [con_id for con_id, change in changes.items() if _crossing(draft, con_id, change)]:
        del changes[con_id]
        draft.moving.append(f"{named(contracts[con_id])}: the account's holdings are older than our newest fills")
    riddles = []
    for key in sorted({_underlying(contracts[con_id]) for con_id in changes}):
        mine = {con_id: each for con_id, each in contracts.items() if _underlying(each) == key}
        moved = {con_id: change for con_id, change in changes.items() if con_id in mine}
        riddles.append(Riddle(mine, moved, _shares(key, mine)))
    return riddles


def _contracts(draft: _Draft, possible: Sequence[Candidate]) -> dict[int, Stock | Option]:
    """The union of all that any side knows of, by rising conId."""
    known = [each.holding.instrument for each in draft.theirs.holdings]
    known += [fill.instrument for fill in draft.theirs.executions]
    known += [leg.instrument for candidate in possible for leg in legs_of(candidate.intent.instrument)]
    for claim in draft.claims:
        known += [held.instrument for held in (*holdings(claim.ledger), *claim.baseline)]
    return {each.con_id: each for each in sorted(known, key=lambda each: each.con_id)}


def _theirs(draft: _Draft, con_id: int) -> Decimal:
    found = (each.holding for each in draft.theirs.holdings)
    return sum((held.quantity for held in found if held.instrument.con_id == con_id), _NONE)


def _ours(draft: _Draft, con_id: int) -> Decimal:
    return sum((quantity(claim.ledger, con_id) + claim.own(con_id) for claim in draft.claims), _NONE)


def _change(draft: _Draft, contract: Stock | Option) -> Decimal:
    con_id = contract.con_id
    ours, theirs = _ours(draft, con_id), _theirs(draft, con_id)
    if ours == theirs == 0:
        held = [(claim.book, quantity(claim.ledger, con_id)) for claim in draft.claims]
        cancelling = ", ".join(f"{book} {of_book:+}" for book, of_book in held if of_book)
        if cancelling:
            draft.explained.append(f"{named(contract)}: the books' holdings cancel in the account: {cancelling}")
    return theirs - ours


def _crossing(draft: _Draft, con_id: int, change: Decimal) -> bool:
    """Holdings were told before our newest fills, and the executions after."""
    books = {claim.book for claim in draft.claims}
    since = draft.theirs.at - _CROSSING
    newest = sorted(
        (
            fill
            for fill in draft.theirs.executions
            if fill.instrument.con_id == con_id
            and fill.at >= since
            and fill.intent is not None
            and fill.intent.book in books
        ),
        key=lambda fill: (fill.at, fill.exec_id),
    )
    untold = _NONE
    for fill in reversed(newest):
        untold += fill.signed_quantity
        if change + untold == 0:
            return True
    return False


def _underlying(contract: Stock | Option) -> int:
    return contract.underlying_con_id if isinstance(contract, Option) else contract.con_id


def _shares(con_id: int, contracts: Mapping[int, Stock | Option]) -> Stock:
    """The underlying's shares; an option names them where nobody holds any."""
    known = contracts.get(con_id) or next(iter(contracts.values()))
    return known if isinstance(known, Stock) else Stock(con_id=con_id, symbol=known.symbol, currency=known.currency)


# -- one underlying ----------------------------------------------------------------------------------------------------


def _solve(draft: _Draft, riddle: Riddle, possible: Sequence[Candidate]) -> None:
    """Book the only explanation, as far as no person is needed for it; otherwise name the differences."""
    found = explanations(riddle, draft.claims, draft.theirs, possible)
    coming = [piece for explanation in found for piece in explanation if piece.kind is Kind.TO_COME]
    if coming:
        draft.moving.append(coming[0].words)
        return
    if not found:
        split = split_of(riddle, draft.claims, draft.theirs)
        found = [(split,)] if split is not None else []
    if len(found) != 1:
        _name(draft, riddle, riddle.changes, found)
        return
    for piece in found[0]:
        if piece.books_itself:
            draft.take(piece)
    left = tuple(piece for piece in found[0] if not piece.books_itself and not _of_the_user(draft, piece))
    if left:
        _name(draft, riddle, moved_by(left), [left])


def _of_the_user(draft: _Draft, piece: Piece) -> bool:
    """The user traded what is the user's own, and no book has any of it."""
    after = baseline_after(piece, draft.claims) if piece.kind is Kind.MANUAL else None
    if after is None:
        return False
    draft.baselines.append(after)
    draft.explained.append(f"{piece.words}; it is the user's own, declared in {after[0]}")
    return True


def _name(draft: _Draft, riddle: Riddle, changes: Mapping[int, Decimal], found: Sequence[Explanation]) -> None:
    """A difference per contract; each carries all that fits, since one event may have moved several contracts."""
    for con_id in sorted(con_id for con_id in changes if changes[con_id]):
        theirs = _theirs(draft, con_id)
        ours, contract, owner = theirs - changes[con_id], riddle.contracts[con_id], owner_of(con_id, draft.claims)
        cost = next((e.average_cost for e in draft.theirs.holdings if e.holding.instrument.con_id == con_id), None)
        difference = Difference(
            id=digest(draft.theirs.account, con_id, ours, theirs),
            instrument=contract,
            ours=ours,
            theirs=theirs,
            explanations=["; ".join(piece.words for piece in explanation) for explanation in found],
            book=owner.book if owner is not None else "",
            average_cost=cost / contract.multiplier if cost is not None else None,
        )
        draft.unexplained.append(difference)
        draft.found[difference.id] = tuple(found)
