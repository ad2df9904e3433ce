"""One account's place at the venue: what concerns it is heard, through whatever its connection spoils."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from gamma_scalper.broker.simulated.feed import SimulatedFeed
from gamma_scalper.broker.simulated.figures import Figures
from gamma_scalper.broker.simulated.order_stream import OrderStream
from gamma_scalper.broker.simulated.parameters import SimulatedParameters
from gamma_scalper.broker.simulated.venue import Venue
from gamma_scalper.domain.greeks import BrokerGreeks
from gamma_scalper.domain.ports import Link, LinkReport, NotReady, Unanswered
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.delivery import Delivery, Dropped, Told
from gamma_scalper.exchange.events import Charged, Event, Executed, Notice, OrderStatus
from gamma_scalper.exchange.faults import Fault, FaultSchedule, FaultWatch, Kind
from gamma_scalper.exchange.tickets import Look

_LOST, _BACK_LOST, _BACK = 1100, 1101, 1102
_FREEZING = (2103, 10197)
_CLOSED = "the connection was closed"


class Seat:
    """Link, quotes and order events of one account, in the order in which they are heard."""

    def __init__(
        self,
        venue: Venue,
        account: str,
        faults: FaultSchedule,
        parameters: SimulatedParameters,
        source: Callable[[], LinkReport | None],
    ) -> None:
        self.venue = venue
        self.account = account
        self.parameters = parameters
        self.feed = SimulatedFeed(venue, parameters.lines, self._look, self._greeks)
        self._figures = Figures(venue)
        self.orders = OrderStream(venue.engine, account)
        self.link = LinkReport(venue.now(), Link.DOWN, "not started")
        self._schedule = faults
        self._source = source  # the link its quotes come over, where that isn't this one
        self._delivery = self._connection(None)
        self._seated = False
        self._away_until: datetime | None = None  # the connection is closed, and can't be had before
        self._pull_at: datetime | None = None  # None: nothing can have been lost

    # -- coming and going ----------------------------------------------------------------------------------------------

    def sit(self) -> None:
        if self._seated:
            return
        self._seated = True
        self.confirmed("connected")
        self.venue.take(self)
        in_force = [self.venue.engine.quote(con_id) for con_id in self.feed.lines]
        self.hear([quote for quote in in_force if quote is not None], self.venue.now())

    async def rise(self) -> None:
        if self._seated:
            self._seated = False
            self.enter(Link.DOWN, "stopped")
            await self.venue.leave(self)

    def cut_off(self, why: str) -> None:
        self.enter(Link.DOWN, why)

    def enter(self, link: Link, why: str) -> None:
        self.link = LinkReport(self.venue.now(), link, why)
        self.orders.tell(self.link)

    def confirmed(self, why: str) -> None:
        """What the exchange has in its books is confirmed by looking at them."""
        now = self.venue.now()
        if self._schedule.faults:
            self._pull_at = now + timedelta(seconds=self.parameters.pull_every_s)
        self.orders.recap(now, why)
        self.enter(Link.READY, why)

    def check_ready(self) -> None:
        for report in (self.link, self._source()):
            if report is not None and report.link is not Link.READY:
                raise NotReady(f"the broker is {report.link.value} since {report.at:%H:%M:%S} UTC: {report.why}")

    async def answer(self) -> None:
        """Returns when the broker would answer what is asked now; raises `Unanswered`."""
        if self.link.link is Link.DOWN:
            raise Unanswered(f"nobody to ask: {self.link.why}")
        now, patience = self.venue.now(), self.parameters.answer_timeout_s
        silent = self.strikes(Kind.UNANSWERED) is not None
        wait_s = patience if silent else (self._delivery.answers_at(now) - now).total_seconds()
        if wait_s > 0:
            await self.venue.clock.sleep(min(wait_s, patience))
        if silent or wait_s > patience:
            raise Unanswered(f"no answer within {patience:g} s")

    def clock_skew_s(self) -> float:
        now = self.venue.now()
        return (self._delivery.server_time(now) - now).total_seconds()

    def strikes(self, kind: Kind, *targets: str) -> Fault | None:
        """Does a fault of this kind strike what is asked for now?"""
        return self._delivery.strikes(kind, self.venue.now(), self.account, *targets)

    # -- hearing -------------------------------------------------------------------------------------------------------

    def next_at(self) -> datetime | None:
        if not self._schedule.faults:
            return None
        if self._away_until is not None:
            return self._away_until
        moments = (self._delivery.next_at(), self._pull_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def hear(self, events: Sequence[Event], now: datetime) -> None:
        if self._away_until is not None:
            if now < self._away_until:
                return
            self._reconnect(now)
        if not self._schedule.faults:
            for event in events:  # the usual case, a hundred thousand times a day
                if isinstance(event, Quote):
                    if event.con_id in self.feed.lines:
                        self.feed.hear(event)
                elif self._concerns(event, events):
                    self._told(event)
            return
        mine = [event for event in events if self._concerns(event, events)]
        for told in self._delivery.deliver(mine, now):
            self._told(told)
        if self._pull_at is not None and now >= self._pull_at:
            if self.link.link is Link.READY:
                self.orders.catch_up()
                self.orders.catch_up_on_orders()
            self._pull_at = now + timedelta(seconds=self.parameters.pull_every_s)

    def _concerns(self, event: Event, events: Sequence[Event]) -> bool:
        match event:
            case Quote():
                return event.con_id in self.feed.lines
            case OrderStatus() | Executed() | Charged():
                return event.account == self.account
            case Notice(perm_id=int(perm_id)):
                order = self.venue.engine.order(perm_id)
                return order is not None and order.ticket.account == self.account
            case Notice(con_id=int()):  # a liquidation names no order
                return any(
                    isinstance(each, Executed)
                    and each.liquidation
                    and (each.account, each.con_id) == (self.account, event.con_id)
                    for each in events
                )
            case _:
                return False

    def _told(self, told: Told) -> None:
        match told:
            case Quote():
                self.feed.hear(told)
            case OrderStatus():
                self.orders.status(told)
            case Executed():
                self.orders.executed(told)
            case Charged():
                self.orders.charged(told)
            case Notice():
                self._notice(told)
            case Dropped():
                self._dropped(told.at)

    def _notice(self, notice: Notice) -> None:
        if notice.code == _LOST:
            self.feed.freeze(f"{notice.code}: {notice.text}")
            self.enter(Link.BLIND, f"{notice.code}: {notice.text}")
        elif notice.code in (_BACK_LOST, _BACK):
            if notice.code == _BACK_LOST:
                for con_id in self.feed.lines:
                    self._delivery.renew(con_id)
            self.confirmed(f"{notice.code}: {notice.text}")
        else:
            if notice.code in _FREEZING:
                self.feed.freeze(f"{notice.code}: {notice.text}")
            self.orders.notice(notice)

    # -- the link ------------------------------------------------------------------------------------------------------

    def _dropped(self, at: datetime) -> None:
        """Nobody can connect until the fault that closed the connection is over."""
        drops = [fault for fault in self._schedule.faults if fault.kind is Kind.SOCKET_DROP and fault.at <= at]
        over = max(fault.ends for fault in drops if fault.target in ("", self.account))
        self._away_until = max(over, at) + timedelta(seconds=self.parameters.reconnect_s)
        self.feed.freeze(_CLOSED)
        self.enter(Link.DOWN, _CLOSED)

    def _reconnect(self, now: datetime) -> None:
        self._away_until = None
        self.orders.catch_up()
        self.orders.catch_up_on_orders()
        self._delivery = self._connection(self._delivery.watch, now)
        self.confirmed("connected again")

    def _look(self, con_id: int) -> None:
        """Quotes of this contract from now on, and the one in force at once."""
        self._delivery.renew(con_id)
        told = self.venue.do(Look(con_id))
        quote = self.venue.engine.quote(con_id)
        if quote is not None and quote not in told:
            self.hear([quote], self.venue.now())

    def _greeks(self, con_id: int) -> BrokerGreeks | None:
        """A fault that spoils them leaves none that count."""
        if not self.parameters.greeks:
            return None
        poisoned = self.strikes(Kind.POISONED_GREEKS, str(con_id), *self._names(con_id))
        return self._figures.of(con_id) if poisoned is None else None

    def _connection(self, watch: FaultWatch | None, since: datetime | None = None) -> Delivery:
        return Delivery(self._schedule, self.account, names=self._names, since=since, watch=watch)

    def _names(self, con_id: int) -> tuple[str, ...]:
        return (self.venue.engine.market.instrument(con_id).symbol,)
