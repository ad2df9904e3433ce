"""The objective over the settings that were varied: a line for one, heat maps for two and more, dots for a search."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from gamma_scalper.reports.drawing import BLUE, GREY, ORANGE, panels
from gamma_scalper.reports.sweep.outcome import LESS_IS_BETTER, CellOutcome, SweepOutcome

MOST_MAPS = 12
_LEVEL = 0.05
_WIDTH_IN, _MAP_IN = 6.0, 2.9
_MOST_WRITTEN = 60  # cells in a map that have their number in them


def landscape(outcome: SweepOutcome) -> Figure | None:
    """None where nothing was varied."""
    keys = outcome.varied
    if not keys:
        return None
    if outcome.search:
        return _dots(outcome, keys)
    if len(keys) == 1:
        return _line(outcome, keys[0])
    return _maps(outcome, keys)


def values_of(outcome: SweepOutcome, key: str) -> list[str]:
    """As they were written, numbers by size."""
    found = list(dict.fromkeys(cell.given[key] for cell in outcome.cells if key in cell.given))
    return sorted(found, key=float) if all(map(_is_number, found)) else found


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


# -- one key -----------------------------------------------------------------------------------------------------------


def _line(outcome: SweepOutcome, key: str) -> Figure:
    figure, (axes,) = panels(1, 3.7)
    values = values_of(outcome, key)
    by_value = {cell.given[key]: cell for cell in outcome.cells if key in cell.given}
    cells = [by_value[value] for value in values]
    middle = [cell.difference.value for cell in cells]
    axes.axhline(0, color=ORANGE, linewidth=1.0, label="the book as it is")
    axes.plot(range(len(values)), middle, "o-", color=BLUE)
    axes.vlines(
        range(len(values)), [cell.difference.low for cell in cells], [cell.difference.high for cell in cells],
        color=BLUE, linewidth=0.8,
    )  # fmt: skip
    axes.set_xticks(range(len(values)), values)
    axes.set_xlabel(key)
    axes.set_ylabel(f"{outcome.objective}, difference")
    axes.legend()
    return figure


# -- two keys and more -------------------------------------------------------------------------------------------------


def _maps(outcome: SweepOutcome, keys: Sequence[str]) -> Figure:
    """The two keys with most values make a map; each combination of the others has its own."""
    by_size = sorted(keys, key=lambda key: -len(values_of(outcome, key)))
    across, down, others = by_size[0], by_size[1], by_size[2:]
    rest = list(itertools.product(*(values_of(outcome, key) for key in others)))[:MOST_MAPS]
    columns = 1 if len(rest) == 1 else 2
    rows = math.ceil(len(rest) / columns)
    figure = Figure(figsize=(_WIDTH_IN, max(3.7, _MAP_IN * rows)), layout="constrained")
    axes_of = figure.subplots(rows, columns, squeeze=False).flat
    most = max((abs(cell.difference.value) for cell in outcome.cells), default=1.0) or 1.0
    shown = None
    for axes, combination in itertools.zip_longest(axes_of, rest):
        if combination is None:
            axes.set_visible(False)
            continue
        fixed = dict(zip(others, combination, strict=True))
        shown = _map(axes, outcome, across, down, fixed, most)
        axes.set_title(", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in fixed.items()))
    if shown is not None:
        figure.colorbar(shown, ax=list(figure.axes), label=f"{outcome.objective}, difference", shrink=0.8)
    return figure


def _map(axes: Axes, outcome: SweepOutcome, across: str, down: str, fixed: dict[str, str], most: float) -> AxesImage:
    columns, rows = values_of(outcome, across), values_of(outcome, down)
    grid = np.full((len(rows), len(columns)), math.nan)
    for cell in outcome.cells:
        if cell.given and all(cell.given[key] == value for key, value in fixed.items()):
            row, column = rows.index(cell.given[down]), columns.index(cell.given[across])
            grid[row, column] = cell.difference.value
            if len(rows) * len(columns) <= _MOST_WRITTEN:
                axes.text(column, row, _written(cell), ha="center", va="center", fontsize=8)
    better = "RdBu_r" if outcome.objective in LESS_IS_BETTER else "RdBu"
    image = axes.imshow(grid, cmap=better, norm=TwoSlopeNorm(0, -most, most), aspect="auto", alpha=0.75)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel(across)
    axes.set_ylabel(down)
    axes.grid(visible=False)
    return image


def _written(cell: CellOutcome) -> str:
    """With a star where it holds after correction."""
    star = "*" if cell.corrected <= _LEVEL else ""
    return f"{cell.difference.value:+.3g}{star}"


# -- a search ----------------------------------------------------------------------------------------------------------


def _dots(outcome: SweepOutcome, keys: Sequence[str]) -> Figure:
    """Every cell that was tried, once for each key."""
    figure = Figure(figsize=(_WIDTH_IN, 2.6 * len(keys)), layout="constrained")
    cells = [cell for cell in outcome.cells if cell.given]
    for axes, key in zip(figure.subplots(len(keys), 1, squeeze=False).flat, keys, strict=True):
        values = values_of(outcome, key)
        numbers = all(map(_is_number, values))
        x = [float(cell.given[key]) if numbers else float(values.index(cell.given[key])) for cell in cells]
        axes.axhline(0, color=ORANGE, linewidth=1.0)
        axes.plot(x, [cell.difference.value for cell in cells], "o", color=BLUE, markersize=4, alpha=0.7)
        if not numbers:
            axes.set_xticks(range(len(values)), values)
        elif min(x) > 0 and max(x) > 20 * min(x):
            axes.set_xscale("log")
        axes.axvline(_best_at(outcome, cells, x), color=GREY, linewidth=0.8, linestyle=":")
        axes.set_xlabel(key)
        axes.set_ylabel(f"{outcome.objective}, difference")
    return figure


def _best_at(outcome: SweepOutcome, cells: Sequence[CellOutcome], x: Sequence[float]) -> float:
    best = outcome.cells[outcome.best].digest
    return next((at for cell, at in zip(cells, x, strict=True) if cell.digest == best), x[0])
