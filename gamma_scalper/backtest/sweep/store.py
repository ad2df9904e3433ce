"""The runs of sweeps on disk: Parquet parts that appear whole or not at all, so that a sweep can go on later."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from attrs import frozen

from gamma_scalper.backtest.sweep.fingerprint import digest_of
from gamma_scalper.domain.exits import UserError

_SCHEMA = pa.schema(
    [
        pa.field("cell", pa.string(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("failure", pa.string(), nullable=False),
        pa.field("profit", pa.list_(pa.float64()), nullable=False),
        pa.field("hedged", pa.list_(pa.float64()), nullable=False),
        pa.field("costs", pa.list_(pa.float64()), nullable=False),
        pa.field("hedges", pa.int64(), nullable=False),
        pa.field("fills", pa.int64(), nullable=False),
        pa.field("halts", pa.int64(), nullable=False),
    ]
)
_MOST_PARTS = 200  # so that the next start is quick
_NAMES = tuple(_SCHEMA.names)

RunKey = tuple[str, int]  # a cell's digest, a seed


@frozen(kw_only=True)
class Run:
    """One cell on one seed: what it came to, or why it came to nothing."""

    cell: str  # its digest
    seed: int
    failure: str = ""
    profit: tuple[float, ...] = ()  # $ by session
    hedged: tuple[float, ...] = ()  # $ by session: what movement and time came to, before costs
    costs: tuple[float, ...] = ()  # $ by session: commissions, and fills worse than the middle
    hedges: int = 0
    fills: int = 0
    halts: int = 0

    @property
    def key(self) -> RunKey:
        return self.cell, self.seed


class SweepStore:
    """One folder; `tell` hears of what is set aside."""

    def __init__(self, folder: Path, tell: Callable[[str], object]) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder}: can't be made: {error.strerror}; name another with --out") from error
        self.runs: dict[RunKey, Run] = {}
        self._parts: list[Path] = []
        for path in sorted(folder.glob("part-*.parquet")):
            self._read(path, tell)

    def add(self, runs: Sequence[Run]) -> None:
        """On disk when it returns."""
        self._keep(runs)
        self._parts.append(_write(self.folder, runs))
        if len(self._parts) >= _MOST_PARTS:
            self.pack()

    def pack(self) -> None:
        """All parts into one; those it replaces go when it is there."""
        if len(self._parts) > 1:
            packed = _write(self.folder, list(self.runs.values()))
            for path in self._parts:
                if path != packed:
                    path.unlink(missing_ok=True)
            self._parts = [packed]

    def missing(self, keys: Iterable[RunKey]) -> list[RunKey]:
        """Those that were not played, or failed; in the order they are asked for."""
        return [key for key in keys if key not in self.runs or self.runs[key].failure]

    def _read(self, path: Path, tell: Callable[[str], object]) -> None:
        try:
            table = pq.read_table(path, schema=_SCHEMA, partitioning=None)
            runs = [_run(row) for row in table.to_pylist()]
        except (OSError, pa.ArrowException, ValueError, TypeError):
            path.replace(path.with_suffix(".damaged"))
            tell(f"{path.name} is damaged: set aside as {path.stem}.damaged, what it held is played again")
            return
        self._keep(runs)
        self._parts.append(path)

    def _keep(self, runs: Iterable[Run]) -> None:
        for run in runs:
            before = self.runs.get(run.key)
            if before is None or before.failure:
                self.runs[run.key] = run


def _run(row: Mapping[str, object]) -> Run:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Run(**values)  # type: ignore[arg-type]  # of the schema's types


def _write(folder: Path, runs: Sequence[Run]) -> Path:
    columns = {name: [getattr(run, name) for run in runs] for name in _NAMES}
    table = pa.table(columns, schema=_SCHEMA)
    path = folder / f"part-{digest_of(f'{run.cell} {run.seed} {run.failure}' for run in runs)}.parquet"
    half_made = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with half_made.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        half_made.replace(path)
    except OSError as error:
        half_made.unlink(missing_ok=True)
        raise UserError(f"{folder}: can't be written: {error.strerror}; what was kept before is kept") from error
    return path
