"""What the engine asks of a market: what is listed, what is on offer, and when that changes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.sessions import Sessions
from gamma_scalper.pricing.dividends import DividendSchedule

Listed = Stock | Index | Option


class UnknownContract(LookupError):
    """Nothing with this conId is listed.

    For the operator: the contract belongs to another market or day; look it up again by name.
    """


class Offer(NamedTuple):
    """One contract's bid and ask as the market has them now; the engine numbers it and makes it a `Quote`."""

    bid: float | None
    ask: float | None
    bid_size: int
    ask_size: int
    last: float | None = None
    carried: bool = False  # nothing new since the tick before


NOTHING_ON_OFFER = Offer(None, None, 0, 0)


class Market(Protocol):
    """A source of quotes with a time of its own. What it says never depends on who looks or trades.

    It moves in ticks: `advance(next_tick())` brings it to its next one, and between ticks nothing changes.
    """

    @property
    def name(self) -> str:
        """What it was made from, in one canonical line; memory of another market is refused by it."""
        ...

    @property
    def now(self) -> datetime:
        """The tick it is at."""
        ...

    def next_tick(self) -> datetime | None:
        """The next moment at which anything is quoted anew; None: it has no end of its own, or it is over."""
        ...

    def advance(self, tick: datetime) -> None:
        """Go to this tick, which is what `next_tick` said."""
        ...

    def offers(self, con_ids: Sequence[int]) -> Sequence[Offer]:
        """What is on offer now, contract by contract; `NOTHING_ON_OFFER` where nobody quotes (closed, expired)."""
        ...

    def underlyings(self) -> Sequence[Stock | Index]: ...

    def expiries(self, underlying_con_id: int) -> Sequence[date]:
        """Those listed now, in order."""
        ...

    def options(self, underlying_con_id: int, expiry: date) -> Sequence[Option]:
        """Those listed now, by strike, the call before the put."""
        ...

    def instrument(self, con_id: int) -> Listed:
        """Also one that has expired since. Raises `UnknownContract`."""
        ...

    def sessions(self, con_id: int) -> Sessions:
        """When it trades: the product's own liquid hours, which for some options end after the shares'."""
        ...

    def open_interest(self, con_id: int) -> int: ...

    def dividends(self, underlying_con_id: int) -> DividendSchedule: ...

    def state(self) -> Mapping[str, Any]:
        """All it needs to go on from here, as plain JSON data."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from there; only of a market with the same name."""
        ...
