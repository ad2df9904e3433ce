"""Past quotes come whole, at the broker's pace, over whatever goes wrong, and from where they were stopped."""

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from past_floor import OPENS, fault, past_floor

from gamma_scalper.backtest.history.choosing import NearTheMoney
from gamma_scalper.backtest.history.inspection import sessions_on
from gamma_scalper.backtest.history.store import HistoryStore
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.ports import PastPrice
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.specs import market_from

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 1, day) for day in (5, 6, 7, 8))
DAYS = [MONDAY, TUESDAY, WEDNESDAY]
FEW = NearTheMoney(strikes=2, expiries=1, min_dte=3)


@pytest.fixture
def store(tmp_path):
    return HistoryStore(tmp_path / "history")


def seconds_of(floor, day):
    """What the gateway saw of the shares within a session."""
    (session,) = sessions_on(day)
    return floor.past.series(1001).samples(session.opens.timestamp(), session.closes.timestamp())


async def test_a_row_is_the_offer_at_the_end_of_its_minute_and_no_earlier(store):
    async with past_floor() as floor:
        await floor.download(store).run()
        seen = seconds_of(floor, TUESDAY)
    assert store.days("quotes", "SPY") == DAYS
    table = store.read("quotes", "SPY", TUESDAY)
    times = np.array(table["time"].cast("int64")) / 1e9
    assert len(times) == 390 and times[0] == datetime(2026, 1, 6, 14, 31, tzinfo=UTC).timestamp()
    newest = np.searchsorted(seen.at, times, side="left") - 1  # the last before the minute was over
    assert table["bid"].to_pylist() == seen.bid[newest].tolist()
    assert table["ask"].to_pylist() == seen.ask[newest].tolist()
    assert set(table["bid_size"].to_pylist()) == {1_000}, "which is assumed"


async def test_the_mean_offer_is_the_mean_of_the_minute(store):
    async with past_floor() as floor:
        await floor.download(store, prices="mean", last=MONDAY, sizes=(500, 3)).run()
        seen = seconds_of(floor, MONDAY)
    table = store.read("quotes", "SPY", MONDAY)
    first = seen.at < seen.at[0] + 60
    assert table["bid"][0].as_py() == pytest.approx(seen.bid[first].mean(), abs=1e-4)
    assert table["ask"][0].as_py() == pytest.approx(seen.ask[first].mean(), abs=1e-4)
    notes = store.origin("quotes", "SPY", MONDAY).notes
    assert "average" in notes[0] and "500 shares, 3 contracts" in notes[1]


async def test_averages_move_less_than_the_market_did_as_the_page_says(tmp_path):
    moved = {}
    async with past_floor() as floor:
        for prices in ("close", "mean"):
            store = HistoryStore(tmp_path / prices)
            await floor.download(store, prices=prices).run()
            steps = []
            for day in DAYS:
                table = store.read("quotes", "SPY", day)
                middle = (np.array(table["bid"]) + np.array(table["ask"])) / 2
                steps.append(np.diff(np.log(middle)))
            moved[prices] = np.square(np.concatenate(steps)).sum()
    assert moved["mean"] / moved["close"] == pytest.approx(2 / 3, abs=0.1)


async def test_bars_hold_together_with_what_was_traded(store):
    async with past_floor() as floor:
        await floor.download(store, kind="bars", last=MONDAY).run()
        seen = seconds_of(floor, MONDAY)
    table = store.read("bars", "SPY", MONDAY)
    assert table.num_rows == 390
    assert max(table["high"].to_pylist()) == np.nanmax(seen.last) and min(table["low"].to_pylist()) == seen.last.min()
    assert sum(table["volume"].to_pylist()) == seen.volume.sum()
    assert store.days("quotes", "SPY") == []


async def test_options_near_the_money_come_along_and_stay_when_the_market_has_moved(store):
    async with past_floor(near=FEW) as floor:
        download = floor.download(store, near=FEW)
        await download.run()
    market = market_from(f"parquet:{store.folder('quotes', 'SPY')},step=60")
    options = [each for each in market.tape.contracts.values() if isinstance(each, Option)]
    assert {option.right for option in options} == {"C", "P"} and len({option.strike for option in options}) >= 2
    of_days = [_strikes(store, day) for day in DAYS]
    assert of_days[0] and of_days[0] <= of_days[1] <= of_days[2]
    assert all(done.seen.faults == () for done in download.done)


def _strikes(store, day):
    table = store.read("quotes", "SPY", day)
    names = zip(*(table[name].to_pylist() for name in ("expiry", "strike", "right")), strict=True)
    return {name for name in names if name[1] is not None}


async def test_days_that_are_whole_are_not_asked_for_again(store):
    async with past_floor() as floor:
        await floor.download(store, last=MONDAY).run()
        before = store.path("quotes", "SPY", MONDAY).stat().st_mtime_ns
        asked_until = floor.clock.monotonic()
        again = floor.download(store)
        await again.run()
        assert [done.what for done in again.done] == ["there already", "stored", "stored"]
        assert store.path("quotes", "SPY", MONDAY).stat().st_mtime_ns == before
        quiet = floor.download(store)
        await quiet.run()
        assert [done.what for done in quiet.done] == ["there already"] * 3
        assert floor.told[-1].day == WEDNESDAY and floor.clock.monotonic() >= asked_until


