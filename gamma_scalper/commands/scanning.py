"""Which straddle a book would buy now, and why not the others: what the command `scan` does."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import typer
from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from gamma_scalper import logs
from gamma_scalper.commands.terminal import print_json, print_table
from gamma_scalper.compiled_code import load_compiled_code, load_market_code
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.ports import Broker, Refused, Unanswered
from gamma_scalper.kernel import Clock, WallClock
from gamma_scalper.market_access import with_broker
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.scout import Look, Scout, Sought, Window
from gamma_scalper.strategies.straddle_selection import Candidate
from gamma_scalper.system import Config, SystemParameters

Told = Callable[[str, int, int], None]  # book, straddles looked at, of so many


@frozen
class Scanned:
    """One book's."""

    book: str
    symbol: str
    look: Look


def scanned(loaded: Config, books: Mapping[str, BookParameters], most: int | None, *, as_json: bool) -> ExitCode:
    """Look, show, and say whether every book would find something."""
    level = "ERROR" if loaded.system.log_level == "INFO" else loaded.system.log_level
    logs.configure(WallClock(), level, secrets=loaded.secrets())
    found = _with_a_bar(lambda told: look_at(loaded.system, books, told))
    if as_json:
        print_json("scan/1", {"books": [_as_json(each) for each in found]})
    else:
        for each in found:
            _show(each, most)
    return ExitCode.NOTHING_TRADABLE if any(each.look.ranking.best is None for each in found) else ExitCode.OK


def look_at(system: SystemParameters, books: Mapping[str, BookParameters], told: Told) -> list[Scanned]:
    """Through each book's chain, one after the other."""
    if system.gateway == "embedded":
        load_market_code()
    else:
        load_compiled_code()

    async def look(broker: Broker, clock: Clock) -> list[Scanned]:
        await broker.start()
        board = QuoteBoard(broker.feed)
        following = asyncio.create_task(board.follow(), name="scan/quotes")
        try:
            return [await _look(broker, board, clock, parameters, told) for parameters in books.values()]
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    return with_broker(system, look, reads_only=True, pace=None)


async def _look(broker: Broker, board: QuoteBoard, clock: Clock, book: BookParameters, told: Told) -> Scanned:
    symbol, structure = book.underlying.symbol, book.risk.structure
    try:
        stock = await broker.catalogue.stock(symbol, book.underlying.currency)
    except (Refused, Unanswered) as error:
        remedy = f"look at [underlying] in books/{book.name}.toml"
        raise UserError(f"book {book.name}: {symbol}: {error}; {remedy}", ExitCode.NOTHING_TRADABLE) from error
    sought = Sought(
        book=book.name,
        underlying=stock,
        window=Window(min_dte=structure.min_dte, max_dte=structure.max_dte, moneyness_pct=structure.moneyness_pct),
        selection=book.selection,
        pricing=book.pricing,
        hours=Hours(book.session),
    )
    look = await Scout(broker, board, clock).look_through(sought, lambda done, of: told(book.name, done, of))
    return Scanned(book.name, symbol, look)


def _with_a_bar(work: Callable[[Told], list[Scanned]]) -> list[Scanned]:
    """On the error stream, so that what is printed can be piped."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("straddles")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bars: dict[str, Any] = {}

        def told(book: str, done: int, of: int) -> None:
            if book not in bars:
                bars[book] = progress.add_task(f"looking at book {book}")
            progress.update(bars[book], completed=done, total=of)

        return work(told)


# -- for a person ------------------------------------------------------------------------------------------------------

_FIGURES = ("days", "premium", "vol", "theta/day", "gamma", "spread", "open int.")


def _show(scanned: Scanned, most: int | None) -> None:
    look = scanned.look
    title = f"book {scanned.book}: {scanned.symbol} at {look.spot:.2f}, {look.at:%a %Y-%m-%d %H:%M:%S} UTC"
    if look.ranking.ranked:
        table = Table("", "expiry", "strike", *_right(*_FIGURES, "score"), title=title, caption=look.why)
        for place, each in enumerate(look.ranking.ranked[:most], 1):
            table.add_row(str(place), *_row(each.straddle, look), f"{each.score:.4g}")
        print_table(table)
        title = ""
    if look.ranking.excluded:
        left = len(look.ranking.excluded) - len(look.ranking.excluded[:most])
        caption = f"and {left} more: --all shows them" if left else ""
        table = Table("expiry", "strike", *_right(*_FIGURES), "excluded for", "", title=title, caption=caption)
        for out in look.ranking.excluded[:most]:
            table.add_row(*_row(out.straddle, look), out.filter, out.why)
        print_table(table)
    if look.ranking.best is None:
        typer.echo(f"book {scanned.book}: {look.why}", err=True)


def _right(*names: str) -> list[Column]:
    return [Column(name, justify="right") for name in names]


def _row(straddle: Candidate, look: Look) -> list[str]:
    shown = _figures(straddle, look)
    forms = {
        "days": "{}", "premium": "{:.2f}", "vol_pct": "{:.2f}%", "theta_per_day": "{:.3f}", "gamma": "{:.4f}",
        "spread": "{:.2f}", "open_interest": "{}",
    }  # fmt: skip
    cells = ["" if shown[name] is None else form.format(shown[name]) for name, form in forms.items()]
    return [str(shown["expiry"]), f"{float(shown['strike']):g}", *cells]


def _figures(straddle: Candidate, look: Look) -> dict[str, Any]:
    """Per share of the straddle; its open interest is the smaller one's."""
    option, greeks, half_spread = straddle.call.option, straddle.greeks, straddle.half_spread
    interests = [leg.open_interest for leg in straddle.legs if leg.open_interest is not None]
    return {
        "expiry": option.expiry.isoformat(),
        "strike": f"{option.strike:f}",
        "days": (option.expiry - look.day).days,
        "premium": straddle.premium,
        "vol_pct": None if straddle.vol is None else 100 * straddle.vol,
        "theta_per_day": None if greeks is None else greeks.theta_per_day,
        "gamma": None if greeks is None else greeks.gamma,
        "spread": None if half_spread is None else 2 * half_spread,
        "open_interest": min(interests) if len(interests) == len(straddle.legs) else None,
    }


# -- for a machine -----------------------------------------------------------------------------------------------------


def _as_json(scanned: Scanned) -> dict[str, Any]:
    look = scanned.look
    return {
        "book": scanned.book,
        "symbol": scanned.symbol,
        "at": look.at.isoformat(),
        "spot": look.spot,
        "why": look.why,
        "ranked": [_plain(each.straddle, look) | {"score": each.score} for each in look.ranking.ranked],
        "excluded": [
            _plain(each.straddle, look) | {"filter": each.filter, "why": each.why} for each in look.ranking.excluded
        ],
    }


def _plain(straddle: Candidate, look: Look) -> dict[str, Any]:
    con_ids = {"call_con_id": straddle.call.option.con_id, "put_con_id": straddle.put.option.con_id}
    return con_ids | _figures(straddle, look)
