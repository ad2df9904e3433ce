"""How much faster two processes play a sweep than one.

    uv run python benchmarks/sweep.py [--json] [--rounds 3]

The same cells on the same seeds through the ring, one session of minute quotes a run, by a crew of two and by a crew of
one. Both are up and warm, and they take turns, so that a busy machine troubles both alike.
"""

import os
import sys
from collections.abc import Sequence
from datetime import date
from statistics import median
from time import perf_counter

from distributed import Client
from measure import Measured, arguments, report  # first: it makes the project importable

from config import load_config
from gamma_scalper.backtest.sweep.cells import Cells, Ground
from gamma_scalper.backtest.sweep.crew import crew
from gamma_scalper.backtest.sweep.playing import chunks_of, played
from gamma_scalper.backtest.sweep.sweep import ring
from gamma_scalper.compiled_code import load_market_code
from gamma_scalper.system import Config

DAY = date(2026, 1, 5)
BANDS = ("5", "10", "20")
SEEDS = range(1, 11)


def main() -> None:
    asked = arguments("The speed of sweeps.", rounds="turns that each crew takes (3)")
    rounds = round(asked.rounds) if "--rounds" in " ".join(sys.argv) else 3
    load_market_code()
    with crew(workers=2) as two, crew(workers=1) as one:
        _swept(two, range(900, 902)), _swept(one, range(900, 902))  # warm up
        turns = [(_swept(two, SEEDS), _swept(one, SEEDS)) for _ in range(rounds)]
    ratio = median(alone / both for both, alone in turns)
    both_s, alone_s = (median(column) for column in zip(*turns, strict=True))
    what = f"{4 * len(SEEDS)} runs by two processes (baseline: one), {os.cpu_count()} cores"
    report(
        "benchmark.sweep/1",
        [Measured(what, both_s, alone_s, "s", "at least 1.8 x", ratio, ratio >= 1.8)],
        as_json=asked.json,
    )


def _load(overrides: Sequence[str]) -> Config:
    return load_config(overrides, environment={})


def _swept(client: Client, seeds: range) -> float:
    """Seconds from the first chunk to the last run."""
    ground = Ground("heston:step=60", "", DAY, DAY)
    cells = Cells(_load, (), ground, _load([]).system, "spy")
    grid = [cells.as_it_is()]
    grid += [cells.cell({"hedge.policy": "fixed", "hedge.band_shares": band}) for band in BANDS]
    by_digest = {cell.digest: cell for cell in grid}
    chunks = chunks_of([(digest, seed) for seed in seeds for digest in by_digest], by_digest, 2)
    began = perf_counter()
    for _ in played(client, ring(cells), chunks):
        pass
    return perf_counter() - began


if __name__ == "__main__":
    main()
