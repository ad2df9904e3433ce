"""The laws of hedging on whole backtests: exits with 1 where one is broken.

    uv run python benchmarks/ring_laws.py [--paths 200] [--seed 1] [--workers 2] [--json]

Each path is played by the ring that trades, once for each policy and world, on all cores. See docs/results.md.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

# The project is not installed; this lets the script run from anywhere.
sys.path.insert(0, str(Path(__file__).parents[1]))

from attrs import asdict
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gamma_scalper.backtest.laws.ring.outcome import Outcome
from gamma_scalper.backtest.laws.ring.trials import Run, judged, played, runs
from gamma_scalper.backtest.laws.ring.verdicts import Verdict


def outcomes(wanted: list[Run], workers: int | None) -> dict[Run, Outcome]:
    found: dict[Run, Outcome] = {}
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(played, run): run for run in wanted}
        console = Console(stderr=True)
        for done in track(as_completed(waiting), "playing", total=len(wanted), console=console, transient=True):
            found[waiting[done]] = done.result()
    return {run: found[run] for run in wanted}


def table(verdicts: list[Verdict]) -> Table:
    shown = Table("law", "of", "runs", "expected", "found", "± s.e.", "may be off", "")
    for each in verdicts:
        shown.add_row(
            each.law,
            each.of,
            f"{each.runs}",
            f"{each.expected:,.5g}",
            f"{each.found:,.5g}",
            "" if each.error != each.error else f"{each.error:,.3g}",
            f"{each.allowed:,.3g}",
            "ok" if each.ok else "BROKEN",
        )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description="The laws of hedging through the whole ring.")
    parser.add_argument("--paths", type=int, default=200, help="of each policy (200)")
    parser.add_argument("--seed", type=int, default=1, help="of the first path (1)")
    parser.add_argument("--workers", type=int, help="processes (one for each core)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    verdicts = judged(outcomes(runs(asked.paths, asked.seed), asked.workers))
    if asked.json:
        rows = [asdict(each) | {"ok": each.ok} for each in verdicts]
        json.dump({"schema": "ring_laws/1", "paths": asked.paths, "seed": asked.seed, "rows": rows}, sys.stdout)
        sys.stdout.write("\n")
    else:
        Console().print(table(verdicts))
    sys.exit(0 if all(each.ok for each in verdicts) else 1)


if __name__ == "__main__":
    main()
