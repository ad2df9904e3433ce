"""A sweep from the question to the account of what came of it."""

import re
from collections.abc import Mapping, Sequence
from functools import partial

from attrs import evolve, frozen

from gamma_scalper.backtest.span import span_of
from gamma_scalper.backtest.sweep.account import Comparison, Panel, compared, failures_of, panel_of
from gamma_scalper.backtest.sweep.cells import Cell, Cells, Ground, check_keys, without_repeats
from gamma_scalper.backtest.sweep.grid import Axis, Values, combinations
from gamma_scalper.backtest.sweep.measuring import bench_of, measured
from gamma_scalper.backtest.sweep.player import Player
from gamma_scalper.backtest.sweep.playing import Play
from gamma_scalper.backtest.sweep.search import Search, searched
from gamma_scalper.backtest.sweep.verdict import verdict
from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.specs import GENERATED
from gamma_scalper.reports.sweep.outcome import OutOfSample, SweepOutcome


@frozen(kw_only=True)
class Sweep:
    """What is asked, checked."""

    cells: Cells
    axes: tuple[Axis, ...]
    grid: tuple[Cell, ...]  # empty for a search
    as_it_is: Cell
    seeds: tuple[int, ...]
    objective: str
    search: Search | None
    settings: Mapping[str, str]  # of the book, that were not left at their default


def sweep_of(
    cells: Cells,
    axes: Sequence[Axis],
    *,
    seeds: Sequence[int],
    objective: str,
    search: Search | None,
    settings: Mapping[str, str],
) -> Sweep:
    """Raises `UserError` where anything is wrong that can be known before it is played."""
    check_keys(axes)
    _check_market(cells.ground, seeds[0])
    grid: tuple[Cell, ...] = ()
    if search is None:
        grid = tuple(cells.cell(given) for given in combinations([axis for axis in axes if isinstance(axis, Values)]))
    else:
        for axis in axes:
            for end in axis.ends():
                cells.cell({axis.key: end})
    return Sweep(
        cells=cells, axes=tuple(axes), grid=without_repeats(grid), as_it_is=cells.as_it_is(),
        seeds=tuple(seeds), objective=objective, search=search, settings=settings,
    )  # fmt: skip


def ring(cells: Cells) -> Play:
    """Plays these cells by the very ring that trades."""
    return partial(measured, bench_of(cells.ground, cells.system, cells.named))


def swept(sweep: Sweep, player: Player) -> SweepOutcome:
    """Play what is missing, and reckon."""
    with player.at_work():
        tried = _tried(sweep, player)
        cells = without_repeats([*tried, sweep.as_it_is])
        player.bring(cells, sweep.seeds)
        panel, found = _reckoned(sweep, player, cells, sweep.seeds)
        outcome = _outcome(sweep, player, cells, panel, found)
        if sweep.search is None or sweep.cells.ground.one_path:  # fresh seeds of the same days are no fresh days
            return outcome
        return evolve(outcome, fresh=_beyond(sweep, player, panel.cells[found.best], found))


def _tried(sweep: Sweep, player: Player) -> Sequence[Cell]:
    if sweep.search is None:
        return sweep.grid
    return searched(sweep.search, sweep.axes, sweep.cells, player, sweep.seeds)


def _reckoned(sweep: Sweep, player: Player, cells: Sequence[Cell], seeds: Sequence[int]) -> tuple[Panel, Comparison]:
    panel = panel_of(cells, player.store.runs, seeds, one_path=sweep.cells.ground.one_path)
    baseline = None if panel is None else _row_of(sweep.as_it_is, panel)
    if panel is None or baseline is None:
        failures = failures_of([sweep.as_it_is, *cells], player.store.runs, seeds)
        raise UserError(f"sweep: there is nothing to compare with: {failures[0].reason if failures else 'no run'}")
    return panel, compared(panel, baseline, sweep.objective)


def _row_of(cell: Cell, panel: Panel) -> int | None:
    return next((row for row, each in enumerate(panel.cells) if each.digest == cell.digest), None)


def _outcome(sweep: Sweep, player: Player, cells: Sequence[Cell], panel: Panel, found: Comparison) -> SweepOutcome:
    ground, units = sweep.cells.ground, panel.profit.shape[1]
    runs = [player.store.runs[cell.digest, seed] for cell in cells for seed in sweep.seeds]
    return SweepOutcome(
        book=sweep.cells.named,
        market=ground.market,
        first=ground.first,
        last=ground.last,
        sessions=max(len(run.profit) for run in runs),
        seeds=_in_words(sweep.seeds),
        runs=sum(not run.failure for run in runs),
        objective=sweep.objective,
        units=units,
        unit=panel.unit,
        baseline=found.baseline,
        best=found.best,
        deflated_sharpe=found.deflated_sharpe,
        verdict=verdict(found, units, sweep.objective),
        cells=found.cells,
        keys=tuple(axis.key for axis in sweep.axes),
        failures=failures_of(cells, player.store.runs, sweep.seeds),
        left_out=tuple(cell.name for cell in panel.left_out),
        settings=sweep.settings,
        search="" if sweep.search is None else sweep.search.method,
    )  # fmt: skip


def _beyond(sweep: Sweep, player: Player, best: Cell, found: Comparison) -> OutOfSample:
    """The best of a search on as many seeds that it never saw."""
    seeds = range(sweep.seeds[-1] + 1, sweep.seeds[-1] + 1 + len(sweep.seeds))
    cells = without_repeats([best, sweep.as_it_is])
    player.bring(cells, seeds)
    panel, again = _reckoned(sweep, player, cells, seeds)
    row = _row_of(best, panel)
    if row is None:
        raise UserError(f"sweep: {best.name} failed on the fresh seeds; its runs on the others are kept")
    return OutOfSample(
        seeds=_in_words(seeds),
        cell=best.name,
        within=found.cells[found.best].difference,
        beyond=again.cells[row].difference,
        p=again.cells[row].p,
    )


def _in_words(seeds: Sequence[int]) -> str:
    return f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"


def _check_market(ground: Ground, seed: int) -> None:
    """It can be played, and each seed is a path of its own."""
    kind = ground.market.strip().partition(":")[0]
    if kind in GENERATED and re.search(r"[:,;]\s*seed\s*=", ground.market):
        raise UserError(f"--market {ground.market}: it names a seed, so every run would be the same; leave seed= out")
    span_of(ground.market, seed, ground.first, ground.last)
