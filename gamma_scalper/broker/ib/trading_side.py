"""All of the adapter that has to do with orders. A read-only set-up has none of it."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from loguru import logger

from gamma_scalper.broker.ib.catalogue import IbCatalogue
from gamma_scalper.broker.ib.codes import Codes
from gamma_scalper.broker.ib.doubts import Doubts
from gamma_scalper.broker.ib.executions import Executions
from gamma_scalper.broker.ib.orders import Orders
from gamma_scalper.broker.ib.router import IbRouter
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.ports import Link, LinkReport, NotReady, OrderEvent, Refused, Unanswered

_OTHERS_FIRST_S = 0.5  # who compares books and account each minute asks for the same
_A_DAY = timedelta(days=1)


class TradingSide:
    """Orders, executions and the router over them, joined."""

    def __init__(
        self,
        wire: Wire,
        codes: Codes,
        client_id: int,
        catalogue: IbCatalogue,
        *,
        account: Callable[[], str],
        link: Callable[[], LinkReport],
        skew: Callable[[], timedelta],
        tell: Callable[[OrderEvent], None],
        events: AsyncIterator[OrderEvent],
    ) -> None:
        self._wire = wire
        self._link = link
        self._skew = skew
        self._zone = ZoneInfo(wire.parameters.time_zone)
        self.executions = Executions(wire, catalogue, account, tell)
        self.orders = Orders(wire, codes, client_id, account, self.executions, tell)
        self.doubts = Doubts(wire, self.orders, self.executions, account, tell)
        self.router = IbRouter(
            wire, client_id, self.orders, self.executions, self.doubts, catalogue, events, link, account, skew
        )
        self.keepers = (self.executions.keep_meeting, self.doubts.keep_clearing, self._keep_pulling)

    async def _keep_pulling(self) -> None:
        """A fill or a death that was never told of is found within a minute, by whoever asks for it."""
        every_s, clock = self._wire.parameters.executions_every_s + _OTHERS_FIRST_S, self._wire.clock
        while True:
            rest_s = every_s - (clock.monotonic() - self.executions.pulled_at)
            await clock.sleep(rest_s if 0 < rest_s <= every_s else every_s)
            midnight = self._midnight()
            self.orders.forget_dead(before=midnight)
            self.executions.forget(before=midnight - _A_DAY)  # safely: clocks differ, and days have 23 hours
            if clock.monotonic() - self.executions.pulled_at < every_s:
                continue  # somebody else has asked meanwhile
            if self._link().link is not Link.READY:
                continue
            try:
                await self.executions.pull()
                await self.doubts.open_orders()
            except (Unanswered, Refused, NotReady) as error:
                logger.warning("{}", error)

    def _midnight(self) -> datetime:
        """The last one by the broker's clock, until which it tells of executions."""
        skew = self._skew()
        here = (self._wire.clock.now() + skew).astimezone(self._zone)
        return here.replace(hour=0, minute=0, second=0, microsecond=0) - skew
