"""Days of quotes and bars in Parquet files. A day is whole or absent; its file says where it came from.

ROOT/quotes/SPY/2026-01-05.parquet        plays as it is: --market parquet:ROOT/quotes/SPY
ROOT/bars/SPY/1min/2026-01-05.parquet
"""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote

import pyarrow as pa
from attrs import asdict, field, frozen
from pyarrow import parquet

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.exits import UserError

Kind = Literal["quotes", "bars"]
KINDS: tuple[Kind, ...] = ("quotes", "bars")

_ORIGIN = b"gamma_scalper.history"
_SIZE = "1min"  # of every bar that is kept


def _texts(each: Iterable[str]) -> tuple[str, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Origin:
    """What a day's file says of itself."""

    source: str
    written_at: datetime = field(converter=utc)
    rows: int
    contracts: int
    rejected: Mapping[str, int] = field(factory=dict)  # reason -> rows of the source that are not in the store
    notes: tuple[str, ...] = field(factory=tuple, converter=_texts)  # what else whoever uses it should know


class DamagedDay(UserError):
    """A day's file can't be read: it was cut short or written over.

    For the operator: the message says which and what to do; the other days are as they were.
    """


class HistoryStore:
    """Under one folder, by symbol and New York day. Nothing but its own files is ever touched."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, kind: Kind, symbol: str) -> Path:
        folder = self.root / kind / _as_name(symbol)
        return folder if kind == "quotes" else folder / _SIZE

    def path(self, kind: Kind, symbol: str, day: date) -> Path:
        return self.folder(kind, symbol) / f"{day}.parquet"

    def has(self, kind: Kind, symbol: str, day: date) -> bool:
        return self.path(kind, symbol, day).exists()

    def symbols(self, kind: Kind) -> list[str]:
        folder = self.root / kind
        found = [unquote(each.name) for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
        return sorted(symbol for symbol in found if self.days(kind, symbol))

    def days(self, kind: Kind, symbol: str, first: date | None = None, last: date | None = None) -> list[date]:
        """Those whose file is there, by its name alone."""
        return days_in(self.folder(kind, symbol), first, last)

    def write(self, kind: Kind, symbol: str, day: date, table: Any, origin: Origin) -> Path:
        """All of it or nothing, whenever the program or the machine stops."""
        path = self.path(kind, symbol, day)
        about = asdict(origin) | {"written_at": origin.written_at.isoformat()}
        said = {_ORIGIN: json.dumps(about, sort_keys=True).encode()}
        half = path.with_name(f".{path.name}.half")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with half.open("wb") as file:
                parquet.write_table(table.replace_schema_metadata(said), file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as error:
            raise UserError(
                f"{path}: cannot be written ({error.strerror or error}); make room, or set STATE_DIR to a folder this "
                "user may write to"
            ) from error
        return path

    def read(self, kind: Kind, symbol: str, day: date) -> Any:
        path = self.path(kind, symbol, day)
        try:
            return parquet.ParquetFile(path).read()
        except (pa.ArrowException, OSError) as error:
            raise damaged(path, error) from error

    def origin(self, kind: Kind, symbol: str, day: date) -> Origin:
        """Without reading the rows."""
        path = self.path(kind, symbol, day)
        try:
            said = parquet.read_schema(path).metadata or {}
            about = json.loads(said[_ORIGIN])
            return Origin(**about | {"written_at": datetime.fromisoformat(about["written_at"])})
        except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
            raise damaged(path, error) from error


def days_in(folder: Path, first: date | None = None, last: date | None = None) -> list[date]:
    """The days that name the files of a folder, those from `first` to `last` alone; other files are no days."""
    named = [_day_of(path) for path in folder.glob("*.parquet")] if folder.is_dir() else []
    return sorted(
        day for day in named if day is not None and (first is None or first <= day) and (last is None or day <= last)
    )


def damaged(path: Path, error: Exception) -> DamagedDay:
    why = "it does not say where it came from" if isinstance(error, KeyError) else str(error)[:120]
    return DamagedDay(f"{path}: this day is damaged ({why}); remove the file, and download or import the day again")


def _day_of(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.stem) if len(path.stem) == len("2026-01-05") else None
    except ValueError:
        return None


def _as_name(symbol: str) -> str:
    """A symbol as the name of a folder, whatever stands in it; `BRK B` stays as it is."""
    name = quote(symbol, safe=" ")
    return name.replace(".", "%2E") if name.startswith(".") else name
