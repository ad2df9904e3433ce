"""One client's conversation: the greeting, the start, then requests and what the client is told. It knows no socket."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from loguru import logger

from gamma_scalper.domain.quotes import Quote
from gamma_scalper.exchange.delivery import Delivery, Dropped
from gamma_scalper.exchange.events import Charged, Event, Executed, Moved, Notice, OrderStatus, Trading
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.gateway import wire_names
from gamma_scalper.gateway.account_desk import AccountDesk
from gamma_scalper.gateway.contract_desk import ContractDesk
from gamma_scalper.gateway.data_desk import DataDesk
from gamma_scalper.gateway.errors import Refused, invalid, not_served
from gamma_scalper.gateway.framing import BadFrame, Frames, negotiate, read_handshake
from gamma_scalper.gateway.history_desk import HistoryDesk
from gamma_scalper.gateway.moments import stamp
from gamma_scalper.gateway.order_desk import OrderDesk
from gamma_scalper.gateway.order_numbers import Owner
from gamma_scalper.gateway.outbox import BURST, Outbox
from gamma_scalper.gateway.pace import Pace
from gamma_scalper.gateway.record_desk import RecordDesk
from gamma_scalper.gateway.roles import Desk, Reception, TimedDesk
from gamma_scalper.gateway.tick_desk import TickDesk
from gamma_scalper.gateway.wire import answers
from gamma_scalper.gateway.wire.codec import BadMessage, NotANumber, read_request, write_answer
from gamma_scalper.gateway.wire.requests_of_data import RequestCurrentTime, SetServerLogLevel, StartApi, Unserved
from gamma_scalper.gateway.wire.requests_of_orders import RequestIds, RequestManagedAccounts, RequestUserInfo

_FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)
_ABOUT_NOTHING = -1
_MOST_UNDER_WAY = 1_000  # requests whose answers wait until the client has read those before
_DATA_LOST = 1101  # subscriptions are gone; who wants them asks again


class Session:
    """What one connection has been told and may ask; everything that outlives it the gateway keeps."""

    def __init__(self, gateway: Reception, outbox: Outbox, close: Callable[..., None], *, paced: bool = False) -> None:
        self.gateway = gateway
        self.outbox = outbox
        self.client_id: int | None = None
        self.version = 0
        self.delivery = Delivery(gateway.faults)
        self._close = close
        self._frames = Frames()
        self._ended = False
        self._waiting: deque[tuple[datetime, Any]] = deque()  # requests that are answered late
        self._long: deque[Iterator[answers.Answer]] = deque()  # answers that are said as they are read
        self._pace = Pace(gateway.parameters.pacing.messages_per_s if paced else 0, gateway.now())
        self.data, self.orders = DataDesk(self), OrderDesk(self)
        self.account, self.history = AccountDesk(self), HistoryDesk(self)
        self.ticks = TickDesk(self)
        desks = (
            self.data,
            self.ticks,
            self.orders,
            self.account,
            self.history,
            ContractDesk(self),
            RecordDesk(self, self.orders),
        )
        self._desks: tuple[Desk, ...] = desks
        self._timed: tuple[TimedDesk, ...] = self.data, self.account, self.history
        self._handlers: dict[type, Callable[[Any], None]] = {
            RequestCurrentTime: self._tell_time,
            RequestIds: self._tell_next_id,
            RequestManagedAccounts: self._tell_accounts,
            RequestUserInfo: lambda request: self.say(answers.UserInfo(request.req_id)),
            SetServerLogLevel: lambda request: None,
            StartApi: lambda request: self.error(_ABOUT_NOTHING, 321, invalid("The API has started already").text),
        }
        for desk in self._desks:
            self._handlers |= desk.handlers()

    # -- speaking ------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "a connection" if self.client_id is None else f"client {self.client_id}"

    @property
    def now(self) -> datetime:
        return self.gateway.now()

    @property
    def started(self) -> bool:
        return self.client_id is not None and not self._ended

    def say(self, answer: answers.Answer) -> None:
        self.outbox.add(write_answer(answer, self.version))

    def error(self, req_id: int, code: int, text: str) -> None:
        self.say(answers.Error(req_id, code, text))

    def say_in_turn(self, long: Iterator[answers.Answer]) -> None:
        """Answers too many to wait all at once: a slice now, each other once the one before it has left."""
        self._long.append(long)
        self._go_on()

    def _go_on(self) -> None:
        while self._long and self.outbox.size < BURST and not self._ended:
            answer = next(self._long[0], None)
            if answer is None:
                self._long.popleft()
            else:
                self.say(answer)

    def end(self, why: str, *, abort: bool = False) -> None:
        """Close this connection alone."""
        if not self._ended:
            self._close(why, abort=abort)
            self.lost()

    def lost(self) -> None:
        """The connection is gone; what it looked at is let go."""
        if not self._ended:
            self._ended = True
            self._long.clear()
            self.gateway.left(self)
            for desk in self._desks:
                desk.close()

    # -- listening -----------------------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """Bytes from the client, cut anywhere. What can't be read ends the connection."""
        arrived = self.now  # all of it, however long it takes to answer the first
        try:
            for payload in self._frames.feed(data):
                if self._ended:
                    return
                if self.outbox.full or len(self._long) > _MOST_UNDER_WAY or len(self._waiting) > _MOST_UNDER_WAY:
                    self.end("asks on without reading what it is answered, and is disconnected", abort=True)
                    return
                self._read(payload, arrived)
        except (BadFrame, BadMessage) as error:
            if self.version:
                self.error(_ABOUT_NOTHING, 320, f"Error reading request: {error}")
            self.end(f"sent what can't be read, and is disconnected: {error}")

    def _read(self, payload: bytes, arrived: datetime) -> None:
        if not self.version:
            self._greeted(payload)
            return
        if self.client_id is None:
            request = read_request(payload, self.version)
            if not isinstance(request, StartApi):
                raise BadMessage(f"{type(request).__name__} before StartApi")
            self._start(request.client_id)
        elif self._within_pace(arrived):
            try:
                self._asked(read_request(payload, self.version))
            except NotANumber as problem:
                self.error(problem.about, 320, f"Error reading request. Unable to parse data. {problem}")

    def _greeted(self, payload: bytes) -> None:
        hello = read_handshake(payload)
        version = negotiate(hello.lowest, hello.highest)
        if version is None:
            raise BadFrame(f"the client speaks versions {hello.lowest} to {hello.highest}, the gateway 157 to 176")
        self.version = version
        self.outbox.add(f"{version}\0{stamp(self.now)}\0".encode())

    def _start(self, client_id: int) -> None:
        now = self.now
        delivery = self.gateway.delivery(client_id, now)
        taken = self.gateway.session_of(client_id) is not None
        if taken or delivery.strikes(Kind.CLIENT_ID_326, now):
            self.error(
                _ABOUT_NOTHING,
                326,
                "Unable to connect as the client id is already in use. Retry with a unique client id.",
            )
            self.end(f"the client id {client_id} is in use, so the connection is refused")
            return
        if self.gateway.refuses(str(client_id), now):
            self.end(f"client {client_id} is refused while its socket is down", abort=True)
            return
        self.client_id, self.delivery = client_id, delivery
        self.gateway.joined(self)
        logger.info("gateway: {} is connected, version {}", self.name, self.version)
        self._tell_accounts(None)
        self._tell_next_id(None)
        for code, text in _FARMS:
            self.error(_ABOUT_NOTHING, code, text)

    def _within_pace(self, arrived: datetime) -> bool:
        """Whether the client keeps to the broker's rate; one that doesn't is told, and the third time sent away."""
        if self._pace.allows(arrived):
            return True
        self.error(_ABOUT_NOTHING, 100, f"Max rate of messages per second has been exceeded:max={self._pace.per_s}")
        if self._pace.lost_patience:
            self.end("asked too much too fast for the third time, and is disconnected")
        return False

    def _asked(self, request: Any) -> None:
        """Answer now, or when faults allow; never before an earlier request."""
        now = self.now
        at = self.delivery.answers_at(now)
        if at > now or self._waiting:
            self._waiting.append((at, request))
            self.gateway.wake()
        else:
            self._serve(request)

    def _serve(self, request: Any) -> None:
        kind = type(request)
        name = wire_names.NAMES.get(kind, kind.__name__)
        if kind in wire_names.ANSWERED and self.delivery.strikes(Kind.UNANSWERED, self.now, name):
            return
        req_id = _number_of(request)
        handler = self._handlers.get(kind)
        if handler is None:
            what = f"message {request.message_id}" if isinstance(request, Unserved) else name
            unserved = not_served(what)
            self.error(req_id, unserved.code, unserved.text)
            return
        try:
            handler(request)
        except Refused as refused:
            self.error(req_id, refused.code, refused.text)
        self.gateway.wake()

    # -- being told ----------------------------------------------------------------------------------------------------

    def tell(self, events: Sequence[Event], now: datetime) -> None:
        """What of this concerns the client, spoilt as the schedule of faults wants it."""
        if self._ended:
            return
        for event in events:
            if type(event) is Executed or type(event) is Moved:
                self.account.changed()
        wanted = self.data.wanted.keys() | self.ticks.wanted.keys() if self.ticks.wanted else self.data.wanted
        mine = [each for each in events if (each.con_id in wanted if type(each) is Quote else self._concerns(each))]
        quoted = self.data.put_off if self.outbox.crowded else self.data.quoted
        for told in self.delivery.deliver(mine, now):
            if type(told) is Quote:
                quoted(told)
                if self.ticks.wanted:
                    self.ticks.quoted(told)
            elif isinstance(told, Dropped):
                self.end("the connection is cut by a fault", abort=True)
                return
            else:
                self._told(told)
        self.data.told()
        if self.outbox.overflowing:
            self.end(f"doesn't read: {self.outbox.size:,} bytes wait; it is disconnected", abort=True)

    def _concerns(self, event: Event) -> bool:
        if isinstance(event, OrderStatus | Executed | Charged):
            return self.hears_of(Owner.of(event.owner))
        if isinstance(event, Notice):
            if not event.owner and event.perm_id is None:
                return event.con_id is not None  # the other ones are answers to a request
            return Owner.of(event.owner).client_id == self.client_id
        return True

    def hears_of(self, owner: Owner) -> bool:
        """Its own orders, those placed by hand where it is client 0, all where it is the master."""
        return owner.client_id == self.client_id or self.client_id == (self.gateway.parameters.master_client or None)

    def _told(self, event: Event) -> None:
        match event:
            case Executed() | Charged() | OrderStatus():
                self.orders.told(event)
            case Notice():
                self._noticed(event)
            case Trading():
                self.data.trading(event)
            case _:
                pass

    def _noticed(self, notice: Notice) -> None:
        if notice.owner or notice.perm_id is not None:  # the exchange names an order by its permId, a client by its own
            order_id = Owner.of(notice.owner).order_id
            self.error(order_id, notice.code, notice.text.replace(f"OrderId {notice.perm_id} ", f"OrderId {order_id} "))
        elif notice.code == 10197 and notice.con_id is not None:
            for req_id in self.data.requests_for(notice.con_id):
                self.error(req_id, notice.code, notice.text)
        else:
            self.error(_ABOUT_NOTHING, notice.code, notice.text)
            if notice.code == _DATA_LOST:
                for desk in (self.data, self.ticks, self.history):
                    desk.close()

    # -- time passes ---------------------------------------------------------------------------------------------------

    def tend(self, now: datetime) -> None:
        """Requests whose time has come, then what each desk tells by itself."""
        while self._waiting and self._waiting[0][0] <= now and not self._ended:
            self._serve(self._waiting.popleft()[1])
        for desk in self._timed:
            if not self._ended:
                desk.tend(now)

    def next_at(self) -> datetime | None:
        """When it has to be tended again though nothing happens."""
        moments = [desk.next_at() for desk in self._timed]
        moments += [self.delivery.next_at(), self._waiting[0][0] if self._waiting else None]
        return min((moment for moment in moments if moment is not None), default=None)

    def drained(self) -> None:
        """The client has read all there was."""
        if self.started:
            self.data.catch_up()
            self._go_on()

    # -- small answers -------------------------------------------------------------------------------------------------

    def _tell_time(self, request: object) -> None:
        self.say(answers.CurrentTime(int(self.delivery.server_time(self.now).timestamp())))

    def _tell_accounts(self, request: object) -> None:
        self.say(answers.ManagedAccounts(",".join(self.gateway.accounts())))

    def _tell_next_id(self, request: object) -> None:
        assert self.client_id is not None
        self.say(answers.NextValidId(self.gateway.numbers.next_id(self.client_id)))


def _number_of(request: Any) -> int:
    """The id that an error about it carries."""
    for name in ("req_id", "order_id"):
        number = getattr(request, name, None)
        if isinstance(number, int):
            return number
    return _ABOUT_NOTHING
