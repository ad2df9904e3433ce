"""What the rest of the house asks of a broker, a journal and a person. Adapters implement these; stages see no more."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from attrs import field, frozen

from gamma_scalper.domain.checks import exact, not_negative, utc
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.instruments import Instrument, Option, Stock, Tradable
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Intent, IntentId, Pricing
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.snapshots import Holding


@frozen(kw_only=True)
class OrderReport:
    """What a broker says of one order, in the broker's own words; only the desk decides what it means."""

    at: datetime = field(converter=utc)
    order_ref: str
    perm_id: int
    status: str
    filled: Decimal = field(converter=exact, validator=not_negative)
    remaining: Decimal = field(converter=exact, validator=not_negative)
    code: int | None = None
    why: str = ""


OrderEvent = OrderReport | Fill | Commission


class MarketFeed(Protocol):
    """Quotes of what somebody looks at."""

    async def subscribe(self, instruments: Sequence[Instrument]) -> None: ...

    async def unsubscribe(self, instruments: Sequence[Instrument]) -> None: ...

    def quotes(self) -> AsyncIterator[Quote]:
        """Newest quote per contract; older ones that were not read are gone."""
        ...


class OrderRouter(Protocol):
    """The only way an order leaves the house. A read-only set-up has none of these at all."""

    async def place(self, intent: Intent) -> None: ...

    async def amend(self, intent: IntentId, pricing: Pricing) -> None: ...

    async def cancel(self, intent: IntentId) -> None:
        """Ask for it; only an event says that it is dead."""
        ...

    def events(self) -> AsyncIterator[OrderEvent]:
        """Everything that happened to orders, in one order, nothing dropped."""
        ...

    async def open_orders(self) -> Sequence[OrderReport]: ...

    async def executions(self) -> Sequence[Fill]:
        """As far back as the broker tells, which is midnight."""
        ...


class AccountFeed(Protocol):
    """What the broker says the account holds."""

    @property
    def account(self) -> str: ...

    async def holdings(self) -> Sequence[Holding]: ...

    async def cash(self) -> Sequence[Money]: ...


class ContractCatalog(Protocol):
    """Contracts by name, once; by conId from then on."""

    async def stock(self, symbol: str, currency: str) -> Stock: ...

    async def options(self, underlying: Stock, first_expiry: date, last_expiry: date) -> Sequence[Option]: ...

    async def by_con_id(self, con_id: int) -> Tradable: ...


@frozen
class Event:
    """One fact for the journal. The payload is plain data and holds nothing that differs between two equal runs."""

    book: str
    kind: str
    at: datetime = field(converter=utc)
    payload: object = None


class Journal(Protocol):
    """What happened, kept. Nothing is sent to a broker before `flush` has returned."""

    def append(self, event: Event) -> int:
        """Take it down and return its sequence number."""
        ...

    async def flush(self) -> None:
        """Return once all that was appended would survive a power cut."""
        ...


@frozen
class Command:
    """What a person asked for from outside: pause, flatten, stop."""

    number: int
    name: str
    by: str
    at: datetime = field(converter=utc)
    book: str | None = None


class Controls(Protocol):
    """Commands from outside, each answered with what came of it."""

    async def pending(self) -> Sequence[Command]: ...

    async def answer(self, command: Command, outcome: str) -> None: ...
