"""Looks for the best cell among more than a grid could hold: at random, or where good ones were (Optuna's TPE).

Nothing of a search is kept but its runs: the sampler draws from a seed, so the same search asks for the same cells in
the same order, finds those that were played, and goes on from there.
"""

from collections.abc import Iterator, Mapping, Sequence

import optuna
from attrs import frozen

from gamma_scalper.backtest.sweep.account import objective_of
from gamma_scalper.backtest.sweep.cells import Cell, Cells
from gamma_scalper.backtest.sweep.grid import Axis, Range
from gamma_scalper.backtest.sweep.player import Player
from gamma_scalper.domain.exits import UserError
from gamma_scalper.reports.sweep.outcome import LESS_IS_BETTER

METHODS = ("random", "bayes")
_AT_A_TIME = 4  # not the number of workers: a search must not depend on where it runs
_STARTUP = 10  # trials at random before the others learn from them


@frozen(kw_only=True)
class Search:
    """What is looked for, where, and how long."""

    method: str
    trials: int
    objective: str
    seed: int


def searched(search: Search, axes: Sequence[Axis], cells: Cells, player: Player, seeds: Sequence[int]) -> list[Cell]:
    """The cells that were tried, in the order they came up; some came up more than once."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="minimize" if search.objective in LESS_IS_BETTER else "maximize", sampler=_sampler(search)
    )
    tried: list[Cell] = []
    for size in _batches(search.trials):
        asked = [study.ask() for _ in range(size)]
        found = [(trial, _cell(cells, {axis.key: _drawn(trial, axis) for axis in axes})) for trial in asked]
        batch = [cell for _, cell in found if cell is not None]
        player.bring(batch, seeds)
        tried += batch
        for trial, cell in found:
            value = None
            if cell is not None:
                value = objective_of(cell, player.store.runs, seeds, search.objective, one_path=cells.ground.one_path)
            if value is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, value)
    if not tried:
        raise UserError("--search: no trial was a book that is allowed; narrow the ranges of --grid")
    return tried


def _sampler(search: Search) -> optuna.samplers.BaseSampler:
    if search.method == "random":
        return optuna.samplers.RandomSampler(seed=search.seed)
    return optuna.samplers.TPESampler(seed=search.seed, n_startup_trials=_STARTUP)


def _batches(trials: int) -> Iterator[int]:
    for begin in range(0, trials, _AT_A_TIME):
        yield min(_AT_A_TIME, trials - begin)


def _drawn(trial: optuna.Trial, axis: Axis) -> str:
    if not isinstance(axis, Range):
        return str(trial.suggest_categorical(axis.key, axis.values))
    if axis.whole:
        return axis.written(trial.suggest_int(axis.key, round(axis.low), round(axis.high), log=axis.log))
    return axis.written(trial.suggest_float(axis.key, axis.low, axis.high, log=axis.log))


def _cell(cells: Cells, given: Mapping[str, str]) -> Cell | None:
    """None where the values don't go together; each alone was checked before."""
    try:
        return cells.cell(given)
    except UserError:
        return None
