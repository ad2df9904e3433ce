"""Times something next to its baseline in the same process, in turns, so that a busy machine troubles both alike."""

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import asdict, field, frozen
from rich.console import Console
from rich.progress import track
from rich.table import Table

# The project is not installed; this lets a script run from anywhere.
sys.path.insert(0, str(Path(__file__).parents[1]))


@frozen
class Measured:
    """One row: what, its figure, the baseline's, and the ratio that is wanted of the two; p99 where it was taken."""

    what: str
    figure: float
    baseline: float
    unit: str
    target: str
    ratio: float
    ok: bool
    p99: float | None = None


@frozen
class Comparison:
    """Something to time: both return what one operation took, in microseconds."""

    what: str
    ours: Callable[[], float]
    baseline: Callable[[], float]
    at_most: float
    rounds: int = field(default=7)

    def run(self) -> Measured:
        self.ours(), self.baseline()  # warm up
        pairs = [(self.ours(), self.baseline()) for _ in range(self.rounds)]
        ratio = statistics.median(ours / baseline for ours, baseline in pairs)
        figure, baseline = (statistics.median(column) for column in zip(*pairs, strict=True))
        target = f"at most {self.at_most:g} x"
        return Measured(self.what, figure, baseline, "µs", target, ratio, ratio <= self.at_most)


def arguments(description: str, **figures: str) -> argparse.Namespace:
    """`--json`, and a flag for each figure: its name, and what it means."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    for name, meaning in figures.items():
        parser.add_argument(f"--{name}", type=float, default=0.5, help=meaning)
    return parser.parse_args()


def measure(comparisons: Sequence[Comparison], *, quiet: bool) -> list[Measured]:
    console = Console(stderr=True)
    return [row.run() for row in track(comparisons, "measuring", console=console, disable=quiet, transient=True)]


def report(schema: str, rows: Sequence[Measured], *, as_json: bool) -> None:
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if as_json:
        json.dump({"schema": schema, "machine": machine, "rows": [asdict(row) for row in rows]}, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    table = Table("what", "ours", "p99", "baseline", "ratio", "wanted", "", caption=machine)
    for row in rows:
        table.add_row(
            row.what,
            f"{_short(row.figure)} {row.unit}",
            "" if row.p99 is None else f"{_short(row.p99)} {row.unit}",
            f"{_short(row.baseline)} {row.unit}",
            f"{row.ratio:,.2f}" if row.ratio < 100 else f"{row.ratio:,.0f}",
            row.target,
            "ok" if row.ok else "MISSED",
        )
    Console().print(table)


def faster(
    what: str, ours: Sequence[float], baseline: Sequence[float], *, at_least: float, unit: str = "µs"
) -> Measured:
    """From many single timings: medians compared, and ours in the worst hundredth."""
    figure, base = statistics.median(ours), statistics.median(baseline)
    worst = statistics.quantiles(ours, n=100)[-1] if len(ours) > 1 else ours[0]
    return Measured(
        what, figure, base, unit, f"at least {at_least:g} x", base / figure, base / figure >= at_least, worst
    )


def _short(figure: float) -> str:
    return f"{figure:,.2f}" if 0.1 <= abs(figure) < 100_000 else f"{figure:,.3g}"
