"""Clearing up what is not known of an order, from the broker's own records. Nothing is ever sent again on a guess."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import ib_insync as ib
from loguru import logger

from gamma_scalper.broker.ib.executions import Executions
from gamma_scalper.broker.ib.incoming import COMPLETED_ORDERS, OPEN_ORDERS
from gamma_scalper.broker.ib.numbers import quantity
from gamma_scalper.broker.ib.order_mapping import standing
from gamma_scalper.broker.ib.orders import Orders
from gamma_scalper.broker.ib.tracked import Life, Tracked
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.ports import NotReady, OrderEvent, OrderReport, Refused, Standing, Unanswered, Warned

Part = tuple[ib.Order, ib.OrderState]


class Doubts:
    """Asks for open orders, executions and, where those don't say it, completed orders."""

    def __init__(
        self,
        wire: Wire,
        orders: Orders,
        executions: Executions,
        account: Callable[[], str],
        tell: Callable[[OrderEvent], None],
    ) -> None:
        self._wire = wire
        self._orders = orders
        self._executions = executions
        self._account = account
        self._tell = tell

    # -- what the broker has on record ---------------------------------------------------------------------------------

    async def open_orders(self) -> Sequence[OrderReport]:
        """Those of the account; an order of ours that is not among them is in doubt from now on."""
        parts = await self._list_open()
        listed = {order.permId for order, _ in parts}
        for tracked in self._orders.alive():
            if {life.perm_id for life in tracked.lives.values() if not life.dead} - listed:
                self._orders.doubt(tracked)
        return self._orders.reports_of([order for order, _ in parts])

    async def completed_orders(self) -> Sequence[OrderReport]:
        """The dead ones of today."""
        return [self._as_report(order, state) for order, state in await self._list_completed()]

    async def _list_open(self) -> list[Part]:
        parts = await self._wire.ask(
            "open orders",
            lambda client, _: client.reqAllOpenOrders(),
            timeout_s=self._wire.parameters.timeouts.open_orders_s,
            name=OPEN_ORDERS,
            budget=self._wire.pacing.trading,
        )
        return [part for part in parts if part[0].account == self._account()]

    async def _list_completed(self) -> list[Part]:
        parts = await self._wire.ask(
            "completed orders",
            lambda client, _: client.reqCompletedOrders(False),
            timeout_s=self._wire.parameters.timeouts.completed_orders_s,
            name=COMPLETED_ORDERS,
            budget=self._wire.pacing.trading,
        )
        return [part for part in parts if part[0].account == self._account()]

    # -- clearing up ---------------------------------------------------------------------------------------------------

    async def keep_clearing(self) -> None:
        """For as long as the connection stands."""
        while True:
            await self._orders.in_doubt.wait()
            self._orders.in_doubt.clear()
            doubted = dict(self._orders.doubts)
            try:
                await self._clear(doubted)
            except (Unanswered, Refused, NotReady) as error:
                logger.warning("orders stay in doubt: {}", error)
                await self._wire.clock.sleep(self._wire.parameters.settle_s)
                self._orders.in_doubt.set()

    async def _clear(self, doubted: dict[str, Tracked]) -> None:
        missing = await self._missing(doubted)
        if missing:
            completed = await self._completed_if_told()
            # An order on its way, or one that has just died, is in none of the lists for a moment.
            await self._wire.clock.sleep(self._wire.parameters.settle_s)
            for key, lives in (await self._missing({key: doubted[key] for key in missing})).items():
                for life in lives:
                    self._bury(doubted[key], life, completed)
        for key, tracked in doubted.items():
            if self._orders.doubts.get(key) is tracked and not self._undecided(tracked):
                del self._orders.doubts[key]

    async def _missing(self, doubted: dict[str, Tracked]) -> dict[str, list[Life]]:
        """What of these is in no list of living orders and was not told dead; the living are told of."""
        await self._executions.pull()
        listed = {order.permId: state for order, state in await self._list_open()}
        missing: dict[str, list[Life]] = {}
        for key, tracked in doubted.items():
            lives = list(tracked.lives.values()) or [tracked.newest]
            for life in lives:
                if life.perm_id in listed:
                    self._lives(tracked, life, listed[life.perm_id])
                elif not life.dead:
                    missing.setdefault(key, []).append(life)
        return missing

    def _lives(self, tracked: Tracked, life: Life, state: ib.OrderState) -> None:
        tracked.code, tracked.why = None, ""  # what was said of it was false
        if tracked.before is not None:  # its echo was that of before: the amendment was not taken
            tracked.sent, tracked.before, tracked.echo_due, tracked.refused = tracked.before, None, False, False
        if life.standing is Standing.UNKNOWN:
            self._orders.report(tracked, life, standing(state.status, ""), life.filled, life.remaining)

    async def _completed_if_told(self) -> dict[int, Standing]:
        """By permId. The broker often never answers this, which is told and changes nothing."""
        try:
            return {order.permId: standing(state.status, "") for order, state in await self._list_completed()}
        except Unanswered as error:
            self._tell(Warned(at=self._wire.clock.now(), code=0, text=str(error)))
            return {}

    def _bury(self, tracked: Tracked, life: Life, completed: dict[int, Standing]) -> None:
        """It is in no list of the living: executions say how much of it filled."""
        filled = max(life.filled, self._executions.done(life.perm_id, combo=tracked.combo))
        left = max(tracked.quantity - filled, Decimal(0))
        refused = tracked.refused or not life.perm_id
        meant = completed.get(life.perm_id, Standing.REJECTED if refused else Standing.CANCELLED)
        if not left:
            meant = Standing.FILLED
        elif meant not in (Standing.CANCELLED, Standing.REJECTED):
            meant = Standing.CANCELLED
        self._orders.report(tracked, life, meant, filled, left)

    def _undecided(self, tracked: Tracked) -> bool:
        return any(life.standing is Standing.UNKNOWN for life in tracked.lives.values())

    def _as_report(self, order: ib.Order, state: ib.OrderState) -> OrderReport:
        filled, meant = quantity(order.filledQuantity), standing(state.status, "")
        left = Decimal(0) if meant is Standing.FILLED else max(quantity(order.totalQuantity) - filled, Decimal(0))
        return OrderReport(
            at=self._wire.clock.now(),
            order_ref=order.orderRef,
            perm_id=order.permId,
            standing=meant,
            filled=filled,
            remaining=left,
            why=state.completedStatus,
        )
