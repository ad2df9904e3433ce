"""How an order lives and ends: lifetimes, stops, closes, groups, brackets, changes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from attrs import evolve
from venue import CALL, CLOSE, MONDAY, SPY, YOU, Venue, quoted

from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.exchange.events import OrderStatus, Status
from gamma_scalper.exchange.parameters import FRICTIONLESS
from gamma_scalper.exchange.tickets import (
    CancelAll,
    MarketOnClose,
    Modify,
    Oca,
    Stop,
    Ticket,
    TimeInForce,
)


def test_an_immediate_order_is_cancelled_for_what_does_not_fill_at_once() -> None:
    venue = Venue()
    venue.quote(SPY, 599.99, 600.01, (100, 100))
    order = venue.buy(150, "600.01", tif=TimeInForce.IOC)
    assert (venue.status(order), venue.order(order).filled) == (Status.CANCELLED, 100)


def test_a_day_order_ends_with_the_session_and_one_good_till_cancelled_does_not() -> None:
    venue = quoted()
    day, kept = venue.buy(1, "500"), venue.buy(1, "500", tif=TimeInForce.GTC)
    venue.wait(CLOSE - timedelta(microseconds=1))
    assert venue.status(day) is Status.SUBMITTED
    venue.wait(CLOSE)
    assert (venue.status(day), venue.status(kept)) == (Status.CANCELLED, Status.SUBMITTED)


def test_an_order_good_till_a_moment_ends_then_and_a_later_moment_can_take_its_place() -> None:
    venue = quoted()
    short = venue.buy(1, "500", tif=TimeInForce.GTD, good_till=MONDAY + timedelta(seconds=30))
    longer = venue.buy(1, "500", tif=TimeInForce.GTD, good_till=MONDAY + timedelta(seconds=30))
    venue.modify(longer, good_till=MONDAY + timedelta(seconds=60))
    venue.wait(30)
    assert (venue.status(short), venue.status(longer)) == (Status.CANCELLED, Status.SUBMITTED)
    venue.wait(30)
    assert venue.status(longer) is Status.CANCELLED


def test_an_order_in_an_option_ends_when_the_option_does() -> None:
    venue = quoted()
    venue.quote(CALL.con_id, 5.0, 5.1)
    order = venue.buy(1, "1.00", CALL.con_id, tif=TimeInForce.GTC)
    venue.wait(CALL.expires_at)
    assert venue.status(order) is Status.CANCELLED


def test_outside_the_session_an_order_waits_unless_it_is_a_limit_that_may_trade_then() -> None:
    early = datetime(2026, 1, 5, 13, 0, tzinfo=UTC)
    venue = quoted(start=early)
    waiting, allowed = venue.buy(1, "601"), venue.buy(1, "601", outside_rth=True)
    assert (venue.status(waiting), venue.order(allowed).filled) == (Status.PRE_SUBMITTED, 1)
    assert 399 in venue.codes()
    venue.wait(datetime(2026, 1, 5, 14, 30, tzinfo=UTC))
    venue.quote(SPY, 600.0, 600.02)
    assert venue.order(waiting).filled == 1


def test_a_market_order_loses_the_flag_for_trading_outside_the_session_without_a_word() -> None:
    venue = quoted(start=datetime(2026, 1, 5, 13, 0, tzinfo=UTC))
    order = venue.buy(1, outside_rth=True)
    assert (venue.order(order).ticket.outside_rth, venue.order(order).filled) == (False, 0)


def test_a_stop_sleeps_until_the_market_reaches_it_and_is_a_market_order_then() -> None:
    venue = quoted()
    order = venue.place(Side.SELL, 10, SPY, Stop("599"))
    venue.quote(SPY, 599.10, 599.12)
    assert (venue.status(order), venue.order(order).why_held) == (Status.PRE_SUBMITTED, "trigger")
    venue.quote(SPY, 598.50, 598.52)
    assert venue.fills(order) == [(10, Decimal("598.5"))]


def test_a_market_on_close_order_takes_the_last_quote_of_the_session_whole() -> None:
    venue = quoted()
    order = venue.place(Side.BUY, 500, SPY, MarketOnClose())
    venue.wait(CLOSE - timedelta(seconds=1))
    venue.quote(SPY, 601.0, 601.02, (100, 100))
    assert venue.fills(order) == []
    venue.wait(CLOSE)
    assert (venue.status(order), venue.order(order).filled) == (Status.FILLED, 500)
    assert venue.fills(order)[0] == (100, Decimal("601.02"))


def test_a_market_on_close_order_is_refused_ten_minutes_before_the_close() -> None:
    venue = quoted()
    venue.wait(CLOSE - timedelta(minutes=9))
    assert venue.status(venue.place(Side.BUY, 1, SPY, MarketOnClose())) is Status.INACTIVE


def test_a_fill_cancels_the_other_orders_of_its_group() -> None:
    venue = quoted()
    up, down = venue.sell(10, "601", oca_group="a"), venue.place(Side.SELL, 10, SPY, Stop("599"), oca_group="a")
    other = venue.sell(10, "601", oca_group="a", account=YOU)
    venue.quote(SPY, 601.0, 601.02)
    assert [venue.status(each) for each in (up, down, other)] == [Status.FILLED, Status.CANCELLED, Status.FILLED]


def test_a_client_s_cancel_is_of_the_whole_group_and_its_end_of_life_of_the_one_order() -> None:
    venue = quoted()
    up, down = venue.sell(10, "601", oca_group="a"), venue.sell(10, "602", oca_group="a")
    other = venue.sell(10, "601", oca_group="a", account=YOU)
    venue.cancel(up)
    assert [venue.status(each) for each in (up, down, other)] == [Status.CANCELLED, Status.CANCELLED, Status.SUBMITTED]
    assert venue.codes() == [202, 202]
    parent = venue.buy(10)
    target, stop = (venue.sell(10, price, parent=parent) for price in ("602", "603"))
    venue.cancel(target)
    assert (venue.status(target), venue.status(stop)) == (Status.CANCELLED, Status.CANCELLED)
    soon = venue.sell(10, "601", oca_group="b", tif=TimeInForce.GTD, good_till=venue.now + timedelta(minutes=1))
    late = venue.sell(10, "602", oca_group="b")
    venue.wait(61)
    assert (venue.status(soon), venue.status(late)) == (Status.CANCELLED, Status.SUBMITTED)


def test_a_fill_can_reduce_the_other_orders_of_its_group_instead() -> None:
    venue = quoted()
    up = venue.sell(10, "601", oca_group="a", oca=Oca.REDUCE)
    down = venue.place(Side.SELL, 10, SPY, Stop("599"), oca_group="a", oca=Oca.REDUCE)
    venue.quote(SPY, 601.0, 601.02, (4, 4))
    assert (venue.order(up).filled, venue.order(down).left) == (4, 6)
    venue.quote(SPY, 598.9, 598.92)
    assert (venue.order(down).filled, venue.status(up)) == (6, Status.CANCELLED)


def test_a_brackets_children_wake_when_the_parent_has_filled_and_stand_in_for_one_another() -> None:
    venue = quoted()
    parent = venue.buy(10, "599.50")
    target = venue.sell(10, "602", parent=parent)
    stop = venue.place(Side.SELL, 10, SPY, Stop("598"), parent=parent)
    venue.quote(SPY, 602.5, 602.52)
    assert venue.status(target) is Status.PRE_SUBMITTED
    venue.quote(SPY, 599.40, 599.42)
    assert (venue.status(parent), venue.status(target)) == (Status.FILLED, Status.SUBMITTED)
    venue.quote(SPY, 602.5, 602.52)
    assert (venue.status(target), venue.status(stop)) == (Status.FILLED, Status.CANCELLED)
    assert venue.holds(SPY) == 0


def test_a_cancelled_parent_takes_its_children_along_or_leaves_them_what_it_had_filled() -> None:
    venue = quoted()
    parent = venue.buy(10, "599.50")
    child = venue.sell(10, "602", parent=parent)
    venue.cancel(parent)
    assert venue.status(child) is Status.CANCELLED
    parent = venue.buy(10, "599.50")
    child = venue.sell(10, "602", parent=parent)
    venue.quote(SPY, 599.40, 599.42, (4, 4))
    venue.cancel(parent)
    assert (venue.status(child), venue.order(child).left) == (Status.SUBMITTED, 4)


def test_a_group_ends_each_of_its_orders_once_and_nothing_fills_after_its_end() -> None:
    venue = quoted()
    first = venue.buy(300, "599.00", oca_group="g")
    parent = venue.sell(10, "605", oca_group="g")
    venue.sell(10, "606", oca_group="g", parent=parent)
    venue.quote(SPY, 598.98, 599.0, (100, 100))
    ends = [(each.perm_id, each.status) for each in venue.said if isinstance(each, OrderStatus) and each.status.dead]
    assert len(ends) == len({perm_id for perm_id, _ in ends})
    assert venue.order(first).filled == 100


def test_a_modified_child_still_stands_in_for_the_other() -> None:
    venue = quoted()
    parent = venue.buy(10)
    target = venue.sell(10, "602", parent=parent)
    stop = venue.place(Side.SELL, 10, SPY, Stop("598"), parent=parent)
    plain = Ticket(account="DU1", what=SPY, side=Side.SELL, quantity=Decimal(10), kind=Limit("601"))
    venue.do(Modify(target, plain))
    venue.quote(SPY, 601.5, 601.52)
    assert (venue.status(target), venue.status(stop), venue.holds(SPY)) == (Status.FILLED, Status.CANCELLED, 0)


def test_a_child_cannot_hang_on_another_accounts_order() -> None:
    venue = quoted()
    parent = venue.buy(10, "599")
    assert venue.status(venue.sell(10, "602", parent=parent, account=YOU)) is Status.INACTIVE


def test_a_modified_order_keeps_its_id_and_takes_its_new_price() -> None:
    venue = quoted()
    order = venue.buy(10, "599")
    venue.modify(order, kind=Limit("600.01"))
    assert venue.fills(order) == [(10, Decimal("600.01"))]


def test_an_order_cannot_be_modified_below_what_is_filled_nor_into_another() -> None:
    venue = Venue(evolve(FRICTIONLESS, levels=1))
    venue.quote(SPY, 599.99, 600.01, (5, 5))
    order = venue.buy(10, "600.01")
    venue.modify(order, quantity=Decimal(4))
    venue.modify(order, side=Side.SELL)
    assert (venue.codes(), venue.order(order).left) == ([201, 105], 5)
    venue.modify(order, quantity=Decimal(5))
    assert venue.status(order) is Status.CANCELLED


def test_a_cancel_takes_the_venues_latency_and_a_fill_may_come_before_it() -> None:
    venue = quoted(venue=evolve(FRICTIONLESS, latency_ms=200))
    order = venue.buy(10, "599")
    venue.wait(0.5)
    venue.cancel(order)
    venue.quote(SPY, 598.9, 598.92)
    assert venue.status(order) is Status.FILLED
    venue.wait(0.5)
    assert venue.codes() == [10148]


def test_a_cancel_is_told_with_its_code_and_an_unknown_order_with_another() -> None:
    venue = quoted()
    venue.cancel(venue.buy(10, "599"))
    venue.cancel(12_345)
    assert venue.codes() == [202, 10147]


def test_cancelling_all_leaves_the_other_account_alone() -> None:
    venue = quoted()
    mine, yours = venue.buy(1, "500"), venue.buy(1, "500", account=YOU)
    venue.do(CancelAll("DU1"))
    assert (venue.status(mine), venue.status(yours)) == (Status.CANCELLED, Status.SUBMITTED)


def test_a_working_order_has_its_contract_quoted_and_no_longer_than_it_lives() -> None:
    venue = quoted()
    order = venue.buy(1, "500")
    assert venue.engine.floor.lines == [SPY]
    venue.cancel(order)
    assert venue.engine.floor.lines == []


def test_each_modification_holds_from_its_own_arrival() -> None:
    venue = quoted(venue=evolve(FRICTIONLESS, latency_ms=150))
    order = venue.buy(10, "598")
    venue.wait(0.2)
    venue.modify(order, kind=Limit("599"))
    venue.wait(0.1)
    venue.modify(order, kind=Limit("600.50"))
    venue.wait(0.06)
    assert (venue.order(order).ticket.limit, venue.order(order).filled) == (Decimal("599"), 0)
    venue.wait(0.2)
    assert venue.order(order).filled == 10


def test_a_day_order_made_of_a_shorter_one_lives_to_the_close_and_one_made_immediate_ends_at_once() -> None:
    venue = quoted()
    order = venue.buy(1, "500", tif=TimeInForce.GTD, good_till=MONDAY + timedelta(seconds=30))
    venue.modify(order, tif=TimeInForce.DAY, good_till=None)
    venue.wait(60)
    assert venue.status(order) is Status.SUBMITTED
    venue.modify(order, tif=TimeInForce.IOC)
    assert venue.status(order) is Status.CANCELLED


def test_a_day_order_that_comes_too_late_does_not_become_the_next_days() -> None:
    venue = quoted(venue=evolve(FRICTIONLESS, latency_ms=150))
    venue.wait(CLOSE - timedelta(milliseconds=100))
    order = venue.buy(1, "601")
    venue.wait(1)
    assert venue.status(order) is Status.CANCELLED


def test_an_immediate_child_lives_until_its_parent_fills() -> None:
    venue = quoted()
    parent = venue.buy(10, "599")
    child = venue.sell(10, "600", tif=TimeInForce.IOC, parent=parent)
    assert venue.status(child) is Status.PRE_SUBMITTED
    venue.quote(SPY, 598.98, 599.0)
    assert (venue.status(parent), venue.status(child)) == (Status.FILLED, Status.CANCELLED)


# -- changes that meet other changes -----------------------------------------------------------------------------------

SLOW = evolve(FRICTIONLESS, latency_ms=150)


def test_an_order_that_is_no_longer_for_the_close_does_not_fill_there() -> None:
    venue = quoted()
    order = venue.place(Side.BUY, 100, SPY, MarketOnClose())
    venue.modify(order, kind=Limit("590"))
    venue.wait(CLOSE - timedelta(seconds=1))
    venue.quote(SPY, 600.0, 600.02)
    venue.wait(CLOSE)
    assert (venue.status(order), venue.order(order).filled) == (Status.CANCELLED, 0)


def test_a_modification_on_its_way_does_not_give_back_what_the_group_took_off() -> None:
    venue = quoted(venue=SLOW)
    low = venue.buy(100, "590", oca_group="x", oca=Oca.REDUCE)
    high = venue.buy(100, "600", oca_group="x", oca=Oca.REDUCE)
    venue.wait(1)
    venue.modify(low, kind=Limit("591"))
    venue.quote(SPY, 599.98, 600.0, (50, 50))
    assert (venue.order(high).filled, venue.order(low).quantity) == (50, 50)
    venue.wait(1)
    assert (venue.order(low).ticket.limit, venue.order(low).quantity) == (Decimal("591"), 50)


def test_a_child_that_comes_after_its_parent_died_is_for_what_the_parent_had() -> None:
    venue = Venue(evolve(FRICTIONLESS, levels=1))
    venue.quote(SPY, 599.99, 600.01, (40, 40))
    parent = venue.buy(100, "600.01")
    venue.cancel(parent)
    assert venue.order(venue.sell(100, "605", parent=parent)).quantity == 40


def test_an_order_whose_new_end_has_passed_on_the_way_ends_and_does_not_fill() -> None:
    venue = quoted(venue=SLOW)
    order = venue.buy(10, "590", tif=TimeInForce.GTC)
    venue.wait(1)
    venue.modify(order, kind=Limit("601"), tif=TimeInForce.GTD, good_till=venue.now + timedelta(milliseconds=100))
    venue.wait(1)
    assert (venue.status(order), venue.order(order).filled) == (Status.CANCELLED, 0)
    times = [each.at for each in venue.said if isinstance(each, OrderStatus)]
    assert times == sorted(times)


def test_a_child_wakes_whichever_way_its_parent_ends_with_a_part_filled() -> None:
    venue = Venue(evolve(FRICTIONLESS, levels=1))
    venue.quote(SPY, 599.99, 600.01, (40, 40))
    parent = venue.buy(100, "600.01", tif=TimeInForce.GTD, good_till=MONDAY + timedelta(seconds=1))
    child = venue.sell(100, parent=parent, tif=TimeInForce.GTC)
    venue.wait(1)
    assert (venue.status(parent), venue.order(child).filled) == (Status.CANCELLED, 40)


def test_a_stop_that_was_reached_stays_awake_when_it_is_modified() -> None:
    venue = Venue(evolve(FRICTIONLESS, levels=1))
    venue.quote(SPY, 600.0, 600.02)
    order = venue.place(Side.SELL, 100, SPY, Stop("599"))
    venue.quote(SPY, 598.0, 598.02, (30, 30))
    venue.quote(SPY, 600.0, 600.02, (0, 30))
    venue.modify(order, quantity=Decimal(90))
    venue.quote(SPY, 600.0, 600.02, (100, 100))
    assert venue.order(order).filled == 90


def test_an_immediate_stop_that_is_never_reached_ends_with_the_session() -> None:
    venue = quoted()
    order = venue.place(Side.SELL, 10, SPY, Stop("599"), tif=TimeInForce.IOC)
    assert venue.status(order) is Status.PRE_SUBMITTED
    venue.wait(CLOSE)
    assert venue.status(order) is Status.CANCELLED
