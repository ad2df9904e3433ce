"""Everything the broker says, by whom it concerns. The client looks its methods up by their names."""

import types
from typing import Any, NamedTuple, Protocol

import ib_insync as ib

from gamma_scalper.broker.ib.accounts import without_ids
from gamma_scalper.broker.ib.client import in_library_style
from gamma_scalper.broker.ib.codes import Codes, Meaning
from gamma_scalper.broker.ib.requests import Requests

NO_ORDER = -1  # the id of a message that belongs to no request and no order
# Names of the questions to which the protocol gives no id.
POSITIONS, OPEN_ORDERS, COMPLETED_ORDERS = "positions", "open orders", "completed orders"
ACCOUNT, TIME = "account values", "server time"


class Chain(NamedTuple):
    """One exchange's options of an underlying."""

    exchange: str
    trading_class: str
    expiries: list[str]


class Execution(NamedTuple):
    """A fill as it comes."""

    contract: ib.Contract
    execution: ib.Execution


class HearsOfLink(Protocol):
    """What concerns the connection itself."""

    def said(self, code: int, meaning: Meaning | None, text: str) -> None: ...
    def accounts(self, names: list[str]) -> None: ...
    def first_id(self) -> None: ...
    def closed(self) -> None: ...
    def acknowledged(self) -> None: ...
    def unreadable(self, what: str, error: str) -> None: ...
    def garbled(self, why: str) -> None: ...


class HearsOfOrders(Protocol):
    """What concerns orders and executions; there is nobody to hear it in a read-only set-up."""

    def echoed(self, order_id: int, contract: ib.Contract, order: ib.Order) -> None: ...
    def status(
        self, client_id: int, order_id: int, perm_id: int, status: str, filled: float, remaining: float, why_held: str
    ) -> None: ...
    def knows(self, order_id: int) -> bool: ...
    def trouble(self, order_id: int, code: int, text: str) -> None: ...
    def executed(self, contract: ib.Contract, execution: ib.Execution) -> None: ...
    def billed(self, report: ib.CommissionReport) -> None: ...


class HearsOfQuotes(Protocol):
    """What concerns market-data lines."""

    def knows(self, request: int) -> bool: ...
    def price(self, request: int, tick: int, price: float, size: float) -> None: ...
    def size(self, request: int, tick: int, size: float) -> None: ...
    def generic(self, request: int, tick: int, value: float) -> None: ...
    def greeks(self, request: int, tick: int, figures: dict[str, float]) -> None: ...
    def data_type(self, request: int, kind: int) -> None: ...
    def trouble(self, request: int, code: int, meaning: Meaning, text: str) -> None: ...
    def batch_ends(self) -> None: ...


class HearsOfAccount(Protocol):
    """What concerns the account."""

    def value(self, account: str, tag: str, text: str, currency: str) -> None: ...
    def stands(self) -> None: ...


