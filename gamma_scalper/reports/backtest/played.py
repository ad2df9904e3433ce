"""What a backtest was played on: market, seed and settings, the rows of its source, and where quotes were missing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from gamma_scalper.reports.backtest.book_runs import BookRun, days_of
from gamma_scalper.reports.backtest.story import Looks, Story
from gamma_scalper.reports.backtest.tables import Column, Table, capped
from gamma_scalper.reports.backtest.wording import counted, moment

_SHORTEST_GAP = timedelta(minutes=15)
_MOST_GAPS = 100
_MOST_DAYS = 20


def played(story: Story, runs: list[BookRun]) -> list[Table]:
    return [_played(story), _settings(story), _source(story), _gaps(runs)]


def _played(story: Story) -> Table:
    rows = [
        ("market", story.market),
        *([("in full", story.world)] if story.world not in ("", story.market) else []),
        ("seed", f"{story.seed}"),
        ("days", f"{story.first} to {story.last}"),
        *([("missing in the source", _days(story.missing))] if story.missing else []),
        ("cash at the beginning", f"${story.cash:,}"),
        ("quotes", f"{story.quotes:,}" if story.quotes else "not counted"),
    ]
    return Table(title="What was played", columns=(Column("", "text"), Column("", "wrap")), rows=tuple(rows))


def _days(missing: Sequence[date]) -> str:
    named, more = ", ".join(map(str, missing[:_MOST_DAYS])), len(missing) - _MOST_DAYS
    return f"{counted(len(missing), 'trading day', 'trading days')}: {named}" + (
        f" and {more:,} more" if more > 0 else ""
    )


def _settings(story: Story) -> Table:
    rows = [(*key.partition(":")[::2], value) for key, value in sorted(story.settings.items())]
    return Table(
        title="Settings that were not left at their defaults",
        columns=(Column("book", "text"), Column("key", "text"), Column("value", "wrap")),
        rows=tuple(rows),
        none="All of them were.",
    )


def _source(story: Story) -> Table:
    rows = []
    for each in story.source:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in sorted(each.rejected.items()))
        rejected = sum(each.rejected.values())
        rows.append((each.name, f"{each.rows:,}", f"{each.used:,}", f"{rejected:,}", reasons))
    kept, left_out = capped(rows)
    sums = (sum(each.rows for each in story.source), sum(each.used for each in story.source))
    rejected = sum(sum(each.rejected.values()) for each in story.source)
    account = f"{sums[1]:,} used and {rejected:,} rejected make {sums[1] + rejected:,} of {sums[0]:,} rows read."
    return Table(
        title="Rows of the source",
        columns=(
            Column("file", "wrap"), Column("read"), Column("used"), Column("rejected"), Column("why", "wrap"),
        ),
        rows=kept,
        note=f"{account} {left_out}".strip(),
        none="None: the market was generated.",
    )  # fmt: skip


def _gaps(runs: list[BookRun]) -> Table:
    """Within a day, from one look to the next: no quotes, or none that could be used."""
    rows = [(run.book, *gap) for run in runs for looks in run.looks for gap in _gaps_of(looks)]
    kept, left_out = capped(rows, _MOST_GAPS)
    return Table(
        title="Gaps",
        columns=(Column("book", "text"), Column("from", "text"), Column("to", "text"), Column("minutes")),
        rows=kept,
        note=left_out or "Times without a picture that could be used, within a day.",
        none=f"None of {_SHORTEST_GAP.seconds // 60} minutes or more within a day.",
    )


def _gaps_of(looks: Looks) -> list[tuple[str, str, str]]:
    at = looks.at
    if len(at) < 2:
        return []
    long = (np.diff(at) >= _SHORTEST_GAP.total_seconds() * 1e9) & (np.diff(days_of(at)) == 0)
    places = np.flatnonzero(long)
    pairs = [
        (datetime.fromtimestamp(at[each] / 1e9, UTC), datetime.fromtimestamp(at[each + 1] / 1e9, UTC))
        for each in places
    ]
    return [(moment(begin), moment(end), f"{(end - begin).total_seconds() / 60:,.0f}") for begin, end in pairs]
