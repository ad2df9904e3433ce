"""What one client is told of the exchange's events, and when: between the engine, which never errs, and the client."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from attrs import evolve, frozen

from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.exchange.events import Charged, Event, Executed, Notice, OrderStatus, Status
from gamma_scalper.exchange.faults import Fault, FaultSchedule, FaultWatch, Kind

UNNUMBERED = 0  # the seq of what the exchange never said
_OUTAGES = (Kind.DISCONNECT_1101, Kind.DISCONNECT_1102)
_SILENT = (Kind.SILENT_STREAM, Kind.COMPETING_10197)
_OF_QUOTES = (*_SILENT, Kind.DISCONNECT_1101, Kind.DATA_FARM_2103, Kind.STUCK_STREAM, Kind.DELAYED_DATA)
_LOST = "Connectivity between IB and Trader Workstation has been lost."
_BACK = "Connectivity between IB and Trader Workstation has been restored"
_FARM = "data farm connection is"
_COMPETING = 10197, "No market data during competing live session"
_FALSE_CANCEL = "Order TIF was set to DAY based on order preset."

# kind -> the messages at its begin and at its end. The target of these is a client, or any.
_SAID: dict[Kind, tuple[tuple[int, str] | None, tuple[int, str] | None]] = {
    Kind.DISCONNECT_1101: ((1100, _LOST), (1101, f"{_BACK} - data lost.")),
    Kind.DISCONNECT_1102: ((1100, _LOST), (1102, f"{_BACK} - data maintained.")),
    Kind.SOCKET_DROP: (None, None),
    Kind.DATA_FARM_2103: ((2103, f"Market {_FARM} broken:usfarm"), (2104, f"Market {_FARM} OK:usfarm")),
    Kind.HISTORY_FARM_2105: ((2105, f"HMDS {_FARM} broken:ushmds"), (2106, f"HMDS {_FARM} OK:ushmds")),
    Kind.LIVE_UPDATES_10182: ((10182, "Failed to request live updates (disconnected)."), None),
}


@frozen
class Dropped:
    """The socket closed; nothing follows on this connection."""

    at: datetime


Told = Event | Dropped


class _Turn(NamedTuple):
    """A fault begins or ends; of several at one moment what ends comes first."""

    at: datetime
    begins: bool
    number: int


class _Held(NamedTuple):
    """Told later: by time, then rank, then place."""

    due: datetime
    rank: int  # 0: executions, the newest first; 1: all else
    place: int
    event: Event


class Delivery:
    """One connection of one client. What it holds back dies with the connection, so it has no state to be kept.

    `names` gives the symbols by which a fault may mean a contract; `watch` is that of the client's connection before
    this one, so that nothing which struck then strikes again; faults that were over at `since` are not told.
    """

    def __init__(
        self,
        schedule: FaultSchedule,
        client: str = "",
        *,
        names: Callable[[int], Sequence[str]] = lambda con_id: (),
        since: datetime | None = None,
        watch: FaultWatch | None = None,
    ) -> None:
        self.watch = FaultWatch(schedule) if watch is None else watch
        self.dropped = False
        self._client = client
        self._names = names
        mine = [each for each in enumerate(schedule.faults) if each[1].kind.about.where == "delivery"]
        self._spoils_quotes = any(fault.kind in _OF_QUOTES for _, fault in mine)
        self._begins = mine[0][1].at if mine else None
        spoken = [each for each in mine if each[1].kind in _SAID and each[1].target in ("", client)]
        self._turns = sorted(turn for number, fault in spoken for turn in _turns(number, fault, since))
        self._outages = [fault for _, fault in spoken if fault.kind in _OUTAGES]
        self._down = 0  # outages in force
        self._data_lost = False  # in the outage that is in force
        self._renewed: set[int] | None = None  # conIds asked for since 1101; None: no 1101 so far
        self._held: list[_Held] = []  # a heap
        self._places = 0
        self._bills: dict[str, datetime | None] = {}  # execId -> before when its bill is not told; None: never
        self._muted: set[int] = set()  # permIds
        self._stuck: dict[int, tuple[Fault, Quote]] = {}  # conId -> the fault, and the quote that is told throughout
        self._competed: set[tuple[Fault, int]] = set()  # conIds that had their 10197
        self._now = self._answered = datetime.min.replace(tzinfo=UTC)  # of what is being told; of the newest answer

    # -- the stream ----------------------------------------------------------------------------------------------------

    def deliver(self, events: Sequence[Event], now: datetime) -> Sequence[Told]:
        """What the client is told by now. Events are judged at their own time: the cadence of calls changes nothing.

        At one moment faults end, then others begin, then comes what was held, then what is new.
        """
        if not self.dropped and (self._begins is None or now < self._begins):
            return events
        told: list[Told] = []
        for event in events:
            told += self._until(min(event.received_at if isinstance(event, Quote) else event.at, now))
            told += self._judged(event)
        told += self._until(now)
        return told

    def next_at(self) -> datetime | None:
        """When it has to be called again though nothing happens."""
        moments = [turn.at for turn in self._turns[:1]] + [held.due for held in self._held[:1]]
        return None if self.dropped else min(moments, default=None)

    def renew(self, con_id: int) -> None:
        """The client asked for these quotes; call it every time, since after 1101 only what was asked for comes."""
        if self._renewed is not None:
            self._renewed.add(con_id)

    # -- answers -------------------------------------------------------------------------------------------------------

    def server_time(self, now: datetime) -> datetime:
        """What the server's clock shows."""
        skew = self.strikes(Kind.CLOCK_SKEW, now)
        return now if skew is None else now + timedelta(seconds=skew.amount)

    def answers_at(self, now: datetime) -> datetime:
        """When a request made now is answered: after an outage, after a delay, and never before an earlier one."""
        answered = now
        for fault in self._outages:  # by begin, so that one may lead into the next
            if fault.at <= answered < fault.ends:
                answered = fault.ends
        slow = self.strikes(Kind.SLOW_ANSWERS, now)
        if slow is not None:
            answered += timedelta(seconds=slow.amount)
        self._answered = max(answered, self._answered)
        return self._answered

    def strikes(self, kind: Kind, now: datetime, *targets: str) -> Fault | None:
        """Of faults in single answers: does one of this kind strike this client's request?"""
        return self.watch.strikes(kind, now, self._client, *targets)

    # -- time passes ---------------------------------------------------------------------------------------------------

    def _until(self, now: datetime) -> Iterator[Told]:
        """Turns of faults and what was held, in order of time; turns first."""
        while not self.dropped:
            turn = self._turns[0].at if self._turns else None
            due = self._held[0].due if self._held else None
            if turn is not None and turn <= now and (due is None or turn <= due):
                self._now = turn
                yield from self._turned(self._turns.pop(0))
            elif due is not None and due <= now:
                self._now = due
                event = heapq.heappop(self._held).event
                if not (isinstance(event, Quote) and self._silent(event.con_id)):
                    yield event
            else:
                self._now = max(now, self._now)
                return

    def _turned(self, turn: _Turn) -> Iterator[Told]:
        kind = self.watch.fault(turn.number).kind
        if kind is Kind.SOCKET_DROP:
            self.dropped = True
            yield Dropped(turn.at)
            return
        said = _SAID[kind][0 if turn.begins else 1]
        if kind in _OUTAGES:
            self._down += 1 if turn.begins else -1
            self._data_lost |= kind is Kind.DISCONNECT_1101
            if self._down > turn.begins:  # another outage goes on
                return
            if turn.begins:
                self._bills |= {each.event.exec_id: None for each in self._held if isinstance(each.event, Executed)}
                self._held.clear()
            else:
                said = _SAID[Kind.DISCONNECT_1101 if self._data_lost else Kind.DISCONNECT_1102][1]
                self._renewed = set() if self._data_lost else self._renewed
                self._data_lost = False
        if said is not None and (kind in _OUTAGES or not self._down):
            yield self._notice(said)

    def _hold(self, event: Event, due: datetime, *, reverse: bool = False) -> None:
        self._places += 1
        rank, place = (0, -self._places) if reverse else (1, self._places)
        heapq.heappush(self._held, _Held(due, rank, place, event))

    # -- one event -----------------------------------------------------------------------------------------------------

    def _judged(self, event: Event) -> Iterator[Event]:
        """What is told of it at once."""
        if self._down or self.dropped:
            return
        match event:
            case Quote() if self._spoils_quotes:
                yield from self._quoted(event)
            case OrderStatus():
                yield from self._status(event)
            case Executed():
                yield from self._executed(event)
            case Charged():
                yield from self._charged(event)
            case _:
                yield event

    def _quoted(self, quote: Quote) -> Iterator[Event]:
        con_id, names = quote.con_id, self._called(quote.con_id)
        competing = self.strikes(Kind.COMPETING_10197, self._now, *names)
        if competing is not None and self._subscribed(con_id) and (competing, con_id) not in self._competed:
            self._competed.add((competing, con_id))
            yield self._notice(_COMPETING, con_id=con_id)
        if self._silent(con_id):
            return
        stuck = self.strikes(Kind.STUCK_STREAM, self._now, *names)
        if stuck is not None:
            if con_id not in self._stuck or self._stuck[con_id][0] != stuck:
                self._stuck[con_id] = stuck, quote
            again = self._stuck[con_id][1]
            quote = evolve(again, snapshot_id=quote.snapshot_id, received_at=quote.received_at, carried=False)
        delayed = self.strikes(Kind.DELAYED_DATA, self._now, *names)
        if delayed is None:
            yield quote
            return
        marked = evolve(quote, data_type=DataType.DELAYED, received_at=self._now + timedelta(seconds=delayed.amount))
        if not delayed.amount:
            yield marked
        elif marked.received_at < delayed.ends:
            self._hold(marked, marked.received_at)

    def _subscribed(self, con_id: int) -> bool:
        return self._renewed is None or con_id in self._renewed

    def _silent(self, con_id: int) -> bool:
        if not self._subscribed(con_id) or self.strikes(Kind.DATA_FARM_2103, self._now):
            return True
        return any(self.strikes(kind, self._now, *self._called(con_id)) for kind in _SILENT)

    def _status(self, status: OrderStatus) -> Iterator[Event]:
        whose = status.owner, status.account, status.order_ref
        alive = not status.status.dead
        if alive and not status.filled and self.strikes(Kind.LOST_ACK, self._now, *whose):
            self._muted.add(status.perm_id)
        if status.perm_id in self._muted or self.strikes(Kind.STATUS_LOST, self._now, *whose):
            return
        yield status
        if alive and self.strikes(Kind.FALSE_CANCEL_10349, self._now, *whose):
            yield status._replace(seq=UNNUMBERED, status=Status.CANCELLED, code=10349, why=_FALSE_CANCEL)
        error = self.strikes(Kind.FALSE_ERROR_105, self._now, *whose) if alive else None
        if error is not None:
            said = int(error.amount) or 105, "Error validating request."
            yield self._notice(said, perm_id=status.perm_id, owner=status.owner)

    def _executed(self, executed: Executed) -> Iterator[Event]:
        names = () if executed.con_id is None else self._called(executed.con_id)
        whose = executed.owner, executed.account, executed.order_ref, *names
        if self.strikes(Kind.LOST_EXECUTION, self._now, *whose):
            self._bills[executed.exec_id] = None
            return
        swapped = self.strikes(Kind.OUT_OF_ORDER_EXECUTIONS, self._now, *whose)
        late = self.strikes(Kind.LATE_EXECUTION, self._now, *whose) if swapped is None else None
        due = swapped.ends if swapped else self._now + timedelta(seconds=late.amount) if late else None
        if due is not None:
            self._bills[executed.exec_id] = due
            self._hold(executed, due, reverse=swapped is not None)
            return
        yield executed
        if self.strikes(Kind.DUPLICATE_EXECUTION, self._now, *whose):
            yield executed

    def _charged(self, charged: Charged) -> Iterator[Event]:
        due = self._bills.pop(charged.exec_id, self._now)
        if due is None:
            return
        late = self.strikes(Kind.LATE_COMMISSION, self._now, charged.owner, charged.account)
        due = max(due, self._now + timedelta(seconds=late.amount if late else 0))
        if due > self._now:
            self._hold(charged, due)
        else:
            yield charged

    def _called(self, con_id: int) -> tuple[str, ...]:
        return (str(con_id), *self._names(con_id))

    def _notice(self, said: tuple[int, str], **whose: Any) -> Notice:
        return Notice(seq=UNNUMBERED, at=self._now, code=said[0], text=said[1], **whose)


def _turns(number: int, fault: Fault, since: datetime | None) -> list[_Turn]:
    """When this fault is heard of, on a connection made at `since`."""
    ends = _SAID[fault.kind][1] is not None
    if since is not None and (fault.ends if ends else fault.at) <= since:
        return []
    begins = fault.at if since is None else max(fault.at, since)
    return [_Turn(begins, True, number), *([_Turn(fault.ends, False, number)] if ends else [])]
