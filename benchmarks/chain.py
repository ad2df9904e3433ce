"""A whole option chain: implied volatility and Greeks of 2,000 contracts, next to the usual way with QuantLib.

    uv run python benchmarks/chain.py [--json]

No guesses are given: each contract's volatility starts from the closed form's. The baseline does a sample of the same
contracts one by one, in turns with ours.
"""

import os
from time import perf_counter

import numpy as np
from measure import arguments, faster, report
from reference import baseline
from rich.console import Console
from rich.progress import track

from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms, chain_greeks
from gamma_scalper.pricing.chain import Reason

SPOT, RATE, DIVIDEND_YIELD = 600.0, 0.043, 0.012
EXPIRIES = (7, 14, 21, 30, 45, 60, 75, 90, 120, 180)
STRIKES = 100
ROUNDS = 30


def chain() -> tuple[list[str], list[float], list[float], list[float]]:
    """2,000 contracts within two and a half standard deviations, on a smile."""
    model = Lattice(101)
    rights, strikes, years, prices = [], [], [], []
    for days in EXPIRIES:
        width = 2.5 * 0.15 * (days / 365) ** 0.5
        for away in np.linspace(-width, width, STRIKES):
            for right in ("C", "P"):
                strike = float(SPOT * np.exp(away))
                market = MarketInputs(SPOT, days / 365, RATE, DIVIDEND_YIELD)
                vol = 0.15 - 0.1 * float(away) + 0.4 * float(away) ** 2
                rights.append(right)
                strikes.append(strike)
                years.append(days / 365)
                prices.append(model.price(OptionTerms("C" if right == "C" else "P", strike), market, vol))
    return rights, strikes, years, prices


def main() -> None:
    asked = arguments("A chain of 2,000 contracts.")
    rights, strikes, years, prices = chain()
    inputs, model = MarketInputs(SPOT, 1.0, RATE, DIVIDEND_YIELD), Lattice(51)
    cores = os.cpu_count() or 1
    solved = chain_greeks(model, np.array(rights), strikes, years, prices, inputs).reason == Reason.SOLVED
    took: dict[int, list[float]] = {1: [], cores: []}
    usual: list[float] = []
    sample = iter(np.random.default_rng(2).permutation(np.flatnonzero(solved)))
    console = Console(stderr=True)
    for _ in track(range(ROUNDS), "measuring", console=console, disable=asked.json, transient=True):
        for used in took:
            start = perf_counter()
            chain_greeks(model, np.array(rights), strikes, years, prices, inputs, cores=used)
            took[used].append((perf_counter() - start) / len(strikes) * 1e6)
        i = next(sample)
        start = perf_counter()
        baseline(rights[i], strikes[i], (SPOT, years[i], RATE, DIVIDEND_YIELD), prices[i])
        usual.append((perf_counter() - start) * 1e6)
    rows = [
        faster(
            f"a contract, {used} core{'s' * (used > 1)}",
            times,
            usual,
            at_least=200,
        )
        for used, times in took.items()
    ]
    report("benchmark.chain/1", rows, as_json=asked.json)


if __name__ == "__main__":
    main()
