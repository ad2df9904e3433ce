"""What came of a sweep, for whoever shows it."""

import math
from collections.abc import Mapping
from datetime import date

from attrs import frozen

OBJECTIVES: Mapping[str, str] = {
    "profit": "profit, $ a session; more is better",
    "hedged": "what movement and time came to less costs, $ a session, volatility's own moves left out; more is better",
    "cost": "commissions and fills worse than the middle, $ a session; less is better",
    "risk": "deviation of what movement and time came to, $ for one session; less is better",
    "risk_adjusted": "profit over its deviation, a session; more is better",
}
LESS_IS_BETTER = ("cost", "risk")


@frozen
class Estimate:
    """An estimate with its 95% interval; NaN where it can't be told."""

    value: float
    low: float = math.nan
    high: float = math.nan


@frozen(kw_only=True)
class CellOutcome:
    """One cell's. Dollars are of one session; deviations grow with the root of the number of sessions."""

    name: str
    given: Mapping[str, str]  # key -> value; empty for the book as it is
    digest: str
    profit: Estimate
    hedged: Estimate
    cost: Estimate
    risk: Estimate
    risk_adjusted: Estimate
    difference: Estimate  # of the objective, to the book as it is, on the same seeds
    p: float  # how often chance alone does as much, for this cell alone
    corrected: float  # and for the best of as many as were tried
    hedges: float  # a session
    same_as: str  # the first cell that did the very same in every run; empty: none did
    efficient: bool  # no other cell costs as little at as little risk

    def of(self, objective: str) -> Estimate:
        figures = {
            "profit": self.profit,
            "hedged": self.hedged,
            "cost": self.cost,
            "risk": self.risk,
            "risk_adjusted": self.risk_adjusted,
        }
        return figures[objective]


@frozen
class FailedRun:
    """A cell on a seed that came to nothing."""

    cell: str  # its name
    seed: int
    reason: str


@frozen(kw_only=True)
class OutOfSample:
    """The best cell of a search once more, on seeds the search never saw."""

    seeds: str  # in words
    cell: str
    within: Estimate  # difference to the book as it is, where it was found
    beyond: Estimate  # and on the fresh seeds
    p: float  # of the fresh one alone, since nothing was chosen on it


@frozen(kw_only=True)
class SweepOutcome:
    """All of it."""

    book: str
    market: str
    first: date | None
    last: date | None
    sessions: int  # of one run
    seeds: str  # in words
    runs: int
    objective: str
    units: int
    unit: str  # in words
    baseline: int  # which cell is the book as it is
    best: int  # by the objective, the baseline left aside; or the baseline where it is alone
    deflated_sharpe: float  # NaN where it can't be told
    verdict: tuple[str, ...]
    cells: tuple[CellOutcome, ...]
    keys: tuple[str, ...]  # of the grid
    failures: tuple[FailedRun, ...]
    left_out: tuple[str, ...]  # cells that failed too often to be compared
    settings: Mapping[str, str]  # of the book, that were not left at their default
    search: str  # random or bayes; "" for a grid
    fresh: OutOfSample | None = None

    @property
    def varied(self) -> tuple[str, ...]:
        """The keys of the grid that took more than one value."""
        return tuple(key for key in self.keys if len({cell.given[key] for cell in self.cells if key in cell.given}) > 1)
