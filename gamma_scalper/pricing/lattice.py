"""Our own compiled lattice: American and European options, with cash dividends, in microseconds."""

import math
import threading

import numpy as np
from attrs import evolve

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Exercise
from gamma_scalper.pricing import lattice_kernel as kernel
from gamma_scalper.pricing.analytic import Floats, case_of
from gamma_scalper.pricing.model import (
    MarketInputs,
    NoValidTree,
    OptionTerms,
    at_exercise,
    checked_guess,
    checked_price,
    checked_steps,
    checked_vol,
)

_OVERSHOOT = 0.05  # of a delta


class Lattice:
    """A Cox-Ross-Rubinstein tree with its last step and its European part exact, and its error extrapolated away.

    Cash dividends leave the spot at their ex-date (the spot model); exercise is considered right before and after.
    """

    def __init__(self, steps: int = 51) -> None:
        self.steps = checked_steps(steps, least=6, most=kernel.MOST_STEPS)

    def __repr__(self) -> str:
        return f"Lattice(steps={self.steps})"

    def price(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> float:
        vol = checked_vol(vol)
        if inputs.years == 0:
            return terms.intrinsic(inputs.spot)
        return _known(kernel.price(case_of(terms, inputs), vol, self.steps), inputs, vol)

    def greeks(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> Greeks:
        """Delta, gamma and theta from the nodes, vega by repricing."""
        vol = checked_vol(vol)
        if inputs.years == 0:
            return at_exercise(terms, inputs.spot)
        price, delta, gamma, theta, vega = kernel.greeks(case_of(terms, inputs), vol, self.steps)
        delta = _of_an_option(delta, terms)
        return Greeks(_known(price, inputs, vol), delta, gamma, theta / 365, vega)

    def implied_vol(
        self, terms: OptionTerms, inputs: MarketInputs, price: float, guess: float | None = None
    ) -> float | None:
        wanted = checked_price(price, inputs)
        start = checked_guess(guess)
        vol = kernel.implied_vol(case_of(terms, inputs), self.steps, wanted, start)
        return None if math.isnan(vol) else vol

    def chain(
        self, signs: Floats, strikes: Floats, prices: Floats, years: Floats, inputs: MarketInputs, exercise: Exercise,
        cores: int,
    ) -> Floats:  # fmt: skip
        """See `chain_greeks`. Plain threads: the compiled code needs no lock, so there is no pool two could enter."""
        found = np.full((6, strikes.size), np.nan)
        if strikes.size == 0:
            return found
        market = case_of(OptionTerms("C", inputs.spot, exercise), evolve(inputs, years=float(years.max())))
        columns = (signs, strikes, years, prices, market, self.steps)
        others = [
            threading.Thread(target=kernel.chain_rows, args=(*columns, first, cores, found))
            for first in range(1, cores)
        ]
        for thread in others:
            thread.start()
        kernel.chain_rows(*columns, 0, cores, found)
        for thread in others:
            thread.join()
        found[4] /= 365
        return found

    def prices(
        self, signs: Floats, strikes: Floats, years: Floats, vols: Floats, inputs: MarketInputs, exercise: Exercise,
        of_forward: bool,
    ) -> Floats:  # fmt: skip
        """See `chain_prices`."""
        found = np.full(strikes.size, np.nan)
        if strikes.size:
            market = case_of(OptionTerms("C", inputs.spot, exercise), evolve(inputs, years=float(years.max())))
            kernel.price_rows(signs, strikes, years, vols, market, self.steps, of_forward, found)
        return found


def _of_an_option(delta: float, terms: OptionTerms) -> float:
    """Near its exercise the extrapolation overshoots by a hundredth or so; what is further out is a mistake."""
    low, high = (0.0, 1.0) if terms.right == "C" else (-1.0, 0.0)
    within = min(max(delta, low), high)
    return within if abs(delta - within) < _OVERSHOOT else delta


def _known(price: float, inputs: MarketInputs, vol: float) -> float:
    if math.isnan(price):
        raise NoValidTree(
            f"vol {vol:g} at rate {inputs.rate:g} and dividend_yield {inputs.dividend_yield:g} over {inputs.years:g} "
            f"years: Lattice has no valid probabilities with up to {kernel.MOST_STEPS:,} steps"
        )
    return price
