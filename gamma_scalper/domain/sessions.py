"""When a product trades: from the broker's liquid hours where it gives them, else from the exchange's calendar."""

import difflib
import re
from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import field, frozen

from gamma_scalper.domain.checks import utc
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.settings import setting

SECONDS_PER_YEAR = 365 * 86_400
_A_DAY = timedelta(days=1)

# Zone names Interactive Brokers uses that are no names of the zone database.
_ZONE_ALIASES = {
    "EST": "America/New_York",
    "CST": "America/Chicago",
    "PST": "America/Los_Angeles",
    "BST": "Europe/London",
    "JST": "Asia/Tokyo",
    "HKT": "Asia/Hong_Kong",
}
_HOURS = re.compile(r"(?:(\d{8}):)?(\d{4})-(?:(\d{8}):)?(\d{4})")


@frozen
class SessionParameters:
    """When a book's products trade."""

    calendar: str = setting(
        "XNYS",
        "whose holidays and hours hold, where the broker gives no liquid hours",
        form="an exchange's code such as XNYS",
        check=str.isupper,
    )
    option_close_delay_min: int = setting(
        0, "minutes that the options trade on after the shares' close (15 for SPY)", unit="min", at_least=0, at_most=60
    )

    def of_shares(self, first: date, last: date) -> "Sessions":
        return exchange_sessions(self.calendar, first, last)

    def of_options(self, first: date, last: date) -> "Sessions":
        return exchange_sessions(self.calendar, first, last, self.option_close_delay_min)


class OutsideCalendar(LookupError):
    """A date was asked for that lies outside the range the calendar was loaded for.

    For the operator: load a longer range; nothing about that date is known, neither open nor closed.
    """


@frozen
class Session:
    """One unbroken span of trading; a day with a lunch break has two."""

    day: date  # the trading day it belongs to, which is not always the date on which it opens
    opens: datetime = field(converter=utc)
    closes: datetime = field(converter=utc)

    def __attrs_post_init__(self) -> None:
        if not self.opens < self.closes:
            raise ValueError(f"the session of {self.day} opens {self.opens} and closes {self.closes}")

    def contains(self, moment: datetime) -> bool:
        return self.opens <= moment < self.closes


