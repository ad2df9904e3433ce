"""When a book's contracts trade: by their own liquid hours where the broker gave them, else by the calendar."""

from datetime import datetime, timedelta

from gamma_scalper.domain.instruments import Index, Option, Stock
from gamma_scalper.domain.sessions import OutsideCalendar, Session, SessionParameters, Sessions

_AROUND = timedelta(days=40)
_ENOUGH = timedelta(days=10)


class Hours:
    """Looks a month around the moment it is asked about, so that a calendar is loaded a few times a year."""

    def __init__(self, parameters: SessionParameters) -> None:
        self._parameters = parameters
        self._loaded: tuple[Sessions, Sessions] | None = None  # of shares, of options
        self._good_until: datetime | None = None

    def of(self, instrument: Stock | Index | Option, now: datetime) -> Session | None:
        """The session that is open, else the next to open; None where nobody knows."""
        if instrument.liquid_hours is not None:
            found = _of(instrument.liquid_hours, now)
            if found is not None:
                return found
        return _of(self._sessions(now)[isinstance(instrument, Option)], now)

    def _sessions(self, now: datetime) -> tuple[Sessions, Sessions]:
        if self._loaded is None or self._good_until is None or now > self._good_until:
            first, last = (now - _AROUND).date(), (now + _AROUND).date()
            self._loaded = self._parameters.of_shares(first, last), self._parameters.of_options(first, last)
            self._good_until = now + _AROUND - _ENOUGH
        return self._loaded


def _of(sessions: Sessions, now: datetime) -> Session | None:
    try:
        return sessions.at(now) or sessions.after(now)
    except OutsideCalendar:
        return None
