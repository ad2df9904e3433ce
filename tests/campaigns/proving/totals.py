"""What many sessions come to, added up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table
from staging.plan import Mishap
from staging.strikes import STATES

from gamma_scalper.exchange.faults import Kind
from proving.outcome import Outcome

SCHEMA = "campaign/1"
COUNTED = ("lives", "deaths", "rows", "orders", "fills")
KINDS = tuple(str(kind) for kind in (*Kind, *Mishap))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """In JSON. Nothing in it depends on the machine or the day."""
    struck, survived = coverage(outcomes)
    return {
        "schema": SCHEMA,
        "seeds": [min(each.seed for each in outcomes), max(each.seed for each in outcomes)] if outcomes else [],
        "sessions": len(outcomes),
        **{
            name: sum(getattr(each, name) for each in outcomes)
            for name in ("lives", "deaths", "rows", "orders", "fills")
        },
        "market_minutes": round(sum(each.minutes for each in outcomes), 1),
        "violations": {str(each.seed): list(each.violations) for each in outcomes if each.violations},
        "ends": dict(ends(outcomes)),
        "injected": dict(sorted(injected(outcomes).items())),
        "struck": {kind: dict(states) for kind, states in struck.items()},
        "survived": {kind: dict(states) for kind, states in survived.items()},
        "not_shown": not_shown(struck),
    }


def injected(outcomes: Iterable[Outcome]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in outcomes:
        found.update(each.injected)
    return found


def ends(outcomes: Iterable[Outcome]) -> Sequence[tuple[str, int]]:
    """The most frequent first."""
    return sorted(Counter(each.end for each in outcomes).items(), key=lambda each: (-each[1], each[0]))


Meetings = Mapping[str, Mapping[str, int]]


def coverage(outcomes: Iterable[Outcome]) -> tuple[Meetings, Meetings]:
    """Kind -> state -> how often it struck, and how often in a session in which all held."""
    struck: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    survived: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for each in outcomes:
        for kind, states in each.struck.items():
            struck.setdefault(kind, Counter()).update(states)
            if not each.violations:
                survived.setdefault(kind, Counter()).update(states)
    return struck, survived


def not_shown(struck: Meetings) -> list[str]:
    """Pairs of a kind and a state that never met."""
    return [f"{kind} x {state}" for kind, states in struck.items() for state in STATES if not states.get(state)]


def table(outcomes: Sequence[Outcome]) -> Table:
    told = figures(outcomes)
    shown = Table("what", "figure", title=f"seeds {'-'.join(map(str, told['seeds'])) or 'none'}")
    for name in ("sessions", "market_minutes", "lives", "deaths", "rows", "orders", "fills"):
        shown.add_row(name.replace("_", " "), f"{told[name]:,}")
    shown.add_row("faults injected", f"{sum(told['injected'].values()):,} of {len(told['injected'])} kinds")
    shown.add_row("sessions that broke a rule", str(len(told["violations"])))
    for end, count in told["ends"].items():
        shown.add_row(f"ended: {end}", f"{count:,}")
    shown.add_row("pairs of kind and state not shown", f"{len(told['not_shown'])} of {len(KINDS) * len(STATES)}")
    return shown
