"""What the journal says we own and have asked for: a fold over its rows, from a snapshot on where there is one."""

import copyreg
import enum
import gc
import io
import pickle
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, cast, get_args

from attrs import astuple, field, frozen
from immutables import Map
from loguru import logger

from gamma_scalper.domain.entries import BaselineDeclared, CommandTaken, DeskEntry, SessionBegan
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.domain.strategy_entries import Attributed, Noted
from gamma_scalper.journal.chain import Row
from gamma_scalper.pipeline.caretaker import trading_day
from gamma_scalper.portfolio.attribution import NO_EARNINGS, Earnings, counted
from gamma_scalper.portfolio.desk import Desk, desk, opened
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.order_table import IllegalTransition
from gamma_scalper.risk.governance import Governance, govern

_DESK_ENTRIES = frozenset(kind for choice in get_args(DeskEntry) for kind in (get_args(choice) or (choice,)))
_PACKAGE = Path(__file__).parent
_ROOMS = ("domain", "portfolio", "risk")  # whose code makes the state
_SNAPSHOT_EVERY = 30_000  # rows folded since the last one


Asked = tuple[int, datetime | None]  # a command's number, and when it was asked for


@frozen
class Remembered:
    """All that a restart needs to know."""

    seq: int = 0  # of the last row that is in it
    desks: Map[str, Desk] = field(factory=Map)  # book -> its desk
    governance: Governance = field(factory=Governance)
    baselines: Map[str, tuple[Holding, ...]] = field(factory=Map)  # book -> the user's own, as last declared
    commands: Map[Asked, str] = field(factory=Map)  # command of the inbox -> what came of it
    mode: str = ""  # paper or live: whose journal it is; empty: nobody's yet
    notes: Map[str, str] = field(factory=Map)  # book -> what its strategy noted last
    earned: Map[str, Earnings] = field(factory=Map)  # book -> where its profit came from so far

    def desk(self, book: str) -> Desk:
        return self.desks[book] if book in self.desks else opened(book, DeskParameters())


class Rows(Protocol):
    """A journal, or its reader."""

    def rows(self, after: int = 0) -> Iterable[Row]: ...


class Keeper(Rows, Protocol):
    """A journal that keeps snapshots beside its rows."""

    def snapshot(self, name: str) -> tuple[int, bytes] | None: ...

    def save_snapshot(self, name: str, payload: bytes, seq: int) -> None: ...


@contextmanager
def _uncollected() -> Iterator[None]:
    """While much is made of which nothing is garbage: looking for some among it takes longer than making it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def fold(rows: Iterable[Row], since: Remembered = Remembered()) -> Remembered:
    """The state after these rows; what the desks wanted done then was done, or is asked after by `Restarted`."""
    seq, governance = since.seq, since.governance
    desks, baselines, commands = dict(since.desks), dict(since.baselines), dict(since.commands)
    mode, notes, earned = since.mode, dict(since.notes), dict(since.earned)
    for row in rows:
        entry = row.entry
        seq, governance = row.seq, govern(governance, row.book, entry, row.at)
        if isinstance(entry, BaselineDeclared):
            baselines[row.book] = entry.holdings
        elif isinstance(entry, CommandTaken):
            commands[entry.number, entry.asked_at] = entry.outcome
        elif isinstance(entry, SessionBegan):
            mode = entry.mode
        elif isinstance(entry, Noted):
            notes[row.book] = entry.notes
        elif isinstance(entry, Attributed):
            earned[row.book] = counted(earned.get(row.book, NO_EARNINGS), entry, trading_day(entry.until))
        elif row.book and type(entry) in _DESK_ENTRIES:
            state = desks.get(row.book) or opened(row.book, DeskParameters())
            try:
                desks[row.book] = desk(state, cast(DeskEntry, entry), row.at)[0]
            except IllegalTransition as error:
                raise UserError(
                    f"row {row.seq} of the journal does not follow from those before it: {error}; "
                    "keep the journal and report this",
                    ExitCode.JOURNAL_DAMAGED,
                ) from error
    return Remembered(seq, Map(desks), governance, Map(baselines), Map(commands), mode, Map(notes), Map(earned))


def recover(journal: Keeper) -> Remembered:
    """From the newest snapshot that this very code made, else from the first row."""
    since = _kept(journal)
    found = fold(journal.rows(since.seq), since)
    if found.seq - since.seq >= _SNAPSHOT_EVERY:
        keep(journal, found)
    return found


@_uncollected()
def keep(journal: Keeper, state: Remembered) -> None:
    """A snapshot of this state, which all rows up to its own have made."""
    if state.seq:
        journal.save_snapshot(code_name(_PACKAGE), _written(astuple(state, recurse=False)), state.seq)


# -- snapshots ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def code_name(package: Path) -> str:
    """Names the code that makes a state of rows: any change of it folds the journal anew."""
    digest = sha256()
    files = [path for room in _ROOMS for path in sorted((package / room).rglob("*.py"))]
    for path in (*files, package / "journal" / "codec.py", package / "recovery.py"):
        digest.update(path.read_bytes())
    return f"house {digest.hexdigest()[:16]}"


def _written(state: tuple[Any, ...]) -> bytes:
    """Enums by their values: what Python writes down for one differs from version to version."""
    into = io.BytesIO()
    pickler = pickle.Pickler(into, protocol=5)
    pickler.dispatch_table = {**copyreg.dispatch_table, **dict.fromkeys(_below(enum.Enum), _by_value)}
    pickler.dump(state)
    return into.getvalue()


def _below(kind: type[enum.Enum]) -> Iterator[type[enum.Enum]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _by_value(member: enum.Enum) -> tuple[type[enum.Enum], tuple[Any]]:
    return type(member), (member.value,)


class _Restricted(pickle.Unpickler):
    """Makes the values a state is made of and calls nothing else: the file may have been in other hands."""

    _OTHERS: Mapping[str, frozenset[str]] = {
        "decimal": frozenset({"Decimal"}),
        "datetime": frozenset({"datetime", "date", "timedelta", "timezone"}),
        "immutables._map": frozenset({"Map"}),
        "immutables.map": frozenset({"Map"}),
        "builtins": frozenset({"frozenset"}),
    }

    def find_class(self, module: str, name: str) -> Any:
        if name in self._OTHERS.get(module, ()):
            return super().find_class(module, name)
        package, _, path = module.partition(".")
        if package == "gamma_scalper" and path.partition(".")[0] in _ROOMS and name.isidentifier():
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:  # made there, and not merely seen from there
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a state")


# What a pickle that was cut off, changed or made by somebody else may end in.
_UNREADABLE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)


@_uncollected()
def _kept(journal: Keeper) -> Remembered:
    """The state of the snapshot; where there is none, or none that can be read, nothing."""
    kept = journal.snapshot(code_name(_PACKAGE))
    if kept is None:
        return Remembered()
    seq, payload = kept
    try:
        state = Remembered(*_Restricted(io.BytesIO(payload)).load())
    except _UNREADABLE as error:
        logger.warning("the snapshot at row {} can't be read, the whole journal is: {}", seq, error)
        return Remembered()
    if state.seq != seq:
        logger.warning("the snapshot at row {} holds the state of row {}; it is ignored", seq, state.seq)
        return Remembered()
    return state
