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
Name = int | tuple[int, int]  # a permId; the client's id and the order's where the broker has given none

_OVER = (Standing.FILLED, Standing.CANCELLED)  # said in a list of living orders: it died while that was on its way


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
        """Those of the account; one of ours that is not among them, or is in doubt already, is asked for anew."""
        parts = await self._list_open()
        listed = _by_name(parts)
        for tracked in self._orders.alive():
            lives = [life for life in tracked.lives.values() if not life.dead]
            if any(life.standing is Standing.UNKNOWN or _name(tracked, life) not in listed for life in lives):
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
        listed = _by_name(await self._list_open())
        missing: dict[str, list[Life]] = {}
        for key, tracked in doubted.items():
            lives = list(tracked.lives.values()) or [tracked.newest]
            for life in lives:
                state = listed.get(_name(tracked, life))
                if state is not None and standing(state.status, "") not in _OVER:
                    self._lives(tracked, life, state)
                elif not life.dead:
                    missing.setdefault(key, []).append(life)
        return missing

    def _lives(self, tracked: Tracked, life: Life, state: ib.OrderState) -> None:
        tracked.code, tracked.why, tracked.refused = None, "", False  # what was said of it was false
        if tracked.shown is not None:  # its echo was that of before: the amendment was not taken, or not yet
            tracked.earlier.append(tracked.sent)
            tracked.sent, tracked.shown, tracked.echo_due = tracked.shown, None, False
        if life.standing is Standing.UNKNOWN:
            self._orders.report(tracked, life, standing(state.status, ""), life.filled, life.remaining)

    async def _completed_if_told(self) -> dict[int | str, Part]:
        """By permId and by orderRef. The broker often never answers this, which is told and changes nothing."""
        try:
            parts = [part for part in await self._list_completed() if part[0].permId]
            by_ref: dict[int | str, Part] = {part[0].orderRef: part for part in parts if part[0].orderRef}
            return by_ref | {part[0].permId: part for part in parts}
        except Unanswered as error:
            self._tell(Warned(at=self._wire.clock.now(), code=0, text=str(error)))
            return {}

    def _bury(self, tracked: Tracked, life: Life, completed: dict[int | str, Part]) -> None:
        """It is in no list of the living: executions say how much of it filled."""
        part = completed.get(life.perm_id or tracked.order_ref)
        if part is not None:
            life = self._orders.named(tracked, part[0].permId)
        filled = max(life.filled, self._executions.done(life.perm_id, combo=tracked.combo))
        left = max(tracked.quantity - filled, Decimal(0))
        told = None if part is None else standing(part[1].status, "")
        if not left:
            meant = Standing.FILLED
        elif told is Standing.CANCELLED or told is Standing.REJECTED:
            meant = told
        elif tracked.refused:
            meant = Standing.REJECTED
        else:  # without a name it may be on its way still
            meant = Standing.CANCELLED if life.perm_id else Standing.UNKNOWN
        self._orders.report(tracked, life, meant, filled, left)

    def _undecided(self, tracked: Tracked) -> bool:
        """The records say no more of one they never named; the next pull of open orders asks again."""
        return any(life.standing is Standing.UNKNOWN and life.perm_id for life in tracked.lives.values())

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


def _name(tracked: Tracked, life: Life) -> Name:
    return life.perm_id or (tracked.client_id, tracked.order_id)


def _by_name(parts: Sequence[Part]) -> dict[Name, ib.OrderState]:
    return {order.permId or (order.clientId, order.orderId): state for order, state in parts}
