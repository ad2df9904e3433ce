"""A summary for a person, and for a machine."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from gamma_scalper.domain.money import to_cents
from gamma_scalper.journal.chain import Row
from gamma_scalper.portfolio.attribution import PARTS
from gamma_scalper.reports.panel import money
from gamma_scalper.reports.parts import ABOUT
from gamma_scalper.reports.summary import BookSummary, Summary, of_last_session
from gamma_scalper.reports.trade_costs_shown import CostTable, plain_costs

_NEW_YORK = ZoneInfo("America/New_York")
_MOST_HALTS = 5
_ZERO = Decimal(0)


def session_summary(rows: Iterable[Row]) -> RenderableType:
    """What the program prints at its end: of the journal's newest session."""
    return shown(of_last_session(rows))


def shown(summary: Summary) -> RenderableType:
    """For a person: the result first, then where it came from."""
    head = Text.assemble(
        (f"{summary.span}: ", "bold"), _earned(summary.total), f"   {_when(summary.since)} to {_when(summary.until)}",
        ("\nsince the beginning: ", "dim"), _earned(summary.ever),
    )  # fmt: skip
    parts: list[RenderableType] = [head]
    for book in summary.books:
        parts.append(_book(book))
        if book.costs:
            parts.append(CostTable(book.book, book.costs))
    parts += [Text(f"halt: {halt}", style="bold red") for halt in summary.halts[-_MOST_HALTS:]]
    if not summary.books:
        parts.append(Text("no book did anything", style="dim"))
    if summary.ended:
        parts.append(Text(f"ended: {summary.ended}"))
    return Group(*parts)


def _book(book: BookSummary) -> Table:
    table = Table(
        Column("", no_wrap=True), Column("$", justify="right", overflow="fold"), Column("", overflow="fold"),
        title=f"{book.book}", title_justify="left", title_style="bold",
    )  # fmt: skip
    if book.earned is not None:
        for part in PARTS:
            amount = getattr(book.earned, part)
            table.add_row(part, money(amount), ABOUT[part], end_section=part == PARTS[-1])
        table.add_row(Text("together", style="bold"), _earned(book.earned.total, words=False), _way(book))
    else:
        table.add_row("together", "-", "nothing was taken down: the book held nothing")
    table.add_section()
    table.add_row("commissions", f"${book.commission:,.2f}", "billed by the broker")
    table.add_row("slippage", f"${book.slippage:,.2f}", "of fills against the middle they were decided on")
    for name, counts, rejected in (
        ("orders", book.orders, f", {len(book.rejected)} rejected" if book.rejected else ""),
        ("fills", book.fills_by_purpose, ""),
        ("refusals", book.refusals, ""),
        ("decisions", book.decisions, ""),
    ):
        table.add_row(name, str(counts.total()), _counts(counts) + rejected)
    table.add_row("hedges", str(book.hedges), "")
    for halt in book.halts[-_MOST_HALTS:]:
        table.add_row(Text("halt", style="bold red"), "", halt)
    return table


def _way(book: BookSummary) -> str:
    earned = book.earned
    assert earned is not None, "asked for only where there is something"
    way = f"underlying from {earned.spot_from:.2f} to {earned.spot_to:.2f}"
    if earned.implied_from is None or earned.implied_to is None:
        return way
    return f"{way}, implied volatility from {100 * earned.implied_from:.1f}% to {100 * earned.implied_to:.1f}%"


def _earned(amount: Decimal, *, words: bool = True) -> Text:
    verb = ("earned " if amount >= 0 else "lost ") if words else ""
    shown = f"${abs(amount):,.2f}" if words else money(amount)
    return Text(f"{verb}{shown}", style="bold green" if amount >= 0 else "bold red")


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in _by_number(counts).items())


def _by_number(counts: Counter[str]) -> Mapping[str, int]:
    """The most frequent first; of equals by name."""
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _when(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment.astimezone(_NEW_YORK):%Y-%m-%d %H:%M:%S}"


# -- for a machine -----------------------------------------------------------------------------------------------------


def plain_summary(summary: Summary) -> dict[str, Any]:
    """Money as strings, moments in UTC; the same rows always make the same text."""
    return {
        "span": summary.span,
        "since": _moment(summary.since),
        "until": _moment(summary.until),
        "sessions": summary.sessions,
        "ended": summary.ended or None,
        "total": _cents(summary.total),
        "ever": _cents(summary.ever),
        "halts": list(summary.halts),
        "books": [_plain_book(book) for book in summary.books],
    }


def _plain_book(book: BookSummary) -> dict[str, Any]:
    earned = book.earned
    return {
        "book": book.book,
        "total": _cents(_ZERO if earned is None else earned.total),
        "ever": _cents(book.ever),
        "attribution": None if earned is None else {part: _cents(getattr(earned, part)) for part in PARTS},
        "equity": None if book.equity is None else _cents(book.equity),
        "commissions": _cents(book.commission),
        "slippage": _cents(book.slippage),
        "trade_costs": plain_costs(book.costs),
        "hedges": book.hedges,
        "orders": dict(_by_number(book.orders)),
        "rejected": len(book.rejected),
        "fills": dict(_by_number(book.fills_by_purpose)),
        "refusals": dict(_by_number(book.refusals)),
        "decisions": dict(_by_number(book.decisions)),
        "halts": list(book.halts),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _cents(amount: Decimal) -> str:
    return str(to_cents(amount) + _ZERO)
