"""What is looked at once more between a decision's being durable and its being sent: all that changes in a moment."""

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Plan, Refusal
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.guards import hours, house, prices, quotes, records
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.risk.permit import Asked, judged_as, known_to_reduce, to_be_asked

GUARDS = (
    house.mode_of_entries,
    house.mode_of_going_on,
    house.mode_of_flattening,
    house.panic_file,
    house.pause,
    house.halt,
    house.daily_loss,
    house.drawdown,
    records.link,
    records.reconciled,
    records.reconciled_in_these,
    records.unknown_order,
    records.unknown_order_in_these,
    hours.restart_blackout,
    hours.in_session,
    hours.trading_halt,
    quotes.quote_age,
    quotes.quote_age_of_flattening,
    quotes.true_quotes,
    prices.price_collar,
    prices.price_collar_of_flattening,
)

_ASKED: dict[tuple[Purpose, bool], Asked] = {
    (purpose, reducing): to_be_asked(GUARDS, purpose, reducing) for purpose in Purpose for reducing in (False, True)
}


def last_look(facts: Facts, plan: Plan, parameters: RiskParameters) -> tuple[Refusal, ...]:
    """What speaks against sending this one order now, although it was approved a moment ago, or minutes ago as a part.

    The order itself is not among `facts.book.live`; whether it only reduces is reckoned by what is held now.
    """
    reducing = known_to_reduce(facts, plan)
    return _ASKED[judged_as(facts, plan, reducing), reducing].refusals(facts, plan, parameters)
