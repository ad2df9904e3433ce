"""The one question: what may happen now, and may this plan? The only place that makes an `Approved`."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from attrs import frozen

from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import Purpose
from gamma_scalper.domain.proposals import Approved, Plan, Refusal, Refused
from gamma_scalper.risk.facts import Facts, NotKnown
from gamma_scalper.risk.guard import FLATTEN, Guard, MomentGuard, OrderGuard
from gamma_scalper.risk.measures import is_orphan, only_reduces
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.risk.registry import GUARDS, MOMENT_GUARDS, Said, said_now


class Asked(NamedTuple):
    """The guards that a plan has to pass."""

    of_the_moment: tuple[MomentGuard, ...]
    of_the_order: tuple[OrderGuard, ...]

    def refusals(self, facts: Facts, plan: Plan, parameters: RiskParameters) -> tuple[Refusal, ...]:
        """All of them, in the guards' order."""
        answers = [
            *(guard.refusal(facts, parameters) for guard in self.of_the_moment),
            *(guard.refusal(facts, plan, parameters) for guard in self.of_the_order),
        ]
        return tuple(answer for answer in answers if answer is not None)


def to_be_asked(guards: Iterable[Guard], purpose: Purpose, reducing: bool) -> Asked:
    """Those of the guards that a plan of this purpose does not pass by."""
    concerned = [
        guard for guard in guards if purpose in guard.rule.applies and not (reducing and purpose in guard.rule.spares)
    ]
    return Asked(
        tuple(guard for guard in concerned if isinstance(guard, MomentGuard)),
        tuple(guard for guard in concerned if isinstance(guard, OrderGuard)),
    )


# (purpose, whether the plan only reduces) -> the guards it has to pass
_ASKED = {
    (purpose, reducing): to_be_asked(GUARDS, purpose, reducing) for purpose in Purpose for reducing in (False, True)
}


_BY_NAME = {guard.rule.name: guard for guard in MOMENT_GUARDS}


@frozen
class Permit:
    """What may happen now at all; an order is asked about by `approve`."""

    refusals: Mapping[Purpose, tuple[Refusal, ...]]  # none: allowed
    unless_reducing: Mapping[Purpose, tuple[Refusal, ...]]  # those of them that a plan which only reduces passes

    def allowed(self, purpose: Purpose) -> bool:
        return not self.refusals[purpose]

    def reducing_allowed(self, purpose: Purpose) -> bool:
        """A plan of this purpose may pass if it does nothing but shrink what is held."""
        return len(self.refusals[purpose]) == len(self.unless_reducing[purpose])

    @property
    def purposes(self) -> tuple[Purpose, ...]:
        """Those allowed."""
        return tuple(purpose for purpose in Purpose if self.allowed(purpose))


def permit(facts: Facts, parameters: RiskParameters, said: Said | None = None) -> Permit:
    """Every rule of the moment; `said` is their answers, where they were asked already."""
    answers = said_now(facts, parameters) if said is None else said
    refusals: dict[Purpose, list[Refusal]] = {purpose: [] for purpose in Purpose}
    spared: dict[Purpose, list[Refusal]] = {purpose: [] for purpose in Purpose}
    for name, refusal in answers.items():  # in the guards' order
        guard = _BY_NAME[name]
        for purpose in guard.rule.applies:
            refusals[purpose].append(refusal)
        for purpose in guard.rule.spares:
            spared[purpose].append(refusal)
    if _known_orphan(facts):
        # Reducing orphaned shares is always allowed, so it is asked for as flattening is, whatever it is called.
        for purpose in (Purpose.HEDGE, Purpose.EXIT):
            refusals[purpose], spared[purpose] = refusals[FLATTEN], spared[FLATTEN]
    return Permit(
        {purpose: tuple(each) for purpose, each in refusals.items()},
        {purpose: tuple(each) for purpose, each in spared.items()},
    )


def approve(facts: Facts, plan: Plan, parameters: RiskParameters) -> Approved | Refused:
    """Every rule of the moment and of the order that applies to this plan; all their refusals, or the approval."""
    reducing = known_to_reduce(facts, plan)
    refusals = _ASKED[judged_as(facts, plan, reducing), reducing].refusals(facts, plan, parameters)
    if refusals:
        return Refused(refusals)
    return Approved(plan=plan, at=facts.now, reserved=_reserved(facts, plan, reducing))


def judged_as(facts: Facts, plan: Plan, reducing: bool) -> Purpose:
    """A plan's own purpose, but that of flattening where it only reduces orphaned shares."""
    if reducing and plan.purpose in (Purpose.HEDGE, Purpose.EXIT) and _known_orphan(facts):
        return FLATTEN
    return plan.purpose


def _reserved(facts: Facts, plan: Plan, reducing: bool) -> tuple[Money, ...]:
    """What was reckoned; nothing for what only reduces, which no lack of money may stop."""
    costs = facts.money.costs
    if not reducing and costs is not None and len(costs) == len(plan.proposals):
        return costs
    return tuple(Money(0, proposal.instrument.currency) for proposal in plan.proposals)


def _known_orphan(facts: Facts) -> bool:
    try:
        return is_orphan(facts)
    except NotKnown:
        return False


def known_to_reduce(facts: Facts, plan: Plan) -> bool:
    """Where a fact is missing it does not count as reducing."""
    try:
        return only_reduces(facts, plan)
    except NotKnown:
        return False
