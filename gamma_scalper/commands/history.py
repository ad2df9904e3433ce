"""The commands `history` and `record`: past quotes and bars on disk, to be played back."""

from datetime import date
from pathlib import Path
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


@history.command()
def download(
    context: typer.Context,
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, such as 2026-01-05.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, included.")],
    symbol: SymbolOption = "",
    book: Annotated[
        str, typer.Option("--book", metavar="NAME", help="Of this book's underlying, and options of its expiries.")
    ] = "",
    what: Annotated[str, typer.Option(metavar="quotes|bars", help="Offers to be played back, or trades.")] = "quotes",
    prices: Annotated[
        str, typer.Option(metavar="close|mean", help="Of a minute's offer: as it stood at its end, or on average.")
    ] = "close",
    options: Annotated[
        bool, typer.Option("--options", help="Options near the money too: 5 strikes, 2 expiries.")
    ] = False,
    strikes: Annotated[int, typer.Option(help="So many strikes of each expiry, nearest to the money.")] = 0,
    expiries: Annotated[int, typer.Option(help="So many expiries, the nearest first.")] = 0,
    sizes: Annotated[
        str, typer.Option(metavar="N,N", help="Shares and contracts that count as offered: the broker tells none.")
    ] = "1000,10",
    overwrite: OverwriteOption = False,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch past quotes by the minute from the broker, at the pace it allows; days that are there are skipped.

    A day is stored once it is whole, so that the same command goes on where it was stopped. Sixty requests go out in
    ten minutes: a day takes two for the shares and two for each option. The embedded market has five past days.

    main.py history download --symbol SPY --from 2026-01-05 --to 2026-01-09

    main.py history download --book spy --options --from 2026-01-05 --to 2026-01-09
    """
    from gamma_scalper.commands.history_download import downloaded, wanted

    loaded = load(context, set_)
    asked = wanted(
        loaded, symbol=symbol, book=book, days=span(first, last), what=what, prices=prices,
        options=options, strikes=strikes, expiries=expiries, sizes=sizes, overwrite=overwrite,
    )  # fmt: skip
    downloaded(loaded, asked, as_json=as_json)


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


@commands.command()
def record(
    context: typer.Context,
    book: Annotated[
        str, typer.Option("--book", metavar="NAME", help="Whose underlying and straddles; otherwise spy's.")
    ] = "",
    lasts: Annotated[
        str, typer.Option("--for", metavar="1h|30m|1d", help="So much time of the market, or so many sessions.")
    ] = "",
    to: Annotated[
        Path | None, typer.Option(metavar="FILE.rec", help="A new file; otherwise in STATE_DIR/history/recordings.")
    ] = None,
    straddles: Annotated[
        int, typer.Option(help="So many of the best straddles, looked for anew.", min=0, max=200)
    ] = 10,
    speed: Annotated[
        str, typer.Option(metavar="N|max", help="The offline market: so many times as fast as the wall clock.")
    ] = "1",
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write down the quotes of a book's market as they come, without trading: rec:FILE plays them again.

    The underlying, options that are held, and the straddles the book would buy soonest. Ctrl+C ends it, and what was
    recorded stays. To record what is traded on, give the trader itself --record FILE.

    main.py record --book spy --for 1h --speed max
    """
    from gamma_scalper.commands.recording import recorded

    recorded(load(context, set_), book, lasts, to, straddles, speed, as_json=as_json)


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
