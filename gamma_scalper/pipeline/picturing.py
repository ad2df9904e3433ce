"""One picture out of market and position: the legs' volatilities, their Greeks, and the deltas they come to."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from attrs import frozen

from gamma_scalper.domain.greeks import BrokerGreeks, Greeks
from gamma_scalper.domain.instruments import Exercise, Option, Right, Stock, legs_of
from gamma_scalper.domain.pictures import LegFigures, Picture
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.domain.snapshots import MarketSnapshot, PositionSnapshot
from gamma_scalper.pricing.dividends import DividendSchedule
from gamma_scalper.pricing.leg_volatility import LegVolatility, leg_greeks, leg_volatility
from gamma_scalper.pricing.model import MarketInputs, OptionTerms, PricingModel
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.pricing.rates import ZeroCurve


class Strike(NamedTuple):
    """What the legs of one straddle have in common."""

    strike: float
    expires_at: datetime
    exercise: Exercise
    trading_class: str


Remembered = Mapping[Strike, LegVolatility]
"""The last good volatility of each strike: what stands in when no quote tells one, and where the next search begins."""


@frozen
class Carry:
    """What a book takes for granted about money and dividends."""

    curve: ZeroCurve
    schedule: DividendSchedule
    dividend_yield: float
    max_age: timedelta


_terms = lru_cache(maxsize=4_096)(OptionTerms)  # checked once: they come again with every quote


@lru_cache(maxsize=64)
def carry_of(parameters: PricingParameters) -> Carry:
    """Read from the book's words once."""
    return Carry(
        parameters.curve,
        parameters.schedule,
        parameters.dividend_yield_pct / 100,
        timedelta(seconds=parameters.volatility_max_age_s),
    )


class _Unpriced(Exception):
    """A leg that is held or ordered has no figures; the message says why."""


def picture(
    model: PricingModel,
    parameters: PricingParameters,
    market: MarketSnapshot | None,
    position: PositionSnapshot | None,
    now: datetime,
    remembered: Remembered,
) -> tuple[Picture, Remembered]:
    """Unusable only where spot or position is unknown, or a leg that is held or ordered has no figures at all."""
    if market is None or position is None:
        return unusable(now, market, position, "no quotes yet" if market is None else "no position yet"), remembered
    quote = market.of(market.underlying_con_id)
    if quote is None or not quote.usable:
        return unusable(now, market, position, "nobody makes a market in the underlying"), remembered
    pricing = _Pricing(model, carry_of(parameters), market, quote.mid, now, remembered)
    try:
        legs = pricing.figures(_at_stake(position))
    except _Unpriced as error:
        return unusable(now, market, position, str(error)), {**remembered, **pricing.told}
    options, filled = _held(position, legs, market.underlying_con_id)
    drawn = Picture(
        at=now,
        market=market,
        position=position,
        legs=legs.values(),
        options=options,
        filled=filled,
        projected=filled + _working(position, legs, market.underlying_con_id),
    )
    return drawn, pricing.told


def unusable(now: datetime, market: MarketSnapshot | None, position: PositionSnapshot | None, why: str) -> Picture:
    return Picture(at=now, market=market, position=position, unusable=why)


# -- the legs ----------------------------------------------------------------------------------------------------------


def _at_stake(position: PositionSnapshot) -> dict[int, Option]:
    """conId -> what is held, or may yet fill: without their deltas there is none of the book."""
    found = {
        held.instrument.con_id: held.instrument for held in position.holdings if isinstance(held.instrument, Option)
    }
    for order in position.live:
        for leg in legs_of(order.intent.instrument):
            if isinstance(leg.instrument, Option):
                found[leg.instrument.con_id] = leg.instrument
    return found


