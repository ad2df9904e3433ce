"""What a lying broker was found to do to our client, each by its name."""

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "broker" / "ib"))

import pytest
from ib_floor import CLIENT, ME, MONDAY, Floor, adapter, fault, floor, gateway_up
from loguru import logger
from oddities import spelled

from gamma_scalper.broker.ib.incoming import Chain
from gamma_scalper.broker.ib.pacing import Budget
from gamma_scalper.broker.ib.requests import Requests
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.orders import Side
from gamma_scalper.domain.ports import Link, NotReady, Recap, Standing, Unanswered, Warned
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.kernel import LoopClock


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    number = logger.add(lambda line: lines.append(str(line)), format="{message}", level="INFO")
    yield lines
    logger.remove(number)


def hears(here: Floor, *messages: bytes) -> None:
    here.broker._wire._client.conn.data_received(b"".join(messages))


def execution(
    when: str = "20260105 10:00:07 US/Eastern", con_id: int = 1, request: int = -1, order_id: int = 77, client: int = 0
) -> bytes:
    contract = [con_id, "SPY", "STK", "", 0, "", "", "SMART", "USD", "SPY", "SPY"]
    filled = [ME, "NYSE", "BOT", 10, 600.5, 4_242, client, 0, 10, 600.5, "", "", "", "", 1]
    return spelled([11, request, order_id, *contract, "0001.02.03.01", when, *filled])


async def is_made_anew(here: Floor) -> None:
    await here.until(lambda: here.broker.link.link is Link.DOWN)
    await here.until(lambda: here.broker.link.link is Link.READY)


# -- frames ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 4_000_001, 2**31, 2**32 - 1])
async def test_a_message_of_a_length_that_none_has_costs_the_connection_at_once(length: int, log: list[str]) -> None:
    async with floor() as here:
        client = here.broker._wire._client
        hears(here, length.to_bytes(4, "big") + b"x" * 1_000)
        assert client.conn.transport.is_closing()
        await is_made_anew(here)
        (down, again) = [line for line in log if "does not speak as TWS does" in line]
        assert f"link down: gateway:7497 does not speak as TWS does: it sent a message of {length:,} bytes" in down
        assert "next attempt in" in again


async def test_what_comes_behind_a_broken_frame_is_not_heard() -> None:
    async with floor() as here:
        hears(here, bytes(4), execution())
        await is_made_anew(here)
        assert here.fills() == []


async def test_a_message_that_comes_byte_by_byte_is_kept_once_and_heard_once() -> None:
    async with floor() as here:
        for place, message in enumerate([execution()] * 3):
            for begin in range(0, len(message), 1 + 7 * place):
                hears(here, message[begin : begin + 1 + 7 * place])
        await here.until(lambda: here.fills())
        assert len(here.fills()) == 1 and len(here.broker._wire._client._unfinished) == 0


# -- messages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [7, 17, 18, 79, 85, 97, 106])  # a portfolio, history, a bond, news and the like
async def test_an_answer_that_nothing_here_asks_for_is_skipped(number: int) -> None:
    escaped: list[object] = []
    async with floor() as here:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
        hears(here, spelled([number, *["1"] * 60]))
        await asyncio.sleep(1)
        assert escaped == [] and here.of(Warned) == [] and here.broker.link.link is Link.READY


async def test_from_the_moment_that_something_could_not_be_read_no_order_leaves_until_all_is_confirmed() -> None:
    async with floor() as here:
        spy = await here.spy()
        hears(here, spelled([3, 5]))
        assert here.broker.link.link is Link.CONFIRMING
        with pytest.raises(NotReady):
            await here.place(Side.BUY, 1, spy)
        await here.until(lambda: here.broker.link.link is Link.READY)
        await here.stands(await here.place(Side.BUY, 1, spy), Standing.FILLED)


async def test_a_confirmation_in_which_a_message_could_not_be_read_is_made_again() -> None:
    silence = fault(Kind.UNANSWERED, at_s=5, target="reqPositions", duration_s=5)
    async with floor(silence) as here:
        await here.stands(await here.place(Side.BUY, 1, await here.spy()), Standing.FILLED)
        await asyncio.sleep(6)
        hears(here, spelled([3, 5]))
        await asyncio.sleep(1)
        hears(here, spelled([61, 3, ME, "x"]), spelled([62, 1]))  # its one position, garbled, and that it was all
        await asyncio.sleep(1)
        assert here.broker.link.link is Link.CONFIRMING
        await here.until(lambda: here.broker.link.link is Link.READY)
        assert [held.holding.quantity for held in here.of(Recap)[-1].holdings] == [1]


async def test_who_says_much_that_can_not_be_read_is_left_with_one_line_and_asked_anew(log: list[str]) -> None:
    async with floor() as here:
        hears(here, spelled([11, -1, "what"]) * 5_000)
        await is_made_anew(here)
        assert len([line for line in log if "cannot be read (" in line]) == 1
        assert len([line for line in log if "it sent 20 messages that cannot be read" in line]) == 2
        assert len(here.of(Warned)) == 1


async def test_a_flood_of_codes_is_heeded_and_told_in_fifty_lines(log: list[str]) -> None:
    async with floor() as here:
        hears(here, spelled([4, 2, -1, 9_999, "it says so", ""]) * 5_000)
        hears(here, spelled([4, 2, -1, 1100, "Connectivity is lost", ""]))
        assert here.broker.link.link is Link.BLIND
        await asyncio.sleep(1)
        assert len(here.of(Warned)) == 50 and len(log) < 70
        assert "the broker says more than can be shown" in "".join(log)
        await asyncio.sleep(60)
        hears(here, spelled([4, 2, -1, 9_999, "again", ""]))
        assert "4951 messages of the broker were not shown" in "".join(log)


