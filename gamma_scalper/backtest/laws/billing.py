"""The broker's bills as a table, so that many paths can be charged at once; every figure is the live schedule's."""

from datetime import date

import numpy as np

from gamma_scalper.domain.fees import FeeParameters, order_fees
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.money import to_decimal, to_float
from gamma_scalper.domain.orders import Side
from gamma_scalper.pricing.analytic import Floats

_LARGE = 10_000  # shares of an order that has earned any minimum
_TELLING = 1e-6  # dollars


def bills(fees: FeeParameters, stock: Stock, day: date, largest: int, price: float, *, minimum: bool = True) -> Floats:
    """`[shares, side, (base, slope)]`: a bill is base + slope x price, buying (0) or selling (1).

    It is so between half and twice the price that is given. Without the minimum a small order costs a
    share what a large one does.
    """
    table = np.zeros((largest + 1, 2, 2))
    for side, each in enumerate((Side.BUY, Side.SELL)):
        if not minimum:
            by_share = _line(fees, stock, each, day, _LARGE, price) / _LARGE
            table[:, side] = np.arange(largest + 1)[:, None] * by_share
            continue
        for shares in range(1, largest + 1):
            table[shares, side] = _line(fees, stock, each, day, shares, price)
    return table


def _line(fees: FeeParameters, stock: Stock, side: Side, day: date, shares: int, price: float) -> Floats:
    low, middle, high = (to_decimal(each) for each in (price / 2, price, 2 * price))
    at_low, at_middle, at_high = (
        to_float(order_fees(fees, stock, side, day, shares, at).total) for at in (low, middle, high)
    )
    slope = (at_high - at_low) / to_float(high - low)
    base = at_low - slope * to_float(low)
    if abs(base + slope * price - at_middle) > _TELLING:
        raise ValueError(f"a bill for {shares} {stock.symbol} is no line in the price near {price:g}: a cap binds")
    return np.array([base, slope])
