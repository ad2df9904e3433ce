"""A backtest as its page, its terminal summary and its JSON tell it: each book with its figures, and the whole."""

from collections.abc import Sequence

from attrs import frozen

from gamma_scalper.reports.backtest.answer import OtherRun, answer, why_idle
from gamma_scalper.reports.backtest.book_runs import NEW_YORK, BookRun, book_runs, together
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
    others: tuple[OtherRun, ...] = ()  # the same days with other bands


def told(story: Story, others: Sequence[OtherRun] = ()) -> Told:
    runs = book_runs(story)
    if len(runs) == 1:
        only = _chapter(story, runs[0], others)
        return Told(story, only, (only,), tuple(others))
    books = tuple(_chapter(story, run) for run in runs)
    return Told(story, _chapter(story, together(runs), others), books, tuple(others))


def _chapter(story: Story, run: BookRun, others: Sequence[OtherRun] = ()) -> Chapter:
    figures = figures_of(run, story.cash)
    idle = "" if figures.entries else why_idle(run)
    first = next(iter(run.halts), None)
    halted = "" if first is None else f"on {first.at.astimezone(NEW_YORK):%d %b %Y} by {first.what}"
    return Chapter(run, figures, answer(figures, story=story, why_idle=idle, others=others, halted=halted))
