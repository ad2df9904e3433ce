"""The library's client, connection and decoder, with what they keep to themselves brought out.

The layer above them in ib_insync (IB, Wrapper, Trade) is not used: it calls living orders cancelled, tells nobody of
fills that were asked for, and reads the wall clock.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from ib_insync.client import Client
from ib_insync.connection import Connection
from ib_insync.decoder import Decoder

C = TypeVar("C", bound=type)

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


class _Decoder(Decoder):
    """Tells of a message that can't be read or can't be so; the library's own logs it and forgets that it was a fill.

    Any other failure in our own code is let through, and costs the connection.
    """

    wrapper: Any

    def interpret(self, fields: list[str]) -> None:
        kind = fields[0] if fields else "?"  # some handlers take the fields apart
        try:
            self.handlers[int(kind)](fields)
        except (ValueError, LookupError, StopIteration) as error:
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


def _least(receive: Callable[..., object]) -> int:
    """How many fields there must be."""
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    each = inspect.signature(receive).parameters.values()
    return sum(1 for one in each if one.kind in named and one.default is one.empty)


@in_library_style
class _Connection(Connection):
    """On the running loop, and without an event in between that would swallow what goes wrong."""

    take: Any  # what the client does with bytes
    transport: Any

    async def connect_async(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_connection(lambda: self, host, port)

    def data_received(self, data: bytes) -> None:
        try:
            self.take(data)
        except (ValueError, LookupError):  # before any message: whoever answers there does not speak the protocol
            self.transport.abort()


@in_library_style
class _Client(Client):
    """Sends at once: `Pacing` has counted already, and the library's throttle would let an order wait for data."""

    conn: Any

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
    connection.take = client._onSocketHasData
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
