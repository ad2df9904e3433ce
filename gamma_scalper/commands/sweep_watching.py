"""The progress of a sweep: what is done, how long it will take, the best so far."""

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
    _units: dict[str, list[tuple[float, float, float]]] = field(init=False, factory=lambda: defaultdict(list))
    # cell -> of each run: profit, hedged, costs, $ a session
    _worths: dict[str, float] = field(init=False, factory=dict)  # cell -> its objective so far
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
        units = self._units[cell.name]
        units.append((fmean(run.profit), fmean(run.hedged), fmean(run.costs)))
        if len(units) >= _FEWEST:
            self._worths[cell.name] = self._worth(units)

    def _worth(self, units: list[tuple[float, float, float]]) -> float:
        profit, hedged, costs = zip(*units, strict=True)
        risk = pstdev(profit)
        worths: dict[str, float] = {
            "profit": fmean(profit),
            "hedged": fmean(hedged) - fmean(costs),
            "cost": fmean(costs),
            "risk": pstdev(hedged),
            "risk_adjusted": fmean(profit) / risk if risk else 0.0,
        }
        return worths[self.objective]

    def _said(self) -> str:
        failed = f"; {self._failed} failed" if self._failed else ""
        if not self._worths:
            return f"left{failed}"
        best = (min if self.objective in LESS_IS_BETTER else max)(self._worths, key=lambda name: self._worths[name])
        return f"left; best {self.objective} so far {self._worths[best]:.2f}: {best[:_WIDEST]}{failed}"
