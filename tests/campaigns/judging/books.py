"""No fill is lost or counted twice, and books and account hold the same, in contracts and in cash."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from theatre import ACCOUNT

from gamma_scalper.domain.entries import Reconciled
from gamma_scalper.domain.fills import Fill, execution_key
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.exchange.events import Executed
from gamma_scalper.portfolio.ledger import cash, holdings
from gamma_scalper.recovery import Remembered
from judging.evidence import Evidence

_CENT, _ZERO = Decimal("0.01"), Decimal(0)
_ASKED, _COMPARED = timedelta(seconds=75), timedelta(seconds=150)  # executions, and holdings, every minute


def of_the_fills(evidence: Evidence) -> Iterator[str]:
    """Execution by execution."""
    books, true = evidence.books, evidence.ours
    told = Counter(row.entry.exec_id for _, row in evidence.entries(Fill) if isinstance(row.entry, Fill) and row.book)
    for key, fill in books.fills.items():
        executed = true.get(key)
        if executed is None:
            yield f"{fill.intent} filled by {fill.exec_id}, says the journal, and the exchange does not know it"
        else:
            yield from _differing(fill, executed)
        if told[fill.exec_id] > 1:
            yield f"execution {fill.exec_id} is in the journal {told[fill.exec_id]} times"
    until = evidence.seen_until(_ASKED)
    for key, executed in true.items():
        if key not in books.fills and executed.at < until and executed.order_ref not in evidence.inferred:
            yield f"{executed.order_ref} filled {executed.quantity}, unknown to the journal: {executed.exec_id}"


def _differing(fill: Fill, executed: Executed) -> Iterator[str]:
    """An execution as the journal has it, and as it was in the end."""
    ours = fill.intent, fill.instrument.con_id, fill.signed_quantity, fill.price
    theirs = IntentId.parse(executed.order_ref), executed.con_id, executed.signed_quantity, executed.price
    for what, mine, true in zip(("order", "contract", "quantity", "price"), ours, theirs, strict=True):
        if mine != true and not (what == "price" and executed.exec_id != fill.exec_id):
            yield f"{fill.exec_id}: its {what} is {mine} in the journal, and was {true}"


def of_the_holdings(evidence: Evidence, state: Remembered) -> Iterator[str]:
    """What differs is named, or so young that nobody could have seen it."""
    books = evidence.books
    folded = {
        name: {each.instrument.con_id: each.quantity for each in holdings(desk.ledger)}
        for name, desk in state.desks.items()
    }
    plain = {name: held for name in books.books if (held := books.held(name))}
    if {name: held for name, held in folded.items() if held} != plain:
        yield f"the ledger holds {folded}, and the rows come to {plain}"
    if not evidence.lives:
        return
    ours, theirs = books.everything, evidence.held_at(evidence.lives[-1].lived.ended)
    named, young = _named(evidence), _unseen(evidence, evidence.seen_until(_COMPARED))
    for con_id in sorted(ours.keys() | theirs.keys()):
        mine, true = ours.get(con_id, _ZERO), theirs.get(con_id, _ZERO)
        if con_id not in named and mine != true and true - mine not in young.get(con_id, ()):
            yield f"the books and what is the user's own hold {mine} of {con_id}, the account {true}"


def _named(evidence: Evidence) -> set[int]:
    """What the journal says, in its last word on it, that it can't explain."""
    newest = [row.entry for _, row in evidence.entries(Reconciled) if isinstance(row.entry, Reconciled)][-1:]
    return {each.instrument.con_id for entry in newest for each in entry.unexplained}


def _unseen(evidence: Evidence, since: datetime) -> Mapping[int, Sequence[Decimal]]:
    """conId -> by how much the account may differ: what changed since, and nobody could know; some of it or all."""
    known, changes = evidence.books.fills, defaultdict[int, list[Decimal]](list)
    for executed in evidence.executed:
        if executed.at >= since and executed.con_id is not None and execution_key(executed.exec_id) not in known:
            changes[executed.con_id].append(executed.signed_quantity)
    for moved in evidence.moved:
        if moved.at >= since and moved.con_id is not None:
            changes[moved.con_id].append(moved.quantity)
    return {con_id: [sum(each[first:], _ZERO) for first in range(len(each))] for con_id, each in changes.items()}


def of_the_cash(evidence: Evidence, state: Remembered) -> Iterator[str]:
    """The ledger's, by plain sums; the trades' and their bills', by the account."""
    books, world = evidence.books, evidence.world
    for name, desk in state.desks.items():
        made = sum((amount.amount for amount in cash(desk.ledger)), _ZERO)
        if abs(made - books.cash(name)) >= _CENT:
            yield f"{name}'s cash changed by {made}, says the ledger, and the rows come to {books.cash(name)}"
    if books.inferred or evidence.ours.keys() != books.fills.keys():
        return
    until = evidence.seen_until(_ASKED)
    missing = [key for key in evidence.ours if key not in books.bills]
    yield from (
        f"{evidence.ours[key].exec_id} was billed, and the journal does not know it"
        for key in missing
        if evidence.ours[key].at < until
    )
    if missing:
        return
    others = sum((evidence.cash_of(each) for each in evidence.outsiders()), _ZERO) + sum(
        (each.cash for each in evidence.moved), _ZERO
    )
    made = world.engine.account(ACCOUNT).cash - world.cash_before - others
    if abs(made - books.traded) >= _CENT:
        yield f"the account's cash changed by {made} through our trades, and the books' by {books.traded}"
