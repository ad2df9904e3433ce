"""Requirements of Regulation T, strategy by strategy."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.instruments import Option, Right, Stock
from gamma_scalper.exchange.margin import Line, margin_of

SHARES = Stock(con_id=1, symbol="SPY")
NEAR, FAR = date(2026, 1, 16), date(2026, 2, 20)


def option(right: Right, strike: int, expiry: date = NEAR, settlement: str = "physical") -> Option:
    return Option(
        con_id=(expiry.month * 10_000 + strike) * 2 + (right == "P"),
        underlying_con_id=1,
        symbol="SPY",
        right=right,
        strike=Decimal(strike),
        expiry=expiry,
        expires_at=datetime(expiry.year, expiry.month, expiry.day, 21, tzinfo=UTC),
        settlement=settlement,
        exercise="american" if settlement == "physical" else "european",
        trading_class="SPY" if settlement == "physical" else "SPXW",
    )


def line(instrument: Stock | Option, quantity: int, price: float, spot: float = 600.0) -> Line:
    return Line(instrument, quantity, price, spot)


C590, C600, C610, C620 = (option("C", strike) for strike in (590, 600, 610, 620))
P580, P590, P600 = (option("P", strike) for strike in (580, 590, 600))

CASES = [
    ("long shares", [line(SHARES, 100, 600.0)], 30_000, 15_000),
    ("short shares", [line(SHARES, -100, 600.0)], 30_000, 18_000),
    ("cheap short shares", [line(SHARES, -100, 3.0, 3.0)], 150, 500),
    ("a long straddle", [line(C600, 1, 10.0), line(P600, 1, 9.0)], 0, 0),
    ("a naked call at the money", [line(C600, -1, 10.0)], 13_000, 13_000),
    ("a naked call 20 out of the money", [line(C620, -1, 2.0)], 200 + 12_000 - 2_000, None),
    ("a naked call far out of the money", [line(option("C", 720), -1, 0.1)], 10 + 6_000, None),
    ("a naked put far out of the money", [line(option("P", 480), -1, 0.1)], 10 + 4_800, None),
    ("a naked call on an index", [line(option("C", 600, settlement="cash_pm"), -1, 10.0)], 1_000 + 9_000, None),
    ("a credit spread of calls", [line(C600, -1, 10.0), line(C610, 1, 6.0)], 1_000, None),
    ("a debit spread of calls", [line(C600, 1, 10.0), line(C610, -1, 6.0)], 0, None),
    ("a credit spread of puts", [line(P600, -2, 9.0), line(P590, 2, 6.0)], 2_000, None),
    (
        "an iron condor",
        [line(C610, -1, 6.0), line(C620, 1, 3.0), line(P590, -1, 6.0), line(P580, 1, 4.0)],
        1_000,
        None,
    ),
    ("a short straddle", [line(C600, -1, 10.0), line(P600, -1, 9.0)], 13_000 + 900, None),
    ("a covered call out of the money", [line(SHARES, 100, 600.0), line(C610, -1, 6.0)], 30_000, 15_000),
    ("a covered call in the money", [line(SHARES, 100, 600.0), line(C590, -1, 14.0)], 31_000, 16_000),
    ("a call short of cover", [line(SHARES, 50, 600.0), line(C600, -1, 10.0)], 15_000 + 13_000, 7_500 + 13_000),
    ("a ratio spread", [line(C600, 1, 10.0), line(C610, -2, 6.0)], 600 + 12_000 - 1_000, None),
    ("a calendar", [line(option("C", 600, FAR), 1, 18.0), line(C600, -1, 10.0)], 0, None),
    ("a calendar the wrong way round", [line(option("C", 600, FAR), -1, 18.0), line(C600, 1, 10.0)], 13_800, None),
    ("a long butterfly", [line(C590, 1, 14.0), line(C600, -2, 10.0), line(C610, 1, 6.0)], 0, None),
    (
        "one short call and ten short puts",
        [line(C600, -1, 10.0), line(option("P", 560), -10, 1.0)],
        13_000 + 100 + 9 * 8_100,
        None,
    ),
    ("nothing", [], 0, 0),
]


@pytest.mark.parametrize(("what", "lines", "initial", "maintenance"), CASES, ids=[case[0] for case in CASES])
def test_the_requirement_is_that_of_the_strategy(
    what: str, lines: list[Line], initial: float, maintenance: float | None
) -> None:
    found = margin_of(100_000.0, lines)
    assert found.initial == pytest.approx(initial), what
    assert found.maintenance == pytest.approx(initial if maintenance is None else maintenance)


def test_options_count_for_what_an_account_is_worth_and_carry_no_requirement() -> None:
    found = margin_of(50_000.0, [line(C600, 2, 10.0), line(SHARES, 10, 600.0)])
    assert (found.net_liquidation, found.loan_value) == (58_000.0, 56_000.0)
    assert found.available == 56_000.0 - 3_000.0
    assert found.excess == 56_000.0 - 1_500.0
    assert found.buying_power == 2 * 53_000.0


legs = st.lists(
    st.tuples(st.sampled_from([C590, C600, C610, C620, P580, P590, P600]), st.integers(-5, 5)),
    max_size=7,
    unique_by=lambda leg: leg[0].con_id,
)


def price_of(leg: Option) -> float:
    """A value that is never under exercise and falls with distance, as any market's is."""
    distance = (600.0 - float(leg.strike)) * (1 if leg.right == "C" else -1)
    return max(distance, 0.0) + 10.0 * 0.9 ** abs(distance / 10)


@given(legs, st.integers(-500, 500))
def test_a_requirement_is_never_negative_and_more_cover_never_needs_more(held, shares: int) -> None:
    lines = [line(leg, quantity, price_of(leg)) for leg, quantity in held] + [line(SHARES, shares, 600.0)]
    without = margin_of(
        0.0, [each for each in lines if not (isinstance(each.instrument, Option) and each.quantity > 0)]
    )
    found = margin_of(0.0, lines)
    assert 0 <= found.maintenance <= found.initial
    assert found.initial <= without.initial + 1e-6


@given(legs)
def test_the_order_of_holdings_is_of_no_account(held) -> None:
    lines = [line(leg, quantity, price_of(leg)) for leg, quantity in held]
    assert margin_of(0.0, lines).initial == pytest.approx(margin_of(0.0, lines[::-1]).initial)


@given(legs)
def test_twice_the_position_needs_twice_as_much(held) -> None:
    once = margin_of(0.0, [line(leg, quantity, price_of(leg)) for leg, quantity in held])
    twice = margin_of(0.0, [line(leg, 2 * quantity, price_of(leg)) for leg, quantity in held])
    assert twice.initial == pytest.approx(2 * once.initial)


def test_ten_million_contracts_take_no_longer_than_one() -> None:
    def needs(quantity: int) -> float:
        return margin_of(0.0, [line(C600, -quantity, 10.0), line(P600, -quantity // 2, 9.0)]).initial

    assert needs(10_000_000) == pytest.approx(5_000_000 * needs(2))
