"""What each part of a profit is, in words."""

ABOUT = {
    "delta": "what was not hedged, as the underlying moved",
    "gamma": "moves of the underlying, whichever way",
    "theta": "time that passed",
    "vega": "implied volatility that moved",
    "vanna": "volatility and underlying moving together",
    "volga": "large moves of volatility",
    "zomma": "gamma that volatility changed",
    "carry": "dividends, interest, other payments",
    "costs": "commissions, and fills worse than the middle",
    "unexplained": "the rest",
}
