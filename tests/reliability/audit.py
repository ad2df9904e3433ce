"""What the broker has on record, beside what the journal says: asked by a plain client that knows nothing of ours."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import ib_insync as ib
from attrs import frozen

from gamma_scalper.domain.entries import Dispatched, Ordered
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.ledger import cash, holdings
from gamma_scalper.recovery import fold

AUDITOR = 99
_CENT = Decimal("0.01")


@frozen
class Theirs:
    """As the gateway tells it."""

    held: Mapping[int, Decimal]  # conId -> quantity
    cash: Decimal  # less what it began with
    executions: Sequence[str]  # execIds, as often as they are told
    perm_ids: Mapping[str, frozenset[int]]  # orderRef -> its orders, living and dead
    alive: Sequence[str]  # orderRefs


@frozen
class Audit:
    """What both sides hold, and where they differ."""

    rows: Sequence[Row]
    theirs: Theirs
    violations: Sequence[str]


async def audit(path: Path, port: int, began_with: int) -> Audit:
    theirs = await _ask(port, began_with)
    reader = JournalReader.open(f"sqlite:///{path}")
    try:
        rows = list(reader.rows())
        violations = [*_of_the_chain(reader)]
    finally:
        reader.close()
    return Audit(rows, theirs, [*violations, *differences(rows, theirs)])


def differences(rows: Sequence[Row], theirs: Theirs) -> Sequence[str]:
    """All that was lost, doubled, or not taken down before it was sent."""
    (desk,) = fold(rows).desks.values()
    return [*of_the_orders(rows, theirs), *_of_the_ledger(rows, desk, theirs)]


async def _ask(port: int, began_with: int) -> Theirs:
    client = ib.IB()
    await client.connectAsync("127.0.0.1", port, clientId=AUDITOR)
    try:
        fills = await client.reqExecutionsAsync()
        completed = await client.reqCompletedOrdersAsync(False)
        alive = await client.reqAllOpenOrdersAsync()
        positions = await client.reqPositionsAsync()
        values = {value.tag: value.value for value in client.accountValues() if value.currency in ("", "USD")}
    finally:
        client.disconnect()
    perm_ids: dict[str, set[int]] = {}
    for trade in [*completed, *alive]:
        perm_ids.setdefault(trade.order.orderRef, set()).add(trade.order.permId)
    for fill in fills:
        perm_ids.setdefault(fill.execution.orderRef, set()).add(fill.execution.permId)
    return Theirs(
        held={each.contract.conId: Decimal(str(each.position)) for each in positions if each.position},
        cash=Decimal(values["TotalCashBalance"]) - began_with,
        executions=[fill.execution.execId for fill in fills],
        perm_ids={ref: frozenset(each) for ref, each in perm_ids.items()},
        alive=[trade.order.orderRef for trade in alive if not trade.isDone()],
    )


def _of_the_chain(reader: JournalReader) -> Iterator[str]:
    try:
        reader.verify()
    except JournalFailed as error:
        yield str(error)


def of_the_orders(rows: Iterable[Row], theirs: Theirs) -> Iterator[str]:
    ordered: set[IntentId] = set()
    dispatched: Counter[IntentId] = Counter()
    for row in rows:
        if isinstance(row.entry, Ordered):
            yield from (f"{intent.id} was ordered twice" for intent in row.entry.intents if intent.id in ordered)
            ordered |= {intent.id for intent in row.entry.intents}
        elif isinstance(row.entry, Dispatched):
            dispatched[row.entry.intent] += 1
            if row.entry.intent not in ordered:
                yield f"{row.entry.intent} was sent before it was taken down"
    yield from (f"{intent} was sent {times} times" for intent, times in sorted(dispatched.items()) if times > 1)
    for ref, perm_ids in sorted(theirs.perm_ids.items()):
        if IntentId.parse(ref) not in ordered:
            yield f"the broker has {ref!r} on record, and the journal has not"
        if len(perm_ids) > 1:
            yield f"the broker has {ref} on record {len(perm_ids)} times: {sorted(perm_ids)}"
    known = {intent for intent in map(IntentId.parse, theirs.perm_ids) if intent is not None}
    yield from (
        f"{intent} was handed over, and the broker never had it" for intent in sorted(dispatched.keys() - known)
    )
    yield from (f"{ref} is still alive" for ref in sorted(theirs.alive))


def _of_the_ledger(rows: Iterable[Row], desk: Desk, theirs: Theirs) -> Iterator[str]:
    told = Counter(theirs.executions)
    taken_down = Counter(row.entry.exec_id for row in rows if isinstance(row.entry, Fill))
    if missing := told - taken_down:
        yield f"executions that the journal lacks: {sorted(missing)}"
    if more := taken_down - told:
        yield f"executions that the journal has too often: {sorted(more)}"
    ours = {holding.instrument.con_id: holding.quantity for holding in holdings(desk.ledger)}
    if ours != theirs.held:
        yield f"the ledger holds {ours}, the account {dict(theirs.held)}"
    made = sum((amount.amount for amount in cash(desk.ledger)), Decimal(0))
    if abs(made - theirs.cash) >= _CENT:
        yield f"trading changed the ledger's cash by {made}, the account's by {theirs.cash}"
    if desk.living:
        yield f"in the journal these live: {', '.join(str(ticket.order.intent.id) for ticket in desk.living)}"
