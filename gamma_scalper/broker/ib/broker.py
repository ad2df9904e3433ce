"""One login at Interactive Brokers, whole: which parts there are, and who hears what."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from loguru import logger

from gamma_scalper.broker.ib.account import IbAccount
from gamma_scalper.broker.ib.accounts import Kind, chosen, masked
from gamma_scalper.broker.ib.catalogue import IbCatalogue
from gamma_scalper.broker.ib.codes import Codes
from gamma_scalper.broker.ib.day_cache import DayCache
from gamma_scalper.broker.ib.feed import IbFeed
from gamma_scalper.broker.ib.incoming import HearsOfLink, Incoming
from gamma_scalper.broker.ib.link import Duties, IbLink
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.broker.ib.past import IbPast
from gamma_scalper.broker.ib.router import IbRouter
from gamma_scalper.broker.ib.trading_side import TradingSide
from gamma_scalper.broker.ib.wire import Wire
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.ports import LinkReport, OrderEvent, Recap, Warned
from gamma_scalper.kernel import Channel, Clock, Unbounded

_ALARM_DEPTH = 1_000


class IbBroker:
    """The port `Broker`. Read-only it has no router, and its client sends no message that could trade."""

    def __init__(
        self,
        address: tuple[str, int],
        client_id: int,
        account: str,
        clock: Clock,
        parameters: IbParameters = IbParameters(),
        *,
        read_only: bool = False,
        require: Kind | None = None,
        codes: Codes | None = None,
        cache_dir: Path | None = None,
    ) -> None:
        if client_id < 1:
            raise UserError("CLIENT_ID = 0 is not allowed: it would bind orders entered by hand; allowed: 1 to 999999")
        self._account_wanted = account
        self._require = require
        self._codes = codes or Codes()
        self._clock = clock
        self._parameters = parameters
        self._wire = Wire(clock, parameters)
        self._events: Channel[OrderEvent] = Channel("order events of ib", Unbounded(_ALARM_DEPTH, _piled_up))
        self._reads_only = read_only
        self._catalogue = IbCatalogue(self._wire, DayCache(clock, cache_dir, self._skew))
        self._past = IbPast(self._wire)
        self._account = IbAccount(self._wire, self._catalogue, self._warn)
        self._feed = IbFeed(self._wire, lambda: self.link, self._skew)
        self._trading = None if read_only else self._trading_side(client_id)
        duties = Duties(
            receiver=self._receiver,
            choose=self._choose,
            resubscribe=self._feed.resubscribe,
            confirm=self._confirm,
            freeze=self._feed.freeze,
            thaw=self._feed.thaw,
            tell=self._tell,
            progress=lambda: self._catalogue.size,
            keepers=() if self._trading is None else self._trading.keepers,
        )
        self._link = IbLink(address, client_id, self._wire, duties, reads_only=read_only)

    # -- the port ------------------------------------------------------------------------------------------------------

    @property
    def feed(self) -> IbFeed:
        return self._feed

    @property
    def account(self) -> IbAccount:
        return self._account

    @property
    def catalogue(self) -> IbCatalogue:
        return self._catalogue

    @property
    def orders(self) -> IbRouter | None:
        return None if self._trading is None else self._trading.router

    @property
    def past(self) -> IbPast:
        return self._past

    @property
    def link(self) -> LinkReport:
        return self._link.report

    @property
    def reads_only(self) -> bool:
        return self._reads_only

    @property
    def clock_skew_s(self) -> float | None:
        return self._link.skew_s

    async def start(self) -> None:
        await self._link.start()

    async def stop(self) -> None:
        await self._link.stop()

    def _trading_side(self, client_id: int) -> TradingSide:
        return TradingSide(
            self._wire,
            self._codes,
            client_id,
            self._catalogue,
            account=lambda: self._account.account,
            link=lambda: self.link,
            skew=self._skew,
            tell=self._tell,
            events=self._events,
        )

    def _skew(self) -> timedelta:
        """Of the broker's clock: by it days begin and orders end."""
        return self._link.skew

    # -- the turns of the connection's life ----------------------------------------------------------------------------

    def _receiver(self, connection: HearsOfLink) -> Incoming:
        orders = None if self._trading is None else self._trading.orders
        wire, zone = self._wire, self._parameters.time_zone
        return Incoming(wire.requests, self._codes, zone, connection, self._feed, self._account, orders)

    def _choose(self, managed: Sequence[str]) -> None:
        """The first choice stays: a login that has changed under the program's feet is not traded in."""
        before = self._account.account
        if before and before not in managed:
            shown = ", ".join(masked(each) for each in managed)
            raise UserError(f"the login has changed from {masked(before)} to {shown}; log in as before, or start anew")
        wanted = self._account_wanted or before
        self._account.belongs(chosen(wanted, managed, self._require, reads_only=self._reads_only))

    async def _confirm(self, why: str) -> Recap:
        """Executions come first, so that what the recap shows was told before it."""
        if self._trading is not None:
            await self._trading.executions.pull()
        holdings = await self._account.holdings()
        open_orders = () if self._trading is None else await self._trading.doubts.open_orders()
        await self._account.ask_values()
        return Recap(at=self._clock.now(), why=why, holdings=holdings, open_orders=open_orders)

    def _tell(self, event: OrderEvent) -> None:
        if self._trading is not None:  # else nobody reads them, and they would pile up
            self._events.put_nowait(event)

    def _warn(self, code: int, text: str) -> None:
        self._tell(Warned(at=self._clock.now(), code=code, text=text))


def _piled_up(depth: int) -> None:
    logger.error("{} order events wait to be read; whoever reads them is stuck", depth)
