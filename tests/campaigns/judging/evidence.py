"""What a session is judged by: the journal's rows beside what the exchange did, each at the world's own time."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from staging.life import NAMES
from staging.plan import Mishap, Plan
from staging.play import Lived, Played
from theatre import ACCOUNT, SHARE

from gamma_scalper.domain.entries import Dispatched, Ordered, SessionBegan
from gamma_scalper.domain.fills import Fill, InferredFill, execution_key
from gamma_scalper.domain.instruments import legs_of
from gamma_scalper.domain.orders import Intent, IntentId, Purpose
from gamma_scalper.domain.ports import Link, LinkReport
from gamma_scalper.exchange.events import Charged, Executed, Moved, OrderStatus
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.orders import Order
from gamma_scalper.journal.chain import Row
from gamma_scalper.recovery import Remembered, fold
from judging.plain_books import Held, PlainBooks

_ZERO = Decimal(0)
_CONFIRMED = timedelta(seconds=100)  # executions are asked for with each connection, and every minute


_folded: list[tuple[Played, Remembered]] = []  # the newest alone: whoever judges asks more than once


def remembered(played: Played) -> Remembered:
    """What a restart would know."""
    if not _folded or _folded[0][0] is not played:
        _folded[:] = [(played, fold(played.rows))]
    return _folded[0][1]


class Given(NamedTuple):
    """An intent, and the row that wrote it down."""

    intent: Intent
    place: int
    at: datetime  # the world's time
    ordered: Ordered


class Life(NamedTuple):
    """Where one process's rows begin and end; `code` as whoever started it saw it."""

    first: int
    after: int
    lived: Lived


