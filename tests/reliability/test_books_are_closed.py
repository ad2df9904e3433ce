"""Each morning the house closes its books on what is older than a week, and goes on as if nothing were forgotten."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from busy_house import BOOK, House, Street
from scripted import Wish, script

from gamma_scalper.domain.entries import BooksClosed
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.kernel import LoopClock
from gamma_scalper.portfolio.ledger import cash, realised

MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


async def spent(path: Path, start: datetime, minutes: float, wishes: Sequence[Wish] = ()) -> House:
    """A session on a market that begins with it; the book starts and ends with nothing, so that the two agree."""
    street = Street(start, LoopClock(asyncio.get_running_loop(), start))
    quoting = asyncio.create_task(street.quote())
    try:
        house = House(street, path, {BOOK: wishes})
        await house.live_until(start + timedelta(minutes=minutes))
    finally:
        quoting.cancel()
    assert not street.held
    return house


def in_and_out(start: datetime) -> Sequence[Wish]:
    """Two straddles for a minute."""
    return script(start, [(0, 2, 0, 1_000, "take"), (1, 0, 0, 1_000, "take")])


async def test_a_week_later_old_orders_are_gone_and_what_they_earned_is_not(tmp_path: Path) -> None:
    path, later = tmp_path / "journal.db", MONDAY + timedelta(days=9)
    first = (await spent(path, MONDAY, 2.5, in_and_out(MONDAY))).desk()
    assert sorted(first.orders) == [1, 2, 3, 4]
    again = (await spent(path, MONDAY + timedelta(hours=1), 0.5)).desk()
    assert sorted(again.orders) == [1, 2, 3, 4], "nothing of the week is closed"
    last = (await spent(path, later, 2.5, in_and_out(later))).desk()
    assert sorted(last.orders) == [5, 6, 7, 8]
    for amounts in (cash, realised):
        assert amounts(last.ledger) == tuple(each + each for each in amounts(first.ledger))
    with closing(JournalReader.open(f"sqlite:///{path}")) as journal:
        written = [(row.at, row.entry) for row in journal.rows() if isinstance(row.entry, BooksClosed)]
    assert [entry.before for at, entry in written] == [at - timedelta(days=7) for at, entry in written]
    assert [at.date() for at, _ in written] == [MONDAY.date(), later.date()], "once a day, however often it begins"
