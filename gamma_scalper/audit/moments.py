"""When rows say that they were written: a clock may be set, but not by days, and not to before there was a program."""

from datetime import UTC, datetime, timedelta

from attrs import define

from gamma_scalper.audit.findings import Check, Findings
from gamma_scalper.journal.chain import Row

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_BACK = timedelta(days=1)


@define
class Moments:
    """Of the rows, whosever they are."""

    findings: Findings
    before: datetime = _FIRST

    def follow(self, row: Row) -> None:
        """Forward there is no bound: nobody may have traded for a year."""
        earliest = max(_FIRST, self.before - _MOST_BACK)
        self.before = row.at
        self.findings.link(Check.SEQUENCE)
        if row.at < earliest:
            self.findings.breaks(
                Check.SEQUENCE, row, "time goes back", f"a moment from {earliest:%Y-%m-%d %H:%M} UTC on",
                f"{row.at:%Y-%m-%d %H:%M} UTC",
            )  # fmt: skip
