"""What is looked at once more between a decision's being durable and its being sent: all that changes in a moment."""

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.risk.facts import Facts
from gamma_scalper.risk.guards import house, records
from gamma_scalper.risk.parameters import RiskParameters

GUARDS = (
    house.mode_of_entries,
    house.mode_of_going_on,
    house.mode_of_flattening,
    house.panic_file,
    house.pause,
    house.halt,
    records.link,
)


def last_look(facts: Facts, purpose: Purpose, parameters: RiskParameters) -> tuple[Refusal, ...]:
    """What speaks against sending an order of this purpose now, although it was permitted a moment ago.

    A rule that spares what only reduces is not asked again: it may have spared this order.
    """
    concerned = (guard for guard in GUARDS if purpose in guard.rule.applies - guard.rule.spares)
    asked = (guard.refusal(facts, parameters) for guard in concerned)
    return tuple(refusal for refusal in asked if refusal is not None)
