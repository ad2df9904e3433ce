"""From a strategy's command to the bytes of its order: permit, durable journal, real client, loopback TCP."""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.broker.ib.parameters import PacingParameters as IbPacing
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Limit, Purpose, Side
from gamma_scalper.domain.ports import Broker
from gamma_scalper.domain.proposals import Deltas, Plan, Proposal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import SessionParameters
from gamma_scalper.exchange.parameters import FRICTIONLESS, ExchangeParameters
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.parameters import GatewayParameters, PacingParameters
from gamma_scalper.gateway.server import serving
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import PacedClock, Stage, WallClock
from gamma_scalper.pipeline.caretaker import CaretakerParameters
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.recovery import Remembered
from gamma_scalper.risk.parameters import (
    HedgingParameters,
    PaceParameters,
    QuoteParameters,
    RiskParameters,
    StructureParameters,
)
from gamma_scalper.trading import BookAtWork, Terms, Trading

CASH = {"DU1": Decimal(10**7)}
UNPACED = GatewayParameters(pacing=PacingParameters(messages_per_s=0, market_data_lines=1_000))
BUSY = RiskParameters(
    hedging=HedgingParameters(hedge_shares=1, min_shares=1, cooldown_s=0, min_move_pct=0, max_per_day=10**6),
    quotes=QuoteParameters(age_s=10, stale_s=30, lag_s=10),
    structure=StructureParameters(min_dte=0, max_dte=90),
    pace=PaceParameters(max_orders=10**6),
)
PAUSE_S = 0.06  # a broker takes no more than some twenty orders a second
_PLACE = b"3\x00"


class Tap:
    """The client's transport, and when the last order went through it."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.placed_at = 0.0

    def write(self, data: bytes) -> None:
        self._transport.write(data)
        if data[4:6] == _PLACE:
            self.placed_at = perf_counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Hedger:
    """Buys a straddle, and then a share and sells it again, as often as it is asked to."""

    def __init__(self, book: BookAtWork, contracts: tuple[Stock, Option, Option], tap: Tap, folder: Path) -> None:
        self._book, self._queues = book, book.queues
        self._share, self._options = contracts[0], contracts[1:]
        self._tap = tap
        self._bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
        for line in ("pragma journal_mode = wal", "pragma synchronous = full", "create table event (payload text)"):
            self._bare.execute(line)
        self.took: list[float] = []  # ms from the command to its bytes
        self.bare: list[float] = []  # ms of one insert and commit

    async def run(self, times: int) -> None:
        while any(self._book.board.quote(each.con_id) is None for each in (self._share, *self._options)):
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)  # for books and account to be compared
        await self._order(Purpose.ENTRY, self._options, Side.BUY)
        for number in range(times):
            placed = self._tap.placed_at
            began = await self._order(Purpose.HEDGE, [self._share], Side.BUY if number % 2 == 0 else Side.SELL)
            if self._tap.placed_at > placed:
                self.took.append(1e3 * (self._tap.placed_at - began))
            began = perf_counter()
            self._bare.execute("insert into event values (?)", ("x" * 350,))
            self.bare.append(1e3 * (perf_counter() - began))
            await asyncio.sleep(PAUSE_S)

    async def _order(self, purpose: Purpose, what: Sequence[Stock | Option], side: Side) -> float:
        """When the command was given; returns once its orders are dead."""
        plan = self._plan(purpose, what, side)
        next_number = self._book.manager.state.next_number
        began = perf_counter()
        await self._queues.trades.put(plan)
        for _ in range(5_000):
            await asyncio.sleep(0.001)
            state = self._book.manager.state
            if state.next_number > next_number and not state.living:
                return began
        raise RuntimeError(f"no {purpose.value} order came to its end")

    def _plan(self, purpose: Purpose, what: Sequence[Stock | Option], side: Side) -> Plan:
        quotes = {each.con_id: self._quote(each.con_id) for each in (self._share, *self._options)}
        now, off = self._book.clock.now(), -1.0 if side is Side.BUY else 1.0
        return Plan(
            proposals=[_proposal(purpose, each, side, quotes[each.con_id]) for each in what],
            structure="straddle" if purpose is Purpose.ENTRY else "",
            decided_at=now,
            good_for_s=5,
            settled_through=self._book.manager.state.settled_through,
            quotes=quotes.values(),
            deltas=Deltas(
                as_of=now,
                legs=[(self._options[0].con_id, 0.5), (self._options[1].con_id, -0.5)],
                gamma=0.1, filled=off, projected=off, target=0.0,
            ),
        )  # fmt: skip

    def _quote(self, con_id: int) -> Quote:
        quote = self._book.board.quote(con_id)
        assert quote is not None
        return quote


def _proposal(purpose: Purpose, what: Stock | Option, side: Side, quote: Quote) -> Proposal:
    """Across the spread by a little, at once or not at all."""
    price = quote.ask if side is Side.BUY else quote.bid
    assert price is not None
    through = to_decimal(0.05 if isinstance(what, Stock) else 0.10) * side.sign
    return Proposal(
        purpose=purpose, instrument=what, side=side, quantity=Decimal(1),
        pricing=Limit(what.tick_rule.round(to_decimal(price) + through, "nearest")),
        patience_s=0 if isinstance(what, Stock) else 5, snapshot_ids=[quote.snapshot_id], reason="benchmark",
    )  # fmt: skip


async def straddle_at(broker: Broker) -> tuple[Stock, Option, Option]:
    """A month or so to run, at the market's first price."""
    share = await broker.catalogue.stock("SPY")
    expiries = await broker.catalogue.expiries(share)
    call, put = await broker.catalogue.options(share, expiries[4], (Decimal(600), Decimal(600)))
    return share, call, put


