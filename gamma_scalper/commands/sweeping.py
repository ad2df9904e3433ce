"""A sweep under the eyes of a person: what is done, what is left, and the best so far."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import typer
from attrs import frozen
from rich.console import Console

from gamma_scalper.backtest.sweep.cells import Cell, Cells, Ground, Loader
from gamma_scalper.backtest.sweep.fingerprint import market_fingerprint
from gamma_scalper.backtest.sweep.grid import Axis
from gamma_scalper.backtest.sweep.player import Player
from gamma_scalper.backtest.sweep.search import Search
from gamma_scalper.backtest.sweep.store import SweepStore
from gamma_scalper.backtest.sweep.sweep import Sweep, ring, sweep_of, swept
from gamma_scalper.commands.sweep_watching import Watching
from gamma_scalper.reports.sweep.outcome import SweepOutcome
from gamma_scalper.system import Config

_INTERRUPTED = 130


@frozen(kw_only=True)
class Options:
    """What the command line said."""

    load: Loader
    overrides: Sequence[str]
    config: Config
    named: str
    first: date | None
    last: date | None
    axes: tuple[Axis, ...]
    seeds: Sequence[int]
    objective: str
    method: str
    trials: int
    scheduler: str
    out: Path | None
    settings: Mapping[str, str]


def run(options: Options) -> SweepOutcome:
    """Ctrl+C ends it with one line; what is done is kept."""
    console = Console(stderr=True, highlight=False)
    with console.status("reading the market ..."):
        sweep = _sweep(options)
    folder = options.out or _folder(options, sweep.as_it_is)
    store = SweepStore(folder, lambda line: console.print(line, soft_wrap=True))
    watching = Watching(expected=_expected(sweep), objective=options.objective)
    player = Player(play=ring(sweep.cells), store=store, scheduler=options.scheduler, heard=watching.heard)
    try:
        with watching.shown(console):
            return swept(sweep, player)
    except KeyboardInterrupt:
        console.print(
            f"stopped: {len(watching.heard_of)} of {watching.expected} runs are kept in {folder}; "
            "the same command goes on from there",
            soft_wrap=True,
        )
        raise typer.Exit(_INTERRUPTED) from None


def _sweep(options: Options) -> Sweep:
    system = options.config.system
    ground = Ground(system.market, market_fingerprint(system.market), options.first, options.last)
    search = None
    if options.method:
        search = Search(
            method=options.method, trials=options.trials, objective=options.objective, seed=options.seeds[0]
        )
    return sweep_of(
        Cells(options.load, options.overrides, ground, system, options.named),
        options.axes,
        seeds=options.seeds,
        objective=options.objective,
        search=search,
        settings=options.settings,
    )


def _expected(sweep: Sweep) -> int:
    """How many runs there will be; a search may need fewer."""
    if sweep.search is not None:
        return (sweep.search.trials + 3) * len(sweep.seeds)
    return len({cell.digest for cell in (*sweep.grid, sweep.as_it_is)}) * len(sweep.seeds)


def _folder(options: Options, as_it_is: Cell) -> Path:
    """The same for all grids on one ground, so that they share what they have in common."""
    return options.config.system.state_dir / "sweeps" / f"{options.named}-{as_it_is.digest}"
