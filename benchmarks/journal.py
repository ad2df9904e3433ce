"""What it costs to take everything down before acting on it, next to SQLite alone, and to come back from it.

uv run python benchmarks/journal.py [--millions 1] [--json]
"""

import asyncio
import gc
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import cast

from measure import Measured, arguments, report

from gamma_scalper.domain.entries import (
    BooksClosed,
    DayBegan,
    DeskEntry,
    Dispatched,
    Elapsed,
    Entry,
    Marked,
    Ordered,
)
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import GoodTill, Intent, IntentId, Limit, Purpose, Side
from gamma_scalper.domain.ports import Link, LinkReport, OrderReport, Standing, Warned
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import WallClock
from gamma_scalper.portfolio.desk import Desk, desk, opened
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.recovery import fold, keep, recover

DURABLE = 2_000
BATCHED, ROUNDS = 50_000, 5
UNKEPT = 20_000  # rows behind a long journal's last snapshot
ORDERS_A_DAY, KEPT = 2_000, timedelta(days=7)
STEPS = 20_000
BEGAN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
SPY = Stock(con_id=756733, symbol="SPY")

Noted = tuple[str, Entry, datetime]  # a row to be: book, entry, moment


# -- a day's rows ------------------------------------------------------------------------------------------------------


def an_order(number: int, at: datetime) -> Iterator[Entry]:
    """A hedge from its reason to its commission, the next one the other way round."""
    id, side = IntentId("spy", number), Side.BUY if number % 2 else Side.SELL
    intent = Intent(
        id=id,
        purpose=Purpose.HEDGE,
        instrument=SPY,
        side=side,
        quantity=Decimal(20),
        pricing=Limit("599.99"),
        lifetime=GoodTill(at + timedelta(seconds=30)),
        account="DU1234567",
        snapshot_ids=(number,),
        reason="projected delta 31 above the band",
    )
    quote = Quote(con_id=SPY.con_id, snapshot_id=number, bid=599.98, ask=600.0, received_at=at)
    yield Ordered(intents=(intent,), reserved=(Money("12000"),), patience_s=15, good_for_s=2, quotes=(quote,))
    yield Dispatched(id)
    yield told(id, number, at, Standing.WORKING, 0)
    yield Fill(
        intent=id, account="DU1234567", instrument=SPY, side=side, quantity=Decimal(20), price=Decimal("599.99"),
        exec_id=f"0000e0d5.{number:08x}.01.01", perm_id=10_000 + number, at=at,
    )  # fmt: skip
    yield told(id, number, at, Standing.FILLED, 20)
    yield Commission(f"0000e0d5.{number:08x}.01.01", Money("1.0042"))


def told(id: IntentId, number: int, at: datetime, standing: Standing, filled: int) -> OrderReport:
    return OrderReport(
        at=at, order_ref=str(id), perm_id=10_000 + number, standing=standing, filled=filled, remaining=20 - filled
    )


def days() -> Iterator[Noted]:
    """As many rows as are asked for, 20,000 a day; of ten, six are about an order, two the house's, two others."""
    yield "spy", LinkReport(BEGAN, Link.READY), BEGAN
    for number in range(1, 10**9):
        day, order = divmod(number - 1, ORDERS_A_DAY)
        at = BEGAN + timedelta(days=day, seconds=11 * order)
        if not order:
            yield "", DayBegan(at.date()), at
            yield "spy", BooksClosed(at - KEPT), at
        else:
            yield "spy", Warned(at=at, code=2104, text="Market data farm connection is OK:usfarm"), at
        yield from (("spy", entry, at) for entry in an_order(number, at))
        yield "spy", Elapsed(), at + timedelta(seconds=5)
        for second in (6, 10):
            marked = Marked(profit_today=Decimal(number), equity=Decimal(100_000 + second))
            yield "", marked, at + timedelta(seconds=second)


# -- writing -----------------------------------------------------------------------------------------------------------


def journal(folder: Path) -> SqlJournal:
    return SqlJournal.open(f"sqlite:///{folder / 'journal.db'}", lock=folder / "lock", clock=WallClock())


