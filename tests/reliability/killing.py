"""A trader is killed at random moments and started again while its gateway lives on; then its books are audited.

Everything here takes real time: trader and gateway are processes of their own.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Self

from attrs import frozen
from audit import Audit, audit
from trader_process import ACCOUNT, broker_at, contracts_of

from gamma_scalper.domain.entries import Dispatched
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.kernel import PacedClock, WallClock
from gamma_scalper.recovery import Remembered, fold

REPOSITORY = Path(__file__).parents[2]
CASH, MARKET = 1_000_000, "gbm:sigma=0.2"
LOOKING_UP = 18  # the client that asks for contracts before there is a trader
PATIENCE_S = 90.0  # with a process that should do something; a loaded machine is slow
LOOK_S, CLOSE_LOOK_S = 0.02, 0.001
MANNERS = ("start", "row", "row", "any", "any", "any")


class Fallen(Exception):
    """A process did what it should not: it ended, or nothing came of it.

    For the reader: the end of its log says why.
    """


@frozen
class Strike:
    """One kill, and what it struck."""

    number: int
    manner: str  # start: while it starts; row: as soon as the next row is durable; any: at any moment
    lived_s: float
    rows: int  # that it left in the journal
    last: str  # of them
    in_the_air: int  # orders of which nobody knew the end


@frozen
class Outcome:
    """What is left after all the kills, and what the audit says of it."""

    strikes: Sequence[Strike]
    exit_code: int
    audit: Audit

    @property
    def violations(self) -> Sequence[str]:
        ended = [] if self.exit_code == 0 else [f"the last life ended with exit code {self.exit_code}"]
        return [*ended, *self.audit.violations]


def campaign(folder: Path, kills: int, seed: int, told: Callable[[Strike], object] = lambda strike: None) -> Outcome:
    """So many lives that are killed, one that ends by itself, and the audit. The same seed draws the same moments."""
    with gateway(folder, seed) as (port, shift_s):
        asyncio.run(_look_up_contracts(folder, port, shift_s))
        scene = Scene(folder, port, shift_s, Random(seed))
        strikes = []
        try:
            for number in range(1, kills + 1):
                strikes.append(scene.strike(number))
                told(strikes[-1])
            code = scene.finish()
        finally:
            scene.close()
        return Outcome(strikes, code, asyncio.run(audit(folder / "journal.db", port, CASH)))


@contextmanager
def gateway(folder: Path, seed: int) -> Iterator[tuple[int, float]]:
    """The command, on a port of its own; and by how much its market's time is ahead of the wall clock's."""
    arguments = ["gateway", "--port", "0", "--json", "--market", MARKET, "--seed", str(seed), "--past", "0"]
    arguments += ["--account", ACCOUNT, "--cash", str(CASH)]
    with (folder / "gateway.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, REPOSITORY / "main.py", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=log
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise Fallen((folder / "gateway.log").read_text())
        told = json.loads(line)
        yield told["port"], (datetime.fromisoformat(told["begins"]) - datetime.now(UTC)).total_seconds()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


async def _look_up_contracts(folder: Path, port: int, shift_s: float) -> None:
    """Once, so that a life need not begin with it; they are kept in the folder."""
    clock = PacedClock(WallClock(), datetime.now(UTC) + timedelta(seconds=shift_s))
    broker = broker_at(port, clock, folder, LOOKING_UP, read_only=True)
    await broker.start()
    try:
        await contracts_of(broker)
    finally:
        await broker.stop()


class Life:
    """One process. It is started ahead of its time, and waits until it may begin."""

    def __init__(self, folder: Path, port: int, shift_s: float) -> None:
        script = Path(__file__).with_name("trader_process.py")
        with (folder / "trader.log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, script, folder, str(port), str(shift_s)],
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.PIPE,
                stderr=log,
            )
        self._log = folder / "trader.log"

    def begin(self) -> Self:
        assert self._process.stdin is not None
        self._process.stdin.write(b"begin\n")
        self._process.stdin.flush()
        self._began = time.monotonic()
        return self

    def must_live(self) -> None:
        code = self._process.poll()
        if code is not None:
            raise Fallen(f"it ended by itself with {code}:\n{self._tail()}")

    def until(self, found: Callable[[], bool], every_s: float = LOOK_S) -> None:
        """It lives until this is so, or something is wrong."""
        until = time.monotonic() + PATIENCE_S
        while not found():
            self.must_live()
            if time.monotonic() > until:
                raise Fallen(f"nothing came of it in {PATIENCE_S:g} s:\n{self._tail()}")
            time.sleep(every_s)

    def kill(self) -> float:
        """Without any warning; how long it has lived."""
        self.must_live()
        self._process.kill()
        self.close()
        return time.monotonic() - self._began

    def end(self) -> int:
        """Its exit code, once it has ended by itself."""
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise Fallen(f"it does not come to its end:\n{self._tail()}") from error
        finally:
            self.close()
        return code

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def _tail(self) -> str:
        return "\n".join(self._log.read_text().splitlines()[-40:])


class Scene:
    """The lives one after the other, and the journal as it is seen from outside."""

    def __init__(self, folder: Path, port: int, shift_s: float, chance: Random) -> None:
        self._folder, self._path = folder, folder / "journal.db"
        self._make = lambda: Life(folder, port, shift_s)
        self._chance = chance
        self._remembered = Remembered()
        self._next = self._make()
        self._lives = [self._next]

    def strike(self, number: int) -> Strike:
        manner = "any" if number == 1 else self._chance.choice(MANNERS)
        life = self._begin()
        match manner:
            case "start":
                self._wait(life, self._chance.uniform(0, 1))
            case "row":
                life.until(self._has_sent)
                self._wait(life, self._chance.uniform(0, 0.5))
                seen = self._rows_so_far()
                life.until(lambda: self._rows_so_far() > seen, CLOSE_LOOK_S)
            case _:
                life.until(self._has_sent)
                self._wait(life, self._chance.uniform(0, 1.5))
        lived_s = life.kill()
        left = self._rows()
        self._remembered = fold(left, self._remembered)
        in_the_air = sum(len(desk.living) for desk in self._remembered.desks.values())
        return Strike(number, manner, lived_s, len(left), left[-1].kind if left else "", in_the_air)

    def finish(self) -> int:
        """The last life, which is told to come to an end."""
        life = self._begin()
        (self._folder / "stop").touch()
        return life.end()

    def close(self) -> None:
        for life in self._lives:
            life.close()

    def _begin(self) -> Life:
        life, self._next = self._next.begin(), self._make()
        self._lives = [life, self._next]
        return life

    def _wait(self, life: Life, seconds: float) -> None:
        until = time.monotonic() + seconds
        life.until(lambda: time.monotonic() >= until)

    # -- the journal ---------------------------------------------------------------------------------------------------

    def _rows_so_far(self) -> int:
        return self._count("SELECT seq FROM head")

    def _has_sent(self) -> bool:
        """Has this life sent anything?"""
        sent = "SELECT count(*) FROM event WHERE seq > ? AND kind = ?"
        return self._count(sent, self._remembered.seq, Dispatched.__name__) > 0

    def _count(self, query: str, *values: object) -> int:
        """Nothing, as long as there is no journal, or no table in it."""
        try:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
                found = connection.execute(query, values).fetchone()
        except sqlite3.OperationalError:
            return 0
        return int(found[0]) if found else 0

    def _rows(self) -> Sequence[Row]:
        """Those that the last life has left behind."""
        if not self._rows_so_far():
            return []
        reader = JournalReader.open(f"sqlite:///{self._path}")
        try:
            return list(reader.rows(after=self._remembered.seq))
        finally:
            reader.close()
