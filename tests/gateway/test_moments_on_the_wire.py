"""Moments as clients write them and as the gateway does."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.gateway.moments import local_day, midnight, read_moment, stamp

NOON = datetime(2026, 1, 5, 17, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "zoned"),
    [
        ("20260105 12:00:05 US/Eastern", True),
        ("20260105 12:00:05 EST", True),
        ("20260105 18:00:05 Europe/Berlin", True),
        ("20260105-17:00:05", True),
        ("20260105  12:00:05", False),
        ("20260105 12:00:05", False),
    ],
)
def test_a_moment_is_read_in_its_zone_or_else_in_new_yorks(written: str, zoned: bool) -> None:
    assert read_moment(written) == (NOON, zoned, True)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "noon",
        "2026-01-05 12:00",
        "20260105 12:00:05 Mars/Base",
        "20260230 12:00:00",
        "20260105 25:00:00",
        "20260105 12:00:05 America",
        "00010101 00:00:00",
        "18991231 23:59:59",
    ],
)
def test_what_is_no_moment_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        read_moment(written)


@pytest.mark.parametrize("written", ["99991231 23:59:59", "99991231-23:59:59", "22000101"])
def test_years_far_ahead_mean_for_ever(written: str) -> None:
    assert local_day(read_moment(written).at).year == 2199


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).filter(lambda moment: moment.month not in (3, 11)))
def test_what_was_written_is_read_back_to_the_second(moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC, microsecond=0)
    assert read_moment(stamp(at)) == (at, True, True)


def test_a_day_begins_at_midnight_in_new_york() -> None:
    assert local_day(datetime(2026, 1, 6, 4, 59, tzinfo=UTC)) == date(2026, 1, 5)
    assert midnight(date(2026, 1, 6)) == datetime(2026, 1, 6, 5, tzinfo=UTC)
