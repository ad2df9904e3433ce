"""What is traded as a whole: entries that fit, repairs that mend, exits and orphans that only reduce."""

from decimal import Decimal

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.risk.facts import Facts, known
from gamma_scalper.risk.guard import ENTRY, EXIT, FLATTEN, HEDGE, REPAIR, of_the_moment, of_the_order
from gamma_scalper.risk.measures import (
    after,
    changes,
    held,
    in_words,
    is_orphan,
    legs_of,
    name_of,
    only_reduces,
    session,
    shares_held,
    spot,
)
from gamma_scalper.risk.parameters import RiskParameters

_ROUNDING = 1e-9  # of floats


@of_the_moment(
    "leg imbalance",
    "no second structure on top of half a one",
    applies=(ENTRY,),
    needs=("book.imbalance",),
    reads=("structure.max_imbalance",),
    lamp="red",
)
def leg_imbalance(facts: Facts, parameters: RiskParameters) -> str | None:
    lacking = abs(known(facts.book.imbalance, "whether the structure is whole"))
    most = parameters.structure.max_imbalance
    return f"{lacking} contracts lack in the structure, and {most} are the most" if lacking > most else None


@of_the_order(
    "mending",
    "a repair trades no more than what lacks or is too much",
    applies=(REPAIR,),
    needs=("book.imbalance",),
)
def mending(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    lacking = abs(known(facts.book.imbalance, "whether the structure is whole"))
    options = [change for change in changes(plan) if isinstance(change.instrument, Option)]
    largest = max((abs(change.quantity) for change in options), default=0)
    return f"a repair of {largest} contracts where {lacking} lack" if largest > lacking else None


@of_the_moment(
    "orphan: entries",
    "shares left without options are reduced, and nothing is begun beside them",
    applies=(ENTRY,),
    needs=("book.holdings",),
    lamp="yellow",
)
def orphan_entry(facts: Facts, parameters: RiskParameters) -> str | None:
    return f"{shares_held(facts)} shares are left without options" if is_orphan(facts) else None


@of_the_order(
    "orphan",
    "shares left without options are only reduced",
    applies=(HEDGE, REPAIR),
    needs=("book.holdings", "book.live"),
)
def orphan(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    known(facts.book.live, "what the book has ordered")
    if not is_orphan(facts) or only_reduces(facts, plan):
        return None
    return f"{shares_held(facts)} shares are left without options, and may only be reduced"


@of_the_order(
    "only reduces",
    "an exit ends what the book holds; it never sells more, nor what is somebody else's",
    applies=(EXIT, FLATTEN),
    needs=("book.holdings", "book.live"),
)
def reduces(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    return None if only_reduces(facts, plan) else "it does not only reduce what the book holds"


@of_the_order(
    "nothing naked",
    "what is left can't lose without end: neither shares nor calls stay short without their cover",
    applies=(REPAIR, EXIT),
    needs=("book.holdings", "book.live"),
)
def nothing_naked(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    holdings = known(facts.book.holdings, "what the book holds")
    known(facts.book.live, "what the book has ordered")
    traded = [change.instrument for change in changes(plan)]
    for key in dict.fromkeys(_underlying(instrument) for instrument in traded):
        contracts = {each.con_id: each for each in (*(each.instrument for each in holdings), *traded)}
        of_it = [each for each in contracts.values() if _underlying(each) == key]
        before = sum((_cover(each, held(facts, each.con_id)) for each in of_it), Decimal(0))
        left = sum((_cover(each, after(facts, plan, each.con_id)) for each in of_it), Decimal(0))
        if left < min(before, Decimal(0)):
            return f"it leaves {-left} shares of {name_of(facts, key)} short, themselves or by calls, without cover"
    return None


def _underlying(instrument: Stock | Option) -> int:
    return instrument.underlying_con_id if isinstance(instrument, Option) else instrument.con_id


def _cover(instrument: Stock | Option, quantity: Decimal) -> Decimal:
    """In shares: what it gains by when the market rises without end."""
    return (
        Decimal(0) if isinstance(instrument, Option) and instrument.right == "P" else quantity * instrument.multiplier
    )


# -- what an entry buys ------------------------------------------------------------------------------------------------


def _entered(plan: Plan) -> list[Option]:
    legs = (leg.instrument for proposal in plan.proposals for leg in legs_of(proposal.instrument))
    return [instrument for instrument in legs if isinstance(instrument, Option)]


@of_the_order(
    "days to expiry",
    "no entry in options that decay or cost too much",
    applies=(ENTRY,),
    needs=("market.contracts", "market.contracts.*.session"),
    reads=("structure.min_dte", "structure.max_dte"),
)
def days_to_expiry(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    least, most = parameters.structure.min_dte, parameters.structure.max_dte
    today = session(facts, facts.book.underlying.con_id).day
    for option in _entered(plan):
        days = (option.expiry - today).days
        if not least <= days <= most:
            return f"{in_words(option)} expires in {days} days, and {least} to {most} are allowed"
    return None


@of_the_order(
    "moneyness",
    "no entry far from the money, where there is little gamma",
    applies=(ENTRY,),
    needs=("market.contracts", "market.contracts.*.quote"),
    reads=("structure.moneyness_pct",),
)
def moneyness(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    price, most = spot(facts), parameters.structure.moneyness_pct
    for option in _entered(plan):
        away = abs(to_float(option.strike) - price)
        if away > price * most / 100 + _ROUNDING:
            return f"{in_words(option)} is {100 * away / price:.1f}% from the money, and {most:g}% is the most"
    return None
