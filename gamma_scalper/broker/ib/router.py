"""The only way an order leaves for Interactive Brokers."""

import copy
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import ib_insync as ib

from gamma_scalper.broker.ib.catalogue import IbCatalogue
from gamma_scalper.broker.ib.contracts import Single, contract, option_contract
from gamma_scalper.broker.ib.doubts import Doubts
from gamma_scalper.broker.ib.executions import Executions
from gamma_scalper.broker.ib.numbers import amount
from gamma_scalper.broker.ib.order_mapping import order, set_price
from gamma_scalper.broker.ib.orders import Orders
from gamma_scalper.broker.ib.tracked import Tracked
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import Combo, Index, Option, Tradable
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, IntentId, Pricing, Purpose
from gamma_scalper.domain.ports import (
    Link,
    LinkReport,
    MarginImpact,
    NotReady,
    OrderEvent,
    OrderReport,
    Refused,
    Unanswered,
)

_EXERCISE, _LAPSE = 1, 2


class _Lost(Unanswered):
    """Sent, and the connection lost before anything came back.

    For the operator: it may have been done; holdings and executions show it.
    """


class IbRouter:
    """The port `OrderRouter`."""

    def __init__(
        self,
        wire: Wire,
        client_id: int,
        orders: Orders,
        executions: Executions,
        doubts: Doubts,
        catalogue: IbCatalogue,
        events: AsyncIterator[OrderEvent],
        link: Callable[[], LinkReport],
        account: Callable[[], str],
        skew: Callable[[], timedelta],
    ) -> None:
        self._wire = wire
        self._client_id = client_id
        self._orders = orders
        self._executions = executions
        self._doubts = doubts
        self._catalogue = catalogue
        self._events = events
        self._link = link
        self._account = account
        self._skew = skew

    # -- what trades ---------------------------------------------------------------------------------------------------

    async def place(self, intent: Intent) -> None:
        self._ready()
        self._ours(intent)
        self._never_sent(intent)
        sent, wanted = order(intent, self._skew()), contract(intent.instrument)
        await self._wire.pacing.trading.turn()
        self._ready()
        self._never_sent(intent)
        self._catalogue.learn(_singles(intent.instrument))
        tracked = Tracked(
            client_id=self._client_id,
            order_id=self._wire.next_id(),
            order_ref=str(intent.id),
            quantity=intent.quantity,
            contract=wanted,
            sent=sent,
            side=intent.side,
            instrument=intent.instrument,
            echo_due=True,
        )
        self._orders.add(tracked)
        try:
            self._send(tracked, sent)
        except NotReady:
            self._orders.forget(tracked)
            raise

    async def amend(self, intent: IntentId, pricing: Pricing) -> None:
        """Only of what the broker has on record; it would take an amendment of anything else for a new order."""
        tracked = self._on_record(intent)
        instrument = tracked.instrument or await self._instrument(tracked)
        changed = copy.copy(tracked.sent)
        set_price(changed, pricing, instrument, tracked.side)
        self._ready()
        await self._wire.pacing.trading.turn()
        self._ready()
        tracked = self._on_record(intent)
        self._send(tracked, changed)
        tracked.earlier.append(tracked.sent)
        tracked.sent, tracked.echo_due, tracked.taken = changed, True, True

    async def cancel(self, intent: IntentId) -> None:
        tracked = self._living(intent)
        await self._wire.pacing.trading.turn()
        self._wire.send(lambda client: client.cancelOrder(tracked.order_id))

    async def exercise(self, option: Option, quantity: int, *, lapse: bool = False) -> None:
        """The broker answers a wrong instruction only; hearing nothing for a moment is its consent."""
        self._ready()
        if quantity < 1:
            raise Refused(f"{quantity} options can't be exercised")
        action, wanted = _LAPSE if lapse else _EXERCISE, option_contract(option)
        try:
            await self._ask(
                f"the exercise of {quantity} {option.symbol} {option.expiry} {option.strike} {option.right}",
                lambda client, number: client.exerciseOptions(number, wanted, action, quantity, self._account(), 0),
                self._wire.parameters.settle_s,
            )
        except _Lost:
            raise
        except Unanswered:
            self._still_heard(option)

    # -- what asks -----------------------------------------------------------------------------------------------------

    async def what_if(self, intent: Intent) -> MarginImpact:
        if intent.purpose is not Purpose.ENTRY:
            raise Refused(f"{intent.id}: margin is asked for entries only, not for {intent.purpose.value}")
        self._ready()
        self._ours(intent)
        asked, wanted = order(intent, self._skew()), contract(intent.instrument)
        asked.whatIf = True
        what = f"the margin of {intent.id}"
        states = await self._ask(
            what,
            lambda client, number: client.placeOrder(number, wanted, asked),
            self._wire.parameters.timeouts.what_if_s,
        )
        return _impact(what, states[-1])

    def events(self) -> AsyncIterator[OrderEvent]:
        return self._events

    async def open_orders(self) -> Sequence[OrderReport]:
        return await self._doubts.open_orders()

    async def completed_orders(self) -> Sequence[OrderReport]:
        return await self._doubts.completed_orders()

    async def executions(self) -> Sequence[Fill]:
        return await self._executions.pull()

    # -- before anything is sent ---------------------------------------------------------------------------------------

    def _ready(self) -> None:
        link = self._link()
        if link.link is not Link.READY:
            raise NotReady(f"the link is {link.link.value} since {link.at:%H:%M:%S} UTC: {link.why}")

    async def _ask(self, what: str, call: Callable[[Any, int], None], timeout_s: float) -> list[Any]:
        """Sent while READY or not at all: what raises `NotReady` never left, and `_Lost` did."""
        sent = False

        def send(client: Any, number: int) -> None:
            nonlocal sent
            self._ready()
            call(client, number)
            sent = True

        try:
            budget = self._wire.pacing.trading
            return await self._wire.ask(what, send, timeout_s=timeout_s, budget=budget, kind=ib.OrderState)
        except NotReady as error:
            if not sent:
                raise
            raise _Lost(f"{what}: the connection was lost after it was sent; ask what came of it") from error

    def _still_heard(self, option: Option) -> None:
        link = self._link()
        if link.link is not Link.READY:
            raise Unanswered(f"the exercise of {option.symbol} was sent, and then the link was {link.link.value}")

    def _ours(self, intent: Intent) -> None:
        if intent.account != self._account():
            raise Refused(f"{intent.id} is for another account than this connection's")

    def _living(self, intent: IntentId) -> Tracked:
        tracked = self._orders.find(str(intent))
        if tracked is None:
            raise Refused(f"{intent} is not known here")
        if tracked.client_id != self._client_id:
            raise Refused(f"{intent} was sent by client {tracked.client_id}, which alone can change it")
        if tracked.dead:
            raise Refused(f"{intent} is dead")
        return tracked

    def _on_record(self, intent: IntentId) -> Tracked:
        tracked = self._living(intent)
        if not tracked.acknowledged:
            self._orders.doubt(tracked)
            raise NotReady(
                f"{intent} is not acknowledged yet; the open orders are asked for it, amend it once it is there"
            )
        return tracked

    def _never_sent(self, intent: Intent) -> None:
        if self._orders.was_sent(str(intent.id)):
            raise Refused(f"{intent.id} was sent already; nothing is sent twice")

    def _send(self, tracked: Tracked, sent: ib.Order) -> None:
        self._wire.send(lambda client: client.placeOrder(tracked.order_id, tracked.contract, sent))

    async def _instrument(self, tracked: Tracked) -> Tradable:
        """Of an order from before this program began."""
        if tracked.combo:
            raise Refused(f"{tracked.order_ref} is a combo of an earlier run; cancel it and decide anew")
        found = await self._catalogue.by_con_id(tracked.contract.conId)
        if isinstance(found, Index):
            raise Refused(f"{tracked.order_ref} is for an index")
        tracked.instrument = found
        return found


def _singles(instrument: Tradable) -> list[Single]:
    return [leg.instrument for leg in instrument.legs] if isinstance(instrument, Combo) else [instrument]


def _impact(what: str, state: ib.OrderState) -> MarginImpact:
    """Every figure, or none: a figure that was left out is no zero."""
    figures = {
        "initial_change": amount(state.initMarginChange),
        "initial_after": amount(state.initMarginAfter),
        "maintenance_after": amount(state.maintMarginAfter),
        "equity_with_loan_after": amount(state.equityWithLoanAfter),
    }
    given = {name: Money(figure) for name, figure in figures.items() if figure is not None}
    if len(given) < len(figures):
        raise Unanswered(f"{what}: {', '.join(sorted(figures.keys() - given.keys()))} left out")
    return MarginImpact(**given)
