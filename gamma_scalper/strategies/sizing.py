"""How many straddles are bought."""

import math

from attrs import frozen

from gamma_scalper.domain.settings import setting


@frozen
class SizingParameters:
    """What a position is measured by, and how much of that it may be."""

    by: str = setting("straddles", "what a position is measured by", one_of=("straddles", "premium", "vega", "theta"))
    straddles: int = setting(1, "how many are bought", unit="straddles", at_least=1, at_most=10_000)
    premium: float = setting(0.0, "the most paid for options, with by = premium", unit="$", at_least=0)
    vega: float = setting(0.0, "the most vega, with by = vega", unit="$ per vol point", at_least=0)
    theta: float = setting(0.0, "the most decay, with by = theta", unit="$ a day", at_least=0)

    def __attrs_post_init__(self) -> None:
        if self.by != "straddles" and not getattr(self, self.by):
            raise ValueError(f"{self.by} = 0 is not allowed; allowed: more than 0, since sizing.by = {self.by!r}")


@frozen(kw_only=True)
class OneStraddle:
    """What one of them comes to, in dollars."""

    premium: float  # at the middle
    cost: float  # at the worst price the entry may pay, with fees
    vega: float  # per point of volatility
    theta: float  # a day, positive


def size(one: OneStraddle, parameters: SizingParameters, budget: float) -> int | str:
    """How many, at least one; or why not even that. Never more than the budget pays for at the worst price."""
    measures = {
        "straddles": (1.0, float(parameters.straddles), "straddles"),
        "premium": (one.premium, parameters.premium, "$ of premium"),
        "vega": (one.vega, parameters.vega, "$ of vega per point"),
        "theta": (one.theta, parameters.theta, "$ of decay a day"),
    }
    each, most, unit = measures[parameters.by]
    if not (each > 0 and one.cost > 0):
        return f"a straddle of {each:.2f} {unit} and a cost of {one.cost:.2f} $ can't be sized"
    wanted = math.floor(most / each)
    if wanted < 1:
        return f"one straddle is {each:,.2f} {unit}, and sizing.{parameters.by} allows {most:,.2f}"
    affordable = math.floor(budget / one.cost)
    if affordable < 1:
        return f"one straddle costs up to {one.cost:,.2f} $, and the budget is {budget:,.0f}"
    return min(wanted, affordable)
