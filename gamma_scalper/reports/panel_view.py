"""What a person is shown of a trader at work, at one moment: plain values, whoever gathered them."""

import math
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from attrs import frozen

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.portfolio.attribution import NO_EARNINGS, Earnings


class Reach(NamedTuple):
    """Where a policy leaves the delta alone, in shares."""

    low: float
    high: float
    centre: float


class Said(NamedTuple):
    """Something in words, and what it is about."""

    about: str  # a dimension of the state space, a purpose, a rule
    words: str


@frozen(kw_only=True)
class BookView:
    """One book. What nobody knows is None, or empty."""

    name: str
    symbol: str
    mode: str = ""
    lamp: str = ""  # green, yellow, red
    reasons: tuple[str, ...] = ()  # for the lamp's colour, the worst first; pauses and halts among them
    spot: float | None = None
    change_pct: float | None = None  # since the close before
    holds: str = ""
    wants: str = ""  # what a look through the chain has found, while it holds nothing
    days: float | None = None  # until the first of its options expires
    implied: float | None = None
    greeks: Greeks | None = None  # of all options held, in dollars; the delta in shares
    filled: float | None = None  # deltas of the whole, in shares
    projected: float | None = None
    reach: Reach | None = None
    earned: Earnings = NO_EARNINGS
    realised: Decimal | None = None  # since the book began, less commissions
    states: tuple[Said, ...] = ()
    orphan: bool = False
    purposes: tuple[Said, ...] = ()  # why an order of this purpose is refused just now; empty words: it is not
    orders: tuple[str, ...] = ()
    decision: Said | None = None
    decided_at: datetime | None = None
    hedges: tuple[str, ...] = ()  # the last of them, newest first
    hedges_today: int = 0

    @property
    def break_even(self) -> float | None:
        """The move of the spot, in dollars, at which gamma pays for one day of theta."""
        if self.greeks is None or not self.greeks.gamma or self.greeks.gamma * self.greeks.theta_per_day > 0:
            return None
        return math.sqrt(-2 * self.greeks.theta_per_day / self.greeks.gamma)

    @property
    def walked(self) -> float:
        """What today's steps come to, as one move that would have fed gamma as much."""
        return math.sqrt(self.earned.squares)


@frozen(kw_only=True)
class PanelView:
    """The whole trader."""

    at: datetime  # by the market's clock
    money: str  # paper or live
    speed: str  # such as "60 x", "as fast as it can"; empty: the market's own
    link: str = ""  # of the connection
    books: tuple[BookView, ...] = ()
    notices: tuple[str, ...] = ()  # the log's last lines
