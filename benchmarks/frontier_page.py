"""The words and tables of docs/results.md that the frontier's numbers are in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from textwrap import fill

import numpy as np
from attrs import frozen

from gamma_scalper.backtest.laws.frontier import Curve
from gamma_scalper.backtest.laws.greeks import grid
from gamma_scalper.backtest.laws.trial import Trial

MARKERS = ("<!-- benchmarks/frontier.py writes from here -->", "<!-- to here -->")
DEVIATIONS = (120.0, 200.0)


@frozen
class Scenario:
    """How many straddles are hedged together, and whether the broker's minimum is charged."""

    name: str
    straddles: float
    minimum: bool


@frozen
class Run:
    """What the numbers were made with."""

    trial: Trial
    half_spread: float
    fee_day: date
    paths: int
    seed: int


Found = Mapping[str, Mapping[Scenario, Sequence[Curve]]]


def page(run: Run, found: Found) -> str:
    lines = [*_wrapped(_what(run)), ""]
    for schedule, scenarios in found.items():
        lines += [f"![Cost against deviation, {schedule} price list](frontier_{schedule}.png)", ""]
        lines += [*_table(schedule, scenarios), ""]
    dash = "a dash: no setting of the policy strays so little, because the bills themselves stray"
    lines += [*_wrapped([f"Bold is the cheapest, within a percent; {dash}. By ${DEVIATIONS[0]:.0f}, in words:"]), ""]
    lines += [*_wrapped(_said(found)), "", *_settings(found), ""]
    return "\n".join(lines)


def _wrapped(paragraphs: Iterable[str]) -> Iterator[str]:
    for each in paragraphs:
        yield fill(each, 120, subsequent_indent="  " if each.startswith("- ") else "", break_on_hyphens=False)


def _what(run: Run) -> Iterator[str]:
    trial = run.trial
    worth = grid(trial, np.full((1, trial.steps + 1), trial.spot)).values[0, 0]
    yield (
        f"{run.paths:,} months (seed {run.seed}): a straddle at {trial.strike:g} with {365 * trial.years:.0f} days to "
        f"go, worth ${worth:,.0f} at {trial.implied:.0%}, and shares that do move by {trial.realised:.0%} a year. The "
        f"delta is looked at every {trial.step_s / 60:.0f} minutes; a share costs half of a "
        f"${2 * run.half_spread:g} spread, and an order what the price list of {run.fee_day} says. Nothing is "
        "won or lost on average but the costs, so that two figures tell of each policy and setting: what hedging cost, "
        "and how far the profit strays. All are dollars for each straddle."
    )


def _table(schedule: str, scenarios: Mapping[Scenario, Sequence[Curve]]) -> Iterator[str]:
    heads = [f"{scenario.name}, ${deviation:.0f}" for scenario in scenarios for deviation in DEVIATIONS]
    yield f"What a deviation of ${DEVIATIONS[0]:.0f} and ${DEVIATIONS[1]:.0f} costs, {schedule} price list:"
    yield ""
    yield f"| policy | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(heads)}"
    columns = [_costs(curves, deviation) for curves in scenarios.values() for deviation in DEVIATIONS]
    for name in (curve.family.name for curve in next(iter(scenarios.values()))):
        yield f"| {name} | {' | '.join(_cell(column.get(name), min(column.values())) for column in columns)} |"


def _costs(curves: Sequence[Curve], deviation: float) -> dict[str, float]:
    """Policy -> cost, of those that get there."""
    costs = ((curve.family.name, curve.cost_at(deviation)) for curve in curves)
    return {name: cost for name, cost in costs if cost is not None}


def _cell(cost: float | None, least: float) -> str:
    if cost is None:
        return "-"
    return f"**{cost:.1f}**" if cost < 1.01 * least else f"{cost:.1f}"


# -- what it says ------------------------------------------------------------------------------------------------------


def _said(found: Found) -> Iterator[str]:
    deviation = DEVIATIONS[0]
    for schedule, scenarios in found.items():
        by = {(each.straddles, each.minimum): _costs(curves, deviation) for each, curves in scenarios.items()}
        yield f"- **{schedule}, no minimum fee**: {_ranked(by[1.0, False])}."
        yield f"- **{schedule}, one straddle**: {_ranked(by[1.0, True])}. {_turned(by[1.0, False], by[1.0, True])}"
        yield f"- **{schedule}, ten straddles**: {_ranked(by[10.0, True])}."
    tiered, fixed = (_least(found[schedule], DEVIATIONS[0]) for schedule in ("tiered", "fixed"))
    dearer, cheaper = ("fixed", "tiered") if fixed > tiered else ("tiered", "fixed")
    ratio = max(fixed, tiered) / min(fixed, tiered)
    yield (
        f"- One straddle hedged as cheaply as can be for ${deviation:.0f} costs {ratio:.1f} times as much by the "
        f"{dearer} list as by the {cheaper} one."
    )


def _least(scenarios: Mapping[Scenario, Sequence[Curve]], deviation: float) -> float:
    one = next(curves for each, curves in scenarios.items() if each.straddles == 1 and each.minimum)
    return min(_costs(one, deviation).values())


def _ranked(costs: Mapping[str, float]) -> str:
    """Cheapest first; two that are within a percent are one rank."""
    ranks: list[tuple[list[str], float]] = []
    for name, cost in sorted(costs.items(), key=lambda each: each[1]):
        if ranks and cost < 1.01 * ranks[-1][1]:
            ranks[-1][0].append(name)
        else:
            ranks.append(([name], cost))
    return "; ".join(f"{' and '.join(names)} ${cost:.1f}" for names, cost in ranks)


def _turned(without: Mapping[str, float], billed: Mapping[str, float]) -> str:
    name = "Whalley-Wilmott to the edge"
    if name not in billed:
        return f"{name} can't be had at this deviation at all."
    ratio = billed[name] / min(billed.values())
    return f"{name} pays {billed[name] / without[name]:.1f} times what it did, {ratio:.1f} times the cheapest."


def _settings(found: Found) -> Iterator[str]:
    """What to write into a book: the fee-aware policy's setting, by what it leads to."""
    curves = {
        schedule: next(curve for curve in curves if curve.family.name == "fee-aware")
        for schedule, scenarios in found.items()
        for each, curves in scenarios.items()
        if each.straddles == 1 and each.minimum
    }
    family = next(iter(curves.values())).family
    yield f"What `hedge.{family.setting}` of the fee-aware policy leads to, one straddle with minimum fees:"
    yield ""
    yield "| setting | " + " | ".join(f"{name}: cost | deviation | orders" for name in curves) + " |"
    yield "|---|" + "---|" * (3 * len(curves))
    for points in zip(*(curve.points for curve in curves.values()), strict=True):
        cells = " | ".join(f"{each.cost:.1f} | {each.deviation:.0f} | {each.orders:.0f}" for each in points)
        yield f"| {points[0].value:.2g} | {cells} |"
