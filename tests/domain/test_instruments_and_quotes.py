"""Contracts and quotes that can't exist can't be constructed."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trade import NOON, SPY, option, quote

from gamma_scalper.domain.instruments import (
    NICKEL_DIME_TICKS,
    PENNY_NICKEL_TICKS,
    PENNY_TICKS,
    US_STOCK_TICKS,
    Combo,
    Index,
    Leg,
    Stock,
    TickRule,
)
from gamma_scalper.domain.quotes import DataType

PRICES = st.decimals(min_value=-2_000, max_value=2_000, places=6)
RULES = st.sampled_from([US_STOCK_TICKS, PENNY_TICKS, PENNY_NICKEL_TICKS, NICKEL_DIME_TICKS])


@given(RULES, PRICES, st.sampled_from(["down", "up", "nearest"]))
def test_a_rounded_price_is_tradable_and_less_than_a_step_away(rule, price, towards):
    rounded = rule.round(price, towards)
    assert rule.allows(rounded)
    assert abs(rounded - price) < rule.step(price) or rounded == price
    assert rule.round(rounded, towards) == rounded


@given(RULES, PRICES)
def test_rounding_down_never_raises_a_price_and_rounding_up_never_lowers_it(rule, price):
    assert rule.round(price, "down") <= price <= rule.round(price, "up")


@pytest.mark.parametrize(
    ("rule", "price", "step"),
    [(PENNY_NICKEL_TICKS, "2.99", "0.01"), (PENNY_NICKEL_TICKS, "3", "0.05"), (US_STOCK_TICKS, "0.99", "0.0001"),
     (NICKEL_DIME_TICKS, "-3.20", "0.10")],
)  # fmt: skip
def test_the_step_depends_on_the_size_of_the_price(rule, price, step):
    assert rule.step(Decimal(price)) == Decimal(step)


@pytest.mark.parametrize(
    "bands", [(), (("1", "0.01"),), (("0", "0"),), (("0", "0.01"), ("0", "0.05")), (("0", "nan"),)]
)
def test_a_tick_rule_with_gaps_or_without_steps_is_refused(bands):
    with pytest.raises(ValueError):
        TickRule(bands)


def test_a_float_step_is_refused():
    with pytest.raises(TypeError, match="float"):
        TickRule(((0, 0.01),))


@pytest.mark.parametrize(
    "wrong",
    [{"right": "X"}, {"strike": 0}, {"strike": "six hundred"}, {"currency": "dollars"}, {"multiplier": 0.5},
     {"multiplier": True}, {"underlying_con_id": 0}, {"strike": "1e400"},
     {"settlement": ""}, {"strike": "nan"}, {"con_id": 0}, {"multiplier": 0}, {"exercise": "bermudan"},
     {"settlement": "gold"}, {"symbol": ""}, {"trading_class": ""}, {"expires_at": datetime(2026, 2, 20, 21)},
     {"expires_at": datetime(2026, 3, 20, 21, tzinfo=UTC)}],
)  # fmt: skip
def test_an_impossible_option_is_refused(wrong):
    with pytest.raises(ValueError):
        option(**wrong)


def test_a_float_strike_is_refused():
    with pytest.raises(TypeError, match=r"money\.to_decimal"):
        option(strike=600.0)


def test_contracts_are_values():
    assert option() == option()
    assert hash(option()) == hash(option())
    assert option() != option(right="P")
    with pytest.raises(AttributeError):
        option().strike = Decimal(1)  # type: ignore[misc]


def straddle():
    return Combo([Leg(option(), 1), Leg(option(con_id=1002, right="P"), 1)])


def test_a_combo_takes_currency_and_multiplier_from_its_legs():
    assert (straddle().currency, straddle().multiplier) == ("USD", 100)
    assert Combo([Leg(option(multiplier=10), 1), Leg(SPY, -10)]).multiplier == 10


@pytest.mark.parametrize(
    "legs",
    [
        [Leg(option(), 1)],
        [Leg(option(con_id=number), 1) for number in range(1, 6)],
        [Leg(option(), 1), Leg(option(), -1)],
        [Leg(option(), 2), Leg(option(con_id=2), -2)],
        [Leg(option(), 1), Leg(option(con_id=2, multiplier=10), -1)],
        [Leg(option(), 1), Leg(Stock(con_id=2, symbol="SAP", currency="EUR"), -1)],
    ],
)
def test_an_impossible_combo_is_refused(legs):
    with pytest.raises(ValueError):
        Combo(legs)


@pytest.mark.parametrize(("instrument", "ratio"), [(SPY, 0), (SPY, 0.5), (Index(con_id=1, symbol="SPX"), 1), (None, 1)])
def test_a_leg_of_nothing_or_of_what_can_t_be_traded_is_refused(instrument, ratio):
    with pytest.raises((ValueError, TypeError)):
        Leg(instrument, ratio)


def test_nearest_rounds_to_the_nearer_step_and_a_combo_in_euros_is_in_euros():
    assert PENNY_NICKEL_TICKS.round(Decimal("3.03"), "nearest") == Decimal("3.05")
    euros = [Leg(option(con_id=number, currency="EUR"), 1) for number in (1, 2)]
    assert Combo(euros).currency == "EUR"


# -- quotes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", [float("nan"), float("inf"), -1.0, -0.01, 1.7976931348623157e308])
@pytest.mark.parametrize("side", ["bid", "ask", "last"])
def test_a_nan_or_a_negative_price_can_t_be_held(side, price):
    with pytest.raises(ValueError, match=side):
        quote(**{side: price})


@pytest.mark.parametrize("side", ["bid_size", "ask_size"])
@pytest.mark.parametrize("size", [-1, float("nan"), float("inf")])
def test_a_negative_or_unknown_size_can_t_be_held(side, size):
    with pytest.raises(ValueError, match="sizes"):
        quote(**{side: size})


@pytest.mark.parametrize("wrong", [{"con_id": 0}, {"snapshot_id": -1}, {"data_type": 3}])
def test_a_quote_without_contract_snapshot_or_kind_is_refused(wrong):
    with pytest.raises(ValueError):
        quote(**wrong)


def test_a_naive_moment_is_refused_and_any_zone_becomes_utc():
    class Nowhere(tzinfo):
        def utcoffset(self, _):
            return None

    for naive in (datetime(2026, 1, 5, 12), datetime(2026, 1, 5, 12, tzinfo=Nowhere())):
        with pytest.raises(ValueError, match="time zone"):
            quote(received_at=naive)
    new_york = timezone(timedelta(hours=-5))
    assert quote(received_at=datetime(2026, 1, 5, 12, tzinfo=new_york)) == quote(received_at=NOON)


@pytest.mark.parametrize("sides", [{"bid": None}, {"ask": None}, {"bid": 600.02}, {"ask": 0.0, "bid": 0.0}])
def test_a_one_sided_or_crossed_quote_is_kept_but_not_usable(sides):
    kept = quote(**sides)
    assert not kept.usable
    with pytest.raises(ValueError, match="not usable"):
        _ = kept.mid


PRICE = st.one_of(st.none(), st.floats(min_value=0, max_value=1e6))


@given(PRICE, PRICE)
def test_a_usable_quote_has_finite_figures(bid, ask):
    found = quote(bid=bid, ask=ask)
    if found.usable:
        assert bid <= found.mid <= ask
        assert found.spread >= 0
        assert 0 <= found.spread_pct <= 200


def test_a_quote_knows_its_age_and_its_kind():
    found = quote(data_type=DataType(3))
    assert found.data_type is DataType.DELAYED
    assert found.age(NOON + timedelta(seconds=2)) == timedelta(seconds=2)
    assert found.age(NOON - timedelta(seconds=2)) == timedelta(seconds=-2)


def test_a_locked_market_is_usable_and_an_offer_of_dust_is_not():
    locked = quote(bid=600.0, ask=600.0)
    assert (locked.usable, locked.spread_pct) == (True, 0)
    assert not quote(bid=0.0, ask=5e-324).usable
    assert quote(bid=0.99, ask=1.01).spread_pct == pytest.approx(2)


def test_an_expiry_is_a_date_and_its_last_moment_another_thing():
    morning_settled = option(
        expiry=date(2026, 2, 20), expires_at=datetime(2026, 2, 19, 21, tzinfo=UTC), settlement="cash_am"
    )
    assert morning_settled.expires_at.date() < morning_settled.expiry
