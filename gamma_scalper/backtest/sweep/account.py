"""From runs to what they tell: cells on the same seeds, unit by unit."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from gamma_scalper.backtest.sweep.cells import Cell
from gamma_scalper.backtest.sweep.statistics import (
    Floats,
    Spread,
    against,
    deflated_sharpe,
    deviation_by_unit,
    not_dominated,
    ratio_by_unit,
    spread,
)
from gamma_scalper.backtest.sweep.store import Run, RunKey
from gamma_scalper.reports.sweep.outcome import LESS_IS_BETTER, CellOutcome, Estimate, FailedRun

_ENOUGH_SEEDS = 8
_BLOCK = 5  # sessions; a week of them is a unit where there are few seeds

BySession = tuple[float, ...]


@frozen(eq=False)
class Panel:
    """Cells by units, on the seeds that all these cells came through; dollars of one session."""

    cells: tuple[Cell, ...]
    profit: Floats
    hedged: Floats
    cost: Floats
    hedges: Floats  # by cell
    sessions: float  # in a unit, on average
    unit: str  # in words
    left_out: tuple[Cell, ...]


@frozen(eq=False)
class Comparison:
    """The cells, and which of them is which."""

    cells: tuple[CellOutcome, ...]
    baseline: int
    best: int
    deflated_sharpe: float


def panel_of(
    cells: Sequence[Cell], runs: Mapping[RunKey, Run], seeds: Sequence[int], *, one_path: bool = False
) -> Panel | None:
    """None where the cells have no seed in common. A cell that fails on half of them or more is left out.

    `one_path`: seeds of the same market are no units by themselves, however many there are.
    """
    played = {
        cell.digest: {seed for seed in seeds if (run := runs.get((cell.digest, seed))) and not run.failure}
        for cell in cells
    }
    kept = [cell for cell in cells if 2 * len(played[cell.digest]) > len(seeds)]
    if not kept or not (shared := sorted(set.intersection(*(played[cell.digest] for cell in kept)))):
        return None
    found = [[runs[cell.digest, seed] for seed in shared] for cell in kept]
    by_seed = len(shared) >= _ENOUGH_SEEDS and not one_path
    units = _by_seed if by_seed else _blocks_of_one_path if one_path else _blocks
    profit, hedged, cost = (
        np.array([units([getattr(run, name) for run in row]) for row in found])
        for name in ("profit", "hedged", "costs")
    )
    played_sessions = sum(len(run.profit) for run in found[0])
    sessions = len(found[0][0].profit) if one_path else played_sessions
    return Panel(
        cells=tuple(kept),
        profit=profit,
        hedged=hedged,
        cost=cost,
        hedges=np.array([sum(run.hedges for run in row) / played_sessions for row in found]),
        sessions=sessions / profit.shape[1],
        unit="a run on a seed of its own" if by_seed else f"a block of about {_BLOCK} sessions in a row",
        left_out=tuple(cell for cell in cells if cell not in kept),
    )


def _by_seed(runs: Sequence[BySession]) -> list[float]:
    return [sum(values) / len(values) for values in runs]


def _blocks(runs: Sequence[BySession]) -> list[float]:
    return [mean for values in runs for mean in _in_blocks(np.array(values))]


def _blocks_of_one_path(runs: Sequence[BySession]) -> list[float]:
    """Each session on average over the seeds."""
    return _in_blocks(np.array(runs).mean(axis=0))


def _in_blocks(values: Floats) -> list[float]:
    return [float(block.mean()) for block in np.array_split(values, max(1, len(values) // _BLOCK))]


def compared(panel: Panel, baseline: int, objective: str) -> Comparison:
    """Every cell against the baseline by the objective, with what chance alone does."""
    root = math.sqrt(panel.sessions) if panel.profit.shape[1] > 1 else math.nan  # of one unit nobody knows the risk
    by_objective = {
        "profit": panel.profit,
        "hedged": panel.hedged - panel.cost,
        "cost": panel.cost,
        "risk": deviation_by_unit(panel.hedged) * root,
        "risk_adjusted": ratio_by_unit(panel.profit) / root,
    }
    spreads = {name: spread(values) for name, values in by_objective.items()}
    tested = against(by_objective[objective], baseline)
    efficient = not_dominated(spreads["risk"].mean, -spreads["cost"].mean)
    cells = tuple(
        CellOutcome(
            name=cell.name,
            given=cell.given,
            digest=cell.digest,
            **{name: _figure(found, row) for name, found in spreads.items()},
            difference=_figure(tested.difference, row),
            p=float(tested.p[row]),
            corrected=float(tested.corrected[row]),
            hedges=float(panel.hedges[row]),
            same_as=_same_as(panel, row),
            efficient=bool(efficient[row]),
        )
        for row, cell in enumerate(panel.cells)
    )
    worth = spreads[objective].mean * (-1 if objective in LESS_IS_BETTER else 1)
    others = [row for row in range(len(cells)) if row != baseline]
    best = max(others, key=lambda row: float(worth[row]), default=baseline)
    earned = by_objective["hedged" if objective == "hedged" else "profit"]
    sharpe = math.nan if objective in LESS_IS_BETTER else deflated_sharpe(earned, best)
    return Comparison(cells, baseline, best, sharpe)


def _same_as(panel: Panel, row: int) -> str:
    """The name of an earlier cell: what sets them apart is overruled by something else."""
    for earlier in range(row):
        if all(np.array_equal(values[earlier], values[row]) for values in (panel.profit, panel.hedged, panel.cost)):
            return panel.cells[earlier].name
    return ""


def failures_of(cells: Sequence[Cell], runs: Mapping[RunKey, Run], seeds: Sequence[int]) -> tuple[FailedRun, ...]:
    found = ((cell, runs.get((cell.digest, seed))) for cell in cells for seed in seeds)
    return tuple(FailedRun(cell.name, run.seed, run.failure) for cell, run in found if run is not None and run.failure)


def _figure(found: Spread, row: int) -> Estimate:
    return Estimate(float(found.mean[row]), float(found.low[row]), float(found.high[row]))


def objective_of(
    cell: Cell, runs: Mapping[RunKey, Run], seeds: Sequence[int], objective: str, *, one_path: bool = False
) -> float | None:
    """One cell's figure by itself; None where too little of it was played."""
    panel = panel_of([cell], runs, seeds, one_path=one_path)
    return None if panel is None else compared(panel, 0, objective).cells[0].of(objective).value
