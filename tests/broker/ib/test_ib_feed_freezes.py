"""After a blackout no price from before it counts, whatever else is told in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from ib_floor import Floor, floor

from gamma_scalper.broker.ib.incoming import Incoming
from gamma_scalper.domain.ports import Link

BID, ASK, LAST = 1, 2, 4
BID_SIZE, ASK_SIZE, LAST_SIZE = 0, 3, 5
FARM_LOST, FARM_BACK = "Market data farm connection is broken:", "Market data farm connection is OK:"


@asynccontextmanager
async def watched() -> AsyncIterator[Floor]:
    """A floor on which SPY was quoted once, and stands still from then on."""
    async with floor() as here:
        await here.broker.feed.subscribe([await here.spy()])
        await here.until(lambda: here.quoted)
        await asyncio.sleep(5)
        here.quoted.clear()
        yield here


def hears(here: Floor) -> Incoming:
    return here.broker._wire._client.wrapper


def says(here: Floor, code: int, text: str) -> None:
    hears(here).error(-1, code, text, "")


def frozen(here: Floor) -> str:
    return here.broker.feed.condition(1).frozen


async def ticks(here: Floor, *sizes: int, prices: tuple[int, ...] = ()) -> None:
    request = here.broker.feed._lines[1].request
    for tick in prices:
        hears(here).price_size_tick(request, tick, 599.0, 100)
    for tick in sizes:
        hears(here).tick_size(request, tick, 100)
    hears(here).tcp_data_processed()
    await asyncio.sleep(0.1)


async def test_a_farm_that_comes_back_in_an_outage_of_the_broker_lifts_nothing_of_it() -> None:
    async with watched() as here:
        says(here, 1100, "Connectivity has been lost")
        says(here, 2103, FARM_LOST + "usfarm")
        await asyncio.sleep(600)
        says(here, 2104, FARM_BACK + "usfarm")
        says(here, 1102, "Connectivity has been restored")
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert frozen(here) == "1100: Connectivity has been lost"
        assert not here.quoted


async def test_a_farm_that_comes_back_says_nothing_of_a_competing_session() -> None:
    async with watched() as here:
        says(here, 10197, "No market data during competing live session")
        says(here, 2103, FARM_LOST + "usfarm")
        assert "10197" in frozen(here)
        assert "2103" in frozen(here)
        says(here, 2104, FARM_BACK + "usfarm")
        assert frozen(here) == "10197: No market data during competing live session"


async def test_another_farm_that_comes_back_is_another_one() -> None:
    async with watched() as here:
        says(here, 2103, FARM_LOST + "usfarm")
        says(here, 2104, FARM_BACK + "cashfarm")
        assert "usfarm" in frozen(here)
        says(here, 2104, FARM_BACK + "usfarm")
        assert frozen(here) == ""


@pytest.mark.parametrize("back", [1101, 1102])
async def test_ticks_that_come_in_the_midst_of_an_outage_are_not_of_after_it(back: int) -> None:
    async with watched() as here:
        says(here, 1100, "Connectivity has been lost")
        await ticks(here, prices=(BID, ASK))
        says(here, back, "Connectivity has been restored")
        assert "1100" in here.broker.feed._lines[1].frozen
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert ("1100" in frozen(here)) == (back == 1102)  # after 1101 it was asked for anew, and answered


@pytest.mark.parametrize("sizes", [(LAST_SIZE,), (BID_SIZE,), (BID_SIZE, LAST_SIZE), ()])
async def test_no_trade_and_no_single_side_brings_an_old_offer_back(sizes: tuple[int, ...]) -> None:
    async with watched() as here:
        says(here, 10197, "No market data during competing live session")
        await asyncio.sleep(600)
        await ticks(here, *sizes, prices=(LAST,))
        assert "10197" in frozen(here)
        assert not here.quoted
        await ticks(here, ASK_SIZE, prices=(BID,))
        assert frozen(here) == ""
        assert [quote.bid for quote in here.quoted] == [599.0]


async def test_after_a_farm_is_back_no_quote_is_made_with_a_side_from_before() -> None:
    async with watched() as here:
        says(here, 2103, FARM_LOST + "usfarm")
        await asyncio.sleep(600)
        says(here, 2104, FARM_BACK + "usfarm")
        await ticks(here, prices=(BID, LAST))
        assert not here.quoted
        await ticks(here, prices=(ASK,))
        assert [(quote.bid, quote.ask) for quote in here.quoted] == [(599.0, 599.0)]
