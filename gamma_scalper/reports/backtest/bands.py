"""What other bands would have done on the same days, beside what was done."""

from collections.abc import Sequence

from gamma_scalper.reports.backtest.answer import OtherRun
from gamma_scalper.reports.backtest.figures import Figures
from gamma_scalper.reports.backtest.tables import Column, Table
from gamma_scalper.reports.backtest.wording import dollars, number, signed

_HEADS = ("profit", "hedges", "hedging cost", "deviation a day", "mean delta")


def bands(own: Figures, others: Sequence[OtherRun]) -> Table:
    """No rows where none were tried."""
    rows = [_row("as it is", own), *(_row(each.label, each.figures) for each in others)] if others else []
    return Table(
        title="Other bands, the same days",
        columns=(Column("band", "text"), *map(Column, _HEADS)),
        rows=tuple(rows),
        note="Profit is after all costs. Deviation: of a day's delta, gamma and theta, that hedging can do something "
        "about. One stretch of days tells little: a sweep plays many, and says what may be luck.",
    )  # fmt: skip


def _row(label: str, each: Figures) -> tuple[str, ...]:
    return (
        label,
        signed(each.profit),
        f"{each.hedges:,}",
        dollars(each.hedge_cost),
        number(each.hedged_deviation, 2),
        number(each.mean_delta, 1),
    )
