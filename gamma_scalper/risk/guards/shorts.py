"""Selling shares that are not there."""

from decimal import Decimal
from typing import NamedTuple

from gamma_scalper.domain.instruments import Combo, Stock
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.orders import Limit
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.risk.facts import Facts, known
from gamma_scalper.risk.guard import BEGINNING, of_the_order
from gamma_scalper.risk.measures import condition, held, legs_of, two_sided, working
from gamma_scalper.risk.parameters import RiskParameters

_CONDITIONS = ("book.holdings", "book.live", "market.contracts", "market.contracts.*.condition")


@of_the_order(
    "shares to borrow",
    "no short sale of shares that nobody lends",
    applies=BEGINNING,
    needs=(*_CONDITIONS, "market.contracts.*.condition.shortable_shares"),
    reads=("shorts.shares_to_spare",),
)
def shares_to_borrow(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    for _, stock, sold, borrowed in _short_sales(facts, plan):
        lent = known(condition(facts, stock.con_id).shortable_shares, f"how many {stock.symbol} can be borrowed")
        if lent - borrowed < parameters.shorts.shares_to_spare:
            spare = parameters.shorts.shares_to_spare
            return f"{lent} {stock.symbol} can be borrowed to sell {sold}, and {spare} must be left"
    return None


@of_the_order(
    "short sale restriction",
    "no short sale at the bid after a fall of 10%: the law forbids it",
    applies=BEGINNING,
    needs=(*_CONDITIONS, "market.contracts.*.condition.short_sale_restricted"),
)
def short_sale_restriction(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    for proposal, stock, *_ in _short_sales(facts, plan):
        restricted = known(
            condition(facts, stock.con_id).short_sale_restricted, f"whether {stock.symbol} may be sold short"
        )
        if not restricted:
            continue
        bid = two_sided(facts, stock.con_id).bid or 0.0
        limit = proposal.pricing.price if isinstance(proposal.pricing, Limit) else None
        if limit is None or isinstance(proposal.instrument, Combo) or to_float(limit) <= bid:
            return f"{stock.symbol} is sold short above the bid of {bid:.2f} only, today and the day after the fall"
    return None


class _ShortSale(NamedTuple):
    """An order, or a leg of one, that leaves fewer shares than none."""

    proposal: Proposal
    stock: Stock
    sold: Decimal
    borrowed: Decimal


def _short_sales(facts: Facts, plan: Plan) -> list[_ShortSale]:
    """Those of a plan, with all that is working and what comes before it in the plan sold first."""
    live = known(facts.book.live, "what the book has ordered")
    found: list[_ShortSale] = []
    left: dict[int, Decimal] = {}
    for proposal in plan.proposals:
        for stock, ratio in legs_of(proposal.instrument):
            sold = -proposal.signed_quantity * ratio
            if not isinstance(stock, Stock) or sold <= 0:
                continue
            before = left.get(stock.con_id)
            if before is None:
                before = held(facts, stock.con_id) + working(live, stock.con_id)[1]
            left[stock.con_id] = before - sold
            if before < sold:
                found.append(_ShortSale(proposal, stock, sold, sold - max(before, Decimal(0))))
    return found
