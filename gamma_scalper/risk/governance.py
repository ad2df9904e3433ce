"""What must survive a restart: mode, pauses, halts, the day's counters, marks. A fold over the journal, like all state.

Every map is by book; "" is the house, whose pauses and halts hold for all books.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar

from attrs import evolve, field, frozen
from immutables import Map

from gamma_scalper.domain.entries import (
    DayBegan,
    Dispatched,
    Elapsed,
    Entry,
    Halted,
    HaltLifted,
    Marked,
    Mode,
    ModeChanged,
    NotSent,
    Ordered,
    Paused,
    Restarted,
    Unpaused,
)
from gamma_scalper.domain.fills import Commission, Fill
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.orders import Intent, IntentId, Limit, Purpose
from gamma_scalper.domain.ports import OrderReport, Standing
from gamma_scalper.domain.strategy_entries import Instructed
from gamma_scalper.risk.facts import GovernanceFacts, HedgeRecord
from gamma_scalper.risk.modes import strictest
from gamma_scalper.risk.parameters import LONGEST_WINDOW_S, MOST_MARKS, RiskParameters

K = TypeVar("K")
V = TypeVar("V")

HOUSE = ""
BY_HEALTH = "health"  # who changed the mode, where it was no person; see `mode_watch`
BY_PANIC = "panic"  # the same, where a panic file was found
_PEAK_MARKS = 3  # an equity is a peak once so many marks in a row reach it
_NONE = Decimal(0)
_LONGEST_WINDOW = timedelta(seconds=LONGEST_WINDOW_S)


@frozen
class Marks:
    """A book's newest marks, the newest last, and the highest equity that was more than one odd quote."""

    profits: tuple[Decimal, ...] = ()  # of today
    equities: tuple[Decimal, ...] = ()
    peak: Decimal | None = None
    opened: Decimal = Decimal(0)  # the equity when the day began
    at: datetime | None = None  # of the newest


@frozen
class Rejections:
    """In a row; a fill ends the row."""

    count: int = 0
    last: str = ""  # the orderRef, since a rejection may be told twice


class Exercises(NamedTuple):
    """Of one option: what a morning's account shows of them is the book's own doing."""

    asked_at: datetime
    contracts: Decimal


@frozen
class Governance:
    """The house's memory of itself; of a new journal, nothing."""

    modes: Map[str, Mode] = field(factory=Map)
    chosen: Map[str, Mode] = field(factory=Map)  # by a person
    panicked: bool = False  # the house's mode is of a panic, until a person ends it
    pauses: Map[str, str] = field(factory=Map)  # book -> why, and by whom
    halts: Map[tuple[str, str], Halted] = field(factory=Map)  # (book, breaker) -> the halt
    day: date | None = None
    hedging: Map[str, HedgeRecord] = field(factory=Map)
    unsent_hedges: Map[IntentId, Decimal | None] = field(factory=Map)  # first intent of a hedge -> its price
    ordered: Map[str, tuple[datetime, ...]] = field(factory=Map)  # book -> moments, one an order, newest last
    marks: Map[str, Marks] = field(factory=Map)
    rejections: Map[str, Rejections] = field(factory=Map)
    instructed: Map[tuple[str, int], Decimal] = field(factory=Map)  # (book, conId) -> exercised today, early
    exercises: Map[tuple[str, int], Exercises] = field(factory=Map)  # (book, conId) -> the newest that were sent

    def opened(self, book: str) -> Decimal:
        """What a book was worth when the day began."""
        return self.marks.get(book, Marks()).opened


def govern(state: Governance, book: str, entry: Entry, at: datetime) -> Governance:
    """The state after one row of the journal. Most rows change nothing here; the frequent ones are looked at first."""
    match entry:
        case Fill():
            ours = entry.intent is not None and book in state.rejections
            return evolve(state, rejections=state.rejections.delete(book)) if ours else state
        case OrderReport():
            return _rejected(state, book, entry.order_ref) if entry.standing is Standing.REJECTED else state
        case Commission() | Elapsed():
            return state
        case Dispatched():
            return _hedged(state, entry.intent, at) if entry.intent in state.unsent_hedges else state
        case Ordered():
            return _ordered(state, book, entry, at)
        case Marked():
            return evolve(state, marks=state.marks.set(book, _marked(state.marks.get(book, Marks()), entry, at)))
        case NotSent():
            return evolve(state, unsent_hedges=_without(state.unsent_hedges, entry.intent))
        case Restarted():
            for intent in sorted(intent for intent in state.unsent_hedges if intent.book == book):
                state = _hedged(state, intent, at)  # it may have been sent, so it counts
            return state
        case Instructed() if not entry.refused:
            return _instructed(state, (book, entry.option.con_id), entry.contracts, at)
        case DayBegan():
            return state if entry.day == state.day else _new_day(state, entry.day)
    return _decided(state, book, entry)


def _decided(state: Governance, book: str, entry: Entry) -> Governance:
    """What a person, a breaker or health decided."""
    match entry:
        case ModeChanged():
            return _mode_changed(state, book, entry)
        case Paused():
            return evolve(state, pauses=state.pauses.set(book, f"{entry.why}, by {entry.by}"))
        case Unpaused():
            return evolve(state, pauses=_without(state.pauses, book))
        case Halted():
            key = (book, entry.breaker)  # the first reason stands: the later ones may follow from it
            return state if key in state.halts else evolve(state, halts=state.halts.set(key, entry))
        case HaltLifted():
            return evolve(state, halts=_without(state.halts, (book, entry.breaker)))
    return state


