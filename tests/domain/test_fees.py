"""The bill for an order is the broker's, to the cent and beyond."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trade import SPY, option

from gamma_scalper.domain import fee_rates
from gamma_scalper.domain.fee_rates import Dated
from gamma_scalper.domain.fees import Bill, FeeParameters, Fees, order_fees
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.orders import Side

MAY = date(2026, 5, 4)
FIXED, TIERED = FeeParameters("fixed"), FeeParameters("tiered")
RESTING = FeeParameters("tiered", adds_liquidity=True)
BUSY_SHARES = FeeParameters("tiered", monthly_shares=300_000)
BUSIER_SHARES = FeeParameters("tiered", monthly_shares=3_000_000)
BUSY_OPTIONS = FeeParameters("fixed", monthly_contracts=10_000)
BUY, SELL = Side.BUY, Side.SELL
CALL = option()
SPX = option(symbol="SPX", trading_class="SPX", settlement="cash_am", exercise="european")
SPXW = option(symbol="SPX", trading_class="SPXW", settlement="cash_pm", exercise="european")


@pytest.mark.parametrize(
    ("parameters", "instrument", "side", "quantity", "price", "expected"),
    [
        # a small order pays the minimum; a sale also the SEC's and FINRA's fees; all pay for the audit trail
        (FIXED, SPY, BUY, 100, "600", Fees(commission="1.00", regulatory="0.0003")),
        (FIXED, SPY, SELL, 100, "600", Fees(commission="1.00", regulatory="1.2558")),
        (FIXED, SPY, BUY, 1_000, "600", Fees(commission="5.00", regulatory="0.003")),
        # one percent of the value is the most, even where it is below the minimum
        (FIXED, SPY, BUY, 10, "0.20", Fees(commission="0.02", regulatory="0.00003")),
        (TIERED, SPY, BUY, 20, "600", Fees("0.35", "0.06", "0.004", "0.00031725")),
        (TIERED, SPY, BUY, 1_000, "600", Fees("3.50", "3.00", "0.20", "0.0055725")),
        (TIERED, SPY, BUY, 1_000, "0.50", Fees("3.50", "1.50", "0.20", "0.0055725")),
        (RESTING, SPY, BUY, 1_000, "600", Fees("3.50", "-2.00", "0.20", "0.0055725")),
        (RESTING, SPY, BUY, 1_000, "0.50", Fees("3.50", "0", "0.20", "0.0055725")),
        (BUSY_SHARES, SPY, BUY, 1_000, "600", Fees("2.00", "3.00", "0.20", "0.00447")),
        # options
        (FIXED, CALL, BUY, 1, "3.10", Fees("1.00", "0.50", "0.025", "0.02845")),
        (FIXED, CALL, BUY, 10, "3.10", Fees("6.50", "5.00", "0.25", "0.2845")),
        (TIERED, CALL, SELL, 10, "3.10", Fees("6.50", "5.00", "0.25", "0.38126")),
        (FIXED, CALL, BUY, 10, "0.09", Fees("5.00", "5.00", "0.25", "0.2845")),
        (FIXED, CALL, BUY, 10, "0.04", Fees("2.50", "5.00", "0.25", "0.2845")),
        (BUSY_OPTIONS, CALL, BUY, 10, "3.10", Fees("5.00", "5.00", "0.25", "0.2845")),
        (FeeParameters("fixed", adds_liquidity=True), CALL, BUY, 10, "3.10", Fees("6.50", "0", "0.25", "0.2845")),
        # options on a broad index pay the exchange that owns it, and neither the SEC nor FINRA
        (FIXED, SPXW, SELL, 10, "3.10", Fees("6.50", "5.90", "0.25", "0.2845")),
        (FIXED, SPXW, SELL, 10, "0.90", Fees("6.50", "5.00", "0.25", "0.2845")),
        (FIXED, SPX, SELL, 10, "1.00", Fees("6.50", "6.60", "0.25", "0.2845")),
        # at the edge of a band the higher price holds; the more a month has seen, the less a contract costs
        (FIXED, CALL, BUY, 10, "0.10", Fees("6.50", "5.00", "0.25", "0.2845")),
        (FIXED, CALL, BUY, 10, "0.05", Fees("5.00", "5.00", "0.25", "0.2845")),
        (FeeParameters("fixed", monthly_contracts=50_000), CALL, BUY, 10, "3", Fees("2.50", "5.00", "0.25", "0.2845")),
        (FeeParameters("fixed", monthly_contracts=100_000), CALL, BUY, 10, "3", Fees("1.50", "5.00", "0.25", "0.2845")),
        (BUSIER_SHARES, SPY, BUY, 1_000, "1", Fees("1.50", "3.00", "0.20", "0.0041025")),
        # FINRA's fee on sold shares and the clearing of cheap ones have caps
        (FIXED, SPY, SELL, 100_000, "1", Fees("500.00", "0", "0", "12.15")),
        (TIERED, SPY, BUY, 1_000, "0.01", Fees("0.10", "0.03", "0.05", "0.0030735")),
    ],
)  # fmt: skip
def test_an_order_costs_what_the_price_list_says(parameters, instrument, side, quantity, price, expected):
    expected = Fees(
        *(Decimal(part) for part in (expected.commission, expected.exchange, expected.clearing, expected.regulatory))
    )
    assert order_fees(parameters, instrument, side, MAY, quantity, Decimal(price)) == expected


def test_rates_are_those_of_the_day():
    def sec_on(day):
        return order_fees(FIXED, SPY, SELL, date.fromisoformat(day), 1_000, Decimal(1_000)).regulatory

    assert round(sec_on("2024-05-21")) == 8
    assert round(sec_on("2024-05-22")) == 28
    assert round(sec_on("2025-05-14")) == 0
    assert round(sec_on("2026-04-04")) == 21
    assert order_fees(FIXED, CALL, BUY, date(2015, 12, 24), 10, Decimal(3)).commission == 7


def test_what_had_a_cap_or_a_holiday_has_it_on_its_days_only():
    def clearing_on(day):
        return order_fees(FIXED, CALL, BUY, date.fromisoformat(day), 5_000, Decimal(3)).clearing

    assert clearing_on("2024-12-31") == 55
    assert clearing_on("2025-01-02") == 125
    assert clearing_on("2025-12-15") == 0
    cheap = order_fees(FIXED, SPY, BUY, date(2018, 6, 1), 10, Decimal("0.20"))
    assert cheap.commission == Decimal("0.01"), "half a percent was the most until 2019"
    on_holiday = order_fees(FIXED, CALL, SELL, date(2026, 10, 1), 10, Decimal(3))
    before = order_fees(FIXED, CALL, SELL, date(2026, 9, 30), 10, Decimal(3))
    assert before.regulatory - on_holiday.regulatory == Decimal("0.0329")


def test_what_no_price_list_covers_is_refused_by_name():
    with pytest.raises(ValueError, match="VIX options that settle in cash"):
        order_fees(FIXED, option(trading_class="VIX", settlement="cash_am"), BUY, MAY, 1, Decimal(1))
    with pytest.raises(ValueError, match="trading in EUR"):
        order_fees(FIXED, Stock(con_id=1, symbol="SAP", currency="EUR"), BUY, MAY, 1, Decimal(1))


def test_a_day_before_the_data_is_refused():
    with pytest.raises(ValueError, match="not known before 2014-03-18"):
        order_fees(FIXED, SPY, BUY, date(2014, 3, 17), 1, Decimal(1))


def test_every_rate_is_dated_in_rising_order():
    series = [found for found in vars(fee_rates).values() if isinstance(found, Dated)]
    assert len(series) > 8
    for dated in series:
        days = [day for day, _ in dated.rates]
        assert days == sorted(set(days))
        assert days[0].isoformat() == fee_rates.FIRST_DAY


FILLS = st.lists(st.integers(1, 500), min_size=1, max_size=8)
PARAMETERS = st.sampled_from([FIXED, TIERED])
INSTRUMENTS = st.sampled_from([SPY, CALL, SPXW])
SIDES = st.sampled_from(Side)
PRICES = st.integers(1, 90_000).map(lambda cents: Decimal(cents) / 100)


@given(PARAMETERS, INSTRUMENTS, SIDES, FILLS, PRICES)
@example(TIERED, SPY, BUY, [200, 300], Decimal(600))
@example(FIXED, CALL, SELL, [1, 1, 5], Decimal(3))
def test_an_order_filled_in_parts_costs_what_it_costs_in_one(parameters, instrument, side, fills, price):
    bill = Bill(parameters, instrument, side, MAY)
    charged = []
    for quantity in fills:
        after = bill.after(quantity, price)
        charged.append(after.fees.commission - bill.fees.commission)
        bill = after
    whole = order_fees(parameters, instrument, side, MAY, sum(fills), price)
    assert bill.fees == whole
    assert all(part >= 0 for part in charged), "a later fill never pays an earlier one's commission back"


@given(PARAMETERS, INSTRUMENTS, SIDES, st.integers(1, 2_000), PRICES)
def test_more_costs_more_and_selling_costs_no_less_than_buying(parameters, instrument, side, quantity, price):
    one = order_fees(parameters, instrument, side, MAY, quantity, price)
    more = order_fees(parameters, instrument, side, MAY, quantity + 1, price)
    assert 0 < one.total <= more.total
    bought = order_fees(parameters, instrument, BUY, MAY, quantity, price)
    sold = order_fees(parameters, instrument, SELL, MAY, quantity, price)
    assert bought.total <= sold.total


@given(PARAMETERS, st.integers(1, 2_000), PRICES)
def test_shares_pay_the_minimum_unless_one_percent_is_less(parameters, quantity, price):
    commission = order_fees(parameters, SPY, BUY, MAY, quantity, price).commission
    cap = quantity * price / 100
    assert commission <= cap
    assert commission >= min(cap, fee_rates.STOCK_MINIMUM[parameters.schedule])


@pytest.mark.parametrize(("quantity", "price"), [(0, Decimal(1)), (-1, Decimal(1)), (1, Decimal(-1))])
def test_a_fill_of_nothing_or_for_less_than_nothing_is_refused(quantity, price):
    with pytest.raises(ValueError):
        order_fees(FIXED, SPY, BUY, MAY, quantity, price)
