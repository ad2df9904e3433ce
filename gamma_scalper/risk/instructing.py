"""Whether options may be exercised before their time: judged as an exit, on what it makes of the position."""

from decimal import Decimal

from attrs import evolve

from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.risk.facts import Facts, NotKnown, known
from gamma_scalper.risk.measures import held, in_words, options_held, shares_held
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.risk.permit import permit


def may_instruct(facts: Facts, option: Option, contracts: int, parameters: RiskParameters) -> tuple[Refusal, ...]:
    """What speaks against it now; nothing where it may be instructed."""
    refusals = list(permit(facts, parameters).refusals[Purpose.EXIT])
    for guard, rule in (("only reduces", _too_many), ("nothing naked", _uncovered)):
        try:
            why = rule(facts, option, contracts)
        except NotKnown as missing:
            why = str(missing)
        if why:
            refusals.append(Refusal(guard, why))
    return tuple(refusals)


def unwritten(facts: Facts, option: Option, contracts: int) -> Facts:
    """As if an instruction that stands in the journal were not there yet: what is asked last is not in its own way."""
    governance = facts.governance
    done = known(governance.instructed, "what was exercised today")
    left = done.get(option.con_id, Decimal(0)) - contracts
    return evolve(facts, governance=evolve(governance, instructed={**done, option.con_id: left}))


def _too_many(facts: Facts, option: Option, contracts: int) -> str:
    """What was instructed today is held until the night, and not a second time."""
    done = known(facts.governance.instructed, "what was exercised today").get(option.con_id, Decimal(0))
    ours = held(facts, option.con_id) - done
    if contracts <= ours:
        return ""
    return f"{contracts} of {in_words(option)} to be exercised, and {ours:f} are held and not exercised yet"


def _uncovered(facts: Facts, option: Option, contracts: int) -> str:
    """Puts sell shares, which must be there or be covered by calls; calls become the shares they stood for."""
    if option.right == "C":
        return ""
    calls = (quantity * each.multiplier for each, quantity in options_held(facts) if each.right == "C")
    before = shares_held(facts) + sum(calls, Decimal(0))
    left = before - contracts * option.multiplier
    return f"it leaves {-left} shares short, without cover" if left < min(before, Decimal(0)) else ""
