"""A ledger's double entry: pages by contract, sums by currency, counts by intent, always changed together."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar

from attrs import field, frozen
from immutables import Map

from gamma_scalper.domain.fills import Execution
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.portfolio.page import Arrived, Booking, Dealt, Page, Place, entered, shortened

T = TypeVar("T")

_ZERO = Decimal(0)


class Sums(NamedTuple):
    """Of one currency."""

    cash: Decimal = _ZERO  # before commissions
    realised: Decimal = _ZERO
    commissions: Decimal = _ZERO
    taken_over: Decimal = _ZERO  # the stated worth of what came into the book without cash, less what left it


NOTHING = Sums()
BLANK = Page()


@frozen
class Accounts:
    """One book's."""

    pages: Map[int, Page] = field(factory=Map)  # conId -> its page
    held: tuple[int, ...] = ()  # conIds of which there are any, rising
    sums: Map[str, Sums] = field(factory=Map)  # currency -> its sums
    filled: Map[int, Map[int, Decimal]] = field(factory=Map)  # intent number -> conId -> signed, none of zero


def executed(
    accounts: Accounts, number: int, execution: Execution, place: Place, quantity: Decimal, *, undo: bool = False
) -> Accounts:
    """So much of an intent's execution; `undo` takes the line away that said the opposite."""
    if not quantity:
        return accounts
    con_id = execution.instrument.con_id
    filled = accounts.filled.get(number, _UNFILLED)
    total = filled.get(con_id, _ZERO) + quantity
    filled = filled.set(con_id, total) if total else _without(filled, con_id)
    after = accounts.filled.set(number, filled)
    return dealt(accounts, place, execution.instrument, quantity, execution.price, undo=undo, filled=after)


def dealt(
    accounts: Accounts,
    place: Place,
    instrument: Stock | Option,
    quantity: Decimal,
    price: Decimal,
    *,
    undo: bool = False,
    filled: Map[int, Map[int, Decimal]] | None = None,
) -> Accounts:
    """So many for cash."""
    if not quantity:
        return accounts
    each = price * instrument.multiplier
    booking = None if undo else Dealt(quantity, each)
    return written(accounts, place, instrument, booking, cash=-quantity * each, filled=filled)


def written(
    accounts: Accounts,
    place: Place,
    instrument: Stock | Option,
    booking: Booking | None,
    *,
    cash: Decimal = _ZERO,
    filled: Map[int, Map[int, Decimal]] | None = None,
) -> Accounts:
    """One line entered, or taken away; what that changes in contracts that came out of this one follows."""
    con_id, currency = instrument.con_id, instrument.currency
    before = accounts.pages.get(con_id, BLANK)
    page, departed = entered(before, place, instrument, booking)
    was, now = before.standing, page.standing
    held = accounts.held
    if bool(was.quantity) is not bool(now.quantity):
        held = tuple(sorted({*held, con_id} if now.quantity else {*held} - {con_id}))
    sums = accounts.sums.get(currency, NOTHING)
    sums = Sums(sums.cash + cash, sums.realised + now.realised - was.realised, sums.commissions, sums.taken_over)
    accounts = Accounts(
        accounts.pages.set(con_id, page) if page.lines or page.opening else _without(accounts.pages, con_id),
        held,
        accounts.sums.set(currency, sums),
        accounts.filled if filled is None else filled,
    )
    for gone in departed:
        accounts = written(accounts, gone.place, gone.after, Arrived(gone.lots))
    return accounts


def counted(accounts: Accounts, currency: str, **more: Decimal) -> Accounts:
    """So much more in these sums of a currency."""
    sums = accounts.sums.get(currency, NOTHING)
    sums = sums._replace(**{name: getattr(sums, name) + amount for name, amount in more.items()})
    return Accounts(accounts.pages, accounts.held, accounts.sums.set(currency, sums), accounts.filled)


def abridged(accounts: Accounts, before: datetime, through: int) -> Accounts:
    """Without the lines from before that moment, and without what orders up to this number filled; sums stay."""
    kept = {con_id: shortened(page, before) for con_id, page in sorted(accounts.pages.items())}
    return Accounts(
        Map({con_id: page for con_id, page in kept.items() if page.lines or page.opening}),
        accounts.held,
        accounts.sums,
        Map({number: filled for number, filled in accounts.filled.items() if number > through}),
    )


_UNFILLED: Map[int, Decimal] = Map()


def _without(each: Map[int, T], key: int) -> Map[int, T]:
    return each.delete(key) if key in each else each
