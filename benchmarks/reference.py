"""What pricing is measured against: the usual way with QuantLib, and the truth."""

import math

import QuantLib as ql

Market = tuple[float, float, float, float]  # spot, years, rate, dividend yield
BASELINE_STEPS = 100


def baseline(right: str, strike: float, market: Market, price: float) -> tuple[float, float, float, float]:
    """Volatility, delta, gamma, theta: all objects built afresh, QuantLib's own implied volatility, then its tree."""
    spot, years, rate, dividend_yield = market
    today = ql.Date(1, ql.July, 2026)
    ql.Settings.instance().evaluationDate = today
    day_count, vol = ql.Actual365Fixed(), ql.SimpleQuote(0.2)
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, dividend_yield, day_count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate, day_count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(vol), day_count)),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if right == "C" else ql.Option.Put, strike)
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + round(years * 365)))
    found = option.impliedVolatility(price, process)
    vol.setValue(found)
    option.setPricingEngine(ql.BinomialVanillaEngine(process, "crr", BASELINE_STEPS))
    return found, option.delta(), option.gamma(), option.theta() / 365


def true_price(right: str, strike: float, market: Market, vol: float) -> float:
    """QuantLib's integral-equation engine, good to about 1e-10."""
    spot, years, rate, dividend_yield = market
    today, day_count = ql.Date(1, 1, 2150), ql.Actual365Fixed()
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot / strike)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, dividend_yield * years, day_count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate * years, day_count)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(today, ql.NullCalendar(), vol * math.sqrt(years), day_count)
        ),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if right == "C" else ql.Option.Put, 1.0)
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + 365))
    option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    return float(option.NPV()) * strike


def true_delta_gamma(right: str, strike: float, market: Market, vol: float) -> tuple[float, float]:
    """By differences of the truth, of fourth order."""
    step = 0.02 * market[0] * vol * math.sqrt(market[1])
    at = [true_price(right, strike, (market[0] + i * step, *market[1:]), vol) for i in range(-2, 3)]
    delta = (8 * (at[3] - at[1]) - (at[4] - at[0])) / (12 * step)
    return delta, (16 * (at[3] + at[1]) - (at[4] + at[0]) - 30 * at[2]) / (12 * step**2)
