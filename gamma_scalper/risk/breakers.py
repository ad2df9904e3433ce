"""Which breakers trip now. A loss limit is a decision to exit, and stays one until a person lifts the halt."""

from gamma_scalper.domain.entries import Halted
from gamma_scalper.risk.facts import Facts, NotKnown
from gamma_scalper.risk.guard import MomentGuard
from gamma_scalper.risk.guards.house import daily_loss, drawdown
from gamma_scalper.risk.parameters import RiskParameters

LOSSES: tuple[MomentGuard, ...] = (daily_loss, drawdown)


def tripped(facts: Facts, parameters: RiskParameters) -> tuple[Halted, ...]:
    """The halts to be written now: of losses that are reached for certain and not halted on yet."""
    latched = {halt.breaker for halt in facts.governance.halts or ()}
    found = []
    for guard in LOSSES:
        why = None if guard.rule.name in latched else _reached(guard, facts, parameters)
        if why:
            found.append(Halted(guard.rule.name, why))
    return tuple(found)


def must_exit(facts: Facts, parameters: RiskParameters) -> str | None:
    """Why the position has to be ended, if it has to be."""
    names = {guard.rule.name for guard in LOSSES}
    latched = [halt for halt in facts.governance.halts or () if halt.breaker in names]
    return "; ".join(f"{halt.breaker}: {halt.why}" for halt in (*latched, *tripped(facts, parameters))) or None


def _reached(guard: MomentGuard, facts: Facts, parameters: RiskParameters) -> str | None:
    try:
        return guard.check(facts, parameters)
    except NotKnown:
        return None  # no reason to sell; the guard refuses anything new meanwhile
