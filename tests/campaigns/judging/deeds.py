"""What the program is for gets done: a system that never trades breaks no other rule, and is of no use."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from staging.life import NAMES
from staging.plan import AMPLE, Mishap, Trouble
from theatre import SHARE

from gamma_scalper.domain.entries import FlattenAsked, Paused, Unpaused
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.fills import execution_key
from gamma_scalper.domain.orders import IntentId, Purpose
from gamma_scalper.exchange.events import Executed
from gamma_scalper.exchange.faults import Kind
from judging.evidence import Evidence
from judging.plain_books import PlainBooks

_ZERO = Decimal(0)
_TO_ENTER = 2.5  # minutes in which nothing goes wrong; before a night there are but three
_OBEYED, _STOPPED = timedelta(seconds=20), timedelta(seconds=60)
_ALONE = timedelta(minutes=4)  # before and after, in which nothing else goes wrong
_IN_THE_WAY = {Kind.LIQUIDATION, Kind.MANUAL_TRADE, Kind.ASSIGNMENT, Kind.PRESET_CHANGE}  # of flattening, for good
_HELD = {"straddle held", "straddle held without shares"}
_BANDS = ("fixed", "fee_aware", "whalley_wilmott", "zakamouline")  # policies that leave no large delta alone
_LEFT_ALONE = 30.0  # shares per straddle, by the widest of the bands
_BY_THE_WAY = 10.0  # shares: too few to be hedged, or moved since by a lively market
_CALM, _LOOKS = timedelta(seconds=150), 10  # at the very end, looked at so often


def of_the_deeds(evidence: Evidence, end: str) -> Iterator[str]:
    yield from _of_the_entries(evidence)
    yield from _of_what_is_sold(evidence)
    yield from _of_who_stays(evidence)
    yield from _of_commands(evidence)
    yield from _of_flattening(evidence)
    if end in _HELD and evidence.plan.night is None and evidence.plan.cash == AMPLE:
        yield from _of_the_delta(evidence)


def trades_of(evidence: Evidence, book: str) -> Sequence[Executed]:
    """By the names of its orders, as the exchange has them; the last word on each."""
    ours = (each for each in evidence.executed if (id := IntentId.parse(each.order_ref)) and id.book == book)
    return [evidence.corrected[execution_key(each.exec_id)] for each in ours]


def _of_the_entries(evidence: Evidence) -> Iterator[str]:
    """Every book tries to enter; where cash is short, one of them."""
    plan = evidence.plan
    if any(each.minute < _TO_ENTER for each in plan.troubles):
        return
    until = plan.moment(_TO_ENTER)
    entries = (each for each in evidence.given.values() if each.intent.purpose is Purpose.ENTRY)
    entered = {each.intent.id.book for each in entries if each.at < until}
    wanted = len(plan.books) if plan.cash == AMPLE else 1
    if plan.night is not None:  # nothing is bought a few minutes before it would have to be sold
        wanted -= sum("nights.overnight=flatten" in settings for settings in plan.books)
    if len(entered) < wanted:
        yield f"after {_TO_ENTER:g} minutes in which nothing went wrong {len(entered)} of {wanted} books have entered"


def _of_what_is_sold(evidence: Evidence) -> Iterator[str]:
    """A book never sells more of an option than it has bought, and what flattens turns no shares round."""
    foreign = {each.con_id for each in (*evidence.moved, *evidence.outsiders())}
    for book in evidence.settings:
        held: defaultdict[int, Decimal] = defaultdict(Decimal)
        for each in trades_of(evidence, book):
            assert each.con_id is not None
            before = held[each.con_id]
            now = held[each.con_id] = before + each.signed_quantity
            if each.con_id != SHARE.con_id and now < 0:
                yield f"{each.order_ref} sold {-now} of {each.con_id} that {book} did not have"
            given = evidence.given.get(IntentId.parse(each.order_ref) or IntentId("nobody", 1))
            flattens = given is not None and given.intent.purpose is Purpose.FLATTEN
            if flattens and abs(now) > abs(before) and each.con_id not in foreign:
                yield f"{each.order_ref} was to flatten, and took {each.con_id} from {before} to {now}"


def _of_who_stays(evidence: Evidence) -> Iterator[str]:
    """Nobody who holds something goes home because there is nothing to buy."""
    books = PlainBooks()
    for life in evidence.lives:
        for row in evidence.rows[life.first : life.after]:
            books.take(row)
        if life.lived.code is ExitCode.NOTHING_TRADABLE and any(map(books.held, books.books)):
            yield f"it ended at {life.lived.ended:%H:%M:%S} with a position, since there was nothing to trade"


# -- what people ask for -----------------------------------------------------------------------------------------------


def _of_commands(evidence: Evidence) -> Iterator[str]:
    """Somebody who lives hears them."""
    for trouble in evidence.plan.mishaps():
        at = evidence.plan.when(trouble)
        lives = [each.lived for each in evidence.lives if each.lived.began + _OBEYED < at < each.lived.ended]
        match trouble.kind:
            case Mishap.PERSON_STOPS:
                yield from (f"{trouble}: it went on" for each in lives if each.ended > at + _STOPPED)
            case Mishap.PERSON_PAUSES | Mishap.PERSON_FLATTENS:
                told = Paused if trouble.kind is Mishap.PERSON_PAUSES else FlattenAsked | Paused
                heard = any(
                    at <= evidence.moments[place] <= at + _OBEYED
                    for place, row in enumerate(evidence.rows)
                    if isinstance(row.entry, told)
                )
                if lives and lives[0].ended > at + _OBEYED and not heard and not _is_paused(evidence, at):
                    yield f"{trouble}: nobody has heard it"


def _is_paused(evidence: Evidence, at: datetime) -> bool:
    """Already, and once is enough."""
    told = (row.entry for row, then in zip(evidence.rows, evidence.moments, strict=True) if then < at)
    return isinstance(next((each for each in reversed([*told]) if isinstance(each, Paused | Unpaused)), None), Paused)


def _of_flattening(evidence: Evidence) -> Iterator[str]:
    """With nothing else in the way it is done soon."""
    for trouble in evidence.plan.mishaps():
        if trouble.kind in (Mishap.PERSON_FLATTENS, Mishap.PERSON_PANICS) and _is_alone(evidence, trouble):
            books = NAMES[:1] if trouble.kind is Mishap.PERSON_FLATTENS else tuple(evidence.settings)
            at = evidence.plan.when(trouble)
            for book in books:
                left = _least_held(evidence, book, at, at + _ALONE)
                if left:
                    yield f"{trouble}: four minutes later {book} still held {left} options"


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
            return least if least is not None else held
        held += each.signed_quantity
    return held if least is None else min(least, held)


# -- hedging -----------------------------------------------------------------------------------------------------------


def _of_the_delta(evidence: Evidence) -> Iterator[str]:
    """In the calm at the end no policy by bands leaves a large delta alone all the time."""
    ends = evidence.lives[-1].lived.ended
    if not any(since < ends - 2 * _CALM and ends <= until for since, until in evidence.in_sight):
        return  # not long enough to have settled
    for book, settings in evidence.settings.items():
        policy = _setting(settings, "hedge.policy")
        if policy not in _BANDS:
            continue
        straddles = float(_setting(settings, "sizing.straddles") or 1)
        most = float(_setting(settings, "hedge.band_shares") or 0) if policy == "fixed" else _LEFT_ALONE * straddles
        deltas = [_delta(evidence, book, ends - _CALM * look / _LOOKS) for look in range(_LOOKS + 1)]
        if min(map(abs, deltas)) > most + _BY_THE_WAY:
            found = " ".join(f"{each:+.1f}" for each in reversed(deltas))
            yield f"{book} was left with a delta of {found} in the last {_CALM.total_seconds():g} s, by policy {policy}"


def _delta(evidence: Evidence, book: str, at: datetime) -> float:
    """By the street's figures; none while it holds no options."""
    held = defaultdict(Decimal, evidence.books.held(book))  # with what a person has left to it
    for each in trades_of(evidence, book):
        if each.at > at and each.con_id is not None:
            held[each.con_id] -= each.signed_quantity
    options = {con_id: quantity for con_id, quantity in held.items() if quantity and con_id != SHARE.con_id}
    return evidence.world.delta(dict(held), at) if options else 0.0


def _setting(settings: Sequence[str], name: str) -> str:
    return next((each.partition("=")[2] for each in settings if each.startswith(f"{name}=")), "")
