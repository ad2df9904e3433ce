"""Faults as data: what may go wrong at a broker, when, for whom. A schedule is written by hand or drawn from a seed."""

import enum
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, NamedTuple

from attrs import define, field, frozen

from gamma_scalper.domain.checks import utc

LONGEST_S = 10 * 86_400.0
_LARGEST = 1e9
YEARS = range(1970, 2200)

Where = Literal["engine", "delivery", "gateway"]  # gateway: asked by whoever answers a client's request
Span = tuple[float, float]


class Shape(enum.StrEnum):
    """When a fault strikes."""

    NEXT = "next"  # once, the next time there is occasion; within duration_s, where that is given
    WHILE = "while"  # for duration_s, which must be given
    MOMENT = "moment"  # by itself, at `at`; what a duration does then, the meaning says


class Amount(NamedTuple):
    """What a kind's `amount` means, where it is drawn from, and what it must be."""

    meaning: str
    low: float = 0.0
    high: float = 0.0
    must_be: Literal["", "above 0", "other than 0", "0 to 1"] = ""
    whole: bool = False

    def permits(self, amount: float) -> bool:
        if not abs(amount) <= _LARGEST or (self.whole and amount != int(amount)):
            return False
        return {"": True, "above 0": amount > 0, "other than 0": amount != 0, "0 to 1": 0 <= amount <= 1}[self.must_be]

    def allowed(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind}{' ' * bool(self.must_be)}{self.must_be}, at most 1e9 ({self.meaning})"


@frozen
class About:
    """What is known of a kind: who does it, which rows of the broker's failures it makes happen, and how."""

    where: Where
    rows: tuple[int, ...]
    meaning: str
    amount: Amount | None = None
    shape: Shape = field(kw_only=True)
    lasts: Span = field(default=(0.0, 0.0), kw_only=True)  # durations, drawn from
    needs_target: bool = field(default=False, kw_only=True)

    @property
    def one_shot(self) -> bool:
        return self.shape is Shape.NEXT

    @property
    def self_acting(self) -> bool:
        """The engine starts it; nobody asks for it."""
        return self.where == "engine" and self.shape is Shape.MOMENT

    @property
    def needs_duration(self) -> bool:
        return self.lasts[1] > 0

    def mistake(self, target: str, duration_s: float, amount: float) -> tuple[str, object, str] | None:
        """The first field that can't be so: its name, what was found, what is allowed."""
        if not 0 <= duration_s <= LONGEST_S or (self.needs_duration and duration_s == 0):
            least = "above 0 and" if self.needs_duration else "0 or more,"
            return "duration_s", duration_s, f"{least} at most {LONGEST_S:.0f} s"
        if not re.fullmatch(r"[ !#-\[\]-~]{0,80}", target):
            return "target", target, "up to 80 printable ASCII characters, no quote and no backslash"
        if self.needs_target and not target:
            return "target", target, "a symbol or a conId"
        if self.amount is None and amount != 0:
            return "amount", amount, "0, since it means nothing here"
        if self.amount is not None and not self.amount.permits(amount):
            return "amount", amount, self.amount.allowed()
        return None


_UNKNOWN = About("engine", (), "", shape=Shape.MOMENT)  # lets `Kind("halt")` look one up
_SECONDS, _MINUTES = (0.5, 20.0), (60.0, 1200.0)
_SWAPPED = "executions are told at its end, the newest first, then their bills"
_LATE = Amount("seconds late", 0.5, 90, "above 0")
_DELAY = Amount("seconds late, what is on its way at the end being lost; 0: only the mark", 0, 60)
_FAST = Amount("seconds fast, negative where slow", -30, 30, "other than 0")
_PRICE = Amount("added to the price; 0: some cents", -0.05, 0.05)
_SHARES = Amount("shares, negative to sell; 0: 100", -300, 300, whole=True)
_PART = Amount("the part of it; 0: all", 0.1, 1.0, "0 to 1")
_PRESET = Amount("added to the quantity; 0: the order becomes DAY", whole=True)
_105, _383 = Amount("the code; 0: 105", whole=True), Amount("the code, 383 or 451; 0: 383", whole=True)

_next, _while = partial(About, shape=Shape.NEXT), partial(About, shape=Shape.WHILE, lasts=(2.0, 120.0))
_moment, _target = partial(About, shape=Shape.MOMENT), partial(About, shape=Shape.MOMENT, needs_target=True)