class _Pricing:
    """Of one market at one moment, strike by strike. `told` is what is remembered of it."""

    def __init__(
        self,
        model: PricingModel,
        carry: Carry,
        market: MarketSnapshot,
        spot: float,
        now: datetime,
        remembered: Remembered,
    ) -> None:
        self.told: dict[Strike, LegVolatility] = {}
        self._model = model
        self._carry = carry
        self._market = market
        self._spot = spot
        self._now = now
        self._remembered = remembered
        self._inputs: dict[datetime, MarketInputs] = {}  # expiry -> the market as its options see it

    def figures(self, at_stake: Mapping[int, Option]) -> dict[int, LegFigures]:
        """conId -> a leg's figures. One that is merely wanted and can't be priced is left out."""
        options = {option.con_id: option for option in self._market.options} | dict(at_stake)
        brokers = dict(self._market.brokers)
        found: dict[int, LegFigures] = {}
        for strike, legs in _by_strike(options.values()).items():
            why = ""
            try:
                found |= self._strike(strike, legs, brokers)
            except ValueError as error:  # so a model says that it can't price these
                why = str(error)
            for leg in legs:
                if leg.con_id in at_stake and leg.con_id not in found:
                    raise _Unpriced(f"{_name(leg)} has no price: {why or 'nothing tells its volatility'}")
        return found

    def _strike(self, strike: Strike, legs: list[Option], brokers: Mapping[int, BrokerGreeks]) -> dict[int, LegFigures]:
        last, inputs = self._remembered.get(strike), self._inputs_to(strike.expires_at)
        if last is not None:
            self.told[strike] = last
        volatility = leg_volatility(
            self._model,
            strike.strike,
            inputs,
            self._quotes(legs),
            self._now,
            last=last,
            max_age=self._carry.max_age,
            exercise=strike.exercise,
        )
        if volatility is None:
            return {}
        vol, carried = None, False
        if isinstance(volatility, LegVolatility):
            self.told[strike], vol, carried = volatility, volatility.vol, volatility.carried
        found = {}
        for leg in legs:
            terms = _terms(leg.right, strike.strike, strike.exercise)
            greeks = leg_greeks(self._model, terms, inputs, volatility)
            broker = brokers.get(leg.con_id)
            found[leg.con_id] = LegFigures(option=leg, greeks=greeks, vol=vol, carried=carried, broker=broker)
        return found

    def _quotes(self, legs: Iterable[Option]) -> dict[Right, Quote]:
        found: dict[Right, Quote] = {}
        for leg in legs:
            quote = self._market.of(leg.con_id)
            if quote is not None:
                found[leg.right] = quote
        return found

    def _inputs_to(self, expires_at: datetime) -> MarketInputs:
        found = self._inputs.get(expires_at)
        if found is None:
            years, carry = years_between(self._now, expires_at), self._carry
            dividends = carry.schedule.in_life(self._now, expires_at) if carry.schedule.dividends else ()
            found = MarketInputs(self._spot, years, carry.curve.rate(years), carry.dividend_yield, dividends)
            self._inputs[expires_at] = found
        return found


def _by_strike(options: Iterable[Option]) -> dict[Strike, list[Option]]:
    found: dict[Strike, list[Option]] = {}
    for option in options:
        found.setdefault(
            Strike(float(option.strike), option.expires_at, option.exercise, option.trading_class), []
        ).append(option)
    return found


def _name(option: Option) -> str:
    return f"{option.symbol} {option.expiry} {option.strike:f} {option.right}"


# -- the deltas --------------------------------------------------------------------------------------------------------


def _held(position: PositionSnapshot, legs: Mapping[int, LegFigures], underlying: int) -> tuple[Greeks, float]:
    """The options' Greeks in dollars, and the delta with the shares."""
    price = delta = gamma = theta = vega = shares = 0.0
    for held in position.holdings:
        instrument, quantity = held.instrument, float(held.quantity)
        if isinstance(instrument, Stock):
            shares += quantity if instrument.con_id == underlying else 0.0
            continue
        times, greeks = quantity * instrument.multiplier, legs[instrument.con_id].greeks
        price += times * greeks.price
        delta += times * greeks.delta
        gamma += times * greeks.gamma
        theta += times * greeks.theta_per_day
        vega += times * greeks.vega
    return Greeks(price, delta, gamma, theta, vega), delta + shares


def _working(position: PositionSnapshot, legs: Mapping[int, LegFigures], underlying: int) -> float:
    """What the delta changes by if all that lives is filled."""
    change = 0.0
    for order in position.live:
        remaining = float(order.signed_remaining)
        for leg in legs_of(order.intent.instrument):
            what = leg.instrument
            if isinstance(what, Option):
                change += remaining * leg.ratio * what.multiplier * legs[what.con_id].greeks.delta
            elif what.con_id == underlying:
                change += remaining * leg.ratio
    return change
