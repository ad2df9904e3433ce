"""The progress of a sweep: what is done, how long it will take, the best so far."""

import math
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean, pstdev

from attrs import define, field
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gamma_scalper.backtest.sweep.cells import Cell
from gamma_scalper.backtest.sweep.store import Run, RunKey
from gamma_scalper.reports.sweep.outcome import LESS_IS_BETTER

_WIDEST = 50
_FEWEST = 3  # runs of a cell before it may be called the best so far


@define(kw_only=True)
class Watching:
    """Hears of each run; one that comes up again counts once."""

    expected: int
    objective: str
    heard_of: set[RunKey] = field(init=False, factory=set)
    _failed: int = field(init=False, default=0)
    _profits: dict[str, list[float]] = field(init=False, factory=lambda: defaultdict(list))  # cell -> $ a session
    _costs: dict[str, list[float]] = field(init=False, factory=lambda: defaultdict(list))
    _best: tuple[float, str] = field(init=False, default=(-math.inf, ""))
    _bar: Progress | None = field(init=False, default=None)

    @contextmanager
    def shown(self, console: Console) -> Iterator[None]:
        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("runs,"),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as self._bar:
            self._bar.add_task("left", total=self.expected)
            yield

    def heard(self, cell: Cell, run: Run) -> None:
        if run.key in self.heard_of:
            return
        self.heard_of.add(run.key)
        if run.failure:
            self._failed += 1
        elif run.profit:
            self._weigh(cell, run)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=len(self.heard_of), description=self._said())

    def _weigh(self, cell: Cell, run: Run) -> None:
        profits, costs = self._profits[cell.name], self._costs[cell.name]
        profits.append(fmean(run.profit))
        costs.append(fmean(run.costs))
        if len(profits) >= _FEWEST:
            self._best = max(self._best, (self._worth(profits, costs), cell.name[:_WIDEST]))

    def _worth(self, profits: list[float], costs: list[float]) -> float:
        risk = pstdev(profits)
        worth = {
            "profit": fmean(profits),
            "cost": fmean(costs),
            "risk": risk,
            "risk_adjusted": fmean(profits) / risk if risk else 0.0,
        }[self.objective]
        return -worth if self.objective in LESS_IS_BETTER else worth

    def _said(self) -> str:
        worth, name = self._best
        amount = -worth if self.objective in LESS_IS_BETTER else worth
        best = f"left; best {self.objective} so far {amount:.2f}: {name}" if name else "left"
        return f"{best}; {self._failed} failed" if self._failed else best
