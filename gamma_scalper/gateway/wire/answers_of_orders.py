"""What the gateway says of orders, executions and the client's standing."""

from decimal import Decimal

from attrs import frozen

from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields, OrderStateFields


@frozen
class NextValidId:
    """The first order id that is free."""

    order_id: int


@frozen
class ManagedAccounts:
    """The accounts of this login, comma-separated."""

    accounts: str


@frozen
class CurrentTime:
    """Seconds since 1970."""

    time: int


@frozen
class Error:
    """A request refused, a warning or a piece of news; `req_id` is -1 where it is about none."""

    req_id: int
    code: int
    message: str
    advanced_reject: str = ""  # JSON


@frozen
class OpenOrder:
    """An order as the broker holds it; of a what-if what it would take."""

    contract: ContractFields
    order: OrderFields
    state: OrderStateFields


@frozen
class OpenOrderEnd:
    """All open orders have been told."""


@frozen
class OrderStatus:
    """How far an order is."""

    order_id: int
    status: str
    filled: Decimal
    remaining: Decimal
    avg_fill_price: float = 0.0
    perm_id: int = 0
    parent_id: int = 0
    last_fill_price: float = 0.0
    client_id: int = 0
    why_held: str = ""
    mkt_cap_price: float = 0.0


@frozen
class OrderBound:
    """An order placed by hand got an id of this client's."""

    perm_id: int
    client_id: int
    order_id: int


@frozen
class CompletedOrder:
    """An order that is over."""

    contract: ContractFields
    order: OrderFields
    state: OrderStateFields


@frozen
class CompletedOrdersEnd:
    """All of them have been told."""


@frozen(kw_only=True)
class Execution:
    """A fill, or a part of one; the time has to name its zone."""

    req_id: int  # -1: unasked
    order_id: int
    contract: ContractFields
    exec_id: str
    time: str
    account: str
    exchange: str
    side: str  # BOT or SLD
    shares: Decimal
    price: float
    perm_id: int
    client_id: int
    liquidation: int = 0
    cum_qty: Decimal = Decimal(0)
    avg_price: float = 0.0
    order_ref: str = ""
    ev_rule: str = ""
    ev_multiplier: float | None = None
    model_code: str = ""
    last_liquidity: int = 0


@frozen
class ExecutionEnd:
    """All executions asked for have been told."""

    req_id: int


@frozen
class CommissionReport:
    """What an execution cost, and what it realised if it closed something."""

    exec_id: str
    commission: float
    currency: str
    realized_pnl: float | None = None
    yield_: float | None = None
    yield_redemption_date: int = 0
