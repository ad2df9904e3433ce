"""Say anything at all to our gateway and to our client, seed by seed, and see whether they stand.

uv run python tests/fuzz/run.py [--seeds 3000] [--from 0] [--kind gateway|adapter|house] [--json]
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, field
from loguru import logger
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

REPOSITORY = Path(__file__).parents[2]
KINDS = {
    "gateway": "hostile clients at our gateway, beside one that trades and must notice nothing (0.1 s a seed)",
    "adapter": "our client at a broker that lies for a minute and then tells the truth (0.2 s a seed)",
    "house": "the whole program, with a man in the middle who tampers with every byte (0.5 s a seed)",
}


@define
class Outcome:
    """What so many seeds of one kind came to."""

    kind: str
    seeds: int = 0
    ways: Counter[str] = field(factory=Counter)
    violations: list[dict[str, Any]] = field(factory=list)
    objects: list[int] = field(factory=list)  # alive in this process after each tenth of the seeds

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "seeds": self.seeds,
            "ways": dict(self.ways.most_common()),
            "violations": self.violations,
            "objects": self.objects,
        }


def main() -> int:
    asked = _arguments()
    # The project is not installed; this lets the script run from anywhere.
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "fuzz")]
    logger.remove()
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    outcomes = []
    with Progress(*columns, console=Console(stderr=True), disable=asked.json) as progress:
        for kind in asked.kind or KINDS:
            task = progress.add_task(kind, total=asked.seeds)
            seeds = range(asked.begin, asked.begin + asked.seeds)
            outcomes.append(_run(kind, seeds, partial(progress.advance, task)))
    if asked.json:
        print(json.dumps({"schema": "fuzz/1", "outcomes": [each.as_json() for each in outcomes]}, indent=2))
    else:
        _show(outcomes, asked.begin)
    return 1 if any(each.violations for each in outcomes) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Fuzz the gateway, our client and the whole program. The same seed says the same, to the byte; "
        "one that failed is played alone by --from SEED --seeds 1 --kind KIND. The exit code is 1 after a violation.",
        epilog="kinds: " + "; ".join(f"{kind}: {what}" for kind, what in KINDS.items()),
    )
    parser.add_argument("--seeds", type=int, default=3_000, metavar="N", help="how many of each kind (3000)")
    parser.add_argument("--from", type=int, default=0, metavar="S", dest="begin", help="the first of them (0)")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="this one alone; may be said again")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables, and no progress")
    return parser.parse_args()


def _run(kind: str, seeds: Sequence[int], advance: Callable[[], None]) -> Outcome:
    from residue import residue

    attack, outcome, known = _attack(kind), Outcome(kind), 0
    for seed in seeds:
        report = attack(seed)
        outcome.seeds += 1
        outcome.ways.update(word for way in report.ways for word in way.split())
        if report.wrong:
            outcome.violations.append({"seed": seed, "ways": list(report.ways), "wrong": list(report.wrong)})
        if outcome.seeds % max(len(seeds) // 10, 1) == 0:
            left = residue()
            outcome.objects.append(left.objects)
            if left.loops > known:
                wrong = f"{left.loops} loops of the seeds up to this one are still held"
                outcome.violations.append({"seed": seed, "ways": [], "wrong": [wrong]})
            known = max(known, left.loops)
        advance()
    return outcome


def _attack(kind: str) -> Callable[[int], Any]:
    if kind == "gateway":
        from siege import besieged

        return besieged
    if kind == "adapter":
        from ambush import ambushed

        return ambushed
    from tampering import tampered

    return tampered


def _show(outcomes: Sequence[Outcome], begin: int) -> None:
    console = Console()
    table = Table("kind", "seeds", "violations", "objects alive, first to last tenth", "what was done")
    for each in outcomes:
        objects = f"{each.objects[0]:,} to {each.objects[-1]:,}" if each.objects else ""
        done = ", ".join(f"{way} {times:,}" for way, times in each.ways.most_common(8))
        table.add_row(each.kind, f"{each.seeds:,}", f"{len(each.violations):,}", objects, done)
    console.print(table)
    for each in outcomes:
        for violation in each.violations:
            console.print(f"{each.kind} --from {violation['seed']} --seeds 1: {violation['wrong'][0]}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
