"""The market's offer at one moment."""

import enum
from datetime import UTC, datetime, timedelta

from attrs import frozen

from gamma_scalper.domain.checks import LARGEST, utc

_SMALLEST_ASK = 1e-6  # no market quotes finer; below it the arithmetic of a spread breaks down


class DataType(enum.IntEnum):
    """What kind of data the broker says it sends; the numbers are the wire's."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4


@frozen(kw_only=True)
class Quote:
    """One contract's bid and ask. A side nobody quotes is None; a NaN or a negative number can't be held at all."""

    con_id: int
    snapshot_id: int  # names this quote in the journal, on every order and on every simulated fill
    bid: float | None
    ask: float | None
    bid_size: int = 0
    ask_size: int = 0
    last: float | None = None
    data_type: DataType = DataType.LIVE
    received_at: datetime
    carried: bool = False  # replay says again what was in force; nothing new was seen

    def __attrs_post_init__(self) -> None:
        # Quotes are made by the hundred thousand: no converters, no loop.
        bid, ask, last = self.bid, self.ask, self.last
        if not (
            (bid is None or 0 <= bid < LARGEST)
            and (ask is None or 0 <= ask < LARGEST)
            and (last is None or 0 <= last < LARGEST)
        ):
            raise ValueError(f"contract {self.con_id}: bid {bid}, ask {ask}, last {last}; use None where there is none")
        if not (0 <= self.bid_size < LARGEST and 0 <= self.ask_size < LARGEST):
            raise ValueError(f"contract {self.con_id}: sizes {self.bid_size} x {self.ask_size}")
        if not (self.con_id > 0 and self.snapshot_id >= 0 and type(self.data_type) is DataType):
            raise ValueError(f"contract {self.con_id}: snapshot {self.snapshot_id}, data type {self.data_type}")
        if self.received_at.tzinfo is not UTC:
            object.__setattr__(self, "received_at", utc(self.received_at))

    @property
    def usable(self) -> bool:
        """Both sides are there and not crossed. A bid of zero is an offer too: nobody pays anything."""
        return self.bid is not None and self.ask is not None and _SMALLEST_ASK <= self.ask >= self.bid

    @property
    def mid(self) -> float:
        bid, ask = self._sides()
        return (bid + ask) / 2

    @property
    def spread(self) -> float:
        bid, ask = self._sides()
        return ask - bid

    @property
    def spread_pct(self) -> float:
        """The spread in percent of the mid; 200 where nobody bids."""
        return min(100 * self.spread / self.mid, 200.0)

    def age(self, now: datetime) -> timedelta:
        return now - self.received_at

    def _sides(self) -> tuple[float, float]:
        if self.bid is None or self.ask is None or not self.usable:
            raise ValueError(f"the quote {self.bid} x {self.ask} of contract {self.con_id} is not usable")
        return self.bid, self.ask
