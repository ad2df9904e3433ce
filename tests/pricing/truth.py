"""Converged prices from engines that share nothing with ours: what the models are measured against."""

import math

import QuantLib as ql
from attrs import evolve

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.pricing import MarketInputs, OptionTerms

DAY = 1 / 365
SPY = MarketInputs(600.0, 30 * DAY, 0.043, 0.012)


def true_price(terms: OptionTerms, inputs: MarketInputs, vol: float) -> float:
    """Without cash dividends: QuantLib's integral-equation engine, good to about 1e-10; the closed form if European."""
    today = ql.Date(1, 1, 2150)
    spot = ql.QuoteHandle(ql.SimpleQuote(inputs.spot / terms.strike * 100))
    process = _process(
        today, spot, inputs.rate * inputs.years, inputs.dividend_yield * inputs.years, vol * math.sqrt(inputs.years)
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if terms.right == "C" else ql.Option.Put, 100.0)
    if terms.exercise == "european":
        option = ql.VanillaOption(payoff, ql.EuropeanExercise(today + 365))
        option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    else:
        option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + 365))
        option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    return float(option.NPV()) * terms.strike / 100


def true_price_with_dividends(terms: OptionTerms, inputs: MarketInputs, vol: float, grid: int = 800) -> float:
    """In the spot model, by finite differences; expiry and ex-dates are whole days."""
    ql.Settings.instance().evaluationDate = today = ql.Date(2, 1, 2150)
    process = _process(today, ql.QuoteHandle(ql.SimpleQuote(inputs.spot)), inputs.rate, inputs.dividend_yield, vol)
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if terms.right == "C" else ql.Option.Put, terms.strike)
    expiry = today + round(inputs.years / DAY)
    exercise = ql.EuropeanExercise(expiry) if terms.exercise == "european" else ql.AmericanExercise(today, expiry)
    dividends = ql.DividendVector(
        [today + round(years / DAY) for years, _ in inputs.dividends_in_life],
        [amount for _, amount in inputs.dividends_in_life],
    )
    option = ql.VanillaOption(payoff, exercise)
    option.setPricingEngine(
        ql.FdBlackScholesVanillaEngine(
            process, dividends, grid, 2 * grid, 0, ql.FdmSchemeDesc.Douglas(), False, -1.0,
            ql.FdBlackScholesVanillaEngine.Spot,
        )
    )  # fmt: skip
    price = float(option.NPV())
    ql.Settings.instance().evaluationDate = ql.Date()
    return price


def true_greeks(terms: OptionTerms, inputs: MarketInputs, vol: float) -> Greeks:
    """By differences of the converged price, of fourth order in spot."""

    def at(spot: float) -> float:
        return true_price(terms, evolve(inputs, spot=spot), vol)

    step = 0.02 * inputs.spot * vol * math.sqrt(inputs.years)
    price, up, down = at(inputs.spot), at(inputs.spot + step), at(inputs.spot - step)
    up2, down2 = at(inputs.spot + 2 * step), at(inputs.spot - 2 * step)
    later, earlier = 0.999 * inputs.years, 1.001 * inputs.years
    aged = true_price(terms, evolve(inputs, years=later), vol) - true_price(terms, evolve(inputs, years=earlier), vol)
    bump = 1e-3 * vol
    return Greeks(
        price,
        (8 * (up - down) - (up2 - down2)) / (12 * step),
        (16 * (up + down) - (up2 + down2) - 30 * price) / (12 * step**2),
        aged / (earlier - later) / 365,
        (true_price(terms, inputs, vol + bump) - true_price(terms, inputs, vol - bump)) / (2 * bump),
    )


def _process(today: ql.Date, spot: ql.QuoteHandle, rate: float, dividend_yield: float, vol: float) -> object:
    day_count = ql.Actual365Fixed()
    return ql.BlackScholesMertonProcess(
        spot,
        ql.YieldTermStructureHandle(ql.FlatForward(today, dividend_yield, day_count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate, day_count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, day_count)),
    )
