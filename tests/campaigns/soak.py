"""A simulated month of two books with faults at a low rate: what it leaves in memory, on the disk and in the books.

uv run python tests/campaigns/soak.py [--days 21] [--every 30] [--seed 1] [--json] [--report]
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table

if TYPE_CHECKING:
    from soaking.month import Month
    from soaking.soaked import Soaked

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
_MB, _KB = 1e6, 1e3


def main() -> int:
    """1: a rule was broken, or memory grows, or the days are too few to tell."""
    asked = _arguments()
    # The project is not installed; this lets the script run from anywhere.
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "scenarios"), str(HERE)]
    from soaking.month import drawn_month
    from soaking.soak_report import write_month

    logger.remove()  # what the program says of each fault is of no interest
    found = _run(asked, drawn_month(asked.seed, asked.days, asked.every))
    if asked.json:
        print(json.dumps(found.as_json(), indent=2))
    else:
        _show(found)
    if asked.report:
        write_month(found)
    return 0 if found.is_flat and not found.violations else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Play a month of two books, and measure what it leaves behind.")
    parser.add_argument("--days", type=_days, default=21, help="sessions of the market, 1 to 27 (21)")
    parser.add_argument("--every", type=_seconds, default=30.0, help="seconds from quote to quote, 1 to 30 (30)")
    parser.add_argument("--seed", type=int, default=1, help="the market and the faults are drawn from it (1)")
    parser.add_argument("--json", action="store_true", help="print JSON, no table and no progress")
    parser.add_argument("--report", action="store_true", help="write what came of it into docs/reliability.md")
    return parser.parse_args()


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 27:  # then the options expire
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; allowed: 1 to 27, when the options expire")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 30:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; allowed: 1 to 30, since nothing older is sold by")
    return seconds


def _run(asked: argparse.Namespace, month: "Month") -> "Soaked":
    from soaking.soaked import soaked

    columns = (TextColumn("days"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=asked.json) as progress:
        task = progress.add_task("days", total=asked.days)
        return soaked(month, lambda reading: progress.advance(task))


def _show(found: "Soaked") -> None:
    console = Console()
    sizes_of = ("RSS\nMB", "\nobjects", "\nheld", "journal\nMB", "log\nMB", "inbox\nkB", "cache\nkB")
    headings = ("\nday", "\nlife", *sizes_of, "\nrows", "CPU\ns")
    table = Table(*(Column(each, justify="right") for each in headings), box=SIMPLE_HEAD, padding=0)
    for each in found.readings:
        sizes = each.files
        table.add_row(
            str(each.day),
            str(each.life),
            f"{each.rss_bytes / _MB:.1f}",
            f"{each.counted:,}",
            f"{sum(each.entries.values()):,}",
            f"{sizes['journal.db'] / _MB:.2f}",
            f"{sizes['journal.db-wal'] / _MB:.2f}",
            f"{sizes['inbox.db'] / _KB:.0f}",
            f"{sizes['day cache'] / _KB:.0f}",
            f"{each.rows:,}",
            f"{each.cpu_s:.1f}",
        )
    console.print(table)
    console.print(f"{found.orders} orders, {found.fills} executions; processes: {dict(found.lives)}")
    for what, of in (("memory, bytes", lambda r: r.rss_bytes), ("objects", lambda r: r.counted)):
        a_day = found.a_day(of)
        told = "not shown, too few days of one process" if a_day is None else f"{a_day:+,.1f}"
        console.print(f"{what} a day: {told}")
    for growth in found.growths:
        may = f"may grow: {growth.reason}" if growth.reason else "GROWS"
        console.print(f"{growth.what}, {growth.a_day:+,.1f} a day, {may}", style=None if growth.reason else "red")
    for violation in found.violations:
        console.print(f"VIOLATION: {violation}", style="red", markup=False)
    console.print("flat, and nothing lost" if found.is_flat and not found.violations else "NOT SHOWN, or broken")


if __name__ == "__main__":
    sys.exit(main())
