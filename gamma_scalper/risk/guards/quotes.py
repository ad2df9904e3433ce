"""Whether the market we see is the market: age, kind of data, spread, jumps."""

from collections.abc import Iterable

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.risk.facts import Facts, known
from gamma_scalper.risk.guard import (
    ALL_BUT_FLATTEN,
    BEGINNING,
    ENTRY,
    FLATTEN,
    HEDGE,
    REPAIR,
    of_the_moment,
    of_the_order,
)
from gamma_scalper.risk.measures import (
    book_contracts,
    contract,
    contracts_of,
    finite,
    name_of,
    not_live,
    quote,
    two_sided,
    unfit,
)
from gamma_scalper.risk.parameters import RiskParameters


@of_the_moment(
    "stale market",
    "no hedge by Greeks of which one leg is old",
    applies=(ENTRY, HEDGE),
    needs=("book.holdings", "market.contracts", "market.contracts.*.quote"),
    reads=("quotes.stale_s",),
    lamp="red",
    lamp_in_session=True,
)
def stale_market(facts: Facts, parameters: RiskParameters) -> str | None:
    return _too_old(facts, book_contracts(facts), parameters.quotes.stale_s)


@of_the_moment(
    "true market",
    "nothing is decided on delayed quotes, or on quotes that have stopped",
    applies=(ENTRY, HEDGE),
    needs=(
        "book.holdings",
        "market.contracts",
        "market.contracts.*.quote",
        "market.contracts.*.condition",
        "market.contracts.*.condition.data_type",
    ),
    reads=("quotes.delayed",),
    lamp="red",
    lamp_in_session=True,
)
def true_market(facts: Facts, parameters: RiskParameters) -> str | None:
    each = (unfit(facts, con_id, parameters.quotes.delayed) for con_id in book_contracts(facts))
    return next((why for why in each if why), None)


@of_the_moment(
    "gap",
    "a jump is traded on once a second snapshot shows it too",
    applies=(ENTRY, HEDGE),
    needs=("market.motion", "market.motion.jump_pct"),
    reads=("quotes.gap_pct",),
    lamp="yellow",
    lamp_in_session=True,
)
def gap(facts: Facts, parameters: RiskParameters) -> str | None:
    motion = known(facts.market.motion, "how the underlying has moved")
    jump = finite(motion.jump_pct, "how far the underlying has jumped")
    if jump < parameters.quotes.gap_pct or motion.confirmed:
        return None
    return f"the underlying has jumped {jump:.1f}%, and a second snapshot has not confirmed it"


@of_the_moment(
    "liquidity",
    "no hedge across a spread nobody would cross",
    applies=(ENTRY, HEDGE),
    needs=("market.contracts", "market.contracts.*.quote"),
    reads=("quotes.extreme_pct",),
    lamp="yellow",
    lamp_in_session=True,
)
def liquidity(facts: Facts, parameters: RiskParameters) -> str | None:
    spread = two_sided(facts, facts.book.underlying.con_id).spread_pct
    most = parameters.quotes.extreme_pct
    return f"the underlying's spread is {spread:.2f}%, and {most:g}% is the most" if spread > most else None


@of_the_moment(
    "data lag",
    "no hedge by Greeks of a market that is gone",
    applies=(HEDGE,),
    needs=("delta.as_of",),
    reads=("quotes.lag_s",),
)
def data_lag(facts: Facts, parameters: RiskParameters) -> str | None:
    as_of = known(facts.delta.as_of, "of when the Greeks are")
    lag, most = (facts.now - as_of).total_seconds(), parameters.quotes.lag_s
    return f"the Greeks are {lag:.1f} s behind, and {most:g} s is the most" if lag > most else None


# -- the quotes of the order itself ------------------------------------------------------------------------------------


@of_the_order(
    "quote age",
    "every order is priced by a quote of this moment, and so is the newest that there is",
    applies=ALL_BUT_FLATTEN,
    needs=("market.contracts", "market.contracts.*.quote"),
    reads=("quotes.age_s",),
)
def quote_age(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    most = parameters.quotes.age_s
    return _too_old(facts, contracts_of(plan), most) or _priced_long_ago(facts, plan, most)


@of_the_order(
    "quote age: flattening",
    "what can't be seen is not sold; an older quote will do, since the collar holds",
    applies=(FLATTEN,),
    needs=("market.contracts", "market.contracts.*.quote"),
    reads=("quotes.flatten_age_s",),
)
def quote_age_of_flattening(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    most = parameters.quotes.flatten_age_s
    return _too_old(facts, contracts_of(plan), most) or _priced_long_ago(facts, plan, most)


@of_the_order(
    "old Greeks",
    "no hedge by a delta that was made of old quotes, though newer ones have come since: so it is after every silence",
    applies=(HEDGE,),
    reads=("quotes.stale_s",),
)
def old_greeks(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    most = parameters.quotes.stale_s
    for each in plan.quotes:
        age = (facts.now - each.received_at).total_seconds()
        if age > most:
            name = name_of(facts, each.con_id)
            return f"the delta was made of a quote of {name} that is {age:.1f} s old, and {most:g} s is the most"
    return None


@of_the_order(
    "true quotes",
    "no order is decided on delayed quotes, were they live again since, or on quotes that have stopped",
    applies=ALL_BUT_FLATTEN,
    needs=(
        "market.contracts",
        "market.contracts.*.quote",
        "market.contracts.*.condition",
        "market.contracts.*.condition.data_type",
    ),
    reads=("quotes.delayed",),
)
def true_quotes(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    delayed = parameters.quotes.delayed
    now = (unfit(facts, con_id, delayed) for con_id in contracts_of(plan))
    then = (not_live(facts, each, each.data_type, delayed) for each in plan.quotes)
    return next((why for why in (*now, *then) if why), None)


@of_the_order(
    "spread",
    "no new risk across a spread that eats the edge",
    applies=BEGINNING,
    spares=(HEDGE, REPAIR),
    needs=("market.contracts", "market.contracts.*.quote"),
    reads=("quotes.extreme_pct", "quotes.option_spread_pct", "quotes.option_spread"),
)
def spread(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    for con_id in contracts_of(plan):
        found = two_sided(facts, con_id)
        most = most_spread_pct(facts, con_id, found, parameters)
        if found.spread_pct > most:
            return f"the spread of {name_of(facts, con_id)} is {found.spread_pct:.2f}%, and {most:.2f}% is the most"
    return None


def most_spread_pct(facts: Facts, con_id: int, found: Quote, parameters: RiskParameters) -> float:
    """Of shares a percentage; of options a percentage or so many cents, whichever is more."""
    limits = parameters.quotes
    if not isinstance(contract(facts, con_id).instrument, Option):
        return limits.extreme_pct
    return max(limits.option_spread_pct, min(100 * limits.option_spread / found.mid, 200.0))


def _too_old(facts: Facts, con_ids: tuple[int, ...], most_s: float) -> str | None:
    return _older(facts, (quote(facts, con_id) for con_id in con_ids), most_s)


def _priced_long_ago(facts: Facts, plan: Plan, most_s: float) -> str | None:
    """By a quote that was old then, though a newer one has come since."""
    traded = contracts_of(plan)
    return _older(facts, (each for each in plan.quotes if each.con_id in traded), most_s)


def _older(facts: Facts, quotes: Iterable[Quote], most_s: float) -> str | None:
    for each in quotes:
        age = each.age(facts.now).total_seconds()
        if age > most_s:
            return f"the quote of {name_of(facts, each.con_id)} is {age:.1f} s old, and {most_s:g} s is the most"
    return None
