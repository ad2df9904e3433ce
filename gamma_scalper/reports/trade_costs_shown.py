"""What trading cost, for a person and for a machine: in all, by day, purpose, hour and size, and of a single order."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import frozen
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text

from gamma_scalper.domain.money import to_cents
from gamma_scalper.portfolio.trade_costs import OrderCost, TradeCost, grouped, summed

GROUPS: Mapping[str, Callable[[OrderCost], str]] = {
    "day": lambda order: order.day,
    "purpose": lambda order: order.purpose,
    "hour": lambda order: order.hour,
    "size": lambda order: order.size,
}
_HEADS = ("orders", "worth $", "slippage $", "bp", "of half spread", "commission $", "s to fill")
_LEFT_OUT = ("s to fill", "of half spread", "bp", "worth $")  # in this order, where there is no room for all
_ANY_WIDTH = 1_000
_TENTH = Decimal("0.1")
_FINE = Decimal("0.000001")
_ZERO = Decimal(0)


@frozen
class CostTable:
    """Positive slippage is worse than arrival; 100% of the half spread is crossing to the other side.

    No figure is ever cut: where there is no room for all columns the least of them are left out, and it says which.
    """

    book: str
    orders: Sequence[OrderCost]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        heads = list(_HEADS)
        table = self._table(heads)
        for spare in _LEFT_OUT:
            if console.measure(table, options=options.update(width=_ANY_WIDTH)).maximum <= options.max_width:
                break
            heads.remove(spare)
            table = self._table(heads)
        yield table

    def _table(self, heads: Sequence[str]) -> Table:
        left_out = ", ".join(head for head in _HEADS if head not in heads)
        table = Table(
            Column("", overflow="fold"), *(Column(head, justify="right", overflow="fold") for head in heads),
            title=f"{self.book}: what trading cost, against the middle at each decision (hours are New York's)",
            title_justify="left", title_style="bold",
            caption=f"{left_out}: on a wider screen, or with --json" if left_out else None, caption_justify="left",
        )  # fmt: skip
        for by, group in GROUPS.items():
            costs = grouped(self.orders, group)
            if by == "day" and len(costs) < 2:
                continue  # it would say what the last line says
            for name, cost in costs.items():
                table.add_row(name, *_cells(cost, heads))
            table.add_section()
        table.add_row(Text("together", style="bold"), *_cells(summed(self.orders), heads))
        return table


def _cells(cost: TradeCost, heads: Sequence[str]) -> list[str]:
    bills = f" + {cost.unbilled} unbilled" if cost.unbilled else ""
    cells = (
        f"{cost.orders}",
        f"{cost.worth:,.0f}",
        f"{_cents(cost.slippage):,}",
        "-" if cost.slippage_bp is None else f"{_tenths(cost.slippage_bp)}",
        "-" if cost.spread_paid_pct is None else f"{cost.spread_paid_pct:.0f}%",
        f"{_cents(cost.commission):,}{bills}",
        "-" if cost.mean_seconds is None else f"{cost.mean_seconds:.2f}",
    )
    return [cell for head, cell in zip(_HEADS, cells, strict=True) if head in heads]


def in_words(order: OrderCost) -> str:
    """One order in a line."""
    intent, cost = order.intent, order.cost
    told = [f"{intent.id} ({order.purpose}): {intent.side.value} {_plain(order.filled)}"]
    if order.price is not None:
        told.append(f"at {_plain(order.price.quantize(_FINE))}")
    if order.arrival is None:
        told.append("arrival price not known")
    else:
        told.append(f"against {_plain(order.arrival)} at arrival: ${_cents(abs(cost.slippage))}")
        told.append("worse" if cost.slippage >= 0 else "better")
        if cost.slippage_bp is not None:
            told.append(f"({_tenths(cost.slippage_bp)} bp)")
        if cost.spread_paid_pct is not None:
            told[-1] += f", {cost.spread_paid_pct:.0f}% of the half spread"
    bills = f"commission ${_cents(cost.commission)}" + (f" and {cost.unbilled} unbilled" if cost.unbilled else "")
    took = "" if cost.mean_seconds is None else f", filled in {cost.mean_seconds:.2f} s"
    return f"{' '.join(told)}, {bills}{took}"


# -- for a machine -----------------------------------------------------------------------------------------------------


def plain_costs(orders: Sequence[OrderCost]) -> dict[str, Any]:
    """In all, and by each of the groups."""
    parts = {
        f"by_{by}": {name: plain_cost(cost) for name, cost in grouped(orders, group).items()}
        for by, group in GROUPS.items()
    }
    return {"total": plain_cost(summed(orders))} | parts


def plain_order(order: OrderCost) -> dict[str, Any]:
    return {
        "intent": str(order.intent.id),
        "purpose": order.purpose,
        "side": order.intent.side.value,
        "filled": _plain(order.filled),
        "arrival": None if order.arrival is None else _plain(order.arrival),
        "price": None if order.price is None else _plain(order.price.quantize(_FINE)),
    } | plain_cost(order.cost)


def plain_cost(cost: TradeCost) -> dict[str, Any]:
    """Money to the hundredth of a cent, so that parts and whole differ by no more than that."""
    return {
        "orders": cost.orders,
        "executions": cost.executions,
        "worth": _money(cost.worth),
        "slippage": _money(cost.slippage),
        "slippage_bp": None if cost.slippage_bp is None else float(_tenths(cost.slippage_bp)),
        "half_spread": _money(cost.half_spread),
        "spread_paid_pct": None if cost.spread_paid_pct is None else float(_tenths(cost.spread_paid_pct)),
        "commission": _money(cost.commission),
        "unbilled": cost.unbilled,
        "unpriced": cost.unpriced,
        "seconds": None if cost.mean_seconds is None else round(cost.mean_seconds, 3),
    }


def _money(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.0001')) + _ZERO:f}"


def _cents(amount: Decimal) -> Decimal:
    return to_cents(amount) + _ZERO


def _tenths(number: Decimal) -> Decimal:
    return number.quantize(_TENTH) + _ZERO


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
