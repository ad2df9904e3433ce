"""The command `sweep`: many settings of a book side by side, on the same seeds, and what chance alone would do."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gamma_scalper.commands.backtest import FromOption, MarketOption, day_of, told
from gamma_scalper.commands.terminal import JsonOption, Loader, SetOption, TradedBookOption, load, print_json, to_trade
from gamma_scalper.domain.exits import UserError
from gamma_scalper.reports.sweep.outcome import OBJECTIVES

commands = typer.Typer()

_MOST_SEEDS, _MOST_TRIALS = 10_000, 5_000
_WIDE = 200


@commands.command()
def sweep(
    context: typer.Context,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid", metavar="KEY=A,B,C", help="The values of one setting; again for more. A search takes KEY=1..50."
        ),
    ] = None,
    book: TradedBookOption = None,
    spec: MarketOption = None,
    first: FromOption = "",
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="The last trading day, included.")] = "",
    seeds: Annotated[
        int | None,
        typer.Option(metavar="N", help="Every cell is played on each of so many seeds: 20, or 1 in a replayed market."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The first of them; SEED otherwise.")] = None,
    objective: Annotated[
        str, typer.Option(metavar="WHAT", help="What makes a cell better: profit, hedged, cost, risk or risk_adjusted.")
    ] = "profit",
    search: Annotated[str, typer.Option(metavar="random|bayes", help="Try some cells instead of all of them.")] = "",
    trials: Annotated[int, typer.Option(metavar="N", help="So many, with --search.")] = 50,
    scheduler: Annotated[
        str, typer.Option(metavar="tcp://HOST:PORT", help="A Dask scheduler; otherwise the cores of this machine.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where runs are kept; otherwise a folder below STATE_DIR/sweeps.")
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page with the pictures.")] = None,
    pngs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each picture of that page as a PNG into this folder.")
    ] = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a book with other settings, each on the same seeds, and tell which differences are more than luck.

    main.py sweep --market heston:step=60 --to 2026-01-09 --grid hedge.policy=fixed --grid hedge.band_shares=2,5,10,20

    main.py sweep --market heston:step=60 --search bayes --trials 40 --grid hedge.risk_aversion_per_straddle=0.001..1log

    What was played is kept: the same command goes on where it was stopped, and more seeds or values add to it.
    """
    from gamma_scalper.backtest.sweep.grid import axes_of
    from gamma_scalper.commands.sweeping import Options, run
    from gamma_scalper.exchange.specs import GENERATED

    _check(1 if seeds is None else seeds, trials, objective, search, report)
    if not grid:
        raise UserError("--grid: give at least one, such as --grid hedge.band_shares=1,2,5,10")
    named = (("market", spec), ("seed", seed))
    overrides = [*(f"{key}={value}" for key, value in named if value is not None), *(set_ or ())]
    loaded = load(context, overrides)
    books = to_trade(loaded, book)
    if len(books) != 1:
        raise UserError(f"--book: a sweep is of one book; name one of {', '.join(books)}")
    load_config: Loader = context.obj
    if seeds is None:
        seeds = 20 if loaded.system.market.partition(":")[0] in GENERATED else 1
    outcome = run(
        Options(
            load=load_config,
            overrides=overrides,
            config=loaded,
            named=next(iter(books)),
            first=day_of("--from", first),
            last=day_of("--to", last),
            axes=axes_of(grid, ranges=bool(search)),
            seeds=range(loaded.system.seed, loaded.system.seed + seeds),
            objective=objective,
            method=search,
            trials=trials,
            scheduler=scheduler,
            out=out,
            settings=told(loaded, books),
        )
    )
    from gamma_scalper.reports.sweep.shown import plain_outcome, shown

    if report is not None:
        from gamma_scalper.reports.sweep.page import write_page

        write_page(outcome, report)
    if pngs is not None:
        from gamma_scalper.reports.sweep.page import write_pictures

        write_pictures(outcome, pngs)
    if as_json:
        print_json("sweep/1", plain_outcome(outcome))
        return
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDE  # into a pipe, so that it can be searched
    console.print(shown(outcome))


def _check(seeds: int, trials: int, objective: str, search: str, report: Path | None) -> None:
    from gamma_scalper.backtest.sweep.search import METHODS

    if not 1 <= seeds <= _MOST_SEEDS:
        raise UserError(f"--seeds {seeds} is not allowed; allowed: 1 to {_MOST_SEEDS}")
    if not 1 <= trials <= _MOST_TRIALS:
        raise UserError(f"--trials {trials} is not allowed; allowed: 1 to {_MOST_TRIALS}")
    if objective not in OBJECTIVES:
        raise UserError(f"--objective {objective} is not known; allowed: {', '.join(OBJECTIVES)}")
    if search and search not in METHODS:
        raise UserError(f"--search {search} is not known; allowed: {' or '.join(METHODS)}")
    if report is not None and report.suffix != ".html":
        raise UserError(f"--report {report}: a page's name ends in .html")
    if report is not None and not report.absolute().parent.is_dir():
        raise UserError(f"--report {report}: there is no folder {report.parent}")
