"""Many sessions on all cores. Each process imports once, and plays until there is nothing left to play."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice

from loguru import logger
from staging.drawing import drawn
from staging.plan import Plan

from gamma_scalper.compiled_code import load_compiled_code
from proving.outcome import Outcome, outcome_of
from proving.protections import without
from proving.shrink import Shrinking, Shrunk

_AHEAD = 4  # seeds a process has waiting: none idles, and an interruption loses little


class Hands:
    """The processes. What they do arrives in the order it is done."""

    def __init__(self, pool: ProcessPoolExecutor, jobs: int) -> None:
        self._pool, self._jobs = pool, jobs

    def play(self, seeds: Iterable[int], protection: str = "") -> Iterator[Outcome]:
        left = iter(seeds)
        under_way: set[Future[Outcome]] = set()
        try:
            while True:
                for seed in islice(left, self._jobs * _AHEAD - len(under_way)):
                    under_way.add(self._pool.submit(play_seed, seed, protection))
                if not under_way:
                    return
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in under_way:
                future.cancel()

    def shrink(self, outcomes: Iterable[Outcome], protection: str = "") -> Iterator[Shrunk]:
        """In the order asked for."""
        under_way = [self._pool.submit(shrink_seed, each.seed, each.violations, protection) for each in outcomes]
        for future in under_way:
            yield future.result()


@contextmanager
def hands(jobs: int) -> Iterator[Hands]:
    """At an interruption what is under way is dropped, not waited for."""
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=ready)
    try:
        yield Hands(pool, jobs)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def ready() -> None:
    """A process that plays: machine code loaded, silent, and deaf to the Ctrl+C that is meant for its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logger.remove()
    load_compiled_code()


def play_seed(seed: int, protection: str = "") -> Outcome:
    with without(protection):
        return outcome_of(drawn(seed))


def shrink_seed(seed: int, violations: tuple[str, ...], protection: str = "") -> Shrunk:
    with without(protection):
        return shrunk(drawn(seed), violations)


def shrunk(plan: Plan, violations: Iterable[str], play: Callable[[Plan], Outcome] = outcome_of) -> Shrunk:
    return Shrinking(plan, tuple(violations), play).smallest()
