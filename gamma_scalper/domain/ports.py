"""What the rest of the house asks of a broker. Adapters implement these; stages see no more."""

import enum
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from attrs import field, frozen

from gamma_scalper.domain.checks import exact, not_empty, not_negative, utc
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.greeks import BrokerGreeks
from gamma_scalper.domain.instruments import Index, Instrument, Option, Stock
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, IntentId, Pricing
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.snapshots import Holding


class NotReady(Exception):
    """The broker's records are not confirmed just now, so nothing may be asked of it that trades.

    For the operator: nothing was sent; the link's report says since when and why.
    """


class Unanswered(Exception):
    """The broker did not answer a request in time.

    For the operator: whatever was asked is not known, and what is not known is not traded on.
    """


class Refused(Exception):
    """The broker, or our own rule before it, refused a request.

    For the operator: the message holds the broker's code and words; nothing was traded because of it.
    """

    def __init__(self, why: str, code: int | None = None) -> None:
        super().__init__(why if code is None else f"{code}: {why}")
        self.why = why
        self.code = code


# -- the connection ----------------------------------------------------------------------------------------------------


class Link(enum.Enum):
    """How far the broker can be trusted just now."""

    DOWN = "down"  # no connection
    BLIND = "blind"  # connected to a gateway that has lost its broker (1100): nothing it shows is true any more
    CONFIRMING = "confirming"  # positions, open orders and executions are being asked for
    READY = "ready"  # all of them confirmed


@frozen
class LinkReport:
    """The connection came into this state."""

    at: datetime = field(converter=utc)
    link: Link
    why: str = ""


# -- orders ------------------------------------------------------------------------------------------------------------


class Standing(enum.Enum):
    """What a broker's word on an order means to its owner."""

    PENDING = "pending"  # taken, not yet at the market
    WORKING = "working"
    HELD = "held"  # alive, and waits for shares that can be borrowed
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # what was said may be false: open orders and executions tell


@frozen(kw_only=True)
class OrderReport:
    """What a broker says of one order. Never a source of position: only fills are."""

    at: datetime = field(converter=utc)
    order_ref: str
    perm_id: int  # 0 where the broker has not named it yet
    standing: Standing
    filled: Decimal = field(converter=exact, validator=not_negative)
    remaining: Decimal = field(converter=exact, validator=not_negative)
    code: int | None = None
    why: str = ""


