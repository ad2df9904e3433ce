"""Plays what is missing of a sweep, in chunks of seeds on whoever is there, and keeps each chunk as it comes back."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError

from attrs import frozen
from distributed import Client, Future, KilledWorker, as_completed

from gamma_scalper.backtest.sweep.cells import Cell
from gamma_scalper.backtest.sweep.fingerprint import code_fingerprint
from gamma_scalper.backtest.sweep.store import Run, RunKey
from gamma_scalper.domain.exits import UserError

Play = Callable[[Cell, int], Run]
"""One cell on one seed. It travels to other processes, so it is a function of a module, or a `partial` of one."""

_CHUNKS_A_WORKER = 32  # so that none waits long for the last one
_MOST_SEEDS = 4  # in a chunk; so much is lost at most when a sweep is interrupted
_LONGEST_REASON = 300
_DIED = "the process that played it died, twice; out of memory, or killed"


class OtherCode(Exception):
    """A worker has another version of the program; start it again in a copy of the folder the sweep runs in."""


@frozen
class Chunk:
    """Some seeds of one cell, played one after the other by one process."""

    cell: Cell
    seeds: tuple[int, ...]

    def singles(self) -> tuple["Chunk", ...]:
        return tuple(Chunk(self.cell, (seed,)) for seed in self.seeds)


def chunks_of(missing: Sequence[RunKey], cells: Mapping[str, Cell], workers: int) -> list[Chunk]:
    """Early seeds of all cells first: an interrupted sweep can compare what it has."""
    size = max(1, min(_MOST_SEEDS, math.ceil(len(missing) / (_CHUNKS_A_WORKER * max(1, workers)))))
    seeds: dict[str, list[int]] = {}
    for digest, seed in missing:
        seeds.setdefault(digest, []).append(seed)
    chunks = [
        (begin, Chunk(cells[digest], tuple(found[begin : begin + size])))
        for digest, found in seeds.items()
        for begin in range(0, len(found), size)
    ]
    return [chunk for _, chunk in sorted(chunks, key=lambda each: each[0])]


def play_chunk(play: Play, chunk: Chunk, code: str) -> list[Run]:
    """On a worker."""
    if code_fingerprint() != code:
        raise OtherCode("the worker does not run this version of the program")
    return [_play(play, chunk.cell, seed) for seed in chunk.seeds]


def _play(play: Play, cell: Cell, seed: int) -> Run:
    try:
        return play(cell, seed)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is recorded as this run's failure
        return _failed(cell, seed, error)


def _failed(cell: Cell, seed: int, error: BaseException) -> Run:
    if isinstance(error, KilledWorker):
        return Run(cell=cell.digest, seed=seed, failure=_DIED)
    words = " ".join(str(error).split())
    reason = words if isinstance(error, UserError) else f"{type(error).__name__}: {words}"
    return Run(cell=cell.digest, seed=seed, failure=reason[:_LONGEST_REASON])


def played(client: Client, play: Play, chunks: Sequence[Chunk]) -> Iterator[list[Run]]:
    """The runs of each chunk as it is done. A chunk that took its worker down is tried again seed by seed."""
    code = code_fingerprint()

    def submitted(wanted: Sequence[Chunk]) -> dict["Future[list[Run]]", Chunk]:
        return {client.submit(play_chunk, play, chunk, code, pure=False): chunk for chunk in wanted}

    waiting = submitted(chunks)
    coming = as_completed(list(waiting), loop=client.loop)
    for future in coming:
        chunk = waiting.pop(future)
        found = _result(future)
        if found is None:  # its worker died with the result in hand; it is being played again
            waiting[future] = chunk
            coming.add(future)
        elif not isinstance(found, BaseException):
            yield found
        elif isinstance(found, CancelledError):
            raise UserError(
                "the Dask scheduler went away; what was played is kept, and the same command goes on from there"
            ) from found
        elif len(chunk.seeds) > 1:
            again = submitted(chunk.singles())
            waiting |= again
            coming.update(list(again))
        else:
            yield [_failed(chunk.cell, chunk.seeds[0], found)]


def _result(future: "Future[list[Run]]") -> list[Run] | BaseException | None:
    if future.status == "lost":
        return None
    try:
        runs: list[Run] = future.result()
    except (Exception, CancelledError) as error:  # noqa: BLE001 - of the worker or of the code it ran; told in the end
        return error
    return runs
