"""A file of comma-separated lines as columns of text; a line with the wrong number of fields is told by its number."""

from typing import Any

import numpy as np
import pyarrow as pa
from attrs import frozen
from pyarrow import csv

from gamma_scalper.exchange.replay.arrays import Whole

_LARGEST_BLOCK = 1 << 28


@frozen(eq=False)
class Lines:
    """The lines that have all their fields, and the others."""

    columns: dict[str, Any]  # name -> text
    line: Whole  # number in the file of each row, from 1
    misshapen: tuple[tuple[int, int, str], ...]  # line, fields found, text


def split(data: bytes, names: list[str], first_line: int = 1) -> Lines:
    """Quotation marks have no meaning, so that a line of the file is always a row."""
    data = plain(data)
    if not data:
        return Lines({name: pa.array([], pa.string()) for name in names}, np.empty(0, np.int64), ())
    misshapen: list[tuple[int, int, str]] = []

    def note(row: Any) -> str:
        misshapen.append((row.number, row.actual_columns, row.text))
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(use_threads=False, column_names=names, block_size=min(len(data) + 1, _LARGEST_BLOCK)),
        csv.ParseOptions(quote_char=False, ignore_empty_lines=False, invalid_row_handler=note),
        csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )
    line = np.arange(1, len(table) + len(misshapen) + 1, dtype=np.int64)
    line = np.delete(line, [number - 1 for number, _, _ in misshapen]) + (first_line - 1)
    columns = {name: table[name].combine_chunks() for name in names}
    return Lines(columns, line, tuple((number + first_line - 1, found, text) for number, found, text in misshapen))


def plain(data: bytes) -> bytes:
    """Only a newline ends a line, and all is UTF-8; what can't be stays in and is found unreadable."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"?").rstrip(b"\n")
    return data.decode("utf-8", errors="replace").encode() if data else data
