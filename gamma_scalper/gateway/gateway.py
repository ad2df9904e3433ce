"""All sessions over one exchange, and the exchange's time."""

import asyncio
from datetime import datetime, timedelta

from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.delivery import Delivery
from gamma_scalper.exchange.engine import Engine, Instruction
from gamma_scalper.exchange.events import Event, Executed, Moved, OrderStatus
from gamma_scalper.exchange.faults import NO_FAULTS, FaultSchedule, FaultWatch, Kind
from gamma_scalper.exchange.routine import SLICE
from gamma_scalper.exchange.valuation import Valuation
from gamma_scalper.gateway.contracts import Catalogue
from gamma_scalper.gateway.details import RULES, Hours
from gamma_scalper.gateway.echo import Echo
from gamma_scalper.gateway.extra_ticks import ExtraTicks
from gamma_scalper.gateway.moments import local_day, midnight
from gamma_scalper.gateway.order_numbers import OrderNumbers, Owner
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.gateway.past import Past
from gamma_scalper.gateway.session import Session
from gamma_scalper.gateway.transport import Connection
from gamma_scalper.gateway.worth import Worth
from gamma_scalper.kernel import Clock

_IDLE = timedelta(hours=1)


class Gateway:
    """Serves any number of clients; `run` makes the market's time pass.

    `clock` shows the market's time, which may be faster than the wall's.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        parameters: GatewayParameters = GatewayParameters(),
        *,
        faults: FaultSchedule = NO_FAULTS,
        past: Past | None = None,
    ) -> None:
        self.engine, self.clock, self.parameters, self.faults = engine, clock, parameters, faults
        self.catalogue = Catalogue(engine.market)
        self.numbers = OrderNumbers.of(engine)
        self.past = Past() if past is None else past
        self.valuation = Valuation(engine.market)
        self.worth = Worth(engine)
        self.echo = Echo(self.catalogue, self.numbers)
        self.extras = ExtraTicks(self)
        self.hours = Hours()
        self.rules = dict(RULES)
        self._connections: list[Connection] = []
        self._sessions: list[Session] = []  # started ones, in the order they came
        self._watches: dict[str, FaultWatch] = {}  # client -> of its newest connection
        self._doors = FaultWatch(faults)  # of connections whose client is not known yet
        self._sampled: datetime | None = None
        self._day_ends = midnight(local_day(engine.now) + timedelta(days=1))
        self._running: asyncio.Task[None] | None = None
        self._asleep = False
        self._closed = False
        self._sample()

    # -- time ----------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The market's time, which never goes back."""
        return max(self.clock.now(), self.engine.now)

    async def run(self) -> None:
        """Do what is due when it is due, a little at a time, until cancelled or closed."""
        self._running = asyncio.current_task()
        while not self._closed:
            now = self.now()
            more = self._advance(now) or self._tend(now)
            if more:
                await asyncio.sleep(0)
            else:
                await self._sleep((self._next_at() - now).total_seconds())

    def _advance(self, now: datetime) -> bool:
        """What the exchange has to do by now, up to a slice of it; whether there is more."""
        told, more = 0, True
        while more and told < SLICE:
            events, more = self.engine.step(now)
            told += len(events)
            self._happened(events, now)
        return more

    def do(self, instruction: Instruction) -> list[Event]:
        """Something from a client, or from whoever feeds the market; everybody concerned is told at once."""
        now = self.now()
        events = self.engine.on(instruction, now)
        self._happened(events, now)
        self.wake()
        return events

    def wake(self) -> None:
        """Something may be due earlier than was thought."""
        if self._asleep and self._running is not None:
            self._asleep = False
            self._running.cancel()

    async def _sleep(self, seconds: float) -> None:
        """Until then, or until woken: by a cancellation that is taken back, since a task for each tick is dear."""
        self._asleep = True
        try:
            await self.clock.sleep(seconds)
        except asyncio.CancelledError:
            woken = not self._asleep
            if self._running is None or self._running.uncancel() or not woken:
                raise
        finally:
            self._asleep = False

    def _next_at(self) -> datetime:
        moments = [self.engine.next_at(), *(session.next_at() for session in self._sessions)]
        return min((moment for moment in moments if moment is not None), default=self.now() + _IDLE)

    def _happened(self, events: list[Event], now: datetime) -> None:
        self._sample()
        for event in events:
            match event:
                case Quote():
                    self.past.note(event, self.engine.market)
                case OrderStatus():
                    self.numbers.heard(Owner.of(event.owner), event.perm_id)
                case Executed():
                    self.numbers.last_price[event.perm_id] = float(event.price)
                case Moved():
                    self.worth.moved(event)
        for session in list(self._sessions):
            session.tell(events, now)

    def _tend(self, now: datetime) -> bool:
        """What is due besides the exchange; whether there is more of it to do now."""
        if now >= self._day_ends:
            self._day_ends = midnight(local_day(now) + timedelta(days=1))
            self.numbers.forget(self.engine)
            self.worth.begin_day()
            self.past.forget_expired(self.engine.market, now)
        for session in list(self._sessions):
            session.tend(now)
        return any(session.data.value_some(now) for session in list(self._sessions))

    def _sample(self) -> None:
        """Underlyings have a past whether anybody looks at them or not; those looked at tell it by their quotes."""
        market = self.engine.market
        if market.now != self._sampled:
            self._sampled = market.now
            self.past.sample(market, without=self.engine.floor.looked)

    # -- connections ---------------------------------------------------------------------------------------------------

    def protocol(self, *, paced: bool = False) -> Connection:
        """The server's side of a new connection; `paced` ones are held to the broker's rate of messages."""
        return Connection(self, paced=paced)

    def connected(self, connection: Connection) -> bool:
        """False: nobody is let in just now."""
        if self._closed or self.refuses("", self.now()):
            return False
        self._connections.append(connection)
        return True

    def lost(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)

    def refuses(self, client: str, now: datetime) -> bool:
        """A dropped socket stays shut for as long as the fault lasts."""
        drops = (fault for fault in self.faults.faults if fault.kind is Kind.SOCKET_DROP)
        return any(fault.target == client and fault.at <= now < fault.ends for fault in drops)

    def delivery(self, client_id: int, now: datetime) -> Delivery:
        """For a new connection of this client; what struck the one before doesn't strike again."""
        client = str(client_id)
        made = Delivery(self.faults, client, names=self.catalogue.names, since=now, watch=self._watches.get(client))
        self._watches[client] = made.watch
        return made

    def session_of(self, client_id: int) -> Session | None:
        return next((session for session in self._sessions if session.client_id == client_id), None)

    def joined(self, session: Session) -> None:
        self._sessions.append(session)
        self.wake()

    def left(self, session: Session) -> None:
        if session in self._sessions:
            self._sessions.remove(session)

    def trading(self) -> bool:
        """Some underlying's session is on."""
        return any(self.engine.floor.is_open(each.con_id) for each in self.engine.market.underlyings())

    def accounts(self) -> list[str]:
        return [account.name for account in self.engine.accounts()]

    async def close(self) -> None:
        """Disconnect everybody and stop."""
        self._closed = True
        for connection in list(self._connections):
            connection.session.end("")
            connection.close("")
        self.wake()
        await asyncio.sleep(0)
