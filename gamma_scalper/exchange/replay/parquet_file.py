"""Quotes in a parquet file, or in all those of a folder."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.replay.batch import Batch
from gamma_scalper.exchange.replay.listing import Name
from gamma_scalper.exchange.replay.placing import ALL_DAYS, Days
from gamma_scalper.exchange.replay.table import check_header, read_rows, to_tape
from gamma_scalper.exchange.replay.tape import Tape


def read_parquet(path: Path, *, lenient: bool = False, option_close_delay_min: int = 0, days: Days = ALL_DAYS) -> Tape:
    """The files of a folder are read in the order of their names, and belong together.

    Of a folder whose files are named by day, as 2026-01-05.parquet, no other day's is opened.
    """
    names: dict[Name, int] = {}
    batches = [_batch(file, names, lenient) for file in _files(path, *days)]
    return to_tape(f"parquet:{path}", batches, names, option_close_delay_min, lenient, days)


def _files(path: Path, first: date | None, last: date | None) -> list[Path]:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; give one that is there")
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise UserError(f"{path}: no file in it ends in .parquet; give a folder that has some")
    if first is None and last is None:
        return files
    days = {file: day for file in files if (day := _day_of(file)) is not None}
    if len(days) < len(files):
        return files  # what days they are of only their rows tell
    chosen = [file for file, day in days.items() if (first or day) <= day <= (last or day)]
    if not chosen:
        there = f"it has {len(days)} days from {min(days.values())} to {max(days.values())}"
        raise UserError(f"{path}: no day from {first or 'the first'} to {last or 'the last'}; {there}")
    return chosen


def _day_of(file: Path) -> date | None:
    try:
        return date.fromisoformat(file.stem)
    except ValueError:
        return None


def _batch(file: Path, names: dict[Name, int], lenient: bool) -> Batch:
    try:
        table = parquet.ParquetFile(file).read()
    except (pa.ArrowException, OSError) as error:
        if not lenient:
            raise UserError(
                f"{file}: no readable parquet file ({str(error)[:120]}); fetch or write it again"
            ) from error
        return Batch.of_nothing(str(file), {"no readable parquet file": 1})
    check_header(f"{file}", table.column_names)
    text = {name: _text(f"{file}", name, table[name]) for name in table.column_names}
    return read_rows(str(file), text, names, lambda row: f"{file} row {row + 1}", {}, lenient)


def _text(where: str, name: str, column: Any) -> Any:
    """Cells as text, exactly: a float as the shortest number that is read as the same float again."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if name == "time" and pa.types.is_timestamp(kind) and kind.tz is None:
        raise UserError(f"{where}: field time: it is a {kind}; allowed: a timestamp with its zone, or ISO 8601 text")
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    try:
        text = column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UserError(f"{where}: field {name}: it is a {kind}; allowed: numbers, text, days or timestamps") from error
    return pa.concat_arrays(pc.fill_null(text, "").chunks) if text.num_chunks else pa.array([], pa.string())
