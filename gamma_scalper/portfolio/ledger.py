"""What a book holds, what it cost and what it earned, from executions and the stated events alone.

A ledger is a value: `booked` makes the next one. The same entries make the same ledger in whatever order they were
told, and an entry told twice counts once; of what happened before the books were closed only the outcome is kept. A
bust has no quantity, so no execution can tell it: a person takes it out of the book as `TakenOver`, at the price it was
booked at.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple, TypeVar

from attrs import evolve, field, frozen
from immutables import Map

from gamma_scalper.domain.entries import Delivered, Lapsed, LedgerEntry, Paid, Replaced, TakenOver
from gamma_scalper.domain.fills import Commission, Fill, InferredFill, revision
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.accounts import BLANK, Accounts, Sums, abridged, counted, dealt, executed, written
from gamma_scalper.portfolio.inferred import Inference, left_of
from gamma_scalper.portfolio.lots import Lot
from gamma_scalper.portfolio.page import Dealt, Page, Place, Turned, lines_before

K = TypeVar("K")
T = TypeVar("T")

_ZERO = Decimal(0)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_EXECUTED, _INFERRED, _EVENT = range(3)  # the order of lines at one moment


class Names(NamedTuple):
    """Of one intent's executions."""

    keys: tuple[str, ...] = ()  # sorted
    inferred: tuple[str, ...] = ()  # ids


_UNNAMED = Names()


class Closed(NamedTuple):
    """How far the books are closed: what happened before is in sums and open lots, and can't be changed any more."""

    before: datetime = _BEGINNING
    through: int = 0  # all executions of orders up to this number were before that moment, and of no later order
    entries: int = 0  # executions and events that were dropped


@frozen
class Ledger:
    """One book's."""

    book: str
    accounts: Accounts = field(factory=Accounts)
    fills: Map[str, Fill] = field(factory=Map)  # execution key -> the fill in force
    bills: Map[str, Commission] = field(factory=Map)  # execution key -> the newest bill; its fill may still come
    intents: Map[int, Names] = field(factory=Map)  # intent number -> its executions
    inferences: Map[str, Inference] = field(factory=Map)  # id -> an inferred fill and what is left of it
    events: Map[str, datetime] = field(factory=Map)  # id of what changed without an execution -> when it was booked
    closed: Closed = field(factory=Closed)

    @cached_property
    def holdings(self) -> tuple[Holding, ...]:
        """By conId, none of zero."""
        return tuple(Holding(page.instrument, page.standing.quantity) for page in _held(self))


# -- booking -----------------------------------------------------------------------------------------------------------


def booked(ledger: Ledger, entry: LedgerEntry, now: datetime) -> Ledger:
    """The ledger after this entry; the same one where it says nothing new. `now` is the entry's own moment."""
    if isinstance(entry, Fill):
        return _filled(ledger, entry)
    if isinstance(entry, Commission):
        return _billed(ledger, entry)
    if isinstance(entry, InferredFill):
        return _inferred(ledger, entry)
    if entry.id in ledger.events:
        return ledger
    place = Place(now, _EVENT, entry.id)
    accounts = ledger.accounts
    match entry:
        case Delivered():
            accounts = _delivered(accounts, place, entry)
        case Lapsed():
            accounts = dealt(accounts, place, entry.option, -entry.contracts, _ZERO)
        case Replaced():
            accounts = _replaced(accounts, place, entry)
        case Paid():
            accounts = _paid(accounts, entry.amount)
        case TakenOver():
            accounts = _taken_over(accounts, place, entry)
    return evolve(ledger, accounts=accounts, events=ledger.events.set(entry.id, now))


# -- executions --------------------------------------------------------------------------------------------------------


