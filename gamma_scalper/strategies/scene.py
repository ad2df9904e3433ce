"""A usable picture unpacked: what a decision looks at, each thing measured in one place."""

from datetime import datetime, timedelta
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Combo, Option, Stock, legs_of
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.snapshots import MarketSnapshot, PositionSnapshot
from gamma_scalper.strategies.base import Standing, View


@frozen(kw_only=True)
class Scene:
    """What is held, at which quotes, and what the house says of it."""

    view: View
    market: MarketSnapshot
    position: PositionSnapshot
    underlying: Quote
    greeks: Greeks  # of all options held, in dollars and shares
    projected: float
    options: tuple[tuple[Option, Decimal], ...]  # held, negative where sold short
    shares: Decimal

    @property
    def now(self) -> datetime:
        return self.view.now

    @property
    def standing(self) -> Standing:
        return self.view.standing

    @property
    def spot(self) -> float:
        return self.underlying.mid

    @property
    def flat(self) -> bool:
        return not self.options and not self.shares

    @property
    def straddles(self) -> float:
        """Calls or puts, whichever are more: what figures per straddle count by."""
        calls = sum((many for option, many in self.options if option.right == "C"), Decimal(0))
        puts = sum((many for option, many in self.options if option.right == "P"), Decimal(0))
        return to_float(max(abs(calls), abs(puts)))

    @property
    def session(self) -> Session | None:
        """That of the shares, while it is open."""
        found = self.market.session
        return found if found is not None and found.contains(self.now) else None

    @property
    def until_close(self) -> timedelta | None:
        """None while the market is closed, or nobody knows."""
        return None if self.session is None else self.session.closes - self.now

    @property
    def implied(self) -> float | None:
        """Volatility of the options held, by their vegas; None where none shows."""
        weighed = total = 0.0
        for option, quantity in self.options:
            leg = self.view.picture.leg(option.con_id)
            if leg is not None and leg.vol is not None:
                weight = abs(leg.greeks.vega * to_float(quantity) * option.multiplier)
                weighed, total = weighed + weight * leg.vol, total + weight
        return weighed / total if total else None

    def days_to_expiry(self) -> int | None:
        """Calendar days from the trading day to the first expiry held."""
        if not self.options or self.market.session is None:
            return None
        return (min(option.expiry for option, _ in self.options) - self.market.session.day).days

    def mark(self, instrument: Stock | Option) -> float | None:
        """The mid, or the model's price where nobody quotes both sides; None where neither is known."""
        quote = self.market.of(instrument.con_id)
        if quote is not None and quote.usable:
            return quote.mid
        leg = self.view.picture.leg(instrument.con_id)
        return None if leg is None else leg.greeks.price

    def quotes_of(self, instrument: Stock | Option | Combo) -> tuple[Quote, ...] | None:
        """Two-sided ones, one for each leg; None where one lacks."""
        found = [self.market.of(leg.instrument.con_id) for leg in legs_of(instrument)]
        usable = tuple(quote for quote in found if quote is not None and quote.usable)
        return usable if len(usable) == len(found) else None


def scene(view: View) -> Scene | str:
    """What there is to decide on, or why there is nothing."""
    picture = view.picture
    market, position, greeks, projected = picture.market, picture.position, picture.options, picture.projected
    if picture.unusable:
        return picture.unusable
    if market is None or position is None or greeks is None or projected is None:
        return "the picture lacks its figures"
    underlying = market.of(view.underlying.con_id)
    if underlying is None or not underlying.usable:
        return f"{view.underlying.symbol} is not quoted on both sides"
    held = [(each.instrument, each.quantity) for each in position.holdings]
    return Scene(
        view=view,
        market=market,
        position=position,
        underlying=underlying,
        greeks=greeks,
        projected=projected,
        options=tuple((option, quantity) for option, quantity in held if isinstance(option, Option)),
        shares=position.quantity(view.underlying.con_id),
    )
