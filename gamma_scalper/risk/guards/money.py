"""What it may cost: the account's funds, the book's budget, the broker's margin."""

from gamma_scalper.domain.money import Money, to_decimal
from gamma_scalper.domain.ports import AccountValues
from gamma_scalper.domain.proposals import Plan
from gamma_scalper.risk.facts import Facts, NotKnown, known
from gamma_scalper.risk.guard import BEGINNING, ENTRY, HEDGE, REPAIR, of_the_order
from gamma_scalper.risk.parameters import RiskParameters

_COSTS = ("money.costs", "money.purse")


@of_the_order(
    "buying power",
    "no order the account can't pay for, with all that other books have reserved",
    applies=BEGINNING,
    spares=(HEDGE, REPAIR),
    needs=(*_COSTS, "money.purse.reserved", "money.account"),
    reads=("money.cushion", "money.account_age_s"),
)
def buying_power(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    funds = _account(facts, parameters).available_funds
    reserved = known(_purse_reserved(facts), "what is reserved")
    cost = cost_of(facts, plan, funds.currency)
    left = funds - _in(reserved, funds.currency) - cost
    cushion = Money(parameters.money.cushion, funds.currency)
    if left < cushion:
        return f"it costs {cost}, and leaves {left} of the account's funds; {cushion} must be left"
    return None


@of_the_order(
    "budget",
    "no book spends what another was given",
    applies=BEGINNING,
    spares=(HEDGE, REPAIR),
    needs=(*_COSTS, "money.purse.used"),
    reads=("money.budget",),
)
def budget(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    purse = known(facts.money.purse, "what is reserved")
    used = known(purse.used, "what the book has used of its budget")
    cost = cost_of(facts, plan, used.currency)
    most = Money(parameters.money.budget, used.currency)
    return f"it costs {cost} on top of {used}, and the budget is {most}" if most < used + cost else None


@of_the_order(
    "what-if",
    "no entry the broker would call for margin on",
    applies=(ENTRY,),
    needs=("money.what_if",),
    reads=("money.margin_cushion_pct",),
)
def what_if(facts: Facts, plan: Plan, parameters: RiskParameters) -> str | None:
    impact = known(facts.money.what_if, "the broker's word on the margin")
    equity, margin = impact.equity_with_loan_after, impact.initial_after
    cushion = parameters.money.margin_cushion_pct
    if _in(equity, margin.currency) < margin * (1 + to_decimal(cushion) / 100):
        return f"the margin would be {margin} of an equity of {equity}, and {cushion:g}% more must be there"
    return None


def cost_of(facts: Facts, plan: Plan, currency: str) -> Money:
    """The plan at worst."""
    costs = known(facts.money.costs, "what it may cost")
    if len(costs) != len(plan.proposals):
        raise NotKnown("what each order may cost is not known")
    return sum((_in(cost, currency) for cost in costs), Money(0, currency))


def _in(amount: Money, currency: str) -> Money:
    if amount.currency != currency and amount.amount:
        raise NotKnown(f"what {amount} are in {currency} is not known")
    return Money(amount.amount, currency)


def _purse_reserved(facts: Facts) -> Money | None:
    return known(facts.money.purse, "what is reserved").reserved


def _account(facts: Facts, parameters: RiskParameters) -> AccountValues:
    values = known(facts.money.account, "what the account is worth")
    age, most = (facts.now - values.at).total_seconds(), parameters.money.account_age_s
    if age > most:
        raise NotKnown(
            f"what the account is worth was told {age:.0f} s ago, {most:g} s is the most, so it is not known"
        )
    return values
