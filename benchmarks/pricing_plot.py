"""Draws docs/pricing.png: how far off each model is, and how long it takes, by its number of steps.

    uv run python benchmarks/pricing_plot.py

Error is the root mean square over calls and puts at the money, 7 to 60 days, against a converged price; time is one
call for the Greeks. A model is the better the further down and left it lies.
"""

from pathlib import Path
from time import perf_counter

import matplotlib
import numpy as np
from attrs import evolve
from matplotlib import pyplot
from measure import arguments
from reference import baseline, true_price
from rich.console import Console
from rich.progress import track

from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms, PricingModel, QuantLibCRR

PICTURE = Path(__file__).parents[1] / "docs" / "pricing.png"
LEGS = (OptionTerms("C", 600.0), OptionTerms("P", 600.0))
MARKETS = [
    MarketInputs(spot, days / 365, 0.043, 0.012) for days in (7, 14, 30, 45, 60) for spot in (597.0, 600.0, 603.0)
]
VOL = 0.15


def error(model: PricingModel) -> float:
    off = [
        model.price(leg, market, VOL)
        - true_price(leg.right, leg.strike, (market.spot, market.years, market.rate, market.dividend_yield), VOL)
        for market in MARKETS
        for leg in LEGS
    ]
    return float(np.sqrt(np.mean(np.square(off))))


def microseconds(model: PricingModel) -> float:
    took = []
    for i in range(60):
        market = evolve(MARKETS[6], spot=600.0 + 0.01 * i)
        start = perf_counter()
        model.greeks(LEGS[1], market, VOL)
        took.append((perf_counter() - start) * 1e6)
    return float(np.median(took))


def usual_way() -> float:
    market = MARKETS[7]
    took = []
    for _ in range(20):
        start = perf_counter()
        baseline("P", 600.0, (market.spot, market.years, market.rate, market.dividend_yield), 9.63)
        took.append((perf_counter() - start) * 1e6)
    return float(np.median(took))


def main() -> None:
    arguments("Draw docs/pricing.png.")
    families: dict[str, list[PricingModel]] = {
        "QuantLibCRR": [QuantLibCRR(steps) for steps in (25, 51, 101, 201, 401, 801)],
        "Lattice": [Lattice(steps) for steps in (11, 25, 51, 101, 201, 401, 801)],
    }
    matplotlib.use("Agg")
    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for (name, models), colour in zip(families.items(), ("tab:blue", "tab:red"), strict=True):
        points = [
            (microseconds(model), error(model), model)
            for model in track(models, name, console=Console(stderr=True), transient=True)
        ]
        axes.loglog([x for x, _, _ in points], [y for _, y, _ in points], "o-", color=colour, label=name)
        for x, y, model in points:
            steps = repr(model).partition("=")[2].rstrip(")")
            axes.annotate(steps, (x, y), textcoords="offset points", xytext=(5, 4), fontsize=8, color=colour)
    axes.loglog(
        [usual_way()], [error(QuantLibCRR(100))], "kx", label="QuantLib built afresh, its own implied volatility"
    )
    axes.axhline(0.01, color="grey", linewidth=0.8, linestyle="--")
    axes.annotate("one cent", (7e3, 0.0105), fontsize=8, color="grey")
    axes.set_xlabel("microseconds for the Greeks of one option")
    axes.set_ylabel("price error on a \\$600 share, \\$")
    axes.set_title("At-the-money options, 7 to 60 days; numbers are steps")
    axes.grid(True, which="both", linewidth=0.3)
    axes.legend(loc="upper right", fontsize=8)
    figure.savefig(PICTURE, dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    main()
