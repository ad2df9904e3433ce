"""What the gateway says of an account: its money, its positions, its profit and loss."""

from decimal import Decimal

from attrs import frozen

from gamma_scalper.gateway.wire.contracts import ContractFields


@frozen
class AccountValue:
    """One value of an account, in the broker's words."""

    key: str
    value: str
    currency: str
    account: str


@frozen
class PortfolioValue:
    """One position with its worth."""

    contract: ContractFields
    position: Decimal
    market_price: float
    market_value: float
    average_cost: float
    unrealized_pnl: float
    realized_pnl: float
    account: str


@frozen
class AccountTime:
    """As of when the account was told, HH:MM."""

    time: str


@frozen
class AccountDownloadEnd:
    """The account has been told once in full."""

    account: str


@frozen
class AccountSummary:
    """One of the values asked for."""

    req_id: int
    account: str
    tag: str
    value: str
    currency: str


@frozen
class AccountSummaryEnd:
    """All of them have been told once."""

    req_id: int


@frozen
class AccountUpdateMulti:
    """One value of an account and model."""

    req_id: int
    account: str
    model_code: str
    key: str
    value: str
    currency: str


@frozen
class AccountUpdateMultiEnd:
    """All of them have been told once."""

    req_id: int


@frozen
class Position:
    """What an account holds of a contract, and what it paid, multiplier included."""

    account: str
    contract: ContractFields
    position: Decimal
    average_cost: float


@frozen
class PositionEnd:
    """All positions have been told once."""


@frozen
class PositionMulti:
    """The same for one account and model."""

    req_id: int
    account: str
    contract: ContractFields
    position: Decimal
    average_cost: float
    model_code: str = ""


@frozen
class PositionMultiEnd:
    """All of them have been told once."""

    req_id: int


@frozen
class Pnl:
    """Profit and loss of an account; None where the broker can't say."""

    req_id: int
    daily: float | None
    unrealized: float | None
    realized: float | None


@frozen
class PnlSingle:
    """Profit and loss of one position; None where the broker can't say."""

    req_id: int
    position: Decimal
    daily: float | None
    unrealized: float | None
    realized: float | None
    value: float | None


@frozen
class SoftDollarTier:
    """A tier an order may name."""

    name: str
    value: str
    display: str


@frozen
class SoftDollarTiers:
    """All of them."""

    req_id: int
    tiers: tuple[SoftDollarTier, ...] = ()


@frozen
class FamilyCode:
    """An account and the family it belongs to."""

    account: str
    code: str


@frozen
class FamilyCodes:
    """All of them."""

    codes: tuple[FamilyCode, ...] = ()


@frozen
class UserInfo:
    """The white-branding id of the login; mostly empty."""

    req_id: int
    white_branding_id: str = ""
