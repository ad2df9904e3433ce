"""What was played: the journal of the run, what each book saw on the way, and what it was played on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
from attrs import frozen

from gamma_scalper.domain.strategy_entries import Decided
from gamma_scalper.journal.chain import Row

Column = npt.NDArray[np.float64]
Reason = tuple[datetime, Decided]  # since when it held


@frozen(kw_only=True, eq=False)
class Looks:
    """One book's, look by look, a column each; NaN where there was none. Deltas are in shares, Greeks in dollars."""

    at: npt.NDArray[np.int64]  # nanoseconds of UTC since 1970
    spot: Column
    filled: Column  # delta of what is held
    projected: Column  # and of what works
    low: Column  # the band's edges and its centre
    high: Column
    centre: Column
    gamma: Column  # of all options held: shares of delta per dollar
    theta: Column  # $ a day
    vega: Column  # $ for a volatility of 1.00
    implied: Column  # volatility of the options held, by their vegas


@frozen(kw_only=True)
class SourceRows:
    """What became of the rows of one file the market was read from."""

    name: str
    rows: int
    used: int
    rejected: Mapping[str, int]  # reason -> rows


@frozen(kw_only=True, eq=False, repr=False)
class Story:
    """One run. Without a text of its own: asyncio makes one of whatever a task returns, and a year's is long."""

    market: str  # its spec, as it was asked for
    seed: int
    first: date  # trading days, both included
    last: date
    cash: int  # $ at the beginning
    settings: Mapping[str, str]  # "book:key" -> value, of all that was not left at its default
    rows: Sequence[Row]  # of the journal, from the first to the last
    looks: Mapping[str, Looks]  # book -> its looks
    source: Sequence[SourceRows] = ()  # none for a generated market
    missing: Sequence[date] = ()  # trading days among those asked for of which the source has nothing
    quotes: int = 0  # that were told
    reasons: Mapping[str, Sequence[Reason]] = {}  # book -> why it did what it did, or waited, as it changed
    given: Sequence[str] = ()  # what --set said, and is no secret
    world: str = ""  # the market's spec with all that was left open filled in
