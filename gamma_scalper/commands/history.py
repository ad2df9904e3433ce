"""The commands `history` and `record`: past quotes and bars on disk, to be played back."""

from datetime import date
from typing import Annotated

import typer

from gamma_scalper.commands.terminal import JsonOption, SetOption, load
from gamma_scalper.domain.exits import UserError

commands = typer.Typer()
history = typer.Typer(
    help="Past quotes and bars by symbol and day, in STATE_DIR/history: where they are, and what is wrong with them.",
    no_args_is_help=True,
)
commands.add_typer(history, name="history")

SymbolOption = Annotated[str, typer.Option("--symbol", metavar="SPY", help="Of this underlying alone.")]
FromOption = Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, such as 2026-01-05.")]
ToOption = Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, included.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Put days anew that are there already.")]


@history.command(name="import")
def import_(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="csv:PATH|lean:FOLDER|parquet:PATH|rec:PATH")],
    symbol: SymbolOption = "",
    first: FromOption = "",
    last: ToOption = "",
    overwrite: OverwriteOption = False,
    lenient: Annotated[bool, typer.Option("--lenient", help="Skip and count bad rows.")] = False,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a market file's days into the store; every row is accounted for, and days that are there stay.

    main.py history import lean:../shared/data/lean

    main.py history import csv:quotes.csv --symbol SPY --lenient
    """
    from gamma_scalper.commands.history_files import imported

    system = load(context, set_).system
    imported(system, source, symbol, span(first, last), overwrite=overwrite, lenient=lenient, as_json=as_json)


@history.command(name="list")
def list_(context: typer.Context, set_: SetOption = None, as_json: JsonOption = False) -> None:
    """List what is there: symbols, days, rows, and sessions between them that are missing."""
    from gamma_scalper.commands.history_files import listed

    listed(load(context, set_).system, as_json=as_json)


@history.command()
def check(
    context: typer.Context,
    symbol: SymbolOption = "",
    first: FromOption = "",
    last: ToOption = "",
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read every day and tell what is wrong with it; the exit code is 2 where anything is.

    Minutes of a session without a row, quotes that are crossed or lack a side, an underlying that stands still,
    missing days, damaged files.
    """
    from gamma_scalper.commands.history_files import checked

    raise typer.Exit(int(checked(load(context, set_).system, symbol, span(first, last), as_json=as_json)))


def span(first: str, last: str) -> tuple[date | None, date | None]:
    """--from and --to, either of which may be left out."""
    begins, ends = _day("--from", first), _day("--to", last)
    if begins is not None and ends is not None and ends < begins:
        raise UserError(f"--to {ends} is before --from {begins}; give a last day that is not before the first")
    return begins, ends


def _day(flag: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UserError(f"{flag} {text}: not a day; write it as 2026-01-05") from error
