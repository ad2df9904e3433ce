"""What a market did, tick by tick, seen without the ring."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import numpy as np
from attrs import frozen

from gamma_scalper.backtest.span import span_of
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.exchange.market import Offer
from gamma_scalper.exchange.simulated.variance_time import VarianceTime
from gamma_scalper.pricing.analytic import Floats
from gamma_scalper.reports.backtest.story import Story


@frozen(kw_only=True, eq=False)
class Walk:
    """A column for each tick at which something was on offer, from a certain one to the last."""

    at: Sequence[datetime]
    lived: Floats  # years in which the price moves, up to then
    spots: Floats  # the middle of the shares' market
    half_spreads: Floats  # of the shares
    middles: Sequence[Mapping[int, Decimal]]  # conId -> its price
    expires: float  # as `lived`

    def ticks(self, moments: Sequence[datetime]) -> list[int]:
        """The last at each moment or before."""
        ticks = [at.timestamp() for at in self.at]
        return [max(int(np.searchsorted(ticks, each.timestamp(), side="right")) - 1, 0) for each in moments]

    def since(self, tick: int) -> "Walk":
        return Walk(
            at=self.at[tick:],
            lived=self.lived[tick:],
            spots=self.spots[tick:],
            half_spreads=self.half_spreads[tick:],
            middles=self.middles[tick:],
            expires=self.expires,
        )

    @property
    def steps(self) -> Floats:
        return np.diff(self.lived)

    @property
    def left(self) -> Floats:
        return self.expires - self.lived


def walked(story: Story, con_ids: Sequence[int], since: datetime, expires: datetime) -> Walk:
    """Of the market that the story was played in."""
    span = span_of(story.market, story.seed, story.first, story.last)
    market = span.market
    share = market.underlyings()[0].con_id
    wanted = [share, *con_ids]
    at: list[datetime] = []
    seen: list[tuple[Offer, ...]] = []
    while True:
        following = market.next_tick()
        if following is None or following > since:
            offers = tuple(market.offers(wanted))
            if offers[0].ask is not None:
                at.append(market.now)
                seen.append(offers)
        if following is None or following > span.ends:
            break
        market.advance(following)
    time = VarianceTime(market.sessions(share), overnight=0.0, ushape=0.0)
    bids, asks = (np.array([_both(row[0])[side] for row in seen], dtype=np.float64) for side in (0, 1))
    return Walk(
        at=at,
        lived=time.at(np.array([each.timestamp() for each in at])),
        spots=(bids + asks) / 2,
        half_spreads=(asks - bids) / 2,
        middles=[{con_id: _middle(offer) for con_id, offer in zip(wanted, row, strict=True)} for row in seen],
        expires=float(time.at(expires.timestamp())),
    )


def _middle(offer: Offer) -> Decimal:
    return sum(map(to_decimal, _both(offer)), Decimal(0)) / 2


def _both(offer: Offer) -> tuple[float, float]:
    if offer.bid is None or offer.ask is None:
        raise ValueError("a contract is not quoted on both sides")
    return offer.bid, offer.ask
