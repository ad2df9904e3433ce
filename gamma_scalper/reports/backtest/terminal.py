"""A backtest in a terminal: the answers, the figures, the parts. All of it fits into 80 columns."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from gamma_scalper.reports.backtest import key_figures
from gamma_scalper.reports.backtest.answer import QUESTIONS
from gamma_scalper.reports.backtest.bands import bands
from gamma_scalper.reports.backtest.told import Chapter, Told
from gamma_scalper.reports.backtest.wording import counted, signed
from gamma_scalper.reports.page_shell import tone

_STYLES = {" good": "bold green", " bad": "bold red", "": "bold"}


def shown(told: Told) -> RenderableType:
    """The whole in full; of several books each in full too."""
    story, chapters = told.story, (told.whole, *told.books) if len(told.books) > 1 else (told.whole,)
    days = counted(told.whole.figures.days, "trading day", "trading days")
    parts: list[RenderableType] = [
        Text(f"{story.first} to {story.last}, {days}, seed {story.seed}"),
        Text(story.market, style="dim"),
    ]
    for chapter in chapters:
        parts += [Text(), Text(chapter.run.book or "all books together", style="bold underline"), *_chapter(chapter)]
    if told.others:
        parts += [Text(), _bands(told)]
    return Group(*parts)


def _chapter(chapter: Chapter) -> list[RenderableType]:
    said: list[RenderableType] = []
    for question, answer in zip(QUESTIONS, chapter.answers, strict=True):
        said += [Text(question, style="bold"), Padding(Text(answer.replace("`", "")), (0, 0, 0, 2))]
    return [*said, _figures(chapter), _parts(chapter), Text(key_figures.check(chapter.figures, chapter.run.marked))]


def _figures(chapter: Chapter) -> Table:
    table = Table(
        Column("", overflow="fold"), Column("", justify="right", no_wrap=True), Column("", overflow="fold"),
        show_header=False,
    )  # fmt: skip
    for group in key_figures.groups(chapter.figures):
        table.add_section()
        table.add_row(Text(group.title, style="bold"), "", "")
        for line in group.lines:
            table.add_row(line.name, _value(line.value, earned=line.earned), Text(line.note, style="dim"))
    return table


def _bands(told: Told) -> Table:
    found = bands(told.whole.figures, told.others)
    first, *others = (column.head for column in found.columns)
    table = Table(
        Column(first, overflow="fold"), *(Column(head, justify="right", overflow="fold") for head in others),
        title=found.title, title_justify="left", title_style="bold", caption=found.note, caption_justify="left",
    )  # fmt: skip
    for row in found.rows:
        table.add_row(*row)
    return table


def _parts(chapter: Chapter) -> Table:
    table = Table(Column("part", no_wrap=True), Column("$", justify="right", no_wrap=True), Column("", overflow="fold"))
    for line in key_figures.parts(chapter.figures):
        table.add_row(line.name, line.value, line.note)
    table.add_section()
    table.add_row(Text("together", style="bold"), _value(signed(chapter.figures.profit), earned=True), "")
    return table


def _value(text: str, *, earned: bool) -> Text:
    return Text(text, style=_STYLES[tone(text) if earned else ""])
