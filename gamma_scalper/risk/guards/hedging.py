"""Whether a hedge is due, and whether this one helps."""

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.risk.facts import Facts, known
from gamma_scalper.risk.guard import ENTRY, HEDGE, of_the_moment, of_the_order
from gamma_scalper.risk.measures import changes, content, figure, finite, name_of, off_centre, options_held, spot
from gamma_scalper.risk.parameters import RiskParameters

_ROUNDING = 1.0  # shares that a whole number of shares may overshoot by
_DELTA = ("delta.projected", "delta.centre")


@of_the_moment(
    "something to hedge",
    "shares are traded against options, never for their own sake",
    applies=(HEDGE,),
    needs=("book.holdings", "delta.gamma"),
)
def something_to_hedge(facts: Facts, parameters: RiskParameters) -> str | None:
    if not options_held(facts):
        return "the book holds no options"
    return None if finite(facts.delta.gamma, "the gamma") else "the options have no gamma"


@of_the_moment(
    "hedge needed",
    "no hedge inside the band, be it the rule's or the policy's",
    applies=(HEDGE,),
    needs=_DELTA,
    reads=("hedging.hedge_shares", "hedging.hedge_per_straddle"),
)
def hedge_needed(facts: Facts, parameters: RiskParameters) -> str | None:
    least = figure(facts, parameters.hedging.hedge_shares, parameters.hedging.hedge_per_straddle)
    off = off_centre(facts)
    if off < least:
        return f"{off:.1f} shares to hedge, and {least:g} are the fewest"
    return "the delta is where the policy wants it" if content(facts) else None


@of_the_moment(
    "cooldown",
    "hedges don't chase noise; a large delta does not wait",
    applies=(HEDGE,),
    needs=("governance.hedging", *_DELTA),
    reads=("hedging.cooldown_s", "hedging.force_shares", "hedging.force_per_straddle"),
)
def cooldown(facts: Facts, parameters: RiskParameters) -> str | None:
    hedging = parameters.hedging
    last = known(facts.governance.hedging, "when the book last hedged").last_at
    if off_centre(facts) >= figure(facts, hedging.force_shares, hedging.force_per_straddle):
        return None
    since = None if last is None else (facts.now - last).total_seconds()
    if since is None or since >= hedging.cooldown_s:
        return None
    return f"hedged {since:.0f} s ago, and {hedging.cooldown_s:g} s is the least"


@of_the_moment(
    "hedges a day",
    "a day on which hedging does not work ends by itself",
    applies=(HEDGE,),
    spares=(HEDGE,),
    needs=("governance.hedging",),
    reads=("hedging.max_per_day",),
    lamp="yellow",
)
def hedges_a_day(facts: Facts, parameters: RiskParameters) -> str | None:
    today = known(facts.governance.hedging, "how often the book hedged today").today
    most = parameters.hedging.max_per_day
    return f"{today} hedges today, and {most} are the most" if today >= most else None


@of_the_moment(
    "price move",
    "no second hedge at the same price",
    applies=(HEDGE,),
    needs=("governance.hedging", "market.contracts", "market.contracts.*.quote"),
    reads=("hedging.min_move_pct",),
)
def price_move(facts: Facts, parameters: RiskParameters) -> str | None:
    last = known(facts.governance.hedging, "at what price the book last hedged").last_price
    price, least = spot(facts), parameters.hedging.min_move_pct
    if last is None:
        return None
    moved = 100 * abs(price / to_float(last) - 1)
    return f"moved {moved:.2f}% since the last hedge, and {least:g}% is the least" if moved < least else None


@of_the_order(
    "smallest hedge",
    "no order that costs more than it saves",
    applies=(HEDGE,),
    reads=("hedging.min_shares", "hedging.min_per_straddle"),
)
def smallest_hedge(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    least = figure(facts, parameters.hedging.min_shares, parameters.hedging.min_per_straddle)
    shares = sum(abs(change.quantity) * change.instrument.multiplier for change in changes(plan))
    return f"a hedge of {shares} shares, and {least:g} are the fewest" if shares < least else None


@of_the_order(
    "towards the target",
    "a hedge leaves less delta than it found, and does not go over to the other side",
    applies=(HEDGE,),
    needs=("delta.projected", "delta.target"),
)
def towards_the_target(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    off = finite(facts.delta.projected, "the delta") - finite(facts.delta.target, "the policy's target")
    moved = sum(_delta_of(facts, change.instrument, to_float(change.quantity)) for change in changes(plan))
    if off * moved >= 0:
        return f"it adds {moved:+.1f} to a delta that is {off:+.1f} off its target"
    over = abs(moved) - abs(off)
    return f"it goes {over:.1f} shares beyond the target" if over > _ROUNDING else None


def _delta_of(facts: Facts, instrument: object, quantity: float) -> float:
    """In shares of the underlying."""
    if not isinstance(instrument, Option):
        return quantity
    legs = known(facts.delta.legs, "what the legs' Greeks are")
    leg = known(legs.get(instrument.con_id), f"the delta of {name_of(facts, instrument.con_id)}")
    return quantity * instrument.multiplier * finite(leg.own, f"the delta of {name_of(facts, instrument.con_id)}")


@of_the_moment(
    "Greeks",
    "no hedge by a delta that is missing or impossible, nor by one the broker contradicts",
    applies=(ENTRY, HEDGE),
    needs=("book.holdings", "delta.legs", "delta.legs.*.own"),
    reads=("greeks.max_divergence",),
    lamp="red",
    lamp_in_session=True,
)
def greeks(facts: Facts, parameters: RiskParameters) -> str | None:
    options = options_held(facts)
    legs = known(facts.delta.legs, "what the legs' Greeks are") if options else {}
    for option, _ in options:
        name = name_of(facts, option.con_id)
        leg = known(legs.get(option.con_id), f"the delta of {name}")
        own = known(leg.own, f"the delta of {name}")
        low, high = (0.0, 1.0) if option.right == "C" else (-1.0, 0.0)
        if not low <= own <= high:  # false for NaN too
            return f"the delta of {name} is {own}, which can't be"
        if leg.broker is not None and not abs(own - leg.broker) <= parameters.greeks.max_divergence:
            return f"the delta of {name} is {own:.2f} to us and {leg.broker:.2f} to the broker"
    return None
