"""Faults that really happen at the exchange, and what an account and its orders look like then."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from attrs import evolve
from venue import FRIDAY, SPY, Venue, option

from gamma_scalper.domain.exits import UserError
from gamma_scalper.exchange.events import Status
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.tickets import Limit


def struck(kind: Kind, **more) -> Venue:
    venue = Venue(faults=FaultSchedule((Fault(at=datetime(2026, 1, 5, 15, 0, tzinfo=UTC), kind=kind, **more),)))
    venue.quote(SPY, 599.99, 600.01)
    return venue


def test_a_refused_order_is_inactive_and_the_next_is_not() -> None:
    venue = struck(Kind.REJECT_201)
    assert [venue.status(venue.buy(1)) for _ in range(2)] == [Status.INACTIVE, Status.FILLED]


def test_an_order_can_be_taken_first_and_refused_then() -> None:
    venue = struck(Kind.INACTIVE)
    order = venue.buy(1)
    told = [each.status for each in venue.said if type(each).__name__ == "OrderStatus"]
    assert (told, venue.codes()) == ([Status.PRE_SUBMITTED, Status.INACTIVE], [201])
    assert venue.order(order).code == 201


def test_an_option_whose_fees_nobody_knows_is_refused() -> None:
    call = evolve(option(11, "C", 600, FRIDAY, "cash_pm"), trading_class="NDXP")
    venue = Venue(options=[call])
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(11, 5.0, 5.1)
    assert venue.status(venue.buy(1, what=11)) is Status.INACTIVE


def test_a_locate_that_takes_its_time_holds_a_short_sale() -> None:
    venue = struck(Kind.LOCATE_404, duration_s=60)
    order = venue.sell(1)
    assert venue.order(order).why_held == "locate"
    venue.wait(61)
    venue.quote(SPY, 599.99, 600.01)
    assert venue.order(order).filled == 1


def test_a_second_perm_id_leaves_two_living_orders_of_one_modification() -> None:
    venue = struck(Kind.SECOND_PERM_ID)
    order = venue.buy(10, "599", owner="17/5")
    venue.modify(order, kind=Limit("599.50"))
    living = venue.engine.open_orders()
    assert [(each.ticket.owner, each.ticket.limit) for each in living] == [
        ("17/5", Decimal("599")),
        ("17/5", Decimal("599.50")),
    ]


def test_a_cancel_that_loses_its_race_finds_the_order_filled() -> None:
    venue = struck(Kind.CANCEL_FILL_RACE)
    order = venue.buy(10, "599")
    venue.cancel(order)
    venue.quote(SPY, 598.98, 599.0)
    venue.wait(5)
    assert (venue.status(order), venue.codes()) == (Status.FILLED, [10148])
    assert venue.fills(order) == [(10, Decimal("599"))]


def test_a_corrected_execution_is_told_again_with_the_next_suffix_and_cash_is_put_right() -> None:
    venue = struck(Kind.CORRECTED_EXECUTION, amount=0.25)
    order = venue.buy(10)
    before = venue.cash()
    venue.wait(10)
    first, second = [event for event in venue.said if type(event).__name__ == "Executed"]
    assert second.exec_id == first.exec_id.removesuffix("01") + "02"
    assert second.price - first.price == Decimal("0.25")
    assert before - venue.cash() == Decimal("2.50")
    assert venue.holds(SPY) == venue.order(order).filled == 10


def test_a_liquidation_closes_what_is_held_by_an_order_that_is_nobodys() -> None:
    venue = struck(Kind.LIQUIDATION)
    venue = Venue(
        faults=FaultSchedule((Fault(at=datetime(2026, 1, 5, 15, 1, tzinfo=UTC), kind=Kind.LIQUIDATION, amount=0.5),))
    )
    venue.quote(SPY, 599.99, 600.01)
    venue.buy(10, owner="17/5")
    venue.wait(59)
    venue.quote(SPY, 599.99, 600.01)
    venue.wait(2)
    forced = [event for event in venue.said if type(event).__name__ == "Executed"][-1]
    assert (forced.liquidation, forced.owner, venue.holds(SPY), venue.codes()) == (True, "", 5, [2148])


def test_a_trade_by_hand_changes_the_account_and_belongs_to_nobody() -> None:
    venue = Venue(
        faults=FaultSchedule(
            (Fault(at=datetime(2026, 1, 5, 15, 1, tzinfo=UTC), kind=Kind.MANUAL_TRADE, target="SPY", amount=-30),)
        )
    )
    venue.wait(59)
    venue.quote(SPY, 599.99, 600.01)
    venue.wait(2)
    assert venue.holds(SPY) == -30


def test_a_fault_that_names_a_share_nobody_listed_is_refused_at_once() -> None:
    with pytest.raises(UserError, match=r"'NVDIA' isn't listed; allowed: SPY"):
        struck(Kind.HALT, target="NVDIA", duration_s=60)