def _instructed(state: Governance, of: tuple[str, int], contracts: Decimal, at: datetime) -> Governance:
    today = state.instructed.get(of, _NONE) + contracts
    exercises = state.exercises.set(of, Exercises(at, today))
    return evolve(state, instructed=state.instructed.set(of, today), exercises=exercises)


def _mode_changed(state: Governance, book: str, entry: ModeChanged) -> Governance:
    """A person's word is remembered beside the mode, so that health and panic can return to it."""
    state = evolve(state, modes=state.modes.set(book, entry.mode))
    if entry.by == BY_HEALTH:
        return state
    panicked = entry.by == BY_PANIC if book == HOUSE else state.panicked
    chosen = state.chosen if entry.by == BY_PANIC else state.chosen.set(book, entry.mode)
    return evolve(state, chosen=chosen, panicked=panicked)


def facts_of(state: Governance, book: str, now: datetime, parameters: RiskParameters) -> GovernanceFacts:
    """What a book's guards may know of it."""
    marks = state.marks.get(book, Marks())
    in_a_row = parameters.loss.marks_in_a_row
    since = now - timedelta(seconds=parameters.pace.window_s)
    return GovernanceFacts(
        mode=_mode(state, book),
        paused="; ".join(state.pauses[each] for each in (HOUSE, book) if each in state.pauses),
        halts=tuple(state.halts[key] for key in sorted(state.halts) if key[0] in (HOUSE, book)),
        hedging=state.hedging.get(book, HedgeRecord()),
        orders_lately=sum(moment > since for moment in state.ordered.get(book, ())),
        marked_at=marks.at,
        profit_today=max(marks.profits[-in_a_row:], default=None),
        drawdown=_drawdown(marks, in_a_row),
        rejections=state.rejections.get(book, Rejections()).count,
        instructed={con_id: contracts for (name, con_id), contracts in state.instructed.items() if name == book},
    )


# -- steps -------------------------------------------------------------------------------------------------------------


def _mode(state: Governance, book: str) -> Mode | None:
    """The house's, or the book's own where that allows less; none was ever set: not known. A panic sells every book."""
    if HOUSE not in state.modes:
        return None
    if state.panicked:
        return Mode.EMERGENCY
    return strictest(state.modes[HOUSE], state.modes.get(book, state.modes[HOUSE]))


def _new_day(state: Governance, day: date) -> Governance:
    """Counters start at nothing; halts, pauses, the mode and the highest equity stay."""
    hedging = {book: evolve(record, today=0) for book, record in sorted(state.hedging.items())}
    marks = {
        book: evolve(each, profits=(), opened=each.equities[-1] if each.equities else each.opened)
        for book, each in sorted(state.marks.items())
    }
    return evolve(state, day=day, hedging=Map(hedging), marks=Map(marks), instructed=Map())


def _marked(marks: Marks, entry: Marked, at: datetime) -> Marks:
    equities = (*marks.equities, entry.equity)[-MOST_MARKS:]
    reached = min(equities[-_PEAK_MARKS:])
    return Marks(
        profits=(*marks.profits, entry.profit_today)[-MOST_MARKS:],
        equities=equities,
        peak=reached if marks.peak is None else max(marks.peak, reached),
        opened=marks.opened,
        at=at,
    )


def _drawdown(marks: Marks, in_a_row: int) -> Decimal | None:
    """The least of the last marks', so that all of them must show it."""
    if marks.peak is None:
        return None
    return max(marks.peak - max(marks.equities[-in_a_row:]), Decimal(0))


def _ordered(state: Governance, book: str, entry: Ordered, at: datetime) -> Governance:
    lately = [moment for moment in state.ordered.get(book, ()) if moment > at - _LONGEST_WINDOW]
    state = evolve(state, ordered=state.ordered.set(book, (*lately, *(at for _ in entry.intents))))
    first = entry.intents[0]
    if first.purpose is not Purpose.HEDGE:
        return state
    return evolve(state, unsent_hedges=state.unsent_hedges.set(first.id, _price(first, entry)))


def _price(intent: Intent, entry: Ordered) -> Decimal | None:
    """At what price it is hedged: the limit, or the middle of the quote it was decided on."""
    if isinstance(intent.pricing, Limit):
        return intent.pricing.price
    con_id = getattr(intent.instrument, "con_id", None)
    mids = (to_decimal(quote.mid) for quote in entry.quotes if quote.con_id == con_id and quote.usable)
    return next(mids, None)


def _hedged(state: Governance, intent: IntentId, at: datetime) -> Governance:
    """A hedge counts once it was handed over, all its parts as one."""
    before = state.hedging.get(intent.book, HedgeRecord())
    record = HedgeRecord(today=before.today + 1, last_at=at, last_price=state.unsent_hedges[intent])
    return evolve(
        state,
        hedging=state.hedging.set(intent.book, record),
        unsent_hedges=state.unsent_hedges.delete(intent),
    )


def _rejected(state: Governance, book: str, order_ref: str) -> Governance:
    before = state.rejections.get(book, Rejections())
    if before.last == order_ref:
        return state
    return evolve(state, rejections=state.rejections.set(book, Rejections(before.count + 1, order_ref)))


def _without(each: "Map[K, V]", key: K) -> "Map[K, V]":
    return each.delete(key) if key in each else each
