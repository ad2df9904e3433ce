"""Into the night, and over the weekend."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from pictures import CALL, CLOSES, DAY, PUT, SPY, Play, holding_a_straddle, session_of

from gamma_scalper.domain.proposals import Plan
from gamma_scalper.domain.sessions import Sessions
from gamma_scalper.strategies.base import Act, Hold
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.nights import NightParameters, next_day
from gamma_scalper.strategies.scalp_parameters import ScalpParameters

FRIDAY = date(2026, 11, 20)
BAND = HedgeParameters(policy="fixed", band_shares=20.0)


def hours(*days: date) -> Sessions:
    return Sessions(ZoneInfo("America/New_York"), days[0], days[-1], tuple(session_of(day) for day in days))


def late(play: Play, minutes: float, day: date = DAY) -> Play:
    """So long before the close."""
    play.session = session_of(day)
    play.now = play.session.closes - timedelta(minutes=minutes)
    return play


def holding(**given: Any) -> Play:
    return holding_a_straddle(ScalpParameters(nights=NightParameters(**given), hedge=BAND))


def width(play: Play) -> float:
    found = play.judge().band
    assert found is not None
    return found.high - found.low


def test_by_default_a_position_is_held_as_it_is() -> None:
    play = late(holding(), 1.0)
    assert isinstance(play.look(), Hold)
    assert width(play) == pytest.approx(40.0)


def test_flat_over_the_night_sells_before_the_close() -> None:
    play = late(holding(overnight="flatten", flatten_before_s=600.0), 10.5)
    assert isinstance(play.look(), Hold)
    play.wait(60.0)
    act = play.act()
    assert act.rule == "night"
    assert isinstance(act.command, Plan)
    assert {quote.con_id for quote in act.command.quotes} == {CALL.con_id, PUT.con_id}


def test_what_was_sold_for_the_night_is_bought_again_in_the_next_session() -> None:
    play = late(holding(overnight="flatten"), 10.0)
    play.obey(play.act())
    play.fill()
    assert play.hold() == "waits"
    play.now = CLOSES - timedelta(seconds=1)
    assert play.hold() == "waits"
    play.session = session_of(date(2026, 11, 19))
    play.now = play.session.opens
    assert play.act().rule == "entry"


def test_nothing_is_bought_that_would_be_sold_for_the_night() -> None:
    play = late(Play(ScalpParameters(nights=NightParameters(overnight="flatten"))), 10.0)
    assert play.hold() == "no entry"


def test_the_band_is_narrowed_before_the_close() -> None:
    play = late(holding(overnight="tighten", tighten_before_s=1_800.0, tighten_factor=0.25), 31.0)
    assert width(play) == pytest.approx(40.0)
    play.wait(90.0)
    assert width(play) == pytest.approx(10.0)


def test_the_narrowed_band_is_hedged_by() -> None:
    play = late(holding(overnight="tighten", tighten_factor=0.25), 40.0)
    play.spot = 601.5  # 12 shares of delta
    assert isinstance(play.look(), Hold)
    play.wait(900.0)
    assert play.act().rule == "hedge"


def test_a_weekend_has_a_policy_of_its_own() -> None:
    given = {"overnight": "hold", "weekend": "flatten"}
    assert isinstance(late(holding(**given), 5.0).look(), Hold)
    assert isinstance(late(holding(**given), 5.0, FRIDAY).look(), Act)


def test_a_night_is_no_weekend() -> None:
    given = {"overnight": "flatten", "weekend": "hold"}
    assert isinstance(late(holding(**given), 5.0).look(), Act)
    assert isinstance(late(holding(**given), 5.0, FRIDAY).look(), Hold)


def test_before_a_holiday_the_weekends_policy_holds_where_the_hours_are_known() -> None:
    thanksgiving_eve = date(2026, 11, 25)
    play = late(holding(overnight="hold", weekend="flatten"), 5.0, thanksgiving_eve)
    assert isinstance(play.look(), Hold)
    play.underlying = evolve(SPY, liquid_hours=hours(thanksgiving_eve, date(2026, 11, 27)))
    assert isinstance(play.look(), Act)


def test_without_hours_the_next_weekday_is_the_next_session() -> None:
    play = Play()
    expected = {DAY: date(2026, 11, 19), FRIDAY: date(2026, 11, 23)}
    for day, following in expected.items():
        session = session_of(day)
        play.session, play.now = session, session.opens
        assert next_day(play.scene(), session) == following


def test_hours_that_end_today_are_no_hours() -> None:
    play = Play()
    play.underlying = evolve(SPY, liquid_hours=hours(DAY))
    assert next_day(play.scene(), session_of(DAY)) == date(2026, 11, 19)


def test_after_the_close_nothing_is_done_about_the_night() -> None:
    play = holding(overnight="flatten")
    play.now = datetime(2026, 11, 18, 21, 30, tzinfo=UTC)
    decision = play.look()
    assert decision.rule != "night"
    assert isinstance(decision, Hold)
