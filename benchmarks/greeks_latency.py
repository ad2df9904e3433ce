"""How long a straddle's Greeks take, and how far off they are, next to the usual way with QuantLib.

    uv run python benchmarks/greeks_latency.py [--json]

A refresh is what every tick costs: two implied volatilities, from the last tick's, and two sets of Greeks. The spot
walks, so no two refreshes are alike. Ratios are of medians within this run; the errors are those of at-the-money
options against a converged price, next to the baseline's tree; worst errors and the import stand next to their limits,
a tree's node next to a loop that only reads and writes as many doubles.
"""

import subprocess
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar, cast

import numba
import numpy as np
from attrs import evolve
from measure import Measured, arguments, faster, report
from reference import baseline, true_delta_gamma, true_price
from rich.console import Console
from rich.progress import track

from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms, PricingModel, QuantLibCRR
from gamma_scalper.pricing.analytic import Case, Floats, case_of
from gamma_scalper.pricing.lattice_tree import american_tree

STRIKE, VOL = 600.0, 0.15
LEGS = (OptionTerms("C", STRIKE), OptionTerms("P", STRIKE))
MARKET = MarketInputs(600.0, 30 / 365, 0.043, 0.012)
TICKS, TICKS_OF_BASELINE = 1_000, 60
IMPORT_AT_MOST_MS = 300.0

Function = TypeVar("Function", bound=Callable[..., object])


def _fast(function: Function) -> Function:
    compiler: Any = numba.njit
    return cast(Function, compiler(function))


def walk() -> list[tuple[MarketInputs, list[float]]]:
    """Spot by spot with both legs' prices; as deep as a straddle gets before it is struck anew."""
    random = np.random.default_rng(1)
    spots = 600.0 * np.exp(np.cumsum(random.standard_normal(TICKS) * 3e-4))
    markets = [evolve(MARKET, spot=float(spot)) for spot in spots]
    vols = VOL + np.cumsum(random.standard_normal(TICKS) * 1e-5)
    model = Lattice(101)
    return [
        (market, [model.price(leg, market, float(vol)) for leg in LEGS])
        for market, vol in zip(markets, vols, strict=True)
    ]


def refreshes(model: PricingModel, ticks: list[tuple[MarketInputs, list[float]]]) -> list[float]:
    took, last = [], [VOL, VOL]
    for market, prices in ticks:
        start = perf_counter()
        for i, leg in enumerate(LEGS):
            vol = model.implied_vol(leg, market, prices[i], last[i])
            assert vol is not None
            model.greeks(leg, market, vol)
            last[i] = vol
        took.append((perf_counter() - start) * 1e6)
    return took


def usual_way(ticks: list[tuple[MarketInputs, list[float]]]) -> list[float]:
    took = []
    for market, prices in ticks:
        start = perf_counter()
        for leg, price in zip(LEGS, prices, strict=True):
            baseline(leg.right, STRIKE, (market.spot, market.years, market.rate, market.dividend_yield), price)
        took.append((perf_counter() - start) * 1e6)
    return took


