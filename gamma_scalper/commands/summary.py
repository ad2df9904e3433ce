"""The command `summary`: what was earned or lost, and from what."""

import os
from collections.abc import Iterable
from datetime import date
from typing import Annotated

import typer
from attrs import evolve
from rich.console import Console

from gamma_scalper.commands.terminal import BookOption, JsonOption, SetOption, load, print_json
from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.reports.summary import Summary, of_all, of_day, of_last_session
from gamma_scalper.reports.summary_shown import plain_summary, shown

commands = typer.Typer()

_WIDE = 200


@commands.command()
def summary(
    context: typer.Context,
    book: BookOption = None,
    session: Annotated[
        str,
        typer.Option(metavar="WHICH", help="last, all, or a trading day such as 2026-01-05 (New York's date)."),
    ] = "last",
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what was earned or lost and from what; costs, hedges, refusals and decisions.

    All of it is read from the journal, whether or not the trader runs.

    main.py summary --session all

    main.py summary --session 2026-01-05 --book spy --json
    """
    reader = JournalReader.open(load(context, set_).system.journal_address)
    try:
        found = _of(session, reader.rows())
    finally:
        reader.close()
    if book:
        found = evolve(found, books=tuple(each for each in found.books if each.book in book))
    if as_json:
        print_json("summary/1", plain_summary(found))
    else:
        console = Console(highlight=False)
        if not console.is_terminal and "COLUMNS" not in os.environ:
            console.width = _WIDE  # into a pipe, so that it can be searched
        console.print(shown(found))


def _of(session: str, rows: Iterable[Row]) -> Summary:
    if session == "last":
        return of_last_session(rows)
    if session == "all":
        return of_all(rows)
    try:
        day = date.fromisoformat(session)
    except ValueError as error:
        raise UserError(
            f"--session {session!r} is not known; allowed: last, all, or a day such as 2026-01-05"
        ) from error
    return of_day(rows, day)
