"""What a client is told, and when: each kind of fault once, and what holds under any of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.fees import Fees
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.exchange.delivery import Delivery, Dropped, Told
from gamma_scalper.exchange.events import Charged, Event, Executed, Notice, OrderStatus, Phase, Status, Trading
from gamma_scalper.exchange.faults import ABOUT, NO_FAULTS, Fault, FaultSchedule, Kind

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
SPY, NVDA = 756733, 4815747
SYMBOLS = {SPY: ("SPY",), NVDA: ("NVDA",)}


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def quote(seconds: float, con_id: int = SPY, bid: float = 600.0) -> Quote:
    seq = int(seconds * 1000)
    return Quote(
        con_id=con_id, snapshot_id=seq, bid=bid, ask=bid + 1, bid_size=1, ask_size=1, received_at=after(seconds)
    )


def status(seconds: float, perm_id: int = 1, word: Status = Status.SUBMITTED, filled: int = 0) -> OrderStatus:
    return OrderStatus(
        seq=int(seconds * 1000),
        at=after(seconds),
        perm_id=perm_id,
        owner="7:1",
        account="U7",
        order_ref="",
        status=word,
        filled=Decimal(filled),
        remaining=Decimal(10 - filled),
        average_price=Decimal(0),
    )


def execution(seconds: float, number: int, con_id: int = SPY) -> Executed:
    return Executed(
        seq=int(seconds * 1000),
        at=after(seconds),
        exec_id=f"a.b.{number:08x}.01",
        perm_id=1,
        owner="7:1",
        account="U7",
        order_ref="",
        con_id=con_id,
        combo=False,
        side=Side.BUY,
        quantity=Decimal(1),
        price=Decimal(600),
        cumulative=Decimal(1),
        average_price=Decimal(600),
        snapshot_ids=(1,),
    )


def bill(of: Executed) -> Charged:
    realised = Decimal(0)
    return Charged(
        seq=of.seq,
        at=of.at,
        exec_id=of.exec_id,
        perm_id=1,
        owner=of.owner,
        account=of.account,
        fees=Fees(),
        realised=realised,
    )


def delivery(*faults: Fault, client: str = "7", since: datetime | None = None) -> Delivery:
    return Delivery(FaultSchedule(faults), client, names=lambda con_id: SYMBOLS[con_id], since=since)


def moment(event: Told) -> datetime:
    return event.received_at if isinstance(event, Quote) else event.at


def all_told(to: Delivery, *events: Event, until: float = 10_000) -> list[Told]:
    """Each event at its own time, and whatever comes by itself when it asked to be called."""
    told: list[Told] = []
    for event in events:
        while (due := to.next_at()) is not None and due < moment(event):
            told += to.deliver([], due)
        told += to.deliver([event], moment(event))
    while (due := to.next_at()) is not None and due <= after(until):
        told += to.deliver([], due)
    return told


def codes(told: Sequence[Told]) -> list[int]:
    return [event.code for event in told if isinstance(event, Notice)]


def events_of(told: Sequence[Told]) -> list[Told]:
    return [event for event in told if not isinstance(event, Notice)]


# -- the connection ----------------------------------------------------------------------------------------------------


def test_without_faults_the_client_is_told_the_very_list() -> None:
    events = [quote(1), status(1)]
    assert Delivery(NO_FAULTS).deliver(events, after(1)) is events
    assert delivery(Fault(START, Kind.REJECT_201)).deliver(events, after(1)) is events
    assert delivery(Fault(after(2), Kind.DISCONNECT_1102, "", 5)).deliver(events, after(1)) is events
    assert Delivery(NO_FAULTS).next_at() is None


@pytest.mark.parametrize(("kind", "code"), [(Kind.DISCONNECT_1101, 1101), (Kind.DISCONNECT_1102, 1102)])
def test_an_outage_is_announced_silent_and_ended_and_what_happened_in_it_is_never_told(kind: Kind, code: int) -> None:
    to = delivery(Fault(after(10), kind, duration_s=20))
    lost = [quote(10), status(11), execution(12, 1), bill(execution(12, 1))]
    told = all_told(to, status(9), *lost, status(30))
    assert [(event.code, event.at) for event in told if isinstance(event, Notice)] == [
        (1100, after(10)),
        (code, after(30)),
    ]
    assert events_of(told) == [status(9), status(30)]


def test_after_1101_only_the_quotes_that_were_asked_for_again_come() -> None:
    to = delivery(Fault(after(10), Kind.DISCONNECT_1101, duration_s=5))
    all_told(to, quote(1), quote(16))
    to.renew(SPY)
    assert all_told(to, quote(17), quote(17, NVDA)) == [quote(17)]


def test_after_1102_quotes_go_on_by_themselves() -> None:
    to = delivery(Fault(after(10), Kind.DISCONNECT_1102, duration_s=5))
    assert events_of(all_told(to, quote(1), quote(16))) == [quote(1), quote(16)]


def test_an_execution_that_was_on_its_way_when_the_connection_broke_is_lost_with_its_bill() -> None:
    late, outage = Fault(START, Kind.LATE_EXECUTION, amount=20), Fault(after(10), Kind.DISCONNECT_1102, "", 5)
    late_bill = bill(execution(8, 1))._replace(at=after(16))
    assert codes(told := all_told(delivery(late, outage), execution(8, 1), late_bill)) == [1100, 1102]
    assert events_of(told) == []


def test_outages_that_overlap_are_one_and_lose_data_if_one_of_them_does() -> None:
    first, second = Fault(after(10), Kind.DISCONNECT_1101, "", 10), Fault(after(15), Kind.DISCONNECT_1102, "", 10)
    told = all_told(delivery(first, second), status(22))
    assert [(event.code, event.at) for event in told if isinstance(event, Notice)] == [
        (1100, after(10)),
        (1101, after(25)),
    ]
    assert events_of(told) == []


def test_a_dropped_socket_is_the_last_a_connection_says() -> None:
    to = delivery(Fault(after(10), Kind.SOCKET_DROP, duration_s=5))
    assert all_told(to, status(1), status(11)) == [status(1), Dropped(after(10))]
    assert to.dropped and to.next_at() is None
    assert to.deliver([status(12)], after(12)) == []


def test_a_new_connection_hears_of_no_fault_that_is_over_and_is_struck_by_none_twice() -> None:
    drop, copy = Fault(after(10), Kind.SOCKET_DROP), Fault(START, Kind.DUPLICATE_EXECUTION)
    old = delivery(drop, copy)
    assert all_told(old, execution(1, 1)) == [execution(1, 1), execution(1, 1), Dropped(after(10))]
    new = Delivery(old.watch.schedule, "7", since=after(10), watch=old.watch)
    assert all_told(new, execution(11, 2)) == [execution(11, 2)]


def test_a_client_that_connects_in_an_outage_is_told_at_once() -> None:
    to = delivery(Fault(after(10), Kind.DISCONNECT_1102, "", 20), since=after(15))
    told = all_told(to, status(16), status(31))
    assert [(event.code, event.at) for event in told if isinstance(event, Notice)] == [
        (1100, after(15)),
        (1102, after(30)),
    ]
    assert events_of(told) == [status(31)]


def test_a_fault_of_another_client_is_not_this_ones() -> None:
    to = delivery(Fault(after(10), Kind.DISCONNECT_1101, "8", 5), Fault(after(10), Kind.STATUS_LOST, "8", 50))
    assert all_told(to, status(12)) == [status(12)]


# -- quotes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["SPY", str(SPY)])
def test_a_silent_stream_stops_without_a_word_and_others_go_on(target: str) -> None:
    to = delivery(Fault(after(10), Kind.SILENT_STREAM, target, 5))
    events = [quote(9), quote(11), quote(11, NVDA), quote(15), status(12)]
    assert all_told(to, *events) == [quote(9), quote(11, NVDA), quote(15), status(12)]


def test_a_stuck_stream_says_again_and_again_what_it_said_first() -> None:
    to = delivery(Fault(after(10), Kind.STUCK_STREAM, "SPY", 5))
    told = all_told(to, quote(9, bid=1), quote(10, bid=2), quote(11, bid=3), quote(12, bid=4), quote(15, bid=5))
    assert [(each.bid, each.received_at) for each in told if isinstance(each, Quote)] == [
        (1, after(9)),
        (2, after(10)),
        (2, after(11)),
        (2, after(12)),
        (5, after(15)),
    ]


def test_a_competing_session_takes_the_quotes_and_each_line_is_told_once() -> None:
    to = delivery(Fault(after(10), Kind.COMPETING_10197, duration_s=5))
    told = all_told(to, quote(11), quote(11, NVDA), quote(12), quote(16))
    assert [(each.code, each.con_id) for each in told if isinstance(each, Notice)] == [(10197, SPY), (10197, NVDA)]
    assert events_of(told) == [quote(16)]


def test_a_broken_data_farm_stops_quotes_and_not_orders() -> None:
    told = all_told(delivery(Fault(after(10), Kind.DATA_FARM_2103, duration_s=5)), quote(11), status(12), quote(16))
    assert codes(told) == [2103, 2104]
    assert events_of(told) == [status(12), quote(16)]


@pytest.mark.parametrize(
    ("kind", "lasts", "said"), [(Kind.HISTORY_FARM_2105, 5, [2105, 2106]), (Kind.LIVE_UPDATES_10182, 0, [10182])]
)
def test_a_message_about_other_data_changes_nothing(kind: Kind, lasts: float, said: list[int]) -> None:
    told = all_told(delivery(Fault(after(10), kind, duration_s=lasts)), quote(11), status(12))
    assert codes(told) == said
    assert events_of(told) == [quote(11), status(12)]


def test_delayed_data_is_marked_and_late_and_gone_if_still_on_its_way_at_the_end() -> None:
    to = delivery(Fault(after(10), Kind.DELAYED_DATA, "", 20, 15))
    late = evolve(quote(11), data_type=DataType.DELAYED, received_at=after(26))
    assert all_told(to, quote(11), quote(20), quote(31)) == [late, quote(31)]
    only_marked = delivery(Fault(after(10), Kind.DELAYED_DATA, "", 20))
    assert all_told(only_marked, quote(11)) == [evolve(quote(11), data_type=DataType.DELAYED)]


# -- executions and bills ----------------------------------------------------------------------------------------------


def test_a_late_execution_comes_once_and_its_bill_after_it() -> None:
    to = delivery(Fault(START, Kind.LATE_EXECUTION, "U7", amount=8))
    first, second = execution(10, 1), execution(12, 2)
    told = all_told(to, first, bill(first), second, bill(second))
    assert told == [second, bill(second), first, bill(first)]


def test_a_late_execution_whose_bill_is_later_still_keeps_it_no_longer() -> None:
    to = delivery(Fault(START, Kind.LATE_EXECUTION, amount=8))
    charged = bill(execution(10, 1))._replace(at=after(30))
    assert all_told(to, execution(10, 1), charged) == [execution(10, 1), charged]


def test_a_lost_execution_and_its_bill_are_never_told() -> None:
    to = delivery(Fault(START, Kind.LOST_EXECUTION, "SPY"))
    first, second, third = execution(1, 1, NVDA), execution(2, 2), execution(3, 3)
    told = all_told(to, *(event for each in (first, second, third) for event in (each, bill(each))))
    assert told == [first, bill(first), third, bill(third)]


def test_a_duplicate_execution_has_one_id_and_one_bill() -> None:
    first, second = execution(1, 1), execution(2, 2)
    told = all_told(delivery(Fault(START, Kind.DUPLICATE_EXECUTION)), first, bill(first), second)
    assert told == [first, first, bill(first), second]


def test_executions_out_of_order_come_newest_first_at_the_end_and_then_their_bills() -> None:
    to = delivery(Fault(after(10), Kind.OUT_OF_ORDER_EXECUTIONS, "", 5))
    first, second, third = (execution(10 + number, number) for number in range(3))
    told = all_told(to, first, bill(first), status(10), second, bill(second), third, execution(15, 4))
    assert told == [status(10), third, second, first, bill(first), bill(second), execution(15, 4)]


def test_a_late_commission_comes_late_and_the_execution_in_time() -> None:
    first = execution(1, 1)
    to = delivery(Fault(START, Kind.LATE_COMMISSION, amount=60))
    assert all_told(to, first, bill(first), status(2)) == [first, status(2), bill(first)]
    assert to.deliver([], after(1000)) == []


# -- orders ------------------------------------------------------------------------------------------------------------


def test_a_lost_ack_keeps_every_status_of_that_order_from_the_client_and_no_fill() -> None:
    to = delivery(Fault(after(5), Kind.LOST_ACK))
    told = all_told(to, status(1), status(6, 2), execution(7, 1), status(8, 2, Status.FILLED, 10), status(9, 3))
    assert told == [status(1), execution(7, 1), status(9, 3)]


def test_lost_statuses_are_lost_for_a_while_and_executions_are_not() -> None:
    to = delivery(Fault(after(5), Kind.STATUS_LOST, "U7", 5))
    assert all_told(to, status(6), execution(7, 1), status(10)) == [execution(7, 1), status(10)]


def test_a_false_cancel_shows_a_living_order_dead_and_the_truth_follows() -> None:
    to = delivery(Fault(after(5), Kind.FALSE_CANCEL_10349))
    told = all_told(to, status(6, word=Status.INACTIVE), status(7), status(8, word=Status.FILLED, filled=10))
    assert [(each.status, each.code) for each in told if isinstance(each, OrderStatus)] == [
        (Status.INACTIVE, None),
        (Status.SUBMITTED, None),
        (Status.CANCELLED, 10349),
        (Status.FILLED, None),
    ]


@pytest.mark.parametrize(("amount", "code"), [(0, 105), (321, 321)])
def test_a_false_error_names_a_living_order(amount: float, code: int) -> None:
    told = all_told(delivery(Fault(after(5), Kind.FALSE_ERROR_105, "7:1", amount=amount)), status(7, 4))
    assert [(each.code, each.perm_id, each.owner) for each in told if isinstance(each, Notice)] == [(code, 4, "7:1")]
    assert events_of(told) == [status(7, 4)]


# -- answers -----------------------------------------------------------------------------------------------------------


def test_slow_answers_are_late_and_none_overtakes_another() -> None:
    to = delivery(Fault(after(10), Kind.SLOW_ANSWERS, "7", 5, 8))
    assert [to.answers_at(after(at)) for at in (9, 10, 14, 16, 30)] == [after(at) for at in (9, 18, 22, 22, 30)]


def test_what_is_asked_in_an_outage_is_answered_after_it() -> None:
    to = delivery(Fault(after(10), Kind.DISCONNECT_1102, "", 5), Fault(after(15), Kind.DISCONNECT_1101, "", 5))
    assert [to.answers_at(after(at)) for at in (9, 12, 20)] == [after(9), after(20), after(20)]


def test_the_clock_of_the_server_is_off_for_a_while() -> None:
    to = delivery(Fault(after(10), Kind.CLOCK_SKEW, "", 5, -2.5))
    assert [to.server_time(after(at)) for at in (9, 10, 15)] == [after(9), after(7.5), after(15)]


def test_whoever_answers_a_request_asks_for_faults_of_that_one_answer() -> None:
    to = delivery(Fault(START, Kind.LOST_ORDER, "7"), Fault(START, Kind.UNANSWERED, "completedOrders", 60))
    assert to.strikes(Kind.LOST_ORDER, after(1)) and not to.strikes(Kind.LOST_ORDER, after(2))
    assert to.strikes(Kind.UNANSWERED, after(1), "completedOrders") and not to.strikes(
        Kind.UNANSWERED, after(2), "positions"
    )


# -- under any faults --------------------------------------------------------------------------------------------------

DELIVERED = [kind for kind, about in ABOUT.items() if about.where == "delivery"]
DELAYING = [Kind.LATE_EXECUTION, Kind.LATE_COMMISSION, Kind.OUT_OF_ORDER_EXECUTIONS, Kind.SLOW_ANSWERS, Kind.CLOCK_SKEW]


@st.composite
def a_fault(draw: st.DrawFn, kinds: Sequence[Kind]) -> Fault:
    kind = draw(st.sampled_from(kinds))
    amount = 0 if (about := ABOUT[kind].amount) is None else draw(st.sampled_from([0.5, 3, 20]))
    amount = int(amount) if about is not None and about.whole else amount
    lasts = draw(st.sampled_from([0.5, 4, 30]))
    return Fault(after(draw(st.integers(0, 60))), kind, draw(st.sampled_from(["", "SPY", "U7"])), lasts, amount)


@st.composite
def a_stream(draw: st.DrawFn) -> list[Event]:
    events: list[Event] = []
    for number, seconds in enumerate(sorted(draw(st.lists(st.integers(0, 80), max_size=20))), 1):
        filled = execution(seconds, number, draw(st.sampled_from([SPY, NVDA])))
        some: list[list[Event]] = [
            [quote(seconds, bid=number)],
            [status(seconds, number % 3, filled=number % 2)],
            [filled, bill(filled)],
            [Trading(seq=number, at=after(seconds), con_id=SPY, phase=Phase.OPEN)],
        ]
        events += draw(st.sampled_from(some))
    return events


def schedules(kinds: Sequence[Kind] = DELIVERED) -> st.SearchStrategy[FaultSchedule]:
    return st.lists(a_fault(kinds), max_size=5).map(FaultSchedule)


@given(schedules(), a_stream())
def test_how_often_the_delivery_is_called_changes_nothing(schedule: FaultSchedule, events: list[Event]) -> None:
    at_once = list(delivery(*schedule.faults).deliver(events, after(10_000)))
    assert all_told(delivery(*schedule.faults), *events) == at_once
    every_second, to = [], delivery(*schedule.faults)
    for second in range(301):
        every_second += to.deliver(
            [event for event in events if after(second - 1) < moment(event) <= after(second)], after(second)
        )
    assert every_second == at_once


@given(schedules(DELAYING), a_stream())
def test_what_only_delays_loses_nothing_and_repeats_nothing(schedule: FaultSchedule, events: list[Event]) -> None:
    assert Counter(map(repr, all_told(delivery(*schedule.faults), *events))) == Counter(map(repr, events))


@given(schedules([kind for kind in DELIVERED if kind is not Kind.DUPLICATE_EXECUTION]), a_stream())
def test_nothing_is_told_twice_unless_a_fault_says_so(schedule: FaultSchedule, events: list[Event]) -> None:
    told = [each for each in all_told(delivery(*schedule.faults), *events) if isinstance(each, Executed | Charged)]
    assert not Counter(map(repr, told)) - Counter(map(repr, events))


@given(schedules(), a_stream())
def test_the_truth_is_never_altered(schedule: FaultSchedule, events: list[Event]) -> None:
    before = [repr(event) for event in events]
    all_told(delivery(*schedule.faults), *events)
    assert [repr(event) for event in events] == before
