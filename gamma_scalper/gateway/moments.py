"""Moments as the wire writes them. The gateway's own zone is New York's, which the broker calls US/Eastern."""

import re
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NEW_YORK = ZoneInfo("America/New_York")
ZONE = "US/Eastern"

_MOMENT = re.compile(r"([0-9]{8})(?:(-|\s+)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?(?:\s+(\S{1,64}))?")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199  # a calendar's sums stay possible within them
_ALIASES = {"EST": NEW_YORK, "EDT": NEW_YORK, "ET": NEW_YORK, ZONE: NEW_YORK, "GMT": ZoneInfo("UTC")}


class Moment(NamedTuple):
    """A moment a client wrote, and whether it said in which zone, and at what time of the day."""

    at: datetime
    zoned: bool
    timed: bool


def read_moment(text: str) -> Moment:
    """`20260105 15:30:00 US/Eastern`, `20260105-20:30:00` in UTC, or without a zone in New York's. Or ValueError.

    Years far ahead mean for ever, which is the end of 2199.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"cannot read {text!r} as a moment")
    day, joint, hours, minutes, seconds, name = found.groups()
    zone = ZoneInfo("UTC") if joint == "-" and name is None else NEW_YORK if name is None else _zone(name)
    local = datetime(
        int(day[:4]), int(day[4:6]), int(day[6:]), int(hours or 0), int(minutes or 0), int(seconds or 0), tzinfo=zone
    )
    if local.year < _FIRST_YEAR:
        raise ValueError(f"{text!r} is before {_FIRST_YEAR}")
    if local.year > _LAST_YEAR:
        local = datetime(_LAST_YEAR, 12, 31, 23, 59, 59, tzinfo=zone)
    return Moment(local.astimezone(UTC), joint == "-" or name is not None, hours is not None)


def _zone(name: str) -> ZoneInfo:
    try:
        return _ALIASES.get(name) or ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: it names a directory
        raise ValueError(f"there is no time zone {name!r}") from error


def stamp(moment: datetime) -> str:
    """With the zone, as `20260105 10:30:00 US/Eastern`."""
    return f"{moment.astimezone(NEW_YORK):%Y%m%d %H:%M:%S} {ZONE}"


def local_day(moment: datetime) -> date:
    """The date in New York."""
    return moment.astimezone(NEW_YORK).date()


def midnight(day: date) -> datetime:
    """When a date begins in New York."""
    return datetime.combine(day, time(0), NEW_YORK).astimezone(UTC)
