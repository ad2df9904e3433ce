"""A connection as asyncio sees it; the same over TCP and in memory."""

import asyncio

from loguru import logger

from gamma_scalper.gateway.outbox import Outbox
from gamma_scalper.gateway.roles import Door
from gamma_scalper.gateway.session import Session

_PATIENCE_S = 60.0  # until a client has said which it is


class Connection(asyncio.Protocol):
    """Carries bytes between a socket and a session."""

    def __init__(self, gateway: Door, *, paced: bool) -> None:
        self._gateway = gateway
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.outbox = Outbox(self._wake, gateway.parameters.buffers)
        self.session = Session(gateway, self.outbox, self.close, paced=paced)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not self._gateway.connected(self):
            transport.abort()
            return
        self._patience = asyncio.get_running_loop().call_later(_PATIENCE_S, self._waited)

    def data_received(self, data: bytes) -> None:
        self.session.received(data)

    def pause_writing(self) -> None:
        self.outbox.blocked = True

    def resume_writing(self) -> None:
        self.outbox.blocked = False
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._patience is not None:
            self._patience.cancel()
        self._gateway.lost(self)
        self.session.lost()

    def close(self, why: str, *, abort: bool = False) -> None:
        """What was said before still leaves, unless the connection is cut or its client doesn't read."""
        transport, self._transport = self._transport, None
        if transport is None:
            return
        if why:
            logger.info("gateway: {}: {}", self.session.name, why)
        if abort or self.outbox.blocked:
            transport.abort()
            return
        while self.outbox.size:
            transport.write(self.outbox.take())
        transport.close()

    def _waited(self) -> None:
        """Who opens a connection and says nothing would otherwise keep it for ever."""
        if not self.session.started:
            self.session.end(f"has not started within {_PATIENCE_S:g} s, and is disconnected", abort=True)

    def _wake(self) -> None:
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        if self._transport is None or self.outbox.blocked:
            return
        burst = self.outbox.take()
        if burst:
            self._transport.write(burst)
        if self.outbox.size:
            self._wake()
        else:
            self.session.drained()
