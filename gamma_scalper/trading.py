"""A house at work: any number of books over one broker and one journal, each in a ring of its own."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from attrs import field, frozen
from loguru import logger

from gamma_scalper.domain.entries import (
    BaselineDeclared,
    DeskEntry,
    Entry,
    Halted,
    Mode,
    ModeChanged,
    Restarted,
    SessionBegan,
    SessionEnded,
)
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Instrument
from gamma_scalper.domain.journal_ports import Controls, Journal
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.ports import Broker, Link, OrderRouter, Recap, Warned
from gamma_scalper.domain.proposals import Withdraw
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.kernel import (
    Block,
    Channel,
    Clock,
    Conflate,
    End,
    Failed,
    Patience,
    Stage,
    Supervisor,
    Unbounded,
    all_of,
    together,
)
from gamma_scalper.pipeline.caretaker import Caretaker, CaretakerParameters
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.listening import Listening
from gamma_scalper.pipeline.messages import merged
from gamma_scalper.pipeline.position_manager import PositionManager, Queues
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.reconciling import ReconcileParameters, Reconciling
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.portfolio.ledger import execution_keys, holdings, told_before
from gamma_scalper.recovery import Remembered
from gamma_scalper.risk.governance import HOUSE

_COMMANDS, _DEEP = 4, 10_000
_DESK = "PositionManager"
_CLOSING_S, _CLOSING_LOOK_S = 1.5, 0.02


@frozen(kw_only=True)
class BookAtWork:
    """What a book's other stages are made with."""

    resident: Resident
    queues: Queues
    board: QuoteBoard
    clock: Clock
    manager: PositionManager


Stages = Callable[[BookAtWork], Sequence[Stage]]


@frozen(kw_only=True)
class Terms:
    """How the house is kept."""

    session: SessionBegan
    reconcile: ReconcileParameters = field(factory=ReconcileParameters)
    caretaker: CaretakerParameters = field(factory=CaretakerParameters)
    patience: Patience = field(factory=Patience)


