"""What an audit counted, and the first place where something did not follow."""

import enum
from datetime import datetime

from attrs import define, field, frozen

from gamma_scalper.journal.chain import Row


class Check(enum.Enum):
    """What is gone over; the values are what a person reads, in the order in which they are shown."""

    CHAIN = "hash chain"
    SEQUENCE = "sequences"
    SESSIONS = "sessions"
    DECISIONS = "orders and decisions"
    QUOTES = "orders and quotes"
    PERMITS = "orders and permits"
    SENDING = "orders sent once"
    FILLS = "fills and orders"
    EXECUTIONS = "executions once"
    COMMISSIONS = "commissions and fills"
    POSITIONS = "positions"
    MONEY = "money"


ABOUT = {
    Check.CHAIN: "rows that carry the hash of the row before them, up to the head",
    Check.SEQUENCE: "numbers and moments of rows, numbers of each book's rows, of intents; commands answered once",
    Check.SESSIONS: "orders given within a session, by a book that had begun anew in it",
    Check.DECISIONS: "orders and amendments with the decision, the flattening or the structure that asked for them",
    Check.QUOTES: "quotes that orders name, written down with them, live, whole and young enough",
    Check.PERMITS: "orders that no mode, pause, halt or missing line forbade when they were given and handed over",
    Check.SENDING: "orders handed over, once, after they were written down",
    Check.FILLS: "fills of an order that was handed over: its contract, side, quantity and price",
    Check.EXECUTIONS: "executions told, each counted once; a correction takes the place of what it corrects",
    Check.COMMISSIONS: "bills for an execution that is known",
    Check.POSITIONS: "holdings as plain sums, against those of the recovery",
    Check.MONEY: "cash, commissions and equity as plain sums, against the ledger and the trader's own marks",
}


@frozen(kw_only=True)
class Break:
    """A link that does not hold."""

    check: Check
    row: int
    at: datetime | None
    book: str
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        place = f"row {self.row}" + (f" ({self.book})" if self.book else "")
        return f"{place}, {self.what}: expected {self.expected}, found {self.found}"


@define
class Findings:
    """Links by check, and of what broke the first of each."""

    links: dict[Check, int] = field(factory=lambda: dict.fromkeys(Check, 0))
    broken: dict[Check, int] = field(factory=lambda: dict.fromkeys(Check, 0))
    firsts: dict[Check, Break] = field(factory=dict)

    def link(self, check: Check, many: int = 1) -> None:
        self.links[check] += many

    def holds(self, check: Check, row: Row, sound: bool, what: str, expected: str, found: str) -> bool:
        """One more link, which holds or not. Words are made by the caller, so only where that costs nothing."""
        self.links[check] += 1
        if not sound:
            self.breaks(check, row, what, expected, found)
        return sound

    def breaks(self, check: Check, row: Row, what: str, expected: str, found: str) -> None:
        broken = Break(
            check=check, row=row.seq, at=row.at, book=row.book, what=what, expected=expected, found=found
        )  # fmt: skip
        self.add(broken)

    def add(self, broken: Break) -> None:
        self.broken[broken.check] += 1
        first = self.firsts.get(broken.check)
        if first is None or broken.row < first.row:
            self.firsts[broken.check] = broken

    @property
    def first(self) -> Break | None:
        """The one that stands nearest to the journal's beginning."""
        return min(self.firsts.values(), key=lambda each: each.row, default=None)
