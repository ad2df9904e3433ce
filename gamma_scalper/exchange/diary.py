"""What an exchange was told, written down before it does it, so that it goes on after any end of its process.

The newest snapshot and the instructions since make the same exchange again, since nothing else moves it but time.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.engine import Engine, Instruction
from gamma_scalper.exchange.events import Event
from gamma_scalper.exchange.market import Market
from gamma_scalper.exchange.memory import NotThisMarket, instruction, written
from gamma_scalper.exchange.parameters import ExchangeParameters
from gamma_scalper.exchange.tickets import LookAway

_EVERY = timedelta(minutes=10)  # a snapshot, so that little has to be done again
_TABLES = """
create table if not exists snapshot (one integer primary key check (one = 1), at text not null, state text not null);
create table if not exists instruction (
    seq integer primary key, at text not null, kind text not null, payload text not null
);
"""


class KeptEngine(Engine):
    """An engine with a diary."""

    diary: "Diary | None" = None

    def on(self, event: Instruction, now: datetime) -> list[Event]:
        if self.diary is None:
            return super().on(event, now)
        if not isinstance(event, Quote):
            self.diary.note(self, event, now)
        return self._kept(super().on(event, now))

    def step(self, now: datetime) -> tuple[list[Event], bool]:
        events, more = super().step(now)
        return self._kept(events), more

    def _kept(self, events: list[Event]) -> list[Event]:
        """Quotes from outside can't be had again, so what they led to is kept whole and at once."""
        if self.diary is not None and self.floor.push is not None and any(type(each) is not Quote for each in events):
            self.diary.keep(self)
        return events


class Diary:
    """One file, `exchange.db`. What was noted outlives the process; a power cut may cost the last moments."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept_at: datetime | None = None
        with self._damages():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, isolation_level=None)
            self._file.execute("pragma journal_mode = wal")
            self._file.execute("pragma synchronous = normal")
            self._file.executescript(_TABLES)

    @property
    def market(self) -> str:
        """The name of the market that was kept; empty: none was yet."""
        with self._damages():
            kept = self._file.execute("select state from snapshot").fetchone()
            return "" if kept is None else str(json.loads(kept[0])["market"])

    def note(self, engine: Engine, event: Instruction, now: datetime) -> None:
        """Before it is done. Now and then the whole exchange, as it is before that."""
        if self._kept_at is None or now - self._kept_at >= _EVERY:
            self.keep(engine)
        with self._damages():
            self._file.execute(
                "insert into instruction (at, kind, payload) values (?, ?, ?)",
                (now.isoformat(), type(event).__name__, json.dumps(written(event))),
            )

    def keep(self, engine: Engine) -> None:
        """A snapshot, in place of all that led to it."""
        self._kept_at = engine.now
        with self._damages():
            self._file.execute("begin")
            self._file.execute("delete from instruction")
            self._file.execute(
                "insert or replace into snapshot values (1, ?, ?)", (engine.now.isoformat(), engine.snapshot())
            )
            self._file.execute("commit")

    def restored(
        self, market: Market, parameters: ExchangeParameters, seed: int, until: datetime | None = None
    ) -> KeptEngine:
        """The exchange as it was, brought on to `until`, with nobody looking."""
        try:
            with self._damages():
                (kept,) = self._file.execute("select state from snapshot").fetchone()
                engine = KeptEngine.restore(kept, market, parameters=parameters, seed=seed)
        except NotThisMarket as error:
            raise UserError(
                f"{self._path} is {error}; go on with that one, or set STATE_DIR to another folder for another market"
            ) from error
        with self._damages():
            for at, event in self._instructions():
                engine.on(event, at)
        _go_on(engine, until)
        engine.diary = self
        return engine

    def _instructions(self) -> Iterator[tuple[datetime, Instruction]]:
        for at, kind, payload in self._file.execute("select at, kind, payload from instruction order by seq"):
            yield utc(datetime.fromisoformat(at)), instruction(kind, json.loads(payload))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _damages(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, LookupError, ValueError, TypeError, AttributeError) as error:
            if isinstance(error, NotThisMarket):
                raise
            raise UserError(
                f"{self._path}, the paper account and its market, can't be read or written: {error}; keep it if you "
                "want to know why, and set STATE_DIR to another folder to begin anew",
                ExitCode.JOURNAL_DAMAGED,
            ) from error


def _go_on(engine: Engine, until: datetime | None) -> None:
    for con_id, lookers in list(engine.floor.looked.items()):
        for _ in range(lookers):
            engine.on(LookAway(con_id), engine.now)  # whoever looked is gone
    more = until is not None and until > engine.now
    while more:
        assert until is not None
        _, more = engine.step(until)
