"""A trader that is there to be killed: it wants another position at every moment, and its orders are in the air.

    python trader_process.py FOLDER

It loads what takes long and then waits for lines: the gateway's port, and by how many seconds the market's time is
ahead of the wall clock's. For each it forks a trader, tells its process id, and tells its exit code once it is gone. A
trader that finds a file `stop` in the folder goes to its last position, has it confirmed by the account, and ends.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from attrs import evolve
from loguru import logger
from scripted import Contracts, Scripted, Wish

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.parameters import BackoffParameters, IbParameters
from gamma_scalper.domain.entries import SessionBegan
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.orders import Purpose, Side
from gamma_scalper.domain.proposals import Proposal, TradeCommand
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import SessionParameters
from gamma_scalper.domain.snapshots import PositionSnapshot
from gamma_scalper.journal.store import SqlJournal
from gamma_scalper.kernel import Clock, PacedClock, Stage, WallClock, together
from gamma_scalper.pipeline.hours import Hours
from gamma_scalper.pipeline.reconciling import ReconcileParameters
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.portfolio.desk_parameters import DeskParameters
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.portfolio.repair import RepairParameters
from gamma_scalper.recovery import recover
from gamma_scalper.risk.parameters import (
    GreeksParameters,
    HedgingParameters,
    HoursParameters,
    LossParameters,
    MoneyParameters,
    PaceParameters,
    QuoteParameters,
    RiskParameters,
    StructureParameters,
)
from gamma_scalper.trading import BookAtWork, Terms, Trading

ACCOUNT, BOOK = "DU5", "book"
STRIKE, NEAREST_EXPIRY_DAYS = Decimal(600), 21
CLIENT_ID = 17
PATIENCE_S, LOOK_S = 1.0, 0.1
MOMENT_S = 0.7  # for which a position is wanted
LAST_STRADDLES, LAST_SHARES = 1, 10

IB = IbParameters(executions_every_s=5, settle_s=0.5, backoff=BackoffParameters(first_s=0.1, longest_s=1))
DESK = DeskParameters(
    ack_s=2,
    cancel_s=1,
    doubt_first_s=0.5,
    doubt_every_s=0.5,
    doubt_margin_s=2,
    max_rejections=100,
    look_s=0.5,
    repair=RepairParameters(attempts=100, patience_s=1, look_again_s=0.5),
)
RISK = RiskParameters(
    hedging=HedgingParameters(hedge_shares=1, min_shares=1, cooldown_s=0, min_move_pct=0, max_per_day=100_000),
    quotes=QuoteParameters(age_s=5, lag_s=5),
    hours=HoursParameters(before_close_s=60),
    pace=PaceParameters(max_orders=100_000),
    loss=LossParameters(max_daily_loss=900_000, max_drawdown=900_000),
    money=MoneyParameters(budget=900_000),
    greeks=GreeksParameters(max_divergence=2),
    structure=StructureParameters(min_dte=0, max_dte=60, moneyness_pct=20),
)

HOURS, BEGINS = Hours(SessionParameters()), datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


class Restless(Scripted):
    """Wants what the moment says, and what it wants in the end once it is told to stop."""

    def __init__(self, contracts: Contracts, book: BookAtWork, clock: Clock, stop: Path) -> None:
        queues = book.queues.triggers, book.queues.trades
        super().__init__(BOOK, (), contracts, queues, book.board, clock, LOOK_S)
        self._stop = stop

    def _decide(self, position: PositionSnapshot) -> TradeCommand | None:
        now = self._clock.now()
        self._script = (last(now) if self._stop.exists() else wanted(now),)
        return super()._decide(position)

    def _proposal(
        self,
        purpose: Purpose,
        what: Stock | Option,
        side: Side,
        quantity: int,
        price: Decimal,
        quotes: dict[int, Quote],
    ) -> Proposal:
        return evolve(super()._proposal(purpose, what, side, quantity, price, quotes), patience_s=PATIENCE_S)


def wanted(now: datetime) -> Wish:
    """By the clock alone, so that every life wants the same at the same time."""
    moment = int(now.timestamp() / MOMENT_S)
    return Wish(
        since=datetime.fromtimestamp(moment * MOMENT_S, UTC),
        straddles=1 + moment // 9 % 2,
        shares=(0, 40, 10, 70, 30, 90, 20)[moment % 7],
        most=(1_000, 25, 1_000)[moment % 3],
        manner=("take", "improve", "try", "take", "improve")[moment % 5],
    )


def last(now: datetime) -> Wish:
    return Wish(since=now, straddles=LAST_STRADDLES, shares=LAST_SHARES)


def broker_at(
    port: int, clock: Clock, folder: Path, client_id: int = CLIENT_ID, *, read_only: bool = False
) -> IbBroker:
    """What it was told of contracts it keeps in the folder, so that another process need not ask."""
    return IbBroker(
        ("127.0.0.1", port), client_id, ACCOUNT, clock, IB, read_only=read_only, cache_dir=folder / "contracts"
    )


async def contracts_of(broker: IbBroker) -> Contracts:
    """The shares, and the straddle at the strike that the market begins at."""
    share = await broker.catalogue.stock("SPY")
    days = await broker.catalogue.expiries(share)
    expiry = next(day for day in days if (day - days[0]).days >= NEAREST_EXPIRY_DAYS)
    call, put = await broker.catalogue.options(share, expiry, (STRIKE, STRIKE))
    return Contracts(share=share, call=call, put=put)


async def settled(trading: Trading, contracts: Contracts, clock: Clock, stop: Path) -> None:
    """Return once the last position is held, nothing is under way, and the account agrees."""
    while True:
        await clock.sleep(LOOK_S)
        if stop.exists() and at_rest(trading, contracts):
            asked = clock.now()
            trading.reconciling.want()
            while (compared := trading.house.compared).at is None or compared.at < asked:
                await clock.sleep(LOOK_S)
            if not compared.unexplained and at_rest(trading, contracts):
                return


def at_rest(trading: Trading, contracts: Contracts) -> bool:
    desk = trading.books[BOOK].manager.state
    held = {holding.instrument.con_id: holding.quantity for holding in holdings(desk.ledger)}
    options = dict.fromkeys((contracts.call.con_id, contracts.put.con_id), Decimal(LAST_STRADDLES))
    last_position = {contracts.share.con_id: Decimal(LAST_SHARES)} | options
    return held == last_position and not desk.living and not desk.repairing and not desk.orphans


async def trade(folder: Path, port: int, shift_s: float) -> None:
    """From what the journal says to the last position."""
    wall = WallClock()
    clock = PacedClock(wall, wall.now() + timedelta(seconds=shift_s))
    journal = SqlJournal.open(f"sqlite:///{folder / 'journal.db'}", lock=folder / "lock", clock=clock)
    broker = broker_at(port, clock, folder)
    try:
        contracts = await contracts_of(broker)
        trading = Trading(
            broker=broker,
            journal=journal,
            clock=clock,
            remembered=recover(journal),
            residents=[Resident(name=BOOK, underlying=contracts.share, hours=HOURS, risk=RISK, desk=DESK)],
            terms=Terms(
                session=SessionBegan("paper", "a trader to be killed", ""), reconcile=ReconcileParameters(5, 0.5)
            ),
        )
        stop = folder / "stop"

        def stages(book: BookAtWork) -> Sequence[Stage]:
            return [Stage("script", Restless(contracts, book, clock, stop).run, book.queues.triggers)]

        await together(trades=trading.run(stages, contracts.all), settles=settled(trading, contracts, clock, stop))
    finally:
        await broker.stop()
        journal.close()


def live(folder: Path, port: int, shift_s: float) -> int:
    """One life, to its exit code."""
    try:
        asyncio.run(trade(folder, port, shift_s))
    except UserError as error:
        logger.error("{}", error)
        return int(error.exit_code)
    return 0


def main() -> int:
    HOURS.of(Stock(con_id=1, symbol="SPY"), BEGINS)  # loads the calendars
    for line in sys.stdin:
        port, shift_s = line.split()
        process = os.fork()
        if not process:
            return live(Path(sys.argv[1]), int(port), float(shift_s))
        print(process, flush=True)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
