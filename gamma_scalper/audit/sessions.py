"""A process begins, and ends or dies; orders are given in between, by books that know they have begun anew."""

from attrs import define, field

from gamma_scalper.audit.findings import Check, Findings
from gamma_scalper.domain.entries import AmendAsked, Dispatched, Ordered, Restarted, SessionBegan, SessionEnded
from gamma_scalper.journal.chain import Row


@define
class Sessions:
    """The session that is on, if any."""

    findings: Findings
    began: int = 0
    deaths: int = 0  # sessions that another one followed without an end
    on: bool = False
    ended: int = 0  # row of the newest end
    anew: set[str] = field(factory=set)  # books that have begun anew in it

    def begin(self, row: Row, entry: SessionBegan) -> None:
        self.began += 1
        self.deaths += self.on
        self.on = True
        self.anew.clear()

    def end(self, row: Row, entry: SessionEnded) -> None:
        expected, found = "a session that had begun", f"none since row {self.ended}" if self.ended else "none"
        self.findings.holds(Check.SESSIONS, row, self.on, "a session ended", expected, found)
        self.on, self.ended = False, row.seq

    def restart(self, row: Row, entry: Restarted) -> None:
        self.anew.add(row.book)

    def trade(self, row: Row, entry: Ordered | Dispatched | AmendAsked) -> None:
        sound = self.on and row.book in self.anew
        if sound:
            self.findings.link(Check.SESSIONS)
            return
        found = "that it had not" if self.on else "no session" + (f" since row {self.ended}" if self.ended else "")
        self.findings.holds(
            Check.SESSIONS,
            row,
            sound,
            f"{row.kind} of {row.book}",
            "a session in which the book has begun anew",
            found,
        )
