"""Where fault schedules come from: a TOML file, or a seed; and how one is written down, to be kept and shrunk."""

import difflib
import math
import re
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import numpy as np
from attrs import frozen

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.faults import ABOUT, YEARS, Fault, FaultSchedule, Kind

NEW_YORK = ZoneInfo("America/New_York")
KEYS = ("at", "kind", "target", "duration_s", "amount")
_LARGEST = 1e300
_LATEST_S = 10 * 366 * 86_400
_AT = (
    "a time with its offset (2026-01-05T15:00:00Z), a New York time of the market's first day (10:00:00), "
    "or seconds after the market's start"
)
_HEADER = re.compile(r"\s*\[\[\s*(fault|\"fault\"|'fault')\s*\]\]")


# -- from a seed -------------------------------------------------------------------------------------------------------


def draw(
    seed: int,
    begin: datetime,
    end: datetime,
    *,
    per_hour: float | Mapping[Kind, float],
    targets: Mapping[Kind, Sequence[str]] | None = None,
) -> FaultSchedule:
    """Faults at random, each kind from a stream of its own: leaving one out moves no other.

    One rate is that of all kinds together, less those that need a target and have none in `targets`.
    """
    targets = targets or {}
    begin, hours = utc(begin), (utc(end) - utc(begin)) / timedelta(hours=1)
    rates = _rates(per_hour, targets)
    if hours < 0 or not all(math.isfinite(rate) and rate >= 0 for rate in rates.values()):
        raise ValueError(f"faults from {begin} to {end}, {per_hour} an hour: no such span, or no such rate")
    return FaultSchedule(
        fault for kind, rate in rates.items() for fault in _drawn(seed, kind, begin, hours, rate, targets.get(kind, ()))
    )


def _rates(per_hour: float | Mapping[Kind, float], targets: Mapping[Kind, Sequence[str]]) -> dict[Kind, float]:
    """kind -> how many an hour."""
    able = [kind for kind in Kind if targets.get(kind) or not ABOUT[kind].needs_target]
    if not isinstance(per_hour, Mapping):
        return dict.fromkeys(able, per_hour / len(able))
    for kind in per_hour:
        if kind not in able:
            raise ValueError(f"{kind} needs a target; name some in targets")
    return {kind: per_hour[kind] for kind in able if kind in per_hour}


def _drawn(seed: int, kind: Kind, begin: datetime, hours: float, rate: float, names: Sequence[str]) -> Iterator[Fault]:
    about = ABOUT[kind]
    chance = np.random.Generator(np.random.PCG64([seed & (1 << 64) - 1, zlib.crc32(kind.value.encode())]))
    for _ in range(int(chance.poisson(rate * hours))):
        after, name, lasts, much = chance.random(4).tolist()
        low, high = about.lasts
        amount = 0.0
        if about.amount is not None:
            amount = about.amount.low + much * (about.amount.high - about.amount.low)
            amount = round(amount, 0 if about.amount.whole else 2)
            amount = amount if about.amount.permits(amount) else about.amount.high
        yield Fault(
            begin + timedelta(milliseconds=math.floor(after * hours * 3_600_000)),
            kind,
            names[int(name * len(names))] if names else "",
            round(low * (high / low) ** lasts, 3) if low else 0.0,
            amount,
        )


# -- as a file ---------------------------------------------------------------------------------------------------------


def write_faults(schedule: FaultSchedule) -> str:
    """TOML that reads back as the same schedule."""
    return "\n".join(_written(fault) for fault in schedule.faults)


def _written(fault: Fault) -> str:
    lines = ["[[fault]]", f"at = {fault.at.isoformat()}", f'kind = "{fault.kind}"']
    lines += [f'target = "{fault.target}"'] if fault.target else []
    lines += [f"duration_s = {fault.duration_s!r}"] if fault.duration_s else []
    lines += [f"amount = {fault.amount!r}"] if fault.amount else []
    return "\n".join(lines) + "\n"


