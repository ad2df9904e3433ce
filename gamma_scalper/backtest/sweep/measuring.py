"""One cell on one seed through the very ring that trades, and what a sweep keeps of it."""

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
    sessions = _by_session(story.rows, days)
    summary = of_all(story.rows)
    return Run(
        cell=cell.digest,
        seed=seed,
        profit=tuple(to_float(each.profit) for each in sessions),
        hedged=tuple(to_float(each.hedged) for each in sessions),
        costs=tuple(to_float(each.costs) for each in sessions),
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


@frozen(kw_only=True)
class _Session:
    """Dollars of one session."""

    profit: Decimal = Decimal(0)
    hedged: Decimal = Decimal(0)
    costs: Decimal = Decimal(0)

    def plus(self, entry: Attributed) -> "_Session":
        return _Session(
            profit=self.profit + entry.total,
            hedged=self.hedged + entry.delta + entry.gamma + entry.theta,
            costs=self.costs - entry.costs,
        )


def _by_session(rows: Sequence[Row], days: Sequence[date]) -> list[_Session]:
    """What a weekend did is of the session after it; what came after the last session is of the last."""
    found = dict.fromkeys(days, _Session())
    for row in rows:
        if isinstance(row.entry, Attributed):
            ended = row.entry.until.astimezone(_NEW_YORK).date()
            day = next((day for day in days if day >= ended), days[-1])
            found[day] = found[day].plus(row.entry)
    return list(found.values())
