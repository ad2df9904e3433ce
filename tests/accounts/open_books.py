"""A book whose ledger is written by hand, with thoughts as a strategy would have them, and what is taken down of it."""

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal

from straddles import CALL, MODEL, PUT, RATE, SHARE, START

from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.greeks import NO_GREEKS
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import Money, to_cents, to_decimal
from gamma_scalper.domain.orders import IntentId, Side
from gamma_scalper.domain.pictures import LegFigures, Picture
from gamma_scalper.domain.ports import Link, LinkReport
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Session, SessionParameters, years_between
from gamma_scalper.domain.snapshots import MarketSnapshot, PositionSnapshot
from gamma_scalper.kernel import LoopClock, Watch
from gamma_scalper.pipeline.accounting import Accounting
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.pipeline.thoughts import Thought
from gamma_scalper.portfolio.desk import opened
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.ledger import booked, holdings, profit
from gamma_scalper.pricing import MarketInputs, OptionTerms
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.risk.governance import Governance
from gamma_scalper.strategies.base import Hold, Judgement

BOOK = "spy"
SESSIONS = [
    Session(START.date() + timedelta(days=day), START + timedelta(days=day), START + timedelta(days=day, hours=6.5))
    for day in range(3)
]
HALF_A_SPREAD = 0.02


def session_at(now: datetime) -> Session:
    """The one that is open, else the next to open."""
    return next(session for session in SESSIONS if now < session.closes)


def mids(spot: float, now: datetime, vol: float) -> dict[int, float]:
    return {SHARE.con_id: spot} | {
        each.con_id: MODEL.price(OptionTerms(each.right, 600.0, "european"), _inputs(spot, now, each), vol)
        for each in (CALL, PUT)
    }


def _inputs(spot: float, now: datetime, option: Option) -> MarketInputs:
    return MarketInputs(spot, years_between(now, option.expires_at), RATE)


THE_OPEN_ONE = object()


def picture(ledger, spot, now: datetime, vol: float = 0.15, *, silent=(), session=THE_OPEN_ONE) -> Picture:
    """Nobody quotes the `silent` ones."""
    session = session_at(now) if session is THE_OPEN_ONE else session
    quotes = [
        Quote(
            con_id=con_id,
            snapshot_id=1,
            bid=None if con_id in silent else max(mid - HALF_A_SPREAD, 0.0),
            ask=mid + HALF_A_SPREAD,
            received_at=now,
        )
        for con_id, mid in mids(spot, now, vol).items()
    ]
    legs = [
        LegFigures(
            option=each,
            vol=vol,
            greeks=MODEL.greeks(OptionTerms(each.right, 600.0, "european"), _inputs(spot, now, each), vol),
        )
        for each in (CALL, PUT)
        if now < each.expires_at
    ]
    return Picture(
        at=now,
        market=MarketSnapshot(now, SHARE.con_id, quotes, [CALL, PUT], session=session),
        position=PositionSnapshot(holdings(ledger), (), 0),
        legs=legs,
        options=NO_GREEKS,
        filled=0.0,
        projected=0.0,
    )


@asynccontextmanager
async def at_work(book: "Book", earned=None):
    """A process that keeps the book's accounts, for as long as the context lasts."""
    book.thoughts = Watch(None)
    book.thinks, books = book.thoughts.claim(), {BOOK: PricingParameters(rates_pct="4.0")}
    accounting = Accounting(book, {BOOK: book.thoughts}, books, book.clock, earned or {})
    task = asyncio.create_task(accounting.run(), name="accounting")
    try:
        yield accounting
        assert not task.done(), "it lives until it is cancelled"
    finally:
        task.cancel()
        await asyncio.wait([task])


class Book:
    """Stands in for the house: a ledger, and a journal. It outlives the processes."""

    def __init__(self) -> None:
        self.clock = LoopClock(asyncio.get_running_loop(), START)
        self.rows: list = []
        self.governance = Governance()
        self.states = {BOOK: opened(BOOK, DeskParameters())}
        self.residents = {BOOK: Resident(name=BOOK, underlying=SHARE, hours=Hours(SessionParameters()))}
        self.link = LinkReport(START, Link.READY)
        self._executions = 0

    @property
    def ledger(self):
        return self.states[BOOK].ledger

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def take_down(self, book: str, entry: object) -> None:
        assert book == BOOK
        self.rows.append(entry)

    # -- what happens --------------------------------------------------------------------------------------------------

    def book(self, entry: object) -> None:
        self.states[BOOK] = self.states[BOOK]._replace(ledger=booked(self.ledger, entry, self.now))

    def trade(self, what, quantity: int, price: float | str, fee: str = "0") -> None:
        self._executions += 1
        exec_id = f"0001.0002.{self._executions:04}.01"
        self.book(
            Fill(
                intent=IntentId(BOOK, self._executions),
                account="DU1",
                instrument=what,
                side=Side.BUY if quantity > 0 else Side.SELL,
                quantity=abs(quantity),
                price=Decimal(str(price)),
                exec_id=exec_id,
                perm_id=self._executions,
                at=self.now,
            )
        )
        if Decimal(fee):
            self.book(Commission(exec_id, Money(fee)))

    def buy_straddle(self, spot: float = 600.0, above_mid: str = "0.02", fee: str = "0.65") -> None:
        for what in (CALL, PUT):
            self.trade(what, 1, round(mids(spot, self.now, 0.15)[what.con_id] + float(above_mid), 4), fee)

    async def think(self, spot: float, vol: float = 0.15, *, after_s: float = 0.0, **changes) -> None:
        """Some time later the book looks at its market."""
        await self.clock.sleep(after_s)
        drawn = changes.get("drawn") or picture(self.ledger, spot, self.now, vol, **changes)
        hold = Judgement(Hold("inside the band", "all is well"))
        self.thinks.publish(Thought(at=self.now, picture=drawn, judgement=hold))
        for _ in range(3):
            await asyncio.sleep(0)

    def equity(self, spot: float, vol: float = 0.15) -> Decimal:
        """At the middle."""
        marks = {con_id: to_decimal(mid) for con_id, mid in mids(spot, self.now, vol).items()}
        return to_cents(sum((amount.amount for amount in profit(self.ledger, marks)), Decimal(0)))

    @property
    def total(self) -> Decimal:
        return sum((row.total for row in self.rows), Decimal(0))
