"""What is wrong with stored days: minutes without a row, bad rows, quotes that stood still, days that are missing."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from attrs import frozen

from gamma_scalper.backtest.history.store import DamagedDay, HistoryStore, Kind
from gamma_scalper.domain.sessions import Session
from gamma_scalper.exchange.replay import trading_hours
from gamma_scalper.exchange.replay.arrays import Flags, Real, Whole
from gamma_scalper.exchange.replay.hours import nanoseconds

LONGEST_STAND_MIN = 15  # that the underlying's quote may stay the same in an open market

_MOST_TOLD = 3  # gaps
_MINUTE_NS = 60_000_000_000


@frozen
class Gap:
    """Minutes of a session in which no row came into force."""

    begins: datetime
    minutes: int

    def __str__(self) -> str:
        return f"{self.minutes} min from {self.begins:%H:%M} UTC"


@frozen(kw_only=True)
class Inspected:
    """One stored day. What counts as wrong is of the underlying, or can't be so at all."""

    kind: Kind
    symbol: str
    day: date
    rows: int = 0
    contracts: int = 0
    gaps: tuple[Gap, ...] = ()  # of the underlying
    stood_min: int = 0  # longest that its quote did not change
    one_sided: int = 0  # of its rows within the session
    crossed: int = 0  # rows of any contract
    impossible: int = 0  # bars whose low is above what they opened at, and the like
    options_one_sided: int = 0  # usual far from the money: told, and no fault
    damage: str = ""  # why it can't be read

    @property
    def missing_min(self) -> int:
        return sum(gap.minutes for gap in self.gaps)

    @property
    def faults(self) -> tuple[str, ...]:
        found = (
            (self.damage, self.damage),
            (not self.rows and not self.damage, "no rows"),
            (self.missing_min, f"no row for {_told(self.gaps)}"),
            (self.crossed, f"{self.crossed} rows crossed"),
            (self.one_sided, f"{self.one_sided} rows of the underlying lack a side"),
            (self.impossible, f"{self.impossible} bars can't be"),
            (self.stood_min > LONGEST_STAND_MIN, f"the underlying stood still for {self.stood_min} minutes"),
        )
        return tuple(said for wrong, said in found if wrong)


def _told(gaps: Sequence[Gap]) -> str:
    more = sum(gap.minutes for gap in gaps[_MOST_TOLD:])
    return ", ".join(map(str, gaps[:_MOST_TOLD])) + (f", and {more} min more" if more else "")


def inspect(store: HistoryStore, kind: Kind, symbol: str, day: date) -> Inspected:
    try:
        table = store.read(kind, symbol, day)
        return inspect_table(kind, symbol, day, table)
    except DamagedDay as error:
        return Inspected(kind=kind, symbol=symbol, day=day, damage=str(error))


def inspect_table(kind: Kind, symbol: str, day: date, table: Any) -> Inspected:
    """Rows in order of time, as the store has them."""
    time = np.array(table["time"].cast("int64"), np.int64)
    shares = _flags(table["expiry"].is_null())
    sessions = sessions_on(day)
    within = _within(time, sessions) & shares
    told: dict[str, Any] = {"rows": len(time), "contracts": _contracts(table)}
    told["gaps"] = tuple(_gaps(time[within], sessions))
    if kind == "bars":
        told["impossible"] = int(_impossible(table).sum())
    else:
        bid, ask = _real(table["bid"]), _real(table["ask"])
        lacks = np.isnan(bid) | np.isnan(ask)
        told |= {
            "crossed": int((bid > ask).sum()),
            "one_sided": int((lacks & within).sum()),
            "options_one_sided": int((lacks & ~shares).sum()),
            "stood_min": _stood_min(time[within], bid[within], ask[within]),
        }
    return Inspected(kind=kind, symbol=symbol, day=day, **told)


def first_price(kind: Kind, table: Any) -> float | None:
    """Of the underlying, on that day."""
    shares = table.filter(table["expiry"].is_null())
    prices = _real(shares["close"]) if kind == "bars" else (_real(shares["bid"]) + _real(shares["ask"])) / 2
    known = prices[~np.isnan(prices)]
    return float(known[0]) if len(known) else None


def missing_days(days: Sequence[date]) -> list[date]:
    """Sessions of the calendar between the first and the last of them."""
    return [] if not days else [day for day in session_days(days[0], days[-1]) if day not in set(days)]


def session_days(first: date, last: date) -> list[date]:
    """On which shares are traded."""
    return [day for n in range((last - first).days + 1) if sessions_on(day := first + timedelta(days=n))]


def sessions_on(day: date) -> tuple[Session, ...]:
    """Of shares; whole years are asked for, since a calendar takes a while to make."""
    return trading_hours(date(day.year, 1, 1), date(day.year, 12, 31)).shares.on(day)


def _within(time: Whole, sessions: Sequence[Session]) -> Flags:
    """After the open and up to the close: a bar is known when it is over."""
    found = np.zeros(len(time), np.bool_)
    for session in sessions:
        found |= (nanoseconds(session.opens) < time) & (time <= nanoseconds(session.closes))
    return found


def _gaps(time: Whole, sessions: Sequence[Session]) -> Iterator[Gap]:
    for session in sessions:
        opens = nanoseconds(session.opens)
        minutes = (nanoseconds(session.closes) - opens) // _MINUTE_NS
        seen = np.zeros(minutes, np.bool_)
        number = -(-(time - opens) // _MINUTE_NS) - 1
        seen[number[(number >= 0) & (number < minutes)]] = True
        edges = np.flatnonzero(np.diff(np.concatenate([[True], seen, [True]]).astype(np.int8))).tolist()
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            yield Gap(session.opens + timedelta(minutes=begin), end - begin)


def _stood_min(time: Whole, bid: Real, ask: Real) -> int:
    """Whole minutes of the longest run of rows that say the same."""
    if not len(time):
        return 0
    moved = np.flatnonzero((np.diff(bid) != 0) | (np.diff(ask) != 0)) + 1
    begins = np.concatenate([[0], moved])
    ends = np.concatenate([moved, [len(time) - 1]])
    return int((time[ends] - time[begins]).max() // _MINUTE_NS)


def _impossible(table: Any) -> Flags:
    opened, high, low, close = (_real(table[name]) for name in ("open", "high", "low", "close"))
    return (low > np.minimum(opened, close)) | (high < np.maximum(opened, close)) | (low <= 0)


def _contracts(table: Any) -> int:
    names = table.select(["expiry", "strike", "right", "multiplier", "exercise", "settlement"])
    return int(names.group_by(names.column_names).aggregate([]).num_rows)


def _real(column: Any) -> Real:
    return np.array(column.to_numpy(), np.float64)


def _flags(column: Any) -> Flags:
    return np.array(column.to_numpy(), np.bool_)
