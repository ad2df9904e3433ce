"""A product is open when its own hours say so: holidays, early closes and late ones included."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.sessions import (
    OutsideCalendar,
    Session,
    SessionParameters,
    Sessions,
    exchange_sessions,
    parse_liquid_hours,
    years_between,
)

NEW_YORK = ZoneInfo("America/New_York")


def new_york(*when):
    return datetime(*when, tzinfo=NEW_YORK)


def test_christmas_eve_closes_early_and_christmas_is_closed():
    days = exchange_sessions("XNYS", date(2015, 12, 23), date(2015, 12, 28))
    assert [session.day.day for session in days.sessions] == [23, 24, 28]
    (eve,) = days.on(date(2015, 12, 24))
    assert (eve.opens, eve.closes) == (new_york(2015, 12, 24, 9, 30), new_york(2015, 12, 24, 13))
    assert days.on(date(2015, 12, 25)) == ()


def test_a_lunch_break_parts_the_day():
    days = exchange_sessions("XHKG", date(2026, 1, 5), date(2026, 1, 5))
    hong_kong = [(s.opens.astimezone(days.zone).hour, s.closes.astimezone(days.zone).hour) for s in days.on(days.first)]
    assert hong_kong == [(9, 12), (13, 16)]


def test_options_that_trade_on_do_so_on_early_days_too():
    parameters = SessionParameters(option_close_delay_min=15)
    span = date(2015, 12, 23), date(2015, 12, 24)
    assert [s.closes for s in parameters.of_options(*span).sessions] == [
        new_york(2015, 12, 23, 16, 15),
        new_york(2015, 12, 24, 13, 15),
    ]
    assert [s.closes for s in parameters.of_shares(*span).sessions] == [
        new_york(2015, 12, 23, 16),
        new_york(2015, 12, 24, 13),
    ]


def test_a_summer_time_change_moves_the_open_in_utc_only():
    days = exchange_sessions("XNYS", date(2026, 3, 6), date(2026, 3, 9))
    assert [session.opens.hour for session in days.sessions] == [14, 13]


def test_open_is_from_the_opening_bell_until_before_the_closing_one():
    days = exchange_sessions("XNYS", date(2026, 1, 2), date(2026, 1, 6))
    (monday,) = days.on(date(2026, 1, 5))
    assert days.at(new_york(2026, 1, 5, 9, 29, 59)) is None
    assert days.at(new_york(2026, 1, 5, 9, 30)) == monday
    assert days.at(new_york(2026, 1, 5, 15, 59, 59)) == monday
    assert days.at(new_york(2026, 1, 5, 16)) is None
    assert days.after(new_york(2026, 1, 2, 16)) == monday
    assert days.after(monday.opens).day == date(2026, 1, 6)


def test_what_lies_outside_the_loaded_range_is_unknown_not_closed():
    days = exchange_sessions("XNYS", date(2026, 1, 2), date(2026, 1, 6))
    for ask in (
        lambda: days.on(date(2026, 1, 7)),
        lambda: days.at(new_york(2026, 1, 7, 12)),
        lambda: days.at(new_york(2026, 1, 1, 12)),
        lambda: days.after(new_york(2026, 1, 6, 16)),
        lambda: days.after(new_york(2026, 1, 1, 16)),
    ):
        with pytest.raises(OutsideCalendar):
            ask()
    with pytest.raises(ValueError, match="time zone"):
        days.at(datetime(2026, 1, 5, 12))


def test_a_late_evening_in_new_york_is_still_that_day_there():
    days = exchange_sessions("XNYS", date(2026, 1, 5), date(2026, 1, 5))
    assert days.at(new_york(2026, 1, 5, 23)) is None


def test_a_range_without_a_session_is_known_to_have_none():
    assert exchange_sessions("XNYS", date(2026, 1, 3), date(2026, 1, 4)).sessions == ()


def test_a_wrong_calendar_or_range_is_refused_with_a_remedy():
    with pytest.raises(UserError, match="XNSY' is no exchange calendar; did you mean XNYS"):
        exchange_sessions("XNSY", date(2026, 1, 2), date(2026, 1, 6))
    with pytest.raises(ValueError, match="after"):
        exchange_sessions("XNYS", date(2026, 1, 6), date(2026, 1, 2))


def test_the_calendar_library_is_loaded_only_when_asked():
    code = "import sys, gamma_scalper.domain.sessions; sys.exit('exchange_calendars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# -- liquid hours ------------------------------------------------------------------------------------------------------


def test_liquid_hours_give_the_sessions_they_name():
    hours = parse_liquid_hours(
        "20151224:0930-20151224:1300;20151225:CLOSED;20151228:0930-20151228:1615; ", "US/Eastern"
    )
    assert [session.closes for session in hours.sessions] == [
        new_york(2015, 12, 24, 13),
        new_york(2015, 12, 28, 16, 15),
    ]
    assert hours.on(date(2015, 12, 25)) == ()
    with pytest.raises(OutsideCalendar):
        hours.on(date(2015, 12, 29))


def test_the_old_form_and_several_spans_a_day_are_read_too():
    hours = parse_liquid_hours("20090507:0700-1130,1230-2400;20090508:CLOSED", "EST (Eastern Standard Time)")
    assert [(s.opens, s.closes) for s in hours.sessions] == [
        (new_york(2009, 5, 7, 7), new_york(2009, 5, 7, 11, 30)),
        (new_york(2009, 5, 7, 12, 30), new_york(2009, 5, 8)),
    ]
    assert len(hours.on(date(2009, 5, 7))) == 2
    assert hours.on(date(2009, 5, 8)) == ()


def test_a_session_through_the_night_belongs_to_the_day_it_closes():
    hours = parse_liquid_hours("20260104:1800-20260105:1700;20260105:1800-20260106:1700", "America/Chicago")
    assert [session.day for session in hours.sessions] == [date(2026, 1, 5), date(2026, 1, 6)]


@pytest.mark.parametrize(
    ("text", "zone", "told"),
    [
        ("", "US/Eastern", "empty"),
        ("20260105:0930", "US/Eastern", "cannot read"),
        ("2026015:0930-1600", "US/Eastern", "cannot read"),
        ("20261305:0930-1600", "US/Eastern", "date"),
        ("20260105:0930-2960", "US/Eastern", "no time of day"),
        ("20260105:1600-0930", "US/Eastern", "opens"),
        ("20260105:0930-1600,1500-1700", "US/Eastern", "overlap"),
        ("20260105:0930-1600", "Mars/Olympus", "time zone"),
    ],
)
def test_hours_that_make_no_sense_are_refused(text, zone, told):
    with pytest.raises(ValueError, match=told):
        parse_liquid_hours(text, zone)


DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(DAYS, st.lists(st.booleans(), min_size=1, max_size=10), st.integers(0, 23), st.integers(1, 59))
def test_written_hours_come_back_as_they_were(first, open_days, hour, minute):
    parts, expected = [], []
    for offset, is_open in enumerate(open_days):
        day = first + timedelta(days=offset)
        if is_open:
            parts.append(f"{day:%Y%m%d}:{hour:02}00-{day:%Y%m%d}:{hour:02}{minute:02}")
            expected.append(day)
        else:
            parts.append(f"{day:%Y%m%d}:CLOSED")
    read = parse_liquid_hours(";".join(parts), "UTC")
    assert [session.day for session in read.sessions] == expected
    assert (read.first, read.last) == (first, first + timedelta(days=len(open_days) - 1))


def test_sessions_that_overlap_or_lie_outside_are_refused():
    one = Session(date(2026, 1, 5), new_york(2026, 1, 5, 9), new_york(2026, 1, 5, 16))
    two = Session(date(2026, 1, 5), new_york(2026, 1, 5, 15), new_york(2026, 1, 5, 17))
    with pytest.raises(ValueError, match="overlap"):
        Sessions(NEW_YORK, one.day, one.day, (one, two))
    with pytest.raises(ValueError, match="outside"):
        Sessions(NEW_YORK, date(2026, 1, 6), date(2026, 1, 7), (one,))
    with pytest.raises(ValueError, match="opens"):
        Session(one.day, one.closes, one.opens)


def test_time_to_expiry_counts_to_the_second_and_ends_at_zero():
    expires = datetime(2026, 2, 20, 21, 15, tzinfo=UTC)
    assert years_between(expires - timedelta(days=365), expires) == 1
    assert years_between(expires - timedelta(seconds=1), expires) == 1 / (365 * 86_400)
    assert years_between(expires + timedelta(days=1), expires) == 0
