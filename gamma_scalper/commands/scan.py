"""The command `scan`: which straddle a book would buy now, and why not the others. Nothing is traded."""

from typing import Annotated

import typer

from gamma_scalper.commands.terminal import JsonOption, SetOption, TradedBookOption, load, to_trade

commands = typer.Typer()


@commands.command()
def scan(
    context: typer.Context,
    book: TradedBookOption = None,
    top: Annotated[int, typer.Option(help="So many of the best, and of those excluded.", min=1)] = 10,
    all_: Annotated[bool, typer.Option("--all", help="Show every straddle that was looked at.")] = False,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank the straddles a book could buy now, with the reasons why others are excluded. Nothing is traded.

    On the GATEWAY that is configured, read-only; the embedded market is looked at as it opens. The score is a day's
    decay and half the spreads, in $ for each unit of gamma: the lowest is the best. --json tells all of them. The exit
    code is 6 where the market is closed or no straddle passes.

    main.py scan --book spy --set selection.min_open_interest=500
    """
    from gamma_scalper.commands.scanning import scanned  # brings ib_insync and numba, which other commands don't need

    loaded = load(context, set_)
    raise typer.Exit(int(scanned(loaded, to_trade(loaded, book), None if all_ else top, as_json=as_json)))
