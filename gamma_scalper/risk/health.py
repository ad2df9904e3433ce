"""The lamp: green, yellow or red, with reasons, from the same guards that refuse orders."""

import enum
from collections.abc import Iterator

from attrs import frozen

from gamma_scalper.risk.facts import Facts, NotKnown
from gamma_scalper.risk.measures import is_open, is_orphan, name_of, options_held
from gamma_scalper.risk.parameters import RiskParameters
from gamma_scalper.risk.registry import MOMENT_GUARDS, Said, said_now

_BY_NAME = {guard.rule.name: guard for guard in MOMENT_GUARDS}


class Lamp(enum.Enum):
    GREEN = "green"
    YELLOW = "yellow"  # a person may want to look
    RED = "red"  # a person should look


@frozen
class Health:
    lamp: Lamp
    red: tuple[str, ...] = ()
    yellow: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The worst first."""
        return (*self.red, *self.yellow)


def health(facts: Facts, parameters: RiskParameters, said: Said | None = None) -> Health:
    """Everyday refusals (a cooldown, a closed market) leave the lamp green. `said` is as for the permit."""
    answers = said_now(facts, parameters) if said is None else said
    reasons: dict[str, list[str]] = {"red": [], "yellow": list(_notices(facts))}
    closed = _known_to_be_closed(facts)
    for name, refusal in answers.items():
        guard = _BY_NAME[name]
        if guard.lamp and not (guard.lamp_in_session and closed):
            reasons[guard.lamp].append(f"{refusal.guard}: {refusal.why}")
    lamp = Lamp.RED if reasons["red"] else Lamp.YELLOW if reasons["yellow"] else Lamp.GREEN
    return Health(lamp, tuple(reasons["red"]), tuple(reasons["yellow"]))


def _known_to_be_closed(facts: Facts) -> bool:
    try:
        return not is_open(facts, facts.book.underlying.con_id)
    except NotKnown:
        return False


def _notices(facts: Facts) -> Iterator[str]:
    """What refuses nothing, and yet should be seen."""
    if facts.governance.rejections:
        yield f"{facts.governance.rejections} orders in a row were rejected"
    if facts.book.holdings is None:
        return
    if is_orphan(facts):
        yield "shares are left without options; reducing them is allowed"
    legs = facts.delta.legs or {}
    for option, _ in options_held(facts):
        leg = legs.get(option.con_id)
        if leg is not None and leg.broker is None:
            yield f"the broker gives no delta of {name_of(facts, option.con_id)} to compare ours with"
