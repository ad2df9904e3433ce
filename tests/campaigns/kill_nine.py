"""Kill a trader a hundred times while its orders are in the air, start it again each time, and audit what is left.

uv run python tests/campaigns/kill_nine.py [--kills 100] [--seed N] [--json] [--keep FOLDER]
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import asdict
from loguru import logger
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from killing import Outcome

REPOSITORY = Path(__file__).parents[2]


def main() -> int:
    asked = _arguments()
    # The project is not installed; this lets the script run from anywhere.
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "reliability")]
    from killing import Fallen

    from gamma_scalper.domain.exits import UserError

    logger.remove()  # what the look-up of contracts says is of no interest
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if asked.keep is None else asked.keep
        folder.mkdir(parents=True, exist_ok=True)
        try:
            outcome = _run(folder, asked)
        except (Fallen, UserError) as error:
            print(f"{error}\nagain with --kills {asked.kills} --seed {asked.seed}", file=sys.stderr)
            return 1
    if asked.json:
        print(json.dumps(_figures(outcome, asked.seed), indent=2, default=str))
    else:
        _show(outcome, asked.seed)
    return 1 if outcome.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill a trader, start it again, and audit what is left.")
    parser.add_argument("--kills", type=int, default=100, help="how often")
    parser.add_argument("--seed", type=int, default=1, help="the market, and the moments, are drawn from it")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave journal and logs in this folder")
    return parser.parse_args()


def _run(folder: Path, asked: argparse.Namespace) -> "Outcome":
    from killing import campaign

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=asked.json) as progress:
        killed = progress.add_task("killed", total=asked.kills)
        return campaign(folder, asked.kills, asked.seed, lambda strike: progress.advance(killed))


def _figures(outcome: "Outcome", seed: int) -> dict[str, object]:
    theirs = outcome.audit.theirs
    return {
        "schema": "kill-nine/1",
        "seed": seed,
        "kills": len(outcome.strikes),
        "rows": len(outcome.audit.rows),
        "orders": len(theirs.perm_ids),
        "executions": len(theirs.executions),
        "violations": outcome.violations,
        "strikes": [asdict(strike) for strike in outcome.strikes],
    }


def _show(outcome: "Outcome", seed: int) -> None:
    console, audit = Console(), outcome.audit
    table = Table("last row before the kill", "kills", "with orders in the air", "most of them")
    struck = Counter(strike.last or "none yet" for strike in outcome.strikes)
    for last, kills in struck.most_common():
        in_the_air = [strike.in_the_air for strike in outcome.strikes if (strike.last or "none yet") == last]
        table.add_row(last, str(kills), str(sum(number > 0 for number in in_the_air)), str(max(in_the_air)))
    console.print(table)
    console.print(
        f"{len(outcome.strikes)} kills: {len(audit.rows)} rows, {len(audit.theirs.perm_ids)} orders and "
        f"{len(audit.theirs.executions)} executions at the broker; cash {audit.theirs.cash:+}"
    )
    for violation in outcome.violations:
        console.print(f"VIOLATION: {violation}", style="red", markup=False)
    console.print(f"seed {seed}: {'nothing lost, nothing doubled' if not outcome.violations else 'BROKEN'}")


if __name__ == "__main__":
    sys.exit(main())
