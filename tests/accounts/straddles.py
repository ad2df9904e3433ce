"""A straddle with its prices and Greeks at any spot, moment and volatility, by the closed form."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.portfolio.attribution import Sensitivity, Standpoint
from gamma_scalper.pricing import BlackScholes, MarketInputs, OptionTerms
from gamma_scalper.pricing.higher_greeks import higher_greeks

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
EXPIRES_AT = START + timedelta(days=30)
SHARE = Stock(con_id=1, symbol="SPY")
RATE = 0.04
MODEL = BlackScholes()


def option(right: str, con_id: int, strike: int = 600) -> Option:
    return Option(
        con_id=con_id,
        underlying_con_id=SHARE.con_id,
        symbol="SPY",
        right=right,
        strike=Decimal(strike),
        expiry=date(2026, 2, 4),
        expires_at=EXPIRES_AT,
        exercise="european",
        trading_class="SPY",
    )


CALL, PUT = option("C", 11), option("P", 12)
STRADDLE = {CALL: Decimal(1), PUT: Decimal(1), SHARE: Decimal(-7)}


def figures(what: Option, spot: float, now: datetime, vol: float) -> Sensitivity:
    terms = OptionTerms(what.right, float(what.strike), "european")
    inputs = MarketInputs(spot, years_between(now, what.expires_at), RATE)
    higher = higher_greeks(MODEL, terms, inputs, vol)
    return Sensitivity(
        con_id=what.con_id,
        greeks=MODEL.greeks(terms, inputs, vol),
        vol=vol,
        vanna=higher.vanna,
        volga=higher.volga,
        zomma=higher.zomma,
    )


def standing(spot: float, now: datetime, vol: float, held: dict, cash: Decimal = Decimal(0)) -> Standpoint:
    """`held`: contract -> how many. Equity is cash and what is held, at the model's prices."""
    options = [figures(each, spot, now, vol) for each in (CALL, PUT)]
    prices = {each.con_id: to_decimal(each.greeks.price) for each in options} | {SHARE.con_id: to_decimal(spot)}
    worth = sum(count * what.multiplier * prices[what.con_id] for what, count in held.items())
    return Standpoint(
        at=now,
        spot=spot,
        equity=cash + worth,
        holdings=[Holding(what, count) for what, count in held.items() if count],
        prices=prices,
        options=options,
    )
