"""What the risk rules allow a strategy, handed over so that it asks for nothing they would refuse."""

import math

from attrs import frozen


def figure(absolute: float, per_straddle: float, straddles: float) -> float:
    """By the number of straddles held where it is given so, else as it stands."""
    return per_straddle * straddles if per_straddle else absolute


@frozen(kw_only=True)
class Limits:
    """One limit is set in one place: these come from the section `risk`, and mean what they mean there."""

    cooldown_s: float
    force_shares: float
    force_per_straddle: float
    min_shares: float
    min_per_straddle: float
    max_order_shares: float
    max_order_per_straddle: float
    hedge_shares: float
    hedge_per_straddle: float
    min_dte: int
    max_dte: int
    moneyness_pct: float
    budget: float  # dollars
    min_move_pct: float = 0.0  # of the underlying, from one hedge to the next
    wide_pct: float = math.inf  # spread up to which a market order may go
    outside: bool = False  # hedge while the shares' market is closed, by limit

    def force(self, straddles: float) -> float:
        return figure(self.force_shares, self.force_per_straddle, straddles)

    def smallest(self, straddles: float) -> float:
        return figure(self.min_shares, self.min_per_straddle, straddles)

    def largest(self, straddles: float) -> float:
        return figure(self.max_order_shares, self.max_order_per_straddle, straddles)

    def hedge(self, straddles: float) -> float:
        """Delta off the centre from which on a hedge is needed."""
        return figure(self.hedge_shares, self.hedge_per_straddle, straddles)
