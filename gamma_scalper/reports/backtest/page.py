"""One self-contained page of a backtest: no network, no script; right on a phone, on a screen and on paper."""

from pathlib import Path

from markupsafe import Markup

from gamma_scalper.reports.backtest.answer import QUESTIONS
from gamma_scalper.reports.backtest.bands import bands
from gamma_scalper.reports.backtest.key_figures import check, groups, parts
from gamma_scalper.reports.backtest.played import played
from gamma_scalper.reports.backtest.plots import Plot, plots
from gamma_scalper.reports.backtest.tables import tables
from gamma_scalper.reports.backtest.told import Chapter, Told
from gamma_scalper.reports.backtest.wording import counted, signed
from gamma_scalper.reports.drawing import as_svg
from gamma_scalper.reports.page_shell import filled_template

_Content = dict[str, object]


def page(told: Told) -> str:
    """The text of a file that ends in .html."""
    story, several = told.story, len(told.books) > 1
    names = ", ".join(chapter.run.book for chapter in told.books) or "no book"
    days = counted(told.whole.figures.days, "trading day", "trading days")
    kind = story.market.partition(":")[0]  # in full it stands where settings do
    return filled_template(
        Path(__file__).parent,
        "page.html.j2",
        title=f"Backtest of {names}",
        under=f"{story.first:%d %b %Y} to {story.last:%d %b %Y}, {days}, {kind}, seed {story.seed}",
        whole=_chapter(told.whole, ", all books together" if several else ""),
        books=[_book(chapter, several=several) for chapter in told.books],
        bands=bands(told.whole.figures, told.others),
        about=played(story, [chapter.run for chapter in told.books]),
    )


def _book(chapter: Chapter, *, several: bool) -> _Content:
    """An only book's figures and plots are those of the whole, and stand there."""
    of = f", {chapter.run.book}" if several else ""
    shown = _chapter(chapter, of) if several else {"of": of}
    return shown | {"name": chapter.run.book, "tables": tables(chapter.run)}


def _chapter(chapter: Chapter, of: str) -> _Content:
    drawn = {plot.name: _plot(plot, chapter.run.book) for plot in plots(chapter.run)}
    return {
        "of": of,
        "answers": tuple(zip(QUESTIONS, chapter.answers, strict=True)),
        "groups": groups(chapter.figures),
        "parts": parts(chapter.figures),
        "profit": signed(chapter.figures.profit),
        "check": check(chapter.figures, chapter.run.marked),
        "causes": drawn.pop("attribution"),
        "plots": list(drawn.values()),
    }


def _plot(plot: Plot, book: str) -> _Content:
    """What matplotlib wrote is the only text that is not escaped here: it has escaped what was drawn."""
    about = f"{plot.title}{', ' + book if book else ''}. {plot.caption}"
    svg = "" if plot.figure is None else Markup(as_svg(plot.figure, f"{plot.name} {book}", about))
    return {"title": plot.title, "caption": plot.caption, "svg": svg}