def _filled(ledger: Ledger, fill: Fill) -> Ledger:
    """A fill of ours, or the correction of one. Somebody else's is no business of this book."""
    key = fill.key
    before = ledger.fills.get(key)
    intent = fill.intent if before is None else before.intent  # a correction may come without a name
    if intent is None or intent.book != ledger.book:
        return ledger
    if before is not None and revision(fill.exec_id) <= revision(before.exec_id):
        return ledger
    if before is None and too_late(ledger, fill):
        return ledger
    accounts, names, intents = ledger.accounts, ledger.intents.get(intent.number, _UNNAMED), ledger.intents
    if before is None:
        names = Names(tuple(sorted((*names.keys, key))), names.inferred)
        intents = intents.set(intent.number, names)
        bill = ledger.bills.get(key)
        if bill is not None:
            accounts = counted(accounts, bill.amount.currency, commissions=bill.amount.amount)
    else:
        fill = evolve(fill, intent=intent)
        place = Place(before.at, _EXECUTED, key)
        accounts = executed(accounts, intent.number, before, place, -before.signed_quantity, undo=True)
    place = Place(fill.at, _EXECUTED, key)
    accounts = executed(accounts, intent.number, fill, place, fill.signed_quantity)
    fills = ledger.fills.set(key, fill)
    ledger = Ledger(
        ledger.book, accounts, fills, ledger.bills, intents, ledger.inferences, ledger.events, ledger.closed
    )
    return _told_after_all(ledger, intent.number) if names.inferred else ledger


def _inferred(ledger: Ledger, fill: InferredFill) -> Ledger:
    if fill.id in ledger.inferences or fill.intent is None or fill.intent.book != ledger.book:
        return ledger
    if fill.concluded_at < ledger.closed.before:
        return ledger
    number, place = fill.intent.number, Place(fill.concluded_at, _INFERRED, fill.id)
    names = ledger.intents.get(number, _UNNAMED)
    return evolve(
        ledger,
        accounts=executed(ledger.accounts, number, fill, place, fill.signed_quantity),
        intents=ledger.intents.set(number, Names(names.keys, (*names.inferred, fill.id))),
        inferences=ledger.inferences.set(fill.id, Inference(fill, names.keys, fill.quantity)),
    )


def _told_after_all(ledger: Ledger, number: int) -> Ledger:
    """What was inferred shrinks by what the broker told of it later."""
    names, accounts, inferences = ledger.intents[number], ledger.accounts, ledger.inferences
    concluded = [inferences[id] for id in names.inferred]
    told = [ledger.fills[key] for key in names.keys]
    for inference, left in zip(concluded, left_of(concluded, told), strict=True):
        if left != inference.left:
            fill, sign = inference.fill, inference.fill.side.sign
            place = Place(fill.concluded_at, _INFERRED, fill.id)
            accounts = executed(accounts, number, fill, place, -sign * inference.left, undo=True)
            accounts = executed(accounts, number, fill, place, sign * left)
            inferences = inferences.set(fill.id, inference._replace(left=left))
    return evolve(ledger, accounts=accounts, inferences=inferences)


def _billed(ledger: Ledger, bill: Commission) -> Ledger:
    """The newest bill of an execution counts, once its fill is known."""
    key, accounts = bill.key, ledger.accounts
    before = ledger.bills.get(key)
    if before is not None and (before == bill or revision(bill.exec_id) < revision(before.exec_id)):
        return ledger
    if key in ledger.fills:
        if before is not None:
            accounts = counted(accounts, before.amount.currency, commissions=-before.amount.amount)
        accounts = counted(accounts, bill.amount.currency, commissions=bill.amount.amount)
    bills = ledger.bills.set(key, bill)
    return Ledger(
        ledger.book, accounts, ledger.fills, bills, ledger.intents, ledger.inferences, ledger.events, ledger.closed
    )


# -- events ------------------------------------------------------------------------------------------------------------


def _delivered(accounts: Accounts, place: Place, event: Delivered) -> Accounts:
    """The option ends at nothing and the shares come or go at the strike; in cash it ends at what was settled."""
    option = event.option
    gone = -event.contracts if event.was_long else event.contracts
    accounts = dealt(accounts, place, option, gone, event.settled_per_share or _ZERO)
    if event.underlying is None:
        return accounts
    shares = gone * option.multiplier * (-1 if option.right == "C" else 1)
    return dealt(accounts, place, event.underlying, shares, option.strike)


