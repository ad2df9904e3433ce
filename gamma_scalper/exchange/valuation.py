"""What an option's price says: its volatility and Greeks, with the market's own rate, yield and dividends."""

from datetime import datetime
from typing import NamedTuple

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.exchange.market import Market
from gamma_scalper.pricing.model import MarketInputs, NoValidTree, OptionTerms, PricingModel

_USUAL_RATE = 0.04  # per year, where the market doesn't say what money costs


class Valued(NamedTuple):
    """One price of an option and all it implies; the dividends are those paid before expiry, as worth today."""

    price: float
    spot: float
    implied_vol: float
    greeks: Greeks
    pv_dividend: float


class Valuation:
    """Works on the lattice, which is loaded with the first question."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._model: PricingModel | None = None
        self._rate = getattr(market, "rate", None)
        self._yield = getattr(market, "dividend_yield", None)
        self._newest: tuple[tuple[int, datetime, float, datetime], MarketInputs] | None = None

    def of(self, option: Option, price: float, spot: float, now: datetime, guess: float | None = None) -> Valued | None:
        """None where no volatility explains the price."""
        if price <= 0 or spot <= 0 or now >= option.expires_at:
            return None
        model, inputs, terms = self._lattice(), self.inputs(option, spot, now), _terms(option)
        vol = model.implied_vol(terms, inputs, price, guess)
        return None if vol is None else self._at(model, terms, inputs, vol, price)

    def at(self, option: Option, vol: float, spot: float, now: datetime) -> Valued | None:
        """At a volatility that is given; None where there is no such price."""
        if vol <= 0 or spot <= 0 or now >= option.expires_at:
            return None
        return self._at(self._lattice(), _terms(option), self.inputs(option, spot, now), vol, None)

    def _at(
        self, model: PricingModel, terms: OptionTerms, inputs: MarketInputs, vol: float, price: float | None
    ) -> Valued | None:
        try:
            greeks = model.greeks(terms, inputs, vol)
        except NoValidTree:
            return None
        paid = sum(amount for _, amount in inputs.dividends)
        return Valued(greeks.price if price is None else price, inputs.spot, vol, greeks, paid)

    def inputs(self, option: Option, spot: float, now: datetime) -> MarketInputs:
        """The market as this option sees it; the options of one expiry see the same."""
        key = option.underlying_con_id, option.expires_at, spot, now
        if self._newest is None or self._newest[0] != key:
            self._newest = key, self._inputs(option, spot, now)
        return self._newest[1]

    def _inputs(self, option: Option, spot: float, now: datetime) -> MarketInputs:
        of = option.underlying_con_id
        return MarketInputs(
            spot,
            years_between(now, option.expires_at),
            _USUAL_RATE if self._rate is None else self._rate(of),
            0.0 if self._yield is None else self._yield(of),
            dividends=self._market.dividends(of).in_life(now, option.expires_at),
        )

    def _lattice(self) -> PricingModel:
        if self._model is None:
            from gamma_scalper.pricing.lattice import Lattice  # loads compiled code

            self._model = Lattice()
        return self._model


def _terms(option: Option) -> OptionTerms:
    return OptionTerms(option.right, float(option.strike), option.exercise)
