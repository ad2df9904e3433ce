"""What an order gets from the quotes: touch, levels, limits, slippage; combos leg by leg."""

from decimal import Decimal

from attrs import evolve
from venue import CALL, PUT, SPY, STRADDLE, YOU, Venue, quoted

from gamma_scalper.domain.orders import Limit
from gamma_scalper.exchange.events import Charged, Executed, Status
from gamma_scalper.exchange.parameters import FRICTIONLESS, HARSH
from gamma_scalper.exchange.tickets import (
    ComboLeg,
)


def test_a_market_order_takes_the_touch_and_then_walks_to_worse_levels() -> None:
    venue = Venue()
    venue.quote(SPY, 599.99, 600.01, (100, 100))
    order = venue.buy(250)
    assert venue.fills(order) == [(100, Decimal("600.01")), (100, Decimal("600.02")), (50, Decimal("600.03"))]
    assert venue.status(order) is Status.FILLED


def test_what_one_snapshot_gave_is_gone_until_the_next() -> None:
    venue = Venue(evolve(FRICTIONLESS, levels=1))
    venue.quote(SPY, 599.99, 600.01, (100, 100))
    first, second = venue.buy(80), venue.buy(80, account=YOU)
    assert venue.fills(first) == [(80, Decimal("600.01"))]
    assert venue.fills(second) == [(20, Decimal("600.01"))]
    venue.quote(SPY, 600.00, 600.02, (100, 100))
    assert venue.fills(second) == [(20, Decimal("600.01")), (60, Decimal("600.02"))]


def test_a_quote_that_was_only_carried_on_gives_nothing_twice() -> None:
    venue = Venue(evolve(FRICTIONLESS, levels=1))
    venue.quote(SPY, 599.99, 600.01, (100, 100))
    order = venue.buy(150)
    venue.quote(SPY, 599.99, 600.01, (100, 100), carried=True)
    assert venue.order(order).filled == 100


def test_a_marketable_limit_takes_no_level_beyond_its_price() -> None:
    venue = Venue()
    venue.quote(SPY, 599.99, 600.01, (100, 100))
    order = venue.buy(250, "600.02")
    assert venue.fills(order) == [(100, Decimal("600.01")), (100, Decimal("600.02"))]
    assert venue.status(order) is Status.SUBMITTED


def test_a_limit_that_waited_fills_at_its_own_price_once_the_other_side_comes_to_it() -> None:
    venue = quoted()
    order = venue.sell(10, "600.50")
    venue.quote(SPY, 600.49, 600.51)
    assert venue.fills(order) == []
    venue.quote(SPY, 600.60, 600.62)
    assert venue.fills(order) == [(10, Decimal("600.5"))]


def test_slippage_worsens_a_takers_price_and_never_past_the_limit() -> None:
    venue = quoted(venue=evolve(FRICTIONLESS, slippage_bps=10))
    assert venue.fills(venue.buy(1)) == [(1, Decimal("600.62"))]
    assert venue.fills(venue.sell(1)) == [(1, Decimal("599.39"))]
    assert venue.fills(venue.buy(1, "600.1")) == [(1, Decimal("600.1"))]


def test_without_a_quote_nothing_fills_and_every_fill_names_its_quote() -> None:
    venue = Venue()
    order = venue.buy(1, "601")
    assert venue.fills(order) == []
    venue.quote(SPY, 599.99, 600.01)
    (told,) = [event for event in venue.said if isinstance(event, Executed)]
    assert told.snapshot_ids == (1,)


def test_a_one_sided_a_worthless_and_an_old_quote_fill_nothing() -> None:
    venue = Venue()
    venue.quote(SPY, 599.99, None)
    buy = venue.buy(1, "601")
    venue.quote(CALL.con_id, 0.0, 0.05)
    sell = venue.sell(1, what=CALL.con_id)
    assert venue.fills(buy) == venue.fills(sell) == []
    venue.wait(3)
    venue.quote(SPY, 599.99, 600.01)
    assert venue.order(buy).filled == 1
    venue.wait(3)
    assert venue.fills(venue.buy(1)) == []


def test_participation_limits_what_one_snapshot_fills() -> None:
    venue = Venue(evolve(FRICTIONLESS, participation_pct=25, levels=1))
    venue.quote(SPY, 599.99, 600.01, (100, 100))
    order = venue.buy(100)
    assert venue.order(order).filled == 25


