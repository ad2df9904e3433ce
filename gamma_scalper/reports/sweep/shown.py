"""A sweep for a person's terminal, and for a machine."""

import math
from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from gamma_scalper.reports.backtest.wording import UNKNOWN, counted
from gamma_scalper.reports.sweep.outcome import LESS_IS_BETTER, CellOutcome, Estimate, OutOfSample, SweepOutcome

_FIGURES = ("cost", "risk", "hedges", "difference", "p")
_MOST_ROWS, _MOST_FAILURES = 40, 5


def shown(outcome: SweepOutcome) -> RenderableType:
    """The answer first, then the cells, the best by the objective on top."""
    parts: list[RenderableType] = [Text(line, style="bold" if i == 0 else "") for i, line in enumerate(told(outcome))]
    parts.append(_table(outcome))
    parts += [Text(line, style="red") for line in failures_told(outcome)]
    return Group(*parts)


def told(outcome: SweepOutcome) -> Iterable[str]:
    """The sentences."""
    yield from (f"{line[:1].upper()}{line[1:]}." for line in outcome.verdict)
    if outcome.fresh is not None:
        yield _of_fresh(outcome.fresh)
    elif outcome.search:
        yield (
            "Nothing was tried out of sample, since a file has no days but its own: search in some of them by --to, "
            "and play what was found on the others."
        )
    yield (
        f"{outcome.runs:,} runs of {counted(outcome.sessions, 'session', 'sessions')} on {seeds(outcome.seeds)}; "
        f"{counted(outcome.units, 'unit', 'units')}, each {outcome.unit}."
    )


def seeds(which: str) -> str:
    return f"seeds {which}" if " to " in which else f"seed {which}"


def _of_fresh(fresh: OutOfSample) -> str:
    return (
        f"Out of sample, on {seeds(fresh.seeds)} that the search never saw, {fresh.cell} differs by "
        f"{interval(fresh.beyond)} (p = {probability(fresh.p)}); where it was found it was {interval(fresh.within)}."
    )


def failures_told(outcome: SweepOutcome) -> Iterable[str]:
    """A few of the reasons."""
    if outcome.failures:
        yield f"{len(outcome.failures)} runs failed; the same command tries them again:"
    for failed in outcome.failures[:_MOST_FAILURES]:
        yield f"  {failed.cell}, seed {failed.seed}: {failed.reason}"
    if len(outcome.failures) > _MOST_FAILURES:
        yield f"  and {len(outcome.failures) - _MOST_FAILURES} more"
    if outcome.left_out:
        yield f"not compared, since half of their runs failed: {'; '.join(outcome.left_out)}"


def by_objective(outcome: SweepOutcome) -> list[CellOutcome]:
    """The best first."""
    sign = 1 if outcome.objective in LESS_IS_BETTER else -1
    return sorted(outcome.cells, key=lambda cell: sign * cell.of(outcome.objective).value)


def _table(outcome: SweepOutcome) -> Table:
    """Narrow enough for a terminal; the page has more columns."""
    earned = "hedged" if outcome.objective == "hedged" else "profit"
    table = Table(
        Column("\n".join(headings(outcome)) or "cell", overflow="fold"),
        *(Column(name, justify="right", no_wrap=True) for name in (earned, *_FIGURES)),
        Column("", overflow="fold"),
        caption=_caption(outcome),
        caption_justify="left",
    )
    ranked = by_objective(outcome)
    for cell in ranked[:_MOST_ROWS]:
        is_baseline = cell.digest == outcome.cells[outcome.baseline].digest
        table.add_row(
            table_name(cell, outcome),
            interval(cell.of(earned)),
            interval(cell.cost, sign=""),
            interval(cell.risk, sign=""),
            f"{cell.hedges:.1f}",
            *(("", "") if is_baseline else (interval(cell.difference), probability(cell.corrected))),
            remark(cell, outcome),
            style="bold" if is_baseline else "",
        )
    if len(ranked) > _MOST_ROWS:
        table.add_row(f"and {len(ranked) - _MOST_ROWS} more, in the report and in --json")
    return table


def headings(outcome: SweepOutcome) -> tuple[str, ...]:
    """What was varied, without its section where that is clear."""
    last = [key.rpartition(".")[2] for key in outcome.varied]
    return tuple(last) if len(set(last)) == len(last) else outcome.varied


def _caption(outcome: SweepOutcome) -> str:
    said = [
        "$ a session, 95% intervals",
        "risk: deviation of what movement and time came to",
        f"difference: of {outcome.objective} to the book as it is, with p corrected for all cells",
    ]
    if outcome.objective == "hedged":
        said.append("hedged: movement and time less costs")
    if alike := shared(outcome):
        said.append(alike)
    return "; ".join(said)


