"""The gateway and the real client against it: quotes decoded, orders over TCP, a virtual day, clients at once, memory.

    uv run python benchmarks/gateway.py [--json] [--quotes 1000000]

A quote here is one side of a market: a price with its size, which is one message on the wire. Of a round trip over TCP
the baseline is one byte there and back. Orders go out no faster than a broker allows, so that every one finds caches as
cold as a real one would.
"""

import asyncio
import gc
import resource
import statistics
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from ib_insync import IB, Contract, MarketOrder, Option, Stock, Ticker, Trade
from ib_insync.client import Client
from measure import Measured, arguments, report  # first: it makes the project importable

from fed_gateway import CASH, UNPACED, Fed, in_memory  # isort: skip
from rich.console import Console
from rich.progress import track

from gamma_scalper.broker.ib.broker import IbBroker
from gamma_scalper.broker.ib.our_clock import put_ib_insync_on
from gamma_scalper.broker.ib.parameters import IbParameters
from gamma_scalper.broker.ib.parameters import PacingParameters as IbPacing
from gamma_scalper.domain.fills import Fill
from gamma_scalper.domain.orders import ImmediateOrCancel, Intent, IntentId, Market, Purpose, Side
from gamma_scalper.exchange.parameters import FRICTIONLESS, ExchangeParameters
from gamma_scalper.exchange.specs import market_from
from gamma_scalper.gateway.gateway import Gateway
from gamma_scalper.gateway.opening import open_exchange
from gamma_scalper.gateway.server import serving
from gamma_scalper.kernel import LoopClock, PacedClock, VirtualLoop, WallClock

ORDERS = 220
BATCH = 500  # quotes that are told in one turn, as a burst of the market


def main() -> None:
    asked = arguments("The gateway's speed, and the real client's against it.", quotes="quotes for the memory (10^6)")
    many = int(asked.quotes) if asked.quotes >= 1 else 200_000
    parts: list[Callable[[], list[Measured]]] = [
        decoded,
        lambda: asyncio.run(round_trips(0, p50_ms=0.8, p99_ms=3.0)),
        lambda: asyncio.run(round_trips(100, p50_ms=2.0, p99_ms=10.0)),
        virtual_day,
        lambda: asyncio.run(many_clients()),
        lambda: memory(many),
    ]
    rows: list[Measured] = []
    console = Console(stderr=True)
    for part in track(parts, "measuring", console=console, disable=asked.json, transient=True):
        rows += part()
    report("benchmark.gateway/1", rows, as_json=asked.json)


def _row(
    what: str, figure: float, baseline: float, unit: str, target: str, ok: bool, p99: float | None = None
) -> Measured:
    return Measured(what, figure, baseline, unit, target, figure / baseline, ok, p99)


# -- quotes ------------------------------------------------------------------------------------------------------------


def decoded() -> list[Measured]:
    """Quotes a second: decoded by the client as the gateway wrote them, and with exchange and gateway included."""

    async def use(fed: Fed, ib: IB) -> tuple[float, float]:
        rates, bare = [], []
        kept: list[bytes] = []
        told: Any = ib.client._onSocketHasData
        ib.client.conn.hasData.disconnect_obj(ib.client)

        def hear(data: bytes) -> None:
            kept.append(data)
            told(data)

        ib.client.conn.hasData += hear
        for _ in range(12):
            kept.clear()
            gc.collect()
            before, began = ib.client._numMsgRecv, process_time()
            for _ in range(40):
                fed.push(BATCH)
                await asyncio.sleep(0.001)
            took = process_time() - began
            messages = ib.client._numMsgRecv - before
            rates.append(messages / took)
            began = process_time()
            for data in kept:
                told(data)
            bare.append(messages / (process_time() - began))
        return statistics.median(rates[2:]), statistics.median(bare[2:])

    rate, bare = in_memory(use, 50)
    return [
        _row("quotes decoded by the client", bare, rate, "/s", "at least 150,000/s", bare >= 150_000),
        _row("quotes from exchange to client", rate, bare, "/s", "decoding included", True),
    ]


