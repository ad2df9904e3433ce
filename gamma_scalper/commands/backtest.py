"""The command `backtest`: the ring that trades, over a market of the past, and what came of it."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gamma_scalper.commands.page_files import check_folder, check_page, write_page
from gamma_scalper.commands.terminal import JsonOption, SetOption, TradedBookOption, load, print_json, to_trade
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.settings import keys_of, value_at
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import Config, SystemParameters

if TYPE_CHECKING:
    from gamma_scalper.reports.backtest.told import Told

commands = typer.Typer()
_INTERRUPTED = 130
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)  # as the specs of markets have them

MarketOption = Annotated[
    str | None,
    typer.Option(
        "--market",
        metavar="SPEC",
        help="A generated market such as heston:step=60; or csv:, parquet: or rec:PATH, lean:DIR. Else MARKET.",
    ),
]
FromOption = Annotated[str, typer.Option("--from", metavar="DAY", help="The first trading day, as 2026-01-05.")]
ToOption = Annotated[str, typer.Option("--to", metavar="DAY", help="The last trading day, included.")]


@commands.command()
def backtest(
    context: typer.Context,
    book: TradedBookOption = None,
    spec: MarketOption = None,
    first: FromOption = "",
    last: ToOption = "",
    seed: Annotated[int | None, typer.Option(help="All chance is drawn from it; SEED otherwise.")] = None,
    set_: SetOption = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write the page with the pictures.")] = None,
    pngs: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the pictures as PNG files.")] = None,
    bands: Annotated[
        bool | None, typer.Option(help="Also play narrower and wider bands on the same days; with --report they are.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Trade a market of the past, with the very ring that trades today, and tell where the money came from.

    main.py backtest --market "heston:step=60" --to 2026-03-31 --report out.html

    main.py backtest --book spy --market parquet:state/history/quotes/SPY --from 2026-01-05 --set hedge.policy=fixed

    A generated market is played for 30 days where --to is not given. With step=60 it is quoted once a minute, and a
    month takes seconds; a replayed file is offered every second unless its spec says step=60.
    """
    from gamma_scalper.backtest.runner import Backtest
    from gamma_scalper.commands.backtesting import play

    check_page("--report", report)
    check_folder("--pngs", pngs)
    named = (("market", spec), ("seed", seed))
    loaded = load(context, [*(f"{key}={value}" for key, value in named if value is not None), *(set_ or ())])
    books = to_trade(loaded, book)
    asked = Backtest(
        system=loaded.system,
        books=books,
        market=loaded.system.market,
        seed=loaded.system.seed,
        first=day_of("--from", first),
        last=day_of("--to", last),
        settings=told(loaded, books),
        given=[each for each in set_ or () if not _secret(each)],
    )
    loud = loaded.origins["log_level"] != "default"
    try:
        found = play(asked, bands=report is not None if bands is None else bands, loud=loud)
    except KeyboardInterrupt:
        typer.echo("stopped before the end: nothing was written", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    tell(found, report=report, pngs=pngs, as_json=as_json)


def tell(whole: "Told", *, report: Path | None, pngs: Path | None, as_json: bool) -> None:
    """Files first, so that what is printed last stays on the screen."""
    from gamma_scalper.reports.backtest.page import page
    from gamma_scalper.reports.backtest.plain import SCHEMA, as_plain
    from gamma_scalper.reports.backtest.pngs import write_pngs
    from gamma_scalper.reports.backtest.terminal import shown

    if report is not None:
        write_page(report, page(whole))
    if pngs is not None:
        try:
            write_pngs(whole, pngs)
        except OSError as error:
            raise UserError(f"--pngs {pngs}: can't be written: {error.strerror}") from error
    if as_json:
        print_json(SCHEMA, as_plain(whole))
        return
    console = Console(highlight=False)
    console.print(shown(whole))
    for name, written in (("page", report), ("pictures", pngs)):
        if written is not None:
            console.print(f"{name}: {written}", markup=False, soft_wrap=True)


def day_of(flag: str, text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UserError(f"{flag} {text}: expected an ISO date such as 2026-01-05") from error
    if day is not None and not _FIRST <= day <= _LAST:
        raise UserError(f"{flag} {text}: allowed are {_FIRST} to {_LAST}")
    return day


def _secret(override: str) -> bool:
    path = override.partition("=")[0].strip()
    return any(key.path == path and key.about.private for key in keys_of(SystemParameters))


def told(config: Config, books: dict[str, BookParameters]) -> dict[str, str]:
    """What of the books was not left at its default."""
    found = {}
    for name, book in books.items():
        for key in keys_of(BookParameters):
            if config.origins.get(f"{name}:{key.path}", "default") != "default":
                found[f"{name}:{key.path}"] = str(value_at(book, key.path))
    return found