def read_faults(path: Path, market_start: datetime) -> FaultSchedule:
    """The schedule in a file; the first mistake is told in one line."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, a number of 5,000 digits, tables 1,000 deep
        raise UserError(f"{path}: not valid TOML: {error}") from error
    lines = text.splitlines()
    for key in tables:
        if key != "fault":
            hint = "did you mean [[fault]]? " if difflib.get_close_matches(key.lower(), ["fault"]) else ""
            raise UserError(f"{path}{_line(lines, key)}: unknown {_shown(key)}; {hint}allowed: [[fault]] tables only")
    given = tables.get("fault", [])
    if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
        raise UserError(f"{path}{_line(lines, 'fault')}: fault = {_shown(given)}; allowed: [[fault]] tables only")
    places = _places(lines, len(given))
    start = utc(market_start)
    return FaultSchedule(
        _Table(path, lines, place, table).fault(start) for place, table in zip(places, given, strict=True)
    )


@frozen
class _Table:
    """One [[fault]] as it was written, and where."""

    path: Path
    lines: Sequence[str]
    place: range  # of its lines
    given: Mapping[str, Any]

    def fault(self, start: datetime) -> Fault:
        for key in self.given:
            if key not in KEYS:
                self.refuse(key, f"unknown key {_shown(key)}{_nearest(key, KEYS)}", ", ".join(KEYS))
        at, kind = self.at(start), self.kind()
        target = self.given.get("target", "")
        if type(target) is int:
            target = str(target)
        if not isinstance(target, str):
            self.wrong("target", "text in quotes, or a conId")
        duration_s, amount = self.number("duration_s"), self.number("amount")
        mistake = ABOUT[kind].mistake(target, duration_s, amount)
        if mistake is not None:
            field, _, allowed = mistake
            self.wrong(field, f"{allowed} for {kind}")
        return Fault(at, kind, target, duration_s, amount)

    def kind(self) -> Kind:
        found, names = self.given.get("kind"), [kind.value for kind in Kind]
        if found not in names:
            hint = _nearest(found, names) if isinstance(found, str) else ""
            self.wrong("kind", ", ".join(names), hint)
        return Kind(found)

    def at(self, start: datetime) -> datetime:
        found = self.given.get("at")
        if isinstance(found, datetime):
            moment = found if found.tzinfo is not None else None
        elif isinstance(found, time):
            moment = datetime.combine(start.astimezone(NEW_YORK).date(), found, NEW_YORK)
        elif isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found <= _LATEST_S:
            moment = start + timedelta(seconds=found)
        else:
            moment = None
        if moment is None or moment.year not in YEARS[1:-1]:
            self.wrong("at", _AT)
        return utc(moment)

    def number(self, key: str) -> float:
        found = self.given.get(key, 0)
        if type(found) not in (int, float) or not abs(found) <= _LARGEST:
            self.wrong(key, "a number")
        return float(found)

    def wrong(self, key: str, allowed: str, hint: str = "") -> NoReturn:
        what = f"{key} = {_shown(self.given[key])} is not allowed" if key in self.given else f"{key} is missing"
        self.refuse(key, what + hint, allowed)

    def refuse(self, key: str, what: str, allowed: str) -> NoReturn:
        lines = [self.lines[number] for number in self.place]
        line = _line(lines, key, self.place.start) if key in self.given else f", line {self.place.start + 1}"
        raise UserError(f"{self.path}{line or f', line {self.place.start + 1}'}: {what}; allowed: {allowed}")


def _places(lines: Sequence[str], tables: int) -> list[range]:
    """The lines of each [[fault]]; all of the file for each, where they are written in some other way."""
    starts = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    if len(starts) != tables:
        return [range(len(lines))] * tables
    return [range(start, end) for start, end in zip(starts, [*starts, len(lines)][1:], strict=True)]


def _line(lines: Iterable[str], key: str, first: int = 0) -> str:
    """Where a key, or a table of this name, is first written."""
    written = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[\].=]")
    return next((f", line {number + 1}" for number, line in enumerate(lines, first) if written.match(line)), "")


def _nearest(name: str, known: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _shown(value: object) -> str:
    """At most 80 characters of it, as it is written in TOML where that is short."""
    shown = str(value) if isinstance(value, datetime | time) else repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]} ..."
