"""The guard x purpose table, printed from the registry itself."""

from rich.table import Table

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.risk.guard import Guard, MomentGuard
from gamma_scalper.risk.registry import GUARDS

REFUSES = "●"
SPARES = "◐"  # refuses, unless the plan only reduces what is held
SILENT = "·"

HEADINGS = ("guard", "asked of", *(purpose.name for purpose in Purpose), "protects", "steered by")


def cell(guard: Guard, purpose: Purpose) -> str:
    """How a guard treats a purpose."""
    if purpose in guard.rule.spares:
        return SPARES
    return REFUSES if purpose in guard.rule.applies else SILENT


def rows() -> list[tuple[str, ...]]:
    """One a guard, under `HEADINGS`."""
    return [
        (
            guard.rule.name,
            "the moment" if isinstance(guard, MomentGuard) else "the order",
            *(cell(guard, purpose) for purpose in Purpose),
            guard.rule.protects,
            ", ".join(guard.rule.reads),
        )
        for guard in GUARDS
    ]


def as_markdown() -> str:
    """As it stands in docs/risk.md."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS)]
    lines += [(*row[:-1], ", ".join(f"`{key}`" for key in row[-1].split(", ") if key)) for row in rows()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def as_table() -> Table:
    """For a terminal."""
    table = Table(*HEADINGS, title="guard x purpose", caption=f"{REFUSES} refuses, {SPARES} unless it only reduces")
    for row in rows():
        table.add_row(*row)
    return table
