"""How much faster two processes play a sweep than one.

    uv run python benchmarks/sweep.py [--json] [--seeds 16]

The same cells on the same seeds through the ring, in a crew of two and in a crew of one, both warm; starting them is
not counted. One session of minute quotes a run.
"""

import os
import sys
from collections.abc import Sequence
from datetime import date
from time import perf_counter

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


def main() -> None:
    asked = arguments("The speed of sweeps.", seeds="of each of four cells (16)")
    seeds = range(1, 1 + (round(asked.seeds) if "--seeds" in " ".join(sys.argv) else 16))
    load_market_code()
    two_s, one_s = _swept(2, seeds), _swept(1, seeds)
    runs, ratio = 4 * len(seeds), one_s / two_s
    report(
        "benchmark.sweep/1",
        [
            Measured(
                f"{runs} runs by two processes (baseline: one), {os.cpu_count()} cores", two_s, one_s, "s",
                "at least 1.8 x", ratio, ratio >= 1.8,
            ),
        ],
        as_json=asked.json,
    )  # fmt: skip


def _load(overrides: Sequence[str]) -> Config:
    return load_config(overrides, environment={})


def _swept(workers: int, seeds: range) -> float:
    """Seconds from the first chunk to the last run."""
    ground = Ground("heston:step=60", "", DAY, DAY)
    cells = Cells(_load, (), ground, _load([]).system, "spy")
    grid = [cells.as_it_is()]
    grid += [cells.cell({"hedge.policy": "fixed", "hedge.band_shares": band}) for band in BANDS]
    by_digest = {cell.digest: cell for cell in grid}
    chunks = chunks_of([(digest, seed) for seed in seeds for digest in by_digest], by_digest, 2)
    with crew(workers=workers) as client:
        client.run(load_market_code)
        for _ in played(client, ring(cells), chunks_of([(grid[0].digest, seed) for seed in (998, 999)], by_digest, 2)):
            pass
        began = perf_counter()
        for _ in played(client, ring(cells), chunks):
            pass
        return perf_counter() - began


if __name__ == "__main__":
    main()
