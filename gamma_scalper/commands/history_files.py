"""The store from the command line: importing into it, listing it, checking it."""

import json
from datetime import date
from typing import Any

import typer
from attrs import asdict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from gamma_scalper.backtest.history.importing import Imported, Wanted, import_days
from gamma_scalper.backtest.history.inspection import Inspected, inspect, missing_days
from gamma_scalper.backtest.history.store import KINDS, DamagedDay, HistoryStore, Kind
from gamma_scalper.commands.terminal import print_json, print_table, shown_path
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.journal.writer_lock import FileLock
from gamma_scalper.kernel import WallClock
from gamma_scalper.system import SystemParameters

Span = tuple[date | None, date | None]

_MOST_TOLD = 5  # days or minutes by name


def store_of(system: SystemParameters) -> HistoryStore:
    """Of the past there is one: both modes share it."""
    return HistoryStore(system.state_dir / "history")


def writing(store: HistoryStore) -> FileLock:
    """One command at a time fills the store."""
    return FileLock(store.root / "lock", WallClock().now(), "one command at a time fills the store")


# -- import ------------------------------------------------------------------------------------------------------------


def imported(
    system: SystemParameters, source: str, symbol: str, days: Span, *, overwrite: bool, lenient: bool, as_json: bool
) -> None:
    store = store_of(system)
    lock = writing(store)
    try:
        wanted = Wanted(symbol, *days, overwrite)
        with _bar() as progress:
            bar = progress.add_task(f"importing {source}", total=None)
            found = import_days(
                store, source, wanted, WallClock().now(), lenient=lenient,
                told=lambda done, of: progress.update(bar, completed=done, total=of),
            )  # fmt: skip
    finally:
        lock.release()
    if as_json:
        print_json("history_import/1", _plain(asdict(found)) | {"stored": found.stored, "kept": found.kept})
    else:
        _show_imported(store, found)


def _show_imported(store: HistoryStore, found: Imported) -> None:
    table = Table("symbol", "day", Column("rows", justify="right"), Column("contracts", justify="right"), "")
    for each in found.days:
        what = "stored" if each.stored else "there already, left as it is (--overwrite puts it anew)"
        table.add_row(each.symbol, str(each.day), f"{each.rows:,}", f"{each.contracts:,}", what)
    print_table(table)
    for said in (*_account(found), *found.notices):
        typer.echo(said)
    for symbol in sorted({each.symbol for each in found.days}):
        typer.echo(f"to play it: --market parquet:{shown_path(store.folder('quotes', symbol))}")


def _account(found: Imported) -> list[str]:
    told = [f"{found.source}: {found.rows:,} rows, {found.stored:,} stored"]
    told += [f"{found.kept:,} of days that were there"] if found.kept else []
    told += [f"{found.figures:,} of open interest, kept beside the quotes"] if found.figures else []
    told += [f"{count:,} rejected ({reason})" for reason, count in sorted(found.rejected.items())]
    told += [f"{count:,} files skipped ({reason})" for reason, count in sorted(found.skipped.items())]
    return [", ".join(told)]


# -- list --------------------------------------------------------------------------------------------------------------


def listed(system: SystemParameters, *, as_json: bool) -> None:
    store = store_of(system)
    found = [_listed(store, kind, symbol) for kind in KINDS for symbol in store.symbols(kind)]
    if as_json:
        print_json("history_list/1", {"folder": str(store.root), "series": found})
        return
    if not found:
        typer.echo(f"{store.root}: nothing is there yet; main.py history import or history download puts days into it")
        return
    table = Table(
        "what", "symbol", "first", "last", *(Column(name, justify="right") for name in ("days", "rows", "missing")),
        Column("sources", overflow="fold"),
    )  # fmt: skip
    for each in found:
        missing = _some(each["missing_days"])
        table.add_row(
            each["what"], each["symbol"], each["first"], each["last"], str(len(each["days"])), f"{each['rows']:,}",
            missing or "0", "; ".join([*each["sources"], *(f"damaged: {day}" for day in each["damaged"])]),
        )  # fmt: skip
    print_table(table)


def _listed(store: HistoryStore, kind: Kind, symbol: str) -> dict[str, Any]:
    days = store.days(kind, symbol)
    rows, sources, damaged, told = 0, dict[str, None](), [], []
    for day in days:
        try:
            origin = store.origin(kind, symbol, day)
        except DamagedDay:
            damaged.append(str(day))
            continue
        rows += origin.rows
        sources[origin.source] = None
        told.append({"day": str(day), "rows": origin.rows, "contracts": origin.contracts, "source": origin.source})
    return {
        "what": kind, "symbol": symbol, "first": str(days[0]), "last": str(days[-1]), "days": told, "rows": rows,
        "missing_days": [str(day) for day in missing_days(days)], "damaged": damaged, "sources": list(sources),
    }  # fmt: skip


# -- check -------------------------------------------------------------------------------------------------------------


def checked(system: SystemParameters, symbol: str, days: Span, *, as_json: bool) -> ExitCode:
    store = store_of(system)
    series = [(kind, each) for kind in KINDS for each in store.symbols(kind) if symbol in ("", each)]
    wanted = [(kind, each, day) for kind, each in series for day in store.days(kind, each, *days)]
    if not wanted:
        there = ", ".join(sorted({each for kind in KINDS for each in store.symbols(kind)})) or "nothing"
        raise UserError(f"{store.root}: no such days to check; there is {there}")
    with _bar() as progress:
        found = [inspect(store, *each) for each in progress.track(wanted, description="checking days")]
    missing = {
        f"{kind} {each}": [str(day) for day in missing_days(store.days(kind, each, *days))] for kind, each in series
    }
    missing = {name: gone for name, gone in missing.items() if gone}
    wrong = bool(missing) or any(each.faults for each in found)
    if as_json:
        told = [_plain(asdict(each)) | {"missing_min": each.missing_min, "faults": each.faults} for each in found]
        print_json("history_check/1", {"days": told, "missing_days": missing, "ok": not wrong})
    else:
        _show_checked(found, missing)
    return ExitCode.CONFIGURATION if wrong else ExitCode.OK


def _show_checked(found: list[Inspected], missing: dict[str, list[str]]) -> None:
    numbers = ("rows", "contracts", "minutes missing", "crossed", "one-sided", "still, min", "options one-sided")
    table = Table("what", "symbol", "day", *(Column(name, justify="right") for name in numbers), "wrong")
    for each in found:
        cells = (
            each.rows, each.contracts, each.missing_min, each.crossed, each.one_sided, each.stood_min,
            each.options_one_sided,
        )  # fmt: skip
        wrong = "; ".join(each.faults) or "-"
        table.add_row(each.kind, each.symbol, str(each.day), *(f"{cell:,}" for cell in cells), wrong)
    print_table(table)
    for name, gone in missing.items():
        typer.echo(f"{name}: no file for {_some(gone)}")
    bad = sum(bool(each.faults) for each in found)
    typer.echo(f"{len(found)} days looked at, {bad} with something wrong, {sum(map(len, missing.values()))} missing")


def _some(days: list[str]) -> str:
    more = len(days) - _MOST_TOLD
    return ", ".join(days[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


def _plain(content: Any) -> dict[str, Any]:
    """Days and moments as text."""
    plain: dict[str, Any] = json.loads(json.dumps(content, default=lambda each: each.isoformat()))
    return plain


def _bar() -> Progress:
    """On the error stream, so that what is printed can be piped."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("days")
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