# -- ids ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 10**30])
async def test_an_id_that_no_message_can_carry_is_not_counted_on_from(number: int) -> None:
    async with floor() as here:
        spy = await here.spy()
        before = here.broker._wire.next_id()
        hears(here, spelled([9, 1, number]), execution(order_id=number, client=CLIENT))
        await here.until(lambda: len(here.links()) == 4)
        assert here.broker.link.link is Link.READY
        await here.stands(await here.place(Side.BUY, 1, spy), Standing.FILLED)
        assert before < here.broker._wire.next_id() < before + 20


@pytest.mark.parametrize("number", [2**31 - 1, 10**30])
async def test_with_a_broker_that_names_the_last_id_there_is_no_connection_is_kept(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway_up() as gateway:
        broker = adapter(gateway)
        monkeypatch.setattr(type(gateway.numbers), "next_id", lambda *_: number)
        with pytest.raises(UserError, match=f"it names {number} as the next id"):
            await broker.start()
        monkeypatch.undo()
        await broker.start()
        assert broker.link.link is Link.READY
        await broker.stop()


# -- executions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [execution("20260105"), execution(con_id=0), execution(con_id=-1)])
async def test_an_execution_of_no_moment_or_in_no_contract_can_not_be_read_and_blocks_nothing(message: bytes) -> None:
    async with floor() as here:
        hears(here, message)
        await here.until(lambda: len(here.links()) == 4)
        assert here.broker.link.link is Link.READY
        assert "could not be read" in here.of(Warned)[0].text and here.fills() == []


async def test_bills_of_fills_that_never_come_do_not_pile_up() -> None:
    async with floor() as here:
        hears(here, *(spelled([59, 1, f"{number}.01", 1.0, "USD", "", "", ""]) for number in range(10_050)))
        executions = here.router._executions
        assert len(executions._bills) == 10_000 and "49.01" not in executions._bills


# -- answers -----------------------------------------------------------------------------------------------------------


async def test_an_answer_of_another_kind_is_not_taken_for_the_one_that_was_asked_for() -> None:
    async with floor() as here:
        asking = asyncio.ensure_future(here.broker.catalogue.stock("NVDA"))
        await asyncio.sleep(0)
        (number,) = here.broker._wire.requests._pending
        hears(here, execution(request=int(number)), spelled([55, 1, number]), spelled([76, number]))
        assert (await asking).symbol == "NVDA"


async def test_details_of_another_contract_are_neither_taken_nor_kept() -> None:
    silence = fault(Kind.UNANSWERED, at_s=5, target="reqContractDetails", duration_s=5)
    async with floor(silence) as here:
        spy = await here.spy()
        await asyncio.sleep(6)
        asking = asyncio.ensure_future(here.broker.catalogue.by_con_id(2))
        await asyncio.sleep(0)
        (number,) = here.broker._wire.requests._pending
        details = [10, number, "SPY", "STK", "", 0, "", "SMART", "USD", "SPY", "NMS", "SPY", 1, 0.01, "", "", "SMART"]
        details += [1, 0, "", "", "", "", "", "", "US/Eastern", "", "", "", "", 0, "", "", "", "26", "", "", 1, 1, 1]
        hears(here, spelled(details), spelled([52, 1, number]))
        with pytest.raises(Unanswered, match="about another"):
            await asking
        await asyncio.sleep(6)
        assert (await here.broker.catalogue.by_con_id(2)).symbol == "NVDA" and spy.con_id == 1


async def test_an_answer_without_end_is_not_collected() -> None:
    requests, clock = Requests(), LoopClock(asyncio.get_running_loop(), MONDAY)
    asking = asyncio.ensure_future(
        requests.ask("chains", 1, lambda: None, budget=Budget(clock, 10), timeout_s=1, kind=Chain)
    )
    await asyncio.sleep(0)
    part = Chain("SMART", "SPY", [])
    for _ in range(100_000):
        requests.part(1, part)
    with pytest.raises(ValueError, match="an answer without end"):
        requests.part(1, part)
    with pytest.raises(Unanswered):
        await asking


@pytest.mark.parametrize("seconds", [0, 10**10, 10**18])
async def test_a_time_that_no_clock_could_show_is_no_answer_and_sets_none(seconds: int) -> None:
    async with floor() as here:
        before = here.broker.clock_skew_s
        for _ in range(40):
            hears(here, spelled([49, 1, seconds]))
            await asyncio.sleep(0.5)
        assert here.broker.clock_skew_s == before


# -- connections -------------------------------------------------------------------------------------------------------


async def test_a_start_after_one_that_was_given_up_while_blind_begins_with_nothing() -> None:
    silence = fault(Kind.UNANSWERED, target="reqCurrentTime", duration_s=70)
    more = fault(Kind.UNANSWERED, target="reqPositions", duration_s=70)
    async with gateway_up(silence, more) as gateway:
        broker = adapter(gateway)
        with pytest.raises(UserError):
            await broker.start()
        await asyncio.sleep(60)
        await broker.start()
        assert broker.link.link is Link.READY
        await broker.stop()


async def test_dozens_of_garbled_connections_leave_nothing_behind() -> None:
    async with floor() as here:

        async def garbles(times: int) -> None:
            for _ in range(times):
                hears(here, spelled([11, "x"]), b"\xff" * 2_000)
                await is_made_anew(here)
                here.said.clear()

        await garbles(5)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.take_snapshot()
        await garbles(25)
        gc.collect()
        after = tracemalloc.take_snapshot()
        tracemalloc.stop()
        kept = sum(
            line.size_diff for line in after.compare_to(before, "filename") if "/broker/ib/" in str(line.traceback)
        )
        assert kept < 25_000
        assert here.broker._wire._client.clientId == CLIENT
