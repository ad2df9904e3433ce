"""When replayed products trade: the exchange calendar, and the moments of a tape in whole nanoseconds."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from attrs import frozen

from gamma_scalper.domain.instruments import Index, Option, Settlement, Stock
from gamma_scalper.domain.sessions import Sessions, exchange_sessions

NEW_YORK = ZoneInfo("America/New_York")
_CALENDAR = "XNYS"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MARGIN = timedelta(days=15)


def nanoseconds(moment: datetime) -> int:
    """Since 1970, in UTC, exactly."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def moment_of(ns: int) -> datetime:
    """The datetime at or before, since a datetime has no finer part than the microsecond."""
    return _EPOCH + ns // 1000 * _MICROSECOND


def new_york_midnight(day: date) -> int:
    """In nanoseconds of UTC: the moment this date begins in New York."""
    return nanoseconds(datetime.combine(day, time(0), NEW_YORK))


def new_york_day(ns: int) -> date:
    return moment_of(ns).astimezone(NEW_YORK).date()


@frozen(eq=False)
class TradingHours:
    """The calendar's sessions of shares and of options, early closes included."""

    shares: Sessions
    options: Sessions

    def of(self, contract: Stock | Index | Option) -> Sessions:
        return self.options if isinstance(contract, Option) else self.shares

    def last_trading(self, expiry: date, settlement: Settlement = "physical") -> datetime:
        """The close of the last session on or before the expiry (a holiday, a Saturday); before it if settled AM."""
        day = expiry - timedelta(days=1) if settlement == "cash_am" else expiry
        while not (spans := self.options.on(day)):
            day -= timedelta(days=1)
        return spans[-1].closes


@lru_cache(maxsize=16)  # the calendar takes a quarter of a second to work out
def trading_hours(first: date, last: date, option_close_delay_min: int = 0) -> TradingHours:
    """With a margin at both ends, so that the session before the first day and after the last is known too."""
    first, last = first - _MARGIN, last + _MARGIN
    shares = exchange_sessions(_CALENDAR, first, last)
    if not option_close_delay_min:
        return TradingHours(shares, shares)
    return TradingHours(shares, exchange_sessions(_CALENDAR, first, last, option_close_delay_min))
