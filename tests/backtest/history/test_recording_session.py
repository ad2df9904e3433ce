"""A recording without trading: what is worth a line, over nights and lost connections."""

from datetime import date
from decimal import Decimal

import pytest
from attrs import evolve
from past_floor import fault, past_floor

from config import load_config
from gamma_scalper.backtest.history.recording_session import Length, RecordingSession
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.instruments import Option
from gamma_scalper.domain.orders import Side
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.exchange.replay import Recorder, read_rec
from gamma_scalper.exchange.tickets import Place, Ticket

QUICK = ("selection.max_expiries=1", "selection.strikes_per_expiry=3", "selection.min_open_interest=0")


def book(*settings):
    return load_config([*QUICK, *settings], environment={}).books["spy"]


async def recorded(floor, path, length, parameters, straddles=1):
    """The tape of it."""
    with Recorder(path) as recorder:
        session = RecordingSession(floor.broker, recorder, floor.clock, parameters, straddles, length)
        await session.run(await floor.broker.catalogue.stock("SPY"), lambda far: None)
    return read_rec(path), session.recorded


def options_of(tape):
    """Those that were quoted for longer than a look takes."""
    return [
        each for each in tape.contracts.values() if isinstance(each, Option) and len(tape.quotes[each.con_id].time) > 4
    ]


async def test_an_option_that_is_held_is_recorded_though_no_straddle_is_wanted(tmp_path):
    async with past_floor() as floor:
        stock = await floor.broker.catalogue.stock("SPY")
        expiry = (await floor.broker.catalogue.expiries(stock))[-1]  # beyond what the book may enter
        held = (await floor.broker.catalogue.options(stock, expiry))[0]
        floor.gateway.do(Place(Ticket(account="DU1000001", what=held.con_id, side=Side.BUY, quantity=Decimal(1))))
        await floor.clock.sleep(30)
        tape, _ = await recorded(floor, tmp_path / "a.rec", Length(seconds=300), book(), straddles=0)
    assert options_of(tape) == [held]


async def test_the_best_straddles_are_recorded_with_the_shares(tmp_path):
    async with past_floor() as floor:
        tape, told = await recorded(floor, tmp_path / "a.rec", Length(seconds=300), book(), straddles=2)
    found = options_of(tape)
    assert len(found) == 4 and {option.right for option in found} == {"C", "P"}
    quoted = {con_id for con_id, columns in tape.quotes.items() if len(columns.time)}
    assert (told.quotes, told.contracts) == (tape.account.used, quoted)


async def test_over_a_night_it_goes_on_with_the_next_session_and_ends_at_its_close(tmp_path):
    slow = book("selection.rescan_s=86400")
    async with past_floor(market="gbm:symbol=SPY,sigma=0.3,implied=0.3,spot=600,step=300") as floor:
        tape, told = await recorded(floor, tmp_path / "a.rec", Length(sessions=2), slow, straddles=0)
    assert [day.day for day in tape.days] == [date(2026, 1, 8), date(2026, 1, 9)]
    assert told.now.isoformat() == "2026-01-09T21:00:00+00:00"


async def test_a_connection_that_was_lost_leaves_a_gap_and_not_the_end(tmp_path):
    often = book("selection.rescan_s=5")
    async with past_floor(fault(Kind.SOCKET_DROP, at_s=60, lasts_s=120)) as floor:
        tape, _ = await recorded(floor, tmp_path / "a.rec", Length(seconds=600), often)
    times = tape.quotes[1001].time / 1e9 - tape.days[0].first / 1e9
    gap = [time for time in times if 80 < time < 170]
    assert not gap and times.max() > 500 and options_of(tape)


async def test_a_first_look_that_finds_nothing_to_look_at_ends_it(tmp_path):
    async with past_floor(market="gbm:symbol=SPY,step=20") as floor:
        floor.gateway.parameters = evolve(floor.gateway.parameters, data="none")
        with pytest.raises(UserError, match="no market data for SPY"):
            await recorded(floor, tmp_path / "a.rec", Length(seconds=60), book())