def bare(folder: Path) -> sqlite3.Connection:
    """SQLite as it comes, as durable as ours."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table if not exists event (seq integer primary key, payload text)")
    return connection


def durable(folder: Path) -> Measured:
    """One row at a time, each flushed as before an order; in turns with a bare insert and commit of as many bytes."""

    async def alternate() -> tuple[list[float], list[float]]:
        opened, plain = journal(folder), bare(folder)
        ours, base = [], []
        for book, entry, at in islice(days(), DURABLE):
            began = time.perf_counter()
            opened.append(book, entry, at)
            await opened.flush()
            ours.append(1e3 * (time.perf_counter() - began))
            began = time.perf_counter()
            plain.execute("insert into event (payload) values (?)", ("x" * 350,))
            base.append(1e3 * (time.perf_counter() - began))
        opened.close()
        plain.close()
        return ours, base

    ours, base = asyncio.run(alternate())
    figure, baseline = statistics.median(ours), statistics.median(base)
    p99 = statistics.quantiles(ours, n=100)[-1]
    ok = figure <= 1 and p99 <= 10
    return Measured("durable append", figure, baseline, "ms", "p50 1 ms, p99 10 ms", figure / baseline, ok, p99)


def batched(folder: Path) -> Measured:
    """Rows a second, from the entry to the disk; in turns with SQLite alone, given the finished text."""
    opened, plain = journal(folder), bare(folder)
    rates, base = [], []
    rows = list(islice(days(), BATCHED))
    texts = [("x" * 350,)] * BATCHED
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for book, entry, at in rows:
            opened.append(book, entry, at)
        opened.flush_now()
        rates.append(BATCHED / (time.perf_counter() - began))
        began = time.perf_counter()
        plain.execute("begin")
        plain.executemany("insert into event (payload) values (?)", texts)
        plain.execute("commit")
        base.append(BATCHED / (time.perf_counter() - began))
    opened.close()
    plain.close()
    figure, baseline = statistics.median(rates), statistics.median(base)
    return Measured(
        "batched, mixed kinds", figure, baseline, "rows/s", "at least 50,000", figure / baseline, figure >= 50_000
    )


def written(folder: Path) -> list[Measured]:
    return [durable(folder), batched(folder)]


# -- coming back -------------------------------------------------------------------------------------------------------


def long_journal(folder: Path, rows: Iterator[Noted], length: int) -> float:
    """Months of a busy book, a snapshot, and a day behind it; what it took, in seconds, to fold it from row 1."""
    opened = journal(folder)
    for book, entry, at in islice(rows, length - UNKEPT):
        opened.append(book, entry, at)
    opened.flush_now()
    began = time.perf_counter()
    state = fold(opened.rows())
    took = time.perf_counter() - began
    keep(opened, state)
    for book, entry, at in islice(rows, UNKEPT):
        opened.append(book, entry, at)
    opened.close()
    return took


def recovered(folder: Path, length: int) -> list[Measured]:
    """From a dead process's files to the state it had: lock, chain, snapshot, fold. Baseline: without the snapshot."""
    rows = days()
    baseline = long_journal(folder, rows, length)
    gc.collect()
    began = time.perf_counter()
    opened = journal(folder)
    checked = time.perf_counter() - began
    found = recover(opened)
    took = time.perf_counter() - began
    opened.close()
    assert found.seq == length, "every row is in the state"
    what = f"recovery of {length:,} rows, {checked:.1f} s of it to check the chain"
    recovery = Measured(what, took, baseline, "s", "at most 5 s", took / baseline, took <= 5)
    return [recovery, stepped(found.desk("spy"), list(islice(rows, STEPS)))]


def stepped(old: Desk, rows: Sequence[Noted]) -> Measured:
    """A step of the desk with a week's dead orders in it, its closing of the books included; baseline: with none."""

    def step_us(state: Desk, rows: Sequence[Noted]) -> float:
        steps = [(cast(DeskEntry, entry), at) for book, entry, at in rows if book]
        began = time.perf_counter()
        for entry, at in steps:
            state, _ = desk(state, entry, at)
        return 1e6 * (time.perf_counter() - began) / len(steps)

    assert len(old.orders) >= KEPT.days * ORDERS_A_DAY, "no order of the week is missing"
    young = opened("spy", DeskParameters())
    figure, baseline = step_us(old, rows), step_us(young, list(islice(days(), STEPS)))
    what = f"desk step, {len(old.orders):,} dead orders"
    return Measured(what, figure, baseline, "µs", "at most 50 µs", figure / baseline, figure <= 50)


def main() -> None:
    asked = arguments(__doc__.splitlines()[0], millions="millions of rows of the long journal (0.5; the aim is for 1)")
    length = int(1e6 * asked.millions)
    rows: list[Measured] = []
    for measure in (written, partial(recovered, length=length)):
        # Beside the program, since a system's own folder for temporary files may be in memory.
        with tempfile.TemporaryDirectory(prefix=".journal-", dir=Path(__file__).parents[1]) as folder:
            rows += measure(Path(folder))
    report("benchmarks.journal/1", rows, as_json=asked.json)


if __name__ == "__main__":
    main()
