"""The gateway on a port of this machine, spoken to by the real ib_insync on an ordinary loop."""

import asyncio
import socket
from decimal import Decimal

import ib_insync
import pytest
from trading_house import ME, SPY, House, engine

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.server import serving
from gamma_scalper.kernel import PacedClock, WallClock


def gateway() -> Gateway:
    exchange = engine()
    return Gateway(exchange, PacedClock(WallClock(), exchange.now))


async def _trade() -> None:
    served = gateway()
    House(served, served.clock).quote_all()
    async with serving(served, port=0) as port:
        ib = ib_insync.IB()
        await ib.connectAsync("127.0.0.1", port, clientId=3, timeout=10)
        (contract,) = await ib.qualifyContractsAsync(ib_insync.Stock("SPY", "SMART", "USD"))
        filled = asyncio.get_running_loop().create_future()
        trade = ib.placeOrder(contract, ib_insync.MarketOrder("BUY", 100))
        trade.filledEvent += lambda trade: filled.set_result(trade)
        await asyncio.wait_for(filled, 10)
        assert trade.fills[0].execution.price == 600.01
        assert served.engine.account(ME).quantity(SPY) == Decimal(100)
        ib.disconnect()


def test_ib_insync_trades_over_tcp() -> None:
    asyncio.run(_trade())


async def _collide() -> UserError:
    async with serving(gateway(), port=0) as port:
        with pytest.raises(UserError) as refused:
            async with serving(gateway(), port=port):
                pass
    return refused.value


def test_a_port_in_use_is_one_line_with_the_remedy() -> None:
    error = asyncio.run(_collide())
    assert error.exit_code is ExitCode.CONFIGURATION
    assert "is in use" in str(error) and "--port" in str(error)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])
def test_only_this_machine_may_connect(host: str) -> None:
    async def listen() -> None:
        async with serving(gateway(), host=host, port=0):
            pass

    with pytest.raises(UserError, match="this machine only"):
        asyncio.run(listen())


async def _leave() -> int:
    async with serving(gateway(), port=0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    return port


def test_leaving_disconnects_everybody_and_frees_the_port() -> None:
    port = asyncio.run(_leave())
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


async def _fail() -> None:
    served = gateway()

    def broken(now: object) -> None:
        raise RuntimeError("the exchange is broken")

    served.engine.step = broken
    async with serving(served, port=0):
        await asyncio.sleep(30)


def test_an_exchange_that_fails_ends_the_program_and_is_not_kept_quiet() -> None:
    with pytest.raises(RuntimeError, match="the exchange is broken"):
        asyncio.run(asyncio.wait_for(_fail(), 10))