def test_the_harsh_preset_comes_late_slips_and_fills_in_parts() -> None:
    venue = Venue(HARSH)
    orders = []
    for _ in range(40):
        venue.quote(SPY, 599.99, 600.01, (10_000, 10_000))
        orders.append(venue.buy(10))
        assert venue.order(orders[-1]).filled == 0
        venue.wait(1)
    assert all(price > Decimal("600.01") for order in orders for _, price in venue.fills(order))
    parted = sum(venue.fills(order)[0][0] < 10 for order in orders)
    assert 2 <= parted <= 16  # one in five


def test_a_marketable_limit_goes_on_paying_the_touch_for_what_is_left_of_it() -> None:
    venue = Venue()
    venue.quote(SPY, 599.99, 600.01, (100, 100))
    order = venue.buy(500, "610")
    venue.quote(SPY, 599.99, 600.01, (200, 200))
    assert [price for _, price in venue.fills(order)][-1] == Decimal("600.01")
    venue.wait(3)
    late = venue.buy(10, "610")
    venue.quote(SPY, 599.99, 600.01, (1_000, 1_000))
    assert venue.fills(late) == [(10, Decimal("600.01"))]


def test_a_combo_fills_all_legs_at_once_and_tells_itself_and_each_leg() -> None:
    venue = quoted()
    venue.quote(CALL.con_id, 5.0, 5.1)
    order = venue.buy(2, "9.30", STRADDLE)
    assert venue.order(order).filled == 0
    venue.quote(PUT.con_id, 4.0, 4.2)
    told = [event for event in venue.said if isinstance(event, Executed)]
    assert [(each.con_id, each.quantity, each.price) for each in told] == [
        (None, 2, Decimal("9.3")),
        (CALL.con_id, 2, Decimal("5.1")),
        (PUT.con_id, 2, Decimal("4.2")),
    ]
    assert len({each.exec_id for each in told}) == 3
    assert (venue.holds(CALL.con_id), venue.holds(PUT.con_id)) == (2, 2)


def test_a_combo_fills_within_its_net_price_and_no_more_than_its_scarcest_leg() -> None:
    venue = quoted()
    venue.quote(CALL.con_id, 5.0, 5.1, (50, 50))
    venue.quote(PUT.con_id, 4.0, 4.2, (3, 3))
    assert venue.order(venue.buy(5, "9.29", STRADDLE)).filled == 0
    assert venue.order(venue.buy(5, "9.30", STRADDLE)).filled == 3


def test_a_sold_combo_and_one_with_a_sold_leg_take_the_right_sides() -> None:
    venue = quoted()
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.quote(PUT.con_id, 4.0, 4.2)
    sold = venue.sell(1, what=STRADDLE)
    assert venue.fills(sold) == [(1, Decimal("9.0"))]
    reversal = venue.buy(1, "0.80", (ComboLeg(CALL.con_id, 1), ComboLeg(PUT.con_id, -1)))
    assert venue.order(reversal).filled == 0
    venue.quote(CALL.con_id, 4.5, 4.8)
    assert venue.fills(reversal) == [(1, Decimal("0.8"))]


def test_shares_beside_an_option_are_priced_for_one_share_of_it() -> None:
    venue = quoted()
    venue.quote(CALL.con_id, 9.0, 9.1)
    covered = (ComboLeg(SPY, 100), ComboLeg(CALL.con_id, -1))
    order = venue.buy(2, "591.00", covered)
    assert venue.order(order).filled == 0
    venue.modify(order, kind=Limit("591.01"))
    assert venue.fills(order) == [(2, Decimal("591.01"))]
    assert (venue.holds(SPY), venue.holds(CALL.con_id)) == (200, -2)


def test_a_combos_slippage_stops_at_its_limit() -> None:
    venue = quoted(venue=evolve(FRICTIONLESS, slippage_bps=100))
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.quote(PUT.con_id, 4.0, 4.2)
    assert venue.fills(venue.buy(1, "9.32", STRADDLE)) == [(1, Decimal("9.32"))]
    assert venue.fills(venue.buy(1, "9.90", STRADDLE)) == [(1, Decimal("9.41"))]


def test_a_combo_that_waited_fills_at_its_own_net_price_too() -> None:
    venue = quoted()
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.quote(PUT.con_id, 4.0, 4.2)
    order = venue.buy(1, "9.00", STRADDLE)
    venue.quote(CALL.con_id, 4.0, 4.1)
    assert venue.fills(order) == [(1, Decimal("9.00"))]


def test_what_a_fill_takes_out_of_the_account_is_its_value_and_the_bill_that_is_told() -> None:
    venue = quoted()
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.buy(2, what=CALL.con_id)
    (bill,) = [event.fees.total for event in venue.said if isinstance(event, Charged)]
    assert bill > 2
    assert venue.cash() == 1_000_000 - 2 * Decimal("5.1") * 100 - bill
