"""A plan played from its beginning to its end, in as many lives as it takes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen

from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.journal.chain import Row
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.kernel import VirtualLoop
from staging.life import NAMES, Life
from staging.mortal import Died
from staging.person import NAME, Person
from staging.plan import AT_ORDER, Mishap, Plan, Trouble
from staging.world import World

LOOKS_S = 60.0  # a person who minds it


@frozen
class Lived:
    """One process, seen from outside."""

    began: datetime
    ended: datetime
    code: ExitCode | None  # None: it was killed
    why: str


@frozen
class Played:
    """What a session left behind."""

    plan: Plan
    world: World
    rows: Sequence[Row]
    lives: Sequence[Lived]
    broken: str = ""  # what verifying the journal's chain said


class Stage:
    """The world, and whoever starts the trader again."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.world = self.made_world()
        self.life: Life | None = None
        self.lives: list[Lived] = []
        self._away_s = 0.0  # for which a process that has died stays away
        self._room = asyncio.Event()  # on the disk
        self._room.set()
        self._inbox = Inbox.open(folder / "inbox.db")

    def made_world(self) -> World:
        return World(self.plan)

    async def play(self) -> Played:
        asyncio.get_running_loop().set_exception_handler(_but_for_deaths)
        acts = [asyncio.create_task(self._happens(each), name=str(each)) for each in self.plan.mishaps()]
        if self.plan.asleep:
            acts.append(asyncio.create_task(self._sleep_at_night(), name="the night"))
        if self.plan.minded:
            acts.append(asyncio.create_task(self._mind(), name="a person"))
        trader = asyncio.create_task(self._keep_alive(), name="the supervisor")
        try:
            await self.world.until(self.plan.minutes)
            if self.life is not None and self.life.trading is not None:
                self.life.trading.stop("the end")
            elif self.life is not None:
                self.life.kill()
            await trader
            await self.world.clock.sleep(30)  # what was left to die by itself has died
        finally:
            for task in (*acts, trader):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            self._inbox.close()
            await self.world.close()
        return self._played()

    def _played(self) -> Played:
        reader = JournalReader.open(f"sqlite:///{self.folder / 'journal.db'}")
        try:
            rows, broken = list(reader.rows()), ""
            try:
                reader.verify()
            except JournalFailed as failure:
                broken = str(failure)
        finally:
            reader.close()
        return Played(self.plan, self.world, rows, self.lives, broken)

    # -- the supervisor ------------------------------------------------------------------------------------------------

    async def _keep_alive(self) -> None:
        """Starts it again after a death, and where its exit code permits that."""
        while self.world.minute < self.plan.minutes:
            began = self.world.clock.now()
            life = self.life = Life(self.world, self.folder)
            await life.run()
            self.life = None
            self.lives.append(Lived(began, self.world.clock.now(), life.code, life.why))
            if self.world.minute >= self.plan.minutes:
                return
            if not await self._again(life):
                return

    async def _again(self, life: Life) -> bool:
        match life.code:
            case None:
                await self.world.clock.sleep(self._away_s)
            case ExitCode.OK | ExitCode.BROKER_UNREACHABLE | ExitCode.NOTHING_TRADABLE:
                await self.world.clock.sleep(self._away_s or (30.0 if self.world.is_open else 900.0))
            case ExitCode.JOURNAL_DAMAGED if "disk is full" in life.why:
                await self._room.wait()  # a person makes room
            case ExitCode.HALTED_BY_RISK | ExitCode.NEEDS_A_PERSON if self.plan.minded:
                await self.world.clock.sleep(LOOKS_S + 1 if self.world.is_open else 900.0)  # a person has looked
            case _:
                return False
        self._away_s = 0.0
        return True

    # -- mishaps -------------------------------------------------------------------------------------------------------

    def happens_now(self, trouble: Trouble) -> None:
        """Who counts what struck when listens here."""

    async def _happens(self, trouble: Trouble) -> None:
        await self.world.until_moment(self.plan.when(trouble))
        self.happens_now(trouble)
        match trouble.kind:
            case Mishap.DEATH | Mishap.TORN_DEATH:
                self._away_s = trouble.duration_s
                if self.life is not None:
                    self.life.fate.left, self.life.fate.waits = int(trouble.amount), trouble.target == AT_ORDER
                    self.life.fate.torn = trouble.kind is Mishap.TORN_DEATH
            case Mishap.DISK_FULL:
                await self._fill_the_disk(trouble)
            case Mishap.GATEWAY_RESTART:
                await self.world.restart_gateway(trouble)
            case Mishap.CLOCK_JUMP:
                if self.life is not None:
                    self.life.clock.ahead += timedelta(seconds=trouble.amount)
            case Mishap.PERSON_PAUSES:
                self.tell("pause")
                await self.world.clock.sleep(trouble.duration_s)
                self.tell("unpause")
            case Mishap.PERSON_FLATTENS:
                self.tell("flatten", book=NAMES[0])
            case Mishap.PERSON_STOPS:
                self._away_s = trouble.duration_s
                self.tell("stop")
            case Mishap.PERSON_PANICS:
                self.world.panics = True
                await self.world.clock.sleep(trouble.duration_s)
                self.world.panics = False
                self.tell("unpause")

    async def _sleep_at_night(self) -> None:
        """Somebody ends it after the close, in this way or that, and starts it some time before the next session."""
        night = self.plan.night
        if night is None:
            return
        chance = Random(self.plan.seed)
        await self.world.until_moment(self.plan.closes + timedelta(minutes=chance.uniform(-5, 60)))
        back = night - timedelta(minutes=chance.choice((-1, 1, 5, 60, 500)))
        self._away_s = (back - self.world.clock.now()).total_seconds()
        if self.life is not None:
            self.tell("stop") if chance.random() < 0.5 else self.life.kill()

    async def _mind(self) -> None:
        person, path = Person(NAMES[0]), self.folder / "journal.db"
        while True:
            await self.world.clock.sleep(LOOKS_S if self.world.is_open else 900.0)
            if path.exists() and person.has_news(path):
                reader = JournalReader.open(f"sqlite:///{path}")
                try:
                    for word in person.words(reader.rows(after=person.read_to)):
                        self.tell(*word)
                finally:
                    reader.close()

    async def _fill_the_disk(self, trouble: Trouble) -> None:
        self._room.clear()
        life = self.life
        if life is not None and life.journal is not None:
            pages = life.journal._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            life.journal._connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            life.journal._connection.rollback()
        await self.world.clock.sleep(trouble.duration_s)
        self._room.set()

    def tell(self, name: str, argument: str = "", book: str | None = None) -> None:
        self._inbox.put(name, NAME, self.world.clock.now(), book, argument)


def play(plan: Plan) -> Played:
    """On a virtual loop of its own, in a folder that is gone afterwards."""
    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_play(plan, Path(folder)))


async def _play(plan: Plan, folder: Path) -> Played:
    return await Stage(plan, folder).play()


def _but_for_deaths(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tasks of a process that is gone fall with it, and nobody asks how."""
    if not isinstance(context.get("exception"), Died):
        loop.default_exception_handler(context)
