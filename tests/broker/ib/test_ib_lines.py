"""What the ticks of one line add up to: a quote, a condition, and what of either is not known."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from gamma_scalper.broker.ib.line import Line
from gamma_scalper.broker.ib.short_sales import ShortSales
from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.quotes import DataType

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (5, 6, 7))
FRIDAY, NEXT_MONDAY, NEXT_TUESDAY = date(2026, 1, 9), date(2026, 1, 12), date(2026, 1, 13)
SPY = Stock(con_id=1, symbol="SPY")
PUT = Option(
    con_id=12,
    underlying_con_id=1,
    symbol="SPY",
    right="P",
    strike=Decimal(600),
    expiry=FRIDAY,
    expires_at=NOW + timedelta(days=4),
    trading_class="SPY",
)
FIGURES = {"implied_vol": 0.2, "delta": -0.5, "price": 5.0, "gamma": 0.01, "vega": 0.4, "theta": -0.3}
FIGURES["underlying"] = 600.0


def line(instrument: Stock | Option = SPY) -> Line:
    return Line(instrument, ShortSales())


def test_ticks_add_up_to_a_quote() -> None:
    spy = line()
    assert spy.price(1, 599.99, 300, MONDAY)
    assert spy.price(2, 600.01, 200, MONDAY)
    assert spy.size(0, 400)
    assert spy.price(4, 600.0, 1, MONDAY)
    quote = spy.quote(7, NOW)
    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size, quote.last) == (599.99, 600.01, 400, 200, 600.0)
    assert (quote.snapshot_id, quote.received_at, quote.data_type) == (7, NOW, DataType.LIVE)


@pytest.mark.parametrize(("price", "size"), [(-1.0, 0), (0.0, 0), (float("nan"), 0), (1.7976931348623157e308, 5)])
def test_a_side_that_nobody_quotes_is_none(price: float, size: float) -> None:
    spy = line()
    spy.price(1, price, size, MONDAY)
    spy.price(2, price, size, MONDAY)
    quote = spy.quote(1, NOW)
    assert quote.bid is None
    assert quote.ask is None
    assert not quote.usable


def test_a_bid_of_nothing_with_a_size_is_an_offer() -> None:
    put = line(PUT)
    put.price(1, 0.0, 10, MONDAY)
    assert put.quote(1, NOW).bid == 0.0


def test_delayed_ticks_are_delayed_whatever_was_asked_for() -> None:
    spy = line()
    spy.price(66, 599.0, 1, MONDAY)
    assert spy.quote(1, NOW).data_type is DataType.DELAYED
    assert spy.condition(MONDAY, "").data_type is DataType.DELAYED
    frozen = line()
    frozen.data_type(2)
    frozen.price(1, 599.0, 1, MONDAY)
    assert frozen.quote(1, NOW).data_type is DataType.FROZEN


def test_a_close_a_low_and_shortable_shares_are_no_quotes() -> None:
    spy = line()
    assert not spy.price(9, 600.0, 0, MONDAY)
    assert not spy.price(7, 590.0, 0, MONDAY)
    assert not spy.size(89, 1_000)
    assert not spy.size(8, 5_000_000)
    assert spy.condition(MONDAY, "").prior_close == 600.0
    assert spy.condition(MONDAY, "").shortable_shares == 1_000


@pytest.mark.parametrize(("value", "halted"), [(-1.0, None), (0.0, False), (1.0, True), (2.0, True), (7.0, None)])
def test_a_halt_is_known_or_not(value: float, halted: bool | None) -> None:
    spy = line()
    spy.generic(49, value)
    assert spy.condition(MONDAY, "").halted is halted


def test_open_interest_is_that_of_the_options_own_right() -> None:
    put = line(PUT)
    put.size(27, 5)
    assert put.condition(MONDAY, "").open_interest is None
    put.size(28, 7)
    assert put.condition(MONDAY, "").open_interest == 7


def test_the_brokers_greeks_come_in_our_units_and_from_the_model_alone() -> None:
    put = line(PUT)
    put.greeks(10, FIGURES | {"delta": -0.1}, NOW)
    assert put.condition(MONDAY, "").greeks is None
    put.greeks(13, FIGURES, NOW)
    greeks = put.condition(MONDAY, "").greeks
    assert greeks is not None
    assert (greeks.delta, greeks.gamma, greeks.theta_per_day, greeks.implied_vol) == (-0.5, 0.01, -0.3, 0.2)
    assert greeks.vega == pytest.approx(40.0)  # for all of volatility, not for a hundredth
    assert (greeks.price, greeks.underlying_price, greeks.at) == (5.0, 600.0, NOW)


@pytest.mark.parametrize("poison", [float("nan"), -1.0, -2.0, 1.7976931348623157e308])
def test_poisoned_greeks_are_absent_each_and_all(poison: float) -> None:
    put = line(PUT)
    put.greeks(13, dict.fromkeys(FIGURES, poison), NOW)
    greeks = put.condition(MONDAY, "").greeks
    assert greeks is not None
    assert greeks.delta is greeks.gamma is greeks.theta_per_day is greeks.vega is greeks.implied_vol is None
    assert greeks.price is greeks.underlying_price is None


def test_a_put_so_deep_that_it_is_the_share_has_a_delta_of_minus_one() -> None:
    put = line(PUT)
    put.greeks(13, FIGURES | {"delta": -1.0}, NOW)
    greeks = put.condition(MONDAY, "").greeks
    assert greeks is not None
    assert greeks.delta == -1.0


def test_why_it_is_frozen_is_told_and_the_links_reason_comes_first() -> None:
    spy = line()
    spy.freeze("competing", "10197: competing")
    assert spy.condition(MONDAY, "").frozen == "10197: competing"
    assert spy.condition(MONDAY, "blind: 1100").frozen == "blind: 1100"


# -- short sales -------------------------------------------------------------------------------------------------------


def fallen(low: float, day: date = MONDAY) -> ShortSales:
    watch = ShortSales()
    watch.closed(1, 100.0, day)
    watch.traded(1, low, day)
    return watch


def test_a_fall_of_a_tenth_restricts_short_sales_today_and_on_the_next_trading_day() -> None:
    watch = fallen(90.0)
    assert watch.restricted(1, MONDAY)
    assert watch.restricted(1, TUESDAY)  # before anything traded
    watch.closed(1, 91.0, TUESDAY)
    watch.traded(1, 92.0, TUESDAY)
    assert watch.restricted(1, TUESDAY)
    watch.closed(1, 92.0, WEDNESDAY)
    watch.traded(1, 92.0, WEDNESDAY)
    assert watch.restricted(1, WEDNESDAY) is False


def test_a_cent_less_of_a_fall_restricts_nothing() -> None:
    assert fallen(90.01).restricted(1, MONDAY) is False


def test_over_a_weekend_the_next_trading_day_is_monday_whatever_is_repeated_on_saturday() -> None:
    watch = fallen(89.0, FRIDAY)
    watch.closed(1, 89.5, FRIDAY + timedelta(days=1))
    watch.traded(1, 89.5, FRIDAY + timedelta(days=1))
    assert watch.restricted(1, NEXT_MONDAY)
    watch.traded(1, 89.0, NEXT_MONDAY)
    watch.closed(1, 89.5, NEXT_MONDAY)
    assert watch.restricted(1, NEXT_MONDAY)
    watch.traded(1, 89.0, NEXT_TUESDAY)
    watch.closed(1, 89.5, NEXT_TUESDAY)
    assert watch.restricted(1, NEXT_TUESDAY) is False


def test_nothing_is_known_before_the_prior_close_and_a_trade_were_seen() -> None:
    watch = ShortSales()
    assert watch.restricted(1, MONDAY) is None
    watch.traded(1, 50.0, MONDAY)
    assert watch.restricted(1, MONDAY) is None
    watch.closed(1, 100.0, MONDAY)
    assert watch.restricted(1, MONDAY) is True
