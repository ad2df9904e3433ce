"""No order without a permit, as far as the rows themselves tell what was permitted when it was written down."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from staging.plan import OUTAGES, Mishap

from gamma_scalper.domain.entries import (
    AmendAsked,
    Dispatched,
    Halted,
    HaltLifted,
    Mode,
    ModeChanged,
    Ordered,
    Paused,
    PermitChanged,
    Reconciled,
    RecordsRead,
    SessionBegan,
    Unpaused,
)
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent, Purpose
from gamma_scalper.domain.ports import Link, LinkReport, OrderReport
from judging.evidence import Evidence

CAPS = {  # as docs/risk.md has them
    Mode.LIVE: set(Purpose),
    Mode.DEGRADED: {Purpose.HEDGE, Purpose.REPAIR, Purpose.EXIT, Purpose.FLATTEN},
    Mode.OBSERVE: set[Purpose](),
    Mode.EMERGENCY: {Purpose.FLATTEN},
}
_HOUSE = ""
_LOOKED, _TOLD = timedelta(seconds=2), timedelta(seconds=1)
_GOING_ON = {Purpose.HEDGE, Purpose.REPAIR, Purpose.EXIT}
_LASTING = {  # guards whose answer is no matter of a new quote: when it changes, the governor looks within a second
    "link": set(Purpose),
    "reconciled": {Purpose.ENTRY, *_GOING_ON},
    "unknown order": {Purpose.ENTRY, *_GOING_ON},
    "panic file": {Purpose.ENTRY, *_GOING_ON},
    "pause": {Purpose.ENTRY, Purpose.HEDGE},
    "mode: going on": _GOING_ON,
    "mode: entries": {Purpose.ENTRY},
}


class Rules:
    """What was in force after the rows so far."""

    def __init__(self) -> None:
        self.modes: dict[str, Mode] = {}
        self.panicked = False
        self.paused: set[str] = set()
        self.halts: set[tuple[str, str]] = set()
        self.link = Link.DOWN
        self.unexplained: set[int] = set()
        self.permits: dict[str, tuple[datetime, PermitChanged]] = {}
        self.asked_after: set[str] = set()  # books that have heard of their orders since their permit

    def take(self, book: str, entry: object, at: datetime) -> None:
        match entry:
            case PermitChanged():
                self.permits[book] = at, entry
                self.asked_after.discard(book)
            case RecordsRead() | OrderReport() | Fill():
                self.asked_after.add(book)
            case ModeChanged(mode=mode, by=by):
                self.modes[book] = mode
                if book == _HOUSE and by != "health":
                    self.panicked = by == "panic"
            case Paused():
                self.paused.add(book)
            case Unpaused():
                self.paused.discard(book)
            case Halted(breaker=breaker):
                self.halts.add((book, breaker))
            case HaltLifted(breaker=breaker):
                self.halts.discard((book, breaker))
            case SessionBegan():
                self.link = Link.DOWN
                self.permits.clear()
            case LinkReport(link=link) if book == _HOUSE:
                self.link = link
                self.permits.clear()  # what was told before is about another link; the next look follows
            case Reconciled(unexplained=unexplained):
                self.unexplained = {each.instrument.con_id for each in unexplained}

    def bars(self, book: str, purpose: Purpose, con_ids: set[int], *, reduces: bool) -> Iterator[str]:
        """Why nothing of the kind may be ordered; `reduces`: it only shrinks what is held."""
        modes = [Mode.EMERGENCY] if self.panicked else [self.modes.get(each, Mode.LIVE) for each in (_HOUSE, book)]
        yield from (f"the mode was {mode.name}" for mode in modes if purpose not in CAPS[mode])
        if purpose in (Purpose.ENTRY, Purpose.HEDGE) and self.paused & {_HOUSE, book}:
            yield "it was paused"
        halts = sorted(breaker for of, breaker in self.halts if of in (_HOUSE, book))
        if halts and (purpose is Purpose.ENTRY or (purpose in (Purpose.HEDGE, Purpose.REPAIR) and not reduces)):
            yield f"it was halted by {', '.join(halts)}"
        if self.unexplained and (purpose is not Purpose.FLATTEN or self.unexplained & con_ids):
            yield f"books and account differed on {sorted(self.unexplained)}"
        if self.link is not Link.READY:
            yield f"the link was {self.link.value}"

    def was_told(self, book: str, purpose: Purpose, at: datetime) -> Iterator[str]:
        """By the newest permit that was written down, once it is older than any look at what it is made of."""
        since, permit = self.permits.get(book, (at, None))
        if permit is None or at - since < _LOOKED or purpose.value in permit.purposes:
            return
        guards = [refusal.guard for refusal in permit.refusals if purpose in _LASTING.get(refusal.guard, ())]
        if book in self.asked_after:  # the doubt may be over, and what had to wait for its end follows at once
            guards = [guard for guard in guards if guard != "unknown order"]
        if guards:
            yield f"the permit refused it for {', '.join(guards)}"


def of_the_permits(evidence: Evidence) -> Iterator[str]:
    """Asked when an order is written down, and once more when it is handed over."""
    rules = Rules()
    for place, row in enumerate(evidence.rows):
        match row.entry:
            case Ordered(intents=intents):
                for intent in intents:
                    yield from _barred(evidence, rules, place, place, intent, "ordered")
                first = intents[0]
                if not evidence.flattens(place, first):
                    told = rules.was_told(row.book, first.purpose, row.at)
                    yield from (f"{first.id} ({first.purpose.value}) was ordered though {why}" for why in told)
            case Dispatched(intent=id) if id in evidence.given:
                given = evidence.given[id]
                yield from _barred(evidence, rules, given.place, place, given.intent, "sent")
            case AmendAsked(intent=id) if id in evidence.given:
                given = evidence.given[id]
                yield from _barred(evidence, rules, given.place, place, given.intent, "amended")
        rules.take(row.book, row.entry, row.at)


def _barred(evidence: Evidence, rules: Rules, place: int, now: int, intent: Intent, what: str) -> Iterator[str]:
    purpose = Purpose.FLATTEN if evidence.flattens(place, intent) else intent.purpose
    con_ids = {leg.instrument.con_id for leg in legs_of(intent.instrument)}
    bars = rules.bars(evidence.rows[place].book, purpose, con_ids, reduces=evidence.reduces(place, intent))
    yield from (f"{intent.id} ({intent.purpose.value}) was {what} though {why}" for why in bars)
    if purpose is not Purpose.FLATTEN and _panic(evidence, now):
        yield f"{intent.id} ({intent.purpose.value}) was {what} while a panic file lay there"
    if _out_of_sight(evidence, now):
        yield f"{intent.id} ({intent.purpose.value}) was {what} while the gateway had lost its broker"


def _panic(evidence: Evidence, place: int) -> bool:
    """As the world knows, which put it there."""
    at = evidence.moments[place]
    panics = (each for each in evidence.plan.mishaps() if each.kind is Mishap.PERSON_PANICS)
    begun = ((evidence.plan.when(each), each.duration_s) for each in panics)
    return any(began < at < began + timedelta(seconds=lasts) for began, lasts in begun)


def _out_of_sight(evidence: Evidence, place: int) -> bool:
    """By the schedule: every connection is told at once, those made meanwhile as well."""
    at = evidence.moments[place]
    outages = (fault for fault in evidence.plan.faults() if fault.kind in OUTAGES)
    return any(fault.at + _TOLD < at < fault.ends for fault in outages)
