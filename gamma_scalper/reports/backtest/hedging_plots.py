"""Drawn from looks and orders: the underlying with its hedges, the delta in its band, and what trading cost."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.portfolio.trade_costs import OrderCost
from gamma_scalper.reports.backtest.book_runs import BookRun
from gamma_scalper.reports.backtest.profit_plots import dollars
from gamma_scalper.reports.backtest.series import filled
from gamma_scalper.reports.backtest.story import Column, Looks
from gamma_scalper.reports.backtest.trading_time import TradingTime, band, line, nanoseconds
from gamma_scalper.reports.backtest.wording import about
from gamma_scalper.reports.drawing import BLACK, BLUE, BROWN, GREEN, GREY, ORANGE, PURPLE, RED, panels

_SIZES = ((150, 26.0), (600, 9.0))  # up to so many marks, of that size
_SMALLEST, _LEGENDS = 3.0, 26.0
_MOST_DAYS = 25  # of which each turn of a delta can still be seen


def spot_with_hedges(run: BookRun, axis: TradingTime) -> Figure | None:
    looks = run.looks[0] if len(run.looks) == 1 else None
    if looks is None or not np.isfinite(looks.spot).any():
        return None
    figure, (axes,) = panels(1, 3.5)
    x = axis.x(looks.at)
    axes.plot(*line(x, looks.spot), color=GREY, linewidth=0.9)
    hedged = run.of(Purpose.HEDGE)
    size = next((size for most, size in _SIZES if len(hedged) <= most), _SMALLEST)
    for side, marker, color, name in ((Side.BUY, "^", GREEN, "bought"), (Side.SELL, "v", RED, "sold")):
        orders = [each for each in hedged if each.intent.side is side]
        shares = sum(int(each.filled) for each in orders)
        _marks(axes, axis, looks, orders, marker, color, size, f"{name} {shares:,} shares in {len(orders):,}")
    _marks(axes, axis, looks, filled(run, (Purpose.ENTRY,)), "D", BLUE, 34, "entry")
    _marks(axes, axis, looks, _exits(run), "X", PURPLE, 44, "exit")
    axes.set_title("price, and hedges")
    dollars(axes)
    axis.mark(axes)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=4)
    return figure


def _exits(run: BookRun) -> list[OrderCost]:
    return filled(run, (Purpose.EXIT, Purpose.FLATTEN, Purpose.REPAIR))


def _marks(
    axes: Axes, axis: TradingTime, looks: Looks, orders: Sequence[OrderCost], marker: str, color: str, size: float,
    name: str,
) -> None:  # fmt: skip
    """At the price of the underlying when it filled."""
    if not orders:
        return
    at = nanoseconds(order.filled_at for order in orders)
    known = np.isfinite(looks.spot)
    level = np.interp(at, looks.at[known], looks.spot[known])
    axes.scatter(axis.x(at), level, marker=marker, color=color, s=size, linewidth=0, zorder=3)
    axes.scatter([], [], marker=marker, color=color, s=max(size, _LEGENDS), linewidth=0, label=name)


def delta_in_its_band(run: BookRun, axis: TradingTime) -> Figure | None:
    looks = run.looks[0] if len(run.looks) == 1 else None
    if looks is None or not np.isfinite(looks.projected).any():
        return None
    figure, (axes,) = panels(1, 3.5)
    x = axis.x(looks.at)
    edges, low, high = band(x, looks.low, looks.high)
    axes.fill_between(edges, low, high, color=BLUE, alpha=0.14, linewidth=0, label="band")
    for edge in (low, high):
        axes.plot(edges, edge, color=BLUE, linewidth=0.6, alpha=0.6)
    axes.axhline(0, color=GREY, linewidth=0.8)
    if len(axis.days) <= _MOST_DAYS:
        axes.plot(*line(x, looks.projected, 1_600), color=BLACK, linewidth=0.8, label="projected delta")
        outside = _outside(looks)
        if np.isfinite(outside).any():
            axes.plot(*line(x, outside, 1_600), color=RED, linewidth=1.1, label="outside the band")
    else:
        _by_day(axes, x, looks)
    axes.set_title("shares")
    axis.mark(axes)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _outside(looks: Looks) -> Column:
    """The projected delta where it is outside, and one look on either side, so that it is a line."""
    out = (looks.projected < looks.low) | (looks.projected > looks.high)
    near = out | np.append(out[1:], False) | np.append(False, out[:-1])
    return np.where(near, looks.projected, np.nan)


def _by_day(axes: Axes, x: Column, looks: Looks) -> None:
    """Where it was for nine tenths of each day, and how far it was ever outside."""
    known = np.isfinite(looks.projected)
    days = np.floor(x[known]).astype(np.int64)
    projected, low, high = (each[known] for each in (looks.projected, looks.low, looks.high))
    labels = {"usual": "projected delta, nine tenths of a day", "outside": "outside the band"}
    for day in np.unique(days):
        mine = days == day
        least, most = np.quantile(projected[mine], (0.05, 0.95))
        axes.bar(day + 0.5, most - least, bottom=least, width=0.8, color=BLACK, alpha=0.55, linewidth=0,
                 label=labels.pop("usual", ""))  # fmt: skip
        for extreme, edge in ((projected[mine].max(), np.fmax.reduce(high[mine])),
                              (projected[mine].min(), np.fmin.reduce(low[mine]))):  # fmt: skip
            if abs(extreme) > abs(edge) and extreme * edge > 0:
                axes.vlines(day + 0.5, *sorted((edge, extreme)), color=RED, linewidth=1.1,
                            label=labels.pop("outside", ""))  # fmt: skip


def costs(run: BookRun, axis: TradingTime) -> Figure | None:
    orders = sorted(run.orders, key=lambda order: order.filled_at)
    if not orders:
        return None
    figure, (above, below) = panels(2, 4.1, ratios=(2.0, 1.0))
    ends = axis.x(nanoseconds(order.filled_at for order in orders))
    end = float(len(axis.days))
    both = np.zeros(len(orders) + 2)
    for name, color in (("commission", ORANGE), ("slippage", BROWN)):
        amounts = np.cumsum([float(getattr(order.cost, name)) for order in orders])
        amounts = np.concatenate([[0.0], amounts, amounts[-1:]])
        both += amounts
        above.step(*_steps(ends, end, amounts), where="post", color=color, label=f"{name} {about(amounts[-1])}")
    above.step(*_steps(ends, end, both), where="post", color=BLACK, linewidth=1.6, label=f"together {about(both[-1])}")
    above.axhline(0, color=GREY, linewidth=0.8)
    above.set_title("summed up")
    above.legend(loc="upper left")
    dollars(above)
    _hedged_a_day(below, run, axis)
    axis.mark(below)
    return figure


def _steps(x: Column, end: float, amounts: Column) -> tuple[Column, Column]:
    return np.concatenate([[0.0], x, [max(end, float(x[-1]))]]), amounts


def _hedged_a_day(axes: Axes, run: BookRun, axis: TradingTime) -> None:
    """Shares that were bought, above, and sold, below."""
    hedged = run.of(Purpose.HEDGE)
    days = np.floor(axis.x(nanoseconds(order.filled_at for order in hedged)))
    shares = np.array([float(order.filled) for order in hedged])
    for side, color in ((Side.BUY, GREEN), (Side.SELL, RED)):
        mine = np.array([order.intent.side is side for order in hedged], dtype=bool)
        if mine.any():
            each_day = np.bincount(days[mine].astype(np.int64), weights=shares[mine], minlength=len(axis.days))
            axes.bar(np.arange(len(axis.days)) + 0.5, side.sign * each_day, width=0.8, color=color, alpha=0.75)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.set_title("shares of hedges a day: bought above, sold below")
