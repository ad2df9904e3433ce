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

from attrs import frozen
from audit import Audit, audit
from trader_process import ACCOUNT, broker_at, contracts_of

from gamma_scalper.domain.entries import Dispatched
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.kernel import PacedClock, WallClock
from gamma_scalper.recovery import Remembered, fold

REPOSITORY = Path(__file__).parents[2]
CASH, MARKET = 1_000_000, "gbm:sigma=0.2,days=60"
LOOKING_UP = 18  # the client that asks for contracts before there is a trader
PATIENCE_S = 90.0  # with a process that should do something; a loaded machine is slow
LOOK_S, CLOSE_LOOK_S = 0.02, 0.001
MANNERS = ("start", "row", "row", "any", "any", "any")


class Fallen(Exception):
    """A process did what it should not: it ended, or nothing came of it.

    For the reader: the end of its log, which is told with it, says why.
    """


@frozen
class Market:
    """Where the gateway is, and by how many seconds its market's time is ahead of the wall clock's."""

    port: int
    shift_s: float


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
    scene, strikes = Scene(folder, Random(seed)), []
    try:
        with gateway(folder, seed) as market:
            asyncio.run(_look_up_contracts(folder, market))
            for number in range(1, kills + 1):
                strikes.append(scene.strike(number, market))
                told(strikes[-1])
            code = scene.finish(market)
            return Outcome(strikes, code, asyncio.run(audit(folder / "journal.db", market.port, CASH)))
    finally:
        scene.close()


@contextmanager
def gateway(folder: Path, seed: int) -> Iterator[Market]:
    """The command, on a port of its own."""
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
        yield Market(told["port"], (datetime.fromisoformat(told["begins"]) - datetime.now(UTC)).total_seconds())
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


async def _look_up_contracts(folder: Path, market: Market) -> None:
    """Once, so that a life need not begin with it; they are kept in the folder."""
    clock = PacedClock(WallClock(), datetime.now(UTC) + timedelta(seconds=market.shift_s))
    broker = broker_at(market.port, clock, folder, LOOKING_UP, read_only=True)
    await broker.start()
    try:
        await contracts_of(broker)
    finally:
        await broker.stop()


class Nursery:
    """The process that traders are forked from, so that none of them spends its life on imports."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "trader.log"
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("trader_process.py"), folder],
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def begin(self, market: Market) -> "Life":
        assert self._process.stdin is not None
        self._process.stdin.write(f"{market.port} {market.shift_s}\n")
        self._process.stdin.flush()
        return Life(self.answer(), self)

    def answer(self) -> int:
        """The next number that it tells: who was born, or how that one ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Fallen(self.log.read_text())
        return int(line)

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE_S)


class Life:
    """One trader."""

    def __init__(self, process: int, nursery: Nursery) -> None:
        self._process, self._nursery = process, nursery
        self._began = time.monotonic()

    @property
    def alive(self) -> bool:
        try:
            os.kill(self._process, 0)
        except ProcessLookupError:
            return False
        return True

    def until(self, found: Callable[[], bool], every_s: float = LOOK_S) -> None:
        """It lives until this is so, or something is wrong."""
        until = time.monotonic() + PATIENCE_S
        while not found():
            if not self.alive:
                raise Fallen(f"it ended by itself with {self._nursery.answer()}:\n{self._last_words()}")
            if time.monotonic() > until:
                raise Fallen(f"nothing came of it in {PATIENCE_S:g} s:\n{self._last_words()}")
            time.sleep(every_s)

    def kill(self) -> float:
        """Without any warning; how long it has lived."""
        os.kill(self._process, signal.SIGKILL)
        lived_s = time.monotonic() - self._began
        code = self._nursery.answer()
        if code != -signal.SIGKILL:
            raise Fallen(f"it ended by itself with {code}:\n{self._last_words()}")
        return lived_s

    def end(self) -> int:
        """Its exit code, once it has ended by itself."""
        until = time.monotonic() + PATIENCE_S
        while self.alive:
            if time.monotonic() > until:
                raise Fallen(f"it does not come to its end:\n{self._last_words()}")
            time.sleep(LOOK_S)
        return self._nursery.answer()

    def close(self) -> None:
        if self.alive:
            os.kill(self._process, signal.SIGKILL)

    def _last_words(self) -> str:
        return "\n".join(self._nursery.log.read_text().splitlines()[-40:])


class Scene:
    """The lives one after the other, and the journal as it is seen from outside."""

    def __init__(self, folder: Path, chance: Random) -> None:
        self._folder, self._path = folder, folder / "journal.db"
        self._chance = chance
        self._remembered = Remembered()
        self._nursery = Nursery(folder)
        self._life: Life | None = None

    def strike(self, number: int, market: Market) -> Strike:
        manner = "any" if number == 1 else self._chance.choice(MANNERS)
        life = self._begin(market)
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
                self._wait(life, self._chance.uniform(0, 1))
        lived_s = life.kill()
        left = self._rows()
        self._remembered = fold(left, self._remembered)
        in_the_air = sum(len(desk.living) for desk in self._remembered.desks.values())
        return Strike(number, manner, lived_s, len(left), left[-1].kind if left else "", in_the_air)

    def finish(self, market: Market) -> int:
        """The last life, which is told to come to an end."""
        life = self._begin(market)
        (self._folder / "stop").touch()
        return life.end()

    def close(self) -> None:
        if self._life is not None:
            self._life.close()
        self._nursery.close()

    def _begin(self, market: Market) -> Life:
        self._life = self._nursery.begin(market)
        return self._life

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
