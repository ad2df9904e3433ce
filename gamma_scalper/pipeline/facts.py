"""All that is known of a book at one moment, gathered for the permit. What nobody knows is left out, and refuses."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from gamma_scalper.domain.fees import order_fees
from gamma_scalper.domain.instruments import Combo, Index, Leg, Option, Stock, legs_of
from gamma_scalper.domain.money import Money, to_decimal
from gamma_scalper.domain.orders import Limit, Order
from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.proposals import Deltas, Plan, Proposal
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.domain.snapshots import Holding
from gamma_scalper.pipeline.quote_board import QuoteBoard
from gamma_scalper.pipeline.resident import Resident
from gamma_scalper.portfolio.desk import Desk
from gamma_scalper.portfolio.ledger import average_price, holdings
from gamma_scalper.portfolio.repair import legs_in_excess, legs_missing
from gamma_scalper.portfolio.structures import filled_legs, wanted_legs
from gamma_scalper.portfolio.worst_cost import CostParameters, worst_cost
from gamma_scalper.risk.facts import BookFacts, ContractFacts, DeltaFacts, LegDelta, MarketFacts, Motion

_NONE = Decimal(0)


def book_facts(resident: Resident, state: Desk, others: Iterable[Desk], plan: Plan | None) -> BookFacts:
    held = holdings(state.ledger)
    return BookFacts(
        book=resident.name,
        underlying=resident.underlying,
        holdings=held,
        live=orders_of(state),
        others=tuple(order for other in others for order in orders_of(other)),
        settled_through=state.settled_through,
        straddles=straddles(held, plan),
        imbalance=imbalance(state),
    )


def orders_of(state: Desk) -> tuple[Order, ...]:
    return tuple(ticket.order for ticket in state.living)


def straddles(held: Sequence[Holding], plan: Plan | None) -> Decimal:
    """Calls or puts, whichever are more, once the plan has filled: what figures per straddle are counted by."""
    counts = {"C": _NONE, "P": _NONE}
    changes = [(holding.instrument, holding.quantity) for holding in held]
    changes += [(leg.instrument, each.signed_quantity * leg.ratio) for each, leg in _legs_of_plan(plan)]
    for instrument, quantity in changes:
        if isinstance(instrument, Option):
            counts[instrument.right] += quantity
    return max(abs(count) for count in counts.values())


def imbalance(state: Desk) -> Decimal:
    """Contracts that lack, or are too many, in the worst of the structures under repair."""
    worst = _NONE
    for first in state.repairing:
        repair = state.repairs[first]
        wanted, filled = wanted_legs(state, repair.wanted), filled_legs(state, repair.numbers)
        for _, quantity in (*legs_missing(wanted, filled), *legs_in_excess(wanted, filled)):
            worst = max(worst, abs(quantity))
    return worst


def market_facts(
    resident: Resident, held: Sequence[Holding], plan: Plan | None, board: QuoteBoard, now: datetime, motion: Motion
) -> MarketFacts:
    """Of what is held, of the underlying, and of what the plan would trade."""
    contracts: dict[int, Stock | Index | Option] = {resident.underlying.con_id: resident.underlying}
    contracts |= {holding.instrument.con_id: holding.instrument for holding in held}
    contracts |= {leg.instrument.con_id: leg.instrument for _, leg in _legs_of_plan(plan)}
    contracts[resident.underlying.con_id] = resident.underlying  # with the hours the broker told
    found = {
        con_id: ContractFacts(
            instrument=instrument,
            quote=board.quote(con_id),
            condition=board.condition(con_id),
            session=resident.hours.of(instrument, now),
        )
        for con_id, instrument in contracts.items()
    }
    return MarketFacts(contracts=found, motion=motion)


def delta_facts(deltas: Deltas | None, condition: Mapping[int, Condition]) -> DeltaFacts:
    """What the engine made of it, beside the broker's own."""
    if deltas is None:
        return DeltaFacts()
    legs = {con_id: LegDelta(own=own, broker=_brokers(condition.get(con_id))) for con_id, own in deltas.legs}
    return DeltaFacts(
        as_of=deltas.as_of,
        legs=legs,
        gamma=deltas.gamma,
        filled=deltas.filled,
        projected=deltas.projected,
        centre=deltas.centre,
        target=deltas.target,
    )


def _brokers(condition: Condition | None) -> float | None:
    return None if condition is None or condition.greeks is None else condition.greeks.delta


def costs_of(
    resident: Resident, plan: Plan, held: Sequence[Holding], board: QuoteBoard, now: datetime
) -> tuple[Money, ...] | None:
    """What each order may tie up at worst; None where one of them can't be reckoned."""
    quantities = {holding.instrument.con_id: holding.quantity for holding in held}
    found = []
    for proposal in plan.proposals:
        quote = None if isinstance(proposal.instrument, Combo) else board.quote(proposal.instrument.con_id)
        fees = _fees(resident, proposal, board, now)
        cost = None if fees is None else worst_cost(proposal, quote, quantities, fees, resident.costs)
        if cost is None:
            return None
        found.append(cost)
    return tuple(found)


def _fees(resident: Resident, proposal: Proposal, board: QuoteBoard, now: datetime) -> Money | None:
    """Of all legs at the newest offers; None where a leg has none."""
    total = Money(0, proposal.instrument.currency)
    for leg in legs_of(proposal.instrument):
        price = _price(proposal, leg, board.quote(leg.instrument.con_id))
        if price is None or leg.instrument.currency != "USD":
            return None
        quantity = abs(proposal.quantity * leg.ratio)
        bill = order_fees(resident.fees, leg.instrument, proposal.side, now.date(), quantity, price)
        total += Money(bill.total, leg.instrument.currency)
    return total


def _price(proposal: Proposal, leg: Leg, quote: Quote | None) -> Decimal | None:
    if isinstance(proposal.pricing, Limit) and not isinstance(proposal.instrument, Combo):
        return proposal.pricing.price
    return None if quote is None or quote.ask is None else to_decimal(quote.ask)


def spent(state: Desk, costs: CostParameters) -> Money:
    """What the book's holdings cost: the part of its budget that is used. Shares sold short count as an order does."""
    total, tied_up = _NONE, to_decimal(costs.short_shares_pct) / 100
    for holding in holdings(state.ledger):
        price = average_price(state.ledger, holding.instrument.con_id) or _NONE
        part = tied_up if isinstance(holding.instrument, Stock) and holding.quantity < 0 else 1
        total += abs(holding.quantity) * price * holding.instrument.multiplier * part
    return Money(total)


def _legs_of_plan(plan: Plan | None) -> list[tuple[Proposal, Leg]]:
    if plan is None:
        return []
    return [(proposal, leg) for proposal in plan.proposals for leg in legs_of(proposal.instrument)]
