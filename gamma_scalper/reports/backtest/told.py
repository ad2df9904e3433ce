"""A backtest as its page, its terminal summary and its JSON tell it: each book with its figures, and the whole."""

from attrs import frozen

from gamma_scalper.reports.backtest.answer import answer, why_idle
from gamma_scalper.reports.backtest.book_runs import BookRun, book_runs, together
from gamma_scalper.reports.backtest.figures import Figures, figures_of
from gamma_scalper.reports.backtest.story import Story


@frozen(eq=False)
class Chapter:
    """One book's, or that of all together."""

    run: BookRun
    figures: Figures
    answers: tuple[str, str, str]


@frozen(eq=False)
class Told:
    """`whole` is the only book's where there is one."""

    story: Story
    whole: Chapter
    books: tuple[Chapter, ...]


def told(story: Story) -> Told:
    runs = book_runs(story)
    books = tuple(_chapter(story, run) for run in runs)
    return Told(story, books[0] if len(books) == 1 else _chapter(story, together(runs)), books)


def _chapter(story: Story, run: BookRun) -> Chapter:
    figures = figures_of(run, story.cash)
    return Chapter(run, figures, answer(figures, story=story, why_idle="" if figures.entries else why_idle(run)))
