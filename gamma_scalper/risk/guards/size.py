"""How much: one order, and what the book holds once it has filled."""

from decimal import Decimal

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.guard import BEGINNING, HEDGE, REPAIR, of_the_order
from gamma_scalper.risk.measures import after, changes, figure, in_words, legs_of, options_held, two_sided
from gamma_scalper.risk.parameters import RiskParameters

_HELD = ("book.holdings", "book.live")


@of_the_order(
    "order size",
    "no order larger than a finger slip should be",
    applies=BEGINNING,
    reads=("size.max_order_shares", "size.max_order_per_straddle", "size.max_order_contracts"),
)
def order_size(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    size = parameters.size
    for proposal in plan.proposals:
        for leg in legs_of(proposal.instrument):
            quantity = abs(leg.ratio) * proposal.quantity
            most = (
                float(size.max_order_contracts)
                if isinstance(leg.instrument, Option)
                else figure(facts, size.max_order_shares, size.max_order_per_straddle)
            )
            if quantity > most:
                return f"an order of {quantity} {in_words(leg.instrument)}, and {most:g} is the most"
    return None


@of_the_order(
    "share limit",
    "no more shares than the options can need",
    applies=BEGINNING,
    spares=(HEDGE, REPAIR),
    needs=_HELD,
    reads=("size.max_shares", "size.max_shares_per_straddle"),
)
def share_limit(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    most = figure(facts, parameters.size.max_shares, parameters.size.max_shares_per_straddle)
    for stock in _stocks(plan):
        shares = after(facts, plan, stock.con_id)
        if abs(shares) > most:
            return f"{shares} shares of {stock.symbol} afterwards, and {most:g} are the most"
    return None


@of_the_order(
    "notional limit",
    "no more worth of shares than the book is meant for",
    applies=BEGINNING,
    spares=(HEDGE, REPAIR),
    needs=(*_HELD, "market.contracts", "market.contracts.*.quote"),
    reads=("size.max_notional", "size.max_notional_per_straddle"),
)
def notional_limit(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    most = figure(facts, parameters.size.max_notional, parameters.size.max_notional_per_straddle)
    for stock in _stocks(plan):
        worth = to_float(abs(after(facts, plan, stock.con_id))) * two_sided(facts, stock.con_id).mid
        if worth > most:
            return f"{stock.symbol} worth {worth:,.0f} {stock.currency} afterwards, and {most:,.0f} is the most"
    return None


@of_the_order(
    "contract limit",
    "no more options than the book is meant for",
    applies=BEGINNING,
    spares=(HEDGE, REPAIR),
    needs=_HELD,
    reads=("size.max_contracts",),
)
def contract_limit(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    traded = [change.instrument.con_id for change in changes(plan) if isinstance(change.instrument, Option)]
    if not traded:
        return None
    con_ids = dict.fromkeys([*(option.con_id for option, _ in options_held(facts)), *traded])
    contracts = sum((abs(after(facts, plan, con_id)) for con_id in con_ids), Decimal(0))
    most = parameters.size.max_contracts
    return f"{contracts} options afterwards, and {most} are the most" if contracts > most else None


def _stocks(plan: Plan) -> list[Stock]:
    """Each once, in the plan's order."""
    traded = (change.instrument for change in changes(plan))
    return list({stock.con_id: stock for stock in traded if isinstance(stock, Stock)}.values())
