"""Whether short sales of a share are restricted. The API has no flag for it; the rule is derived here."""

from datetime import date, timedelta
from decimal import Decimal

from attrs import Factory, define

from gamma_scalper.domain.money import to_decimal

_FALL = Decimal("0.9")  # of the prior close; at it or below, sales are restricted today and on the next trading day
_LONGEST_GAP = timedelta(days=5)  # between one trading day and the next


@define
class _Share:
    """Today's lowest trade and prior close, and the day on which the fall came."""

    day: date
    low: float | None = None
    close: float | None = None
    fell_on: date | None = None
    days_since: int = 0  # trading days seen after that


@define
class ShortSales:
    """Of every share that is watched. It remembers yesterday's fall; before it watched it knows nothing."""

    _shares: dict[int, _Share] = Factory(dict)

    def closed(self, con_id: int, prior_close: float | None, today: date) -> None:
        share = self._share(con_id, today)
        share.close = prior_close
        self._judge(share)

    def traded(self, con_id: int, price: float | None, today: date) -> None:
        share = self._share(con_id, today)
        if price is not None and (share.low is None or price < share.low):
            share.low = price
            self._judge(share)

    def restricted(self, con_id: int, today: date) -> bool | None:
        """None until both a trade and the prior close were seen today."""
        share = self._shares.get(con_id)
        if share is None:
            return None
        days = share.days_since + (share.day != today)  # nothing may have traded yet on this one
        if share.fell_on is not None and days <= 1 and today - share.fell_on <= _LONGEST_GAP:
            return True
        return False if share.day == today and share.low is not None and share.close is not None else None

    def _share(self, con_id: int, today: date) -> _Share:
        share = self._shares.setdefault(con_id, _Share(today))
        if share.day != today:
            share.day, share.low = today, None  # the close told last may be of this evening, and is told no more
            share.days_since += today.weekday() < 5  # on a weekend brokers repeat Friday's ticks
        return share

    def _judge(self, share: _Share) -> None:
        if share.low is None or share.close is None:
            return
        if to_decimal(share.low) <= _FALL * to_decimal(share.close):
            share.fell_on, share.days_since = share.day, 0
