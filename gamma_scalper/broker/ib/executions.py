"""Executions and their bills: each told once, whichever way it came, and none lost."""

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

import ib_insync as ib
from loguru import logger

from gamma_scalper.broker.ib.catalogue import IbCatalogue, never_ours
from gamma_scalper.broker.ib.incoming import Execution
from gamma_scalper.broker.ib.numbers import amount, quantity
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Side
from gamma_scalper.domain.ports import NotReady, OrderEvent, Refused, Unanswered, Warned

_MOST_BILLS = 10_000  # that wait for their fills


class Executions:
    """Of one account. A fill waits only while the contract it names is asked for; others pass it."""

    def __init__(
        self, wire: Wire, catalogue: IbCatalogue, account: Callable[[], str], tell: Callable[[OrderEvent], None]
    ) -> None:
        self._wire = wire
        self._catalogue = catalogue
        self._account = account
        self._tell = tell
        self._told: dict[str, Fill] = {}  # execId -> its fill
        self._waiting: dict[str, tuple[ib.Contract, ib.Execution]] = {}  # execId -> one in an unknown contract
        self._foreign: dict[str, datetime] = {}  # execId in a contract not traded here -> when it was last heard of
        self._spoilt: dict[str, datetime] = {}  # the same of fills that can't be so; of both each is told once
        self._bills: dict[str, Commission] = {}  # execId -> one whose fill was not told yet
        self._billed: set[str] = set()  # execIds
        # permId, is it the combo's own -> how much has filled, and when that was last heard
        self._done: dict[tuple[int, bool], tuple[Decimal, datetime]] = {}
        self._stranger = asyncio.Event()  # a fill waits for its contract
        self.pulled_at = -math.inf  # of the monotonic clock: when all were last asked for, and told

    # -- what the broker says ------------------------------------------------------------------------------------------

    def executed(self, contract: ib.Contract, execution: ib.Execution) -> None:
        """Live or asked for. Of a combo the legs count; its own execution says no more than they do."""
        exec_id, now = execution.execId, self._wire.clock.now()
        if execution.acctNumber != self._account():
            return
        if contract.conId < 1 and contract.secType != "BAG":
            raise ValueError("an execution in no contract")
        if execution.permId:
            combo = contract.secType == "BAG"
            filled = max(self.done(execution.permId, combo=combo), quantity(execution.cumQty))
            self._done[execution.permId, combo] = filled, now
        if exec_id in self._foreign:
            self._foreign[exec_id] = now
            return
        if contract.secType == "BAG" or exec_id in self._told or exec_id in self._waiting:
            return
        held = self._catalogue.known(contract.conId)
        if isinstance(held, Stock | Option):
            self._count(contract, execution, held)
        else:
            self._waiting[exec_id] = contract, execution
            self._stranger.set()

    def billed(self, report: ib.CommissionReport) -> None:
        cost = amount(report.commission)
        if cost is None or report.execId in self._billed:
            return
        bill = Commission(report.execId, Money(cost, report.currency))
        if report.execId in self._told:
            self._charge(bill)
        else:
            self._bills[report.execId] = bill
            if len(self._bills) > _MOST_BILLS:  # of other accounts' fills come bills, too, and nobody asks for those
                del self._bills[next(iter(self._bills))]

    def done(self, perm_id: int, *, combo: bool) -> Decimal:
        """How much of an order has filled, as executions tell it."""
        filled, _ = self._done.get((perm_id, combo), (Decimal(0), None))
        return filled

    def forget(self, before: datetime) -> None:
        """What was executed then is told no more, so that nobody has to know that it was told."""
        gone = [exec_id for exec_id, fill in self._told.items() if fill.at < before]
        for exec_id in gone:
            del self._told[exec_id]
        self._billed.difference_update(gone)
        self._foreign = {exec_id: at for exec_id, at in self._foreign.items() if at >= before}
        self._spoilt = {exec_id: at for exec_id, at in self._spoilt.items() if at >= before}
        self._done = {key: (filled, at) for key, (filled, at) in self._done.items() if at >= before}

    # -- asking --------------------------------------------------------------------------------------------------------

    async def pull(self) -> Sequence[Fill]:
        """All since midnight; those not told yet are told now."""
        wanted, asked_at = ib.ExecutionFilter(acctCode=self._account()), self._wire.clock.monotonic()
        answer = await self._wire.ask(
            "executions",
            lambda client, number: client.reqExecutions(number, wanted),
            timeout_s=self._wire.parameters.timeouts.executions_s,
            budget=self._wire.pacing.trading,
            kind=Execution,
        )
        self.pulled_at = asked_at
        await self._meet_strangers()
        ids = dict.fromkeys(execution.execId for _, execution in answer)
        return [self._told[exec_id] for exec_id in ids if exec_id in self._told]

    async def keep_meeting(self) -> None:
        """For as long as the connection stands: ask for the contracts of fills in contracts nobody has named."""
        while True:
            await self._stranger.wait()
            self._stranger.clear()
            try:
                await self._meet_strangers()
            except (Unanswered, Refused, NotReady) as error:
                logger.warning("a fill waits for its contract: {}", error)  # the next pull asks again

    async def _meet_strangers(self) -> None:
        for exec_id, (contract, execution) in list(self._waiting.items()):
            try:
                held = await self._catalogue.by_con_id(contract.conId)
            except Refused as error:
                if not never_ours(error):
                    raise
                self._not_ours(exec_id, contract, error.why)
                continue
            if exec_id not in self._waiting:
                continue  # it was told of while its contract was asked for
            if isinstance(held, Stock | Option):
                self._count(contract, execution, held)
            else:
                self._not_ours(exec_id, contract, "an index can't be traded")

    def _count(self, contract: ib.Contract, execution: ib.Execution, held: Stock | Option) -> None:
        """Once, where it can be so; what can't be so is read anew at each pull, for the broker may mend it."""
        exec_id = execution.execId
        try:
            self._emit(as_fill(execution, held))
        except ValueError as error:
            told = exec_id in self._spoilt
            self._spoilt[exec_id] = self._wire.clock.now()
            if not told:
                self._warn(f"a fill in {contract.symbol} ({contract.conId}) can't be so and is not counted: {error}")
        self._waiting.pop(exec_id, None)

    def _not_ours(self, exec_id: str, contract: ib.Contract, why: str) -> None:
        self._waiting.pop(exec_id, None)
        self._foreign[exec_id] = self._wire.clock.now()
        self._warn(f"a fill in {contract.symbol} ({contract.conId}) is not counted: {why}")

    def _warn(self, text: str) -> None:
        if not self._wire.restraint.allows():
            return
        logger.warning("{}", text)
        self._tell(Warned(at=self._wire.clock.now(), code=0, text=text))

    # -- telling -------------------------------------------------------------------------------------------------------

    def _emit(self, fill: Fill) -> None:
        self._told[fill.exec_id] = fill
        self._tell(fill)
        bill = self._bills.pop(fill.exec_id, None)
        if bill is not None:
            self._charge(bill)

    def _charge(self, bill: Commission) -> None:
        self._billed.add(bill.exec_id)
        self._tell(bill)


def as_fill(execution: ib.Execution, instrument: Stock | Option) -> Fill:
    price = amount(execution.price)
    if price is None:
        raise ValueError(f"execution {execution.execId} has no price")
    return Fill(
        intent=IntentId.parse(execution.orderRef),
        account=execution.acctNumber,
        instrument=instrument,
        side=Side.BUY if execution.side in ("BOT", "BUY") else Side.SELL,
        quantity=quantity(execution.shares),
        price=price,
        exec_id=execution.execId,
        perm_id=execution.permId,
        at=execution.time,
    )