class Kind(enum.StrEnum):
    """What goes wrong; the name is the one in files."""

    about: About

    def __new__(cls, value: str, about: About = _UNKNOWN) -> "Kind":
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.about = about
        return kind

    # true events on the exchange
    REJECT_201 = "reject_201", _next("engine", (9,), "the next order is refused at once with 201")
    INACTIVE = "inactive", _next("engine", (9,), "the next order is accepted, then gets 201 and the status Inactive")
    LOCATE_404 = "locate_404", _while("engine", (9, 13), "short sales are held: 404, whyHeld=locate")
    SECOND_PERM_ID = "second_perm_id", _next("engine", (3,), "the next modify makes a second order; the old one lives")
    CANCEL_FILL_RACE = "cancel_fill_race", _next("engine", (1, 15), "the next cancel is beaten by a fill")
    CORRECTED_EXECUTION = "corrected_execution", _next("engine", (16,), "the next execution gets a correction", _PRICE)
    ASSIGNMENT = "assignment", _moment("engine", (7, 33), "short options are assigned the next night, silently")
    LIQUIDATION = "liquidation", _moment("engine", (7,), "2148: the broker closes part of a position, order -1", _PART)
    MANUAL_TRADE = "manual_trade", _target("engine", (7,), "somebody trades these shares by hand", _SHARES)
    HALT = "halt", _target("engine", (31,), "trading in a share and all on it stops", lasts=_MINUTES)
    # what one client is told, and when
    DISCONNECT_1101 = "disconnect_1101", _while("delivery", (2, 5, 6), "1100, silence, 1101: subscriptions are gone")
    DISCONNECT_1102 = "disconnect_1102", _while("delivery", (2, 5, 6), "1100, silence, 1102: subscriptions go on")
    SOCKET_DROP = "socket_drop", _moment("delivery", (2, 8, 10), "the socket closes, to nobody open for duration_s")
    SILENT_STREAM = "silent_stream", _while("delivery", (5,), "quotes stop without a word")
    STUCK_STREAM = "stuck_stream", _while("delivery", (5,), "quotes keep coming, and always the same")
    COMPETING_10197 = "competing_10197", _while("delivery", (5,), "10197, and no quotes: another session has them")
    DATA_FARM_2103 = "data_farm_2103", _while("delivery", (10,), "2103, no quotes, 2104; orders go on")
    HISTORY_FARM_2105 = "history_farm_2105", _while("delivery", (10,), "2105, then 2106; nothing else happens")
    LIVE_UPDATES_10182 = "live_updates_10182", _moment("delivery", (10,), "10182 for live bars; nothing else happens")
    DELAYED_DATA = "delayed_data", _while("delivery", (22,), "quotes are marked as delayed", _DELAY)
    LATE_EXECUTION = "late_execution", _next("delivery", (2,), "the next execution comes late, its bill with it", _LATE)
    LOST_EXECUTION = "lost_execution", _next("delivery", (2, 7), "the next execution is never told, nor its bill")
    DUPLICATE_EXECUTION = "duplicate_execution", _next("delivery", (2,), "the next execution is told twice, by one id")
    OUT_OF_ORDER_EXECUTIONS = "out_of_order_executions", _while("delivery", (2, 16), _SWAPPED, lasts=_SECONDS)
    LATE_COMMISSION = "late_commission", _next("delivery", (2,), "the next bill comes late", _LATE)
    LOST_ACK = (
        "lost_ack",
        _next("delivery", (4,), "the next order acknowledged has no status told, ever; its fills are"),
    )
    STATUS_LOST = "status_lost", _while("delivery", (1, 4), "order statuses are not told; executions are")
    FALSE_CANCEL_10349 = "false_cancel_10349", _next("delivery", (1,), "a living order is told Cancelled, with 10349")
    FALSE_ERROR_105 = "false_error_105", _next("delivery", (1,), "a living order gets an error that looks fatal", _105)
    SLOW_ANSWERS = "slow_answers", _while("delivery", (4, 8, 14), "requests are answered late", _LATE)
    CLOCK_SKEW = "clock_skew", _while("delivery", (5,), "the server's clock is off", _FAST, lasts=_MINUTES)
    # how one request is answered
    LOST_ORDER = "lost_order", _next("gateway", (4,), "the next order never reaches the exchange; nobody says so")
    LOST_CANCEL = "lost_cancel", _next("gateway", (15,), "the next cancel never reaches the exchange; nobody says so")
    CANCEL_10147 = "cancel_10147", _next("gateway", (15,), "the next cancel gets 10147, not found; the order lives")
    CANCEL_10148 = "cancel_10148", _next("gateway", (1, 15), "the next cancel gets 10148, refused; the order lives")
    WHAT_IF_UNSET = "what_if_unset", _next("gateway", (19,), "the next what-if is answered with 1.797e308 throughout")
    PRESET_CHANGE = "preset_change", _next("gateway", (26,), "the next order is taken changed; its echo tells", _PRESET)
    PRECAUTION_383 = "precaution_383", _next("gateway", (26,), "the next order is not taken: too large", _383)
    PACING_162 = "pacing_162", _while("gateway", (21,), "requests for history get 162")
    UNANSWERED = "unanswered", _while("gateway", (8, 14), "requests (such as completedOrders) get no answer")
    CLIENT_ID_326 = "client_id_326", _while("gateway", (10,), "connecting gets 326: the client id is in use")
    POISONED_GREEKS = "poisoned_greeks", _while("gateway", (11, 31), "Greeks are absent, NaN, -1 and -2 in turn")


