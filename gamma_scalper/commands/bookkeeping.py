"""What the journal says of the house, for a person: how it stands, what it holds, where it differs from the account."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from attrs import evolve, frozen

from gamma_scalper.domain.entries import Difference, Reconciled, SessionBegan, SessionEnded
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Unknown
from gamma_scalper.domain.ports import LinkReport
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.sentences import named, plain
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.ledger import average_price, commissions, holdings, realised
from gamma_scalper.recovery import Remembered, fold
from gamma_scalper.risk.facts import HedgeRecord
from gamma_scalper.risk.governance import HOUSE


@frozen(kw_only=True)
class Last:
    """The newest of what is told now and then, as the journal has it."""

    row: Row | None = None
    session: Row | None = None  # began or ended
    link: LinkReport | None = None
    reconciled: Reconciled | None = None
    reconciled_at: datetime | None = None


@frozen(kw_only=True)
class BookView:
    """One book in a line."""

    book: str
    holdings: int
    living: tuple[str, ...]  # its orders, with their states
    in_doubt: tuple[str, ...]
    flattening: str  # why; empty: it is not
    paused: str
    halts: tuple[str, ...]
    hedges_today: int
    realised: tuple[Money, ...]  # less commissions
    equity: Decimal | None  # as it was last marked


@frozen(kw_only=True)
class HouseView:
    """How the house stands, as far as it was taken down."""

    mode: str
    paused: str
    halts: tuple[str, ...]
    last: Last
    books: tuple[BookView, ...]

    @property
    def needs_a_person(self) -> tuple[str, ...]:
        """Why, where it does: each has its chapter in docs/runbook.md."""
        found = [f"halt {halt}" for halt in self.halts]
        for each in self.books:
            found += [f"{each.book}: halt {halt}" for halt in each.halts]
            found += [f"{each.book}: in doubt: {order}" for order in each.in_doubt]
        if self.last.reconciled is not None:
            found += [f"unexplained: {in_words(each)}" for each in self.last.reconciled.unexplained]
        return tuple(found)


@frozen(kw_only=True)
class PositionView:
    """One holding of a book, or of the user's own."""

    book: str
    owner: str  # book or baseline
    instrument: str
    con_id: int
    quantity: Decimal
    average_price: Decimal | None
    cost: Money | None


def read_house(rows: Iterable[Row]) -> tuple[HouseView, Remembered]:
    """One pass over the journal."""
    last = Last()

    def seen() -> Iterable[Row]:
        nonlocal last
        for row in rows:
            last = _after(last, row)
            yield row

    remembered = fold(seen())
    return _view(remembered, last), remembered


def _after(last: Last, row: Row) -> Last:
    match row.entry:
        case SessionBegan() | SessionEnded():
            return evolve(last, row=row, session=row)
        case LinkReport() if row.book == HOUSE:
            return evolve(last, row=row, link=row.entry)
        case Reconciled():
            return evolve(last, row=row, reconciled=row.entry, reconciled_at=row.at)
    return evolve(last, row=row)


def _view(remembered: Remembered, last: Last) -> HouseView:
    governance = remembered.governance
    mode = governance.modes.get(HOUSE)
    return HouseView(
        mode="never set" if mode is None else mode.value,
        paused=governance.pauses.get(HOUSE, ""),
        halts=_halts(remembered, HOUSE),
        last=last,
        books=tuple(_book(remembered, desk) for _, desk in sorted(remembered.desks.items())),
    )


def _halts(remembered: Remembered, book: str) -> tuple[str, ...]:
    halts = remembered.governance.halts
    return tuple(f"{key[1]}: {halts[key].why}" for key in sorted(halts) if key[0] == book)


def _book(remembered: Remembered, desk: Desk) -> BookView:
    governance, orders = remembered.governance, [ticket.order for ticket in desk.living]
    equities = governance.marks[desk.book].equities if desk.book in governance.marks else ()
    billed = {money.currency: money for money in commissions(desk.ledger)}
    earned = (each - billed.get(each.currency, Money(0, each.currency)) for each in realised(desk.ledger))
    return BookView(
        book=desk.book,
        holdings=len(holdings(desk.ledger)),
        living=tuple(f"{order.intent.id} {type(order.state).__name__.lower()}" for order in orders),
        in_doubt=tuple(f"{order.intent.id}: {order.state.why}" for order in orders if isinstance(order.state, Unknown)),
        flattening="" if desk.flattening is None else desk.flattening.why,
        paused=governance.pauses.get(desk.book, ""),
        halts=_halts(remembered, desk.book),
        hedges_today=governance.hedging.get(desk.book, HedgeRecord()).today,
        realised=tuple(earned),
        equity=equities[-1] if equities else None,
    )


def positions(remembered: Remembered, books: Sequence[str] | None = None) -> tuple[PositionView, ...]:
    """What every book holds, then what is the user's own."""
    found = []
    for book in sorted({*remembered.desks, *remembered.baselines}):
        if books and book not in books:
            continue
        ledger = remembered.desk(book).ledger
        for held in holdings(ledger):
            price = average_price(ledger, held.instrument.con_id)
            cost = None
            if price is not None:
                cost = Money(held.quantity * price * held.instrument.multiplier, held.instrument.currency)
            found.append(_position(book, "book", held, price, cost))
        found += [_position(book, "baseline", own, None, None) for own in remembered.baselines.get(book, ())]
    return tuple(found)


def _position(book: str, owner: str, held: Holding, price: Decimal | None, cost: Money | None) -> PositionView:
    return PositionView(
        book=book,
        owner=owner,
        instrument=named(held.instrument),
        con_id=held.instrument.con_id,
        quantity=held.quantity,
        average_price=price,
        cost=cost,
    )


def in_words(difference: Difference) -> str:
    """A difference in a line."""
    return (
        f"{named(difference.instrument)}: books {plain(difference.ours)}, account {plain(difference.theirs)} "
        f"(difference {difference.id})"
    )
