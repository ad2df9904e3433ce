"""History: bars, ticks and hours of what was, and bars that are still being made."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from trading_house import CALL, SHARE, SPY, engine, fault, house, of_option

from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.parameters import GatewayParameters, PacingParameters
from gamma_scalper.gateway.past import Past
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.contracts import ContractFields, LegFields
from gamma_scalper.gateway.wire.requests_of_data import (
    CancelHistoricalData,
    CancelRealTimeBars,
    RequestHeadTimestamp,
    RequestHistoricalData,
    RequestHistoricalTicks,
    RequestRealTimeBars,
)

STOCK = ContractFields(con_id=1001, exchange="SMART")
TUESDAY_OPEN = datetime(2026, 1, 6, 14, 30, tzinfo=UTC)


def asked(**more: Any) -> RequestHistoricalData:
    fields = {"req_id": 5, "contract": STOCK, "bar_size": "30 mins", "duration": "1 D", "what": "TRADES"}
    return RequestHistoricalData(**(fields | more))


@pytest.fixture(scope="module")
def opened() -> Any:
    """The market walks for half a second, so tests that only read share it."""
    return open_exchange("gbm:symbol=SPY", seed=3, past_sessions=2)


async def bars(trading: Any, request: RequestHistoricalData) -> list[answers.Bar]:
    client = await trading.client(len(trading.gateway._connections) + 1)
    (answer,) = await client.ask(request)
    assert isinstance(answer, answers.HistoricalData), answer
    return list(answer.bars)


async def test_yesterdays_bars_begin_at_the_open_and_hang_together(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        found = await bars(trading, asked(end="20260106 23:59:59 US/Eastern"))
        assert [each.date for each in found][:2] == ["20260106 09:30:00 US/Eastern", "20260106 10:00:00 US/Eastern"]
        assert found[-1].date == "20260106 15:30:00 US/Eastern"
        assert len(found) == 13
        assert all(each.low <= min(each.open, each.close) <= max(each.open, each.close) <= each.high for each in found)
        assert all(each.low <= each.average <= each.high and each.volume > 0 and each.count == 1800 for each in found)


async def test_bars_of_every_size_tell_of_the_same_day(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        day = await bars(trading, asked(bar_size="1 day", end="20260106-22:00:00"))
        assert [each.date for each in day] == ["20260106"]
        for size, count in (("1 min", 390), ("5 mins", 78), ("1 hour", 7), ("4 hours", 2), ("30 secs", 780)):
            found = await bars(trading, asked(bar_size=size, end="20260106-22:00:00"))
            assert len(found) == count
            assert found[0].date == "20260106 09:30:00 US/Eastern"
            assert (found[0].open, found[-1].close) == (day[0].open, day[0].close)
            assert (max(each.high for each in found), min(each.low for each in found)) == (day[0].high, day[0].low)
            assert sum(each.volume for each in found) == day[0].volume


async def test_outside_regular_hours_bars_go_on_until_the_options_close(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        found = await bars(trading, asked(bar_size="5 mins", end="20260106-22:00:00", use_rth=False))
        assert found[-1].date == "20260106 16:10:00 US/Eastern"


async def test_bid_mid_and_ask_lie_in_that_order_and_bid_ask_holds_both(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        end = "20260106-22:00:00"
        bid, mid, ask, both = [
            (await bars(trading, asked(what=what, end=end)))[0] for what in ("BID", "MIDPOINT", "ASK", "BID_ASK")
        ]
        assert bid.close < mid.close < ask.close
        assert (both.low, both.high) == (bid.low, ask.high)
        assert (bid.volume, bid.count) == (-1, -1)


@pytest.mark.parametrize(("duration", "days"), [("1 D", 1), ("2 D", 2), ("5 D", 2), ("1 W", 2), ("1 M", 2), ("1 Y", 2)])
async def test_a_duration_reaches_back_so_many_trading_days_as_far_as_the_past_goes(
    opened: Any, duration: str, days: int
) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        found = await bars(trading, asked(bar_size="1 day", duration=duration, end="20260106-22:00:00"))
        assert [each.date for each in found] == ["20260105", "20260106"][-days:]


async def test_seconds_are_counted_back_from_the_end_and_written_since_1970(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        request = asked(duration="60 S", bar_size="15 secs", end="20260106 15:00:00 UTC", format_date=2)
        found = await bars(trading, request)
        first = int(datetime(2026, 1, 6, 14, 59, tzinfo=UTC).timestamp())
        assert [int(each.date) for each in found] == [first, first + 15, first + 30, first + 45]


async def test_the_bars_of_an_hour_end_where_it_ends(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        found = await bars(trading, asked(duration="3600 S", bar_size="5 mins", end="20260106 12:00:00 US/Eastern"))
        assert len(found) == 12
        assert found[-1].date == "20260106 11:55:00 US/Eastern"


@pytest.mark.parametrize(("duration", "end"), [("3600 S", "12:02:30"), ("120 S", "12:02:30"), ("1 D", "12:01:00")])
async def test_a_bar_has_the_same_figures_in_every_request(opened: Any, duration: str, end: str) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        day = await bars(trading, asked(bar_size="5 mins", end="20260106-22:00:00"))
        found = await bars(trading, asked(duration=duration, bar_size="5 mins", end=f"20260106 {end} US/Eastern"))
        assert found[-1].date == "20260106 12:00:00 US/Eastern"
        assert set(found) <= set(day)


async def test_weeks_begin_on_monday_and_months_on_the_first(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        week = await bars(trading, asked(bar_size="1 week", duration="1 M"))
        month = await bars(trading, asked(bar_size="1 month", duration="1 M"))
        assert ([each.date for each in week], [each.date for each in month]) == (["20260105"], ["20260101"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bar_size": "7 mins"}, 321),
        ({"duration": "1 X"}, 321),
        ({"duration": "0 D"}, 321),
        ({"what": "YIELD"}, 321),
        ({"what": "HISTORICAL_VOLATILITY"}, 162),
        ({"what": "OPTION_IMPLIED_VOLATILITY"}, 162),
        ({"end": "yesterday"}, 10314),
        ({"end": "20250101-00:00:00"}, 162),
        ({"end": "20260106-00:00:00", "keep_up_to_date": True}, 321),
        ({"contract": ContractFields(con_id=404)}, 200),
        ({"contract": ContractFields(sec_type="BAG", legs=(LegFields(1001, 1, "BUY"),))}, 162),
    ],
)
async def test_a_request_for_history_that_cant_be_served_says_why(
    opened: Any, change: dict[str, Any], code: int
) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        client = await trading.client()
        await client.ask(asked(**change))
        assert client.errors(5) == [code]


async def test_history_is_asked_for_sixty_times_in_ten_minutes_and_no_more() -> None:
    async with house(parameters=GatewayParameters(pacing=PacingParameters(history_per_10_min=3))) as trading:
        client = await trading.client()
        for number in range(4):
            client.send(asked(req_id=number, contract=SHARE, what="MIDPOINT"))
        await asyncio.sleep(0.01)
        assert [each.req_id for each in client.of(answers.Error) if each.code == 162] == [3]
        await asyncio.sleep(601)
        client.send(asked(req_id=9, contract=SHARE, what="MIDPOINT"))
        await asyncio.sleep(0.01)
        assert client.errors(9) == []


async def test_a_fault_says_that_it_was_too_often() -> None:
    async with house(faults=[fault(Kind.PACING_162, duration_s=60)]) as trading:
        client = await trading.client()
        await client.ask(asked(contract=SHARE, what="MIDPOINT"))
        assert "pacing violation" in client.of(answers.Error)[-1].message


async def test_a_market_fed_from_outside_has_the_past_that_was_since_it_began() -> None:
    async with house() as trading:
        for i in range(10):
            trading.quote(SPY, 600.0 + i, 600.02 + i)
            await asyncio.sleep(60)
        found = await bars(trading, asked(contract=SHARE, what="BID", bar_size="1 min"))
        assert [each.close for each in found] == [600.0 + i for i in range(10)]


# -- bars being made ---------------------------------------------------------------------------------------------------


async def test_real_time_bars_come_each_five_seconds_on_the_clock() -> None:
    exchange, past = open_exchange("gbm:symbol=SPY", seed=3, past_sessions=0)
    async with house(exchange, past=past) as trading:
        client = await trading.client()
        await asyncio.sleep(2)
        client.send(RequestRealTimeBars(5, STOCK, 5, "TRADES", False))
        await asyncio.sleep(21)
        told = client.of(answers.RealTimeBar)
        assert len(told) == 4 and all(each.time % 5 == 0 for each in told)
        assert all(each.count == 5 and each.low <= each.wap <= each.high for each in told)
        await client.ask(CancelRealTimeBars(5))
        await asyncio.sleep(20)
        assert len(client.of(answers.RealTimeBar)) == 4


async def test_a_history_kept_up_to_date_tells_the_bar_that_is_being_made() -> None:
    exchange, past = open_exchange("gbm:symbol=SPY", seed=3, past_sessions=0)
    async with house(exchange, past=past) as trading:
        client = await trading.client()
        await asyncio.sleep(50)
        client.send(asked(bar_size="1 min", keep_up_to_date=True))
        await asyncio.sleep(31)
        told = [each.bar for each in client.of(answers.HistoricalDataUpdate)]
        assert [each.date[9:17] for each in told] == ["09:30:00"] + ["09:31:00"] * 5
        assert told[1].open == told[-1].open and told[-1].count > told[1].count
        await client.ask(CancelHistoricalData(5))
        await asyncio.sleep(20)
        assert len(client.of(answers.HistoricalDataUpdate)) == 6


async def test_bars_of_an_option_are_made_while_somebody_looks() -> None:
    exchange, past = open_exchange("gbm:symbol=SPY", seed=3, past_sessions=0)
    option = exchange.market.options(1001, exchange.market.expiries(1001)[3])[100]
    async with house(exchange, past=past) as trading:
        client = await trading.client()
        await client.ask(asked(contract=of_option(option.con_id), what="BID"))
        assert client.errors(5) == [162]
        client.send(RequestRealTimeBars(6, of_option(option.con_id), 5, "MIDPOINT", False))
        await asyncio.sleep(11)
        assert len(client.of(answers.RealTimeBar)) == 2


# -- other questions ---------------------------------------------------------------------------------------------------


async def test_the_first_moment_is_that_of_the_first_quote(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        client = await trading.client()
        said = await client.ask(
            RequestHeadTimestamp(5, STOCK, what="TRADES"), RequestHeadTimestamp(6, STOCK, what="BID", format_date=2)
        )
        assert said[0] == answers.HeadTimestamp(5, "20260105-14:30:00")
        assert said[1] == answers.HeadTimestamp(6, str(int(datetime(2026, 1, 5, 14, 30, tzinfo=UTC).timestamp())))


async def test_a_schedule_tells_the_sessions_in_the_houses_zone(opened: Any) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        client = await trading.client()
        (schedule,) = await client.ask(asked(what="SCHEDULE", duration="2 D", end="20260106-22:00:00"))
        assert schedule.time_zone == "US/Eastern"
        assert [(each.ref_date, each.start, each.end) for each in schedule.sessions] == [
            ("20260105", "20260105-09:30:00", "20260105-16:00:00"),
            ("20260106", "20260106-09:30:00", "20260106-16:00:00"),
        ]


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("TRADES", answers.HistoricalTicksLast),
        ("BID_ASK", answers.HistoricalTicksBidAsk),
        ("MIDPOINT", answers.HistoricalTicks),
    ],
)
async def test_single_ticks_are_told_from_a_moment_on_or_up_to_one(opened: Any, what: str, kind: type) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        client = await trading.client()
        at = TUESDAY_OPEN + timedelta(hours=1)
        written = f"{at:%Y%m%d-%H:%M:%S}"
        after, before = await client.ask(
            RequestHistoricalTicks(5, STOCK, start=written, count=10, what=what),
            RequestHistoricalTicks(6, STOCK, end=written, count=10, what=what),
        )
        assert isinstance(after, kind) and isinstance(before, kind)
        first = int(at.timestamp())
        assert [each.time for each in after.ticks] == [first + i for i in range(10)]
        assert [each.time for each in before.ticks] == [first - 9 + i for i in range(10)]


@pytest.mark.parametrize(
    "change", [{"count": 0}, {"count": 1001}, {"what": "NOISE"}, {"start": "20260106-15:00:00"}, {"end": ""}]
)
async def test_ticks_that_make_no_sense_are_refused(opened: Any, change: dict[str, Any]) -> None:
    async with house(opened[0], past=opened[1]) as trading:
        client = await trading.client()
        fields: dict[str, Any] = {"end": "20260106-15:00:00", "count": 10, "what": "TRADES"}
        await client.ask(RequestHistoricalTicks(5, STOCK, **(fields | change)))
        assert client.errors(5) == [321]


# -- memory ------------------------------------------------------------------------------------------------------------


def test_what_is_remembered_of_a_contract_is_bounded() -> None:
    exchange = engine()
    past, market = Past(), exchange.market
    now = exchange.now
    for i in range(30_000):
        now += timedelta(seconds=5)
        quote = Quote(con_id=CALL, snapshot_id=i, bid=5.0, ask=5.1, bid_size=1, ask_size=1, received_at=now)
        past.note(quote, market)
    series = past.series(CALL)
    assert series is not None and 3_000 < series.samples(0, 1e12).at.size <= 5_000
    past.forget_expired(market, now + timedelta(days=60))
    assert past.series(CALL) is None


def test_the_prior_close_is_that_of_the_session_before() -> None:
    exchange, past = open_exchange("gbm:symbol=SPY", seed=3, past_sessions=1)
    series = past.series(1001)
    assert series is not None
    samples = series.samples(0, datetime(2026, 1, 5, 21, tzinfo=UTC).timestamp())
    assert series.figures.prior_close == samples.last[-1]
    assert series.figures.open == exchange.market.offers([1001])[0].last
