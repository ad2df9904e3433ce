"""What commands have in common: their options, how a configuration is loaded, how results are printed."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gamma_scalper.domain.exits import UserError
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import Config

Loader = Callable[[Sequence[str]], Config]

BookOption = Annotated[
    list[str] | None, typer.Option("--book", metavar="NAME", help="Only this book; give it again for more.")
]
TradedBookOption = Annotated[
    list[str] | None,
    typer.Option("--book", metavar="NAME", help="This book; give it again for more. Otherwise spy, as is traded."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Use this value for one setting, whatever the files say: "
        "log_level=DEBUG, fees.schedule=fixed for every book, spy.fees.schedule=fixed for one.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of a table for a person.")]


def load(context: typer.Context, overrides: Sequence[str] | None) -> Config:
    load_config: Loader = context.obj
    return load_config(overrides or ())


def chosen(config: Config, names: Sequence[str] | None) -> dict[str, BookParameters]:
    if not config.books:
        raise UserError("books/: there is no book in it; a book is a file such as books/spy.toml")
    for name in names or ():
        if name not in config.books:
            raise UserError(f"--book {name}: there is no books/{name}.toml; there are: {', '.join(config.books)}")
    return {name: book for name, book in config.books.items() if not names or name in names}


def to_trade(config: Config, names: Sequence[str] | None) -> dict[str, BookParameters]:
    """Those that are named; else spy, and where there is none of that name all there are."""
    return chosen(config, names or (["spy"] if "spy" in config.books else None))


def print_table(table: Table) -> None:
    """For a person; into a pipe it is as wide as it needs to be, so that it can be searched."""
    console = Console(markup=False, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 1_000
    console.print(table)


def shown_path(path: Path) -> str:
    """As a person would type it from where the program was started."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)


def print_json(schema: str, content: dict[str, Any]) -> None:
    typer.echo(json.dumps({"schema": schema} | content, indent=2))