def _replaced(accounts: Accounts, place: Place, event: Replaced) -> Accounts:
    """Cost and age of the lots are carried over. Fractions go for the cash; of an option there are none anyway."""
    whole = event.cash is not None or isinstance(event.after, Option)
    same = event.before.con_id == event.after.con_id
    turned = Turned(event.after, event.ratio, whole)
    accounts = written(accounts, place, event.after if same else event.before, turned)
    return accounts if event.cash is None else _paid(accounts, event.cash)


def _paid(accounts: Accounts, amount: Money) -> Accounts:
    return counted(accounts, amount.currency, cash=amount.amount, realised=amount.amount)


def _taken_over(accounts: Accounts, place: Place, event: TakenOver) -> Accounts:
    """In or out at the stated price; the cash it cost or brought is not of this book's trading."""
    if not event.quantity:
        return accounts
    each = event.price * event.instrument.multiplier
    accounts = written(accounts, place, event.instrument, Dealt(event.quantity, each))
    return counted(accounts, event.instrument.currency, taken_over=event.quantity * each)


# -- closing -----------------------------------------------------------------------------------------------------------


def too_late(ledger: Ledger, fill: Fill) -> bool:
    """Of a fill that is not in the ledger: it may have been, before the books were closed; nobody can tell any more."""
    if fill.at < ledger.closed.before:
        return True
    intent = fill.intent
    return intent is not None and intent.number <= ledger.closed.through and revision(fill.exec_id) > 1


def close(ledger: Ledger, before: datetime, through: int) -> Ledger:
    """Only the outcome is left of what happened before that moment.

    All executions of orders up to number `through` must have happened before, and none of any other order.
    """
    if before <= ledger.closed.before:
        return ledger
    events = {id: at for id, at in ledger.events.items() if at >= before}
    closing = [names for number, names in ledger.intents.items() if number <= through]
    keys = {key for names in closing for key in names.keys}
    inferred = {id for names in closing for id in names.inferred}
    return Ledger(
        ledger.book,
        abridged(ledger.accounts, before, through),
        without(ledger.fills, keys),
        without(ledger.bills, [key for key in keys if key in ledger.bills]),
        without(ledger.intents, [number for number in ledger.intents if number <= through]),
        without(ledger.inferences, inferred),
        Map(events),
        Closed(
            before,
            max(through, ledger.closed.through),
            ledger.closed.entries + len(keys) + len(inferred) + len(ledger.events) - len(events),
        ),
    )


def executed_at(ledger: Ledger, number: int) -> tuple[datetime, ...]:
    """When an intent's executions happened, or were concluded."""
    names = ledger.intents.get(number, _UNNAMED)
    concluded = [ledger.inferences[id].fill.concluded_at for id in names.inferred]
    return (*(ledger.fills[key].at for key in names.keys), *concluded)


def executed_before(ledger: Ledger, before: datetime) -> Iterator[tuple[int, datetime]]:
    """Numbers of intents, and when something of them was executed, or concluded, before that moment."""
    for _, page in sorted(ledger.accounts.pages.items()):
        for place in lines_before(page, before):
            if place.rank != _EVENT:
                executed = ledger.fills[place.name] if place.rank == _EXECUTED else ledger.inferences[place.name].fill
                assert executed.intent is not None, "only fills of this book's intents are booked"
                yield executed.intent.number, place.at


def without(each: Map[K, T], gone: Iterable[K]) -> Map[K, T]:
    """The same less these, which are in it."""
    left = each.mutate()
    for key in gone:
        del left[key]
    return left.finish()


# -- looking at it -----------------------------------------------------------------------------------------------------


def holdings(ledger: Ledger) -> tuple[Holding, ...]:
    """By conId, none of zero."""
    return ledger.holdings