def row_of(cell: CellOutcome, outcome: SweepOutcome) -> tuple[str, ...]:
    """A line of the table of cells; the book as it is has nothing to differ from."""
    line = [table_name(cell, outcome), interval(cell.profit), interval(cell.hedged), interval(cell.cost, sign="")]
    line += [interval(cell.risk, sign=""), f"{cell.hedges:.1f}"]
    if cell.digest == outcome.cells[outcome.baseline].digest:
        line += ["", "", ""]
    else:
        line += [interval(cell.difference), probability(cell.p), probability(cell.corrected)]
    return (*line, remark(cell, outcome))


def table_name(cell: CellOutcome, outcome: SweepOutcome) -> str:
    """The values that set it apart; what all cells of the grid share is said once, below."""
    return ", ".join(cell.given[key] for key in outcome.varied if key in cell.given) or cell.name


def shared(outcome: SweepOutcome) -> str:
    """The part of the grid that has one value."""
    given = next((cell.given for cell in outcome.cells if cell.given), {})
    alike = [f"{key}={value}" for key, value in given.items() if key not in outcome.varied]
    return f"all but the book as it is with {', '.join(alike)}" if alike and outcome.varied else ""


def remark(cell: CellOutcome, outcome: SweepOutcome) -> str:
    said = ["the book as it is"] if cell.given and cell.digest == outcome.cells[outcome.baseline].digest else []
    said += ["efficient"] if cell.efficient else []
    if cell.same_as:
        twin = next(each for each in outcome.cells if each.name == cell.same_as)
        said.append(f"the same as {table_name(twin, outcome)}")
    return ", ".join(said)


def probability(p: float) -> str:
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


def interval(figure: Estimate, sign: str = "+") -> str:
    """'+3.10 ± 0.80'; without its reach where that can't be told."""
    if math.isnan(figure.value):
        return UNKNOWN
    reach = (figure.high - figure.low) / 2
    return f"{figure.value:{sign}.2f} ± {reach:.2f}" if math.isfinite(reach) else f"{figure.value:{sign}.2f}"


# -- for a machine -----------------------------------------------------------------------------------------------------


def plain_outcome(outcome: SweepOutcome) -> dict[str, Any]:
    """Money as strings; None for what can't be told."""
    fresh = outcome.fresh
    return {
        "book": outcome.book,
        "market": outcome.market,
        "from": None if outcome.first is None else outcome.first.isoformat(),
        "to": None if outcome.last is None else outcome.last.isoformat(),
        "sessions": outcome.sessions,
        "seeds": outcome.seeds,
        "runs": outcome.runs,
        "objective": outcome.objective,
        "units": outcome.units,
        "unit": outcome.unit,
        "verdict": list(outcome.verdict),
        "deflated_sharpe": _number(outcome.deflated_sharpe),
        "baseline": outcome.cells[outcome.baseline].name,
        "best": outcome.cells[outcome.best].name,
        "cells": [_plain_cell(cell) for cell in outcome.cells],
        "out_of_sample": None
        if fresh is None
        else {
            "seeds": fresh.seeds,
            "cell": fresh.cell,
            "within": _plain_figure(fresh.within),
            "beyond": _plain_figure(fresh.beyond),
            "p": fresh.p,
        },
        "failures": [{"cell": each.cell, "seed": each.seed, "reason": each.reason} for each in outcome.failures],
        "left_out": list(outcome.left_out),
        "settings": dict(outcome.settings),
        "search": outcome.search or None,
    }


def _plain_cell(cell: CellOutcome) -> dict[str, Any]:
    return {
        "name": cell.name,
        "settings": dict(cell.given),
        "profit": _plain_figure(cell.profit),
        "hedged": _plain_figure(cell.hedged),
        "cost": _plain_figure(cell.cost),
        "risk": _plain_figure(cell.risk),
        "risk_adjusted": _plain_figure(cell.risk_adjusted),
        "difference": _plain_figure(cell.difference),
        "p": cell.p,
        "p_corrected": cell.corrected,
        "hedges": cell.hedges,
        "efficient": cell.efficient,
    }


def _plain_figure(figure: Estimate) -> dict[str, str | None]:
    return {"value": _text(figure.value), "low": _text(figure.low), "high": _text(figure.high)}


def _text(value: float) -> str | None:
    return f"{value:.4f}" if math.isfinite(value) else None


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
