"""Two protocols joined by a byte stream that never leaves the process."""

import asyncio
from collections import deque
from collections.abc import Iterable

_HIGH_WATER = 64 * 1024


def connect_in_memory(
    loop: asyncio.AbstractEventLoop,
    client: asyncio.Protocol,
    server: asyncio.Protocol,
    *,
    client_name: str,
    server_name: str,
) -> asyncio.Transport:
    """Join the two and announce the connection to both, the server first; returns the client's transport."""
    to_server = MemoryTransport(loop, client, peer_name=server_name)
    to_client = MemoryTransport(loop, server, peer_name=client_name)
    to_server._peer, to_client._peer = to_client, to_server
    loop.call_soon(server.connection_made, to_client)
    loop.call_soon(client.connection_made, to_server)
    return to_server


class MemoryTransport(asyncio.Transport):
    """One end of the stream: what is written here arrives, in order, at the peer's protocol on a later turn."""

    _peer: "MemoryTransport"

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.BaseProtocol, *, peer_name: str) -> None:
        super().__init__({"peername": (peer_name, 0)})
        self._loop = loop
        self._protocol = protocol
        self._sent: deque[bytes] = deque()  # written, not yet taken by the peer
        self._sent_size = 0
        self._low_water, self._high_water = _HIGH_WATER // 4, _HIGH_WATER
        self._writer_paused = False  # our protocol was asked to stop writing
        self._reader_paused = False  # our protocol asked not to be given data
        self._eof_written = False
        self._eof_delivered = False
        self._closing = False
        self._lost = False
        self._delivery: asyncio.Handle | None = None

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._eof_written:
            raise RuntimeError("cannot write after write_eof()")
        if self._closing or not data:
            return
        self._sent.append(bytes(data))
        self._sent_size += len(data)
        self._schedule_delivery()
        if self._sent_size > self._high_water and not self._writer_paused:
            self._writer_paused = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        if not self._closing:
            self._eof_written = True
            self._schedule_delivery()

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return self._sent_size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low_water, self._high_water

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        high = (4 * low if low else _HIGH_WATER) if high is None else high
        low = high // 4 if low is None else low
        if not 0 <= low <= high:
            raise ValueError(f"low ({low}) must lie between 0 and high ({high})")
        self._low_water, self._high_water = low, high

    # -- delivery --------------------------------------------------------------------------------------------------

    def _schedule_delivery(self) -> None:
        if self._delivery is None and not self._stalled():
            self._delivery = self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._delivery = None
        peer = self._peer
        if self._closing:
            self._lose(None)  # what is left is on its way, as in a socket's buffer
        if self._stalled():
            return
        if self._sent:
            data = b"".join(self._sent)
            self._sent.clear()
            self._sent_size = 0
            if peer._lost and not self._closing:
                self._fail(ConnectionResetError("the peer has closed the connection"))
                return
            peer._give(data)
            if self._writer_paused and not self._lost:
                self._writer_paused = False
                self._protocol.resume_writing()
        if self._stalled():
            return
        if (self._eof_written or self._closing) and not self._eof_delivered:
            self._eof_delivered = True
            try:
                if not peer._closing and not peer._receiver().eof_received():
                    peer.close()
            except Exception as error:  # noqa: BLE001  # as in _give
                peer._fail_on("eof_received", error)

    def _stalled(self) -> bool:
        return self._peer._reader_paused

    def _give(self, data: bytes) -> None:
        """Data for our own protocol; one that fails on it loses the connection, as on a socket."""
        if self._closing:
            return
        try:
            self._receiver().data_received(data)
        except Exception as error:  # noqa: BLE001  # told to the loop's handler, as by asyncio's own transports
            self._fail_on("data_received", error)

    def _fail_on(self, what: str, error: Exception) -> None:
        context = {"message": f"{what} failed", "exception": error, "transport": self, "protocol": self._protocol}
        self._loop.call_exception_handler(context)
        self._fail(error)

    def _receiver(self) -> asyncio.Protocol:
        assert isinstance(self._protocol, asyncio.Protocol)
        return self._protocol

    # -- reading ---------------------------------------------------------------------------------------------------

    def is_reading(self) -> bool:
        return not self._reader_paused and not self._closing

    def pause_reading(self) -> None:
        if not self._closing:
            self._reader_paused = True

    def resume_reading(self) -> None:
        if self._reader_paused:
            self._reader_paused = False
            self._peer._schedule_delivery()

    # -- the end ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """What was written still arrives; then both sides lose the connection."""
        if self._closing:
            return
        self._closing = True
        # Our side no longer reads, so the peer must not wait for us to.
        self.resume_reading()
        if self._delivery is None:
            self._delivery = self._loop.call_soon(self._deliver)

    def abort(self) -> None:
        """The cable is cut: what was not delivered is gone, and the peer sees a reset."""
        self._fail(None)

    def _fail(self, error: Exception | None) -> None:
        if self._lost:
            return
        for end, reason in ((self, error), (self._peer, ConnectionResetError("the peer cut the connection"))):
            end._closing = True
            end._sent.clear()
            end._sent_size = 0
            end._lose(reason)

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._loop.call_soon(self._protocol.connection_lost, error)

    def is_closing(self) -> bool:
        return self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol
