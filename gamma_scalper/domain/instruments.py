"""What can be traded. Trading goes by conId and by the contract's own multiplier, never by symbol alone."""

import math
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

from attrs import field, frozen, validators

from gamma_scalper.domain.checks import counted, currency_code, exact, not_empty, positive, utc, whole
from gamma_scalper.domain.sessions import Sessions

Right = Literal["C", "P"]
Exercise = Literal["american", "european"]
Settlement = Literal["physical", "cash_pm", "cash_am"]
Towards = Literal["down", "up", "nearest"]

_ROUNDING = {"down": ROUND_FLOOR, "up": ROUND_CEILING, "nearest": ROUND_HALF_EVEN}


def _exact_pairs(pairs: Iterable[tuple[str | Decimal, str | Decimal]]) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((exact(first), exact(second)) for first, second in pairs)


@frozen
class TickRule:
    """Price steps by price: `((from_price, step), ...)`, as the broker's market rules give them."""

    bands: tuple[tuple[Decimal, Decimal], ...] = field(converter=_exact_pairs)

    def __attrs_post_init__(self) -> None:
        starts = [start for start, _ in self.bands]
        if not starts or starts[0] != 0 or sorted(set(starts)) != starts or any(step <= 0 for _, step in self.bands):
            raise ValueError(f"a tick rule needs rising bands from 0 with positive steps, not {self.bands}")

    def step(self, price: Decimal) -> Decimal:
        """The step at a price; a combo's price may be negative and counts by its size."""
        return next(step for start, step in reversed(self.bands) if abs(price) >= start)

    def round(self, price: Decimal, towards: Towards) -> Decimal:
        step = self.step(price)
        return (price / step).to_integral_value(_ROUNDING[towards]) * step

    def allows(self, price: Decimal) -> bool:
        return price % self.step(price) == 0


US_STOCK_TICKS = TickRule((("0", "0.0001"), ("1", "0.01")))
PENNY_TICKS = TickRule((("0", "0.01"),))
PENNY_NICKEL_TICKS = TickRule((("0", "0.01"), ("3", "0.05")))
NICKEL_DIME_TICKS = TickRule((("0", "0.05"), ("3", "0.10")))


@frozen(kw_only=True)
class Stock:
    """Shares of a company or fund."""

    con_id: int = field(validator=counted)
    symbol: str = field(validator=not_empty)
    currency: str = field(default="USD", validator=currency_code)
    exchange: str = "SMART"
    trading_class: str = ""
    tick_rule: TickRule = US_STOCK_TICKS
    liquid_hours: Sessions | None = field(default=None, eq=False, repr=False)

    @property
    def multiplier(self) -> int:
        return 1


@frozen(kw_only=True)
class Index:
    """A number that is quoted and can't be held; options on it settle in cash."""

    con_id: int = field(validator=counted)
    symbol: str = field(validator=not_empty)
    currency: str = field(default="USD", validator=currency_code)
    exchange: str = "CBOE"
    liquid_hours: Sessions | None = field(default=None, eq=False, repr=False)


@frozen(kw_only=True)
class Option:
    """One option contract. `expires_at` is the moment its own trading ends for good."""

    con_id: int = field(validator=counted)
    underlying_con_id: int = field(validator=counted)
    symbol: str = field(validator=not_empty)
    right: Right = field(validator=validators.in_(("C", "P")))
    strike: Decimal = field(converter=exact, validator=positive)
    expiry: date
    expires_at: datetime = field(converter=utc)
    multiplier: int = field(default=100, validator=counted)
    exercise: Exercise = field(default="american", validator=validators.in_(("american", "european")))
    settlement: Settlement = field(default="physical", validator=validators.in_(("physical", "cash_pm", "cash_am")))
    currency: str = field(default="USD", validator=currency_code)
    exchange: str = "SMART"
    trading_class: str = field(validator=not_empty)
    tick_rule: TickRule = PENNY_TICKS
    liquid_hours: Sessions | None = field(default=None, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # An AM-settled index option stops trading the day before; a zone may shift the UTC date by one.
        if abs(self.expires_at.date() - self.expiry) > timedelta(days=4):
            raise ValueError(f"expires_at {self.expires_at} is not near the expiry {self.expiry}")


@frozen
class Leg:
    """One part of a combo: `ratio` contracts for each combo bought, negative where they are sold."""

    instrument: Stock | Option = field(validator=validators.instance_of(Stock | Option))
    ratio: int = field(validator=whole)

    def __attrs_post_init__(self) -> None:
        if self.ratio == 0:
            raise ValueError("a leg's ratio is not zero")


def _as_tuple(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    return tuple(legs)


@frozen
class Combo:
    """Up to four legs traded as one order (a BAG); it has no conId of its own."""

    legs: tuple[Leg, ...] = field(converter=_as_tuple)
    tick_rule: TickRule = PENNY_TICKS

    def __attrs_post_init__(self) -> None:
        if not 2 <= len(self.legs) <= 4:
            raise ValueError(f"a combo has two to four legs, not {len(self.legs)}")
        if len({leg.instrument.con_id for leg in self.legs}) < len(self.legs):
            raise ValueError("a combo names each contract once")
        if len({leg.instrument.currency for leg in self.legs}) > 1:
            raise ValueError("the legs of a combo are in one currency")
        if len({leg.instrument.multiplier for leg in self.legs if isinstance(leg.instrument, Option)}) > 1:
            raise ValueError("the options of a combo have one multiplier")
        if math.gcd(*(leg.ratio for leg in self.legs)) > 1:
            raise ValueError("the ratios of a combo have no common divisor")

    @property
    def currency(self) -> str:
        return self.legs[0].instrument.currency

    @property
    def multiplier(self) -> int:
        return max(leg.instrument.multiplier for leg in self.legs)


Tradable = Stock | Option | Combo


def legs_of(instrument: Tradable) -> tuple[Leg, ...]:
    """A single contract is a structure of one leg."""
    return instrument.legs if isinstance(instrument, Combo) else (Leg(instrument, 1),)


def tradable_quantity(instrument: Tradable, quantity: Decimal) -> Decimal:
    """The quantity, unless there is no such quantity of this instrument: half an option, say."""
    if not isinstance(instrument, Stock) and quantity != int(quantity):
        raise ValueError(f"{quantity} is no quantity of options")
    return quantity


Instrument = Stock | Index | Option | Combo
