"""The gateway on a TCP port of this machine; nothing outside it can connect."""

import asyncio
import contextlib
import errno
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loguru import logger

from gamma_scalper.domain.exits import UserError
from gamma_scalper.gateway.gateway import Gateway


@asynccontextmanager
async def serving(gateway: Gateway, host: str = "127.0.0.1", port: int = 7497) -> AsyncIterator[int]:
    """Listen and run until left; gives the port, which is a free one where 0 was asked for."""
    if not _loopback(host):
        raise UserError(f"host = {host} is not allowed; the gateway listens on this machine only: 127.0.0.1 or ::1")
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: gateway.protocol(paced=True), host, port)
    except OSError as error:
        raise UserError(_why(error, host, port)) from error
    listening = int(server.sockets[0].getsockname()[1])
    logger.info("gateway: listening on {}:{}", host, listening)
    user = asyncio.current_task()
    running = asyncio.create_task(gateway.run(), name="gateway")
    # Nobody may go on trading against a gateway that has stopped.
    running.add_done_callback(lambda task: user.cancel() if user is not None and _failed(task) else None)
    try:
        yield listening
    finally:
        server.close()
        await gateway.close()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await server.wait_closed()


def _failed(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; stop what listens there, or choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used without privileges; choose one from 1024 up with --port"
    return f"can't listen on {host}:{port}: {error.strerror or error}; choose another with --host or --port"
