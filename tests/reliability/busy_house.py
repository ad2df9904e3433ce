"""A whole house on the simulated adapter: journal, desk, reconciliation, a script to trade by. It can be killed anywhere."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from attrs import define, field, frozen

from gamma_scalper.broker.simulated import SimulatedBroker, Venue
from gamma_scalper.domain.entries import DeskEntry, Entry, Mode, ModeChanged
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import Intent, IntentId, Pricing
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import SessionParameters
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.parameters import CarryParameters, ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import Block, Channel, Clock, Conflate, LoopClock, Unbounded, VirtualLoop, together
from gamma_scalper.pipeline.caretaker import Caretaker
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.house import TradingHouse
from gamma_scalper.pipeline.listening import Listening
from gamma_scalper.pipeline.messages import TradeCommand, Trigger, merged
from gamma_scalper.pipeline.position_manager import PositionManager, Queues
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.reconciling import ReconcileParameters, Reconciling
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.portfolio.ledger import cash, execution_keys, holdings
from gamma_scalper.recovery import Remembered, recover
from gamma_scalper.risk.parameters import (
    HedgingParameters,
    HoursParameters,
    MoneyParameters,
    QuoteParameters,
    RiskParameters,
    ShortParameters,
    SizeParameters,
    StructureParameters,
)
from scripted import Contracts, Scripted, Wish

ACCOUNT, BOOK = "DU1", "book"
CASH = Decimal(1_000_000)
VENUE = VenueParameters(latency_ms=150, slippage_bps=0, participation_pct=100, partial_fill_pct=0, oldest_quote_s=600)
NO_CARRY = CarryParameters(credit_rate_pct=0, debit_rate_pct=0, borrow_fee_pct=0)
RISK = RiskParameters(
    hedging=HedgingParameters(hedge_shares=1, min_shares=1, cooldown_s=0, min_move_pct=0),
    size=SizeParameters(),
    quotes=QuoteParameters(age_s=60, stale_s=60, lag_s=60),
    hours=HoursParameters(before_close_s=60),
    structure=StructureParameters(min_dte=0, max_dte=60),
    money=MoneyParameters(budget=900_000),
    shorts=ShortParameters(),
)


def _option(con_id: int, right: str) -> Option:
    expiry = date(2026, 1, 30)
    return Option(
        con_id=con_id,
        underlying_con_id=1,
        symbol="SPY",
        right=right,
        strike=Decimal(600),
        expiry=expiry,
        expires_at=datetime(2026, 1, 30, 21, tzinfo=UTC),
        trading_class="SPY",
    )


CONTRACTS = Contracts(share=Stock(con_id=1, symbol="SPY"), call=_option(11, "C"), put=_option(12, "P"))
OFFERS = {1: (599.99, 600.01), 11: (9.98, 10.02), 12: (8.98, 9.02)}


class Died(BaseException):
    """The process is gone, at this very moment."""


@define
class Deaths:
    """Counts what the process does, and kills it at one of these."""

    at: int | None = None  # None: it lives
    done: list[str] = field(factory=list)
    dead: bool = False

    def does(self, what: str) -> None:
        """Raises before it is done."""
        if self.dead:
            raise Died
        self.done.append(what)
        if self.at is not None and len(self.done) == self.at:
            self.dead = True
            raise Died


class MortalJournal:
    """Dies before an append, or after a flush (when all is durable and nothing was made of it yet)."""

    def __init__(self, inner: SqlJournal, deaths: Deaths) -> None:
        self._inner = inner
        self._deaths = deaths

    def append(self, book: str, entry: Entry, at: datetime) -> int:
        self._deaths.does(f"append {type(entry).__name__}")
        return self._inner.append(book, entry, at)

    async def flush(self) -> None:
        if self._deaths.dead:
            raise Died
        await self._inner.flush()


class MortalRouter:
    """Dies before something is sent, and again right after it was."""

    def __init__(self, inner: object, deaths: Deaths) -> None:
        self._inner = inner
        self._deaths = deaths

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def place(self, intent: Intent) -> None:
        self._deaths.does(f"before sending {intent.id}")
        await self._inner.place(intent)
        self._deaths.does(f"after sending {intent.id}")

    async def amend(self, intent: IntentId, pricing: Pricing) -> None:
        self._deaths.does(f"before amending {intent}")
        await self._inner.amend(intent, pricing)
        self._deaths.does(f"after amending {intent}")

    async def cancel(self, intent: IntentId) -> None:
        self._deaths.does(f"before cancelling {intent}")
        await self._inner.cancel(intent)
        self._deaths.does(f"after cancelling {intent}")


class Street:
    """The exchange, which outlives every process."""

    def __init__(self, start: datetime, until: datetime, clock: Clock) -> None:
        market = Pushed(CONTRACTS.all, trading_hours(start.date(), date(2026, 1, 30)), start)
        engine = Engine(market, accounts={ACCOUNT: CASH}, parameters=ExchangeParameters(venue=VENUE, carry=NO_CARRY))
        self.clock = clock
        self.engine = engine
        self.venue = Venue(engine, clock)
        self.executions: dict[str, object] = {}  # execId -> the execution, since the exchange forgets them at midnight
        self.placed: list[str] = []  # orderRefs of all orders that ever came
        self._until = until
        self._snapshots = 0

    async def quote(self) -> None:
        """The same offers every ten seconds, while the market is open."""
        while True:
            now = self.venue.now()
            if self.engine.market.sessions(1).at(now) is not None:
                for con_id, (bid, ask) in OFFERS.items():
                    self._snapshots += 1
                    self.venue.do(
                        Quote(
                            con_id=con_id,
                            snapshot_id=self._snapshots,
                            bid=bid,
                            ask=ask,
                            bid_size=1_000,
                            ask_size=1_000,
                            received_at=self.venue.now(),
                        )
                    )
                await self.clock.sleep(10)
            else:
                opens = self.engine.market.sessions(1).after(now).opens
                self.remember()
                await self.clock.sleep((opens - now).total_seconds())

    def remember(self) -> None:
        self.executions |= {each.exec_id: each for each, _ in self.engine.executions(ACCOUNT)}

    def trades(self) -> list[tuple[int, Decimal, Decimal]]:
        self.remember()
        return sorted((e.con_id, e.side.sign * e.quantity, e.price) for e in self.executions.values())

    @property
    def held(self) -> dict[int, Decimal]:
        return {con_id: held.quantity for con_id, held in sorted(self.engine.account(ACCOUNT).held.items())}


@frozen
class Ended:
    """What a session left behind."""

    done: Sequence[str]
    held: dict[int, Decimal]
    cash: Decimal
    trades: Sequence[tuple[int, Decimal, Decimal]]
    remembered: Remembered
    lives: int
    errors: Sequence[str] = ()


async def live(
    street: Street, path: Path, wishes: Sequence[Wish], until: datetime, deaths: Deaths, risk: RiskParameters = RISK
) -> Remembered:
    """One life of the process, up to its death or the end of the script."""
    clock = street.clock
    journal = SqlJournal.open(
        f"sqlite:///{path}", lock=None, clock=clock, threaded=False, parameters=JournalParameters(synchronous="off")
    )
    remembered = recover(journal)
    mortal = MortalJournal(journal, deaths)
    broker = SimulatedBroker(street.venue, ACCOUNT)
    router = MortalRouter(broker.orders, deaths)
    board = QuoteBoard(broker.feed)
    state = remembered.desk(BOOK)
    house = TradingHouse(
        account=ACCOUNT,
        journal=mortal,
        clock=clock,
        broker=broker,
        router=router,
        board=board,
        residents={BOOK: Resident(name=BOOK, underlying=CONTRACTS.share, hours=Hours(SessionParameters()), risk=risk)},
        states={BOOK: state},
        governance=remembered.governance,
        panic=lambda: False,
    )
    trades: Channel[TradeCommand] = Channel("trades", Block(4))
    happenings: Channel[DeskEntry] = Channel("happenings", Unbounded(10_000, print))
    triggers: Channel[Trigger] = Channel("triggers", Conflate(merged))
    shares: Channel[Quote] = Channel("own quotes", Conflate(lambda older, newer: newer, key=lambda quote: quote.con_id))
    board.read_into(shares)
    manager = PositionManager(state, Queues(trades, happenings, triggers), house, router, clock)
    books = {BOOK: happenings}
    owners = dict.fromkeys(execution_keys(state.ledger), BOOK)
    listening = Listening(router, books, owners, house.hear)
    reconciling = Reconciling(house, books, {}, ReconcileParameters())
    caretaker = Caretaker(house, books, reconciling, None)
    strategy = Scripted(BOOK, wishes, CONTRACTS, (triggers, trades), board, clock)

    async def see() -> None:
        async for quote in shares:
            if quote.con_id == CONTRACTS.share.con_id:
                house.see(BOOK, quote)

    async def start() -> None:
        await broker.start()
        await broker.feed.subscribe(CONTRACTS.all)
        if not remembered.governance.modes:
            house.take_down("", ModeChanged(Mode.LIVE, "the first session", "the house"))
        await asyncio.gather(board.follow(), see(), listening.run(), reconciling.run(), strategy.run(), caretaker.run())

    async def end() -> None:
        await clock.sleep((until - clock.now()).total_seconds())

    try:
        await together(manager=manager.run(), rest=start(), end=end())
    finally:
        await broker.stop()
        if deaths.dead:
            journal._pending.clear()  # what was not flushed is gone with the process
        journal.close()
    return Remembered(desks=remembered.desks.set(BOOK, manager.state), governance=house.governance)


async def session(
    folder: Path, start: datetime, until: datetime, wishes: Sequence[Wish], deaths: Deaths, away_s: float = 1.0
) -> Ended:
    """Lives until one of them reaches the end; each begins `away_s` after the death of the one before."""
    clock = LoopClock(asyncio.get_running_loop(), start)
    street = Street(start, until, clock)
    quoting = asyncio.create_task(street.quote(), name="the market")
    try:
        for lives in range(1, 4):
            try:
                remembered = await live(street, folder / "journal.db", wishes, until, deaths)
                break
            except Died:
                done = deaths.done
                deaths = Deaths(done=list(done))
                await clock.sleep(away_s)
    finally:
        quoting.cancel()
        with suppress(asyncio.CancelledError):
            await quoting
    return Ended(deaths.done, street.held, street.engine.account(ACCOUNT).cash, street.trades(), remembered, lives)


def run(use: Callable[[], object]) -> object:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(use())
