"""Records to a file: JSON Lines and CSV with money as text, Parquet with money as decimals."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

import orjson

from gamma_scalper.domain.exits import UserError
from gamma_scalper.journal.records import COLUMNS, Record, Value

SCHEMA = "gamma_scalper.records/1"  # in every line of JSON, and in Parquet's own description
_GROUP = 10_000
_DIGITS = Decimal(1).scaleb(-12)


def to_jsonl(records: Iterable[Record], into: BinaryIO) -> None:
    """One object a line."""
    for record in records:
        into.write(orjson.dumps({"schema": SCHEMA} | record, default=str) + b"\n")


def to_csv(records: Iterable[Record], into: BinaryIO) -> None:
    """With a header; an empty cell is no value."""
    text = io.TextIOWrapper(into, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in record.items()} for record in records)
    text.detach()


def to_parquet(records: Iterable[Record], into: BinaryIO) -> None:
    """Decimals to twelve places, moments to the microsecond."""
    import pyarrow as pa  # takes a while to load, and nothing else here needs it
    import pyarrow.parquet as pq

    kinds = {
        str: pa.string(),
        int: pa.int64(),
        Decimal: pa.decimal128(38, 12),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    fields = [(name, kinds[kind]) for name, kind in COLUMNS.items()]
    schema = pa.schema(fields, metadata={"schema": SCHEMA})
    remaining = iter(records)
    with pq.ParquetWriter(into, schema) as writer:
        while group := list(islice(remaining, _GROUP)):
            rows = [{name: _exact(value) for name, value in record.items()} for record in group]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


FORMS: Mapping[str, Callable[[Iterable[Record], BinaryIO], None]] = {
    "jsonl": to_jsonl,
    "csv": to_csv,
    "parquet": to_parquet,
}


def export(records: Iterable[Record], form: str, into: BinaryIO) -> None:
    """Write them all in the named form."""
    if form not in FORMS:
        raise UserError(f"{form!r} is no form of export; allowed: {', '.join(FORMS)}")
    FORMS[form](records, into)


def _cell(value: Value) -> str | int | None:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value


def _exact(value: Value) -> Value:
    return value.quantize(_DIGITS) if isinstance(value, Decimal) else value
