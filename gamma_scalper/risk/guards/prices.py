"""At what price: within a collar around the touch, on the tick, and only then at the market when it is tight."""

from typing import NamedTuple

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_decimal, to_float
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.risk.facts import Facts, known
from gamma_scalper.risk.guard import ALL_BUT_FLATTEN, EVERYTHING, FLATTEN, of_the_order
from gamma_scalper.risk.measures import in_words, legs_of, quote, two_sided
from gamma_scalper.risk.parameters import RiskParameters

_QUOTES = ("market.contracts", "market.contracts.*.quote")
_ROUNDING = 1e-9  # of floats


class _Touch(NamedTuple):
    """Where an order would fill at once, and the width of its collar."""

    price: float
    collar: float


@of_the_order(
    "price collar",
    "no limit so far through the touch that a thin moment fills it there",
    applies=ALL_BUT_FLATTEN,
    needs=_QUOTES,
    reads=("prices.share_collar_pct", "prices.option_collar_pct", "prices.least_ticks"),
)
def price_collar(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    prices = parameters.prices
    return _beyond(facts, plan, prices.share_collar_pct, prices.option_collar_pct, prices.least_ticks)


@of_the_order(
    "price collar: flattening",
    "getting out is worth something, and not everything",
    applies=(FLATTEN,),
    needs=_QUOTES,
    reads=("prices.flatten_share_collar_pct", "prices.flatten_option_collar_pct", "prices.flatten_least_ticks"),
)
def price_collar_of_flattening(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    prices = parameters.prices
    return _beyond(
        facts, plan, prices.flatten_share_collar_pct, prices.flatten_option_collar_pct, prices.flatten_least_ticks
    )


def _beyond(facts: Facts, plan: Plan, shares_pct: float, options_pct: float, ticks: int) -> str | None:
    for proposal in plan.proposals:
        if not isinstance(proposal.pricing, Limit):
            continue
        touch = _touch(facts, proposal, shares_pct, options_pct, ticks)
        beyond = proposal.side.sign * (to_float(proposal.pricing.price) - touch.price)
        if beyond > touch.collar + _ROUNDING:
            return (
                f"the limit {proposal.pricing.price} for {in_words(proposal.instrument)} is {beyond:.2f} through the "
                f"touch of {touch.price:.2f}, and {touch.collar:.2f} is the most"
            )
    return None


def _touch(facts: Facts, proposal: Proposal, shares_pct: float, options_pct: float, ticks: int) -> _Touch:
    """Of a combo the sum of its legs', each by its own multiplier."""
    price = collar = 0.0
    for leg in legs_of(proposal.instrument):
        scale = leg.ratio * leg.instrument.multiplier / proposal.instrument.multiplier
        bought = (proposal.side is Side.BUY) is (leg.ratio > 0)
        found = quote(facts, leg.instrument.con_id)
        side = "offers" if bought else "bids for"
        touch = known(found.ask if bought else found.bid, f"what anybody {side} {in_words(leg.instrument)}")
        pct = options_pct if isinstance(leg.instrument, Option) else shares_pct
        least = ticks * to_float(leg.instrument.tick_rule.step(to_decimal(touch)))
        price += scale * touch
        collar += abs(scale) * max(touch * pct / 100, least)
    return _Touch(price, collar)


@of_the_order(
    "market order",
    "no order without a price across a wide spread",
    applies=EVERYTHING,
    needs=_QUOTES,
    reads=("quotes.wide_pct",),
)
def market_order(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    most = parameters.quotes.wide_pct
    for proposal in plan.proposals:
        if isinstance(proposal.pricing, Limit):
            continue
        for leg in legs_of(proposal.instrument):
            wide = two_sided(facts, leg.instrument.con_id).spread_pct
            if wide > most:
                name = in_words(leg.instrument)
                return f"a market order, and the spread of {name} is {wide:.2f}%; {most:g}% is the most for these"
    return None


@of_the_order(
    "conformance",
    "no order the exchange would refuse for its price step or its fractions",
    applies=EVERYTHING,
)
def conformance(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    for proposal in plan.proposals:
        name, pricing = in_words(proposal.instrument), proposal.pricing
        if isinstance(pricing, Limit) and not proposal.instrument.tick_rule.allows(pricing.price):
            return f"the limit {pricing.price} for {name} is not on its price step"
        if proposal.quantity != int(proposal.quantity):
            return f"{proposal.quantity} {name} is not a whole number"
    return None