def quantity(ledger: Ledger, con_id: int) -> Decimal:
    return ledger.accounts.pages.get(con_id, BLANK).standing.quantity


def open_lots(ledger: Ledger, con_id: int) -> tuple[Lot, ...]:
    """The oldest first."""
    return ledger.accounts.pages.get(con_id, BLANK).open_lots()


def average_price(ledger: Ledger, con_id: int) -> Decimal | None:
    """What was paid or received per share of what is held, without commissions; None where nothing is."""
    page = ledger.accounts.pages.get(con_id, BLANK)
    if not page.standing.quantity:
        return None
    return page.standing.cost / page.standing.quantity / page.instrument.multiplier


def cash(ledger: Ledger) -> tuple[Money, ...]:
    """What the book's trading and its payments did to cash, commissions included, by currency."""
    return _by_currency(ledger, lambda sums: sums.cash - sums.commissions)


def realised(ledger: Ledger) -> tuple[Money, ...]:
    """Earned by what was closed and by payments, before commissions, by currency."""
    return _by_currency(ledger, lambda sums: sums.realised)


def commissions(ledger: Ledger) -> tuple[Money, ...]:
    return _by_currency(ledger, lambda sums: sums.commissions)


def taken_over(ledger: Ledger) -> tuple[Money, ...]:
    """What came into the book without cash, less what left it so, at the stated prices, by currency."""
    return _by_currency(ledger, lambda sums: sums.taken_over)


def unrealised(ledger: Ledger, marks: Mapping[int, Decimal]) -> tuple[Money, ...] | None:
    """What closing at these prices per share would earn; None where a held contract has no mark."""
    earned = dict.fromkeys(sorted(ledger.accounts.sums), _ZERO)
    for page in _held(ledger):
        held, mark = page.instrument, marks.get(page.instrument.con_id)
        if mark is None:
            return None
        earned[held.currency] += page.standing.quantity * mark * held.multiplier - page.standing.cost
    return tuple(Money(amount, currency) for currency, amount in earned.items())


def profit(ledger: Ledger, marks: Mapping[int, Decimal]) -> tuple[Money, ...] | None:
    """Realised and unrealised, less commissions; None where a held contract has no mark."""
    open_profit = unrealised(ledger, marks)
    if open_profit is None:
        return None
    return tuple(each + more for each, more in zip(earned(ledger), open_profit, strict=True))


def earned(ledger: Ledger) -> tuple[Money, ...]:
    """Realised, less commissions, by currency."""
    return _by_currency(ledger, lambda sums: sums.realised - sums.commissions)


def filled_of(ledger: Ledger, intent: IntentId) -> Mapping[int, Decimal]:
    """What an intent bought, negative where it sold, by conId: corrections applied, inferred fills counted."""
    return ledger.accounts.filled.get(intent.number, Map()) if intent.book == ledger.book else Map()


def told_before(ledger: Ledger, entry: object) -> bool:
    """An execution or a bill that is booked already, just as it is told once more."""
    match entry:
        case Fill():
            return ledger.fills.get(entry.key) == entry
        case Commission():
            return ledger.bills.get(entry.key) == entry
    return False


def execution_keys(ledger: Ledger) -> Mapping[str, str]:
    """Execution key -> the execId in force. A view: nothing is copied."""
    return _ExecIds(ledger.fills)


@frozen
class _ExecIds(Mapping[str, str]):
    _fills: Map[str, Fill]

    def __getitem__(self, key: str) -> str:
        return self._fills[key].exec_id

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._fills))

    def __len__(self) -> int:
        return len(self._fills)


def _held(ledger: Ledger) -> Iterator[Page]:
    return (ledger.accounts.pages[con_id] for con_id in ledger.accounts.held)


def _by_currency(ledger: Ledger, amount: Callable[[Sums], Decimal]) -> tuple[Money, ...]:
    return tuple(Money(amount(ledger.accounts.sums[currency]), currency) for currency in sorted(ledger.accounts.sums))
