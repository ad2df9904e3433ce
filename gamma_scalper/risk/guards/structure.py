"""What is traded as a whole: only the book's own, entries that fit, repairs that mend, exits that only reduce."""

from decimal import Decimal

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.risk.facts import Facts, known
from gamma_scalper.risk.guard import BEGINNING, ENTRY, EXIT, FLATTEN, HEDGE, REPAIR, of_the_moment, of_the_order
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


@of_the_order(
    "own underlying",
    "a book trades its underlying and the options on it; what else it may hold can only be got rid of",
    applies=BEGINNING,
)
def own_underlying(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    own = facts.book.underlying
    foreign = [change.instrument for change in changes(plan) if _underlying(change.instrument) != own.con_id]
    return f"{in_words(foreign[0])} is not of {own.symbol}, which the book trades" if foreign else None


@of_the_moment(
    "leg imbalance",
    "no second structure on top of half a one",
    applies=(ENTRY,),
    needs=("book.imbalance",),
    reads=("structure.max_imbalance_contracts",),
    lamp="red",
)
def leg_imbalance(facts: Facts, parameters: RiskParameters) -> str | None:
    lacking = abs(known(facts.book.imbalance, "whether the structure is whole"))
    most = parameters.structure.max_imbalance_contracts
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
    "nothing stays short without cover, neither shares nor options; hedges in shares alone go by the delta",
    applies=(ENTRY, HEDGE, REPAIR, EXIT),
    needs=("book.holdings", "book.live"),
)
def nothing_naked(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    holdings = known(facts.book.holdings, "what the book holds")
    known(facts.book.live, "what the book has ordered")
    traded = [change.instrument for change in changes(plan)]
    if plan.purpose is Purpose.HEDGE and not any(isinstance(each, Option) for each in traded):
        return None
    contracts = {each.con_id: each for each in (*(each.instrument for each in holdings), *traded)}
    for key in dict.fromkeys(_underlying(instrument) for instrument in traded):
        of_it = [each for each in contracts.values() if _underlying(each) == key]
        for puts, what in ((False, "shares of {} short, themselves or by calls"), (True, "shares of {} sold by puts")):
            covering = [each for each in of_it if _is_put(each) is puts]
            before = sum((held(facts, each.con_id) * each.multiplier for each in covering), Decimal(0))
            left = sum((after(facts, plan, each.con_id) * each.multiplier for each in covering), Decimal(0))
            if left < min(before, Decimal(0)):
                return f"it leaves {-left} {what.format(name_of(facts, key))}, without cover"
    return None


def _is_put(instrument: Stock | Option) -> bool:
    """Puts are covered by puts; shares and calls, which gain when the market rises without end, by each other."""
    return isinstance(instrument, Option) and instrument.right == "P"


def _underlying(instrument: Stock | Option) -> int:
    return instrument.underlying_con_id if isinstance(instrument, Option) else instrument.con_id


# -- what an entry buys ------------------------------------------------------------------------------------------------


def _entered(plan: Plan) -> list[Option]:
    legs = (leg.instrument for proposal in plan.proposals for leg in legs_of(proposal.instrument))
    return [instrument for instrument in legs if isinstance(instrument, Option)]


@of_the_order(
    "bought options",
    "an entry buys options and nothing else; it sells some only where a book is told to, and then under cover",
    applies=(ENTRY,),
    reads=("structure.sell_options",),
)
def bought_options(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    for change in changes(plan):
        if not isinstance(change.instrument, Option):
            return f"an entry in {in_words(change.instrument)}, which is no option"
        if change.quantity < 0 and not parameters.structure.sell_options:
            return f"an entry that sells {in_words(change.instrument)}, and structure.sell_options is not set"
    return None


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
