"""Our intents as the broker's orders, and the echo that tells whether it took them as they were."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ib_insync as ib
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.broker.ib.contracts import contract
from gamma_scalper.broker.ib.echo import differences, good_till
from gamma_scalper.broker.ib.order_mapping import on_tick, order, standing
from gamma_scalper.domain.instruments import Combo, Leg, Option, Stock, TickRule
from gamma_scalper.domain.orders import GoodTill, ImmediateOrCancel, Intent, IntentId, Limit, Market, Purpose, Side
from gamma_scalper.domain.ports import Refused, Standing

ZONE = "America/New_York"
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
NONE = timedelta(0)
SPY = Stock(con_id=1, symbol="SPY", trading_class="SPY")
CALL = Option(
    con_id=11,
    underlying_con_id=1,
    symbol="SPY",
    right="C",
    strike="600",
    expiry=datetime(2026, 1, 9).date(),
    expires_at=datetime(2026, 1, 9, 21, tzinfo=UTC),
    trading_class="SPY",
    tick_rule=TickRule((("0", "0.01"), ("3", "0.05"))),
)
PUT = evolve(CALL, con_id=12, right="P")


def intent(**changes: object) -> Intent:
    plain: dict[str, object] = {
        "id": IntentId("spy", 1),
        "purpose": Purpose.HEDGE,
        "instrument": SPY,
        "side": Side.BUY,
        "quantity": 100,
        "pricing": Limit("600.01"),
        "lifetime": ImmediateOrCancel(),
        "account": "DU1000001",
        "snapshot_ids": (1,),
        "reason": "a test",
    }
    return Intent(**plain | changes)


def test_every_order_names_its_account_and_its_intent_and_dies_by_itself() -> None:
    sent = order(intent(), NONE)
    assert (sent.account, sent.orderRef, sent.tif) == ("DU1000001", "spy/1", "IOC")
    until = NOW + timedelta(minutes=2)
    sent = order(intent(lifetime=GoodTill(until)), NONE)
    assert (sent.tif, sent.goodTillDate) == ("GTD", "20260105-15:02:00")


def test_its_end_is_told_in_the_time_of_the_server_by_which_it_ends() -> None:
    sent = order(intent(lifetime=GoodTill(NOW)), timedelta(seconds=-30))
    assert sent.goodTillDate == "20260105-14:59:30"


def test_outside_regular_hours_is_for_limits_only_since_it_would_be_dropped_without_a_word() -> None:
    assert order(intent(outside_rth=True), NONE).outsideRth
    with pytest.raises(Refused, match="limit orders only"):
        order(intent(outside_rth=True, pricing=Market()), NONE)


@given(st.decimals("0.0001", 10_000, places=4), st.sampled_from(Side))
def test_a_limit_is_put_on_a_step_and_never_beyond_what_was_decided(price: Decimal, side: Side) -> None:
    for instrument in (SPY, CALL):
        try:
            rounded = on_tick(price, instrument, side)
        except Refused:
            assert side is Side.BUY
            assert price < instrument.tick_rule.step(price)
            continue
        assert instrument.tick_rule.allows(rounded) or side is Side.SELL  # a sale may come up to the next band
        assert rounded <= price if side is Side.BUY else rounded >= price
        assert abs(rounded - price) < instrument.tick_rule.step(price)


def test_a_combo_may_have_a_negative_price_and_goes_by_its_legs() -> None:
    combo = Combo((Leg(CALL, 1), Leg(PUT, -1)))
    sent = order(intent(instrument=combo, quantity=2, pricing=Limit("-1.234")), NONE)
    assert sent.lmtPrice == -1.24
    bag = contract(combo)
    assert (bag.secType, bag.symbol, bag.exchange, bag.conId) == ("BAG", "SPY", "SMART", 0)
    assert [(leg.conId, leg.ratio, leg.action) for leg in bag.comboLegs] == [(11, 1, "BUY"), (12, 1, "SELL")]


@pytest.mark.parametrize(
    ("status", "why_held", "meant"),
    [
        ("PendingSubmit", "", Standing.PENDING),
        ("PreSubmitted", "", Standing.PENDING),
        ("PreSubmitted", "locate", Standing.HELD),
        ("Submitted", "", Standing.WORKING),
        ("PendingCancel", "", Standing.WORKING),
        ("Filled", "", Standing.FILLED),
        ("Cancelled", "", Standing.CANCELLED),
        ("ApiCancelled", "", Standing.CANCELLED),
        ("Inactive", "", Standing.REJECTED),
        ("Inactive", "locate", Standing.HELD),
        ("Reconsidered", "", Standing.UNKNOWN),
    ],
)
def test_what_a_status_means(status: str, why_held: str, meant: Standing) -> None:
    assert standing(status, why_held) is meant


# -- the echo ----------------------------------------------------------------------------------------------------------


def echo(sent: ib.Order, **changes: object) -> ib.Order:
    return ib.Order(**{field: getattr(sent, field) for field in sent.__dataclass_fields__} | changes)


def test_an_order_that_comes_back_as_it_went_has_no_differences() -> None:
    sent, what = order(intent(lifetime=GoodTill(NOW)), NONE), contract(SPY)
    same = [
        echo(sent),
        echo(sent, goodTillDate="20260105 15:00:00 UTC"),
        echo(sent, goodTillDate="20260105 10:00:00 US/Eastern"),
        echo(sent, goodTillDate="20260105 10:00:00"),
        echo(sent, auxPrice=0.0, trailStopPrice=0.0, permId=77, clientId=17, clearingIntent="IB"),
        echo(sent, totalQuantity=100),
    ]
    for echoed in same:
        assert differences(sent, what, echoed, ib.Contract(secType="STK", conId=1, symbol="SPY"), ZONE) == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tif": "DAY"}, "tif: sent GTD, echoed DAY"),
        ({"totalQuantity": 200.0}, "quantity: sent 100.0, echoed 200.0"),
        ({"lmtPrice": 600.02}, "limit: sent 600.01, echoed 600.02"),
        ({"orderType": "MKT"}, "type: sent LMT, echoed MKT"),
        ({"action": "SELL"}, "action: sent BUY, echoed SELL"),
        ({"outsideRth": True}, "outside regular hours: sent False, echoed True"),
        ({"orderRef": ""}, "order ref: sent spy/1, echoed "),
        ({"account": "DU9"}, "account: sent ours, echoed another"),
    ],
)
def test_whatever_was_changed_on_the_way_is_told(changes: dict[str, object], told: str) -> None:
    sent, what = order(intent(lifetime=GoodTill(NOW)), NONE), contract(SPY)
    assert differences(sent, what, echo(sent, **changes), what, ZONE) == (told,)


def test_another_end_and_other_legs_are_differences() -> None:
    sent = order(intent(lifetime=GoodTill(NOW)), NONE)
    later = echo(sent, goodTillDate="20260105-15:00:01")
    assert len(differences(sent, contract(SPY), later, contract(SPY), ZONE)) == 1
    straddle, strangle = Combo((Leg(CALL, 1), Leg(PUT, 1))), Combo((Leg(CALL, 1), Leg(PUT, 2)))
    assert differences(sent, contract(straddle), sent, contract(strangle), ZONE)
    assert not differences(sent, contract(straddle), sent, contract(Combo((Leg(PUT, 1), Leg(CALL, 1)))), ZONE)
    assert differences(sent, contract(SPY), sent, contract(CALL), ZONE)


@given(st.text(max_size=30))
def test_an_end_that_cannot_be_read_is_told_as_it_came(text: str) -> None:
    assert isinstance(good_till(text, ZONE), datetime) or good_till(text, ZONE) == text
