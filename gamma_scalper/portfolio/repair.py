"""Putting a half-filled structure right: completed while that costs little, unwound otherwise.

A structure is so many of each leg in fixed proportion, such as one call and one put. Its level is how often the
proportion is held: the most filled leg says how far it would be completed, the least filled how far it is whole.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from attrs import frozen

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Limit, Purpose, Side
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.settings import section, setting
from gamma_scalper.portfolio.collar import CollarParameters, Offer, named, offer
from gamma_scalper.portfolio.steps import Done, Orders, Step, Stuck, Wait

Leg = tuple[Stock | Option, Decimal]  # signed: bought or sold
Legs = Sequence[Leg]
_NONE = Decimal(0)


@frozen
class RepairParameters:
    """How a half-filled structure is put right."""

    max_cost_to_complete_pct: float = setting(
        2.0,
        "most that completing may cost above the decided price, of the whole structure's",
        unit="%",
        at_least=0,
        at_most=100,
        limit=True,
    )
    attempts: int = setting(
        6, "orders or looks in vain before a person is asked", unit="attempts", at_least=1, at_most=100, limit=True
    )
    patience_s: float = setting(
        2.0, "for one order before it is priced anew; 0: it fills at once or not", unit="s", at_least=0, at_most=30
    )
    good_for_s: float = setting(2.0, "age beyond which a planned order is not sent", unit="s", above=0, at_most=30)
    look_again_s: float = setting(2.0, "until quotes are looked at again", unit="s", above=0, at_most=600)
    collar: CollarParameters = section(CollarParameters)


def legs_missing(wanted: Legs, filled: Mapping[int, Decimal]) -> tuple[Leg, ...]:
    """What to trade so that every leg is filled as far as the most filled one, but none beyond what was wanted."""
    levels, times = _levels(wanted, filled)
    highest = min(max(levels).to_integral_value(ROUND_CEILING), Decimal(times))
    return _towards(highest, wanted, filled, times, more=True)


def legs_in_excess(wanted: Legs, filled: Mapping[int, Decimal]) -> tuple[Leg, ...]:
    """What to trade so that no leg is filled further than the least filled one."""
    levels, times = _levels(wanted, filled)
    lowest = max(min(levels).to_integral_value(ROUND_FLOOR), _NONE)
    return _towards(lowest, wanted, filled, times, more=False)


def plan_repair(
    structure: str,
    wanted: Legs,
    filled: Mapping[int, Decimal],
    decided: Mapping[int, Decimal],
    quotes: Mapping[int, Quote],
    now: datetime,
    *,
    attempt: int,
    parameters: RepairParameters,
    settled_through: int,
    open_now: Mapping[int, bool] | None = None,
) -> Step:
    """What to order now, while no order of the structure lives; ask again once these are dead, with the next attempt.

    `filled` is signed, by conId, repairs so far included; `decided` is the price per leg the structure was decided at.
    Attempts count from 1, looks in vain too. `Stuck` means that they are used up: a person has to choose.
    """
    missing, excess = legs_missing(wanted, filled), legs_in_excess(wanted, filled)
    if not missing and not excess:
        return Done()
    until = now + timedelta(seconds=parameters.look_again_s)
    state = f"{structure} is filled {_in_words(wanted, filled)}"
    if attempt > parameters.attempts:
        return Stuck(until, f"{state}, and {parameters.attempts} attempts didn't put it right")
    urgency = (attempt - 1) / max(parameters.attempts - 1, 1)
    view = _View(quotes, now, urgency, parameters.collar, open_now or {})
    most = _value(wanted, decided) * to_decimal(parameters.max_cost_to_complete_pct) / 100
    cost = view.cost(missing, decided) if missing else None
    if cost is not None and cost <= most:
        orders, why = view.orders(missing), f"{state}: completing costs {cost:.2f} more than decided"
    else:
        orders, why = view.orders(excess), f"{state}: unwound, completing is {_dear(cost, most)}"
    if not orders:
        return Wait(until, f"{state}, and there is no quote to repair it on")
    plan = Plan(
        proposals=[_proposal(trade, offered, parameters, why) for trade, offered in orders],
        decided_at=now,
        good_for_s=parameters.good_for_s,
        settled_through=settled_through,
        quotes=[quotes[leg.con_id] for (leg, _), _ in orders],
    )
    return Orders(plan)


# -- levels ------------------------------------------------------------------------------------------------------------


def _levels(wanted: Legs, filled: Mapping[int, Decimal]) -> tuple[list[Decimal], int]:
    """How often each leg holds its share of the proportion, and how often the whole of it was wanted."""
    times = math.gcd(*(int(quantity) for _, quantity in wanted))
    return [filled.get(leg.con_id, _NONE) * times / quantity for leg, quantity in wanted], times


def _towards(level: Decimal, wanted: Legs, filled: Mapping[int, Decimal], times: int, *, more: bool) -> tuple[Leg, ...]:
    """The trades that bring legs up to a level, or those that bring them down to it."""
    found = []
    for leg, quantity in wanted:
        change = level * quantity / times - filled.get(leg.con_id, _NONE)
        if change and (change * quantity > 0) is more:
            found.append((leg, change))
    return tuple(found)


def _value(legs: Legs, prices: Mapping[int, Decimal]) -> Decimal:
    """What the legs come to at these prices, each counted as positive."""
    return sum((abs(quantity) * prices.get(leg.con_id, _NONE) * leg.multiplier for leg, quantity in legs), _NONE)


def _in_words(wanted: Legs, filled: Mapping[int, Decimal]) -> str:
    return ", ".join(f"{filled.get(leg.con_id, _NONE)} of {quantity} {named(leg)}" for leg, quantity in wanted)


def _dear(cost: Decimal | None, most: Decimal) -> str:
    return "not possible now" if cost is None else f"{cost:.2f} above the decided price, {most:.2f} allowed"


# -- orders ------------------------------------------------------------------------------------------------------------


@frozen
class _View:
    """The market at this attempt."""

    quotes: Mapping[int, Quote]
    now: datetime
    urgency: float
    collar: CollarParameters
    open_now: Mapping[int, bool]

    def offer(self, leg: Stock | Option, quantity: Decimal) -> Offer | None:
        side, con_id = Side.BUY if quantity > 0 else Side.SELL, leg.con_id
        is_open = self.open_now.get(con_id)
        found = offer(leg, side, self.quotes.get(con_id), self.now, self.urgency, self.collar, open_now=is_open)
        return found if isinstance(found, Offer) else None

    def cost(self, trades: Legs, decided: Mapping[int, Decimal]) -> Decimal | None:
        """Above the decided prices, at the limits these trades would have; None where one of them can't be priced."""
        total = _NONE
        for leg, quantity in trades:
            priced, before = self.offer(leg, quantity), decided.get(leg.con_id)
            if priced is None or before is None:
                return None
            total += quantity * (priced.price - before) * leg.multiplier
        return total

    def orders(self, trades: Legs) -> list[tuple[Leg, Offer]]:
        """Those that can be priced. What is bought comes first, so that nothing short is left without its cover."""
        buys = tuple((leg, quantity) for leg, quantity in trades if quantity > 0)
        priced = [((leg, quantity), self.offer(leg, quantity)) for leg, quantity in buys or trades]
        return [(trade, offered) for trade, offered in priced if offered is not None]


def _proposal(trade: Leg, offered: Offer, parameters: RepairParameters, why: str) -> Proposal:
    leg, quantity = trade
    return Proposal(
        purpose=Purpose.REPAIR,
        instrument=leg,
        side=Side.BUY if quantity > 0 else Side.SELL,
        quantity=abs(quantity),
        pricing=Limit(offered.price),
        patience_s=parameters.patience_s,
        snapshot_ids=(offered.snapshot_id,),
        reason=why,
    )
