"""The tables of a book: hedge by hedge, entries and exits, what trading cost, and what was refused."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.journal.sentences import named
from gamma_scalper.portfolio.trade_costs import OrderCost, TradeCost, grouped, summed
from gamma_scalper.reports.backtest.book_runs import BookRun, Refused, Told
from gamma_scalper.reports.backtest.figures import by_number
from gamma_scalper.reports.backtest.series import Hedge, Since, filled, hedges
from gamma_scalper.reports.backtest.wording import (
    UNKNOWN,
    about,
    counted,
    dollars,
    moment,
    number,
    plain,
    shares,
    signed,
)
from gamma_scalper.reports.trade_costs_shown import GROUPS

MOST_ROWS = 3_000
_FINE = Decimal("0.0001")


@frozen
class Column:
    head: str
    look: str = ""  # text, wrap, or a number's


@frozen(kw_only=True)
class Table:
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    none: str = ""  # what to say where there are no rows


def tables(run: BookRun) -> list[Table]:
    return [_hedges(run), _entries(run), _costs(run), _refusals(run), _rejected(run), _halts(run), _decisions(run)]


def capped(rows: Sequence[tuple[str, ...]], most: int = MOST_ROWS) -> tuple[tuple[tuple[str, ...], ...], str]:
    """And what to say of those that are left out."""
    left_out = f"The first {most:,} of {len(rows):,} rows; the others are left out." if len(rows) > most else ""
    return tuple(rows[:most]), left_out


# -- hedges ------------------------------------------------------------------------------------------------------------


def _hedges(run: BookRun) -> Table:
    found = hedges(run)
    rows, left_out = capped([_hedge(each) for each in found.rows])
    after = ("after the last", *[""] * 7, *_since(found.after, UNKNOWN), "")
    gamma, theta = (
        sum((getattr(each.since, part) for each in found.rows), getattr(found.after, part))
        for part in ("gamma", "theta")
    )
    cost = summed(run.of(Purpose.HEDGE))
    bought = sum((each.shares for each in found.rows), Decimal(0))
    together = (
        "together", "", plain(bought), "", "", "", dollars(cost.commission), dollars(cost.slippage),
        signed(gamma), signed(theta), "", "", "",
    )  # fmt: skip
    heads = ("commission", "slippage", "gamma since", "theta since", "move since", "break-even")
    return Table(
        title="Hedge by hedge",
        columns=(
            Column("time", "text"), Column("side", "text"), Column("shares"), Column("price"),
            Column("delta before"), Column("after"), *map(Column, heads), Column("reason", "wrap"),
        ),
        rows=rows,
        foot=(after, together) if rows else (),
        note=left_out or "Since: since the hedge before. A move beyond its break-even earned more than time cost.",
        none="Nothing was hedged.",
    )  # fmt: skip


def _hedge(each: Hedge) -> tuple[str, ...]:
    return (
        moment(each.at), each.side, plain(each.shares), _price(each.price), shares(each.delta_before),
        shares(each.delta_after), dollars(each.commission), dollars(each.slippage),
        *_since(each.since, about(each.break_even)), each.reason,
    )  # fmt: skip


def _since(since: Since, break_even: str) -> tuple[str, ...]:
    return signed(since.gamma), signed(since.theta), shares_of(since), break_even


def shares_of(since: Since) -> str:
    move = since.move
    return UNKNOWN if move != move else f"{move:+,.2f}"


def _price(price: Decimal | None) -> str:
    return UNKNOWN if price is None else plain(price.quantize(_FINE))


# -- other orders, and what all cost -----------------------------------------------------------------------------------


def _entries(run: BookRun) -> Table:
    orders = filled(run, (Purpose.ENTRY, Purpose.EXIT, Purpose.REPAIR, Purpose.FLATTEN))
    rows, left_out = capped([_order(order) for order in orders])
    return Table(
        title="Entries and exits",
        columns=(
            Column("time", "text"), Column("for", "text"), Column("side", "text"), Column("filled"),
            Column("what", "text"), Column("price"), Column("middle"), Column("commission"), Column("slippage"),
            Column("reason", "wrap"),
        ),
        rows=rows,
        note=left_out,
        none="Nothing was bought or sold but hedges.",
    )  # fmt: skip


def _order(order: OrderCost) -> tuple[str, ...]:
    intent, cost = order.intent, order.cost
    return (
        moment(order.filled_at), order.purpose, intent.side.value, plain(order.filled), named(intent.instrument),
        _price(order.price), _price(order.arrival), dollars(cost.commission), dollars(cost.slippage), intent.reason,
    )  # fmt: skip


def _costs(run: BookRun) -> Table:
    rows = []
    for by in ("purpose", "hour", "size"):
        rows += [(by, *_cost(name, cost)) for name, cost in grouped(run.orders, GROUPS[by]).items()]
    heads = ("orders", "worth", "slippage", "bp", "of half spread", "commission", "s to fill")
    return Table(
        title="What trading cost",
        columns=(Column("by", "text"), Column("", "text"), *map(Column, heads)),
        rows=tuple(rows),
        foot=(("together", *_cost("", summed(run.orders))),) if rows else (),
        note="Against the middle at each decision: 100% of the half spread is crossing to the other side.",
        none="No order filled.",
    )


def _cost(name: str, cost: TradeCost) -> tuple[str, ...]:
    bp, spread, seconds = cost.slippage_bp, cost.spread_paid_pct, cost.mean_seconds
    return (
        name, f"{cost.orders:,}", dollars(cost.worth), dollars(cost.slippage), UNKNOWN if bp is None else f"{bp:.1f}",
        UNKNOWN if spread is None else f"{spread:.0f}%", dollars(cost.commission),
        UNKNOWN if seconds is None else number(seconds, 2),
    )  # fmt: skip


# -- what was not done -------------------------------------------------------------------------------------------------


def _refusals(run: BookRun) -> Table:
    groups: dict[tuple[str, str], list[Refused]] = {}
    for each in run.refusals:
        groups.setdefault((each.guard, each.purpose), []).append(each)
    ranked = sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
    return Table(
        title="Refusals",
        columns=(
            Column("guard", "text"), Column("of", "text"), Column("times"), Column("first", "text"),
            Column("last", "text"), Column("why, the last time", "wrap"),
        ),
        rows=tuple(
            (guard, purpose, f"{len(each):,}", moment(each[0].at), moment(each[-1].at), each[-1].why)
            for (guard, purpose), each in ranked
        ),
        note="A plan that several guards stopped counts for each of them.",
        none="No guard refused anything.",
    )  # fmt: skip


def _rejected(run: BookRun) -> Table:
    return _happened("Rejected orders", "why", run.rejected.values(), "No order was rejected.")


def _halts(run: BookRun) -> Table:
    return _happened("Halts and breakers", "which, and why", run.halts, "Nothing was halted.")


def _happened(title: str, head: str, each: Iterable[Told], none: str) -> Table:
    rows, left_out = capped([(moment(told.at), told.what) for told in each])
    return Table(
        title=title, columns=(Column("time", "text"), Column(head, "wrap")), rows=rows, note=left_out, none=none
    )


def _decisions(run: BookRun) -> Table:
    newest = {decided.rule: (at, decided.why) for at, decided in run.decisions}
    ranked = by_number(decided.rule for _, decided in run.decisions)
    return Table(
        title="Decisions",
        columns=(Column("rule", "text"), Column("times"), Column("last", "text"), Column("why, the last time", "wrap")),
        rows=tuple((rule, f"{count:,}", moment(newest[rule][0]), newest[rule][1]) for rule, count in ranked),
        note=f"{counted(len(run.decisions), 'decision', 'decisions')}; one to wait counts when its reason changes.",
        none="The book decided nothing.",
    )
