"""Plays cells on seeds, each once in the life of a folder."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from attrs import define, field
from distributed import Client

from gamma_scalper.backtest.sweep.cells import Cell
from gamma_scalper.backtest.sweep.crew import crew
from gamma_scalper.backtest.sweep.playing import Play, chunks_of, played
from gamma_scalper.backtest.sweep.store import Run, SweepStore

Heard = Callable[[Cell, Run], object]


@define(kw_only=True)
class Player:
    """Starts its crew with the first run that is missing: a sweep that is complete needs none."""

    play: Play
    store: SweepStore
    scheduler: str = ""
    workers: int | None = None
    heard: Heard = lambda cell, run: None  # each run that is asked for, as it is there
    _open: ExitStack = field(init=False, factory=ExitStack)
    _client: Client | None = field(init=False, default=None)

    def bring(self, cells: Sequence[Cell], seeds: Sequence[int]) -> None:
        """Return when all of them are in the store, played or failed."""
        by_digest = {cell.digest: cell for cell in cells}
        wanted = [(digest, seed) for seed in seeds for digest in by_digest]
        missing = self.store.missing(wanted)
        absent = set(missing)
        self._tell(by_digest, (self.store.runs[key] for key in wanted if key not in absent))
        if not missing:
            return
        if self._client is None:
            self._client = self._open.enter_context(crew(self.scheduler, self.workers))
        workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
        for runs in played(self._client, self.play, chunks_of(missing, by_digest, workers)):
            self.store.add(runs)
            self._tell(by_digest, runs)

    def _tell(self, cells: Mapping[str, Cell], runs: Iterable[Run]) -> None:
        for run in runs:
            self.heard(cells[run.cell], run)

    @contextmanager
    def at_work(self) -> Iterator["Player"]:
        """The crew goes home at the end, whatever the end is."""
        with self._open:
            yield self
        self.store.pack()
