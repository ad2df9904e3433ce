"""A straddle, its market, a small strategy and a small house: what a ring needs to be tried out."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from attrs import Factory, define, evolve, frozen

from gamma_scalper.domain.entries import DeskEntry, Entry, Looked, TakenOver
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.greeks import BrokerGreeks
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Order, Purpose, Side, Working
from gamma_scalper.domain.ports import Condition, Link, LinkReport, OrderReport, Refused, Standing
from gamma_scalper.domain.proposals import Approved, Plan, Proposal, Refusal
from gamma_scalper.domain.proposals import Refused as NotPermitted
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import SessionParameters, years_between
from gamma_scalper.domain.snapshots import Holding, MarketSnapshot, PositionSnapshot
from gamma_scalper.domain.strategy_entries import StrategyEntry
from gamma_scalper.kernel import Block, Channel, Clock, Conflate, LoopClock, Unbounded, Watch, together
from gamma_scalper.pipeline.delta_engine import DeltaEngine
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.market_data_streamer import MarketDataStreamer, StreamerParameters
from gamma_scalper.pipeline.messages import DeltaUpdate, Trigger, merged, newest
from gamma_scalper.pipeline.position_manager import PositionManager, Queues
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.pipeline.trading_strategy import TradingStrategy
from gamma_scalper.pipeline.universe import Universe
from gamma_scalper.portfolio.desk import Desk, desk, opened
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.pricing import Lattice, MarketInputs, OptionTerms
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.strategies.base import Act, Band, Hold, Judgement, Strategy, View
from gamma_scalper.strategies.base import Standing as Allowed

NOON = datetime(2026, 1, 5, 17, 0, tzinfo=UTC)
EXPIRES = datetime(2026, 2, 20, 21, 0, tzinfo=UTC)
SPY = Stock(con_id=1, symbol="SPY")
PRICING = PricingParameters(model="lattice")
MODEL = Lattice()
BOOK = "spy"
HOURS = Hours(SessionParameters())  # loaded once: a calendar takes a while


def option(con_id: int, right: str, **changes: object) -> Option:
    plain: dict[str, object] = {
        "con_id": con_id,
        "underlying_con_id": SPY.con_id,
        "symbol": "SPY",
        "right": right,
        "strike": "600",
        "expiry": date(2026, 2, 20),
        "expires_at": EXPIRES,
        "trading_class": "SPY",
    }
    return Option(**plain | changes)


CALL, PUT = option(11, "C"), option(12, "P")
STRADDLE = (CALL, PUT)


# -- the market --------------------------------------------------------------------------------------------------------


def quote(
    what: Stock | Option | int, bid: float | None, ask: float | None, at: datetime = NOON, number: int = 1
) -> Quote:
    con_id = what if isinstance(what, int) else what.con_id
    return Quote(con_id=con_id, snapshot_id=number, bid=bid, ask=ask, bid_size=50, ask_size=50, received_at=at)


def inputs(spot: float, now: datetime, expires_at: datetime = EXPIRES) -> MarketInputs:
    return MarketInputs(spot, years_between(now, expires_at), PRICING.curve.rate(0.1))


def priced(leg: Option, spot: float, vol: float, now: datetime = NOON, spread: float = 0.02) -> Quote:
    """As a market maker quotes it who believes in this volatility."""
    price = MODEL.price(OptionTerms(leg.right, float(leg.strike)), inputs(spot, now, leg.expires_at), vol)
    return quote(leg, max(price - spread / 2, 0.0), price + spread / 2, now)


def market(
    spot: float = 600.0,
    vol: float = 0.15,
    now: datetime = NOON,
    options: Sequence[Option] = STRADDLE,
    quotes: Mapping[int, Quote | None] | None = None,
    **more: object,
) -> MarketSnapshot:
    """Of the underlying and these options; `quotes` are other ones than the usual, or none."""
    usual = {SPY.con_id: quote(SPY, spot - 0.01, spot + 0.01, now)}
    usual |= {leg.con_id: priced(leg, spot, vol, now) for leg in options}
    told = [each for each in (usual | dict(quotes or {})).values() if each is not None]
    return MarketSnapshot(at=now, underlying_con_id=SPY.con_id, quotes=told, options=options, **more)


# -- the position ------------------------------------------------------------------------------------------------------


def position(*held: tuple[Stock | Option, int], live: Sequence[Order] = (), **more: object) -> PositionSnapshot:
    settled = {"settled_through": min((order.intent.id.number for order in live), default=1) - 1}
    return PositionSnapshot([Holding(what, Decimal(number)) for what, number in held], live, **settled | more)


def working(what: object, side: Side, quantity: int, number: int = 1, **changes: object) -> Order:
    plain: dict[str, object] = {"state": Working()}
    return Order(intent(what, side, quantity, number), **plain | changes)


def intent(what: object, side: Side, quantity: int, number: int = 1) -> Intent:
    return proposal(what, side, quantity).numbered(IntentId(BOOK, number), "DU1", NOON)


def proposal(what: object, side: Side, quantity: int) -> Proposal:
    return Proposal(
        purpose=Purpose.HEDGE,
        instrument=what,
        side=side,
        quantity=Decimal(quantity),
        pricing=Limit(Decimal(600)),
        patience_s=10,
        snapshot_ids=(1,),
        reason="a test",
    )


def hedge(shares: int, now: datetime, settled_through: int) -> Plan:
    side = Side.BUY if shares > 0 else Side.SELL
    return Plan(
        proposals=[proposal(SPY, side, abs(shares))], decided_at=now, good_for_s=5, settled_through=settled_through
    )


# -- a strategy --------------------------------------------------------------------------------------------------------


@frozen
class Calm:
    """Brings the delta to nothing once it is more than so many shares, and remembers how often it thought of that."""

    band: float = 10.0

    def begin(self, notes: str) -> int:
        return int(notes or 0)

    def notes(self, memory: int) -> str:
        return str(memory) if memory else ""

    def decide(self, view: View, memory: int) -> tuple[Judgement, int]:
        picture, band = view.picture, Band(-self.band, self.band, 0.0, 0.0, 0.0)
        if picture.unusable or picture.position is None or picture.projected is None:
            return Judgement(Hold("unusable", picture.unusable)), memory
        if picture.position.live:
            return Judgement(Hold("at work", "an order lives"), band), memory
        if abs(picture.projected) <= self.band:
            return Judgement(Hold("inside the band", f"{picture.projected:.2f} shares"), band), memory
        plan = hedge(-round(picture.projected), view.now, picture.position.settled_through)
        return Judgement(Act("hedge", f"{picture.projected:.2f} shares", plan), band), memory + 1


# -- a house, a broker -------------------------------------------------------------------------------------------------


@define(slots=False)
class SmallHouse:
    """Permits what it is not told to refuse."""

    account: str = "DU1"
    link: LinkReport = Factory(lambda: LinkReport(NOON, Link.READY))
    entries: list[Entry] = Factory(list)
    refuses: str = ""
    refuses_instructions: str = ""

    def take_down(self, book: str, entry: Entry, at: datetime | None = None) -> datetime:
        self.entries.append(entry)
        return at or NOON

    async def durable(self) -> None:
        await asyncio.sleep(0)

    async def preview(self, book: str, plan: Plan) -> None:
        await asyncio.sleep(0)

    def approve(self, book: str, plan: Plan) -> Approved | NotPermitted:
        if self.refuses:
            return NotPermitted([Refusal("a guard", self.refuses)])
        return Approved(plan=plan, at=NOON, reserved=[Money(0)] * len(plan.proposals))

    def still(self, intent: Intent) -> Sequence[Refusal]:
        return []

    def may_instruct(self, book: str, option: Option, contracts: int, *, written: bool = False) -> Sequence[Refusal]:
        return [Refusal("a guard", self.refuses_instructions)] if self.refuses_instructions else []

    def show(self, state: Desk) -> None:
        pass

    def look(self, book: str, con_ids: Sequence[int]) -> Looked:
        return Looked(())

    async def read_records(self, book: str) -> Sequence[DeskEntry]:
        return []


class SmallBroker:
    """Acknowledges at once, fills after a while, and cancels what is still alive when it is asked to."""

    def __init__(self, happenings: Channel[DeskEntry], clock: Clock, fills_after_s: float = 0.5) -> None:
        self.placed: list[Intent] = []
        self.amended: list[tuple[IntentId, object]] = []
        self.exercised: list[tuple[int, int]] = []
        self.refuses_exercise = ""
        self.fills_after_s = fills_after_s
        self._happenings = happenings
        self._clock = clock
        self._filling: dict[IntentId, asyncio.Task[None]] = {}

    async def place(self, intent: Intent) -> None:
        self.placed.append(intent)
        self._say(intent, Standing.WORKING)
        self._filling[intent.id] = asyncio.create_task(self._fill(intent), name=f"fill of {intent.id}")

    async def amend(self, intent: IntentId, pricing: object) -> None:
        self.amended.append((intent, pricing))

    async def cancel(self, id: IntentId) -> None:
        self._filling[id].cancel()
        self._say(next(each for each in self.placed if each.id == id), Standing.CANCELLED)

    async def exercise(self, option: Option, quantity: int, *, lapse: bool = False) -> None:
        if self.refuses_exercise:
            raise Refused(self.refuses_exercise, 322)
        self.exercised.append((option.con_id, quantity))

    def _say(self, intent: Intent, standing: Standing, filled: Decimal = Decimal(0)) -> None:
        self._happenings.put_nowait(
            OrderReport(
                at=self._clock.now(),
                order_ref=str(intent.id),
                perm_id=intent.id.number,
                standing=standing,
                filled=filled,
                remaining=intent.quantity - filled,
            )
        )

    async def _fill(self, intent: Intent) -> None:
        await self._clock.sleep(self.fills_after_s)
        fill = Fill(
            exec_id=f"0001.{intent.id.number:06d}.01.01",
            intent=intent.id,
            perm_id=intent.id.number,
            account="DU1",
            instrument=intent.instrument,
            side=intent.side,
            quantity=intent.quantity,
            price=Decimal(600),
            at=self._clock.now(),
        )
        self._happenings.put_nowait(fill)
        self._say(intent, Standing.FILLED, intent.quantity)


# -- the ring ----------------------------------------------------------------------------------------------------------


def quote_inbox(book: str) -> Channel[Quote | Universe]:
    """What a streamer reads: of each contract the newest quote, and the newest word on which there are."""
    return Channel(
        f"{book}/quotes",
        Conflate(lambda _, newer: newer, lambda told: told.con_id if isinstance(told, Quote) else 0),
    )


def holding(*held: tuple[Stock | Option, int]) -> Desk:
    """A desk with these in its books."""
    state = opened(BOOK, DeskParameters())
    for what, quantity in held:
        taken = TakenOver(
            id=f"take {what.con_id}", instrument=what, quantity=quantity, price=10, why="adopted", accepted_by="me"
        )
        state, _ = desk(state, taken, NOON - timedelta(days=1))
    return state


class Ring:
    """Four stages and three queues, with a market to push and everything to look at afterwards."""

    def __init__(
        self,
        *held: tuple[Stock | Option, int],
        strategy: Strategy[int] = Calm(),
        streamer: StreamerParameters = StreamerParameters(),
        pricing: PricingParameters = PRICING,
        condition: Callable[[int], Condition] = lambda con_id: Condition(),
    ) -> None:
        self.clock = LoopClock(asyncio.get_running_loop(), NOON)
        self.inbox = quote_inbox(BOOK)
        self.triggers: Channel[Trigger] = Channel("triggers", Conflate(merged))
        self.deltas: Channel[DeltaUpdate] = Channel("deltas", Conflate(newest))
        self.records: Channel[StrategyEntry] = Channel("records", Unbounded(1_000, lambda depth: None))
        self.queues = Queues(Channel("trades", Block(4)), Channel("happenings", Unbounded(1_000, print)), self.triggers)
        self.house = SmallHouse()
        self.broker = SmallBroker(self.queues.happenings, self.clock)
        self.standing, self.thoughts = Watch(Allowed()), Watch[Thought | None](None)
        self.streamer = MarketDataStreamer(BOOK, self.inbox, self.triggers, self.clock, HOURS, condition, streamer)
        self.engine = DeltaEngine(BOOK, self.triggers, self.deltas, self.clock, pricing)
        self.strategy = TradingStrategy(
            BOOK, SPY, self.deltas, self.queues.trades, self.clock, strategy, "", self.standing, self.thoughts.claim(),
            self.records,
        )  # fmt: skip
        self.manager = PositionManager(holding(*held), self.queues, self.house, self.broker, self.clock)
        self._quotes = 0

    @property
    def stages(self) -> dict[str, object]:
        return {
            "streamer": self.streamer,
            "engine": self.engine,
            "strategy": self.strategy,
            "manager": self.manager,
        }

    async def run_for(self, seconds: float, *acts: Callable[[], None], every_s: float = 0.0) -> None:
        """The ring at work; meanwhile these happen, one after the other."""

        async def script() -> None:
            self.inbox.put_nowait(Universe(underlying=SPY, options=STRADDLE))
            began = self.clock.monotonic()
            await asyncio.sleep(0)
            self.queues.happenings.put_nowait(LinkReport(self.clock.now(), Link.READY))
            for act in acts:
                act()
                await self.clock.sleep(every_s)
            await self.clock.sleep(began + seconds - self.clock.monotonic())

        await together(
            manager=self.manager.run(), strategy=self.strategy.run(), engine=self.engine.run(),
            streamer=self.streamer.run(), script=script(),
        )  # fmt: skip

    def push(self, spot: float, vol: float = 0.15) -> None:
        """All quotes anew."""
        now = self.clock.now()
        for each in market(spot, vol, now).quotes:
            self._quotes += 1
            self.inbox.put_nowait(evolve(each, snapshot_id=self._quotes))


def broker_greeks(delta: float, at: datetime = NOON) -> BrokerGreeks:
    return BrokerGreeks(at=at, delta=delta, implied_vol=0.15)
