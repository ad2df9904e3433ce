"""Bars of the broker's past as rows of the store. A bar is known when it is over: its row's time is its end."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from attrs import frozen

from gamma_scalper.backtest.history.tables import name_columns, quote_table
from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.ports import PastBar, PastPrice
from gamma_scalper.exchange.replay import Columns
from gamma_scalper.exchange.replay.arrays import Real
from gamma_scalper.exchange.replay.hours import nanoseconds

Prices = Literal["close", "mean"]  # of a minute's offer: as it stood at the end, or on average

OFFERED: dict[Prices, tuple[PastPrice, ...]] = {
    "close": (PastPrice.BID, PastPrice.ASK),
    "mean": (PastPrice.MEAN_OFFER,),
}


@frozen(eq=False)
class Fetched:
    """One contract's bars of a day, of each kind of price that was asked for."""

    contract: Stock | Index | Option
    bars: tuple[Sequence[PastBar], ...]

    @property
    def rows(self) -> int:
        return len({bar.ends for bars in self.bars for bar in bars})

    @property
    def spot(self) -> float | None:
        """What the first minute that was priced says."""
        firsts = [bars[0].close for bars in self.bars if bars]
        return sum(firsts) / len(firsts) if firsts else None


def offers_table(fetched: Sequence[Fetched], prices: Prices, sizes: tuple[int, int]) -> Any:
    """Rows in order of time; `sizes` are what counts as offered of shares and of options, as the broker tells none."""
    parts = [_offers(each, prices, sizes[isinstance(each.contract, Option)]) for each in fetched]
    columns = Columns.joined(parts)
    owner = np.repeat(np.arange(len(parts)), [len(part.time) for part in parts])
    order = np.argsort(columns.time, kind="stable")
    return quote_table([each.contract for each in fetched], owner[order], columns.at(order))


def _offers(fetched: Fetched, prices: Prices, size: int) -> Columns:
    if prices == "mean":
        bids = asks = fetched.bars[0]
    else:
        bids, asks = fetched.bars if len(fetched.bars) == 2 else (fetched.bars[0], ())
    bid_at = {nanoseconds(bar.ends): bar.open if prices == "mean" else bar.close for bar in bids}
    ask_at = {nanoseconds(bar.ends): bar.close for bar in asks}
    times = sorted(bid_at | ask_at)
    bid, ask = (_prices([side.get(time, 0.0) for time in times]) for side in (bid_at, ask_at))
    bid_size, ask_size = (np.where(np.isnan(side), 0, size).astype(np.int64) for side in (bid, ask))
    return Columns(np.array(times, np.int64), bid, ask, bid_size, ask_size, np.full(len(times), np.nan))


def _prices(prices: Sequence[float]) -> Real:
    """The broker writes 0 where nobody bids or asks."""
    column = np.array(prices, np.float64)
    return np.where(column > 0, column, np.nan)


def bar_table(fetched: Sequence[Fetched]) -> Any:
    """Rows in order of time."""
    rows = [(number, bar) for number, each in enumerate(fetched) for bars in each.bars for bar in bars]
    rows.sort(key=lambda row: (row[1].ends, row[0]))
    bars = [bar for _, bar in rows]
    named = name_columns([each.contract for each in fetched], np.array([number for number, _ in rows], np.int64))
    return pa.table(
        {
            "time": pa.array([nanoseconds(bar.ends) for bar in bars], pa.timestamp("ns", "UTC")),
            **{name: named[name] for name in ("symbol", "expiry", "strike", "right")},
            **{
                name: pa.array([getattr(bar, name) for bar in bars], pa.float64())
                for name in ("open", "high", "low", "close", "volume")
            },
            "trades": pa.array([bar.trades for bar in bars], pa.int64()),
            **{name: named[name] for name in ("multiplier", "exercise", "settlement", "kind")},
        }
    )