@in_library_style
class Incoming:
    """Of one connection; once it is closed, what still comes of it is not heard."""

    def __init__(
        self,
        requests: Requests,
        codes: Codes,
        time_zone: str,
        link: HearsOfLink,
        quotes: HearsOfQuotes,
        account: HearsOfAccount,
        orders: HearsOfOrders | None,
    ) -> None:
        self.ib = types.SimpleNamespace(TimezoneTWS=time_zone)  # where the decoder looks for it
        self._requests = requests
        self._codes = codes
        self._link = link
        self._quotes = quotes
        self._account = account
        self._orders = orders

    # -- the connection ------------------------------------------------------------------------------------------------

    def connect_ack(self) -> None:
        """The handshake is done."""
        self._link.acknowledged()

    def connection_closed(self) -> None:
        """Said only of a connection that was ready; `set_events_done` is said of each."""

    def set_events_done(self) -> None:
        self._requests.connection_lost()
        self._link.closed()

    def next_valid_id(self, _order_id: int) -> None:
        self._link.first_id()

    def managed_accounts(self, names: str) -> None:
        self._link.accounts([name for name in names.split(",") if name])

    def current_time(self, seconds: int) -> None:
        self._requests.part(TIME, seconds)
        self._requests.end(TIME)

    def unreadable(self, kind: str, error: Exception) -> None:
        """It may have been a fill, so the records are asked for; what it held is not shown: it may name an account."""
        self._link.unreadable(kind if kind.isascii() and kind.isdigit() else "of no kind", type(error).__name__)

    def garbled(self, why: str) -> None:
        """What comes is no stream of messages, and nothing after it can be read either."""
        self._link.garbled(why)

    def error(self, key: int, code: int, text: str, _advanced: str) -> None:
        """A code concerns a question, an order, a line or the connection, in this order."""
        meaning, text = self._codes.of(code), without_ids(text)
        if self._requests.asked(key):
            if meaning not in (Meaning.WARNING, Meaning.NOTE):
                self._requests.refuse(key, code, text)
        elif self._orders is not None and self._orders.knows(key):
            self._orders.trouble(key, code, text)
        elif self._quotes.knows(key) and meaning is not None:
            self._quotes.trouble(key, code, meaning, text)
        elif self._quotes.knows(key):
            self._quotes.trouble(key, code, Meaning.NO_DATA, text)
        else:
            self._link.said(code, meaning, text)

    # -- orders --------------------------------------------------------------------------------------------------------

    def open_order(self, order_id: int, contract: ib.Contract, order: ib.Order, state: ib.OrderState) -> None:
        if order.whatIf:
            self._requests.part(order_id, state)
            if state.initMarginChange not in ("", str(ib.util.UNSET_DOUBLE)):  # the real answer may come second
                self._requests.end(order_id, ib.OrderState)
        else:
            self._requests.part(OPEN_ORDERS, (order, state))
            if self._orders is not None:
                self._orders.echoed(order_id, contract, order)

    def open_order_end(self) -> None:
        self._requests.end(OPEN_ORDERS)

    def completed_order(self, _contract: ib.Contract, order: ib.Order, state: ib.OrderState) -> None:
        self._requests.part(COMPLETED_ORDERS, (order, state))

    def completed_orders_end(self) -> None:
        self._requests.end(COMPLETED_ORDERS)

    def order_status(
        self,
        order_id: int,
        status: str,
        filled: float,
        remaining: float,
        _average: float,
        perm_id: int,
        _parent: int,
        _last: float,
        client_id: int,
        why_held: str,
        _cap: float = 0.0,
    ) -> None:
        if self._orders is not None:
            self._orders.status(client_id, order_id, perm_id, status, filled, remaining, why_held)

    def exec_details(self, request: int, contract: ib.Contract, execution: ib.Execution) -> None:
        """Live and asked for alike: the library tells nobody of the second kind."""
        self._requests.part(request, Execution(contract, execution))
        if self._orders is not None:
            self._orders.executed(contract, execution)

    def exec_details_end(self, request: int) -> None:
        self._requests.end(request, Execution)

    def commission_report(self, report: ib.CommissionReport) -> None:
        if self._orders is not None:
            self._orders.billed(report)

    # -- the account ---------------------------------------------------------------------------------------------------

    def position(self, account: str, contract: ib.Contract, quantity: float, average_cost: float) -> None:
        self._requests.part(POSITIONS, (account, contract, quantity, average_cost))

    def position_end(self) -> None:
        self._requests.end(POSITIONS)

    def update_account_value(self, tag: str, text: str, currency: str, account: str) -> None:
        self._account.value(account, tag, text, currency)

    def update_portfolio(self, *_: Any) -> None:
        """The positions say it too, for more accounts than one."""

    def update_account_time(self, _minute: str) -> None:
        """Comes every three minutes, and with it only those figures that have changed."""
        self._account.stands()

    def account_download_end(self, _account: str) -> None:
        self._requests.end(ACCOUNT)

    # -- contracts -----------------------------------------------------------------------------------------------------

    def contract_details(self, request: int, details: ib.ContractDetails) -> None:
        self._requests.part(request, details)

    def contract_details_end(self, request: int) -> None:
        self._requests.end(request, ib.ContractDetails)

    def security_definition_option_parameter(
        self,
        request: int,
        exchange: str,
        _con_id: int,
        trading_class: str,
        _multiplier: str,
        expiries: list[str],
        _: Any,
    ) -> None:
        self._requests.part(request, Chain(exchange, trading_class, expiries))

    def security_definition_option_parameter_end(self, request: int) -> None:
        self._requests.end(request, Chain)

    def market_rule(self, number: int, increments: list[ib.PriceIncrement]) -> None:
        self._requests.part(f"market rule {number}", increments)
        self._requests.end(f"market rule {number}")

    # -- the past ------------------------------------------------------------------------------------------------------

    def historical_data(self, request: int, bar: ib.BarData) -> None:
        self._requests.part(request, bar)

    def historical_data_end(self, request: int, _begins: str, _ends: str) -> None:
        self._requests.end(request, ib.BarData)

    # -- quotes --------------------------------------------------------------------------------------------------------

    def price_size_tick(self, request: int, tick: int, price: float, size: float) -> None:
        self._quotes.price(request, tick, price, size)

    def tick_size(self, request: int, tick: int, size: float) -> None:
        self._quotes.size(request, tick, size)

    def tick_generic(self, request: int, tick: int, value: float) -> None:
        self._quotes.generic(request, tick, value)

    def tick_string(self, request: int, tick: int, text: str) -> None:
        """Times, exchanges and ratios: nothing here is traded on."""

    def tick_option_computation(
        self,
        request: int,
        tick: int,
        _attribute: int,
        implied_vol: float,
        delta: float,
        price: float,
        _dividends: float,
        gamma: float,
        vega: float,
        theta: float,
        underlying: float,
    ) -> None:
        figures = {"implied_vol": implied_vol, "delta": delta, "price": price, "gamma": gamma}
        self._quotes.greeks(request, tick, figures | {"vega": vega, "theta": theta, "underlying": underlying})

    def market_data_type(self, request: int, kind: int) -> None:
        self._quotes.data_type(request, kind)

    def tcp_data_processed(self) -> None:
        self._quotes.batch_ends()
