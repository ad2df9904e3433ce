"""The parts an explanation is made of: each moved some contracts, and says what would be booked for it."""

import enum
import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.entries import LedgerEntry

Booking = tuple[str, LedgerEntry]  # the book it belongs to
ONLY_ONE = "only one explanation fits"


class Kind(enum.Enum):
    """What happened. Its value is the word a person reads."""

    FILL = "missed fill"
    TO_COME = "fill about to be told"
    DELIVERY = "delivery"
    EXERCISE = "exercise before the end"  # somebody has said so, and it was not us
    LAPSE = "expiry"
    LIQUIDATION = "liquidation"
    MANUAL = "manual trade"
    SPLIT = "split"


@frozen
class Piece:
    """One thing that may have happened."""

    kind: Kind
    what: str  # the order, the trades or the contract it is of
    size: Decimal
    moved: Mapping[int, Decimal]  # conId -> signed change of the account's holding
    words: str
    bookings: tuple[Booking, ...] = ()

    @property
    def books_itself(self) -> bool:
        """May be booked without a person, where nothing else fits."""
        return self.kind in (Kind.FILL, Kind.DELIVERY, Kind.LAPSE, Kind.LIQUIDATION)


Explanation = tuple[Piece, ...]


def needless(explanation: Explanation, simpler: Explanation) -> bool:
    """It says all that the simpler one does, and besides that options ended with which nothing else remains to tell."""
    more, less = _sizes(explanation), _sizes(simpler)
    ended_more = any(
        size > less.get(key, Decimal(0)) for key, size in more.items() if key[0] in (Kind.DELIVERY, Kind.LAPSE)
    )
    return ended_more and all(size <= more.get(key, Decimal(0)) for key, size in less.items())


def _sizes(explanation: Explanation) -> dict[tuple[Kind, str], Decimal]:
    return {(piece.kind, piece.what): piece.size for piece in explanation}


def digest(*parts: object) -> str:
    """A short name made of what it names, the same in every run."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:12]


def moved_by(pieces: Iterable[Piece]) -> dict[int, Decimal]:
    """What they come to together, by conId."""
    total: dict[int, Decimal] = {}
    for piece in pieces:
        for con_id, change in piece.moved.items():
            total[con_id] = total.get(con_id, Decimal(0)) + change
    return total


def minus(changes: Mapping[int, Decimal], explained: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """What is left to be explained, by conId."""
    return {
        con_id: changes.get(con_id, Decimal(0)) - explained.get(con_id, Decimal(0))
        for con_id in sorted({*changes, *explained})
    }
