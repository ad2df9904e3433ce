"""What went wrong in a session, for a person: the violations, the smallest schedule, and how to play it again."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from staging.plan import AT_ORDER, Mishap, Plan, Trouble

from gamma_scalper.exchange.faults import ABOUT, Kind
from proving.outcome import Outcome
from proving.shrink import Shrunk

COMMAND = "uv run python tests/campaigns/run.py"
_NEW_YORK = ZoneInfo("America/New_York")
_MEANINGS = {
    Mishap.DEATH: "killed at its {amount:.0f}th moment from then on, started again {duration:g} s later",
    Mishap.TORN_DEATH: "killed at its {amount:.0f}th moment from then on, its last write torn; {duration:g} s",
    Mishap.DISK_FULL: "the disk is full",
    Mishap.GATEWAY_RESTART: "the gateway restarts",
    Mishap.CLOCK_JUMP: "our own clock is set forward by {amount:g} s",
    Mishap.PERSON_PAUSES: "a person pauses everything",
    Mishap.PERSON_FLATTENS: "a person has book one flattened",
    Mishap.PERSON_STOPS: "a person stops the program, and starts it again {duration:g} s later",
    Mishap.PERSON_PANICS: "a person panics, and lifts it afterwards",
}


def told(outcome: Outcome, shrunk: Shrunk | None, original: Plan, protection: str = "") -> Iterator[str]:
    """Lines."""
    yield f"seed {outcome.seed}: {len(outcome.violations)} violations"
    violations = outcome.violations if shrunk is None else shrunk.violations
    yield from (f"  - {each}" for each in violations)
    off = f" --without {protection}" if protection else ""
    if shrunk is None:
        yield f"  again: {COMMAND} --replay {outcome.seed}{off}"
        return
    yield f"  smallest plan found, after {shrunk.plays} plays:"
    yield from (f"    {line}" for line in schedule(shrunk.plan))
    numbers = ",".join(map(str, shrunk.numbers)) or "none"
    only = f" --only {numbers}" if len(shrunk.numbers) < len(original.troubles) else ""
    yield f"  again, with as many troubles: {COMMAND} --replay {outcome.seed}{only}{off}"


def schedule(plan: Plan) -> Iterator[str]:
    """In words, the time New York's."""
    books = " and ".join(f"a book ({', '.join(settings) or 'no settings'})" for settings in plan.books)
    yield f"{_clock(plan.start)} the session begins with {books}, {plan.cash} dollars and a vol of {plan.vol:g}"
    if plan.short_call:
        yield "the account has sold a call of its own"
    if plan.night is not None:
        yield f"a night follows, the program {'stopped or dead' if plan.asleep else 'awake'} in it"
    happenings = [(plan.moment(minute), f"the shares jump by {percent:+.2f}%") for minute, percent in plan.jumps]
    happenings += [(plan.when(each), in_words(each)) for each in plan.troubles]
    for at, what in sorted(happenings):
        yield f"{_clock(at)} {what}"


def in_words(trouble: Trouble) -> str:
    if isinstance(trouble.kind, Mishap):
        meaning = _MEANINGS[trouble.kind].format(amount=trouble.amount, duration=trouble.duration_s)
        meaning = meaning.replace("from then on", "from the next order on") if trouble.target == AT_ORDER else meaning
        timed = trouble.duration_s and "{duration" not in _MEANINGS[trouble.kind]
    else:
        meaning, timed = ABOUT[trouble.kind].meaning, trouble.duration_s
        meant = ABOUT[trouble.kind].amount
        if meant is not None and isinstance(trouble.kind, Kind):
            meaning += f"; {trouble.amount:g} {meant.meaning}"
    return f"{trouble.kind}: {meaning}" + (f", for {trouble.duration_s:g} s" if timed else "")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(_NEW_YORK):%a %H:%M:%S}"
