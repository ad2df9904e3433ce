"""Options that ended: exercised, assigned, or lapsed. The account shows only what is left afterwards."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from gamma_scalper.domain.entries import Delivered, Lapsed
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.portfolio.collar import named
from gamma_scalper.portfolio.inference import known_to
from gamma_scalper.portfolio.ledger import quantity
from gamma_scalper.portfolio.pieces import ONLY_ONE, Booking, Kind, Piece, digest
from gamma_scalper.portfolio.records import AccountRecords, Claim


def endings(
    option: Option,
    change: Decimal,
    underlying: Stock,
    claims: Sequence[Claim],
    theirs: AccountRecords,
    *,
    said_so: bool,
) -> Iterator[Piece]:
    """What may have ended these contracts; `change` is what the account holds less than the books.

    Before its time a long option ends by exercise only where its book told the broker so, or somebody `said_so`.
    """
    gone = _gone(option, change, claims)
    if not gone or option.settlement != "physical":  # cash leaves no trace in holdings: a person says what was paid
        return
    ended = theirs.at >= option.expires_at
    asked_for = all(claim.instructed.get(option.con_id, Decimal(0)) >= held for claim, held in gone)
    if ended or (option.exercise == "american" and (change > 0 or asked_for)):
        yield _delivery(Kind.DELIVERY, option, change, underlying, gone)
    elif option.exercise == "american" and said_so:
        yield _delivery(Kind.EXERCISE, option, change, underlying, gone)
    if ended and all(each.holding.instrument.con_id != option.con_id for each in theirs.holdings):
        yield _lapse(option, change, gone)


def _gone(option: Option, change: Decimal, claims: Sequence[Claim]) -> list[tuple[Claim, Decimal]]:
    """How many each book lost, as held; empty where that is not clear, or where they can't just have ended."""
    holders = [(claim, quantity(claim.ledger, option.con_id)) for claim in claims]
    holders = [(claim, held) for claim, held in holders if held]
    if any(claim.own(option.con_id) for claim in claims) or any(held * change >= 0 for _, held in holders):
        return []
    if len(holders) == 1 and abs(change) <= abs(holders[0][1]):
        return [(holders[0][0], -change)]
    return holders if -change == sum(held for _, held in holders) else []


def _delivery(
    kind: Kind, option: Option, change: Decimal, underlying: Stock, gone: list[tuple[Claim, Decimal]]
) -> Piece:
    shares = -change * option.multiplier * (1 if option.right == "C" else -1)
    how = "exercise" if change < 0 else "assignment"
    evidence = f"the account holds {abs(change)} less of them, and {shares:+} {underlying.symbol}"
    bookings: list[Booking] = [
        (
            claim.book,
            Delivered(
                id=digest("delivery", claim.book, option.con_id, held, change, known_to(claim.ledger)),
                how=how,
                option=option,
                contracts=abs(held),
                was_long=held > 0,
                underlying=underlying,
                evidence=evidence,
                accepted_by=ONLY_ONE,
            ),
        )
        for claim, held in gone
    ]
    words = f"{how} of {abs(change)} {named(option)}: {shares:+} {underlying.symbol} at {option.strike}"
    return Piece(
        kind,
        named(option),
        abs(change),
        {option.con_id: change, underlying.con_id: shares},
        words,
        tuple(bookings),
    )


def _lapse(option: Option, change: Decimal, gone: list[tuple[Claim, Decimal]]) -> Piece:
    bookings: list[Booking] = [
        (
            claim.book,
            Lapsed(
                id=digest("lapse", claim.book, option.con_id, held, change, known_to(claim.ledger)),
                option=option,
                contracts=held,
                evidence=f"its trading ended at {option.expires_at:%Y-%m-%d %H:%M} UTC, and no shares came of it",
                accepted_by=ONLY_ONE,
            ),
        )
        for claim, held in gone
    ]
    words = f"{abs(change)} {named(option)} lapsed"
    return Piece(Kind.LAPSE, named(option), abs(change), {option.con_id: change}, words, tuple(bookings))
