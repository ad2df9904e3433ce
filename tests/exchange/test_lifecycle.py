"""Days and nights at the exchange: expiry, exercise, assignment, dividends, interest, halts, restrictions."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from venue import CALL, CLOSE, FRIDAY, ME, PUT, SPY, YOU, Venue, option

from gamma_scalper.domain.instruments import Stock
from gamma_scalper.exchange.engine import Engine
from gamma_scalper.exchange.events import Phase, Status, Trading
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.parameters import CarryParameters
from gamma_scalper.exchange.tickets import Exercise, Halt, SetShortable
from gamma_scalper.pricing.dividends import Dividend, DividendSchedule

EXPIRY = datetime(2026, 1, 9, 20, 59, tzinfo=UTC)
SATURDAY = datetime(2026, 1, 10, 12, tzinfo=UTC)


def long_and_short(price: float = 600.0, **more) -> Venue:
    """I hold a straddle, you owe it; the shares stand at `price` into the close of the expiry."""
    venue = Venue(**more)
    venue.quote(SPY, 599.99, 600.01)
    for con_id in (CALL.con_id, PUT.con_id):
        venue.quote(con_id, 5.0, 5.1)
        venue.buy(2, what=con_id)
        venue.sell(2, what=con_id, account=YOU)
    venue.wait(EXPIRY)
    venue.quote(SPY, price - 0.01, price + 0.01)
    return venue


def test_what_expires_in_the_money_becomes_shares_overnight_and_the_rest_is_gone() -> None:
    venue = long_and_short(610.0)
    venue.wait(datetime(2026, 1, 10, 5, tzinfo=UTC))
    assert venue.holds(CALL.con_id) == 2
    venue.wait(SATURDAY)
    assert [venue.holds(each, ME) for each in (SPY, CALL.con_id, PUT.con_id)] == [200, 0, 0]
    assert [venue.holds(each, YOU) for each in (SPY, CALL.con_id, PUT.con_id)] == [-200, 0, 0]
    causes = [(account, cause, con_id) for account, cause, con_id, _, _ in venue.moves()]
    assert causes == [
        (ME, "exercise", CALL.con_id),
        (ME, "exercise", SPY),
        (ME, "expiry", PUT.con_id),
        (YOU, "assignment", CALL.con_id),
        (YOU, "assignment", SPY),
        (YOU, "expiry", PUT.con_id),
    ]
    assert venue.moves()[1] == (ME, "exercise", SPY, 200, Decimal(-120_000))


@pytest.mark.parametrize(("close", "shares"), [(599.99, -200), (600.0, 0), (600.01, 200)])
def test_a_cent_in_the_money_is_exercised_and_at_the_money_is_not(close: float, shares: int) -> None:
    venue = long_and_short(close)
    venue.wait(SATURDAY)
    assert venue.holds(SPY) == shares


def test_a_holder_may_let_expire_what_is_in_the_money_and_exercise_what_is_not() -> None:
    venue = long_and_short(610.0)
    venue.do(Exercise(ME, CALL.con_id, 1, lapse=True))
    venue.do(Exercise(ME, PUT.con_id, 1))
    venue.wait(SATURDAY)
    assert venue.holds(SPY) == 100 - 100
    assert venue.holds(CALL.con_id) == venue.holds(PUT.con_id) == 0


def test_an_american_option_is_exercised_the_night_its_holder_asks() -> None:
    venue = Venue()
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.buy(2, what=CALL.con_id)
    venue.do(Exercise(ME, CALL.con_id, 1))
    assert venue.holds(SPY) == 0
    venue.wait(timedelta(hours=24).total_seconds())
    assert (venue.holds(SPY), venue.holds(CALL.con_id)) == (100, 1)


def test_cash_settled_options_pay_the_difference_at_the_close_and_deliver_nothing() -> None:
    call = option(11, "C", 600, FRIDAY, "cash_pm")
    venue = Venue(options=[call])
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(11, 5.0, 5.1)
    venue.buy(2, what=11)
    before = venue.cash()
    venue.wait(EXPIRY)
    venue.quote(SPY, 607.24, 607.26)
    venue.wait(SATURDAY)
    assert venue.cash() - before == Decimal("1450.00")
    assert venue.holds(SPY) == venue.holds(11) == 0


def test_am_settled_options_settle_at_the_first_price_of_the_day_of_expiry() -> None:
    call = evolve(
        option(11, "C", 600, FRIDAY, "cash_am"),
        expires_at=datetime(2026, 1, 8, 21, tzinfo=UTC),
    )
    venue = Venue(options=[call])
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(11, 5.0, 5.1)
    venue.buy(1, what=11)
    before = venue.cash()
    venue.wait(datetime(2026, 1, 9, 14, 30, tzinfo=UTC))
    venue.quote(SPY, 603.99, 604.01)
    venue.wait(EXPIRY)
    venue.quote(SPY, 619.99, 620.01)
    venue.wait(SATURDAY)
    assert venue.cash() - before == Decimal("400.00")


def test_without_any_price_of_the_underlying_nothing_is_exercised() -> None:
    venue = Venue(cash=100_000)
    venue.quote(PUT.con_id, 0.09, 0.10)
    order = venue.buy(1, "0.10", PUT.con_id)
    assert venue.order(order).filled == 1
    venue.wait(SATURDAY)
    assert (venue.holds(SPY), venue.holds(PUT.con_id)) == (0, 1)


def test_a_share_listed_later_trades_and_closes_like_the_others() -> None:
    venue = Venue()
    venue.market.list_contract(Stock(con_id=2, symbol="QQQ"))
    venue.quote(2, 499.99, 500.01)
    order = venue.sell(10, what=2)
    venue.do(Halt(2, 1.0))
    venue.wait(CLOSE + timedelta(hours=1))
    assert venue.order(order).filled == 10
    assert venue.engine.prior_close(2) == pytest.approx(500.0)


# -- dividends and early assignment ------------------------------------------------------------------------------------

EX = DividendSchedule((Dividend(date(2026, 1, 6), 1.80),))


def with_short_call(put_mid: float) -> Venue:
    """You owe two deep calls on the eve of the ex-date, beside which a put costs so much."""
    venue = Venue(dividends=EX)
    venue.quote(SPY, 619.99, 620.01)
    venue.quote(CALL.con_id, 20.0, 20.1)
    venue.sell(2, what=CALL.con_id, account=YOU)
    venue.wait(CLOSE - timedelta(seconds=1))
    venue.quote(SPY, 619.99, 620.01)
    venue.quote(PUT.con_id, put_mid - 0.01, put_mid + 0.01)
    venue.wait(datetime(2026, 1, 6, 12, tzinfo=UTC))
    return venue


def test_a_short_call_is_assigned_before_the_ex_date_when_the_dividend_is_worth_more_than_the_put() -> None:
    venue = with_short_call(0.10)
    assert (venue.holds(CALL.con_id, YOU), venue.holds(SPY, YOU)) == (0, -200)
    assert (YOU, "dividend", SPY, Decimal(0), Decimal("-360.00")) in venue.moves()


def test_a_short_call_is_left_alone_when_the_put_is_worth_more_than_the_dividend() -> None:
    venue = with_short_call(2.50)
    assert (venue.holds(CALL.con_id, YOU), venue.holds(SPY, YOU)) == (-2, 0)


def test_holders_get_the_dividend_and_short_sellers_owe_it() -> None:
    venue = Venue(dividends=EX)
    venue.quote(SPY, 599.99, 600.01)
    venue.buy(100)
    venue.sell(50, account=YOU)
    venue.wait(datetime(2026, 1, 6, 12, tzinfo=UTC))
    assert venue.moves() == [
        (ME, "dividend", SPY, Decimal(0), Decimal("180.00")),
        (YOU, "dividend", SPY, Decimal(0), Decimal("-90.00")),
    ]


def test_an_instruction_on_the_eve_of_the_ex_date_earns_the_dividend() -> None:
    venue = Venue(dividends=EX)
    venue.quote(SPY, 619.99, 620.01)
    venue.quote(CALL.con_id, 20.0, 20.1)
    venue.buy(1, what=CALL.con_id)
    venue.do(Exercise(ME, CALL.con_id, 1))
    venue.wait(datetime(2026, 1, 6, 12, tzinfo=UTC))
    assert (ME, "dividend", SPY, Decimal(0), Decimal("180.00")) in venue.moves()


def test_a_fault_has_short_options_assigned_overnight_without_a_word_in_the_order_stream() -> None:
    venue = Venue(
        faults=FaultSchedule((Fault(at=datetime(2026, 1, 6, 3, tzinfo=UTC), kind=Kind.ASSIGNMENT, target="SPY"),))
    )
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(PUT.con_id, 5.0, 5.1)
    venue.sell(3, what=PUT.con_id)
    venue.wait(datetime(2026, 1, 6, 12, tzinfo=UTC))
    assert (venue.holds(PUT.con_id), venue.holds(SPY)) == (0, 300)


# -- carry -------------------------------------------------------------------------------------------------------------


def test_cash_earns_debt_costs_and_borrowed_shares_cost_by_the_day() -> None:
    venue = Venue(cash=72_000, carry=CarryParameters(credit_rate_pct=3.6, debit_rate_pct=7.2, borrow_fee_pct=1.8))
    venue.quote(SPY, 599.99, 600.01)
    venue.sell(10, account=YOU)
    venue.wait(CLOSE - timedelta(seconds=1))
    venue.quote(SPY, 599.99, 600.01)
    yours = venue.cash(YOU)
    venue.wait(datetime(2026, 1, 6, 12, tzinfo=UTC))
    assert venue.moves()[0] == (ME, "interest", None, Decimal(0), Decimal("7.20"))
    assert venue.moves()[1][4] == (yours * Decimal("0.0001")).quantize(Decimal("0.01"))
    assert venue.moves()[2] == (YOU, "borrow", SPY, Decimal(0), Decimal("-0.30"))


# -- halts, bands, short sales -----------------------------------------------------------------------------------------


def banded() -> tuple[Venue, Engine]:
    """A venue whose shares have bands, which those quoted from outside have not."""
    venue = Venue()
    venue.engine.floor.watches[SPY].banded = True
    return venue, venue.engine


def phases(venue: Venue) -> list[Phase]:
    return [event.phase for event in venue.said if isinstance(event, Trading)]


def test_a_share_that_stays_outside_its_band_for_15_s_is_halted_for_five_minutes() -> None:
    venue, engine = banded()
    venue.wait(3_600)
    venue.quote(SPY, 599.99, 600.01)
    for _ in range(16):
        venue.wait(1)
        venue.quote(SPY, 565.99, 566.01)
    assert phases(venue)[-1] is Phase.HALTED
    assert engine.halted(SPY) and engine.halted(CALL.con_id)
    order = venue.buy(1)
    assert (venue.status(order), venue.order(order).filled) == (Status.PRE_SUBMITTED, 0)
    venue.wait(301)
    venue.quote(SPY, 565.99, 566.01)
    assert venue.order(order).filled == 1


def test_a_share_that_comes_back_within_its_band_is_not_halted() -> None:
    venue, engine = banded()
    venue.wait(3_600)
    venue.quote(SPY, 599.99, 600.01)
    for second in range(40):
        venue.wait(1)
        price = 566.0 if second % 10 else 599.0
        venue.quote(SPY, price - 0.01, price + 0.01)
    assert not engine.halted(SPY)


def test_a_halt_ends_by_itself_and_with_the_session() -> None:
    venue = Venue()
    venue.quote(SPY, 599.99, 600.01)
    venue.do(Halt(SPY, 60.0))
    venue.wait(60)
    assert not venue.engine.halted(SPY)
    venue.wait(CLOSE - timedelta(seconds=5))
    venue.do(Halt(SPY, 600.0))
    venue.wait(CLOSE)
    assert phases(venue)[-3:] == [Phase.HALTED, Phase.RESUMED, Phase.CLOSED]


def test_a_halt_can_be_ordered_and_stops_the_options_too() -> None:
    venue = Venue()
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(CALL.con_id, 5.0, 5.1)
    venue.do(Halt(SPY, 60.0))
    order = venue.buy(1, what=CALL.con_id)
    venue.wait(30)
    venue.quote(CALL.con_id, 5.0, 5.1)
    assert venue.order(order).filled == 0
    venue.wait(31)
    venue.quote(SPY, 599.99, 600.01)
    venue.quote(CALL.con_id, 5.0, 5.1)
    assert venue.order(order).filled == 1


def restricted() -> Venue:
    """The shares have fallen by 10% from the prior close."""
    venue, _ = banded()
    venue.quote(SPY, 599.99, 600.01)
    venue.wait(datetime(2026, 1, 6, 15, tzinfo=UTC))
    venue.quote(SPY, 539.98, 540.0)
    return venue


def test_a_fall_of_ten_percent_restricts_short_sales_that_day_and_the_next() -> None:
    venue = restricted()
    assert venue.engine.restricted(SPY)
    venue.wait(datetime(2026, 1, 7, 15, tzinfo=UTC))
    assert venue.engine.restricted(SPY)
    venue.wait(datetime(2026, 1, 8, 15, tzinfo=UTC))
    assert not venue.engine.restricted(SPY)


def test_a_restricted_short_sale_waits_above_the_bid_for_a_buyer() -> None:
    venue = restricted()
    short = venue.sell(10)
    venue.quote(SPY, 539.98, 540.0)
    assert venue.order(short).filled == 0
    venue.quote(SPY, 539.99, 540.01)
    assert venue.fills(short) == [(10, Decimal("539.99"))]


def test_selling_what_is_held_is_no_short_sale() -> None:
    venue = restricted()
    venue.buy(10)
    assert venue.order(venue.sell(10)).filled == 10


def test_a_short_sale_beyond_what_can_be_borrowed_is_held_until_there_is_more() -> None:
    venue = Venue()
    venue.do(SetShortable(SPY, 100))
    venue.quote(SPY, 599.99, 600.01)
    venue.sell(60, account=YOU)
    order = venue.sell(60)
    assert (venue.status(order), venue.order(order).why_held, venue.codes()) == (
        Status.PRE_SUBMITTED,
        "locate",
        [404],
    )
    assert venue.engine.shortable(SPY) == 40
    venue.do(SetShortable(SPY, 200))
    venue.quote(SPY, 599.99, 600.01)
    assert venue.order(order).filled == 60