async def test_one_that_is_stopped_goes_on_with_the_day_it_had_not_finished(store):
    async with past_floor(near=FEW) as floor:
        download = floor.download(store, near=FEW)
        running = asyncio.ensure_future(download.run())
        floor.at_progress(lambda far: far.day == TUESDAY and far.contracts_done == 2, running.cancel)
        with suppress(asyncio.CancelledError):
            await running
        assert running.cancelled()
        assert [done.what for done in download.done] == ["stored"]
        assert store.days("quotes", "SPY") == [MONDAY]
        assert [path.name for path in store.folder("quotes", "SPY").iterdir()] == ["2026-01-05.parquet"]
        rest = floor.download(store, near=FEW)
        await rest.run()
    assert [done.what for done in rest.done] == ["there already", "stored", "stored"]
    assert _strikes(store, MONDAY) <= _strikes(store, TUESDAY), "what was near the money before the stop comes along"


async def test_more_requests_than_ten_minutes_allow_are_never_called_too_many(store):
    wide = NearTheMoney(strikes=12, expiries=1, min_dte=3)
    async with past_floor(near=wide) as floor:
        began = floor.clock.monotonic()
        download = floor.download(store, near=wide)
        await download.run()
        took = floor.clock.monotonic() - began
    assert len(_strikes(store, WEDNESDAY)) >= 20
    requests = sum(2 * (done.seen.contracts + len(done.without)) for done in download.done)
    assert requests > 120 and took > 600, "it waited instead"


async def test_a_broker_that_calls_it_too_many_is_asked_again_until_it_answers(store):
    async with past_floor(fault(Kind.PACING_162, lasts_s=200)) as floor:
        download = floor.download(store, last=MONDAY)
        await download.run()
        assert floor.clock.now() > OPENS + timedelta(seconds=200)
    assert [done.what for done in download.done] == ["stored"]
    assert store.read("quotes", "SPY", MONDAY).num_rows == 390


async def test_a_broker_that_never_stops_calling_it_too_many_ends_it_in_one_line(store):
    async with past_floor(fault(Kind.PACING_162, lasts_s=20_000)) as floor:
        with pytest.raises(UserError, match=r"past prices of SPY: 162: .*pacing violation.*market data"):
            await floor.download(store, last=MONDAY).run()
    assert store.symbols("quotes") == []


SLOW = fault(Kind.SLOW_ANSWERS, at_s=1, lasts_s=200, amount=4.0)  # so that something is under way when it is lost


async def test_a_connection_that_is_lost_half_way_costs_time_alone(store):
    async with past_floor(SLOW, fault(Kind.SOCKET_DROP, at_s=20, lasts_s=90)) as floor:
        await asyncio.sleep(2)
        download = floor.download(store)
        await download.run()
        assert floor.clock.now() > OPENS + timedelta(seconds=110)
    assert [done.what for done in download.done] == ["stored"] * 3


async def test_a_connection_that_stays_away_ends_it_with_the_days_that_are_whole(store):
    async with past_floor(SLOW, fault(Kind.SOCKET_DROP, at_s=24, lasts_s=9_000)) as floor:
        await asyncio.sleep(2)
        with pytest.raises(UserError, match="no connection for 600 s") as told:
            await floor.download(store).run()
    assert told.value.exit_code is ExitCode.BROKER_UNREACHABLE
    assert store.days("quotes", "SPY") == [MONDAY]


async def test_days_without_data_and_days_that_are_not_over_are_told_apart(store):
    async with past_floor() as floor:
        download = floor.download(store, first=date(2026, 1, 1), last=date(2026, 1, 9))
        await download.run()
    told = {done.day: done.what for done in download.done}
    over = dict.fromkeys(DAYS, "stored")
    assert told == {date(2026, 1, 2): "no data"} | over | dict.fromkeys((THURSDAY, date(2026, 1, 9)), "not over yet")


async def test_a_span_without_a_session_is_refused(store):
    async with past_floor() as floor:
        with pytest.raises(UserError, match="no session in it"):
            floor.download(store, first=date(2026, 1, 3), last=date(2026, 1, 4))


async def test_the_past_is_told_of_the_span_that_was_asked_for_alone():
    async with past_floor() as floor:
        stock = await floor.broker.catalogue.stock("SPY")
        begins, ends = datetime(2026, 1, 6, 15, tzinfo=UTC), datetime(2026, 1, 6, 16, tzinfo=UTC)
        bars = await floor.broker.past.minutes(stock, PastPrice.TRADES, begins, ends)
        assert [bars[0].begins, bars[-1].ends, len(bars)] == [begins, ends, 60]
        assert await floor.broker.past.minutes(stock, PastPrice.BID, begins - timedelta(days=30), begins) != ()
        nothing = datetime(2025, 12, 1, 21, tzinfo=UTC)
        assert await floor.broker.past.minutes(stock, PastPrice.BID, nothing - timedelta(hours=6), nothing) == ()
