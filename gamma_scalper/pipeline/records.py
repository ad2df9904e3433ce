"""The broker's own records, read in the order in which they can be trusted: executions, open orders, completed ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen
from loguru import logger

from gamma_scalper.domain.entries import DeskEntry, RecordsRead
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.ports import BrokerHolding, NotReady, OrderReport, OrderRouter, Refused, Unanswered
from gamma_scalper.pipeline.listening import book_of


@frozen(kw_only=True)
class Records:
    """What it answered; `completed` is None where it did not, which happens and holds nothing up."""

    asked_at: datetime
    executions: tuple[Fill, ...]
    open_orders: tuple[OrderReport, ...]
    completed: tuple[OrderReport, ...] | None
    holdings: tuple[BrokerHolding, ...] = ()

    def of(self, book: str, known: Mapping[str, str]) -> Sequence[DeskEntry]:
        """What the book's desk has not heard: fills that its executions (key -> execId) lack, then the lists."""
        fills = [fill for fill in self.executions if fill.intent is not None and fill.intent.book == book]
        lists = RecordsRead(
            open_orders=tuple(report for report in self.open_orders if book_of(report.order_ref) == book),
            completed=None
            if self.completed is None
            else tuple(report for report in self.completed if book_of(report.order_ref) == book),
        )
        return [*(fill for fill in fills if known.get(fill.key) != fill.exec_id), lists]


async def read_records(router: OrderRouter, now: datetime) -> Records | None:
    """None where a list that matters was not answered; then nothing is known, and nothing is concluded."""
    try:
        executions = await router.executions()
        open_orders = await router.open_orders()
    except (Unanswered, NotReady, Refused) as error:
        logger.warning("the broker's records could not be read: {}", error)
        return None
    try:
        completed = tuple(await router.completed_orders())
    except (Unanswered, NotReady, Refused) as error:
        logger.info("no list of completed orders: {}", error)
        completed = None
    return Records(asked_at=now, executions=tuple(executions), open_orders=tuple(open_orders), completed=completed)
