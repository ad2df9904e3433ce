"""What a book says of pricing, and the model it gets for it."""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.settings import setting
from gamma_scalper.pricing.dividends import DividendSchedule, parse_dividends
from gamma_scalper.pricing.model import PricingModel
from gamma_scalper.pricing.rates import ZeroCurve, parse_rates


def _readable(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


@frozen
class PricingParameters:
    """How a book prices its options, and what it takes for granted."""

    model: str = setting(
        "quantlib_crr",
        "who prices: QuantLib's tree, our lattice (faster, and takes cash dividends), the closed form (European only)",
        one_of=("quantlib_crr", "lattice", "black_scholes"),
    )
    steps: int = setting(
        0, "steps of the tree; 0 is the model's usual number, 101 or 51", unit="steps", at_least=0, at_most=2_000
    )
    rates_pct: str = setting(
        "4.0",
        "what money costs a year: one rate, or treasury par yields",
        unit="%",
        form="a percentage such as 4.1, or par yields such as 3m 4.3, 1y 4.05",
        check=_readable(parse_rates),
    )
    dividend_yield_pct: float = setting(
        0.0, "dividends a year as a continuous yield, where none are given in cash", unit="%", at_least=-20, at_most=50
    )
    dividends: str = setting(
        "",
        "cash per share by ex-date; only the lattice takes them",
        form="ex-dates and amounts such as 2026-12-18 1.80, 2027-03-19 1.85",
        check=_readable(parse_dividends),
    )
    volatility_max_age_s: float = setting(
        900.0,
        "how long the last good volatility of a strike stands in when no quote tells one",
        unit="s",
        at_least=0,
        at_most=86_400,
    )

    def __attrs_post_init__(self) -> None:
        if 0 < self.steps < 6:
            raise ValueError(f"steps = {self.steps} is not allowed; allowed: 0, or 6 to 2000 steps")
        if self.schedule.dividends and self.model != "lattice":
            raise ValueError(
                f"model = {self.model!r} can't take the cash dividends in pricing.dividends; set model = 'lattice'"
            )
        if self.schedule.dividends and self.dividend_yield_pct:
            raise ValueError("dividend_yield_pct and pricing.dividends would count dividends twice; keep one")

    @property
    def curve(self) -> ZeroCurve:
        return parse_rates(self.rates_pct)

    @property
    def schedule(self) -> DividendSchedule:
        return parse_dividends(self.dividends)


def model_for(
    book: str, parameters: PricingParameters, dividends_in_life: Sequence[tuple[float, float]]
) -> PricingModel:
    """The book's model, unless a cash dividend falls before its options expire that the model would not see."""
    if parameters.model == "lattice":
        from gamma_scalper.pricing.lattice import Lattice

        return Lattice(parameters.steps) if parameters.steps else Lattice()
    if dividends_in_life:
        years, amount = dividends_in_life[0]
        raise UserError(
            f"book {book}: pricing.model = {parameters.model!r} can't take a cash dividend, and {amount:g} per share "
            f"is due in {years * 365:.0f} days, before the options expire; set pricing.model = 'lattice'"
        )
    if parameters.model == "black_scholes":
        from gamma_scalper.pricing.analytic import BlackScholes

        return BlackScholes()
    from gamma_scalper.pricing.quantlib_crr import QuantLibCRR

    return QuantLibCRR(parameters.steps) if parameters.steps else QuantLibCRR()
