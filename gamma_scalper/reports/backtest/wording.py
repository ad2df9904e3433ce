"""How figures are written, for a page as for a terminal; what is not known is a dash."""

import math
from datetime import datetime
from decimal import Decimal

from gamma_scalper.domain.money import to_cents
from gamma_scalper.reports.backtest.book_runs import NEW_YORK

UNKNOWN = "-"
_ZERO = Decimal(0)


def signed(amount: Decimal) -> str:
    """Earned or lost."""
    return f"{'-' if amount < 0 else '+'}{dollars(abs(amount))}"


def dollars(amount: Decimal) -> str:
    cents = to_cents(amount) + _ZERO
    return f"{'-' if cents < 0 else ''}${abs(cents):,.2f}"


def about(amount: float) -> str:
    """Dollars that were reckoned in floats."""
    return UNKNOWN if math.isnan(amount) else f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def number(amount: float, digits: int = 1) -> str:
    return UNKNOWN if math.isnan(amount) else f"{amount:,.{digits}f}"


def shares(amount: float) -> str:
    """With its sign: a delta."""
    return UNKNOWN if math.isnan(amount) else f"{amount:+,.1f}"


def percent(amount: float, digits: int = 1) -> str:
    return UNKNOWN if math.isnan(amount) else f"{amount:,.{digits}f}%"


def plain(amount: Decimal) -> str:
    """Without zeros at its end."""
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(at: datetime) -> str:
    """New York's."""
    return f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}"


def counted(number: int, one: str, more: str) -> str:
    """1 hedge, 2 hedges."""
    return f"{number:,} {one if number == 1 else more}"