def speed() -> list[Measured]:
    """In turns, a slice of the walk at a time, so that a busy machine troubles all alike."""
    ticks = walk()
    models: list[tuple[PricingModel, float]] = [(QuantLibCRR(101), 10), (Lattice(51), 100), (Lattice(201), 1)]
    ours: list[list[float]] = [[] for _ in models]
    usual: list[float] = []
    for part in range(20):
        usual += usual_way(ticks[part * 50 :][: TICKS_OF_BASELINE // 20])
        for (model, _), took in zip(models, ours, strict=True):
            took += refreshes(model, ticks[part * 50 : part * 50 + 50])
    return [
        faster(f"refresh, {model}", took, usual, at_least=wanted)
        for (model, wanted), took in zip(models, ours, strict=True)
    ]


def errors() -> list[Measured]:
    """Root mean square over both legs, 7 to 60 days and spots within half a percent of the strike."""
    worst_price = worst_delta = 0.0
    off: dict[str, list[float]] = {"price": [], "delta": [], "gamma": []}
    off_usual: dict[str, list[float]] = {"price": [], "delta": [], "gamma": []}
    usual_tree, lattice = QuantLibCRR(100), Lattice(51)
    for days in (7, 14, 30, 45, 60):
        for spot in (597.0, 600.0, 603.0):
            market = evolve(MARKET, spot=spot, years=days / 365)
            for leg in LEGS:
                plain = (spot, market.years, market.rate, market.dividend_yield)
                price = true_price(leg.right, STRIKE, plain, VOL)
                delta, gamma = true_delta_gamma(leg.right, STRIKE, plain, VOL)
                for model, into in ((lattice, off), (usual_tree, off_usual)):
                    greeks = model.greeks(leg, market, VOL)
                    into["price"].append(greeks.price - price)
                    into["delta"].append(greeks.delta - delta)
                    into["gamma"].append(greeks.gamma / gamma - 1)
                worst_price = max(worst_price, abs(off["price"][-1]))
                worst_delta = max(worst_delta, abs(off["delta"][-1]))
    rows = []
    for name, unit in (("price", "$"), ("delta", ""), ("gamma", "of it")):
        mine, theirs = (float(np.sqrt(np.mean(np.square(table[name])))) for table in (off, off_usual))
        label = f"error of {name}, Lattice(51)"
        rows.append(Measured(label, mine, theirs, unit, "at most 0.2 x", mine / theirs, mine <= theirs / 5))
    for name, worst, most, unit in (("price", worst_price, 0.01, "$"), ("delta", worst_delta, 1e-4, "")):
        label = f"worst error of {name}"
        rows.append(Measured(label, worst, most, unit, "at most 1 x", worst / most, worst <= most))
    return rows


@_fast
def _trees(case: Case, vol: float, steps: int, times: int) -> float:
    total = 0.0
    for i in range(times):
        total += american_tree(case, vol + 1e-9 * i, steps)[0].price
    return total


@_fast
def _touch(values: Floats, factor: float, times: int) -> float:
    """Reads and writes every double once: the limit of anything that works on an array in place."""
    for _ in range(times):
        for j in range(values.size):
            values[j] = values[j] * factor
    return float(values[0])


def per_node() -> list[Measured]:
    """A tree of n steps has (n + 2)(n + 3)/2 nodes, and its European twin as many."""
    rows = []
    for steps in (51, 401):
        nodes = (steps + 2) * (steps + 3)
        times = 4_000_000 // nodes
        case, values = case_of(LEGS[1], MARKET), np.ones(nodes)
        _trees(case, VOL, steps, 1), _touch(values, 0.999, 1)
        pairs = [(_timed(_trees, case, VOL, steps, times), _timed(_touch, values, 0.999, times)) for _ in range(7)]
        mine, limit = (float(np.median([pair[i] for pair in pairs])) / times / nodes for i in (0, 1))
        label = f"a tree node of {steps} steps"
        rows.append(Measured(label, mine * 1e6, limit * 1e6, "µs", "the nearer to 1 x", mine / limit, True))
    return rows


def _timed(work: Callable[..., object], *arguments: object) -> float:
    start = perf_counter()
    work(*arguments)
    return perf_counter() - start


def importing() -> list[Measured]:
    """Of the package alone; QuantLib and numba load with the model that needs them."""

    def fresh(code: str) -> float:
        return min(_timed(subprocess.run, [sys.executable, "-c", code]) for _ in range(5)) * 1e3

    took = fresh(f"import sys; sys.path[:0] = {sys.path[:1]}; import gamma_scalper.pricing") - fresh("pass")
    label = "import of pricing, no model yet"
    ratio = took / IMPORT_AT_MOST_MS
    return [Measured(label, took, IMPORT_AT_MOST_MS, "ms", "at most 1 x", ratio, ratio <= 1)]


def main() -> None:
    asked = arguments("Greeks of a straddle: speed and error.")
    parts: list[Callable[[], list[Measured]]] = [speed, errors, per_node, importing]
    console = Console(stderr=True)
    rows = [
        row for part in track(parts, "measuring", console=console, disable=asked.json, transient=True) for row in part()
    ]
    report("benchmark.greeks_latency/1", rows, as_json=asked.json)


if __name__ == "__main__":
    main()
