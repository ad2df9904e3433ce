"""What a process has gathered by the end of a day, and whether that becomes more from day to day."""

import gc
import sqlite3
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

_OURS, _THEIRS = "gamma_scalper.", ("gamma_scalper.exchange.", "gamma_scalper.gateway.")
_COLLECTIONS = (dict, list, set, frozenset, tuple, deque)
_LEAST = 20.0  # things or bytes more over all the days that are looked at: a busier week brings as many
_PART = 0.1  # nor is such a part of what there is
_FEWEST_DAYS = 4  # that say something about growth
_HOURS = "trading hours that a broker told are remembered, the newest 256 of them"
_NOTES = "the judge's notes: every order of the exchange, with its price and its bills, is kept to the end"
MAY_GROW = {  # and why
    "broker.ib.orders.Orders._refs": "that an order was sent is never forgotten, so that none is sent twice",
    "pipeline.listening.Listening._owners": "whose execution it was is known of the newest thousands, for their bills",
    "domain.sessions.Session": _HOURS,
    "domain.sessions.Sessions.sessions": _HOURS,
    "domain.sessions.Sessions._opens": _HOURS,
    "domain.sessions.Sessions._known": _HOURS,
    "domain.orders.Limit": f"{_NOTES}; what a desk keeps leaves it after seven days",
    "domain.ports.OrderReport": "what the broker listed last of one day's orders; a busier day has more",
    "domain.fees.Bill": _NOTES,
    "domain.fees.Fees": _NOTES,
}
FILES = ("journal.db", "journal.db-wal", "inbox.db")


@frozen(kw_only=True)
class Reading:
    """One day's."""

    day: int
    life: int  # which process it is
    rss_bytes: int
    objects: Mapping[str, int]  # Type -> how many of ours live, the exchange's and the gateway's excepted
    entries: Mapping[str, int]  # Type.attribute -> how much is in these collections, in all that live
    theirs: int  # objects of the exchange and the gateway, which live in the same process here
    files: Mapping[str, int]  # name -> bytes
    rows: int  # of the journal, since its beginning
    cpu_s: float = 0.0  # that the day took

    @property
    def counted(self) -> int:
        return sum(self.objects.values())

    @property
    def journal_bytes(self) -> int:
        return self.files["journal.db"]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read(folder: Path, day: int, life: int, cpu_s: float) -> Reading:
    """Of this process, and of the files in the folder."""
    gc.collect()
    objects, entries, theirs = _living()
    return Reading(
        day=day,
        life=life,
        rss_bytes=_rss(),
        objects=objects,
        entries=entries,
        theirs=theirs,
        files=_files(folder),
        rows=_rows(folder / "journal.db"),
        cpu_s=round(cpu_s, 2),
    )


def _living() -> tuple[Counter[str], Counter[str], int]:
    objects, entries, theirs = Counter[str](), Counter[str](), 0
    for each in gc.get_objects():
        kind = type(each)
        module = kind.__module__
        if not isinstance(module, str) or not module.startswith(_OURS):
            continue
        if module.startswith(_THEIRS):
            theirs += 1
            continue
        name = f"{module.removeprefix(_OURS)}.{kind.__name__}"
        objects[name] += 1
        for attribute, held in _attributes(each):
            if isinstance(held, _COLLECTIONS):
                entries[f"{name}.{attribute}"] += len(held)
    return objects, entries, theirs


def _attributes(each: object) -> Iterator[tuple[str, object]]:
    """Without asking the object: a property could do anything."""
    yield from list(getattr(each, "__dict__", {}).items())
    for kind in type(each).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in kind.__dict__ and name not in ("__dict__", "__weakref__"):
                try:
                    yield name, kind.__dict__[name].__get__(each)
                except AttributeError:  # not set
                    continue


def _rss() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise LookupError("/proc/self/status tells no VmRSS")


def _files(folder: Path) -> Mapping[str, int]:
    """By name; what else lies there (the day's contracts) as `day cache`."""
    sizes = {name: (folder / name).stat().st_size if (folder / name).exists() else 0 for name in FILES}
    rest = [
        each for each in folder.iterdir() if each.is_file() and not each.name.startswith(("journal.db", "inbox.db"))
    ]
    return {**sizes, "day cache": sum(each.stat().st_size for each in rest), "files": len(list(folder.iterdir()))}


def _rows(journal: Path) -> int:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT max(seq) FROM event").fetchone()[0] or 0)


# -- growth ------------------------------------------------------------------------------------------------------------


@frozen(order=True)
class Growth:
    """So much more of it each day, by a line through the days that were looked at."""

    a_day: float
    what: str
    level: float  # how much there is, on average

    @property
    def reason(self) -> str:
        """Why it may; empty: it may not."""
        return MAY_GROW.get(self.what, "")


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line that lies nearest, by least squares."""
    x_mean, y_mean = (sum(each) / len(points) for each in zip(*points, strict=True))
    spread = sum((x - x_mean) ** 2 for x, _ in points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / spread if spread else 0.0


def settled(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The days of the second half in which one process lived, the last one; its first day it fills itself."""
    if not readings:
        return ()
    half = [each for each in readings if each.day > readings[-1].day / 2 and each.life == readings[-1].life]
    first = min(each.day for each in readings if each.life == readings[-1].life)
    found = [each for each in half if each.day > first]
    return found if len(found) >= _FEWEST_DAYS else ()


def growths(readings: Sequence[Reading]) -> Sequence[Growth]:
    """What becomes more in memory and on the disk, the fastest first; none: it is flat."""
    found = []
    for what, counts in _series(readings):
        a_day = slope([(each.day, count) for each, count in zip(readings, counts, strict=True)])
        level = sum(counts) / len(counts)
        if a_day * len(readings) > max(_LEAST, _PART * level):
            found.append(Growth(a_day, what, level))
    return sorted(found, reverse=True)


def _series(readings: Sequence[Reading]) -> Iterator[tuple[str, Sequence[int]]]:
    for of in ("objects", "entries", "files"):
        for name in dict.fromkeys(name for each in readings for name in getattr(each, of)):
            if name != "journal.db":  # from which nothing is ever taken; what it grows by is told
                yield name, [getattr(each, of).get(name, 0) for each in readings]