@frozen
class Sessions:
    """What is known of a product's trading from `first` to `last`, in its own zone; anything beyond raises."""

    zone: ZoneInfo
    first: date
    last: date
    sessions: tuple[Session, ...]

    def __attrs_post_init__(self) -> None:
        for before, after in zip(self.sessions, self.sessions[1:], strict=False):
            if not (before.closes <= after.opens and before.day <= after.day):
                raise ValueError(f"the sessions of {before.day} and {after.day} overlap")
        if any(not self.first <= session.day <= self.last for session in self.sessions):
            raise ValueError(f"a session lies outside {self.first} to {self.last}")

    def on(self, day: date) -> tuple[Session, ...]:
        """The sessions of a trading day; none on a weekend or holiday."""
        self._check(day)
        begin = bisect_left(self.sessions, day, key=lambda session: session.day)
        end = bisect_right(self.sessions, day, key=lambda session: session.day)
        return self.sessions[begin:end]

    def at(self, moment: datetime) -> Session | None:
        """The session that is open at this moment, if any."""
        before = self._opened_by(moment)
        return self.sessions[before - 1] if before and self.sessions[before - 1].contains(moment) else None

    def after(self, moment: datetime) -> Session:
        """The next session to open after this moment."""
        following = self._opened_by(moment)
        if following == len(self.sessions):
            raise OutsideCalendar(f"no session after {moment} is known; the calendar ends on {self.last}")
        return self.sessions[following]

    def _opened_by(self, moment: datetime) -> int:
        moment, (begin, end) = utc(moment), self._known
        if not begin <= moment < end:
            self._check(moment.astimezone(self.zone).date())
        return bisect_right(self._opens, moment)

    @cached_property
    def _known(self) -> tuple[datetime, datetime]:
        """Safely within the dates, wherever the zone's midnights are."""
        begin, end = (datetime.combine(day, time(12), UTC) for day in (self.first, self.last))
        return begin + _A_DAY, end - _A_DAY

    @cached_property
    def _opens(self) -> tuple[datetime, ...]:
        return tuple(session.opens for session in self.sessions)

    def _check(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise OutsideCalendar(f"{day} lies outside {self.first} to {self.last}")


@lru_cache(maxsize=64)  # a calendar takes a while to make, and every book asks for the same
def exchange_sessions(calendar: str, first: date, last: date, close_delay_min: int = 0) -> Sessions:
    """The calendar's sessions; `close_delay_min` is for products that trade on after the close, early ones too."""
    import exchange_calendars  # slow to import, and only some programs need it

    if first > last:
        raise ValueError(f"{first} is after {last}")
    try:
        # A margin, since the library refuses a range without any session in it.
        known = exchange_calendars.get_calendar(
            calendar, start=first - timedelta(days=15), end=last + timedelta(days=15)
        )
    except exchange_calendars.errors.InvalidCalendarName as error:
        nearest = difflib.get_close_matches(calendar, exchange_calendars.get_calendar_names(), n=1, cutoff=0)[0]
        raise UserError(f"session.calendar = {calendar!r} is no exchange calendar; did you mean {nearest}?") from error
    delay = timedelta(minutes=close_delay_min)
    sessions: list[Session] = []
    for stamp, row in zip(known.schedule.index, known.schedule.itertuples(), strict=True):
        day = stamp.date()
        if first <= day <= last:
            opens, closes = row.open.to_pydatetime(), row.close.to_pydatetime() + delay
            if row.break_start == row.break_start:  # not NaT: there is a lunch break
                sessions.append(Session(day, opens, row.break_start.to_pydatetime()))
                opens = row.break_end.to_pydatetime()
            sessions.append(Session(day, opens, closes))
    return Sessions(_zone(str(known.tz)), first, last, tuple(sessions))


@lru_cache(maxsize=256)  # all options of one underlying have the same
def parse_liquid_hours(text: str, zone: str) -> Sessions:
    """Sessions from a broker's liquid-hours string, such as `20151224:0930-20151224:1300;20151225:CLOSED`."""
    local = _zone(zone)
    days: list[date] = []
    sessions: list[Session] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        day_text, _, hours = part.partition(":")
        day = _day(day_text, part)
        days.append(day)
        if hours == "CLOSED":
            continue
        for span in hours.split(","):
            found = _HOURS.fullmatch(span)
            if found is None:
                raise ValueError(
                    f"cannot read {part!r} in liquid hours; expected YYYYMMDD:HHMM-YYYYMMDD:HHMM or CLOSED"
                )
            opened, opens, closed, closes = found.groups()
            last_day = _day(closed, part) if closed else day
            opens_at = _moment(_day(opened, part) if opened else day, opens, local)
            sessions.append(Session(last_day, opens_at, _moment(last_day, closes, local)))
            days.append(last_day)
    if not days:
        raise ValueError("the liquid hours are empty")
    return Sessions(local, min(days), max(days), tuple(sorted(sessions, key=lambda session: session.opens)))


def years_between(now: datetime, expires_at: datetime) -> float:
    """Time to expiry as a fraction of a 365-day year, to the second; zero once it has passed."""
    return max(0.0, (expires_at - now).total_seconds() / SECONDS_PER_YEAR)


def _zone(name: str) -> ZoneInfo:
    short = name.split(" ")[0]
    try:
        return ZoneInfo(_ZONE_ALIASES.get(short, short))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error


def _day(text: str, part: str) -> date:
    if re.fullmatch(r"\d{8}", text) is None:
        raise ValueError(f"cannot read {part!r} in liquid hours; a day is written YYYYMMDD")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise ValueError(f"there is no date {text} ({part!r} in liquid hours)") from error


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "2400":
        return datetime.combine(day + timedelta(days=1), time(0), zone)
    try:
        return datetime.combine(day, time(int(clock[:2]), int(clock[2:])), zone)
    except ValueError as error:
        raise ValueError(f"{clock!r} is no time of day") from error