async def to_the_wire(times: int, folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of each command to its bytes, and of a bare durable insert next to it."""
    engine, past = open_exchange(
        "gbm:sigma=0.1,spot=600,step=1", seed=1, accounts=CASH, parameters=ExchangeParameters(venue=FRICTIONLESS),
        past_sessions=0,
    )  # fmt: skip
    clock = PacedClock(WallClock(), engine.now + timedelta(minutes=5))
    gateway = Gateway(engine, clock, UNPACED, past=past)
    journal = SqlJournal.open(f"sqlite:///{folder / 'journal.db'}", lock=folder / "lock", clock=clock)
    async with serving(gateway, port=0) as port:
        pacing = IbPacing(trading_per_s=20)
        broker = IbBroker(("127.0.0.1", port), 2, "DU1", clock, IbParameters(pacing=pacing))
        await broker.start()
        client: Any = broker._wire._client
        tap = client.conn.transport = Tap(client.conn.transport)
        contracts = await straddle_at(broker)
        resident = Resident(name="bench", underlying=contracts[0], hours=Hours(SessionParameters()), risk=BUSY)
        trading = Trading(
            broker=broker, journal=journal, clock=clock, remembered=Remembered(), residents=[resident],
            terms=Terms(session=SessionBegan("paper", "benchmark", ""), caretaker=CaretakerParameters()),
        )  # fmt: skip
        book = trading.books["bench"]
        hedger = Hedger(book, contracts, tap, folder)
        working = asyncio.create_task(trading.run(lambda _: [Stage("hedger", _idle(book))], contracts))
        hedging = asyncio.create_task(hedger.run(times))
        await asyncio.wait((working, hedging), return_when=asyncio.FIRST_COMPLETED)
        for task in (working, hedging):
            if task.done():
                task.result()
            task.cancel()
        await asyncio.wait((working, hedging))
        await broker.stop()
        await asyncio.sleep(0.1)
    journal.close()
    return hedger.took, hedger.bare


def _idle(book: BookAtWork) -> Any:
    """The rest of the ring: somebody reads what the desk says."""

    async def run() -> None:
        async for _ in book.queues.triggers:
            pass

    return run