class Evidence:
    """Looked up once, for all checks."""

    def __init__(self, played: Played) -> None:
        self.played, self.world, self.plan = played, played.world, played.plan
        self.rows: Sequence[Row] = played.rows
        self.lives = tuple(_lives(played))
        self.moments = _moments(self.rows, self.lives, played.plan)  # place of a row -> the world's time of it

    @cached_property
    def settings(self) -> Mapping[str, Sequence[str]]:
        """Of each book, by its name."""
        return dict(zip(NAMES, self.plan.books, strict=False))

    def entries(self, kind: type) -> Iterator[tuple[int, Row]]:
        return ((place, row) for place, row in enumerate(self.rows) if type(row.entry) is kind)

    # -- the journal's side --------------------------------------------------------------------------------------------

    @cached_property
    def given(self) -> Mapping[IntentId, Given]:
        """The first time each was ordered."""
        found: dict[IntentId, Given] = {}
        for place, row in self.entries(Ordered):
            assert isinstance(row.entry, Ordered)
            for intent in row.entry.intents:
                found.setdefault(intent.id, Given(intent, place, self.moments[place], row.entry))
        return found

    @cached_property
    def dispatched(self) -> Mapping[IntentId, int]:
        """Intent -> place of the row that says it was handed over."""
        return {row.entry.intent: place for place, row in self.entries(Dispatched) if isinstance(row.entry, Dispatched)}

    def earlier(self, book: str, place: int) -> Iterator[tuple[str, Given]]:
        """What this book had ordered before that row, by orderRef, the newest first."""
        given = self._by_book.get(book, ())
        for each in reversed(given[: bisect_left(given, place, key=lambda each: each.place)]):
            yield str(each.intent.id), each

    @cached_property
    def _by_book(self) -> Mapping[str, Sequence[Given]]:
        found: defaultdict[str, list[Given]] = defaultdict(list)
        for each in self.given.values():
            found[each.intent.id.book].append(each)
        return found

    @cached_property
    def filled(self) -> Mapping[str, int]:
        """Execution key -> place of the row that told of it first."""
        found: dict[str, int] = {}
        for place, row in self.entries(Fill):
            assert isinstance(row.entry, Fill)
            found.setdefault(row.entry.key, place)
        return found

    @cached_property
    def inferred(self) -> Mapping[str, int]:
        """orderRef -> place of the row in which something of it was concluded."""
        return {
            str(row.entry.intent): place
            for place, row in self.entries(InferredFill)
            if isinstance(row.entry, InferredFill)
        }

    @cached_property
    def _kept(self) -> tuple[Mapping[int, Held], PlainBooks]:
        books, before = PlainBooks(), dict[int, Held]()
        for place, row in enumerate(self.rows):
            if type(row.entry) is Ordered:
                before[place] = books.held(row.book)
            books.take(row)
        return before, books

    @property
    def books(self) -> PlainBooks:
        """After the last row."""
        return self._kept[1]

    def held_before(self, place: int) -> Held:
        """What the book held whose orders that row writes down."""
        return self._kept[0][place]

    def reduces(self, place: int, intent: Intent) -> bool:
        """Every contract it trades is held, and it brings none below nothing."""
        held = self.held_before(place)
        for leg in legs_of(intent.instrument):
            before = held.get(leg.instrument.con_id, _ZERO)
            after = before + intent.side.sign * leg.ratio * intent.quantity
            if not (abs(after) < abs(before) and before * after >= 0):
                return False
        return True

    def flattens(self, place: int, intent: Intent) -> bool:
        """By its purpose; or it reduces shares that were left without options, which is judged the same."""
        if intent.purpose is Purpose.FLATTEN:
            return True
        options = self.held_before(place).keys() - {SHARE.con_id}
        return intent.purpose in (Purpose.HEDGE, Purpose.EXIT) and not options and self.reduces(place, intent)

    # -- the exchange's side -------------------------------------------------------------------------------------------

    @cached_property
    def orders(self) -> Mapping[str, Sequence[Order]]:
        """orderRef -> the exchange's orders by that name, the older first; those of no name are not ours."""
        found: defaultdict[str, list[Order]] = defaultdict(list)
        for _, order in sorted(self.world.orders.items()):
            if order.ticket.order_ref:
                found[order.ticket.order_ref].append(order)
        return found

    @cached_property
    def ended(self) -> Mapping[int, datetime]:
        """The exchange's number of a dead order -> when it died."""
        found: dict[int, datetime] = {}
        for each in self.world.engine.happened:
            if type(each) is OrderStatus and each.status.dead:
                found.setdefault(each.perm_id, each.at)
        return found

    @cached_property
    def executed(self) -> Sequence[Executed]:
        """In the account, contract by contract, as first told."""
        found = (each for each in self.world.engine.happened if type(each) is Executed and each.account == ACCOUNT)
        told: dict[str, Executed] = {}
        for each in found:
            if each.con_id is not None:
                told.setdefault(execution_key(each.exec_id), each)
        return tuple(told.values())

    @cached_property
    def corrected(self) -> Mapping[str, Executed]:
        """Execution key -> the last word on it."""
        found = (each for each in self.world.engine.happened if type(each) is Executed)
        return {execution_key(each.exec_id): each for each in found}

    @cached_property
    def ours(self) -> Mapping[str, Executed]:
        """Execution key -> the last word on it; executions of our orders in single contracts."""
        keys = (execution_key(each.exec_id) for each in self.executed if each.order_ref)
        return {key: self.corrected[key] for key in keys}

    @cached_property
    def bills(self) -> Mapping[str, Decimal]:
        """Execution key -> what it cost."""
        found = (each for each in self.world.engine.happened if type(each) is Charged)
        return {execution_key(each.exec_id): each.fees.total for each in found}

    @cached_property
    def moved(self) -> Sequence[Moved]:
        """What changed in the account without a trade, since the session began."""
        found = (each for each in self.world.engine.happened if type(each) is Moved and each.account == ACCOUNT)
        return tuple(each for each in found if each.at >= self.world.began)

    @cached_property
    def executions_of(self) -> Mapping[str, Sequence[Executed]]:
        """orderRef -> its executions, ours alone."""
        found: defaultdict[str, list[Executed]] = defaultdict(list)
        for each in self.executed:
            if each.order_ref:
                found[each.order_ref].append(each)
        return found

    def struck(self, kind: Kind) -> int:
        """How often a fault of this kind has struck, of those that strike once."""
        watches = (self.world.engine.floor.faults, *self.world.gateway._watches.values())
        return sum(watch.fault(number).kind is kind for watch in watches for number in watch._spent)

    def ahead_at(self, at: datetime) -> timedelta:
        """How far our own clock was set forward."""
        lived = next((life.lived for life in self.lives if life.lived.began <= at <= life.lived.ended), None)
        jumps = () if lived is None else _jumps(self.plan, lived)
        return sum((by for jumped, by in jumps if jumped <= at), timedelta())

    @cached_property
    def in_sight(self) -> Sequence[tuple[datetime, datetime]]:
        """From when until when the link was ready."""
        found: list[tuple[datetime, datetime]] = []
        for life in self.lives:
            since: datetime | None = None
            for place in range(life.first, life.after):
                row = self.rows[place]
                if type(row.entry) is not LinkReport or row.book:
                    continue
                if row.entry.link is Link.READY:
                    since = since or self.moments[place]
                elif since is not None:
                    found.append((since, self.moments[place]))
                    since = None
            if since is not None:
                found.append((since, life.lived.ended))
        return found

    def seen_until(self, margin: timedelta) -> datetime:
        """What happened before must be known to the journal: whatever is asked for takes so long at most."""
        seen = self.world.began - margin
        for since, until in self.in_sight:
            seen = max(seen, since if margin < _CONFIRMED else seen, until - margin)
        return seen

    def projected_before(self, place: int) -> Mapping[int, Decimal]:
        """What the book would hold after all it had ordered before that row, in the end, as far as that was alive."""
        book, at = self.rows[place].book, self.moments[place]
        held = defaultdict(Decimal, self.held_before(place))
        for ref, given in self.earlier(book, place):
            if self.inferred.get(ref, place) < place:
                continue
            for executed in self.executions_of.get(ref, ()):
                assert executed.con_id is not None
                told = self.filled.get(execution_key(executed.exec_id), place) < place
                if executed.at <= at and not told:
                    held[executed.con_id] += executed.signed_quantity
            if any(self.may_fill(order, at) for order in self.orders.get(ref, ())):
                for con_id, left in self._left_of(given.intent, at):
                    held[con_id] += left
        return held

    def _left_of(self, intent: Intent, at: datetime) -> Iterator[tuple[int, Decimal]]:
        """conId -> what of it had not been executed by then."""
        for leg in legs_of(intent.instrument):
            con_id = leg.instrument.con_id
            done = (each for each in self.executions_of.get(str(intent.id), ()) if each.con_id == con_id)
            filled = sum((each.signed_quantity for each in done if each.at <= at), _ZERO)
            yield con_id, intent.side.sign * leg.ratio * intent.quantity - filled

    def may_fill(self, order: Order, at: datetime) -> bool:
        """It was alive, or on its way."""
        return at < order.placed_at or self.alive_at(order, at)

    def alive_at(self, order: Order, at: datetime) -> bool:
        """At that very moment both answers may be given; it counts as dead then."""
        ended = self.ended.get(order.perm_id)
        return order.placed_at <= at and (ended is None or at < ended)

    def held_at(self, at: datetime) -> Mapping[int, Decimal]:
        """conId -> what the account held; reckoned back from what it holds at the end."""
        held: defaultdict[int, Decimal] = defaultdict(Decimal, self.world.held)
        for each in self.executed:
            if each.at > at and each.con_id is not None:
                held[each.con_id] -= each.signed_quantity
        for move in self.moved:
            if move.at > at and move.con_id is not None:
                held[move.con_id] -= move.quantity
        return {con_id: quantity for con_id, quantity in sorted(held.items()) if quantity}

    def cash_at(self, at: datetime) -> Decimal:
        """The account's; reckoned back from what it has at the end."""
        later = sum((self.cash_of(each) for each in self.executed if each.at > at), _ZERO)
        return (
            self.world.engine.account(ACCOUNT).cash
            - later
            - sum((each.cash for each in self.moved if each.at > at), _ZERO)
        )

    def cash_of(self, executed: Executed) -> Decimal:
        """What an execution did to the account, its bill and its correction included."""
        key = execution_key(executed.exec_id)
        last = self.corrected[key]
        assert last.con_id is not None
        multiplier = getattr(self.world.engine.market.instrument(last.con_id), "multiplier", 1)
        return -last.signed_quantity * last.price * multiplier - self.bills.get(key, _ZERO)

    def outsiders(self) -> Iterable[Executed]:
        """By hand, or by the broker itself."""
        return (each for each in self.executed if not each.order_ref and each.at >= self.world.began)


