"""QuantLib's Cox-Ross-Rubinstein tree for American and European options: the system's default model."""

import math
import threading

import QuantLib as ql

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.pricing.analytic import Case, case_of
from gamma_scalper.pricing.implied import begin, narrow
from gamma_scalper.pricing.model import (
    MarketInputs,
    NoValidTree,
    OptionTerms,
    at_exercise,
    checked_guess,
    checked_price,
    checked_steps,
    checked_vol,
    refuse_dividends,
)

# A price depends on rate x time, yield x time and volatility x root of time alone, and scales with the strike. So one
# option of strike 1 and a life of one year serves every contract; its dates are far off, lest QuantLib think it dead.
_FROM = ql.Date(1, ql.January, 2150)
_UNTIL = _FROM + 365


class _Tree:
    """One option whose market is moved about."""

    def __init__(self, sign: float, american: bool, steps: int) -> None:
        self._spot, self._rate, self._yield, self._vol = (ql.SimpleQuote(value) for value in (1.0, 0.0, 0.0, 0.2))
        day_count = ql.Actual365Fixed()
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(self._spot),
            ql.YieldTermStructureHandle(ql.FlatForward(_FROM, ql.QuoteHandle(self._yield), day_count)),
            ql.YieldTermStructureHandle(ql.FlatForward(_FROM, ql.QuoteHandle(self._rate), day_count)),
            ql.BlackVolTermStructureHandle(
                ql.BlackConstantVol(_FROM, ql.NullCalendar(), ql.QuoteHandle(self._vol), day_count)
            ),
        )
        exercise = ql.AmericanExercise(_FROM, _UNTIL) if american else ql.EuropeanExercise(_UNTIL)
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if sign > 0 else ql.Option.Put, 1.0)
        self.option = ql.VanillaOption(payoff, exercise)
        self.option.setPricingEngine(ql.BinomialVanillaEngine(process, "crr", steps))
        self._case: Case | None = None

    def move(self, case: Case, vol: float) -> None:
        if case is not self._case:  # else only the volatility is tried
            self._case = case
            self._spot.setValue(case.spot / case.strike)
            self._rate.setValue(case.rate * case.years)
            self._yield.setValue(case.dividend_yield * case.years)
        self._vol.setValue(vol * math.sqrt(case.years))


class QuantLibCRR:
    """QuantLib's tree, without dates, without building anything per call, and with an implied volatility of its own.

    Where so few steps have no valid probabilities they are doubled until they have, up to a limit. No cash dividends.
    """

    MOST_STEPS = 2_000

    def __init__(self, steps: int = 101) -> None:
        self.steps = checked_steps(steps, most=self.MOST_STEPS)
        self._trees: dict[tuple[float, bool, int], _Tree] = {}
        self._one_at_a_time = threading.RLock()  # between moving a tree's market and reading its price

    def __repr__(self) -> str:
        return f"QuantLibCRR(steps={self.steps})"

    def price(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> float:
        vol = checked_vol(vol)
        refuse_dividends("QuantLibCRR", inputs)
        if inputs.years == 0:
            return terms.intrinsic(inputs.spot)
        with self._one_at_a_time:
            price = self._price(case_of(terms, inputs), vol)
        return terms.intrinsic(inputs.spot) if terms.exercised(price, inputs.spot) else price

    def greeks(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> Greeks:
        """Delta and gamma from the tree's nodes, theta from both by the pricing equation, vega by repricing."""
        vol = checked_vol(vol)
        refuse_dividends("QuantLibCRR", inputs)
        if inputs.years == 0:
            return at_exercise(terms, inputs.spot)
        case = case_of(terms, inputs)
        with self._one_at_a_time:
            bump = 0.02 * vol
            steps = max(self._steps_for(case, at) for at in (vol - bump, vol + bump))
            option = self._tree(case, vol, steps).option
            price = option.NPV() * terms.strike
            if terms.exercised(price, inputs.spot):
                return at_exercise(terms, inputs.spot)
            delta, gamma, theta = option.delta(), option.gamma() / terms.strike, option.theta() * terms.strike
            vega = (self._price(case, vol + bump, steps) - self._price(case, vol - bump, steps)) / (2 * bump)
        return Greeks(price, delta, gamma, theta / inputs.years / 365, vega)

    def implied_vol(
        self, terms: OptionTerms, inputs: MarketInputs, price: float, guess: float | None = None
    ) -> float | None:
        refuse_dividends("QuantLibCRR", inputs)
        wanted = checked_price(price, inputs)
        case = case_of(terms, inputs)
        search = begin(case, wanted, checked_guess(guess), False)
        with self._one_at_a_time:
            while not search.done:
                try:
                    error = self._price(case, search.vol) - wanted
                except NoValidTree:
                    error = math.nan
                search = narrow(search, case, error)
        return None if math.isnan(search.vol) else search.vol

    def _price(self, case: Case, vol: float, steps: int = 0) -> float:
        return float(self._tree(case, vol, steps or self._steps_for(case, vol)).option.NPV()) * case.strike

    def _tree(self, case: Case, vol: float, steps: int) -> _Tree:
        if not 1e-9 < case.spot / case.strike < 1e9:
            raise NoValidTree(f"spot {case.spot:g} and strike {case.strike:g} are too far apart for QuantLibCRR")
        key = (case.sign, case.american, steps)
        tree = self._trees.get(key)
        if tree is None:
            tree = self._trees[key] = _Tree(*key)
        tree.move(case, vol)
        return tree

    def _steps_for(self, case: Case, vol: float) -> int:
        """QuantLib's probability is a half, plus half the drift per step over the size of a step."""
        drift = abs(case.rate - case.dividend_yield - 0.5 * vol * vol) * math.sqrt(case.years) / vol
        steps = self.steps
        while drift * drift > 0.999 * steps:
            steps *= 2
            if steps > self.MOST_STEPS:
                raise NoValidTree(
                    f"vol {vol:g} at rate {case.rate:g} and dividend_yield {case.dividend_yield:g} over {case.years:g} "
                    f"years: QuantLibCRR has no valid probabilities with up to {self.MOST_STEPS:,} steps"
                )
        return steps
