"""A usable picture unpacked: what a decision looks at, each thing measured in one place."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Combo, Option, Stock
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.pictures import LegFigures
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import Session
from gamma_scalper.domain.snapshots import MarketSnapshot, PositionSnapshot
from gamma_scalper.strategies.base import Standing, View

Options = tuple[tuple[Option, Decimal], ...]


@frozen(kw_only=True)
class Scene:
    """What is held, at which quotes, and what the house says of it."""

    view: View
    market: MarketSnapshot
    position: PositionSnapshot
    underlying: Quote
    quotes: Mapping[int, Quote]  # conId -> the newest
    figures: Mapping[int, LegFigures]  # conId of an option -> what it is worth by the model
    greeks: Greeks  # of all options held, in dollars and shares
    projected: float
    options: Options  # held, negative where sold short
    shares: Decimal
    spot: float
    straddles: float  # calls or puts, whichever are more: what figures per straddle count by
    implied: float | None  # volatility of the options held, by their vegas; None where none shows
    session: Session | None  # that of the shares, while it is open

    @property
    def now(self) -> datetime:
        return self.view.now

    @property
    def standing(self) -> Standing:
        return self.view.standing

    @property
    def flat(self) -> bool:
        return not self.options and not self.shares

    @property
    def balanced(self) -> bool:
        """As many calls as puts."""
        return not sum(many if option.right == "C" else -many for option, many in self.options)

    @property
    def until_close(self) -> timedelta | None:
        """None while the market is closed, or nobody knows."""
        return None if self.session is None else self.session.closes - self.now

    def days_to_expiry(self) -> int | None:
        """Calendar days from the trading day to the first expiry held."""
        if not self.options or self.market.session is None:
            return None
        return (min(option.expiry for option, _ in self.options) - self.market.session.day).days

    def mark(self, instrument: Stock | Option) -> float | None:
        """The mid, or the model's price where nobody quotes both sides; None where neither is known."""
        quote = self.quotes.get(instrument.con_id)
        if quote is not None and quote.usable:
            return quote.mid
        figures = self.figures.get(instrument.con_id)
        return None if figures is None else figures.greeks.price

    def quotes_of(self, instrument: Stock | Option | Combo) -> tuple[Quote, ...] | None:
        """Two-sided ones, one for each leg; None where one lacks."""
        con_ids = (
            [leg.instrument.con_id for leg in instrument.legs] if isinstance(instrument, Combo) else [instrument.con_id]
        )
        found = [self.quotes.get(con_id) for con_id in con_ids]
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
    quotes = {quote.con_id: quote for quote in market.quotes}
    figures = {leg.option.con_id: leg for leg in picture.legs}
    underlying = quotes.get(view.underlying.con_id)
    if underlying is None or not underlying.usable:
        return f"{view.underlying.symbol} is not quoted on both sides"
    held = [(each.instrument, each.quantity) for each in position.holdings]
    options = tuple((option, quantity) for option, quantity in held if isinstance(option, Option))
    hours = market.session
    return Scene(
        view=view,
        market=market,
        position=position,
        underlying=underlying,
        quotes=quotes,
        figures=figures,
        greeks=greeks,
        projected=projected,
        options=options,
        shares=position.quantity(view.underlying.con_id),
        spot=underlying.mid,
        straddles=_straddles(options),
        implied=_implied(figures, options),
        session=hours if hours is not None and hours.contains(view.now) else None,
    )


def _straddles(options: Options) -> float:
    calls = puts = 0.0
    for option, quantity in options:
        if option.right == "C":
            calls += to_float(quantity)
        else:
            puts += to_float(quantity)
    return max(abs(calls), abs(puts))


def _implied(figures: Mapping[int, LegFigures], options: Options) -> float | None:
    weighed = total = 0.0
    for option, quantity in options:
        leg = figures.get(option.con_id)
        if leg is not None and leg.vol is not None:
            weight = abs(leg.greeks.vega * to_float(quantity) * option.multiplier)
            weighed, total = weighed + weight * leg.vol, total + weight
    return weighed / total if total else None
