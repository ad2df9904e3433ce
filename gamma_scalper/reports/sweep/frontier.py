"""What hedging costs against what it leaves open, cell by cell."""

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gamma_scalper.reports.drawing import BLUE, GREEN, GREY, ORANGE, panels
from gamma_scalper.reports.sweep.outcome import CellOutcome, Estimate, SweepOutcome
from gamma_scalper.reports.sweep.shown import table_name

_MOST_NAMES = 16

Measure = Callable[[CellOutcome], Estimate]


def frontier(outcome: SweepOutcome) -> Figure:
    """Those on the line are not beaten in both; to the lower left is better."""
    figure, (axes,) = panels(1, 4.2)
    efficient = sorted((cell for cell in outcome.cells if cell.efficient), key=lambda cell: cell.risk.value)
    axes.plot(
        [cell.risk.value for cell in efficient], [cell.cost.value for cell in efficient],
        color=GREEN, linewidth=1.4, alpha=0.7, zorder=1,
    )  # fmt: skip
    _cells(axes, outcome, lambda cell: cell.cost)
    axes.set_ylabel("cost, $ a session")
    return figure


def reward(outcome: SweepOutcome) -> Figure:
    """The profit of the same cells; to the upper left is better."""
    figure, (axes,) = panels(1, 4.2)
    axes.axhline(0, color=GREY, linewidth=0.8)
    _cells(axes, outcome, lambda cell: cell.profit)
    axes.set_ylabel("profit, $ a session")
    return figure


def _cells(axes: Axes, outcome: SweepOutcome, across: Measure) -> None:
    named: set[tuple[float, float]] = set()  # cells that did the same share a name
    for row, cell in enumerate(outcome.cells):
        color = ORANGE if row == outcome.baseline else GREEN if cell.efficient else BLUE
        x, y = cell.risk, across(cell)
        axes.errorbar(
            x.value, y.value, xerr=_reach(x), yerr=_reach(y),
            fmt="D" if row == outcome.baseline else "o", markersize=5, color=color, elinewidth=0.6, alpha=0.85,
        )  # fmt: skip
        if _named(outcome, row) and (x.value, y.value) not in named:
            named.add((x.value, y.value))
            axes.annotate(
                "as it is" if row == outcome.baseline else table_name(cell, outcome),
                (x.value, y.value), xytext=(5, 4), textcoords="offset points", fontsize=8.5, color=color,
            )  # fmt: skip
    axes.set_xlabel("deviation of what movement and time came to, $ for one session")


def _named(outcome: SweepOutcome, row: int) -> bool:
    """All of them where there is room; else those that matter."""
    few = len(outcome.cells) <= _MOST_NAMES
    return few or row in (outcome.baseline, outcome.best)


def _reach(figure: Estimate) -> list[list[float]] | None:
    if figure.low != figure.low:  # not known
        return None
    return [[figure.value - figure.low], [figure.high - figure.value]]
