"""What every pricing model takes and gives. A book chooses one; nothing else knows which."""

import math
from typing import Protocol, runtime_checkable

from attrs import frozen

from gamma_scalper.domain.greeks import Greeks
from gamma_scalper.domain.instruments import Exercise, Right


class NoValidTree(ValueError):
    """So little volatility against so much carry that no tree of a bearable size has probabilities in [0, 1]."""


class DividendsNotTaken(ValueError):
    """A cash dividend before expiry was given to a model that can't price one."""


def _number(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number, not {value!r}") from error
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, not {value!r}")
    return number


def _positive(name: str, value: float) -> float:
    number = _number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be positive, not {value!r}")
    return number


@frozen
class OptionTerms:
    """The contract itself, per share."""

    right: Right
    strike: float
    exercise: Exercise = "american"

    def __attrs_post_init__(self) -> None:
        if self.right not in ("C", "P"):
            raise ValueError(f"right must be C or P, not {self.right!r}")
        if self.exercise not in ("american", "european"):
            raise ValueError(f"exercise must be american or european, not {self.exercise!r}")
        object.__setattr__(self, "strike", _positive("strike", self.strike))

    @property
    def sign(self) -> float:
        """1 for a call, -1 for a put."""
        return 1.0 if self.right == "C" else -1.0

    def intrinsic(self, spot: float) -> float:
        return max(self.sign * (spot - self.strike), 0.0)

    def exercised(self, price: float, spot: float) -> bool:
        """Whether the option is worth no more than it brings when it is exercised now, but for rounding."""
        brings = self.intrinsic(spot)
        return self.exercise == "american" and brings > 0 and price <= brings + 1e-11 * self.strike


def _by_time(dividends: "tuple[tuple[float, float], ...]") -> tuple[tuple[float, float], ...]:
    try:
        pairs = [(_number("dividends", years), _number("dividends", amount)) for years, amount in dividends]
    except (TypeError, ValueError) as error:
        raise ValueError(f"dividends must be pairs of years and amount, not {dividends!r}") from error
    if any(amount < 0 for _, amount in pairs):
        raise ValueError(f"dividends must not be negative, not {dividends!r}")
    return tuple(sorted(pairs))


@frozen
class MarketInputs:
    """The market as one contract sees it. Rates and yield are continuous, per year; zero years is expired.

    `dividends` are `(years until ex, cash per share)`. At its time a dividend has left the price already, so one with
    years <= 0 is in the past and one beyond `years` belongs to others; both are ignored.
    """

    spot: float
    years: float
    rate: float
    dividend_yield: float = 0.0
    dividends: tuple[tuple[float, float], ...] = ()

    def __attrs_post_init__(self) -> None:
        # Made on every tick: a plain float in range costs one comparison.
        spot, years, rate, dividend_yield = self.spot, self.years, self.rate, self.dividend_yield
        if not (type(spot) is float and 0 < spot < math.inf):
            object.__setattr__(self, "spot", _positive("spot", spot))
        if not (type(years) is float and 0 <= years < math.inf):
            object.__setattr__(self, "years", _number("years", years))
            if self.years < 0:
                raise ValueError(f"years must not be negative, not {years!r}")
        if not (type(rate) is float and -math.inf < rate < math.inf):
            object.__setattr__(self, "rate", _number("rate", rate))
        if not (type(dividend_yield) is float and -math.inf < dividend_yield < math.inf):
            object.__setattr__(self, "dividend_yield", _number("dividend_yield", dividend_yield))
        if type(self.dividends) is not tuple or self.dividends:
            object.__setattr__(self, "dividends", _by_time(self.dividends))

    @property
    def dividends_in_life(self) -> tuple[tuple[float, float], ...]:
        """Those that matter to this contract, soonest first: in its life, and more than a millionth of the share."""
        least = 1e-6 * self.spot
        return tuple((years, amount) for years, amount in self.dividends if 0 < years <= self.years and amount > least)


@runtime_checkable
class PricingModel(Protocol):
    """Prices one contract, per share. A wrong argument is a ValueError that names it.

    At expiry (zero years) price and Greeks are those of the exercise value: delta 0 or 1 in size, nothing else.
    """

    def price(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> float: ...

    def greeks(self, terms: OptionTerms, inputs: MarketInputs, vol: float) -> Greeks: ...

    def implied_vol(
        self, terms: OptionTerms, inputs: MarketInputs, price: float, guess: float | None = None
    ) -> float | None:
        """The volatility at which this very model gives `price`; None where no volatility does, or too many do.

        A price at the exercise value says nothing of volatility. An expired contract has none: ValueError.
        """


def checked_vol(vol: float) -> float:
    return _positive("vol", vol)


def checked_guess(guess: float | None) -> float:
    """NaN for none."""
    return math.nan if guess is None else _positive("guess", guess)


def checked_steps(steps: int, least: int = 3, most: int = 5_000) -> int:
    if type(steps) is not int or not least <= steps <= most:
        raise ValueError(f"steps must be a whole number from {least} to {most:,}, not {steps!r}")
    return steps


def checked_price(price: float, inputs: MarketInputs) -> float:
    """A price to be explained by a volatility; there must be time left for one."""
    number = _number("price", price)
    if number < 0:
        raise ValueError(f"price must not be negative, not {price!r}")
    if inputs.years == 0:
        raise ValueError("years must be positive: an expired option has no volatility")
    return number


def refuse_dividends(model: str, inputs: MarketInputs) -> None:
    """For models that know a continuous yield only."""
    if inputs.dividends and (due := inputs.dividends_in_life):
        years, amount = due[0]
        raise DividendsNotTaken(
            f"dividends: {model} can't take a cash dividend ({amount:g} in {years * 365:.1f} days); use Lattice"
        )


def at_exercise(terms: OptionTerms, spot: float) -> Greeks:
    """Of an option that is worth its exercise value and nothing more: expired, or exercised now."""
    intrinsic = terms.intrinsic(spot)
    return Greeks(intrinsic, terms.sign if intrinsic > 0 else 0.0, 0.0, 0.0, 0.0)
