"""All that happens to one account's orders, told once and in one order."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from attrs import evolve
from loguru import logger

from gamma_scalper.broker.simulated.telling import commission_of, fill_of, holdings_of, report_of
from gamma_scalper.domain.ports import BrokerHolding, OrderEvent, OrderReport, Recap, Standing, Warned
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Charged, Executed, Notice, OrderStatus
from gamma_scalper.kernel import Channel, Unbounded

_ALARM_DEPTH = 10_000
_CANCELLED = 202  # its status says the same
_DEAD = (Standing.FILLED, Standing.CANCELLED, Standing.REJECTED)
_WARNINGS = (399, 404)  # of an order that lives


class OrderStream:
    """Each execution once, whichever way it came; a status that may be false is followed by what is true."""

    def __init__(self, engine: Engine, account: str) -> None:
        self._engine = engine
        self._account = account
        self._channel: Channel[OrderEvent] = Channel("order events", Unbounded(_ALARM_DEPTH, _alarm))
        self._filled: set[str] = set()  # execIds that were told
        self._billed: set[str] = set()
        self._last: dict[int, OrderReport | None] = {}  # permId -> what was told last; None: no more than an execution

    def events(self) -> AsyncIterator[OrderEvent]:
        return self._channel

    @property
    def fills(self) -> int:
        """How many were told."""
        return len(self._filled)

    def tell(self, event: OrderEvent) -> None:
        if isinstance(event, OrderReport):
            self._last[event.perm_id] = event
        self._channel.put_nowait(event)

    # -- what the exchange says ----------------------------------------------------------------------------------------

    def status(self, status: OrderStatus) -> None:
        report = report_of(status)
        if report.standing is Standing.UNKNOWN and report.code is not None:
            self.doubt(report.perm_id, report.at, report.code, report.why)
        else:
            self.tell(report)

    def executed(self, executed: Executed) -> None:
        fill = fill_of(self._engine, executed)
        if fill is not None and fill.exec_id not in self._filled:
            self._filled.add(fill.exec_id)
            self._last.setdefault(fill.perm_id)
            self.tell(fill)

    def charged(self, charged: Charged) -> None:
        if charged.exec_id not in self._billed:
            self._billed.add(charged.exec_id)
            self.tell(commission_of(charged))

    def notice(self, notice: Notice) -> None:
        """A message with a code. Of an order it may say too much: then the order itself is looked at."""
        order = None if notice.perm_id is None else self._engine.order(notice.perm_id)
        if order is None or notice.code in _WARNINGS:
            ref = "" if order is None else order.ticket.order_ref
            warned = Warned(at=notice.at, code=notice.code, text=notice.text, order_ref=ref, con_id=notice.con_id)
            self.tell(warned)
        elif notice.code not in (order.code, _CANCELLED):
            self.doubt(order.perm_id, notice.at, notice.code, notice.text)

    def doubt(self, perm_id: int, at: datetime, code: int, why: str) -> None:
        """The broker said something from which an order's state can't be told; then what its books say."""
        status = self._engine.status(perm_id)
        if status is not None:
            truth = report_of(status)
            self.tell(evolve(truth, at=at, standing=Standing.UNKNOWN, code=code, why=why))
            self.tell(truth)

    # -- what is asked for ---------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Tell the executions of today that were not told."""
        for executed, charged in self._engine.executions(self._account):
            self.executed(executed)
            if charged is not None:
                self.charged(charged)

    def catch_up_on_orders(self) -> None:
        """Tell what has become of orders where that was not told; of one that died unheard of nobody knows."""
        for truth in (*self.open_orders(), *self.completed_orders()):
            last = self._last.get(truth.perm_id)
            if truth.perm_id not in self._last and truth.standing in _DEAD:
                continue
            if last is None or (last.standing, last.filled) != (truth.standing, truth.filled):
                self.tell(truth)

    def recap(self, at: datetime, why: str) -> None:
        self.catch_up()
        self.tell(Recap(at=at, why=why, holdings=self.holdings(), open_orders=self.open_orders()))

    def holdings(self) -> tuple[BrokerHolding, ...]:
        return holdings_of(self._engine.account(self._account), self._engine.market.instrument)

    def open_orders(self) -> tuple[OrderReport, ...]:
        return self._reports(order.perm_id for order in self._engine.open_orders(self._account))

    def completed_orders(self) -> tuple[OrderReport, ...]:
        return self._reports(order.perm_id for order in self._engine.completed_orders(self._account))

    def _reports(self, perm_ids: Iterable[int]) -> tuple[OrderReport, ...]:
        statuses = (self._engine.status(perm_id) for perm_id in perm_ids)
        return tuple(report_of(status) for status in statuses if status is not None)


def _alarm(depth: int) -> None:
    logger.warning("{} order events wait to be read", depth)