ABOUT: dict[Kind, About] = {kind: kind.about for kind in Kind}

# Rows that no schedule makes happen, and why.
NOT_FAULTS: dict[int, str] = {
    17: "103 is the answer to a client's own mistake; the gateway always gives it",
    20: "110, 200 and odd multipliers follow from the contracts; the exchange always has them",
    24: "early closes come from the calendar",
    25: "executions are always told since midnight only",
    27: "several accounts are a state of the exchange; open them",
    28: "the process that dies is the client's",
    29: "client id 0 is a client's own choice",
    30: "supervisors are not the broker's",
    32: "a what-if always arrives as an order",
}


@frozen(order=True)
class Fault:
    """One thing going wrong. Target: a symbol, conId, account, order's owner, client or request; empty: any."""

    at: datetime = field(converter=utc)
    kind: Kind = field(converter=Kind)
    target: str = ""
    duration_s: float = field(default=0.0, converter=float)
    amount: float = field(default=0.0, converter=float)

    def __attrs_post_init__(self) -> None:
        if self.at.year not in YEARS:
            raise ValueError(f"{self.kind}: at = {self.at} is not allowed; allowed: 1970 to 2199")
        wrong = ABOUT[self.kind].mistake(self.target, self.duration_s, self.amount)
        if wrong is not None:
            raise ValueError(f"{self.kind}: {wrong[0]} = {wrong[1]!r} is not allowed; allowed: {wrong[2]}")

    @property
    def ends(self) -> datetime:
        return self.at + timedelta(seconds=self.duration_s)


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults))


@frozen
class FaultSchedule:
    """Faults by time, then kind, then target. A fault's number is its place in here."""

    faults: tuple[Fault, ...] = field(default=(), converter=_in_order)

    def fingerprint(self) -> str:
        """Differs for any other schedule, and is the same in every process."""
        lines = (f"{f.at.isoformat()} {f.kind} {f.target!r} {f.duration_s!r} {f.amount + 0.0!r}\n" for f in self.faults)
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


NO_FAULTS = FaultSchedule()


class _Waiting(NamedTuple):
    """A fault that may still strike."""

    begins: datetime
    ends: datetime | None
    number: int
    fault: Fault


@define
class FaultWatch:
    """Which faults strike now, and which have struck. The engine has one and every client's connection has one."""

    schedule: FaultSchedule = NO_FAULTS
    _spent: list[int] = field(factory=list, init=False)  # in order
    _waiting: dict[Kind, list[_Waiting]] = field(init=False, eq=False, repr=False)  # kind -> by time; none is empty

    def __attrs_post_init__(self) -> None:
        self._waiting = {}
        for number, fault in enumerate(self.schedule.faults):
            if number not in self._spent:
                lasting = not ABOUT[fault.kind].one_shot or fault.duration_s > 0
                waiting = _Waiting(fault.at, fault.ends if lasting else None, number, fault)
                self._waiting.setdefault(fault.kind, []).append(waiting)

    def strikes(self, kind: Kind, now: datetime, *targets: str) -> Fault | None:
        """The fault of this kind that is in force for one of these; one that strikes once is spent with the asking.

        Time must not go back from one question about a kind to the next.
        """
        waiting = self._waiting.get(kind)
        if waiting is None or now < waiting[0].begins:
            return None
        while waiting[0].ends is not None and waiting[0].ends <= now:
            del waiting[0]
            if not waiting:
                del self._waiting[kind]
                return None
        for begins, ends, number, fault in waiting:
            if begins > now:
                return None
            if (ends is None or now < ends) and (not fault.target or fault.target in targets):
                if ABOUT[kind].one_shot:
                    self.spend(number)
                return fault
        return None

    def spend(self, number: int) -> None:
        """It has struck, and won't again."""
        kind = self.fault(number).kind
        left = [waiting for waiting in self._waiting.pop(kind, []) if waiting.number != number]
        if left:
            self._waiting[kind] = left
        self._spent = sorted({*self._spent, number})

    def fault(self, number: int) -> Fault:
        return self.schedule.faults[number]

    def self_acting(self) -> Sequence[tuple[int, Fault]]:
        """Those the engine must start by itself, with their numbers."""
        return [(number, fault) for number, fault in enumerate(self.schedule.faults) if ABOUT[fault.kind].self_acting]

    def state(self) -> dict[str, Any]:
        return {"schedule": self.schedule.fingerprint(), "spent": list(self._spent)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the watch with this state stopped."""
        if state["schedule"] != self.schedule.fingerprint():
            raise ValueError(
                f"kept with the fault schedule {state['schedule']}, and this is {self.schedule.fingerprint()}; "
                "go on with the schedule it was kept with, or start afresh"
            )
        self._spent = sorted(state["spent"])
        self.__attrs_post_init__()
