"""One self-contained page of a sweep, and its pictures as files."""

from pathlib import Path

from markupsafe import Markup

from gamma_scalper.domain.exits import UserError
from gamma_scalper.reports.backtest.wording import counted
from gamma_scalper.reports.drawing import as_png, as_svg
from gamma_scalper.reports.page_shell import filled_template
from gamma_scalper.reports.sweep.outcome import OBJECTIVES, SweepOutcome
from gamma_scalper.reports.sweep.plots import plots
from gamma_scalper.reports.sweep.shown import by_objective, headings, row_of, seeds, shared, told

_MOST_FAILURES = 500


def page(outcome: SweepOutcome) -> str:
    """The text of a file that ends in .html."""
    drawn = [
        {"title": each.title, "caption": each.caption, "svg": Markup(as_svg(each.figure, each.name, each.title))}
        for each in plots(outcome)
    ]  # what matplotlib wrote has escaped what was drawn
    return filled_template(
        Path(__file__).parent,
        "page.html.j2",
        title=f"Sweep of {outcome.book}",
        under=_under(outcome),
        said=list(told(outcome)),
        plots=drawn,
        named=", ".join(headings(outcome)) or "cell",
        columns=("profit", "hedged", "cost", "risk", "hedges", f"{outcome.objective}, difference", "p", "corrected p"),
        rows=[row_of(cell, outcome) for cell in by_objective(outcome)],
        objective=f"{outcome.objective}: {OBJECTIVES[outcome.objective]}",
        alike=shared(outcome),
        about=_about(outcome),
        failures=outcome.failures[:_MOST_FAILURES],
        failed=len(outcome.failures),
        left_out=outcome.left_out,
    )


def write_page(outcome: SweepOutcome, path: Path) -> None:
    try:
        path.write_text(page(outcome), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}; the runs are kept, so repeat it") from error


def write_pictures(outcome: SweepOutcome, folder: Path) -> list[Path]:
    """One PNG for each picture; the folder is made where it is missing."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in plots(outcome):
            path = folder / f"{outcome.book}_{each.name}.png"
            path.write_bytes(as_png(each.figure))
            written.append(path)
    except OSError as error:
        raise UserError(f"{folder}: can't be written: {error.strerror}; the runs are kept, so repeat it") from error
    return written


def _under(outcome: SweepOutcome) -> str:
    kind = outcome.market.partition(":")[0]
    tried = f"{len(outcome.cells) - 1} cells" + (f" found by {outcome.search} search" if outcome.search else "")
    sessions = counted(outcome.sessions, "session", "sessions")
    return f"{tried} beside the book as it is, {sessions} of {kind} on {seeds(outcome.seeds)}"


def _about(outcome: SweepOutcome) -> list[tuple[str, str]]:
    sessions = counted(outcome.sessions, "session", "sessions")
    days = " to ".join(str(day or "as the market has it") for day in (outcome.first, outcome.last))
    said = [
        ("market", outcome.market),
        ("days", f"{days}: {sessions} a run"),
        ("seeds", f"{outcome.seeds}, the same for every cell"),
        ("runs", f"{outcome.runs:,}"),
        ("units", f"{outcome.units}, each {outcome.unit}"),
        ("grid", ", ".join(outcome.keys)),
    ]
    return said + sorted(outcome.settings.items())
