"""What a sweep says in a few sentences, and what it takes care not to say."""

import math

from gamma_scalper.backtest.sweep.account import Comparison
from gamma_scalper.backtest.sweep.statistics import CONFIDENCE, FEWEST_UNITS
from gamma_scalper.reports.backtest.wording import counted
from gamma_scalper.reports.sweep.outcome import LESS_IS_BETTER, CellOutcome, Estimate

_LEVEL = 1 - CONFIDENCE


def verdict(found: Comparison, units: int, objective: str) -> tuple[str, ...]:
    """The first sentence is the answer."""
    others = [cell for row, cell in enumerate(found.cells) if row != found.baseline]
    if not others:
        return ("nothing to compare: the only cell is the book as it is",)
    best, sign = found.cells[found.best], -1 if objective in LESS_IS_BETTER else 1
    said = [_of_best(best, len(others), units, objective, sign)]
    better = [cell for cell in others if cell.corrected <= _LEVEL and sign * cell.difference.value > 0]
    worse = [cell for cell in others if cell.corrected <= _LEVEL and sign * cell.difference.value < 0]
    if units >= FEWEST_UNITS:
        said.append(
            f"of {len(others)} cells {len(better)} are better than the book as it is and {len(worse)} are worse, "
            f"at {_LEVEL:.0%} for all of them together"
        )
    if math.isfinite(found.deflated_sharpe) and sign * best.difference.value > 0:
        said.append(
            f"that {best.name} earns at all, and more than the luckiest of {len(found.cells)} worthless cells would "
            f"show, is {found.deflated_sharpe:.0%} probable (deflated Sharpe ratio)"
        )
    return tuple(said)


def _of_best(best: CellOutcome, tried: int, units: int, objective: str, sign: int) -> str:
    amount = signed(best.difference, objective)
    if units < FEWEST_UNITS:
        return (
            f"best cell {best.name}: {amount}; {counted(units, 'unit is', 'units are')} too few "
            f"to tell it from luck, {FEWEST_UNITS} at least and better 50 are needed"
        )
    if sign * best.difference.value <= 0:
        return f"no cell did better than the book as it is; the best of the others is {best.name}: {amount}"
    p = f"(p = {rounded(best.corrected)})"
    if best.corrected > _LEVEL:
        return (
            f"best cell {best.name}: {amount} before correction, not distinguishable from the book as it is "
            f"after correcting for {_cells(tried)} {p}"
        )
    return f"best cell {best.name}: {amount}, which holds after correcting for {_cells(tried)} {p}"


def rounded(p: float) -> str:
    return f"{p:.2f}" if p >= 0.01 else f"{p:.1g}"


def signed(figure: Estimate, objective: str) -> str:
    """A difference with its interval: '+$3.10 per session (95%: -1.20 to +7.40)'."""
    unit, after = ("", " of profit over deviation") if objective == "risk_adjusted" else ("$", " per session")
    sign = "-" if figure.value < 0 else "+"
    interval = f" (95%: {figure.low:+.2f} to {figure.high:+.2f})" if math.isfinite(figure.low) else ""
    return f"{sign}{unit}{abs(figure.value):.2f}{after}{interval}"


def _cells(tried: int) -> str:
    return "1 cell" if tried == 1 else f"{tried} cells"
