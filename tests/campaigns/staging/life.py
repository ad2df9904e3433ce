"""One process of the trader: the whole program from its journal to the wire. It can be killed at any moment."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from random import Random

from attrs import evolve
from theatre import ACCOUNT, SHARE, book

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.commands.opening import Opening
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.caretaker import CaretakerParameters
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.recovery import keep, recover
from gamma_scalper.scalping import Scalping
from gamma_scalper.trading import Terms, Trading
from staging.mortal import Died, Fate, MortalClock, MortalJournal, mortal
from staging.plan import Plan
from staging.world import HOST, SHORT, World

CLIENT = 17
NAMES = ("one", "two")
SETTINGS = (  # of every campaign: a book that does a lot in half an hour
    "entry.step_s=5",
    "risk.hedging.cooldown_s=0",
    "streamer.heartbeat_s=30",
    "hedge.to=best",
    "pricing.model=lattice",
)
CARE = CaretakerParameters(look_s=5.0, mark_s=20.0)  # as in a market that is hurried: half an hour is over in a second


class Life:
    """Lives until it is asked to stop, fails, or dies."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder, self.plan = world, folder, world.plan
        self.fate = Fate()
        self.path = folder / "journal.db"
        self.clock = MortalClock(asyncio.get_running_loop(), world.clock.now())
        self.trading: Trading | None = None
        self.broker: IbBroker | None = None
        self.journal: MortalJournal | None = None
        self.inbox: Inbox | None = None
        self.code: ExitCode | None = None  # None: it died
        self.why = ""

    @property
    def desks(self) -> Mapping[str, Desk]:
        return {} if self.trading is None else self.trading.house.states

    def kill(self) -> None:
        self.fate.die()

    async def run(self) -> None:
        """Its exit code is known afterwards."""
        main = asyncio.create_task(self._live(), name="the process")
        self.fate.told = lambda: self._gone(main)
        try:
            await main
            self.code = ExitCode.OK
        except UserError as error:
            self.code, self.why = error.exit_code, str(error)
        except (Died, asyncio.CancelledError):
            if not self.fate.dead:
                raise
        except BaseExceptionGroup:
            if not self.fate.dead:
                raise
        finally:
            await self._bury()
        if self.fate.dead:
            self.code = None

    def _gone(self, main: "asyncio.Task[None]") -> None:
        """What it has written to the socket still arrives; nothing else leaves."""
        client = None if self.broker is None else self.broker._wire._client
        if client is not None:
            client.conn.transport.close()
        main.cancel()

    async def _live(self) -> None:
        world = self.world
        self.broker = IbBroker((HOST, 0), CLIENT, ACCOUNT, self.clock, IbParameters(), cache_dir=self.folder)
        wire = self.broker._wire
        wire.send = mortal(wire.send, self.fate)
        self.journal = MortalJournal(self.path, self.clock, self.fate)
        self.inbox = Inbox.open(self.folder / "inbox.db")
        await self.broker.start()
        share = await self.broker.catalogue.stock(SHARE.symbol)
        self.books = books_of(self.plan)
        residents = [about.resident(share, about.hours()) for about in self.books.values()]
        if self.plan.short_call:
            residents[0] = evolve(residents[0], baseline=[Holding(SHORT, -1)])
        self.trading = Trading(
            broker=self.broker,
            journal=self.journal,
            clock=self.clock,
            remembered=recover(self.journal),
            residents=residents,
            terms=Terms(session=SessionBegan("paper", "campaign", ""), caretaker=CARE),
            controls=self.inbox,
            panic=lambda: world.panics,
        )
        scalping = Scalping(self.trading, self.books, self.broker, self.clock)
        opening = Opening(scalping, self.trading, "resume", self.clock, waits_for_the_open=False)
        try:
            await scalping.run({"opens": opening.run()})
        finally:
            if not self.fate.dead:
                keep(self.journal, recover(self.journal))

    async def _bury(self) -> None:
        if self.broker is not None:
            await self.broker.stop()
        if self.inbox is not None:
            self.inbox.close()
        if self.journal is not None:
            self.journal.bury(Random(self.plan.seed))


def books_of(plan: Plan) -> Mapping[str, BookParameters]:
    return {name: evolve(_book(settings), name=name) for name, settings in zip(NAMES, plan.books, strict=False)}


@lru_cache(maxsize=100)
def _book(settings: tuple[str, ...]) -> BookParameters:
    return book("spy", *SETTINGS, *settings)
