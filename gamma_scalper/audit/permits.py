"""What was forbidden when an order was written down and when it was handed over, as far as the rows tell for certain.

Not all that a permit rests on is in the journal. Here is what is: modes, pauses, halts and the line to the broker.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from attrs import define, field

from gamma_scalper.audit.findings import Check, Findings
from gamma_scalper.audit.plain_sums import PlainSums
from gamma_scalper.domain.entries import (
    Dispatched,
    Halted,
    HaltLifted,
    Mode,
    ModeChanged,
    Ordered,
    Paused,
    SessionBegan,
    Unpaused,
)
from gamma_scalper.domain.orders import IntentId, Purpose
from gamma_scalper.domain.ports import Link, LinkReport
from gamma_scalper.journal.chain import Row

_HOUSE = ""
_PAUSED = (Purpose.ENTRY, Purpose.HEDGE)
_CAPS: Mapping[Mode, frozenset[Purpose]] = {  # as docs/risk.md has them
    Mode.LIVE: frozenset(Purpose),
    Mode.DEGRADED: frozenset(Purpose) - {Purpose.ENTRY},
    Mode.OBSERVE: frozenset(),
    Mode.EMERGENCY: frozenset({Purpose.FLATTEN}),
}
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_ON_ITS_WAY = timedelta(seconds=30)  # an order that was looked at for the last time, and waits for the line


@define
class Permits:
    """Of the house and all books; each rule with the moment since which it holds."""

    findings: Findings
    sums: PlainSums
    modes: dict[str, tuple[Mode, datetime]] = field(factory=dict)
    panicked: tuple[bool, datetime] = (False, _BEGINNING)
    pauses: dict[str, datetime] = field(factory=dict)
    halts: defaultdict[str, dict[str, datetime]] = field(factory=lambda: defaultdict(dict))  # book -> breaker -> since
    link: tuple[Link, datetime] = (Link.DOWN, _BEGINNING)
    purposes: dict[IntentId, Purpose] = field(factory=dict)  # of what was ordered in this session, as it is judged

    # -- rules ---------------------------------------------------------------------------------------------------------

    def begin(self, row: Row, entry: SessionBegan) -> None:
        self.link = Link.DOWN, row.at
        self.purposes.clear()

    def connect(self, row: Row, entry: LinkReport) -> None:
        """The house's word counts; each book hears it a little later."""
        if row.book == _HOUSE:
            self.link = entry.link, row.at

    def change(self, row: Row, entry: ModeChanged) -> None:
        self.modes[row.book] = entry.mode, row.at
        if row.book == _HOUSE and entry.by != "health":
            self.panicked = entry.by == "panic", row.at

    def pause(self, row: Row, entry: Paused) -> None:
        self.pauses.setdefault(row.book, row.at)

    def unpause(self, row: Row, entry: Unpaused) -> None:
        self.pauses.pop(row.book, None)

    def halt(self, row: Row, entry: Halted) -> None:
        self.halts[row.book].setdefault(entry.breaker, row.at)

    def lift(self, row: Row, entry: HaltLifted) -> None:
        self.halts[row.book].pop(entry.breaker, None)

    # -- orders --------------------------------------------------------------------------------------------------------

    def order(self, row: Row, entry: Ordered) -> None:
        for intent in entry.intents:
            flattens = self.sums.flattens(row.book, intent)
            purpose = self.purposes[intent.id] = Purpose.FLATTEN if flattens else intent.purpose
            self._permitted(row, purpose, f"{intent.id} ({intent.purpose.value}) was ordered", row.at)

    def dispatch(self, row: Row, entry: Dispatched) -> None:
        purpose = self.purposes.pop(entry.intent, None)
        if purpose is not None:
            self._permitted(row, purpose, f"{entry.intent} was handed over", row.at - _ON_ITS_WAY)

    def _permitted(self, row: Row, purpose: Purpose, what: str, by: datetime) -> None:
        why = next((why for why, since in self._bars(row.book, purpose) if since <= by), "")
        self.findings.holds(Check.PERMITS, row, not why, what, "that nothing the rows tell of forbade it", why)

    def _bars(self, book: str, purpose: Purpose) -> Iterator[tuple[str, datetime]]:
        """Why nothing of the kind may be done, and since when."""
        panicked, since = self.panicked
        modes = [self.modes[each] for each in (_HOUSE, book) if each in self.modes]
        if panicked:
            modes = [(Mode.EMERGENCY, since)]
        yield from ((f"the mode {mode.value}", since) for mode, since in modes if purpose not in _CAPS[mode])
        link, since = self.link
        if link is not Link.READY:
            yield f"the line to the broker {link.value}", since
        for each in (_HOUSE, book):
            if purpose in _PAUSED and each in self.pauses:
                yield "a pause", self.pauses[each]
            if purpose is Purpose.ENTRY:
                yield from ((f"a halt by {breaker!r}", since) for breaker, since in self.halts[each].items())
