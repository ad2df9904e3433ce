"""The whole of ib_insync on the virtual loop: our clock, our order, and a throttle that doesn't spin."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import ib_insync as ib
import ib_insync.util as util
import ib_insync.wrapper as wrapper
import pytest
from ib_floor import MONDAY, Floor, adapter, gateway_up
from ib_insync.client import Client

from gamma_scalper.broker.ib.our_clock import OrderedSet, put_ib_insync_on
from gamma_scalper.kernel import LoopClock, VirtualLoop


@pytest.fixture
def library() -> Iterator[list[object]]:
    """All that is patched, before; the same again after."""

    def seen() -> list[object]:
        return [
            wrapper.datetime,
            vars(wrapper).get("set"),
            ib.ib.datetime,
            ib.ib.time,
            util.dt,
            util.time,
            ib.client.time,
            ib.client.getLoop,
            Client.MaxRequests,
        ]

    before = seen()
    yield before
    assert seen() == before


async def test_its_now_and_today_are_ours_and_its_own_again_afterwards(library: list[object]) -> None:
    loop = asyncio.get_running_loop()
    with put_ib_insync_on(LoopClock(loop, MONDAY), loop):
        await asyncio.sleep(90)
        now = wrapper.datetime.now(UTC)
        assert now == MONDAY + timedelta(seconds=90)
        assert util.dt.date.today() == MONDAY.date()
        assert ib.ib.time.time() == now.timestamp()
        assert isinstance(datetime.now(UTC), util.dt.datetime)  # what others made is a datetime too
        assert util.formatIBDatetime(MONDAY) == "20260105 15:00:00 UTC"
        assert util.getLoop() is loop
    assert wrapper.datetime is library[0]


async def test_a_failure_inside_undoes_it_too(library: list[object]) -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(KeyError), put_ib_insync_on(LoopClock(loop, MONDAY), loop):
        raise KeyError
    assert library


def test_pending_tickers_keep_their_order() -> None:
    tickers = [object() for _ in range(100)]
    pending = OrderedSet()
    for ticker in tickers:
        pending.add(ticker)
    pending.add(tickers[0])
    assert list(pending) == tickers
    assert tickers[7] in pending


async def test_its_throttle_lets_an_exact_clock_go_on(library: list[object]) -> None:
    loop = asyncio.get_running_loop()
    async with gateway_up() as gateway:
        with put_ib_insync_on(gateway.clock, loop):
            client = ib.IB()
            client.client.MaxRequests = 45
            await client.connectAsync("gateway", 7497, 5)
            began = loop.time()
            await asyncio.gather(*(client.reqContractDetailsAsync(ib.Contract(conId=1)) for _ in range(100)))
            assert 2 <= loop.time() - began < 2.1
            client.disconnect()
            await asyncio.sleep(1)
    assert library


async def day(log: list[str]) -> None:
    """Five minutes of quotes, an order and its fill, as an ib_insync program sees them."""
    loop = asyncio.get_running_loop()
    async with gateway_up() as gateway:
        market = Floor(gateway, adapter(gateway, client_id=99))
        market.quote_all()
        with put_ib_insync_on(gateway.clock, loop):
            client = ib.IB()
            await client.connectAsync("gateway", 7497, 5)

            def heard(tickers: object) -> None:
                log.extend(f"{one.time} {one.contract.conId} {one.bid} {one.ask}" for one in tickers)

            client.pendingTickersEvent += heard
            client.execDetailsEvent += lambda trade, fill: log.append(f"{fill.time} {fill.execution}")
            for con_id in (1, 2, 11, 12, 13):
                client.reqMktData(ib.Contract(conId=con_id, exchange="SMART"))
            for second in range(300):
                market.quote(1, 599 + second / 100, 601 + second / 100)
                market.quote(2, 179 + second / 100, 181 + second / 100)
                market.quote(11, 4 + second / 100, 4.1 + second / 100)
                await asyncio.sleep(1)
            client.placeOrder(ib.Contract(conId=1, secType="STK", exchange="SMART"), ib.MarketOrder("BUY", 10))
            await asyncio.sleep(5)
            client.disconnect()
            await asyncio.sleep(1)


def test_two_runs_tell_the_same_ticks_at_the_same_moments_in_the_same_order(library: list[object]) -> None:
    digests = []
    for _ in range(2):
        log: list[str] = []
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(day(log))
        assert len(log) > 900
        assert log[0].startswith("2026-01-05 15:00:")
        assert "execId" in log[-1] or any("execId" in line for line in log[-20:])
        digests.append(hashlib.sha256("\n".join(log).encode()).hexdigest())
    assert digests[0] == digests[1]
    assert library
