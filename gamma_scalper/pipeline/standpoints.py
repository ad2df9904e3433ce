"""A book as its accounts see it at one moment: what it held by its ledger, at the prices of a picture."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal, to_float
from gamma_scalper.domain.pictures import Picture
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.domain.snapshots import PositionSnapshot
from gamma_scalper.pipeline.picturing import Carry
from gamma_scalper.portfolio.attribution import Sensitivity, Standpoint
from gamma_scalper.portfolio.ledger import Ledger, holdings, profit
from gamma_scalper.portfolio.ledger_changes import ended_at, last_price
from gamma_scalper.pricing.higher_greeks import higher_greeks
from gamma_scalper.pricing.model import MarketInputs, NoValidTree, OptionTerms, PricingModel

_NOTHING = Decimal(0)
Prices = Mapping[int, Decimal]  # conId -> per share


def spot_of(picture: Picture) -> float | None:
    """The middle of the underlying's market; None where there is none."""
    market = picture.market
    quote = None if market is None else market.of(market.underlying_con_id)
    return quote.mid if quote is not None and quote.usable else None


def shows(picture: Picture, ledger: Ledger) -> bool:
    """Whether the picture knows of all that is booked."""
    return picture.position is not None and _quantities(picture.position) == {
        held.instrument.con_id: held.quantity for held in holdings(ledger)
    }


def _quantities(position: PositionSnapshot) -> dict[int, Decimal]:
    return {held.instrument.con_id: held.quantity for held in position.holdings}


def standpoint(
    picture: Picture, spot: float, ledger: Ledger, before: Standpoint | None, pricer: "Pricer"
) -> Standpoint:
    """With prices of what is held now, and of what was held at `before`."""
    held = holdings(ledger)
    gone = () if before is None else before.holdings
    contracts = {each.instrument.con_id: each.instrument for each in (*gone, *held)}
    prices = _prices(picture, spot, ledger, contracts.values(), {} if before is None else before.prices)
    amounts = profit(ledger, prices) or ()
    options = [each for each in contracts.values() if isinstance(each, Option)]
    figures = [pricer.figures(each, spot, picture) for each in options]
    return Standpoint(
        at=picture.at,
        spot=spot,
        equity=sum((amount.amount for amount in amounts), _NOTHING),
        holdings=held,
        prices=prices,
        options=[each for each in figures if each is not None],
    )


def _prices(picture: Picture, spot: float, ledger: Ledger, wanted: Iterable[Stock | Option], known: Prices) -> Prices:
    """The middle of the market; else what the model says; else what was known; else what was paid last."""
    owned = set(ledger.accounts.held)
    found = {}
    for instrument in wanted:
        con_id = instrument.con_id
        price = None if con_id in owned else ended_at(ledger, con_id, to_decimal(spot))
        price = _seen(picture, instrument) if price is None else price
        price = known.get(con_id) if price is None else price
        price = last_price(ledger, con_id) if price is None else price
        found[con_id] = _NOTHING if price is None else price
    return found


def _seen(picture: Picture, instrument: Stock | Option) -> Decimal | None:
    quote = None if picture.market is None else picture.market.of(instrument.con_id)
    if quote is not None and quote.usable:
        return to_decimal(quote.mid)
    leg = picture.leg(instrument.con_id)
    return None if leg is None else to_decimal(leg.greeks.price)


# -- figures -----------------------------------------------------------------------------------------------------------


@frozen
class Pricer:
    """Gives each option the volatility that its own market tells, so that nothing but the market's moves is left over.

    In the ring both legs of a strike share one volatility, and what a leg's market is off it comes and goes by the
    tick: of a day's profit that would leave more unexplained than there is.
    """

    model: PricingModel
    carry: Carry

    def figures(self, option: Option, spot: float, picture: Picture) -> Sensitivity | None:
        """Where the market tells no volatility, the picture's; None where that has none either."""
        now, terms = picture.at, OptionTerms(option.right, to_float(option.strike), option.exercise)
        years, leg = years_between(now, option.expires_at), picture.leg(option.con_id)
        quote = None if picture.market is None else picture.market.of(option.con_id)
        known = None if leg is None else Sensitivity(con_id=option.con_id, greeks=leg.greeks, vol=leg.vol)
        if not years or quote is None or not quote.usable or (quote.bid or 0.0) <= terms.intrinsic(spot):
            return known
        inputs = self._inputs(option, spot, now)
        try:
            vol = self.model.implied_vol(terms, inputs, quote.mid, None if leg is None else leg.vol)
            if vol is None:
                return known
            return self._at(option.con_id, terms, inputs, vol)
        except NoValidTree:  # so little volatility that no tree can price it
            return known

    def aged(self, begin: Standpoint, at: datetime, dividend: float) -> tuple[Sensitivity, ...] | None:
        """Its options at that moment, nothing having happened since but time, and a dividend that left the price.

        None where one of them can't be priced then.
        """
        options = {each.instrument.con_id: each.instrument for each in begin.holdings}
        found = []
        for each in begin.options:
            option = options.get(each.con_id)
            if not isinstance(option, Option):
                continue  # it is not held any more
            if each.vol is None:
                return None
            terms = OptionTerms(option.right, to_float(option.strike), option.exercise)
            try:
                found.append(self._at(each.con_id, terms, self._inputs(option, begin.spot - dividend, at), each.vol))
            except NoValidTree:
                return None
        return tuple(found)

    def _inputs(self, option: Option, spot: float, now: datetime) -> MarketInputs:
        years, dividends = years_between(now, option.expires_at), self.carry.schedule.in_life(now, option.expires_at)
        return MarketInputs(spot, years, self.carry.curve.rate(years), self.carry.dividend_yield, dividends)

    def _at(self, con_id: int, terms: OptionTerms, inputs: MarketInputs, vol: float) -> Sensitivity:
        greeks, higher = self.model.greeks(terms, inputs, vol), higher_greeks(self.model, terms, inputs, vol)
        return Sensitivity(
            con_id=con_id, greeks=greeks, vol=vol, vanna=higher.vanna, volga=higher.volga, zomma=higher.zomma
        )
