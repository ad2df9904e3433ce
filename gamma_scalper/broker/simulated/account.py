"""What the exchange's books say of one account."""

from collections.abc import Sequence
from datetime import timedelta

from gamma_scalper.broker.simulated.router import dollars
from gamma_scalper.broker.simulated.seat import Seat
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.ports import AccountValues, BrokerHolding, Link


class SimulatedAccount:
    """Holdings and cash as they are; values worked out when they are looked at, after a fill or once they are old."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._engine = seat.venue.engine
        self._oldest = timedelta(seconds=seat.parameters.values_every_s)
        self._values: AccountValues | None = None
        self._holdings_seen = -1

    @property
    def account(self) -> str:
        return self._seat.account

    @property
    def values(self) -> AccountValues | None:
        """Over a link that is down or blind nothing new is told."""
        if self._seat.link.link is not Link.READY:
            return self._values
        now, fills = self._seat.venue.now(), self._seat.orders.fills
        if self._values is None or fills != self._holdings_seen or now - self._values.at >= self._oldest:
            self._holdings_seen = fills
            margin = self._engine.margin(self.account)
            self._values = AccountValues(
                at=now,
                net_liquidation=dollars(margin.net_liquidation),
                available_funds=dollars(margin.available),
                excess_liquidity=dollars(margin.excess),
                buying_power=dollars(margin.buying_power),
                initial_margin=dollars(margin.initial),
                maintenance_margin=dollars(margin.maintenance),
            )
        return self._values

    async def holdings(self) -> Sequence[BrokerHolding]:
        await self._seat.answer()
        return self._seat.orders.holdings()

    async def cash(self) -> Sequence[Money]:
        await self._seat.answer()
        return (Money(self._engine.account(self.account).cash),)