class Trading:
    """One session: from what was remembered until every ring has ended, or the house can't go on."""

    def __init__(
        self,
        *,
        broker: Broker,
        journal: Journal,
        clock: Clock,
        remembered: Remembered,
        residents: Sequence[Resident],
        terms: Terms,
        controls: Controls | None = None,
        panic: Callable[[], bool | None] = lambda: False,
    ) -> None:
        router = broker.orders
        if router is None:
            raise UserError("this connection is read-only; nothing can be traded over it")
        if remembered.mode not in ("", terms.session.mode):
            raise UserError(
                f"this journal is of {remembered.mode} mode, and MODE is {terms.session.mode}; the two never share "
                "one: set another JOURNAL_URL or STATE_DIR"
            )
        self._broker, self._journal, self._clock, self.terms = broker, journal, clock, terms
        self.board = QuoteBoard(broker.feed)
        self._remembered = remembered
        self._residents = {resident.name: resident for resident in residents}
        self.house = TradingHouse(
            journal=journal,
            clock=clock,
            broker=broker,
            router=router,
            board=self.board,
            residents=self._residents,
            states={name: remembered.desk(name) for name in sorted({*self._residents, *remembered.desks})},
            governance=remembered.governance,
            panic=panic,
        )
        self.books = {name: self._book(self._residents[name], router) for name in sorted(self._residents)}
        # One that ends is taken out for everybody.
        happenings = self._happenings = {name: book.queues.happenings for name, book in self.books.items()}
        owners = {key: name for name, state in self.house.states.items() for key in execution_keys(state.ledger)}
        self._listening = Listening(router, happenings, owners, self.house.hear, self._booked)
        self.reconciling = Reconciling(self.house, happenings, self._baselines(), terms.reconcile)
        self.house.listeners.append(self._hear)
        self._caretaker = Caretaker(
            self.house, happenings, self.reconciling, controls, terms.caretaker, remembered.commands
        )
        self._rings_at_work: dict[str, Supervisor] = {}
        self._other_stages: dict[str, list[str]] = {}  # book -> names of those besides its desk
        self._stopping = asyncio.Event()
        self._why_stopped = ""
        for name, resident in self._residents.items():
            self.board.show(resident.underlying.con_id, partial(self.house.see, name))

    @property
    def remembered(self) -> Remembered:
        """What was known when this session began."""
        return self._remembered

    async def run(
        self,
        stages: Stages,
        watched: Sequence[Instrument] = (),
        also: Mapping[str, Coroutine[Any, Any, None]] = MappingProxyType({}),
    ) -> None:
        """Connect, then live; `stages` are the stages a book's ring has besides its `PositionManager`.

        `also` lives and dies with the house.
        """
        self._begin()
        if self._broker.link.link is not Link.READY:
            await self._broker.start()
        await self._broker.feed.subscribe(list(watched))
        try:
            await together(
                **also,
                quotes=self.board.follow(),
                listens=self._listening.run(),
                reconciles=self.reconciling.run(),
                takes_care=self._caretaker.run(),
                writes=self._journal.keep_flushing(),
                rings=self._rings(stages),
                ends=self._end_when_asked(),
                obeys=self._obey_a_person(),
            )
        except UserError as error:
            if error.exit_code is not ExitCode.JOURNAL_DAMAGED:
                self.house.take_down(HOUSE, SessionEnded(str(error), error.exit_code))
            raise
        self.house.take_down(HOUSE, SessionEnded(self._why_stopped or "every book's ring has ended", ExitCode.OK))
        await self._journal.flush()

    def _begin(self) -> None:
        self.house.take_down(HOUSE, self.terms.session)
        if HOUSE not in self._remembered.governance.modes:
            self.house.take_down(HOUSE, ModeChanged(Mode.LIVE, "the first session", "the house"))
        for name, state in sorted(self.house.states.items()):
            if name in self._residents:
                continue
            if holdings(state.ledger):
                logger.error(
                    "book {} is not at work and holds a position that nobody hedges; add --book {}", name, name
                )
            if state.live:  # nobody asks after its orders today
                logger.warning("book {} is not at work and has living orders; their fills are found by comparing", name)
                self.house.apply(name, Restarted())
        for name, resident in sorted(self._residents.items()):
            if resident.baseline and name not in self._remembered.baselines:
                self.house.take_down(name, BaselineDeclared(resident.baseline))

    def _booked(self, book: str, event: Fill | Commission) -> bool:
        return book in self.house.states and told_before(self.house.states[book].ledger, event)

    def _baselines(self) -> Mapping[str, tuple[Holding, ...]]:
        """As they were last declared; a book's file counts until then."""
        filed = {name: resident.baseline for name, resident in self._residents.items()}
        return filed | dict(self._remembered.baselines)

    # -- books ---------------------------------------------------------------------------------------------------------

    def _book(self, resident: Resident, router: OrderRouter) -> BookAtWork:
        def alarm(depth: int) -> None:
            logger.bind(book=resident.name).warning("{} order events wait to be read", depth)

        happenings: Channel[DeskEntry] = Channel("happenings", Unbounded(_DEEP, alarm))
        queues = Queues(Channel("trades", Block(_COMMANDS)), happenings, Channel("triggers", Conflate(merged)))
        state = self.house.states[resident.name]
        manager = PositionManager(state, queues, self.house, router, self._clock, resident.desk)
        return BookAtWork(resident=resident, queues=queues, board=self.board, clock=self._clock, manager=manager)

    async def _rings(self, stages: Stages) -> None:
        """Every book's, until all have ended. One that fails takes no other with it."""
        await all_of(**{name: self._ring(book, stages) for name, book in self.books.items()})

    async def _ring(self, book: BookAtWork, stages: Stages) -> None:
        """A strategy that fails leaves its desk at work: orders cancelled, the position kept, people obeyed."""
        name = book.resident.name
        end = await self._supervised(book, stages(book))
        if isinstance(end, Failed) and end.stage != _DESK:
            end = await self._supervised(book, [Stage("emergency", partial(_emergency, book))])
        if isinstance(end, Failed):
            del self._happenings[name]  # what is told of it now goes to the house, which books it
            logger.bind(book=name).error("the desk has ended, and nobody minds its orders; start the trader anew")

    async def _supervised(self, book: BookAtWork, others: Sequence[Stage]) -> End:
        name = book.resident.name
        desk = Stage(_DESK, book.manager.run, book.queues.trades)
        ring = self._rings_at_work[name] = Supervisor(name, [desk, *others], self.terms.patience)
        self._other_stages[name] = [stage.name for stage in others]
        end = await ring.run()
        if isinstance(end, Failed):
            if isinstance(end.error, UserError):
                raise end.error
            self.house.take_down(name, Halted("ring ended", f"{end.stage}: {end.error}"))
        return end

    # -- the end -------------------------------------------------------------------------------------------------------

    def stop(self, why: str) -> None:
        """Ask for an orderly end: strategies stop, what works is cancelled, positions are kept."""
        if not self._stopping.is_set():
            logger.info("stopping: {}", why)
            self._why_stopped = why
            self._stopping.set()

    async def _end_when_asked(self) -> None:
        await self._stopping.wait()
        await all_of(**{name: self._close(book) for name, book in self.books.items()})

    async def _obey_a_person(self) -> None:
        """Who asks from another terminal."""
        await self.house.stop_asked.wait()
        self.stop(self.house.why_stop)
        await asyncio.Event().wait()

    async def _close(self, book: BookAtWork) -> None:
        """The strategy goes first, so that nothing new is wanted while the rest is withdrawn."""
        name = book.resident.name
        await self._rings_at_work[name].dismiss(*self._other_stages[name])
        await _withdraw(book, self._why_stopped)
        until = self._clock.monotonic() + _CLOSING_S
        while book.manager.state.living and self._clock.monotonic() < until:
            await self._clock.sleep(_CLOSING_LOOK_S)
        for ticket in book.manager.state.living:
            logger.bind(book=name).warning(
                "order {} was not dead in time; it ends by itself at the broker", ticket.order.intent.id
            )

    def _hear(self, entry: Entry) -> None:
        if isinstance(entry, Recap):
            self.reconciling.want()
        elif isinstance(entry, Warned):
            self.reconciling.hear(entry)


async def _emergency(book: BookAtWork) -> None:
    await _withdraw(book, "the book's strategy has failed")
    await asyncio.Event().wait()


async def _withdraw(book: BookAtWork, why: str) -> None:
    """What the strategy still wanted is forgotten, what works for it is cancelled; the desk's own selling goes on."""
    trades = book.queues.trades
    while not trades.empty():
        trades.get_nowait()
        trades.task_done()
    for ticket in book.manager.state.living:
        if ticket.order.intent.purpose is not Purpose.FLATTEN:
            await trades.put(Withdraw(ticket.order.intent.id, why))
