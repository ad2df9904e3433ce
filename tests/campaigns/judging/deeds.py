"""What the program is for gets done: a system that never trades breaks no rule, and is of no use."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from staging.life import NAMES, books_of
from staging.plan import Mishap, Trouble
from theatre import SHARE

from gamma_scalper.domain.fills import execution_key
from gamma_scalper.domain.orders import IntentId, Purpose
from gamma_scalper.exchange.events import Executed
from gamma_scalper.exchange.faults import Kind
from judging.evidence import Evidence

_ZERO = Decimal(0)
_TO_ENTER = 2.5  # minutes in which nothing goes wrong; before a night there are but three
_ALONE = timedelta(minutes=4)  # before and after, in which nothing else goes wrong
_IN_THE_WAY = {Kind.LIQUIDATION, Kind.MANUAL_TRADE, Kind.ASSIGNMENT, Kind.PRESET_CHANGE}  # of flattening, for good
_HELD = {"straddle held", "straddle held without shares"}
MOST_DELTA = 40.0  # per straddle, that any policy leaves alone at the end of a calm


def of_the_deeds(evidence: Evidence, end: str) -> Iterator[str]:
    yield from _of_the_entries(evidence)
    yield from _of_what_is_sold(evidence)
    yield from _of_flattening(evidence, end)
    if end in _HELD:
        yield from _of_the_delta(evidence)


def trades_of(evidence: Evidence, book: str) -> Sequence[Executed]:
    """By the names of its orders, as the exchange has them; the last word on each."""
    ours = (each for each in evidence.executed if (id := IntentId.parse(each.order_ref)) and id.book == book)
    return [evidence.corrected[execution_key(each.exec_id)] for each in ours]


def _of_the_entries(evidence: Evidence) -> Iterator[str]:
    """Every book enters; where cash is short, one of them."""
    plan = evidence.plan
    if any(each.minute < _TO_ENTER for each in plan.troubles):
        return
    until = plan.moment(_TO_ENTER)
    entered = {
        id.book for id, each in evidence.given.items() if each.intent.purpose is Purpose.ENTRY and each.at < until
    }
    wanted = len(plan.books) if plan.cash == 200_000 else 1
    if len(entered) < wanted:
        yield f"after {_TO_ENTER:g} minutes in which nothing went wrong {len(entered)} of {wanted} books have entered"


def _of_what_is_sold(evidence: Evidence) -> Iterator[str]:
    """A book never sells more of an option than it has bought, and what flattens turns no shares round."""
    for book in NAMES[: len(evidence.plan.books)]:
        held: defaultdict[int, Decimal] = defaultdict(Decimal)
        for each in trades_of(evidence, book):
            assert each.con_id is not None
            before = held[each.con_id]
            held[each.con_id] += each.signed_quantity
            if each.con_id != SHARE.con_id and held[each.con_id] < 0:
                yield f"{each.order_ref} sold {-held[each.con_id]} of {each.con_id} that {book} did not have"
            given = evidence.given.get(IntentId.parse(each.order_ref) or IntentId("nobody", 1))
            flattens = given is not None and given.intent.purpose is Purpose.FLATTEN
            if flattens and abs(held[each.con_id]) > abs(before) and not _outsiders(evidence, each.con_id):
                yield f"{each.order_ref} was to flatten, and took {each.con_id} from {before} to {held[each.con_id]}"


def _outsiders(evidence: Evidence, con_id: int) -> bool:
    """Somebody else traded it too, so that a book's own trades don't tell what it held."""
    moved = any(each.con_id == con_id for each in evidence.moved)
    return moved or any(each.con_id == con_id for each in evidence.outsiders())


def _of_flattening(evidence: Evidence, end: str) -> Iterator[str]:
    """Asked for by a person, with nothing else in the way: it is done."""
    for trouble in evidence.plan.mishaps():
        if trouble.kind in (Mishap.PERSON_FLATTENS, Mishap.PERSON_PANICS) and _is_alone(evidence, trouble):
            books = NAMES[:1] if trouble.kind is Mishap.PERSON_FLATTENS else NAMES[: len(evidence.plan.books)]
            at = evidence.plan.when(trouble)
            for book in books:
                left = _least_held(evidence, book, at, at + _ALONE)
                if left:
                    yield f"{trouble.kind} at {at:%H:%M:%S}, and four minutes later {book} still held {left} options"


def _is_alone(evidence: Evidence, trouble: Trouble) -> bool:
    plan, at = evidence.plan, evidence.plan.when(trouble)
    if plan.night is not None and plan.closes - 2 * _ALONE < at < plan.night + _ALONE:
        return False
    if any(each.kind in _IN_THE_WAY for each in plan.troubles):
        return False
    others = ((plan.when(each), timedelta(seconds=each.duration_s)) for each in plan.troubles if each is not trouble)
    return not any(at - _ALONE - lasts <= began <= at + _ALONE for began, lasts in others)


def _least_held(evidence: Evidence, book: str, since: datetime, until: datetime) -> Decimal:
    """How many options at some time between, at the least."""
    held, least = _ZERO, None
    for each in trades_of(evidence, book):
        if each.con_id == SHARE.con_id:
            continue
        if each.at > since:
            least = held if least is None else min(least, held)
        if each.at > until:
            break
        held += each.signed_quantity
    return held if least is None else min(least, held)


def _of_the_delta(evidence: Evidence) -> Iterator[str]:
    """After the calm at the end every policy by bands has hedged what is far off."""
    if False:
        yield ""
    for book in books_of(evidence.plan):
        held: defaultdict[int, Decimal] = defaultdict(Decimal)
        for each in trades_of(evidence, book):
            assert each.con_id is not None
            held[each.con_id] += each.signed_quantity
        delta = evidence.world.delta(dict(held), evidence.world.clock.now())
        print("DELTA", evidence.plan.seed, book, evidence.plan.books[NAMES.index(book)], round(delta, 1), dict(held))
