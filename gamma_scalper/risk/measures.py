"""What guards and views measure on the facts, each thing in one place. Raises `NotKnown` where a fact is missing."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, NoReturn

from gamma_scalper.domain.instruments import Combo, Option, Stock, Tradable
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.orders import Order, Unknown
from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.sessions import Session
from gamma_scalper.risk.facts import ContractFacts, Facts, NotKnown, known

_ZERO = Decimal(0)


# -- contracts ---------------------------------------------------------------------------------------------------------


def contract(facts: Facts, con_id: int) -> ContractFacts:
    contracts = known(facts.market.contracts, "the market")
    found = contracts.get(con_id)
    return found if found is not None else missing(facts, con_id, "what is quoted of")


def quote(facts: Facts, con_id: int) -> Quote:
    found = contract(facts, con_id).quote
    return found if found is not None else missing(facts, con_id, "the quote of")


def two_sided(facts: Facts, con_id: int) -> Quote:
    """The quote, where it has both sides."""
    found = quote(facts, con_id)
    return found if found.usable else missing(facts, con_id, "the two-sided quote of")


def condition(facts: Facts, con_id: int) -> Condition:
    found = contract(facts, con_id).condition
    return found if found is not None else missing(facts, con_id, "the condition of")


def session(facts: Facts, con_id: int) -> Session:
    found = contract(facts, con_id).session
    return found if found is not None else missing(facts, con_id, "the session of")


def missing(facts: Facts, con_id: int, what: str) -> NoReturn:
    """Raises; the words are made only where they are needed, since the other way is taken all day."""
    raise NotKnown(f"{what} {name_of(facts, con_id)} is not known")


def is_open(facts: Facts, con_id: int) -> bool:
    return session(facts, con_id).contains(facts.now)


def spot(facts: Facts) -> float:
    return two_sided(facts, facts.book.underlying.con_id).mid


def name_of(facts: Facts, con_id: int) -> str:
    """For a person: 'SPY', 'SPY 600 C'."""
    found = (facts.market.contracts or {}).get(con_id)
    return f"contract {con_id}" if found is None else in_words(found.instrument)


def in_words(instrument: object) -> str:
    if isinstance(instrument, Option):
        return f"{instrument.symbol} {instrument.strike:f} {instrument.right}"
    if isinstance(instrument, Combo):
        return " / ".join(in_words(leg.instrument) for leg in instrument.legs)
    return str(getattr(instrument, "symbol", instrument))


def book_contracts(facts: Facts) -> tuple[int, ...]:
    """The underlying and every option held: all that the delta is made of."""
    options = (option.con_id for option, _ in options_held(facts))
    return (facts.book.underlying.con_id, *options)


def unfit(facts: Facts, con_id: int, delayed: bool) -> str | None:
    """Why this contract's quotes don't count as the market's, if they don't."""
    known_of_it = condition(facts, con_id)
    if known_of_it.frozen:
        return f"the quotes of {name_of(facts, con_id)} have stopped: {known_of_it.frozen}"
    told = known_of_it.data_type
    newest = quote(facts, con_id)
    data_type = max(told if told is not None else missing(facts, con_id, "the kind of data of"), newest.data_type)
    return not_live(facts, newest, data_type, delayed)


def not_live(facts: Facts, of: Quote, data_type: DataType, delayed: bool) -> str | None:
    if data_type is DataType.LIVE or (data_type is DataType.DELAYED and delayed):
        return None
    return f"the quotes of {name_of(facts, of.con_id)} are {data_type.name.lower().replace('_', ' and ')}"


# -- what is held, and what a plan makes of it -------------------------------------------------------------------------


def held(facts: Facts, con_id: int) -> Decimal:
    holdings = known(facts.book.holdings, "what the book holds")
    return next((holding.quantity for holding in holdings if holding.instrument.con_id == con_id), _ZERO)


def options_held(facts: Facts) -> list[tuple[Option, Decimal]]:
    holdings = known(facts.book.holdings, "what the book holds")
    return [(each.instrument, each.quantity) for each in holdings if isinstance(each.instrument, Option)]


def shares_held(facts: Facts) -> Decimal:
    return held(facts, facts.book.underlying.con_id)


def is_orphan(facts: Facts) -> bool:
    """Shares are left, and no options."""
    return bool(shares_held(facts)) and not options_held(facts)


class Part(NamedTuple):
    """One contract of what is traded; of a single one, itself."""

    instrument: Stock | Option
    ratio: int


def legs_of(instrument: Tradable) -> tuple[Part, ...]:
    if isinstance(instrument, Combo):
        return tuple(Part(leg.instrument, leg.ratio) for leg in instrument.legs)
    return (Part(instrument, 1),)


class Change(NamedTuple):
    """What one order does to one contract."""

    instrument: Stock | Option
    quantity: Decimal  # signed


def changes(plan: Plan) -> list[Change]:
    return [
        Change(leg.instrument, proposal.signed_quantity * leg.ratio)
        for proposal in plan.proposals
        for leg in legs_of(proposal.instrument)
    ]


def contracts_of(plan: Plan) -> tuple[int, ...]:
    """The conIds a plan trades, each once, in its order."""
    return tuple(dict.fromkeys(change.instrument.con_id for change in changes(plan)))


def working(orders: Sequence[Order], con_id: int) -> tuple[Decimal, Decimal]:
    """What living orders may still buy and sell of a contract; the second is negative or zero."""
    bought, sold = _ZERO, _ZERO
    for order in orders:
        for leg in legs_of(order.intent.instrument):
            if leg.instrument.con_id == con_id:
                quantity = order.signed_remaining * leg.ratio
                bought, sold = bought + max(quantity, _ZERO), sold + min(quantity, _ZERO)
    return bought, sold


def only_reduces(facts: Facts, plan: Plan) -> bool:
    """Whatever of it fills, along with what is working already, every contract's holding shrinks and none is turned."""
    live = known(facts.book.live, "what the book has ordered")
    for con_id in contracts_of(plan):
        now_held = held(facts, con_id)
        wanted = [change.quantity for change in changes(plan) if change.instrument.con_id == con_id]
        if now_held == 0 or any(quantity * now_held > 0 for quantity in wanted):
            return False
        bought, sold = working(live, con_id)
        closing = sold if now_held > 0 else bought
        if abs(sum(wanted) + closing) > abs(now_held):
            return False
    return True


