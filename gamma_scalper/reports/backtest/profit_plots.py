"""Drawn from the accounts: equity, its parts, and gamma against theta."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from gamma_scalper.reports.backtest.book_runs import BookRun
from gamma_scalper.reports.backtest.series import Equity, Stretch, equity, stretches
from gamma_scalper.reports.backtest.story import Column
from gamma_scalper.reports.backtest.trading_time import TradingTime, line, nanoseconds
from gamma_scalper.reports.drawing import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    PURPLE,
    RED,
    TEAL,
    panels,
)

_COLORS = {
    "delta": BLUE, "gamma": GREEN, "theta": ORANGE, "vega": RED, "higher orders": PURPLE, "carry": TEAL, "costs": BROWN,
    "unexplained": GREY,
}  # fmt: skip
_HIGHER = ("vanna", "volga", "zomma")
_GRAVEST = 0.0005


def dollars(axes: Axes) -> None:
    """Along the vertical axis."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: _tick(amount)))


def _tick(amount: float) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}".removesuffix(".00")


def equity_and_drawdown(run: BookRun, axis: TradingTime) -> Figure | None:
    if not run.intervals:
        return None
    found = equity(run.intervals)
    x = axis.x(found.at)
    figure, (above, below) = panels(2, 3.7, ratios=(2.6, 1.0))
    above.axhline(0, color=GREY, linewidth=0.8)
    above.plot(*_joined(axis, x, found.profit), color=BLACK, linewidth=1.3)
    above.set_title("profit")
    below.fill_between(*_joined(axis, x, found.drawdown), color=RED, alpha=0.35, linewidth=0)
    below.set_title("below the highest so far")
    dollars(above)
    dollars(below)
    axis.mark(below)
    return figure


def _joined(axis: TradingTime, x: Column, y: Column) -> tuple[Column, Column]:
    """Without the gaps of nights, and to the end: what an account has earned stays while nothing is held."""
    xs, ys = line(x, y)
    known = np.isfinite(ys)
    return np.append(xs[known], len(axis.days)), np.append(ys[known], y[-1])


def attribution(run: BookRun, axis: TradingTime) -> Figure | None:
    if not run.intervals:
        return None
    found = equity(run.intervals)
    x = axis.x(found.at)
    figure, (axes,) = panels(1, 3.7)
    axes.axhline(0, color=GREY, linewidth=0.8)
    for part, amounts in _shown(found).items():
        axes.plot(*_joined(axis, x, amounts), color=_COLORS[part], label=f"{part} {_money(amounts[-1])}")
    axes.plot(*_joined(axis, x, found.profit), color=BLACK, linewidth=1.9, label=f"together {_money(found.profit[-1])}")
    axes.set_title("summed up, by cause")
    dollars(axes)
    axis.mark(axes)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _shown(found: Equity) -> dict[str, Column]:
    """Those that ever brought or cost anything; the higher orders as one."""
    higher = np.sum([found.parts[part] for part in _HIGHER], axis=0)
    amounts = {part: amount for part, amount in found.parts.items() if part not in _HIGHER} | {"higher orders": higher}
    most = max(float(np.abs(found.profit).max()), *(float(np.abs(each).max()) for each in amounts.values()))
    return {part: amounts[part] for part in _COLORS if np.abs(amounts[part]).max() > _GRAVEST * most}


def _money(amount: float) -> str:
    return f"{'-' if amount < 0 else '+'}${abs(amount):,.0f}"


# -- gamma against theta -----------------------------------------------------------------------------------------------


def gamma_against_theta(run: BookRun, axis: TradingTime) -> Figure | None:
    parts = stretches(run)
    if not parts:
        return None
    figure, (above, middle, below) = panels(3, 5.6, ratios=(1.5, 1.0, 1.0))
    _race(above, run, axis)
    _compared(middle, axis, parts, "realised", "implied", PINK, BLUE, 100.0)
    middle.set_title("volatility, % a year")
    _compared(below, axis, parts, "move", "break_even", GREEN, ORANGE, 1.0, names=("as it was", "break-even"))
    below.set_title("move, $ a day")
    axis.mark(below)
    return figure


def _race(axes: Axes, run: BookRun, axis: TradingTime) -> None:
    found = equity(run.intervals)
    x = axis.x(found.at)
    xs, gamma = _joined(axis, x, found.parts["gamma"])
    theta = np.interp(xs, x, -found.parts["theta"])
    axes.plot(xs, gamma, color=GREEN, label="gamma earned")
    axes.plot(xs, theta, color=ORANGE, label="theta paid")
    axes.fill_between(xs, gamma, theta, where=gamma >= theta, color=GREEN, alpha=0.22, linewidth=0, interpolate=True)
    axes.fill_between(xs, gamma, theta, where=gamma < theta, color=RED, alpha=0.22, linewidth=0, interpolate=True)
    axes.set_title("earned from movement, paid in time")
    axes.legend(loc="upper left")
    dollars(axes)


def _compared(
    axes: Axes, axis: TradingTime, parts: list[Stretch], one: str, other: str, color: str, other_color: str,
    scale: float, names: tuple[str, str] = ("", ""),
) -> None:  # fmt: skip
    """The one as bars, the other as a line above or below them."""
    begins = axis.x(nanoseconds(part.begins for part in parts))
    ends = axis.x(nanoseconds(part.ends for part in parts))
    bars, lines = (np.array([scale * getattr(part, name) for part in parts]) for name in (one, other))
    axes.bar(begins, np.nan_to_num(bars), width=ends - begins, align="edge", color=color, alpha=0.45,
             label=names[0] or one)  # fmt: skip
    axes.hlines(lines, begins, ends, color=other_color, linewidth=2.2, label=names[1] or other)
    known = [level for level in (*bars, *lines) if math.isfinite(level)]
    axes.set_ylim(0, 1.35 * max(known, default=1.0) or 1.0)
    axes.legend(loc="upper left", ncols=2)
