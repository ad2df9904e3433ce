"""The broker's records of the day for one client: open orders, completed ones, executions; and exercise."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.orders import Side
from gamma_scalper.exchange.events import Executed, Notice
from gamma_scalper.exchange.orders import Order
from gamma_scalper.exchange.tickets import Exercise
from gamma_scalper.gateway.errors import Refused, invalid
from gamma_scalper.gateway.moments import read_moment
from gamma_scalper.gateway.order_desk import OrderDesk
from gamma_scalper.gateway.order_numbers import Owner
from gamma_scalper.gateway.order_reading import account_of
from gamma_scalper.gateway.roles import Conversation
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire import requests_of_orders as requests

_SIDES = {"": None, "BUY": Side.BUY, "BOT": Side.BUY, "SELL": Side.SELL, "SLD": Side.SELL, "SSHORT": Side.SELL}
_EXERCISE, _LAPSE = 1, 2


class RecordDesk:
    """See the module. Records are true, whatever a fault has kept from the client."""

    def __init__(self, session: Conversation, orders: OrderDesk) -> None:
        self._session, self._orders = session, orders
        self._gateway = session.gateway

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        return {
            requests.RequestOpenOrders: self._own,
            requests.RequestAllOpenOrders: self._everybodys,
            requests.RequestAutoOpenOrders: self._bind,
            requests.RequestCompletedOrders: self._completed,
            requests.RequestExecutions: self._executions,
            requests.ExerciseOptions: self._exercise,
        }

    def close(self) -> None:
        return

    # -- orders --------------------------------------------------------------------------------------------------------

    def _own(self, request: requests.RequestOpenOrders) -> None:
        self._tell_open(lambda order: Owner.of(order.ticket.owner).client_id == self._session.client_id)

    def _everybodys(self, request: requests.RequestAllOpenOrders) -> None:
        self._tell_open(lambda order: True)

    def _tell_open(self, wanted: Callable[[Order], bool]) -> None:
        self._orders.tell_open(filter(wanted, self._gateway.engine.open_orders()))
        self._session.say(answers.OpenOrderEnd())

    def _bind(self, request: requests.RequestAutoOpenOrders) -> None:
        """Only client 0 hears of orders placed by hand; it does so whether it asks or not."""
        if self._session.client_id != 0:
            raise invalid("Only the default client (i.e 0) can auto bind orders")

    def _completed(self, request: requests.RequestCompletedOrders) -> None:
        engine = self._gateway.engine
        filled_at = {each.perm_id: each.at for each, _ in engine.executions()}  # permId -> its last fill
        for order in engine.completed_orders():
            if not (request.api_only and Owner.of(order.ticket.owner).by_hand):
                ended = filled_at.get(order.perm_id, order.placed_at)
                self._session.say(self._gateway.echo.completed(order, ended))
        self._session.say(answers.CompletedOrdersEnd())

    # -- executions ----------------------------------------------------------------------------------------------------

    def _executions(self, request: requests.RequestExecutions) -> None:
        """Of every client, unless the filter names one; each with its bill."""
        if request.side.upper() not in _SIDES:
            raise invalid(f"Invalid side {request.side}; it is BUY or SELL")
        since = self._since(request.time)
        engine, echo = self._gateway.engine, self._gateway.echo
        bills = []
        for executed, bill in engine.executions(request.account):
            if self._fits(executed, request, since):
                order = engine.order(executed.perm_id)
                ticket = None if order is None else order.ticket
                self._session.say(echo.execution(executed, ticket, request.req_id))
                bills += [] if bill is None else [bill]
        for bill in bills:
            self._session.say(echo.bill(bill))
        self._session.say(answers.ExecutionEnd(request.req_id))

    def _since(self, written: str) -> datetime | None:
        if not written:
            return None
        try:
            moment = read_moment(written)
        except ValueError as error:
            raise invalid(f"Invalid time: {error}") from error
        return moment.at

    def _fits(self, executed: Executed, request: requests.RequestExecutions, since: datetime | None) -> bool:
        contract = None if executed.con_id is None else self._gateway.catalogue.described(executed.con_id)
        side = _SIDES[request.side.upper()]
        return (
            request.client_id in (0, Owner.of(executed.owner).client_id)
            and (since is None or executed.at >= since)
            and side in (None, executed.side)
            and (not request.sec_type or request.sec_type == ("BAG" if contract is None else contract.sec_type))
            and (contract is None or request.symbol in ("", contract.symbol))
            and (contract is None or request.exchange in ("", contract.exchange))
        )

    # -- exercise ------------------------------------------------------------------------------------------------------

    def _exercise(self, request: requests.ExerciseOptions) -> None:
        """Noted for tonight or for expiry; one that was taken is not answered, the account shows what came of it."""
        if request.action not in (_EXERCISE, _LAPSE):
            raise invalid(f"Invalid exercise action {request.action}; 1 exercises, 2 lets lapse")
        if request.quantity < 1 or request.quantity != int(request.quantity):
            raise invalid(f"Invalid exercise quantity {request.quantity}")
        option = self._gateway.catalogue.one(request.contract, self._session.now)
        if not isinstance(option, Option):
            raise invalid("Only options are exercised")
        lapse = request.action == _LAPSE
        if not request.override:
            self._check_natural(option, lapse)
        account = account_of(request.account, self._gateway.accounts())
        told = self._gateway.do(Exercise(account, option.con_id, int(request.quantity), lapse))
        for event in told:
            if isinstance(event, Notice) and not event.owner and event.perm_id is None and event.con_id is None:
                raise Refused(event.code, event.text)

    def _check_natural(self, option: Option, lapse: bool) -> None:
        """Without an override nobody exercises at a loss, or lets a profit lapse."""
        spot = self._gateway.engine.price(option.underlying_con_id)
        inside = (spot - to_float(option.strike)) * (1 if option.right == "C" else -1) > 0
        if inside == lapse:
            where = "in the money" if inside else "out of the money"
            raise Refused(322, f"Error processing request.-'bZ' : cause - The option is {where}; override to go on")
