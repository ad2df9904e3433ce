"""The pictures of a sweep, by name."""

import math

from attrs import frozen
from matplotlib.figure import Figure

from gamma_scalper.reports.drawing import style
from gamma_scalper.reports.sweep.frontier import frontier, reward
from gamma_scalper.reports.sweep.landscape import landscape
from gamma_scalper.reports.sweep.outcome import SweepOutcome


@frozen(eq=False)
class Plot:
    name: str  # of its file
    title: str
    caption: str
    figure: Figure


def plots(outcome: SweepOutcome) -> list[Plot]:
    """Those there is something to draw for."""
    found: list[Plot] = []
    with style():
        if any(math.isfinite(cell.risk.value) for cell in outcome.cells):
            found += _against_risk(outcome)
        over = landscape(outcome)
        if over is not None:
            found.append(
                Plot(
                    "landscape", f"{outcome.objective.replace('_', ' ')} by setting".capitalize(), _about(outcome), over
                )
            )
    return found


def _against_risk(outcome: SweepOutcome) -> list[Plot]:
    return [
        Plot(
            "frontier",
            "Cost and risk",
            "What hedging cost against what it left open. Green: no other cell is as cheap at as little risk. "
            "Orange: the book as it is. Bars are 95% intervals.",
            frontier(outcome),
        ),
        Plot(
            "profit",
            "Profit and risk",
            "The profit of the same cells. The intervals of the profits are wide because all cells share the luck "
            "of the market; their differences, in the table, are told apart much better.",
            reward(outcome),
        ),
    ]


def _about(outcome: SweepOutcome) -> str:
    said = f"Difference of {outcome.objective} to the book as it is, on the same seeds. "
    if outcome.search:
        return f"{said}Each dot is a cell the search tried; the dotted line is the best."
    if len(outcome.varied) == 1:
        return f"{said}Bars are 95% intervals before correction."
    return f"{said}Blue is better, red is worse; a star holds after correcting for the number of cells."
