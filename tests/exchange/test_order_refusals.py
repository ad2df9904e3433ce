"""What is refused, with which code, and what an account must have for an order."""

from datetime import timedelta
from decimal import Decimal

import pytest
from venue import CALL, CLOSE, HIGH_CALL, ME, MONDAY, PUT, SPY, STRADDLE, Venue, quoted

from gamma_scalper.domain.orders import Limit, Side
from gamma_scalper.exchange.acceptance import Refusal
from gamma_scalper.exchange.events import OrderStatus, Status
from gamma_scalper.exchange.tickets import (
    ComboLeg,
    Exercise,
    Look,
    MarketOnClose,
    Stop,
    Ticket,
    TimeInForce,
)

REFUSED = [
    ({"account": "XX"}, 321),
    ({"what": 999}, 200),
    ({"quantity": Decimal("0.5")}, 10243),
    ({"quantity": Decimal(-1)}, 434),
    ({"kind": Limit("600.001")}, 110),
    ({"kind": Limit("-1")}, 110),
    ({"kind": Stop("0")}, 110),
    ({"tif": TimeInForce.GTD, "good_till": None}, 201),
    ({"parent": 4}, 201),
    ({"what": (ComboLeg(CALL.con_id, 1),)}, 321),
    ({"what": (ComboLeg(CALL.con_id, 1), ComboLeg(CALL.con_id, 1))}, 321),
    ({"what": STRADDLE, "kind": Stop("5")}, 387),
    ({"quantity": Decimal(20_000)}, 201),
]


@pytest.mark.parametrize(("wrong", "code"), REFUSED)
def test_a_wrong_ticket_is_refused_with_the_brokers_code_and_changes_nothing(wrong: dict, code: int) -> None:
    venue = quoted()
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.quote(PUT.con_id, 4.0, 4.2)
    right = {"account": "DU1", "what": SPY, "quantity": Decimal(1), "side": Side.BUY}
    ticket = Ticket(**{**right, **wrong})
    order = venue.place(**{name: getattr(ticket, name) for name in ("side", "quantity", "what", "kind", "account",
                           "tif", "good_till", "parent")})  # fmt: skip
    assert (venue.status(order), venue.codes()) == (Status.INACTIVE, [code])
    assert venue.engine.open_orders() == []
    assert venue.cash() == 1_000_000


def test_without_a_price_nothing_is_known_to_be_affordable() -> None:
    venue = Venue(cash=1_000)
    assert venue.status(venue.buy(1_000_000)) is Status.INACTIVE
    assert venue.status(venue.sell(1_000_000)) is Status.INACTIVE


def test_orders_that_close_the_same_position_twice_need_the_margin_of_what_they_open() -> None:
    venue = Venue(cash=2_000)
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.buy(1, what=CALL.con_id)
    assert venue.status(venue.sell(1, "10.5", CALL.con_id)) is Status.SUBMITTED
    assert venue.status(venue.sell(1, "10.5", CALL.con_id)) is Status.INACTIVE


def test_cover_that_a_working_order_leans_on_cannot_be_sold_without_margin() -> None:
    venue = Venue(cash=2_000)
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.quote(HIGH_CALL.con_id, 2.0, 2.1)
    venue.buy(1, what=CALL.con_id)
    assert venue.status(venue.sell(1, "3.00", HIGH_CALL.con_id)) is Status.SUBMITTED
    assert venue.status(venue.sell(1, "6.00", CALL.con_id)) is Status.INACTIVE


def test_a_market_on_close_order_is_filled_on_a_quiet_markets_last_quote() -> None:
    venue = quoted()
    venue.wait(CLOSE - timedelta(minutes=30))
    venue.quote(SPY, 600.0, 600.02)
    order = venue.place(Side.BUY, 10, SPY, MarketOnClose(), tif=TimeInForce.GTC)
    venue.wait(CLOSE)
    assert venue.fills(order) == [(10, Decimal("600.02"))]


def test_what_if_refuses_what_cannot_be_traded_at_all() -> None:
    venue = quoted()
    venue.wait(CALL.expires_at + timedelta(minutes=1))
    expired = Ticket(account="DU1", what=CALL.con_id, side=Side.BUY, quantity=Decimal(1))
    assert isinstance(venue.engine.what_if(expired), Refusal)


def test_what_if_tells_the_margin_and_places_nothing() -> None:
    venue = quoted()
    after = venue.engine.what_if(Ticket(account="DU1", what=SPY, side=Side.BUY, quantity=Decimal(100)))
    assert after.initial == pytest.approx(30_000)
    assert venue.engine.open_orders() == []
    refused = venue.engine.what_if(Ticket(account="DU1", what=77, side=Side.BUY, quantity=Decimal(1)))
    assert isinstance(refused, Refusal)


def test_an_instruction_to_exercise_more_than_is_held_is_told_and_ignored() -> None:
    venue = quoted()
    venue.do(Exercise("DU1", CALL.con_id, 1))
    assert venue.codes() == [322]


def test_looking_at_a_contract_that_is_not_listed_is_refused() -> None:
    venue = Venue()
    with pytest.raises(LookupError):
        venue.do(Look(999))


def test_time_does_not_go_backwards() -> None:
    venue = quoted()
    with pytest.raises(ValueError, match="back"):
        venue.wait(MONDAY - timedelta(seconds=1))


# -- what resting orders do to buying power ----------------------------------------------------------------------------


def test_waiting_for_a_better_price_makes_nobody_richer() -> None:
    venue = quoted(cash=100_000)
    alone = venue.engine.what_if(bid(1))
    resting = venue.buy(1_500, "100.00")
    assert venue.order(resting).alive, "150,000 dollars of shares, and half of it in cash"
    assert venue.engine.what_if(bid(1)) == alone, "a what-if is about this order and no other"
    refused = venue.buy(400)
    assert venue.order(refused).code == 201, "75,000 of the 100,000 are spoken for"
    status = next(each for each in reversed(venue.said) if isinstance(each, OrderStatus))
    assert (status.status, status.filled, status.remaining) == (Status.INACTIVE, 0, 400)
    assert venue.engine.margin(ME).available == pytest.approx(100_000)


def test_a_sale_far_above_the_market_makes_nobody_richer_either() -> None:
    venue = quoted(cash=100_000)
    venue.buy(100)
    venue.sell(100, "6000.00")
    assert venue.order(venue.buy(400)).code == 201
    assert venue.order(venue.sell(100, "60000.00")).code == 201, "a short sale of 6,000,000 dollars"


def bid(quantity: int) -> Ticket:
    return Ticket(account=ME, what=SPY, side=Side.BUY, quantity=Decimal(quantity))
