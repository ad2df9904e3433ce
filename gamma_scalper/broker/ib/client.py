"""The library's client, connection and decoder, with what they keep to themselves brought out.

The layer above them in ib_insync (IB, Wrapper, Trade) is not used: it calls living orders cancelled, tells nobody of
fills that were asked for, and reads the wall clock.
"""

import asyncio
import inspect
import logging
import struct
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from ib_insync.client import Client
from ib_insync.connection import Connection
from ib_insync.decoder import Decoder

from gamma_scalper.broker.ib.parsing import parse

C = TypeVar("C", bound=type)

_CLIENT: Any = Client  # without types
_DECODER: Any = Decoder

# Type of a field -> how its text is read; what is left out counts as zero.
_READS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: lambda text: int(text or 0),
    float: lambda text: float(text or 0),
    bool: lambda text: bool(int(text or 0)),
}

# Its own log lines would name accounts and repeat ours; what matters of them is told through `Incoming`.
_UNHEARD = logging.getLogger("gamma_scalper.broker.ib.library")
_UNHEARD.addHandler(logging.NullHandler())
_UNHEARD.propagate = False

_LENGTH = struct.Struct(">I")
_LONGEST = 4_000_000  # bytes of a message; the longest that is asked for here, a chain's strikes, has some ten thousand
_EXECUTED_AT = 15  # of an execution's fields
LAST_ID = 2**31 - 1_000_000  # that is counted on from: the protocol carries no more than 2**31 - 1

# Message ids of what is heard here. The library knows others, and whoever is told one that nobody asked for skips it.
HEARD = frozenset(
    {
        *(1, 2, 21, 45, 46, 58),  # quotes
        *(3, 5, 11, 53, 55, 59, 101, 102),  # orders, executions and bills
        *(6, 8, 54, 61, 62),  # the account
        *(10, 52, 75, 76, 93),  # contracts
        17,  # past prices
        *(4, 9, 15, 49),  # codes, ids, accounts and the time
    }
)

# Message ids of everything that could trade: place (a what-if is one), cancel, exercise, replace FA, global cancel.
ORDER_CALLS = frozenset({3, 4, 19, 21, 58})


def in_library_style(cls: C) -> C:
    """Every public method once more under the name in which the library looks for it: `order_status`, `orderStatus`."""
    for name, method in list(vars(cls).items()):
        if not name.startswith("_"):
            first, *others = name.split("_")
            setattr(cls, first + "".join(other.capitalize() for other in others), method)
    return cls


class Receiver(Protocol):
    """What the client needs of whoever receives the messages; their own methods are found by name."""

    def unreadable(self, kind: str, error: Exception) -> None: ...
    def garbled(self, why: str) -> None: ...


class _Decoder(Decoder):
    """Tells of a message that can't be read or can't be so; the library's own logs it and forgets that it was a fill.

    Any other failure in our own code is let through, and costs the connection.
    """

    wrapper: Any

    def execDetails(self, fields: list[str]) -> None:  # noqa: N802  # the library's name
        """Of a day by itself the library makes a date, and then asks it for its zone."""
        if len(fields[_EXECUTED_AT]) == len("20260105"):
            raise ValueError("an execution without a time of day")
        _DECODER.execDetails(self, fields)

    def __init__(self, receiver: Any, version: int) -> None:
        super().__init__(receiver, version)
        self.handlers |= {number: _skipped for number in self.handlers if number not in HEARD}

    def parse(self, obj: object) -> None:
        parse(obj)

    def interpret(self, fields: list[str]) -> None:
        kind = fields[0] if fields else "?"  # some handlers take the fields apart
        try:
            self.handlers[int(kind)](fields)
        except (ValueError, ArithmeticError, LookupError, StopIteration) as error:
            self.wrapper.unreadable(kind, error)

    def wrap(self, method: str, types: list[type], skip: int = 2) -> Any:
        receive = getattr(self.wrapper, method, None)
        reads = [_READS[kind] for kind in types]
        least = 0 if receive is None else _least(receive)

        def handle(fields: list[str]) -> None:
            if receive is None:
                return
            values = [read(text) for read, text in zip(reads, fields[skip:], strict=False)]
            if len(values) < least:
                raise ValueError("the message is cut short")
            receive(*values)

        return handle


