"""What decides a backtest besides its settings, in a few characters: code, libraries, the market's files."""

import hashlib
import os
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from gamma_scalper.exchange.specs import FILES

_PACKAGE = Path(__file__).parents[2]
# They only show, or only talk to people and brokers: a change there leaves every result as it was.
_SHOWING = (
    "cli.py",
    "commands/",
    "dashboard/",
    "gateway/",
    "broker/ib/",
    "reports/backtest/",
    "reports/sweep/",
    "reports/panel",
)
_LIBRARIES = ("numpy", "numba", "QuantLib", "exchange_calendars", "tzdata")
_LENGTH = 12
_PARAMETERS = re.compile(r",\s*[a-z_]+\s*=")


def digest_of(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_LENGTH]


@cache
def code_fingerprint() -> str:
    """The same on two machines when they would compute the same."""
    files = ((path.relative_to(_PACKAGE).as_posix(), path) for path in _PACKAGE.rglob("*.py"))
    deciding = sorted((name, path) for name, path in files if not name.startswith(_SHOWING))
    lines = [f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for name, path in deciding]
    lines += [f"{name} {version(name)}" for name in _LIBRARIES]
    return digest_of([*lines, f"python {sys.version_info.major}.{sys.version_info.minor}"])


def market_fingerprint(spec: str) -> str:
    """Of the file or folder a market is read from; "" for a generated one."""
    kind, _, text = spec.strip().partition(":")
    written = _PARAMETERS.split(text, maxsplit=1)[0].strip()
    path = Path(written or (os.environ.get("LEAN_DATA", "") if kind == "lean" else ""))
    return file_fingerprint(path) if kind in FILES and path.exists() else ""


def file_fingerprint(path: Path) -> str:
    """By name, size and time of last change, of a file or of all below a folder: large ones are not read for it."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(each.relative_to(path.parent).as_posix(), each.stat()) for each in files if each.is_file()]
    return digest_of(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)
