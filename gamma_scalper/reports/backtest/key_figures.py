"""The figures in groups, each with what it is: the same words on the page and in the terminal."""

from decimal import Decimal
from typing import NamedTuple

from attrs import frozen

from gamma_scalper.domain.money import to_cents
from gamma_scalper.portfolio.attribution import PARTS
from gamma_scalper.reports.backtest.figures import Figures
from gamma_scalper.reports.backtest.wording import about, counted, dollars, number, percent, plain, signed
from gamma_scalper.reports.parts import ABOUT


class Line(NamedTuple):
    name: str
    value: str
    note: str = ""
    earned: bool = False  # its sign says whether that is good


@frozen
class Group:
    title: str
    lines: tuple[Line, ...]


def groups(each: Figures) -> tuple[Group, ...]:
    return (_result(each), _movement(each), _hedging(each), _care(each))


def _result(each: Figures) -> Group:
    held = f"; with its shares, what is left is worth {dollars(each.worth)}" if each.holds else ""
    entries = counted(each.entries, "entry", "entries")
    return Group("Result", (
        Line("profit", signed(each.profit), "costs counted", earned=True),
        Line("days won", f"{each.days_won} of {each.days_held}", f"{each.days} played"),
        Line("deviation of a day", about(each.deviation), f"{about(each.hedged_deviation)} of delta, gamma and theta"),
        Line("deepest drawdown", dollars(each.drawdown), f"{percent(each.drawdown_pct, 2)} of the account"),
        Line("straddles bought", plain(each.straddles_bought), f"in {entries} for {dollars(each.premium_paid)}"),
        Line("straddles closed", plain(each.straddles_closed), f"for {dollars(each.premium_received)}{held}"),
    ))  # fmt: skip


def _movement(each: Figures) -> Group:
    sessions = f"{percent(100 * each.session_vol)} by 252 sessions"
    return Group("Movement against time", (
        Line("earned from movement", signed(each.gamma), "gamma", earned=True),
        Line("paid in time", signed(each.theta), "theta", earned=True),
        Line("movement less time", signed(each.movement_less_time), earned=True),
        Line("realised volatility", percent(100 * each.realised_vol), f"a year of 365 days; {sessions}"),
        Line("implied volatility", percent(100 * each.implied_vol), "of what was held, over the same time"),
        Line("move of a day", about(each.move), "as it was, over 24 hours"),
        Line("break-even move", about(each.break_even), f"a day, {percent(each.break_even_pct, 2)} of the price"),
    ))  # fmt: skip


def _hedging(each: Figures) -> Group:
    a_share = float(each.hedge_cost / each.hedged_shares) if each.hedged_shares else float("nan")
    return Group("Hedging and costs", (
        Line("hedges", f"{each.hedges:,}", f"{plain(each.hedged_shares)} shares"),
        Line("cost of hedging", dollars(each.hedge_cost), f"{about(a_share)} a share"),
        Line("its commissions", dollars(each.hedge_commissions)),
        Line("its slippage", dollars(each.hedge_slippage), "against the middle at each decision"),
        Line("all commissions", dollars(each.commissions)),
        Line("all slippage", dollars(each.slippage), f"half of the spreads quoted: {dollars(each.half_spread)}"),
    ))  # fmt: skip


def _care(each: Figures) -> Group:
    return Group("How the band was kept", (
        Line("delta", number(each.mean_delta), "shares, projected, on average and without its sign"),
        Line("outside the band", percent(each.outside_pct), "of the time options were held"),
        Line("refusals", f"{each.refusals:,}", each.refused),
        Line("orders rejected", f"{each.rejected:,}"),
        Line("halts", f"{each.halts:,}"),
        Line("unexplained", signed(each.unexplained), f"its deviation: {percent(each.unexplained_pct, 2)} of profit's"),
    ))  # fmt: skip


# -- by its causes -----------------------------------------------------------------------------------------------------


def parts(each: Figures) -> tuple[Line, ...]:
    """They sum to the profit."""
    return tuple(Line(part, signed(getattr(each, part)), ABOUT[part], earned=True) for part in PARTS)


def check(each: Figures, marked: Decimal | None = None) -> str:
    """That the parts make up the money, in words with the sums themselves; `marked`: what the house said at its end."""
    together = sum((getattr(each, part) for part in PARTS), Decimal(0))
    said = f"The ten parts sum to {signed(together)}. Trades, bills and payments moved cash by {signed(each.cash)}"
    if each.holds:
        mark = "" if marked is None else f" The house's own newest mark says {signed(marked)}."
        return f"{said}, and what was held at the end was worth {signed(each.worth)}: {signed(each.profit)}.{mark}"
    if together == each.profit == to_cents(each.cash):
        return f"{said} and nothing was held at the end: they agree to the cent."
    return f"{said} and nothing was held at the end: THEY DIFFER by {signed(together - to_cents(each.cash))}."
