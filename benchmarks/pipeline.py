"""The ring's speed: a quote's way to a command, a command's way to the wire, ten books at once.

    uv run python benchmarks/pipeline.py [--json] [--times 1]

One straddle of the real strategy, through the real stages on an event loop; each quote moves the price so that a hedge
is due. The baseline of a decision is the usual way, in turns with ours: QuantLib's objects built afresh in a thread,
its own implied volatility, a tree of 100 steps. That of the way to the wire is SQLite alone, as durable as the journal.
"""

import asyncio
import gc
import statistics
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from measure import Measured, arguments, faster, report  # first: it makes the project importable

from one_book import RATE, START, STRIKE, EXPIRES, Tick, Took, decisions, decisions_of, walk  # isort: skip
from loguru import logger
from reference import baseline
from rich.console import Console
from rich.progress import track
from to_the_wire import to_the_wire

from gamma_scalper.domain.sessions import years_between

TICKS, TICKS_OF_BASELINE, PARTS, ORDERS = 1_000, 60, 10, 220
BOOKS, TICKS_OF_BOOKS = 10, 150
WARM = 20

T = TypeVar("T")


def main() -> None:
    asked = arguments("From a quote to a command, and from a command to the wire.", times="times as many of each (0.5)")
    logger.remove()
    times = asked.times
    parts: list[Callable[[], list[Measured]]] = [
        partial(decided, times),
        partial(by_ten_books, times),
        partial(sent, times),
    ]
    console = Console(stderr=True)
    rows: list[Measured] = []
    for part in track(parts, "measuring", console=console, disable=asked.json, transient=True):
        rows += part()
    report("benchmark.pipeline/1", rows, as_json=asked.json)


def _row(
    what: str, took: Sequence[float], base: Sequence[float], p50: float | None = None, p99: float | None = None
) -> Measured:
    figure, worst = statistics.median(took), statistics.quantiles(took, n=100)[-1]
    limits = [("p50", figure, p50), ("p99", worst, p99)]
    target = ", ".join(f"{name} {most:g} ms" for name, _, most in limits if most is not None)
    ok = all(found <= most for _, found, most in limits if most is not None)
    return Measured(what, figure, statistics.median(base), "ms", target, figure / statistics.median(base), ok, worst)


# -- decisions ---------------------------------------------------------------------------------------------------------


def decided(times: float) -> list[Measured]:
    """In turns, a part of the walk at a time, so that a busy machine troubles all alike."""
    ticks = walk(int(TICKS * times * 2))
    size = len(ticks) // PARTS
    models = {"quantlib_crr": ("QuantLibCRR", 1.0, 3.0, 8.0), "lattice": ("Lattice", 0.15, 0.5, 50.0)}
    took: dict[str, list[Took]] = {model: [] for model in models}
    usual: list[float] = []
    for part in range(PARTS):
        some = ticks[part * size : (part + 1) * size]
        usual += asyncio.run(usual_way(some[: TICKS_OF_BASELINE // PARTS]))
        for model in models:
            took[model] += _undisturbed(partial(decisions, model, some))[WARM:]
    rows = []
    for model, (name, p50, p99, ratio) in models.items():
        commands = [each.command for each in took[model]]
        rows.append(_row(f"quote to command, {name}", commands, usual, p50, p99))
        rows.append(faster("the same, times as fast", commands, usual, at_least=ratio, unit="ms"))
        rows.append(_row("of it, the strategy's own thinking", [each.thinking for each in took[model]], commands))
    return rows


def by_ten_books(times: float) -> list[Measured]:
    """The baseline is one book alone."""
    ticks = walk(int(TICKS_OF_BOOKS * times * 2), seed=2)
    rows = []
    for model, name in (("quantlib_crr", "QuantLibCRR"), ("lattice", "Lattice")):
        alone = [each.command for each in _undisturbed(partial(decisions, model, ticks))[WARM:]]
        took = _undisturbed(partial(decisions_of, BOOKS, model, ticks))[WARM * BOOKS :]
        rows.append(_row(f"{BOOKS} books at once, {name}", took, alone, p99=10))
    return rows


def _undisturbed(run: Callable[[], Coroutine[Any, Any, list[T]]]) -> list[T]:
    """Without what benchmarks themselves leave behind being collected in between; the ring's own garbage is."""
    gc.collect()
    gc.freeze()
    try:
        return asyncio.run(run())
    finally:
        gc.unfreeze()


async def usual_way(ticks: Sequence[Tick]) -> list[float]:
    """Milliseconds from a quote to its delta, the way it is mostly written."""
    years, took = years_between(START, EXPIRES), []
    for spot, call, put in ticks:
        began = perf_counter()
        market = (spot, years, RATE, 0.0)
        legs = []
        for right, price in (("C", call), ("P", put)):
            legs.append(await asyncio.to_thread(baseline, right, STRIKE, market, price))
        assert sum(leg[1] for leg in legs) != 0
        took.append(1e3 * (perf_counter() - began))
    return took


# -- the way to the wire -----------------------------------------------------------------------------------------------


def sent(times: float) -> list[Measured]:
    """Beside the program, since a system's own folder for temporary files may be in memory."""
    with tempfile.TemporaryDirectory(prefix=".pipeline-", dir=Path(__file__).parents[1]) as folder:
        took, bare = asyncio.run(to_the_wire(int(ORDERS * times * 2), Path(folder)))
    return [_row("command to wire, journal included", took[WARM:], bare[WARM:], p99=12)]


# A trading day of the SPY book, memory over a week and the time to the first panel are measured on the whole program:
# they belong into `main` beside the parts above, as functions that return rows.


if __name__ == "__main__":
    main()