def _texts(each: Iterable[str]) -> tuple[str, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Altered:
    """The broker's echo of an order is not what was sent: it was changed on the way. A cancel has been asked for."""

    at: datetime = field(converter=utc)
    order_ref: str
    perm_id: int
    differences: tuple[str, ...] = field(converter=_texts, validator=not_empty)  # each "tif: sent IOC, echoed DAY"


@frozen
class BrokerHolding:
    """What the broker says the account holds of a contract, and what it says that cost."""

    holding: Holding
    average_cost: Decimal = field(converter=exact)  # per share or contract, multiplier included


def _holdings(each: Iterable[BrokerHolding]) -> tuple[BrokerHolding, ...]:
    return tuple(each)


def _reports(each: Iterable[OrderReport]) -> tuple[OrderReport, ...]:
    return tuple(each)


@frozen(kw_only=True)
class Recap:
    """All the broker confirmed of the account, after a connection was made or mended; its fills were told before."""

    at: datetime = field(converter=utc)
    why: str
    holdings: tuple[BrokerHolding, ...] = field(converter=_holdings)
    open_orders: tuple[OrderReport, ...] = field(converter=_reports)


@frozen(kw_only=True)
class Warned:
    """A message with a code that belongs to no order, or is no more than a warning about one."""

    at: datetime = field(converter=utc)
    code: int
    text: str
    order_ref: str = ""
    con_id: int | None = None  # of the contract it names, where the broker says which


OrderEvent = OrderReport | Fill | Commission | Altered | Recap | LinkReport | Warned


@frozen(kw_only=True)
class MarginImpact:
    """What an order would do to the account, every figure a real number of dollars."""

    initial_change: Money
    initial_after: Money
    maintenance_after: Money
    equity_with_loan_after: Money


class OrderRouter(Protocol):
    """The only way an order leaves the house. A read-only set-up has none of these at all."""

    async def place(self, intent: Intent) -> None:
        """Send it, once. Raises `NotReady` or `Refused`, and then nothing was sent."""
        ...

    async def amend(self, intent: IntentId, pricing: Pricing) -> None: ...

    async def cancel(self, intent: IntentId) -> None:
        """Ask for it; only an event says that it is dead."""
        ...

    async def exercise(self, option: Option, quantity: int, *, lapse: bool = False) -> None:
        """Exercise so many of a long option, or let them lapse; holdings show what came of it."""
        ...

    async def what_if(self, intent: Intent) -> MarginImpact:
        """Raises `Unanswered` or `Refused`; a figure the broker left out counts as no answer."""
        ...

    def events(self) -> AsyncIterator[OrderEvent]:
        """Everything that happened to orders, in one order, nothing dropped. It has one reader."""
        ...

    async def open_orders(self) -> Sequence[OrderReport]: ...

    async def completed_orders(self) -> Sequence[OrderReport]:
        """The dead ones of today."""
        ...

    async def executions(self) -> Sequence[Fill]:
        """As far back as the broker tells, which is midnight."""
        ...


# -- the market --------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Condition:
    """What is known of a contract besides its quote. None: the broker has not said."""

    frozen: str = ""  # why its quotes have stopped counting; empty: they count
    data_type: DataType | None = None  # what the broker said it sends, which is not always what was asked for
    halted: bool | None = None
    shortable_shares: int | None = None
    short_sale_restricted: bool | None = None  # derived from the prior close: the API has no flag
    prior_close: float | None = None
    open_interest: int | None = None
    greeks: BrokerGreeks | None = None


class MarketFeed(Protocol):
    """Quotes of what somebody looks at."""

    async def subscribe(self, instruments: Sequence[Instrument]) -> None:
        """Raises `Refused` beyond the broker's number of market-data lines."""
        ...

    async def unsubscribe(self, instruments: Sequence[Instrument]) -> None: ...

    def quotes(self) -> AsyncIterator[Quote]:
        """Newest quote per contract; older ones that were not read are gone. It has one reader."""
        ...

    def condition(self, con_id: int) -> Condition: ...


# -- the account and the contracts -------------------------------------------------------------------------------------


@frozen(kw_only=True)
class AccountValues:
    """What the account is worth and may still do, as the broker last told."""

    at: datetime = field(converter=utc)
    net_liquidation: Money
    available_funds: Money
    excess_liquidity: Money
    buying_power: Money
    initial_margin: Money
    maintenance_margin: Money


class AccountFeed(Protocol):
    """What the broker says of the account."""

    @property
    def account(self) -> str: ...

    @property
    def values(self) -> AccountValues | None:
        """The newest; None until it was told once."""
        ...

    async def holdings(self) -> Sequence[BrokerHolding]: ...

    async def cash(self) -> Sequence[Money]: ...


class ContractCatalog(Protocol):
    """Contracts by name, once; by conId from then on. Raises `Refused` where there is no such contract."""

    async def stock(self, symbol: str, currency: str = "USD") -> Stock: ...

    async def index(self, symbol: str, currency: str = "USD") -> Index: ...

    async def expiries(self, underlying: Stock | Index) -> Sequence[date]: ...

    async def options(
        self, underlying: Stock | Index, expiry: date, strikes: tuple[Decimal, Decimal] | None = None
    ) -> Sequence[Option]:
        """Of one expiry, by strike, the call before the put; `strikes` are the lowest and the highest wanted."""
        ...

    async def by_con_id(self, con_id: int) -> Stock | Index | Option: ...


# -- the past ----------------------------------------------------------------------------------------------------------


class PastPrice(enum.Enum):
    """What bars of the past are made of."""

    TRADES = "TRADES"
    BID = "BID"
    ASK = "ASK"
    MEAN_OFFER = "BID_ASK"  # open and close: bid and ask on average; low and high: lowest bid, highest ask


@frozen(kw_only=True)
class PastBar:
    """One minute that is over, and known from its end on."""

    begins: datetime = field(converter=utc)
    ends: datetime = field(converter=utc)
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None  # None: the broker tells none
    trades: int | None = None


class PastPrices(Protocol):
    """What the broker keeps of the past: slow and rationed, so that it never holds up what trades."""

    async def minutes(
        self, of: Stock | Index | Option, price: PastPrice, begins: datetime, ends: datetime
    ) -> Sequence[PastBar]:
        """Of one session; none where the broker has none.

        Waits for as long as the broker's rations want. Raises `Refused`, `Unanswered` or `NotReady`.
        """
        ...


class Broker(Protocol):
    """One login at a broker, whole. Without `orders` nothing can be traded, and no order call exists."""

    @property
    def feed(self) -> MarketFeed: ...

    @property
    def account(self) -> AccountFeed: ...

    @property
    def catalogue(self) -> ContractCatalog: ...

    @property
    def orders(self) -> OrderRouter | None: ...

    @property
    def past(self) -> PastPrices | None:
        """None: it tells nothing of the past."""
        ...

    @property
    def link(self) -> LinkReport: ...

    @property
    def reads_only(self) -> bool:
        """No order call reaches the broker itself; `orders`, where there are any, are ours to fill."""
        ...

    @property
    def clock_skew_s(self) -> float | None:
        """Its clock less ours; None where it has not told the time."""
        ...

    async def start(self) -> None:
        """Return once connected and confirmed; raises `UserError` where only a person can help."""
        ...

    async def stop(self) -> None: ...
