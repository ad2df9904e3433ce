"""The trader on a terminal: one box a book, and nothing on it that its reader would have to look up."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from gamma_scalper.domain.strategy_entries import Attributed
from gamma_scalper.reports.panel_view import BookView, PanelView, Reach

_NEW_YORK = ZoneInfo("America/New_York")
_COLOURS = {"green": "green", "yellow": "yellow", "red": "bold red"}
_BAR = 47  # characters of the band's picture; odd, so that it has a middle
_MOST_REASONS, _MOST_ORDERS, _MOST_NOTICES = 4, 4, 3
_WORST = {  # states that a person should see at once
    "invalid", "gap", "stale", "extreme", "no quote", "disconnected", "broker error", "greeks bad", "risk halt",
}  # fmt: skip


def panel(view: PanelView) -> RenderableType:
    """Reads well on 100 to 120 columns."""
    notices = [Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in view.notices[-_MOST_NOTICES:]]
    return Group(_head(view), *(_book(book) for book in view.books), *notices)


def _head(view: PanelView) -> Text:
    head = Text(no_wrap=True, overflow="ellipsis").append(" gamma_scalper ", style="bold")
    head.append(f" {view.money} ", style="bold white on red" if view.money == "live" else "black on cyan")
    head.append(f"  {view.at.astimezone(_NEW_YORK):%a %Y-%m-%d %H:%M:%S} New York", style="bold")
    if view.speed:
        head.append(f"  {view.speed}", style="dim")
    if view.link and view.link != "ready":
        head.append(f"  connection {view.link}", style="bold red")
    return head


def _book(book: BookView) -> Panel:
    rows = Table.grid(Column(style="dim", width=10), Column(overflow="fold", ratio=1), padding=(0, 1), expand=True)
    for row in _rows(book):
        rows.add_row(*row)
    lamp = Text.assemble(f" {book.mode or 'no mode yet'} ", ("● ", _COLOURS.get(book.lamp, "dim")), book.lamp + " ")
    title = Text.assemble((f" {book.name} ", "bold"))
    return Panel(rows, box=ROUNDED, title=title, title_align="left", subtitle=lamp, subtitle_align="right")


def _rows(book: BookView) -> Iterable[tuple[str, RenderableType]]:
    for number, reason in enumerate(book.reasons[:_MOST_REASONS]):
        yield "look" if not number else "", Text(reason, style=_COLOURS.get(book.lamp, ""))
    yield "market", _market(book)
    yield "holds", Text(book.holds or f"nothing{f'; {book.wants}' if book.wants else ''}")
    if book.greeks is not None and book.holds:
        yield "Greeks", _greeks(book)
    if book.projected is not None:
        yield "delta", _delta(book)
    if book.break_even is not None and book.spot:
        yield "break-even", _break_even(book, book.break_even, book.spot)
    yield "today", _earned(book.earned.today)
    yield "profit", _profit(book)
    yield "state", _states(book)
    yield "may", _purposes(book)
    for number, order in enumerate(book.orders[:_MOST_ORDERS] or ("none",)):
        yield "orders" if not number else "", Text(order)
    yield "decided", _decision(book)
    hedges = "; ".join(book.hedges) or "none yet"
    yield "hedges", Text(f"{book.hedges_today} today; last: {hedges}" if book.hedges_today else hedges)


# -- rows --------------------------------------------------------------------------------------------------------------


def _market(book: BookView) -> Text:
    if book.spot is None:
        return Text(f"{book.symbol}: no quote yet", style="yellow")
    text = Text.assemble((f"{book.symbol} {book.spot:,.2f}", "bold"))
    if book.change_pct is not None:
        text.append(f"  {book.change_pct:+.2f}%", style=_sign(book.change_pct))
    if book.implied is not None:
        text.append(f"   implied volatility {100 * book.implied:.1f}%")
    if book.days is not None:
        text.append(f"   {book.days:.1f} days to expiry")
    return text


def _greeks(book: BookView) -> Text:
    greeks, spot = book.greeks, book.spot or 0.0
    assert greeks is not None, "asked for only where there are any"
    return Text(
        f"delta {_dollars(greeks.delta * spot, 0)}   gamma {_dollars(greeks.gamma * spot * spot / 100, 0)} a 1% move   "
        f"theta {_dollars(greeks.theta_per_day)} a day   vega {_dollars(greeks.vega / 100)} a point"
    )


def _delta(book: BookView) -> Text:
    assert book.projected is not None, "asked for only where it is known"
    text = Text(f"{book.projected:+.1f} shares ")
    if book.filled is not None and abs(book.filled - book.projected) >= 0.05:
        text.append(f"(filled {book.filled:+.1f}) ", style="dim")
    if book.reach is None:
        return text.append("no band just now", style="dim")
    return text.append_text(_band(book.reach, book.projected))


def _band(reach: Reach, delta: float) -> Text:
    """The band with its centre, and where the projected delta stands: a third of the width lies outside."""
    half = max((reach.high - reach.low) / 2, 1e-9)
    middle = (reach.high + reach.low) / 2

    def place(shares: float) -> int:
        return round(min(max((shares - middle) / half * _BAR / 3, -(_BAR // 2)), _BAR // 2)) + _BAR // 2

    low, high, at = place(reach.low), place(reach.high), place(delta)
    inside = reach.low <= delta <= reach.high
    text = Text().append(f"{reach.low:+.1f} ", style="dim")
    for column in range(_BAR):
        mark = "├" if column == low else "┤" if column == high else "┼" if column == place(reach.centre) else "─"
        if column == at:
            text.append("●", style="bold green" if inside else "bold red")
        else:
            text.append(mark if low <= column <= high else "·", style="cyan" if low <= column <= high else "dim")
    return text.append(f" {reach.high:+.1f}", style="dim")


def _break_even(book: BookView, move: float, spot: float) -> Text:
    share = book.walked / move
    text = Text(f"a day's theta is paid by a move of ${move:.2f} ({100 * move / spot:.2f}%); walked today ")
    text.append(f"${book.walked:.2f} ({100 * book.walked / spot:.2f}%)", style="green" if share >= 1 else "")
    return text.append(f", {100 * share:.0f}% of it")


def _earned(today: Attributed | None) -> Text:
    if today is None:
        return Text("nothing is taken down yet", style="dim")
    rest = today.vega + today.vanna + today.volga + today.zomma
    text = Text()
    for name, amount in (
        ("gamma", today.gamma),
        ("theta", today.theta),
        ("delta", today.delta),
        ("volatility", rest),
        ("carry", today.carry),
        ("costs", today.costs),
        ("unexplained", today.unexplained),
    ):
        if amount or name in ("gamma", "theta"):
            text.append(f"{name} ").append(money(amount), style=_sign(amount)).append("  ")
    return text


def _profit(book: BookView) -> Text:
    today, ever = book.earned.today, book.earned.ever
    text = Text("today ").append(*_amount(None if today is None else today.total))
    text.append("   since it began ").append(*_amount(None if ever is None else ever.total))
    if book.realised is not None and ever is not None:
        text.append("  (realised ").append(*_amount(book.realised))
        text.append(", open ").append(*_amount(ever.total - book.realised)).append(")")
    return text


def _states(book: BookView) -> Text:
    text = Text()
    for state in book.states:
        text.append(f"{state.about} ", style="dim")
        text.append(f"{state.words}   ", style="bold red" if state.words in _WORST else "")
    if book.orphan:
        text.append("shares without options: reducing them is allowed", style="bold yellow")
    return text if text else Text("not known yet", style="dim")


def _purposes(book: BookView) -> Text:
    """Those that may, then the others with why not; those of one reason together."""
    text, refused = Text(), dict[str, list[str]]()
    for purpose in book.purposes:
        if purpose.words:
            refused.setdefault(purpose.words, []).append(purpose.about)
        else:
            text.append(f"{purpose.about} ", style="green")
    for why, purposes in refused.items():
        text.append(f"not {', '.join(purposes)}", style="yellow").append(f": {why}  ", "dim")
    return text if text else Text("not known yet", style="dim")


def _decision(book: BookView) -> Text:
    if book.decision is None:
        return Text("nothing yet", style="dim")
    text = Text.assemble((book.decision.about, "bold"), f": {book.decision.words}")
    if book.decided_at is not None:
        text.append(f"  ({_clock(book.decided_at)})", style="dim")
    return text


# -- one line, where there is no terminal ------------------------------------------------------------------------------


def as_line(view: PanelView) -> str:
    """For a log: what a person would ask first."""
    return "; ".join(_line(book) for book in view.books) or "no book is at work"


def _line(book: BookView) -> str:
    spot = "no quote yet" if book.spot is None else f"{book.spot:,.2f}"
    parts = [f"{book.name}: {book.symbol} {spot}, {book.mode or 'no mode yet'} {book.lamp}".rstrip()]
    parts.append(f"holds {book.holds or 'nothing'}")
    if book.projected is not None:
        reach = "" if book.reach is None else f" in {book.reach.low:+.1f} to {book.reach.high:+.1f}"
        parts.append(f"delta {book.projected:+.1f}{reach}")
    if book.earned.today is not None:
        today = book.earned.today
        parts.append(f"today {money(today.total)} (gamma {money(today.gamma)}, theta {money(today.theta)})")
    if book.decision is not None:
        parts.append(f"{book.decision.about}: {book.decision.words}")
    return ", ".join(parts)


def what_matters(view: PanelView) -> tuple[object, ...]:
    """Changes when something happened; prices and figures alone are no news."""
    return tuple(
        (
            book.name, book.mode, book.lamp, book.holds, book.orders, book.hedges_today, book.states, book.reasons[:1],
            None if book.decision is None else book.decision.about,
        )
        for book in view.books
    )  # fmt: skip


# -- how it is written -------------------------------------------------------------------------------------------------


def money(amount: Decimal) -> str:
    """With its sign, to the cent."""
    return f"{'-' if amount < 0 else '+'}${abs(amount):,.2f}"


def _amount(amount: Decimal | None) -> tuple[str, str]:
    return ("-", "dim") if amount is None else (money(amount), _sign(amount))


def _dollars(amount: float, digits: int = 2) -> str:
    return f"{'-' if amount < 0 else '+'}${abs(amount):,.{digits}f}"


def _sign(amount: float | Decimal) -> str:
    return "green" if amount > 0 else "red" if amount < 0 else ""


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(_NEW_YORK):%H:%M:%S}"
