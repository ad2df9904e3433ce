"""What the house says: modes, panic, pauses, halts."""

from decimal import Decimal

from gamma_scalper.domain.orders import Purpose
from gamma_scalper.risk.facts import Facts, NotKnown, known
from gamma_scalper.risk.guard import (
    ALL_BUT_FLATTEN,
    ENTRY,
    EXIT,
    FLATTEN,
    HEDGE,
    REPAIR,
    of_the_moment,
)
from gamma_scalper.risk.modes import CAPS
from gamma_scalper.risk.parameters import RiskParameters


def _capped(facts: Facts, purpose: Purpose) -> str | None:
    mode = known(facts.governance.mode, "the mode")
    return None if purpose in CAPS[mode] else f"the mode is {mode.name}"


@of_the_moment("mode: entries", "no new risk unless all is well", applies=(ENTRY,), needs=("governance.mode",))
def mode_of_entries(facts: Facts, parameters: RiskParameters) -> str | None:
    return _capped(facts, ENTRY)


@of_the_moment(
    "mode: going on",
    "nothing is traded by the strategy while we only look on, or flatten",
    applies=(HEDGE, REPAIR, EXIT),
    needs=("governance.mode",),
    lamp="yellow",  # why it is so may well be red
)
def mode_of_going_on(facts: Facts, parameters: RiskParameters) -> str | None:
    return _capped(facts, HEDGE)


@of_the_moment(
    "mode: flattening", "nothing at all is traded while we only look on", applies=(FLATTEN,), needs=("governance.mode",)
)
def mode_of_flattening(facts: Facts, parameters: RiskParameters) -> str | None:
    return _capped(facts, FLATTEN)


@of_the_moment(
    "panic file",
    "whoever can write a file can stop everything but the flattening",
    applies=ALL_BUT_FLATTEN,
    needs=("house.panic",),
    lamp="red",
)
def panic_file(facts: Facts, parameters: RiskParameters) -> str | None:
    return "a panic file lies there" if known(facts.house.panic, "whether a panic file lies there") else None


@of_the_moment(
    "pause",
    "a person wants no new orders of the strategy; what mends or ends a position goes on",
    applies=(ENTRY, HEDGE),
    needs=("governance.paused",),
    lamp="yellow",
)
def pause(facts: Facts, parameters: RiskParameters) -> str | None:
    why = known(facts.governance.paused, "whether the book is paused")
    return f"paused: {why}" if why else None


@of_the_moment(
    "halt",
    "after a breaker nothing but what reduces, until a person lifts it",
    applies=(ENTRY, HEDGE, REPAIR),
    spares=(HEDGE, REPAIR),
    needs=("governance.halts",),
    lamp="red",
)
def halt(facts: Facts, parameters: RiskParameters) -> str | None:
    halts = known(facts.governance.halts, "which breakers are open")
    return "; ".join(f"halted by {each.breaker}: {each.why}" for each in halts) or None


# -- losses ------------------------------------------------------------------------------------------------------------


@of_the_moment(
    "daily loss",
    "a day's loss ends the day; reaching it is a decision to exit",
    applies=(ENTRY, HEDGE, REPAIR),
    spares=(HEDGE, REPAIR),
    needs=("governance.marked_at", "governance.profit_today"),
    reads=("loss.max_daily_loss", "loss.mark_age_s"),
    lamp="red",
    lamp_in_session=True,  # nothing is marked while nothing is quoted
)
def daily_loss(facts: Facts, parameters: RiskParameters) -> str | None:
    lost = -_marked(facts, parameters, facts.governance.profit_today, "today's profit")
    most = parameters.loss.max_daily_loss
    return f"{lost:.2f} lost today, and {most} is the most" if lost >= most else None


@of_the_moment(
    "drawdown",
    "a slow loss ends trading too; reaching it is a decision to exit",
    applies=(ENTRY, HEDGE, REPAIR),
    spares=(HEDGE, REPAIR),
    needs=("governance.marked_at", "governance.drawdown"),
    reads=("loss.max_drawdown", "loss.mark_age_s"),
    lamp="red",
    lamp_in_session=True,
)
def drawdown(facts: Facts, parameters: RiskParameters) -> str | None:
    fallen = _marked(facts, parameters, facts.governance.drawdown, "the drawdown")
    most = parameters.loss.max_drawdown
    return f"{fallen:.2f} below the highest equity, and {most} is the most" if fallen >= most else None


def _marked(facts: Facts, parameters: RiskParameters, figure: Decimal | None, what: str) -> Decimal:
    """A figure from the marks; what the book was worth a while ago says nothing of what it has lost by now."""
    amount = known(figure, what)
    age = (facts.now - known(facts.governance.marked_at, "when the book was last marked")).total_seconds()
    most = parameters.loss.mark_age_s
    if age > most:
        raise NotKnown(f"the book was last marked {age:.0f} s ago, {most:g} s is the most, so {what} is not known")
    return amount
