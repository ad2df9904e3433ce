"""The broker's own Greeks of an option, which here are true ones."""

from datetime import timedelta

from gamma_scalper.broker.simulated.venue import Venue
from gamma_scalper.domain.greeks import BrokerGreeks
from gamma_scalper.domain.instruments import Option
from gamma_scalper.exchange.valuation import Valuation

_EVERY = timedelta(seconds=1)


class Figures:
    """Worked out when they are looked at, and not more than once a second for each contract."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._valuation = Valuation(venue.engine.market)
        self._kept: dict[int, BrokerGreeks] = {}  # conId -> the newest

    def of(self, con_id: int) -> BrokerGreeks | None:
        """None for what is no option, and where no volatility explains the price."""
        engine, now = self._venue.engine, self._venue.now()
        option, kept = engine.market.instrument(con_id), self._kept.get(con_id)
        if not isinstance(option, Option):
            return None
        if kept is not None and now - kept.at < _EVERY:
            return kept
        price, spot = engine.price(con_id), engine.price(option.underlying_con_id)
        valued = self._valuation.of(option, price, spot, now, None if kept is None else kept.implied_vol)
        if valued is None:
            return None
        found = self._kept[con_id] = BrokerGreeks(
            at=now,
            implied_vol=valued.implied_vol,
            delta=valued.greeks.delta,
            gamma=valued.greeks.gamma,
            theta_per_day=valued.greeks.theta_per_day,
            vega=valued.greeks.vega,
            price=valued.price,
            underlying_price=spot,
        )
        return found
