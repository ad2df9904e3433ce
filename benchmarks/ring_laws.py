"""The laws of hedging on whole backtests: exits with 1 where one is broken.

    uv run python benchmarks/ring_laws.py [--paths 200] [--seed 1] [--workers 2] [--json] [--page]

Each path is played by the ring that trades, once for each policy and world, on all cores. With --page the table goes
into docs/results.md, which says what it means.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

# The project is not installed; this lets the script run from anywhere.
sys.path.insert(0, str(Path(__file__).parents[1]))

from attrs import asdict
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gamma_scalper.backtest.laws.ring.outcome import Outcome
from gamma_scalper.backtest.laws.ring.trials import Run, judged, played, runs
from gamma_scalper.backtest.laws.ring.verdicts import Verdict

RESULTS = Path(__file__).parents[1] / "docs" / "results.md"
MARKERS = ("<!-- benchmarks/ring_laws.py writes from here -->", "<!-- to here -->")
COLUMNS = ("law", "of", "runs", "expected", "found", "± s.e.", "may be off", "")


def outcomes(wanted: Sequence[Run], workers: int | None) -> dict[Run, Outcome]:
    found: dict[Run, Outcome] = {}
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(played, run): run for run in wanted}
        console = Console(stderr=True)
        for done in track(as_completed(waiting), "playing", total=len(wanted), console=console, transient=True):
            found[waiting[done]] = done.result()
    return {run: found[run] for run in wanted}


def rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    return [
        (
            each.law,
            each.of,
            f"{each.runs:,}",
            f"{each.expected:,.4g}",
            f"{each.found:,.4g}",
            "" if math.isnan(each.error) else f"{each.error:,.3g}",
            f"{each.allowed:,.3g}",
            "ok" if each.ok else "BROKEN",
        )
        for each in verdicts
    ]


def shown(verdicts: Sequence[Verdict]) -> Table:
    table = Table(*COLUMNS, box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for row in rows(verdicts):
        table.add_row(*row)
    return table


def as_json(verdicts: Sequence[Verdict], asked: argparse.Namespace) -> str:
    every = [{**asdict(each), "ok": each.ok} for each in verdicts]
    known = [{name: None if figure != figure else figure for name, figure in row.items()} for row in every]
    return json.dumps({"schema": "ring_laws/1", "paths": asked.paths, "seed": asked.seed, "rows": known})


def write_page(verdicts: Sequence[Verdict], asked: argparse.Namespace) -> None:
    lines = [f"{asked.paths} paths of each policy, from seed {asked.seed} on:", ""]
    lines += [f"| {' | '.join(row)} |" for row in (COLUMNS, ("---",) * len(COLUMNS), *rows(verdicts))]
    before, begin, rest = RESULTS.read_text(encoding="utf-8").partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    RESULTS.write_text("\n".join([f"{before}{begin}", *lines, "", f"{end}{after}"]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="The laws of hedging through the whole ring.")
    parser.add_argument("--paths", type=int, default=200, help="of each policy (200)")
    parser.add_argument("--seed", type=int, default=1, help="of the first path (1)")
    parser.add_argument("--workers", type=int, help="processes (one for each core)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--page", action="store_true", help="write the table into docs/results.md")
    asked = parser.parse_args()
    if asked.paths < 2:
        parser.error(f"--paths {asked.paths}: a deviation needs two paths; give 2 or more")
    verdicts = judged(outcomes(runs(asked.paths, asked.seed), asked.workers))
    if asked.json:
        print(as_json(verdicts, asked))
    else:
        Console().print(shown(verdicts))
    if asked.page:
        write_page(verdicts, asked)
    sys.exit(0 if all(each.ok for each in verdicts) else 1)


if __name__ == "__main__":
    main()