# -- whose time is it --------------------------------------------------------------------------------------------------


def _lives(played: Played) -> Iterator[Life]:
    """Rows by the process that wrote them: each writes first that it begins, or nothing at all."""
    begins = [place for place, row in enumerate(played.rows) if type(row.entry) is SessionBegan]
    candidates = list(played.lives)
    for first, after in zip(begins, [*begins[1:], len(played.rows)], strict=True):
        while candidates:
            lived = candidates.pop(0)
            at = _world_time(played.rows[first].at, _jumps(played.plan, lived))
            if lived.began <= at <= lived.ended:
                yield Life(first, after, lived)
                break


def _jumps(plan: Plan, lived: Lived) -> Sequence[tuple[datetime, timedelta]]:
    """When its clock was set, and by how much."""
    found = [(plan.when(each), each.amount) for each in plan.mishaps() if each.kind is Mishap.CLOCK_JUMP]
    return [(at, timedelta(seconds=by)) for at, by in sorted(found) if lived.began <= at < lived.ended]


def _world_time(at: datetime, jumps: Sequence[tuple[datetime, timedelta]]) -> datetime:
    """Of a moment by a clock that was set. A moment that it skipped is that of the jump."""
    for jumped, by in jumps:
        if at >= jumped:
            at = max(at - by, jumped)
    return at


def _moments(rows: Sequence[Row], lives: Sequence[Life], plan: Plan) -> Sequence[datetime]:
    found = [row.at for row in rows]
    for life in lives:
        jumps = _jumps(plan, life.lived)
        if jumps:
            found[life.first : life.after] = [_world_time(row.at, jumps) for row in rows[life.first : life.after]]
    return found


def in_force(moments: Sequence[datetime], at: datetime) -> int:
    """The place of the last that is not later; -1: none."""
    return bisect_right(moments, at) - 1
