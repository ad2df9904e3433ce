"""Playing for a person: how far it is, and what the house warned of."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from attrs import evolve
from loguru import logger
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gamma_scalper import logs
from gamma_scalper.backtest.other_bands import other_bands
from gamma_scalper.backtest.runner import Backtest, backtest
from gamma_scalper.kernel import WallClock
from gamma_scalper.reports.backtest.answer import OtherRun
from gamma_scalper.reports.backtest.figures import figures
from gamma_scalper.reports.backtest.told import Told, told

_MOST_WARNINGS = 3


def play(asked: Backtest, *, bands: bool = False, loud: bool = False) -> Told:
    """With `bands` it asks of the same days what other bands would have done; `loud`: the log as it is written."""
    others = other_bands(asked.books) if bands else ()
    with _listening(asked, loud) as warnings, _progress(1 + len(others)) as seen:
        story = backtest(asked, seen)
        runs = [OtherRun(each.label, figures(backtest(evolve(asked, books=each.books), seen))) for each in others]
    _complain(warnings)
    return told(story, runs)


@contextmanager
def _listening(asked: Backtest, loud: bool) -> Iterator[list[str]]:
    """What the house warned of, in place of a log that nobody reads."""
    heard: list[str] = []
    logger.remove()
    if loud:
        logs.configure(WallClock(), asked.system.log_level)
    else:
        logger.add(lambda message: heard.append(message.record["message"]), level="WARNING")
    try:
        yield heard
    finally:
        logger.remove()


def _complain(warnings: Sequence[str]) -> None:
    if not warnings:
        return
    console = Console(stderr=True, highlight=False)
    console.print(f"{len(warnings)} warnings; the first:" if len(warnings) > _MOST_WARNINGS else "warnings:")
    for each in warnings[:_MOST_WARNINGS]:
        console.print(f"  {each}", markup=False)


@contextmanager
def _progress(runs: int) -> Iterator[Callable[[date, int], None]]:
    """Session by session, to stderr, if a person looks there."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("sessions"),
        TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with bar:
        task = bar.add_task("backtest", total=None)

        def seen(day: date, of: int) -> None:
            bar.update(task, advance=1, total=of * runs, description=f"{day:%a %d %b %Y}")

        yield seen
