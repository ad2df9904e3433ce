"""When trading in a share stops, and when it may not be sold short at the bid. Pure, one watch a share."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from attrs import Factory, define

from gamma_scalper.exchange.events import Phase
from gamma_scalper.exchange.parameters import BandParameters

_SAMPLE_S = 30.0
_SAMPLES = 10  # five minutes
_WIDE_AFTER_OPEN = timedelta(minutes=15)
_WIDE_BEFORE_CLOSE = timedelta(minutes=25)


@define
class ShareWatch:
    """What is remembered of one underlying's trading."""

    con_id: int
    banded: bool  # an index has neither bands nor short sales
    price: float = 0.0  # newest mid; 0 until there was one
    prior_close: float = 0.0  # of the session before; 0 where it isn't known
    close: float = 0.0  # of the newest session that has ended
    opening: float = 0.0  # first price of the newest session
    in_session: bool = False  # that session has not ended
    samples: list[float] = Factory(list)  # every half minute, for five minutes
    sampled_at: datetime | None = None
    outside_since: datetime | None = None
    halted_until: datetime | None = None
    fallen: bool = False  # in this session, by so much that short sales are restricted
    restricted_through: date | None = None

    def restricted(self, day: date) -> bool:
        """Short sales only above the bid, that day."""
        return self.restricted_through is not None and day <= self.restricted_through

    def halt(self, until: datetime) -> list[Phase]:
        """Stop, or stop for longer."""
        began = self.halted_until is None
        self.halted_until = until if began or self.halted_until is None else max(until, self.halted_until)
        self.outside_since = None
        return [Phase.HALTED] if began else []

    def resume(self, now: datetime) -> list[Phase]:
        """Trade again once the halt is over; what the price was before counts no more."""
        if self.halted_until is None or now < self.halted_until:
            return []
        self.halted_until = None
        self.samples.clear()
        self.sampled_at = None
        return [Phase.RESUMED]

    def end_of_session(self, day: date) -> list[Phase]:
        """The last price is the close; a halt ends with it, a restriction with the next day's."""
        phases = [Phase.RESUMED, Phase.CLOSED] if self.halted_until is not None else [Phase.CLOSED]
        self.close = self.price
        self.fallen = False
        self.in_session = False
        self.samples.clear()
        self.sampled_at = self.outside_since = self.halted_until = None
        if self.restricted_through is not None and day >= self.restricted_through:
            self.restricted_through = None
            phases.append(Phase.UNRESTRICTED)
        return phases

    def see(
        self,
        price: float,
        now: datetime,
        opens: datetime,
        closes: datetime,
        next_day: Callable[[], date],
        bands: BandParameters,
    ) -> list[Phase]:
        """A price within the session; what trading does because of it."""
        self.price = price
        if not self.in_session:
            self.in_session = True
            self.opening = price
            self.prior_close = self.close
        if not self.banded or self.halted_until is not None:
            return []
        phases = self._short_sales(next_day, bands)
        if self._outside(price, now, opens, closes, bands):
            self.outside_since = self.outside_since or now
            if (now - self.outside_since).total_seconds() >= bands.limit_state_s:
                phases += self.halt(now + timedelta(seconds=bands.halt_s))
        else:
            self.outside_since = None
        if self.sampled_at is None or (now - self.sampled_at).total_seconds() >= _SAMPLE_S:
            self.sampled_at = now
            self.samples = [*self.samples[-_SAMPLES + 1 :], price]
        return phases

    def _short_sales(self, next_day: Callable[[], date], bands: BandParameters) -> list[Phase]:
        """Restricted for the rest of this day and all of the next."""
        if self.fallen or self.price > self.prior_close * (1 - bands.restrict_short_sales_pct / 100):
            return []
        began = self.restricted_through is None
        self.fallen, self.restricted_through = True, next_day()
        return [Phase.RESTRICTED] if began else []

    def _outside(self, price: float, now: datetime, opens: datetime, closes: datetime, bands: BandParameters) -> bool:
        if not self.samples:
            return False
        wide = now < opens + _WIDE_AFTER_OPEN or now >= closes - _WIDE_BEFORE_CLOSE
        band = bands.band_pct / 100 * (2 if wide else 1)
        mean = sum(self.samples) / len(self.samples)
        return abs(price - mean) > band * mean
