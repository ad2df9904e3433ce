"""A book as its accounts see it at one moment: what it held by its ledger, at the prices of a picture."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_cents, to_decimal, to_float
from gamma_scalper.domain.pictures import LegFigures, Picture
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.domain.snapshots import Holding, PositionSnapshot
from gamma_scalper.pipeline.picturing import Carry
from gamma_scalper.portfolio.attribution import Sensitivity, Standpoint
from gamma_scalper.portfolio.ledger import Ledger, holdings, profit
from gamma_scalper.portfolio.ledger_changes import ended_at, last_price
from gamma_scalper.pricing.higher_greeks import NO_HIGHER_GREEKS, HigherGreeks, higher_greeks
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
    picture: Picture,
    spot: float,
    ledger: Ledger,
    before: Standpoint | None,
    figures: Mapping[int, Sensitivity],
) -> Standpoint:
    """With prices of what is held now, and of what was held at `before`."""
    held = holdings(ledger)
    gone = () if before is None else before.holdings
    known = {} if before is None else before.prices
    prices = _prices(picture, spot, ledger, (*held, *gone), known)
    amounts = profit(ledger, prices) or ()
    return Standpoint(
        at=picture.at,
        spot=spot,
        equity=to_cents(sum((amount.amount for amount in amounts), _NOTHING)),
        holdings=held,
        prices=prices,
        options=[figures[con_id] for con_id in prices if con_id in figures],
    )


def _prices(picture: Picture, spot: float, ledger: Ledger, wanted: Iterable[Holding], known: Prices) -> Prices:
    """The middle of the market; else what the model says; else what was known; else what was paid last."""
    owned = set(ledger.accounts.held)
    found = {}
    for instrument in (holding.instrument for holding in wanted):
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


def plain_figures(picture: Picture) -> dict[int, Sensitivity]:
    """As the picture has them: enough for the end of an interval."""
    return {
        leg.option.con_id: Sensitivity(con_id=leg.option.con_id, greeks=leg.greeks, vol=leg.vol) for leg in picture.legs
    }


def full_figures(picture: Picture, ledger: Ledger, carry: Carry, model: PricingModel) -> dict[int, Sensitivity]:
    """Of the options held, the higher Greeks too: for the beginning of an interval."""
    spot, found = spot_of(picture), {}
    for leg in picture.legs:
        con_id = leg.option.con_id
        if spot is not None and con_id in ledger.accounts.held:
            higher = _higher(leg, picture.at, spot, carry, model)
            found[con_id] = Sensitivity(
                con_id=con_id,
                greeks=leg.greeks,
                vol=leg.vol,
                vanna=higher.vanna,
                volga=higher.volga,
                zomma=higher.zomma,
            )
    return found


def _higher(leg: LegFigures, now: datetime, spot: float, carry: Carry, model: PricingModel) -> HigherGreeks:
    option = leg.option
    if leg.vol is None:
        return NO_HIGHER_GREEKS
    years, terms = (
        years_between(now, option.expires_at),
        OptionTerms(option.right, to_float(option.strike), option.exercise),
    )
    dividends = carry.schedule.in_life(now, option.expires_at)
    inputs = MarketInputs(spot, years, carry.curve.rate(years), carry.dividend_yield, dividends)
    try:
        return higher_greeks(model, terms, inputs, leg.vol)
    except NoValidTree:  # so little volatility that a step below it can't be priced: these parts stay unexplained
        return NO_HIGHER_GREEKS
