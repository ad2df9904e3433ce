"""What a month came to, in Markdown. The same month, the same text but for memory and time."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from proving.report import PAGE, put

from soaking.month import FIRST_HALF_ONLY
from soaking.soaked import Soaked

MARK = "<!-- printed by tests/campaigns/soak.py -->"
_MB, _KB = 1e6, 1e3
_MOST_KINDS = 6


def write_month(soaked: Soaked, page: Path = PAGE) -> None:
    put(page, MARK, printed(soaked))


def printed(soaked: Soaked) -> str:
    return "\n\n".join("\n".join(part) for part in (_figures(soaked), _verdict(soaked), _days(soaked)))


def _figures(soaked: Soaked) -> Iterator[str]:
    month, struck = soaked.month, Counter(str(each.kind) for each in soaked.month.troubles)
    lives = ", ".join(f"{many} {how.replace('_', ' ')}" for how, many in soaked.lives.items())
    kinds = list(soaked.kinds.items())
    yield f"**{len(soaked.readings)} days of seed {month.seed}, quoted every {month.every_s:g} s:**"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| **rules broken** | **{len(soaked.violations)}** |"
    yield f"| faults and mishaps | {struck.total()} of {len(struck)} kinds: {', '.join(sorted(struck))} |"
    yield f"| processes, and how they ended | {sum(soaked.lives.values())}: {lives} |"
    yield f"| orders sent, executions | {soaked.orders:,}, {soaked.fills:,} |"
    yield f"| rows of the journal | {', '.join(f'{many:,} {kind}' for kind, many in kinds[:_MOST_KINDS])} ... |"
    for violation in soaked.violations:
        yield f"| broken | {violation.replace('|', '/')} |"


def _verdict(soaked: Soaked) -> Iterator[str]:
    days = [each.day for each in soaked.settled]
    if not days:
        yield "Whether memory is flat is not shown: no process lived through enough days of the second half."
        return
    # Each is known where days are judged.
    rss, objects, size, rows = (
        soaked.a_day(of) or 0.0
        for of in (lambda r: r.rss_bytes, lambda r: r.counted, lambda r: r.journal_bytes, lambda r: r.rows)
    )
    not_then = ", ".join(str(each) for each in FIRST_HALF_ONLY)
    yield (
        f"By a line through days {days[0]} to {days[-1]}, all of one process ({not_then} strike in the first half "
        f"only), each day adds {objects:+,.1f} objects of the program's, {rss / _KB:+,.0f} kB of memory with what the "
        f"simulated exchange and the judge's notes take, and {rows:,.0f} rows or {size / _MB:.2f} MB to the journal, "
        "from which nothing is ever taken. " + ("What grows besides:" if soaked.growths else "Nothing else grows.")
    )
    yield ""
    for growth in soaked.growths:
        told = growth.reason or "**not explained**"
        yield f"- `{growth.what}`: {growth.a_day:+,.1f} a day, {growth.level:,.0f} on average; {told}"


def _days(soaked: Soaked) -> Iterator[str]:
    sizes = ("memory, MB", "objects", "in collections", "journal, MB", "its log, MB", "inbox.db, kB", "day cache, kB")
    headings = ("day", "process", *sizes, "rows")
    yield f"| {' | '.join(headings)} |"
    yield "|--:" * len(headings) + "|"
    before = 0
    for each in soaked.readings:
        files = each.files
        cells = (
            f"{each.day}",
            f"{each.life}",
            f"{each.rss_bytes / _MB:.1f}",
            f"{each.counted:,}",
            f"{sum(each.entries.values()):,}",
            f"{files['journal.db'] / _MB:.1f}",
            f"{files['journal.db-wal'] / _MB:.1f}",
            f"{files['inbox.db'] / _KB:.0f}",
            f"{files['day cache'] / _KB:.0f}",
            f"{each.rows - before:,}",
        )
        yield f"| {' | '.join(cells)} |"
        before = each.rows
