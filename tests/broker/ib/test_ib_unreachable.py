"""What a person reads where there is nobody to connect to, over real sockets of this machine."""

import asyncio
import socket
from collections.abc import Callable
from decimal import Decimal

import pytest
from ib_floor import CLIENT, ME, MONDAY, OFFERS, venue

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.parameters import BackoffParameters, IbParameters, TimeoutParameters
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.orders import ImmediateOrCancel, Intent, IntentId, Market, Purpose, Side
from gamma_scalper.domain.ports import Link
from gamma_scalper.domain.quotes import Quote
from gamma_scalper.gateway.framing import frame
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.server import serving
from gamma_scalper.kernel import LoopClock, WallClock

HASTY = IbParameters(
    timeouts=TimeoutParameters(connect_s=0.2), backoff=BackoffParameters(first_s=0.05, longest_s=0.1, give_up_s=0.3)
)


def start(host: str, port: int) -> UserError:
    """The line that a start at this address ends with."""

    async def connect() -> None:
        broker = IbBroker((host, port), CLIENT, ME, WallClock(), HASTY)
        try:
            await broker.start()
        finally:
            assert broker.link.link is Link.DOWN

    with pytest.raises(UserError) as ended:
        asyncio.run(connect())
    assert "\n" not in str(ended.value)
    return ended.value


def start_at(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]) -> UserError:
    """The same at a server of our own making."""

    async def connect() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await IbBroker(("127.0.0.1", port), CLIENT, ME, WallClock(), HASTY).start()

    with pytest.raises(UserError) as ended:
        asyncio.run(connect())
    return ended.value


def test_nothing_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = start("127.0.0.1", port)
    assert f"nothing listens at 127.0.0.1:{port}; start TWS or IB Gateway there" in str(error)
    assert error.exit_code is ExitCode.BROKER_UNREACHABLE


def test_there_is_no_such_host() -> None:
    error = start("no-such-host.invalid", 7497)
    assert "there is no host 'no-such-host.invalid'; GATEWAY is HOST:PORT" in str(error)
    assert error.exit_code is ExitCode.BROKER_UNREACHABLE


@pytest.mark.parametrize("host", ["..", ".x", "a" * 70])
def test_there_can_be_no_such_host(host: str) -> None:
    assert f"there is no host {host!r}; GATEWAY is HOST:PORT" in str(start(host, 7497))


def test_somebody_listens_who_says_nothing() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    assert "does not answer as TWS does" in str(start_at(silent))


def test_the_api_is_disabled_so_that_it_closes_at_once() -> None:
    async def closes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    error = start_at(closes)
    assert "closed the connection; enable its API" in str(error)
    assert "Trusted IPs" in str(error)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\x04junk", b"\0\0\0\x06a\0b\0c\0", b"\xff" * 64]
)
def test_somebody_listens_who_speaks_something_else(said: bytes) -> None:
    async def answers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    assert start_at(answers).exit_code is ExitCode.BROKER_UNREACHABLE


@pytest.mark.parametrize(("version", "remedy"), [(100, "update TWS or IB Gateway"), (201, "connect to TWS")])
def test_a_version_of_the_api_that_is_not_ours_is_named(version: int, remedy: str) -> None:
    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(frame(f"{version}\x0020260105 10:00:00 EST\0".encode()))
        writer.write(frame(b"9\x001\x001\0") + frame(f"15\x001\0{ME}\0".encode()))
        await writer.drain()
        await reader.read()
        writer.close()

    error = start_at(answers)
    assert f"speaks version {version} of the API, and this program 157 to 176; {remedy}" in str(error)
    assert error.exit_code is ExitCode.BROKER_UNREACHABLE


def test_over_a_real_socket_it_connects_trades_and_stops() -> None:
    async def trade() -> None:
        loop = asyncio.get_running_loop()
        gateway = Gateway(venue(), LoopClock(loop, MONDAY))
        async with serving(gateway, port=0) as port:
            for number, (con_id, bid, ask) in enumerate(OFFERS):
                gateway.do(
                    Quote(
                        con_id=con_id,
                        snapshot_id=number,
                        bid=bid,
                        ask=ask,
                        bid_size=1_000,
                        ask_size=1_000,
                        received_at=gateway.now(),
                    )
                )
            broker = IbBroker(("127.0.0.1", port), CLIENT, ME, gateway.clock)
            await broker.start()
            spy = await broker.catalogue.stock("SPY")
            await broker.feed.subscribe([spy])
            assert broker.orders is not None
            intent = Intent(
                id=IntentId("tcp", 1),
                purpose=Purpose.ENTRY,
                instrument=spy,
                side=Side.BUY,
                quantity=Decimal(10),
                pricing=Market(),
                lifetime=ImmediateOrCancel(),
                account=ME,
                snapshot_ids=(1,),
                reason="a test",
            )
            async with asyncio.timeout(10):
                assert (await anext(broker.feed.quotes())).bid == 599.99
                await broker.orders.place(intent)
                async for event in broker.orders.events():
                    if isinstance(event, Fill):
                        assert (event.intent, event.quantity) == (intent.id, 10)
                        break
            await broker.stop()

    asyncio.run(trade())