def memory(quotes: int) -> list[Measured]:
    """The process before and after so many quotes."""

    async def use(fed: Fed, ib: IB) -> tuple[float, float]:
        sizes = []
        for part in range(11):
            for _ in range(max(quotes // 10 // BATCH, 1)):
                fed.push(BATCH)
                await asyncio.sleep(0.001)
            gc.collect()
            sizes.append(_resident_mb())
            if part == 0:
                sizes.clear()  # warm
                sizes.append(_resident_mb())
        return sizes[-1], sizes[0]

    after, before = in_memory(use, 50)
    ok = after - before <= 8
    return [_row(f"memory after {quotes:,} quotes more", after, before, "MB", "flat: 8 MB more at most", ok)]


def _resident_mb() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except OSError:  # not Linux: the peak instead
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


# -- orders ------------------------------------------------------------------------------------------------------------


async def round_trips(lines: int, *, p50_ms: float, p99_ms: float) -> list[Measured]:
    """One share at the market, again and again, on a venue without latency: through our adapter, then through IB."""
    spec = "gbm:sigma=0.2,spot=600,step=1"
    parameters = ExchangeParameters(venue=FRICTIONLESS)
    engine, past = open_exchange(spec, seed=1, accounts=CASH, parameters=parameters, past_sessions=0)
    gateway = Gateway(engine, PacedClock(WallClock(), engine.now, 10.0 if lines else 1.0), UNPACED, past=past)
    base = await _echo(ORDERS)
    rows = []
    async with serving(gateway, port=0) as port:
        for what, orders in (("adapter", by_adapter), ("ib_insync's IB", by_ib)):
            gc.collect()
            gc.freeze()
            took = (await orders(port, lines))[20:]
            gc.unfreeze()
            p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[-1]
            name = f"place to fill, {f'{lines} lines' if lines else 'quiet'}, {what}"
            ok = p50 <= p50_ms and p99 <= p99_ms
            rows.append(
                _row(name, p50, statistics.median(base), "ms", f"p50 {p50_ms:g} ms, p99 {p99_ms:g} ms", ok, p99)
            )
    return rows


async def by_ib(port: int, lines: int) -> list[float]:
    ib = IB()
    await ib.connectAsync("127.0.0.1", port, clientId=1)
    share = Stock("SPY", "SMART", "USD")
    await ib.qualifyContractsAsync(share)
    for contract in await _options(ib, share, lines) if lines else [share]:
        ib.reqMktData(contract)
    await asyncio.sleep(1)
    took = [await _filled(ib, share, n) for n in range(ORDERS)]
    ib.disconnect()
    await asyncio.sleep(0.1)
    return took


async def by_adapter(port: int, lines: int) -> list[float]:
    """Milliseconds from `place` to the `Fill` among the order events."""
    clock = WallClock()
    broker = IbBroker(("127.0.0.1", port), 2, "DU1", clock, IbParameters(pacing=IbPacing(trading_per_s=20)))
    await broker.start()
    share = await broker.catalogue.stock("SPY")
    expiries = await broker.catalogue.expiries(share)
    near = (Decimal(500), Decimal(700))
    options = await broker.catalogue.options(share, expiries[4], near) if lines else []
    await broker.feed.subscribe(sorted(options, key=lambda option: abs(option.strike - 600))[:lines] or [share])
    await asyncio.sleep(1)
    filled: asyncio.Queue[float] = asyncio.Queue()

    async def listen() -> None:
        assert broker.orders is not None
        async for event in broker.orders.events():
            if isinstance(event, Fill):
                filled.put_nowait(perf_counter())

    listening = asyncio.create_task(listen())
    took = []
    for n in range(ORDERS):
        intent = Intent(
            id=IntentId("bench", n + 1), purpose=Purpose.HEDGE, instrument=share, quantity=Decimal(1),
            side=Side.BUY if n % 2 else Side.SELL, pricing=Market(), lifetime=ImmediateOrCancel(), account="DU1",
            snapshot_ids=[1], reason="benchmark",
        )  # fmt: skip
        began = perf_counter()
        assert broker.orders is not None
        await broker.orders.place(intent)
        took.append(1_000 * (await asyncio.wait_for(filled.get(), 5) - began))
        await asyncio.sleep(0.055)
    listening.cancel()
    await broker.stop()
    await asyncio.sleep(0.1)
    return took


async def _options(ib: IB, share: Stock, many: int) -> list[Contract]:
    (chain, *_) = await ib.reqSecDefOptParamsAsync(share.symbol, "", share.secType, share.conId)
    asked = Option(share.symbol, chain.expirations[4], exchange="SMART", currency="USD")
    details = await ib.reqContractDetailsAsync(asked)
    contracts = [each.contract for each in details if each.contract is not None]
    return sorted(contracts, key=lambda contract: abs(contract.strike - 600))[:many]


async def _filled(ib: IB, share: Stock, n: int) -> float:
    """Milliseconds from the order to its fill."""
    order = MarketOrder("BUY" if n % 2 else "SELL", 1, account="DU1")
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def filled(trade: Trade) -> None:
        if not done.done():
            done.set_result(None)

    began = perf_counter()
    ib.placeOrder(share, order).filledEvent += filled
    await asyncio.wait_for(done, 5)
    took = perf_counter() - began
    await asyncio.sleep(1.1 / Client.MaxRequests)  # else the client holds them back
    return 1_000 * took


async def _echo(times: int) -> list[float]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    took = []
    for _ in range(times):
        began = perf_counter()
        writer.write(b"x")
        await reader.read(100)
        took.append(1_000 * (perf_counter() - began))
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.01)
    server.close()
    return took


async def many_clients(clients: int = 16) -> list[Measured]:
    """Each looks at ten options and trades; the slowest order counts. The baseline is one client alone."""
    took = {}
    for many in (1, clients):
        engine, past = open_exchange(
            "gbm:sigma=0.2,spot=600", seed=1, accounts=CASH, parameters=ExchangeParameters(venue=FRICTIONLESS),
            past_sessions=0,
        )  # fmt: skip
        gateway = Gateway(engine, PacedClock(WallClock(), engine.now, 1.0), UNPACED, past=past)
        async with serving(gateway, port=0) as port:
            everybody = [IB() for _ in range(many)]
            await asyncio.gather(*(ib.connectAsync("127.0.0.1", port, clientId=i) for i, ib in enumerate(everybody, 1)))
            share = Stock("SPY", "SMART", "USD")
            await everybody[0].qualifyContractsAsync(share)
            contracts = await _options(everybody[0], share, 10)
            for ib in everybody:
                for contract in contracts:
                    ib.reqMktData(contract)
            rounds = [await asyncio.gather(*(_filled(ib, share, n) for ib in everybody)) for n in range(20)]
            took[many] = statistics.median(max(each) for each in rounds[5:])
            for ib in everybody:
                ib.disconnect()
    ok = took[clients] <= 100
    what = f"{clients} clients order at once: the last fill"
    return [_row(what, took[clients], took[1], "ms", "all served, 100 ms", ok)]


# -- a day -------------------------------------------------------------------------------------------------------------


def virtual_day() -> list[Measured]:
    """One share and a straddle at a quote a second, from open to close; the baseline is the market alone."""

    async def run() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        engine, past = open_exchange("heston:spot=600", seed=1, accounts=CASH, past_sessions=0)
        clock = LoopClock(loop, engine.now)
        gateway = Gateway(engine, clock, past=past)
        with put_ib_insync_on(clock, loop):
            loop.register_host("gateway", gateway.protocol)
            running = asyncio.create_task(gateway.run())
            ib = IB()
            await ib.connectAsync("gateway", 0, clientId=1)
            share = Stock("SPY", "SMART", "USD")
            await ib.qualifyContractsAsync(share)
            seen = 0

            def count(tickers: set[Ticker]) -> None:
                nonlocal seen
                seen += len(tickers)

            ib.pendingTickersEvent += count
            for contract in (share, *(await _options(ib, share, 2))):
                ib.reqMktData(contract)
            began = process_time()
            await asyncio.sleep(6.5 * 3600)
            took = process_time() - began
            ib.disconnect()
            await gateway.close()
            running.cancel()
        return took, seen

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        took, seen = runner.run(run())
    alone = _market_alone()
    what = f"a virtual day, {seen:,} updates"
    return [_row(what, took, alone, "s", "at most 8 s", took <= 8)]


def _market_alone() -> float:
    market = market_from("heston:spot=600", seed=1)
    close, began = market.now + timedelta(hours=6.5), process_time()
    while (tick := market.next_tick()) is not None and tick < close:
        market.advance(tick)
    return process_time() - began


if __name__ == "__main__":
    main()