def _skipped(fields: list[str]) -> None:
    """Such as a bond's details, or news: nothing here has asked for it."""


def _least(receive: Callable[..., object]) -> int:
    """How many fields there must be."""
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    each = inspect.signature(receive).parameters.values()
    return sum(1 for one in each if one.kind in named and one.default is one.empty)


@in_library_style
class _Connection(Connection):
    """On the running loop, and without an event in between that would swallow what goes wrong."""

    take: Any  # what the client does with bytes
    garbled: Any  # who is told that they were no messages
    transport: Any

    async def connect_async(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_connection(lambda: self, host, port)

    def data_received(self, data: bytes) -> None:
        try:
            self.take(data)
        except (ValueError, LookupError) as error:  # whoever answers there does not speak the protocol
            self.garbled(str(error))
            self.transport.abort()


@in_library_style
class _Client(Client):
    """Sends at once: `Pacing` has counted already, and the library's throttle would let an order wait for data."""

    conn: Any
    decoder: Any

    def __init__(self, receiver: Receiver) -> None:
        _CLIENT.__init__(self, receiver)
        self._unfinished = bytearray()

    def take(self, data: bytes) -> None:
        """The library cuts its buffer anew at each message, and would wait for one of four thousand million bytes."""
        held: bytes | bytearray = data
        if self._unfinished:
            self._unfinished += data
            held = self._unfinished
        begin, closes, interpret = 0, self.conn.transport.is_closing, self.decoder.interpret
        while len(held) - begin >= _LENGTH.size and not closes():
            (length,) = _LENGTH.unpack_from(held, begin)
            if not 0 < length <= _LONGEST:
                raise ValueError(f"it sent a message of {length:,} bytes; 1 to {_LONGEST:,} are taken")
            end = begin + _LENGTH.size + length
            if end > len(held):
                break
            if self.isReady():
                interpret(held[begin + _LENGTH.size : end].decode(errors="backslashreplace").split("\0")[:-1])
            else:  # the greeting is the library's to understand
                _CLIENT._onSocketHasData(self, bytes(held[begin:end]))
            begin = end
        if held is data:
            self._unfinished += held[begin:]
        else:
            del self._unfinished[:begin]
        self.wrapper.tcpDataProcessed()

    def update_req_id(self, least: int) -> None:
        """While it isn't ready, the broker names it."""
        if least > LAST_ID and not self.isReady():
            raise ValueError(f"it names {least} as the next id, and beyond {LAST_ID} soon none is left")
        _CLIENT.updateReqId(self, least)

    def send_msg(self, msg: str) -> None:
        encoded = msg.encode()
        self.conn.transport.write(len(encoded).to_bytes(4, "big") + encoded)


@in_library_style
class _ReadingClient(_Client):
    """Of a read-only set-up: whatever calls it, no order leaves."""

    def send_msg(self, msg: str) -> None:
        number = int(msg.partition("\0")[0])
        if number in ORDER_CALLS:
            raise PermissionError(f"a read-only connection sends no message {number}")
        super().send_msg(msg)


def client_for(receiver: Receiver, client_id: int, *, reads_only: bool) -> Any:
    """A client for one connection; the next connection gets another, so that nothing of this one is left over."""
    kind: Any = _ReadingClient if reads_only else _Client
    connection = _connection()
    client = kind(receiver)
    client._logger = _UNHEARD
    client.clientId = client_id
    client.decoder = _decoder(receiver)
    client.conn = connection
    connection.take = client.take
    connection.garbled = receiver.garbled
    connection.disconnected += client._onSocketDisconnected
    return client


def _connection() -> Any:
    kind: Any = _Connection
    return kind()


def _decoder(receiver: Receiver) -> Any:
    kind: Any = _Decoder
    decoder = kind(receiver, 0)
    decoder.logger = _UNHEARD
    return decoder


OUR_VERSIONS: tuple[int, int] = Client.MinClientVersion, Client.MaxClientVersion  # of the API's protocol


async def open_socket(client: Any, host: str, port: int) -> None:
    """Connect and ask for the version; what is answered comes to the receiver."""
    client.host, client.port = host, port
    client.connState = client.CONNECTING
    await client.conn.connectAsync(host, port)
    versions = b"v%d..%d" % (client.MinClientVersion, client.MaxClientVersion)
    client.conn.sendMsg(b"API\0" + client._prefix(versions))
