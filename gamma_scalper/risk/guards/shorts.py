"""Selling shares that are not there."""

from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.money import to_float
from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.domain.proposals import Plan, Proposal
from gamma_scalper.risk.facts import Facts, known
from gamma_scalper.risk.guard import BEGINNING, of_the_order
from gamma_scalper.risk.measures import condition, held, two_sided, working
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
    for proposal, stock, borrowed in _short_sales(facts, plan):
        lent = known(condition(facts, stock.con_id).shortable_shares, f"how many {stock.symbol} can be borrowed")
        if lent - borrowed < parameters.shorts.shares_to_spare:
            spare = parameters.shorts.shares_to_spare
            return f"{lent} {stock.symbol} can be borrowed for {proposal.quantity}, and {spare} must be left"
    return None


@of_the_order(
    "short sale restriction",
    "no short sale at the bid after a fall of 10%: the law forbids it",
    applies=BEGINNING,
    needs=(*_CONDITIONS, "market.contracts.*.condition.short_sale_restricted"),
)
def short_sale_restriction(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    for proposal, stock, _ in _short_sales(facts, plan):
        restricted = known(
            condition(facts, stock.con_id).short_sale_restricted, f"whether {stock.symbol} may be sold short"
        )
        if not restricted:
            continue
        bid = two_sided(facts, stock.con_id).bid or 0.0
        if not isinstance(proposal.pricing, Limit) or to_float(proposal.pricing.price) <= bid:
            return f"{stock.symbol} is sold short above the bid of {bid:.2f} only, today and the day after the fall"
    return None


def _short_sales(facts: Facts, plan: Plan) -> list[tuple[Proposal, Stock, float]]:
    """The sales of shares that leave fewer than none, and by how many."""
    live = known(facts.book.live, "the book's orders")
    found, sold = [], dict[int, float]()
    for proposal in plan.proposals:
        stock = proposal.instrument
        if not isinstance(stock, Stock) or proposal.side is not Side.SELL:
            continue
        earlier = sold.get(stock.con_id, 0.0) - to_float(working(live, stock.con_id)[1])
        sold[stock.con_id] = earlier + to_float(proposal.quantity)
        before = to_float(held(facts, stock.con_id)) - earlier
        borrowed = to_float(proposal.quantity) - max(before, 0.0)
        if borrowed > 0:
            found.append((proposal, stock, borrowed))
    return found
