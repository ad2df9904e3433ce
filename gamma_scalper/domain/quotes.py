"""The market's offer at one moment."""

import enum
import math
from datetime import datetime, timedelta

from attrs import field, frozen

from gamma_scalper.domain.checks import utc


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
    data_type: DataType = field(default=DataType.LIVE, converter=DataType)
    received_at: datetime = field(converter=utc)
    carried: bool = False  # replay says again what was in force; nothing new was seen

    def __attrs_post_init__(self) -> None:
        # Written out, since quotes are made by the hundred thousand.
        bid, ask, last = self.bid, self.ask, self.last
        if not (
            (bid is None or 0 <= bid < math.inf)
            and (ask is None or 0 <= ask < math.inf)
            and (last is None or 0 <= last < math.inf)
        ):
            raise ValueError(f"contract {self.con_id}: bid {bid}, ask {ask}, last {last}; use None where there is none")
        if self.bid_size < 0 or self.ask_size < 0:
            raise ValueError(f"contract {self.con_id}: sizes {self.bid_size} x {self.ask_size}")

    @property
    def usable(self) -> bool:
        """Both sides are there and not crossed. A bid of zero is an offer too: nobody pays anything."""
        return self.bid is not None and self.ask is not None and 0 < self.ask >= self.bid

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
        """The spread in percent of the mid."""
        return 100 * self.spread / self.mid

    def age(self, now: datetime) -> timedelta:
        return now - self.received_at

    def _sides(self) -> tuple[float, float]:
        if self.bid is None or self.ask is None or not self.usable:
            raise ValueError(f"the quote {self.bid} x {self.ask} of contract {self.con_id} is not usable")
        return self.bid, self.ask
