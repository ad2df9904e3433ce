"""The plots of a backtest, each with what to look for in it."""

from collections.abc import Callable

import numpy as np
from attrs import frozen
from matplotlib.figure import Figure

from gamma_scalper.reports.backtest.book_runs import BookRun
from gamma_scalper.reports.backtest.hedging_plots import costs, delta_in_its_band, spot_with_hedges
from gamma_scalper.reports.backtest.profit_plots import attribution, equity_and_drawdown, gamma_against_theta
from gamma_scalper.reports.backtest.trading_time import TradingTime, nanoseconds
from gamma_scalper.reports.drawing import style


@frozen(eq=False)
class Plot:
    """One of a book's."""

    name: str  # of its file
    title: str
    caption: str  # what to look for
    figure: Figure | None  # None: there is nothing to be drawn


_Drawn = Callable[[BookRun, TradingTime], Figure | None]
_PLOTS: tuple[tuple[str, str, str, _Drawn], ...] = (
    (
        "equity", "Equity and drawdown",
        "Long gamma bleeds slowly and earns in jumps: look for how long a drawdown lasts, and what ended it.",
        equity_and_drawdown,
    ),
    (
        "attribution", "Where the profit came from",
        "The parts sum to the thick line. Gamma up and theta down are the trade itself; a steep line of vega says that "
        "the result was a bet on implied volatility instead.",
        attribution,
    ),
    (
        "gamma_theta", "Gamma against theta",
        "Green where movement is ahead of time. It gains where realised volatility is above implied, which is the same "
        "as a move above the break-even.",
        gamma_against_theta,
    ),
    (
        "spot", "The underlying, and what was done",
        "Buying low and selling high is what earns gamma: sales (red) should sit above the purchases (green) around "
        "them.",
        spot_with_hedges,
    ),
    (
        "delta", "Delta inside its band",
        "The projected delta should run freely inside the band and turn back at its edge; what sticks out was not "
        "hedged in time, or was refused.",
        delta_in_its_band,
    ),
    (
        "costs", "Fills and costs",
        "Slippage is against the middle at the decision, and below zero where fills were better. Steep steps are "
        "entries and exits; an even climb is hedging.",
        costs,
    ),
)  # fmt: skip
_OF_ALL_BOOKS = ("equity", "attribution", "costs")  # the others are about one underlying


def plots(run: BookRun) -> list[Plot]:
    """Of one book, or of all of them together."""
    at = [looks.at[np.isfinite(looks.spot)] for looks in run.looks]
    at += [nanoseconds(moment) for moment in ([each.until for each in run.intervals],)]
    at.append(nanoseconds([order.filled_at for order in run.orders]))
    axis = TradingTime.of(np.concatenate(at))
    with style():
        return [
            Plot(name, title, caption, draw(run, axis))
            for name, title, caption, draw in _PLOTS
            if run.book or name in _OF_ALL_BOOKS
        ]
