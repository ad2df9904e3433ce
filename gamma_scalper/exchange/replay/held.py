"""The quote in force of one contract on a tape."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from gamma_scalper.exchange.market import NOTHING_ON_OFFER, Offer
from gamma_scalper.exchange.replay.tape import Columns

_FOREVER = int(np.iinfo(np.int64).max)


class Held:
    """One contract's row in force: `fresh` and then `carried`, from `since` until before `until`."""

    __slots__ = ("_columns", "_times", "_closes", "_row", "since", "until", "fresh", "carried")

    def __init__(self, columns: Columns, closes: Sequence[int]) -> None:
        # Views, whose items are Python's own numbers and come several times as fast as numpy's.
        self._columns = [np.ascontiguousarray(column).data for column in columns.all]
        self._times = self._columns[0]
        self._closes = closes  # of the contract's sessions
        self._row = -1
        self.since = self.until = 0
        self.fresh = self.carried = NOTHING_ON_OFFER

    def move(self, now: int) -> None:
        """Find what is in force now; the next row is by far the likeliest, and any other will do."""
        times, row = self._times, self._row + 1
        following = times[row + 1] if row + 1 < len(times) else _FOREVER
        if not (row < len(times) and times[row] <= now < following):
            row = bisect_right(times, now) - 1
            following = times[row + 1] if row + 1 < len(times) else _FOREVER
        self._row = row
        if row < 0:
            self._hold(0, following, NOTHING_ON_OFFER)
            return
        since = times[row]
        close = self._closes[bisect_left(self._closes, since)]
        if now <= close:  # the close itself still sees it
            self._hold(since, min(following, close + 1), self._offer(row))
        else:
            self._hold(close + 1, following, NOTHING_ON_OFFER)

    def _hold(self, since: int, until: int, offer: Offer) -> None:
        self.since, self.until, self.fresh = since, until, offer
        bid, ask, bid_size, ask_size, last, _ = offer
        self.carried = offer if offer is NOTHING_ON_OFFER else Offer(bid, ask, bid_size, ask_size, last, True)

    def _offer(self, row: int) -> Offer:
        _, bids, asks, bid_sizes, ask_sizes, lasts = self._columns
        bid, ask, last = bids[row], asks[row], lasts[row]
        # A NaN is what differs from itself.
        if bid != bid and ask != ask and last != last:
            return NOTHING_ON_OFFER
        return Offer(
            bid if bid == bid else None,
            ask if ask == ask else None,
            bid_sizes[row],
            ask_sizes[row],
            last if last == last else None,
        )
