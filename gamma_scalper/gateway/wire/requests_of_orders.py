"""What a client asks about orders, executions and its account."""

from decimal import Decimal

from attrs import frozen

from gamma_scalper.gateway.wire.contracts import ContractFields
from gamma_scalper.gateway.wire.orders import OrderFields


@frozen
class PlaceOrder:
    """A new order, or new terms for the one that has this id."""

    order_id: int
    contract: ContractFields
    order: OrderFields


@frozen
class CancelOrder:
    """An end to one order; the time is what a regulator may want of one given by hand."""

    order_id: int
    manual_time: str = ""


@frozen
class CancelAllOrders:
    """An end to every order, whoever placed it."""


@frozen
class RequestOpenOrders:
    """This client's own."""


@frozen
class RequestAutoOpenOrders:
    """Only client 0: whether orders placed by hand are to be bound to it."""

    bind: bool = True


@frozen
class RequestAllOpenOrders:
    """Everybody's."""


@frozen
class RequestCompletedOrders:
    """Orders that are over; `api_only` leaves out those placed by hand."""

    api_only: bool = False


@frozen
class RequestExecutions:
    """Today's executions that fit every field given."""

    req_id: int
    client_id: int = 0
    account: str = ""
    time: str = ""  # not before
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    side: str = ""


@frozen
class ExerciseOptions:
    """Exercise (1) or let lapse (2); override goes against what the broker would do by itself."""

    req_id: int
    contract: ContractFields
    action: int
    quantity: Decimal
    account: str = ""
    override: bool = False


@frozen
class RequestIds:
    """The next free order id; how many are wanted is history."""

    count: int = 1


@frozen
class RequestManagedAccounts:
    """The accounts this login may see."""


@frozen
class RequestAccountUpdates:
    """Values and positions of one account as they change, or no longer."""

    subscribe: bool
    account: str = ""


@frozen
class RequestAccountSummary:
    """Chosen values of a group of accounts ("All")."""

    req_id: int
    group: str
    tags: str  # comma-separated


@frozen
class CancelAccountSummary:
    """No more of it."""

    req_id: int


@frozen
class RequestPositions:
    """Of all accounts, then each change."""


@frozen
class CancelPositions:
    """No more of them."""


@frozen
class RequestPositionsMulti:
    """Of one account and model."""

    req_id: int
    account: str = ""
    model_code: str = ""


@frozen
class CancelPositionsMulti:
    """No more of them."""

    req_id: int


@frozen
class RequestAccountUpdatesMulti:
    """Values of one account and model, in every currency or the ledger's only."""

    req_id: int
    account: str = ""
    model_code: str = ""
    ledger_and_nlv: bool = False


@frozen
class CancelAccountUpdatesMulti:
    """No more of them."""

    req_id: int


@frozen
class RequestPnl:
    """Profit and loss of an account as it changes."""

    req_id: int
    account: str
    model_code: str = ""


@frozen
class CancelPnl:
    """No more of it."""

    req_id: int


@frozen
class RequestPnlSingle:
    """Profit and loss of one position as it changes."""

    req_id: int
    account: str
    model_code: str
    con_id: int


@frozen
class CancelPnlSingle:
    """No more of it."""

    req_id: int


@frozen
class RequestSoftDollarTiers:
    """The tiers an order may name."""

    req_id: int


@frozen
class RequestFamilyCodes:
    """Which accounts belong together."""


@frozen
class RequestUserInfo:
    """The white-branding id of the login."""

    req_id: int
