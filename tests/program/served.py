"""A gateway, or something that is none, on a port of this machine, for programs that run their own loop."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.gateway.server import serving
from gamma_scalper.kernel import PacedClock, WallClock


@contextmanager
def gateway_on_a_port(
    accounts: tuple[str, ...] = ("DU1234567",),
    *,
    after_open: timedelta = timedelta(0),
    step_s: int = 1,
    parameters: GatewayParameters = GatewayParameters(),
) -> Iterator[int]:
    """In a thread with a loop of its own; its market is so far into its first day, or beyond."""
    loop = asyncio.new_event_loop()
    ready, ended = threading.Event(), asyncio.Event()
    ports: list[int] = []

    async def serve() -> None:
        cash = dict.fromkeys(accounts, Decimal(100_000))
        engine, past = open_exchange(f"gbm:sigma=0.2,step={step_s}", seed=3, accounts=cash, past_sessions=0)
        clock = PacedClock(WallClock(), engine.now + after_open)
        async with serving(Gateway(engine, clock, parameters, past=past), port=0) as port:
            ports.append(port)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)
        loop.close()


@contextmanager
def a_free_port() -> Iterator[int]:
    """Nothing listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield port


@contextmanager
def a_port_that_says_nothing() -> Iterator[int]:
    """A connection is made and never answered."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@contextmanager
def a_port_that_hangs_up() -> Iterator[int]:
    """As TWS does while its API is switched off."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=_hang_up, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _hang_up(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.close()
