"""Whether what we hold and what we asked for is known: the link, the comparison with the account, orders in doubt."""

from gamma_scalper.domain.instruments import Combo
from gamma_scalper.domain.orders import Intent, Limit
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.risk.facts import Facts, known
from gamma_scalper.risk.guard import ALL_BUT_FLATTEN, EVERYTHING, FLATTEN, of_the_moment, of_the_order
from gamma_scalper.risk.measures import contracts_of, in_doubt, in_words, legs_of, name_of
from gamma_scalper.risk.parameters import RiskParameters


@of_the_moment(
    "link",
    "nothing is sent to a broker whose records are not confirmed",
    applies=EVERYTHING,
    needs=("house.link",),
    lamp="red",
)
def link(facts: Facts, parameters: RiskParameters) -> str | None:
    found = known(facts.house.link, "the state of the connection")
    return None if found is Link.READY else f"the connection is {found.value}"


@of_the_moment(
    "reconciled",
    "no order on a position that account and books don't agree on",
    applies=ALL_BUT_FLATTEN,
    needs=("house.compared_at", "house.unexplained"),
    reads=("records.compared_s",),
    lamp="red",
)
def reconciled(facts: Facts, parameters: RiskParameters) -> str | None:
    at = known(facts.house.compared_at, "whether books and account agree")
    unexplained = known(facts.house.unexplained, "on what books and account differ")
    if unexplained:
        names = ", ".join(name_of(facts, con_id) for con_id in unexplained)
        return f"books and account differ on {names}; see reconcile"
    since = (facts.now - at).total_seconds()
    most = parameters.records.compared_s
    return (
        f"books and account were last compared {since:.0f} s ago, and {most:g} s is the most" if since > most else None
    )


@of_the_order(
    "reconciled: flattening",
    "what is flattened is ours for certain",
    applies=(FLATTEN,),
    needs=("house.compared_at", "house.unexplained"),
)
def reconciled_in_these(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    known(facts.house.compared_at, "whether books and account agree")
    unexplained = known(facts.house.unexplained, "on what books and account differ")
    differing = [con_id for con_id in contracts_of(plan) if con_id in unexplained]
    names = ", ".join(name_of(facts, con_id) for con_id in differing)
    return f"books and account differ on {names}; see reconcile" if differing else None


# -- orders that live --------------------------------------------------------------------------------------------------


@of_the_moment(
    "unknown order",
    "nothing is ordered while an order may have filled without our knowing",
    applies=ALL_BUT_FLATTEN,
    needs=("book.live",),
    lamp="red",
)
def unknown_order(facts: Facts, parameters: RiskParameters) -> str | None:
    doubtful = in_doubt(facts)
    return f"in doubt: {', '.join(str(order.intent.id) for order in doubtful)}" if doubtful else None


@of_the_order(
    "unknown order: flattening",
    "what may be gone already is not sold a second time",
    applies=(FLATTEN,),
    needs=("book.live",),
)
def unknown_order_in_these(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    traded = set(contracts_of(plan))
    doubtful = [
        order
        for order in in_doubt(facts)
        if traded & {leg.instrument.con_id for leg in legs_of(order.intent.instrument)}
    ]
    return f"in doubt: {', '.join(str(order.intent.id) for order in doubtful)}" if doubtful else None


@of_the_moment(
    "one thing at a time",
    "while an order works the only decisions are to wait, amend or cancel",
    applies=ALL_BUT_FLATTEN,
    needs=("book.live",),
)
def one_thing_at_a_time(facts: Facts, parameters: RiskParameters) -> str | None:
    live = known(facts.book.live, "what the book has ordered")
    return f"still alive: {', '.join(str(order.intent.id) for order in live)}" if live else None


@of_the_order(
    "old position",
    "a decision taken before the last fill is not carried out after it",
    applies=EVERYTHING,
    needs=("book.settled_through",),
)
def old_position(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    settled = known(facts.book.settled_through, "which orders are settled")
    if plan.settled_through == settled:
        return None
    return f"decided when orders were settled through {plan.settled_through}, and now they are through {settled}"


@of_the_order("too old", "a decision that lay about is not carried out", applies=EVERYTHING)
def too_old(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    age = (facts.now - plan.decided_at).total_seconds()
    return f"decided {age:.1f} s ago, and good for {plan.good_for_s:g} s" if age > plan.good_for_s else None


@of_the_order(
    "self-cross",
    "no trade with ourselves: the law calls it a wash trade",
    applies=EVERYTHING,
    needs=("book.live", "book.others"),
)
def self_cross(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    orders = (
        *known(facts.book.live, "what the book has ordered"),
        *known(facts.book.others, "what the other books have ordered"),
    )
    for number, proposal in enumerate(plan.proposals):
        for order in orders:
            if _could_meet(proposal, order.intent):
                return f"{in_words(proposal.instrument)} could trade with our own order {order.intent.id}"
        if any(_could_meet(proposal, other) for other in plan.proposals[:number]):
            return f"the plan would trade {in_words(proposal.instrument)} with itself"
    return None


def _could_meet(one: Proposal, other: Proposal | Intent) -> bool:
    """They are on opposite sides of a contract, at prices that meet; a combo's price says nothing of its legs'."""
    ours, theirs = _sides(one), _sides(other)
    if not any(sign == -theirs.get(con_id, 0) for con_id, sign in ours.items()):
        return False
    if isinstance(one.instrument, Combo) or isinstance(other.instrument, Combo):
        return True
    if not (isinstance(one.pricing, Limit) and isinstance(other.pricing, Limit)):
        return True
    return one.side.sign * (one.pricing.price - other.pricing.price) >= 0


def _sides(order: Proposal | Intent) -> dict[int, int]:
    """conId -> 1 where it is bought, -1 where it is sold."""
    return {leg.instrument.con_id: order.side.sign * (1 if leg.ratio > 0 else -1) for leg in legs_of(order.instrument)}


@of_the_order(
    "order rate",
    "a decision that goes in circles does not send orders for ever",
    applies=ALL_BUT_FLATTEN,
    needs=("governance.orders_lately",),
    reads=("pace.max_orders",),
)
def order_rate(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    lately = known(facts.governance.orders_lately, "how many orders there were lately")
    count, most = len(plan.proposals), parameters.pace.max_orders
    return f"{lately} orders lately and {count} now, and {most} is the most" if lately + count > most else None