def after(facts: Facts, plan: Plan, con_id: int) -> Decimal:
    """The holding once the plan and all that works has filled."""
    bought, sold = working(known(facts.book.live, "what the book has ordered"), con_id)
    planned = sum((change.quantity for change in changes(plan) if change.instrument.con_id == con_id), _ZERO)
    return held(facts, con_id) + bought + sold + planned


def in_doubt(facts: Facts) -> tuple[Order, ...]:
    live = known(facts.book.live, "what the book has ordered")
    return tuple(order for order in live if isinstance(order.state, Unknown))


# -- figures -----------------------------------------------------------------------------------------------------------


def figure(facts: Facts, absolute: float, per_straddle: float) -> float:
    """A limit in shares or dollars: by the number of straddles where it is given so, else as it stands."""
    if not per_straddle:
        return absolute
    return per_straddle * to_float(known(facts.book.straddles, "how many straddles the book holds"))


def finite(number: float | None, what: str) -> float:
    """The number; not-a-number is as good as missing."""
    return known(number if number is not None and math.isfinite(number) else None, what)


def off_centre(facts: Facts) -> float:
    """How many shares of delta there are to hedge, once all that works has filled."""
    delta = facts.delta
    return abs(finite(delta.projected, "the delta") - finite(delta.centre, "what the policy hedges around"))


def content(facts: Facts) -> bool:
    """Is the projected delta where the policy wants it, known to be so?"""
    target = facts.delta.target
    return target is not None and target == facts.delta.projected
