"""A whole house on the simulated adapter, with a script to trade by. It can be killed anywhere, and begin anew."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, field, frozen
from scripted import Contracts, Scripted, Wish

from gamma_scalper.broker.simulated import SimulatedBroker, Venue
from gamma_scalper.domain.entries import Entry, SessionBegan
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.journal_ports import Controls
from gamma_scalper.domain.orders import Intent, IntentId, Pricing
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import SessionParameters
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.faults import NO_FAULTS, FaultSchedule
from gamma_scalper.exchange.parameters import CarryParameters, ExchangeParameters, VenueParameters
from gamma_scalper.exchange.replay import Pushed, trading_hours
from gamma_scalper.exchange.tickets import Tick
from gamma_scalper.journal.parameters import JournalParameters
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import Clock, LoopClock, Stage, VirtualLoop, together
from gamma_scalper.pipeline.caretaker import CaretakerParameters
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.desk_parameters import DeskParameters
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
from gamma_scalper.trading import BookAtWork, Terms, Trading

ACCOUNT, BOOK = "DU1", "book"
PATIENT = DeskParameters(ack_s=3, cancel_s=3, doubt_every_s=5, doubt_margin_s=10)
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


HOURS = Hours(SessionParameters())
CONTRACTS = Contracts(share=Stock(con_id=1, symbol="SPY"), call=_option(11, "C"), put=_option(12, "P"))
OFFERS = {1: (599.99, 600.01), 11: (9.98, 10.02), 12: (8.98, 9.02)}


class Died(BaseException):
    """The process is gone, at this very moment."""


@define
class Deaths:
    """Counts what the process does, and kills it at one of these."""

    at: int | None = None  # None: it lives
    done: list[str] = field(factory=list)
    left: list[object] = field(factory=list)  # beside each: when it was, and how far the journal was durable
    dead: bool = False
    leaves: Callable[[], object] = lambda: None

    def does(self, what: str) -> None:
        """Raises before it is done."""
        if self.dead:
            raise Died
        self.done.append(what)
        self.left.append(self.leaves())
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

    async def keep_flushing(self) -> None:
        await self._inner.keep_flushing()


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


class MortalBroker:
    """The same for a whole broker."""

    def __init__(self, inner: SimulatedBroker, deaths: Deaths) -> None:
        self._inner = inner
        self.orders = MortalRouter(inner.orders, deaths)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


class Street:
    """The exchange, which outlives every process."""

    def __init__(self, start: datetime, clock: Clock, faults: FaultSchedule = NO_FAULTS) -> None:
        market = Pushed(CONTRACTS.all, trading_hours(start.date(), date(2026, 1, 30)), start)
        engine = Engine(market, accounts={ACCOUNT: CASH}, parameters=ExchangeParameters(venue=VENUE, carry=NO_CARRY))
        self.clock = clock
        self.faults = faults
        self.offers = dict(OFFERS)
        self.engine = engine
        self.venue = Venue(engine, clock)
        self.executions: dict[str, object] = {}  # execId -> the execution, since the exchange forgets them at midnight
        self._snapshots = 0

    async def quote(self) -> None:
        """The same offers every ten seconds, while the market is open."""
        while True:
            now = self.venue.now()
            if self.engine.market.sessions(1).at(now) is not None:
                for con_id, (bid, ask) in self.offers.items():
                    self._snapshots += 1
                    self.venue.do(
                        Quote(
                            con_id=con_id,
                            snapshot_id=self._snapshots,
                            bid=bid,
                            ask=ask,
                            bid_size=1_000 if bid else 0,
                            ask_size=1_000,
                            received_at=self.venue.now(),
                        )
                    )
                await self.clock.sleep(10)
            else:
                self.remember()
                self.venue.do(Tick())  # so that its midnights come even while nobody is connected
                opens = self.engine.market.sessions(1).after(now).opens
                await self.clock.sleep(min((opens - now).total_seconds(), 3_600))

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
    left: Sequence[object]
    held: dict[int, Decimal]
    cash: Decimal
    trades: Sequence[tuple[int, Decimal, Decimal]]
    remembered: Remembered
    lives: int


class House:
    """A process that trades: one book, or several, each by a script. It runs for as long as the context lasts."""

    def __init__(
        self,
        street: Street,
        path: Path,
        scripts: Mapping[str, Sequence[Wish]],
        *,
        deaths: Deaths | None = None,
        pace_s: float = 2.0,
        controls: Controls | None = None,
        baseline: int = 0,
        risk: RiskParameters = RISK,
    ) -> None:
        self.street, self.deaths, self._pace_s, self._scripts = street, deaths or Deaths(), pace_s, scripts
        self.dead_stages: set[str] = set()  # books whose own code fails
        kept = JournalParameters(synchronous="off", flush_every_s=pace_s)
        self.journal = SqlJournal.open(
            f"sqlite:///{path}", lock=None, clock=street.clock, threaded=False, parameters=kept
        )
        self.deaths.leaves = lambda: (street.clock.now(), self.journal.head)
        self._remembered = recover(self.journal)
        self._broker = SimulatedBroker(street.venue, ACCOUNT, faults=street.faults)
        share = CONTRACTS.share
        own = [Holding(share, baseline)] if baseline else []
        self.trading = Trading(
            broker=MortalBroker(self._broker, self.deaths),
            journal=MortalJournal(self.journal, self.deaths),
            clock=street.clock,
            remembered=self._remembered,
            residents=[
                Resident(name=name, underlying=share, hours=HOURS, risk=risk, desk=PATIENT, baseline=own)
                for name in scripts
            ],
            terms=Terms(
                session=SessionBegan("paper", "test", ""),
                caretaker=CaretakerParameters(look_s=pace_s, mark_s=max(pace_s, 10)),
            ),
            controls=controls,
        )

    def desk(self, book: str = BOOK) -> Desk:
        return self.trading.house.states[book]

    def entries(self, kind: type) -> list[Entry]:
        self.journal.flush_now()
        return [row.entry for row in self.journal.rows() if isinstance(row.entry, kind)]

    @property
    def remembered(self) -> Remembered:
        desks = self._remembered.desks.update({name: book.manager.state for name, book in self.trading.books.items()})
        return Remembered(desks=desks, governance=self.trading.house.governance)

    def _stages(self, book: BookAtWork) -> Sequence[Stage]:
        name, queues = book.resident.name, (book.queues.triggers, book.queues.trades)
        if name in self.dead_stages:
            return [Stage("script", _fails)]
        wishes, clock = self._scripts[name], self.street.clock
        return [Stage("script", Scripted(name, wishes, CONTRACTS, queues, book.board, clock, self._pace_s).run)]

    async def run(self) -> None:
        """Until it is cancelled, fails, or dies."""
        try:
            await self.trading.run(self._stages, CONTRACTS.all)
        finally:
            await self._broker.stop()
            if self.deaths.dead:
                self.journal._pending.clear()  # what was not flushed is gone with the process
            self.journal.close()
        if self.deaths.dead:
            raise Died

    async def live_until(self, until: datetime) -> None:
        async def end() -> None:
            await self.street.clock.sleep((until - self.street.clock.now()).total_seconds())

        try:
            await together(runs=self.run(), ends=end())
        finally:
            self.journal.close()
        if self.deaths.dead:
            raise Died


async def _fails() -> None:
    raise ZeroDivisionError("the strategy's own mistake")


@frozen
class Session:
    """When it is, what is wanted, and how often everybody looks."""

    start: datetime
    until: datetime
    wishes: Sequence[Wish]
    pace_s: float = 2.0
    back_at: datetime | None = None  # when a process that died begins anew; None: a second later

    async def lived(self, folder: Path, deaths: Deaths) -> Ended:
        """In as many lives as it takes."""
        clock = LoopClock(asyncio.get_running_loop(), self.start)
        street = Street(self.start, clock)
        quoting = asyncio.create_task(street.quote(), name="the market")
        lives = 0
        try:
            while True:
                lives += 1
                try:
                    house = House(street, folder / "journal.db", {BOOK: self.wishes}, deaths=deaths, pace_s=self.pace_s)
                    await house.live_until(self.until)
                    break
                except Died:
                    deaths = Deaths(done=deaths.done, left=deaths.left)
                    back_at = self.back_at or clock.now() + timedelta(seconds=1)
                    await clock.sleep((back_at - clock.now()).total_seconds())
        finally:
            quoting.cancel()
            with suppress(asyncio.CancelledError):
                await quoting
        account = street.engine.account(ACCOUNT)
        held, trades = street.held, street.trades()
        return Ended(deaths.done, deaths.left, held, account.cash, trades, house.remembered, lives)


def lived_in(folder: Path, session: Session, deaths: Deaths) -> Ended:
    """On a virtual loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(session.lived(folder, deaths))


def lived(session: Session, deaths: Deaths) -> Ended:
    """In a folder that is gone afterwards."""
    with TemporaryDirectory() as folder:
        return lived_in(Path(folder), session, deaths)
