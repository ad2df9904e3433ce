"""One cell on one seed through the very ring that trades, and what a sweep keeps of it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import evolve, frozen
from loguru import logger

from gamma_scalper.backtest.runner import Backtest, backtest
from gamma_scalper.backtest.sweep.cells import Cell, Ground
from gamma_scalper.backtest.sweep.store import Run
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.journal.chain import Row
from gamma_scalper.reports.summary import of_all
from gamma_scalper.system import SystemParameters

_NEW_YORK = ZoneInfo("America/New_York")


@frozen
class Bench:
    """Where cells are played: everything but the cell and the seed. It travels to other machines, without secrets."""

    ground: Ground
    system: SystemParameters
    named: str  # the book


def bench_of(ground: Ground, system: SystemParameters, named: str) -> Bench:
    offline = evolve(
        system, mode="paper", gateway="embedded", account="", live_account="", journal_url="", error_codes=""
    )
    return Bench(ground, offline, named)


def measured(bench: Bench, cell: Cell, seed: int) -> Run:
    """Raises whatever the ring raises."""
    ground, days = bench.ground, list[date]()
    asked = Backtest(
        system=bench.system,
        books={bench.named: cell.book},
        market=ground.market,
        seed=seed,
        first=ground.first,
        last=ground.last,
    )
    with _unheard():
        story = backtest(asked, lambda day, _: days.append(day))
    profit, costs = _by_session(story.rows, days)
    summary = of_all(story.rows)
    return Run(
        cell=cell.digest,
        seed=seed,
        profit=profit,
        costs=costs,
        hedges=sum(book.hedges for book in summary.books),
        fills=sum(len(book.fills) for book in summary.books),
        halts=len(summary.halts) + sum(len(book.halts) for book in summary.books),
    )


@contextmanager
def _unheard() -> Iterator[None]:
    """Of a thousand runs nobody reads the log."""
    logger.disable("gamma_scalper")
    try:
        yield
    finally:
        logger.enable("gamma_scalper")


def _by_session(rows: Sequence[Row], days: Sequence[date]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Profit and costs in dollars; what a weekend did is of the session after it, what came after the last, of it."""
    profit, costs = defaultdict[date, Decimal](Decimal), defaultdict[date, Decimal](Decimal)
    for row in rows:
        if isinstance(row.entry, Attributed):
            ended = row.entry.until.astimezone(_NEW_YORK).date()
            day = next((day for day in days if day >= ended), days[-1])
            profit[day] += row.entry.total
            costs[day] -= row.entry.costs
    return tuple(to_float(profit[day]) for day in days), tuple(to_float(costs[day]) for day in days)
