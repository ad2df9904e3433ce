"""`ops`: what was done and why, row by row, filtered."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from attrs import frozen

from gamma_scalper.domain.entries import Entry, Ordered
from gamma_scalper.domain.orders import Intent, IntentId
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.sentences import sentence


class Operation(NamedTuple):
    """One row in words."""

    seq: int
    at: datetime
    book: str
    kind: str
    purpose: str  # of the order it is about; empty where there is none
    sentence: str


@frozen(kw_only=True)
class Wanted:
    """Which operations; None means all. `until` is the first moment that is left out."""

    book: str | None = None
    kind: str | None = None
    purpose: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None  # in the sentence, in any case

    def includes(self, operation: Operation) -> bool:
        return (
            (self.book is None or operation.book == self.book)
            and (self.kind is None or operation.kind.casefold() == self.kind.casefold())
            and (self.purpose is None or operation.purpose == self.purpose)
            and (self.since is None or operation.at >= self.since)
            and (self.until is None or operation.at < self.until)
            and (self.text is None or self.text.casefold() in operation.sentence.casefold())
        )


def operations(rows: Iterable[Row], wanted: Wanted = Wanted()) -> Iterator[Operation]:
    """Of rows from the journal's beginning on, since an order's purpose stands where it was ordered."""
    intents: dict[IntentId, Intent] = {}  # every one ordered so far
    for row in rows:
        if isinstance(row.entry, Ordered):
            intents |= {intent.id: intent for intent in row.entry.intents}
        told = sentence(row.entry, intents)
        operation = Operation(row.seq, row.at, row.book, row.kind, _purpose(row.entry, intents), told)
        if wanted.includes(operation):
            yield operation


def intent_of(entry: Entry) -> IntentId | None:
    """The order a row is about; None where it is about none, or about several."""
    id = getattr(entry, "intent", None)
    return id if isinstance(id, IntentId) else IntentId.parse(getattr(entry, "order_ref", ""))


def _purpose(entry: Entry, intents: dict[IntentId, Intent]) -> str:
    if isinstance(entry, Ordered):
        return entry.intents[0].purpose.value
    id = intent_of(entry)
    known = intents.get(id) if id else None
    return known.purpose.value if known else getattr(entry, "purpose", "")
