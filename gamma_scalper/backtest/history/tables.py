"""A tape as the tables of its days: the columns of docs/formats.md, so that a stored day is a market file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from attrs import frozen

from gamma_scalper.domain.instruments import Index, Option
from gamma_scalper.exchange.market import Listed
from gamma_scalper.exchange.replay import Columns, Tape
from gamma_scalper.exchange.replay.arrays import Whole
from gamma_scalper.exchange.replay.hours import new_york_day, new_york_midnight

_TEXT = pa.dictionary(pa.int32(), pa.string())
_NAMING = (
    ("symbol", _TEXT), ("expiry", pa.date32()), ("strike", _TEXT), ("right", _TEXT), ("multiplier", pa.int32()),
    ("exercise", _TEXT), ("settlement", _TEXT), ("kind", _TEXT),
)  # fmt: skip
NOT_KEPT = "open interest told after the contract's last quote"
OUTDONE = "open interest told again before the next quote"


@frozen(eq=False)
class DayTable:
    """One symbol's quotes of one New York day, those of its options among them."""

    symbol: str
    day: date
    table: Any
    contracts: int


@frozen(eq=False)
class Tables:
    """A whole tape, and what became of its figures of open interest."""

    days: tuple[DayTable, ...]
    interest_used: int
    interest_left: Counter[str]  # reason -> figures


def tables_of(tape: Tape) -> Tables:
    """By symbol and day; each in order of time."""
    contracts = list(tape.contracts.values())
    columns = Columns.joined([tape.quotes[contract.con_id] for contract in contracts])
    owner = np.repeat(np.arange(len(contracts)), [len(tape.quotes[each.con_id].time) for each in contracts])
    interest, used, left = _interest(tape, contracts)
    days: list[DayTable] = []
    for symbol in sorted({contract.symbol for contract in contracts}):
        of_symbol = np.array([contract.symbol == symbol for contract in contracts])
        rows = np.flatnonzero(of_symbol[owner])
        rows = rows[np.argsort(columns.time[rows], kind="stable")]
        for day, begin, end in _spans(columns.time[rows]):
            part = rows[begin:end]
            table = quote_table(contracts, owner[part], columns.at(part), interest[part])
            days.append(DayTable(symbol, day, table, len(np.unique(owner[part]))))
    return Tables(tuple(days), used, left)


def quote_table(contracts: Sequence[Listed], owner: Whole, columns: Columns, interest: Whole | None = None) -> Any:
    """`owner` says which contract each row is of; an open interest below 0 is none."""
    named = name_columns(contracts, owner)
    figures = np.full(len(owner), -1) if interest is None else interest
    return pa.table(
        {
            "time": pa.array(columns.time, pa.timestamp("ns", "UTC")),
            **{name: named[name] for name in ("symbol", "expiry", "strike", "right")},
            "bid": _or_null(columns.bid),
            "ask": _or_null(columns.ask),
            "bid_size": pa.array(columns.bid_size),
            "ask_size": pa.array(columns.ask_size),
            "last": _or_null(columns.last),
            **{name: named[name] for name in ("multiplier", "exercise", "settlement", "kind")},
            "open_interest": pa.array(figures, pa.int64(), mask=figures < 0),
        }
    )


def name_columns(contracts: Sequence[Listed], owner: Whole) -> dict[str, Any]:
    """The columns that name a contract, row by row."""
    naming = [_naming(contract) for contract in contracts]
    rows = pa.array(owner)
    named = {}
    for name, kind in _NAMING:
        values = pa.array([each[name] for each in naming], pa.string() if kind is _TEXT else kind)
        named[name] = (values.dictionary_encode() if kind is _TEXT else values).take(rows)
    return named


def _naming(contract: Listed) -> dict[str, object]:
    if isinstance(contract, Option):
        return {
            "symbol": contract.symbol, "expiry": contract.expiry, "strike": f"{contract.strike:f}",
            "right": contract.right, "multiplier": contract.multiplier, "exercise": contract.exercise,
            "settlement": contract.settlement, "kind": None,
        }  # fmt: skip
    nothing = dict.fromkeys(name for name, _ in _NAMING)
    return nothing | {"symbol": contract.symbol, "kind": "index" if isinstance(contract, Index) else "stock"}


def _interest(tape: Tape, contracts: Sequence[Listed]) -> tuple[Whole, int, Counter[str]]:
    """Each figure goes to the contract's next quote, from when on it is known; -1 elsewhere."""
    parts, told, kept = [], 0, 0
    left: Counter[str] = Counter()
    for contract in contracts:
        times = tape.quotes[contract.con_id].time
        part = np.full(len(times), -1, np.int64)
        figures = tape.open_interest.get(contract.con_id)
        if figures is not None:
            row = np.searchsorted(times, figures.time)
            found = row < len(times)
            part[row[found]] = figures.contracts[found]
            told += len(row)
            kept += int((part >= 0).sum())
            left[NOT_KEPT] += int((~found).sum())
        parts.append(part)
    left[OUTDONE] = told - kept - left[NOT_KEPT]
    return np.concatenate(parts), kept, +left


def _spans(time: Whole) -> Iterator[tuple[date, int, int]]:
    """The days of rows that are in order, and which rows are of each."""
    begin = 0
    while begin < len(time):
        day = new_york_day(int(time[begin]))
        end = int(np.searchsorted(time, new_york_midnight(day + timedelta(days=1))))
        yield day, begin, end
        begin = end


def _or_null(column: Any) -> Any:
    return pa.array(column, pa.float64(), mask=np.isnan(column))
