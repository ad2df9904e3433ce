"""How a session ended, in the runbook's names."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from staging.play import Played

from gamma_scalper.domain.entries import Mode, Reconciled
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.portfolio.order_table import Kind
from gamma_scalper.recovery import Remembered
from judging.evidence import remembered

_RUNBOOK = Path(__file__).parents[3] / "docs" / "runbook.md"
_CHAPTER, _HALTS = "## End states of a campaign", "## Halts"
_ENDED: Mapping[ExitCode | None, str] = {
    None: "killed",
    ExitCode.CONFIGURATION: "stopped: a wrong setting",
    ExitCode.BROKER_UNREACHABLE: "stopped: broker unreachable",
    ExitCode.HALTED_BY_RISK: "stopped: halted by risk",
    ExitCode.JOURNAL_DAMAGED: "stopped: the journal",
    ExitCode.NOTHING_TRADABLE: "stopped: nothing tradable",
    ExitCode.NEEDS_A_PERSON: "stopped: a person is needed",
}
_CAPPED = {Mode.EMERGENCY: "emergency", Mode.OBSERVE: "observing", Mode.DEGRADED: "degraded"}


def end_state(played: Played) -> str:
    """What a person would look at first: the gravest of all that holds."""
    last = played.lives[-1].code if played.lives else None
    if last in _ENDED:
        return _ENDED[last]
    state = remembered(played)
    newest = [row.entry for row in played.rows if isinstance(row.entry, Reconciled)][-1:]
    if any(entry.unexplained for entry in newest):
        return "unexplained difference"
    desks = [desk for _, desk in sorted(state.desks.items())]
    living = [ticket.kind for desk in desks for ticket in desk.living]
    if living:
        return "order in doubt" if Kind.UNKNOWN in living else "order alive"
    return _of_the_rules(state) or _of_the_books(desks)


def _of_the_rules(state: Remembered) -> str:
    """What bars orders until somebody says otherwise; empty: nothing does."""
    governance = state.governance
    halts = sorted({breaker for _, breaker in governance.halts})
    if halts:
        return f"halted: {halts[0]}"
    if governance.panicked:
        return "panicked"
    if governance.pauses:
        return "paused"
    return next((name for mode, name in _CAPPED.items() if mode in governance.modes.values()), "")


def _of_the_books(desks: list[Desk]) -> str:
    """Of several books that of the one that needs most looking after."""
    if any(desk.flattening is not None for desk in desks):
        return "flattening"
    found = {_of_a_book(holdings(desk.ledger)) for desk in desks}
    order = ("half a structure", "orphan shares", "straddle held", "straddle held without shares")
    return next((name for name in order if name in found), "flat")


def _of_a_book(held: tuple[Holding, ...]) -> str:
    if not held:
        return "flat"
    legs: dict[object, set[tuple[str, object]]] = {}
    for each in held:
        if isinstance(each.instrument, Option):
            pair = each.instrument.expiry, each.instrument.strike
            legs.setdefault(pair, set()).add((each.instrument.right, each.quantity))
    if not legs:
        return "orphan shares"
    if any(len(pair) != 2 or len({quantity for _, quantity in pair}) != 1 for pair in legs.values()):
        return "half a structure"
    shares = any(not isinstance(each.instrument, Option) for each in held)
    return "straddle held" if shares else "straddle held without shares"


@lru_cache(maxsize=1)
def known_names() -> frozenset[str]:
    """What the runbook names: the first column of its table, and the halts."""
    text = _RUNBOOK.read_text()
    return frozenset([*_column(text, _CHAPTER), *(f"halted: {breaker}" for breaker in _column(text, _HALTS))])


def _column(text: str, chapter: str) -> list[str]:
    body = text.partition(f"{chapter}\n")[2].partition("\n## ")[0]
    firsts = re.findall(r"^\| (`[^|]+`) \|", body, re.MULTILINE)
    return [name for first in firsts for name in re.findall(r"`([^`]+)`", first)]
