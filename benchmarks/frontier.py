"""What each hedge policy costs for the risk it leaves: writes its part of docs/results.md, and the pictures in it.

    uv run python benchmarks/frontier.py [--paths 4000] [--seed 1] [--json]

One straddle, the same without minimum fees, and ten straddles at once, by both price lists. The same paths and seed
give the same page. With --json the points are printed and nothing is written. See docs/results.md for what was found.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import matplotlib

# The project is not installed; this lets the script run from anywhere.
sys.path.insert(0, str(Path(__file__).parents[1]))

from attrs import asdict, evolve
from frontier_page import MARKERS, Run, Scenario, page
from matplotlib import pyplot
from rich.console import Console
from rich.progress import Progress

from gamma_scalper.backtest.laws.frontier import Curve, charged_by, families, frontier
from gamma_scalper.backtest.laws.trial import Trial
from gamma_scalper.domain.fees import FeeParameters
from gamma_scalper.domain.instruments import Stock

DOCS = Path(__file__).parents[1] / "docs"
SPY = Stock(con_id=1, symbol="SPY")
FEE_DAY = date(2026, 7, 1)
HALF_SPREAD = 0.005
MONTH = Trial(steps=21 * 78)  # of sessions, in steps of five minutes
SCHEDULES = ("tiered", "fixed")
SCENARIOS = (
    Scenario("one straddle", straddles=1.0, minimum=True),
    Scenario("one straddle, no minimum fee", straddles=1.0, minimum=False),
    Scenario("ten straddles", straddles=10.0, minimum=True),
)
_COLOURS = ("grey", "tab:brown", "tab:blue", "tab:cyan", "tab:orange", "tab:green", "tab:red")


def measured(schedule: str, scenario: Scenario, arguments: argparse.Namespace, bar: Progress) -> list[Curve]:
    trial = evolve(MONTH, straddles=scenario.straddles)
    charges = charged_by(
        FeeParameters(schedule=schedule),
        SPY,
        FEE_DAY,
        trial,
        half_spread=HALF_SPREAD,
        minimum=scenario.minimum,
    )
    every = families(trial)
    task = bar.add_task(f"{schedule}, {scenario.name}", total=arguments.paths * sum(len(each.all) for each in every))
    return frontier(trial, charges, every, arguments.paths, arguments.seed, lambda done: bar.advance(task, done))


def draw(schedule: str, found: Mapping[Scenario, list[Curve]]) -> None:
    figure, axes = pyplot.subplots(1, len(found), figsize=(12, 4.6), sharex=True, sharey=True, layout="constrained")
    for place, (scenario, curves) in zip(axes, found.items(), strict=True):
        for curve, colour in zip(curves, _COLOURS, strict=True):
            across = [point.deviation for point in curve.points]
            place.loglog(
                across, [point.cost for point in curve.points], "o-", ms=3, color=colour, label=curve.family.name
            )
        place.set_title(scenario.name)
        place.set_xlabel("deviation of the profit, \\$ a straddle")
        place.grid(True, which="both", linewidth=0.3)
    axes[0].set_ylabel("cost of hedging, \\$ a straddle")
    axes[0].legend(loc="upper right", fontsize=7)
    figure.suptitle(f"Shares by the {schedule} price list: further down and left is better")
    figure.savefig(DOCS / f"frontier_{schedule}.png", dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description="The frontier of hedge policies, for docs/results.md.")
    parser.add_argument("--paths", type=int, default=4_000, help="simulated months (4000)")
    parser.add_argument("--seed", type=int, default=1, help="of the paths (1)")
    parser.add_argument("--json", action="store_true", help="print the points as JSON and write nothing")
    arguments = parser.parse_args()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        found = {
            schedule: {scenario: measured(schedule, scenario, arguments, bar) for scenario in SCENARIOS}
            for schedule in SCHEDULES
        }
    if arguments.json:
        rows = [
            {"schedule": schedule, "scenario": scenario.name, "policy": curve.family.name, **asdict(point)}
            for schedule, scenarios in found.items()
            for scenario, curves in scenarios.items()
            for curve in curves
            for point in curve.points
        ]
        json.dump({"schema": "frontier/1", "paths": arguments.paths, "seed": arguments.seed, "rows": rows}, sys.stdout)
        sys.stdout.write("\n")
        return
    matplotlib.use("Agg")
    for schedule, scenarios in found.items():
        draw(schedule, scenarios)
    text = page(Run(MONTH, HALF_SPREAD, FEE_DAY, arguments.paths, arguments.seed), found)
    results = DOCS / "results.md"
    before, begin, rest = results.read_text().partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    results.write_text(f"{before}{begin}\n{text}{end}{after}")
    print(text)


if __name__ == "__main__":
    main()
