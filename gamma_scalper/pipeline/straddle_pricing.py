"""What the straddles of a chain are worth at one moment, by the rule the engine prices its legs by."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gamma_scalper.domain.instruments import Right
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.pricing.leg_volatility import LegVolatility, leg_greeks, leg_volatility
from gamma_scalper.pricing.model import MarketInputs, NoValidTree, OptionTerms
from gamma_scalper.pricing.parameters import PricingParameters, model_for
from gamma_scalper.strategies.straddle_selection import Candidate, Offered


class StraddlePricing:
    """One model and one price of the shares for many straddles."""

    def __init__(
        self,
        book: str,
        parameters: PricingParameters,
        spot: float,
        at: datetime,  # by our clock, as the quotes' ages are
        now: datetime,  # by the market's, as expiries are
        expiries: Sequence[datetime],
    ) -> None:
        self._schedule, self._curve = parameters.schedule, parameters.curve
        self._model = model_for(book, parameters, self._schedule.in_life(now, max(expiries)))
        self._parameters = parameters
        self._spot, self._at, self._now = spot, at, now

    def priced(self, call: Offered, put: Offered) -> Candidate:
        """Both at the one volatility their quotes tell; without Greeks where they tell none."""
        quotes: dict[Right, Quote] = {leg.option.right: leg.quote for leg in (call, put) if leg.quote is not None}
        strike, exercise = to_float(call.option.strike), call.option.exercise
        inputs = self._inputs(call.option.expires_at)
        age = timedelta(seconds=self._parameters.volatility_max_age_s)
        volatility = leg_volatility(self._model, strike, inputs, quotes, self._at, max_age=age, exercise=exercise)
        if not isinstance(volatility, LegVolatility):
            return Candidate(call=call, put=put)
        try:
            of_call = leg_greeks(self._model, OptionTerms("C", strike, exercise), inputs, volatility)
            of_put = leg_greeks(self._model, OptionTerms("P", strike, exercise), inputs, volatility)
        except NoValidTree:
            return Candidate(call=call, put=put)
        return Candidate(call=call, put=put, greeks=of_call + of_put, vol=volatility.vol)

    def _inputs(self, expires_at: datetime) -> MarketInputs:
        years = years_between(self._now, expires_at)
        return MarketInputs(
            spot=self._spot,
            years=years,
            rate=self._curve.rate(years),
            dividend_yield=self._parameters.dividend_yield_pct / 100,
            dividends=self._schedule.in_life(self._now, expires_at),
        )
