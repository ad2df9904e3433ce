"""What the adapter does with messages that can't be so, and that it does the same on every run."""

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ib_floor import CLIENT, LISTED, ME, YOU, Floor, fault, floor, quick

from gamma_scalper.domain.fills import Commission
from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId, Side
from gamma_scalper.domain.ports import Link, NotReady, Standing, Unanswered, Warned
from gamma_scalper.exchange.faults import Kind
from gamma_scalper.gateway.framing import frame
from gamma_scalper.kernel import VirtualLoop
from gamma_scalper.portfolio.ledger import Ledger, booked


def told(*fields: object) -> bytes:
    return frame("".join(f"{field}\0" for field in fields).encode())


@pytest.mark.parametrize(
    "message",
    [
        told(11, -1, "what", "is", "this"),  # an execution cut short
        told(3, "x", "Submitted", "0", "0", "0", "0", "0", "0", "0", "", "0"),
        told(3, 5),  # of an order, but for all that is said of it
        told(49, 1),  # the time, without the time
        told(4_711, 1, 2),  # of a kind nobody knows
    ],
)
async def test_a_message_that_cannot_be_read_is_told_and_the_records_are_asked_for(message: bytes) -> None:
    async with floor() as here:
        here.broker._wire._client.conn.data_received(message)
        assert [warned.code for warned in here.of(Warned)] == []
        await here.until(lambda: len(here.links()) == 4)
        assert here.links() == [Link.CONFIRMING, Link.READY, Link.CONFIRMING, Link.READY]
        (warned,) = here.of(Warned)
        assert "could not be read" in warned.text


async def test_of_a_fill_without_a_time_zone_nothing_is_lost() -> None:
    async with floor() as here:
        spy = await here.spy()
        parts = [11, -1, 77, spy.con_id, "SPY", "STK", "", 0, "", "", "SMART", "USD", "SPY", "SPY", "0001.02.03.01"]
        parts += ["20260105  10:00:07", ME, "NYSE", "BOT", 10, 600.5, 4_242, 0, 0, 10, 600.5, "", "", "", "", 1]
        here.broker._wire._client.conn.data_received(told(*parts))
        await here.until(lambda: here.fills())
        assert here.fills()[0].at.isoformat() == "2026-01-05T15:00:07+00:00"  # New York's, as TWS is set
        assert here.fills()[0].intent is None


@pytest.mark.parametrize("last", ["1" * 5_000, "\u0663", "-1", "1e9"])
async def test_a_fill_is_told_and_booked_whatever_the_broker_calls_it(last: str) -> None:
    """The last part of the name is read as a number where it is one; nothing else may follow from it."""
    async with floor() as here:
        spy = await here.spy()
        parts = [
            11,
            -1,
            77,
            spy.con_id,
            "SPY",
            "STK",
            "",
            0,
            "",
            "",
            "SMART",
            "USD",
            "SPY",
            "SPY",
            f"0001.02.03.{last}",
        ]
        parts += ["20260105 10:00:07 US/Eastern", ME, "NYSE", "BOT", 10, 600.5, 4_242, 0, 0, 10, 600.5, "spy/1"]
        here.broker._wire._client.conn.data_received(told(*parts, "", "", "", 1))
        await here.until(lambda: here.fills())
        (fill,) = here.fills()
        ledger = booked(Ledger("spy"), fill, fill.at)
        assert ledger.holdings[0].quantity == 10
        again = booked(booked(ledger, fill, fill.at), Commission(fill.exec_id, Money("1")), fill.at)
        assert (again.holdings, len(again.bills)) == (ledger.holdings, 1)


async def test_a_fill_of_more_than_all_the_money_there_is_is_told_and_not_counted() -> None:
    async with floor() as here:
        spy = await here.spy()
        parts = [11, -1, 77, spy.con_id, "SPY", "STK", "", 0, "", "", "SMART", "USD", "SPY", "SPY", "0001.02.03.01"]
        parts += ["20260105 10:00:07 US/Eastern", ME, "NYSE", "BOT", 1e9, 1e14, 4_242, 0, 0, 10, 600.5, "spy/1"]
        here.broker._wire._client.conn.data_received(told(*parts, "", "", "", 1))
        await here.until(lambda: here.of(Warned))
        assert "can't be so and is not counted" in here.of(Warned)[0].text
        assert not here.fills()


async def test_an_account_that_the_broker_names_in_its_words_is_masked() -> None:
    async with floor() as here:
        here.broker._wire._client.conn.data_received(told(4, 2, -1, 2148, f"Account {ME} and U7654321 are short.", ""))
        await here.until(lambda: here.of(Warned))
        assert here.of(Warned)[0].text == "Account DU…01 and U7…21 are short."


async def test_bytes_cut_anywhere_are_the_same_messages() -> None:
    async with floor() as here:
        message = told(4, 2, -1, 2105, "HMDS data farm connection is broken:ushmds", "")
        for place in range(len(message)):
            here.broker._wire._client.conn.data_received(message[place : place + 1])
        await here.until(lambda: here.of(Warned))
        assert [warned.code for warned in here.of(Warned)] == [2105]


async def test_a_mistake_of_ours_in_a_handler_costs_the_connection_and_not_the_truth() -> None:
    async with floor() as here:
        failures: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))

        def mistake(*_: object) -> None:
            raise TypeError("a defect")

        here.broker.feed.price = mistake
        await here.broker.feed.subscribe([await here.spy()])
        await here.until(lambda: here.broker.link.link is Link.DOWN)
        assert isinstance(failures[0], TypeError)
        del here.broker.feed.price
        await here.until(lambda: here.broker.link.link is Link.READY)


async def test_while_lines_are_asked_for_again_a_new_reader_does_not_ask_twice() -> None:
    slow = quick(pacing=quick().pacing.__class__(data_per_s=1))
    async with floor(fault(Kind.SOCKET_DROP, at_s=20, target=str(CLIENT)), parameters=slow) as here:
        spy, (call, put) = await here.spy(), await here.straddle()
        await here.broker.feed.subscribe([spy, call, put])
        await here.until(lambda: here.broker.link.link is Link.DOWN)
        await here.until(lambda: here.broker.link.link is Link.READY)
        await here.broker.feed.subscribe([call, put])
        await asyncio.sleep(20)
        (session,) = here.gateway._sessions
        assert set(session.data.wanted) == {1, 11, 12}
        assert len(here.broker.feed._requests) == 3


async def test_a_reader_of_a_login_with_several_accounts_needs_none_named() -> None:
    async with floor(accounts=(ME, YOU), account="", read_only=True) as here:
        assert here.broker.account.account == ME


async def placed(here: Floor) -> tuple[IntentId, int, int]:
    """A resting order, with its order id and its permId."""
    intent = await here.place(Side.BUY, 5, await here.spy(), "500", lives_s=3600)
    report = await here.stands(intent, Standing.WORKING)
    tracked = here.router._orders.find(str(intent))
    assert tracked is not None
    return intent, tracked.order_id, report.perm_id


async def test_a_reason_that_comes_after_the_refusal_is_told_with_it() -> None:
    async with floor() as here:
        intent, order_id, perm_id = await placed(here)
        hear = here.broker._wire._client.conn.data_received
        hear(told(3, order_id, "Inactive", 0, 5, 0, perm_id, 0, 0, CLIENT, "", 0))
        hear(told(4, 2, order_id, 201, "Order rejected - reason: no", ""))
        await here.until(lambda: here.reports(intent)[-1].code == 201)
        assert here.reports(intent)[-1].standing is Standing.REJECTED


async def test_what_is_said_of_a_cancel_that_came_too_late_raises_no_doubt_about_a_dead_order() -> None:
    async with floor() as here:
        intent, order_id, _ = await placed(here)
        await here.router.cancel(intent)
        await here.stands(intent, Standing.CANCELLED)
        here.broker._wire._client.conn.data_received(
            told(4, 2, order_id, 10148, "cannot be cancelled, state: Cancelled", "")
        )
        await asyncio.sleep(5)
        assert here.course(intent)[-1] is Standing.CANCELLED
        assert Standing.UNKNOWN not in here.course(intent)


async def test_an_inactive_order_that_waits_for_shares_is_held() -> None:
    async with floor() as here:
        intent, order_id, perm_id = await placed(here)
        here.broker._wire._client.conn.data_received(
            told(3, order_id, "Inactive", 0, 5, 0, perm_id, 0, 0, CLIENT, "locate", 0)
        )
        await here.stands(intent, Standing.HELD)


def position(con_id: int, symbol: str, kind: str, quantity: int) -> bytes:
    return told(61, 3, ME, con_id, symbol, kind, "", 0, "", "", "", "USD", symbol, symbol, quantity, 10.5)


async def test_a_holding_of_a_kind_that_is_not_traded_here_is_told_once_and_not_counted() -> None:
    async with floor() as here:
        for _ in range(2):
            asking = asyncio.ensure_future(here.broker.account.holdings())
            await asyncio.sleep(0)
            here.broker._wire._client.conn.data_received(position(555, "EUR", "CASH", 7))
            assert await asking == []
        await asyncio.sleep(1)
        (warned,) = here.of(Warned)
        assert "the account holds EUR (555), which is not counted" in warned.text


async def test_a_fill_in_a_contract_that_is_not_traded_here_is_told_once_and_not_counted() -> None:
    async with floor() as here:
        parts = [11, -1, 77, 555, "ES", "FUT", "", 0, "", "", "CME", "USD", "ES", "ES", "0001.02.03.01"]
        parts += [
            "20260105 10:00:07 US/Eastern",
            ME,
            "CME",
            "BOT",
            1,
            6000.5,
            4_242,
            0,
            0,
            1,
            6000.5,
            "",
            "",
            "",
            "",
            1,
        ]
        for _ in range(2):
            here.broker._wire._client.conn.data_received(told(*parts))
            await asyncio.sleep(1)
        (warned,) = here.of(Warned)
        assert "a fill in ES (555) is not counted" in warned.text
        assert not here.fills()


async def test_half_an_answer_is_never_taken_for_a_whole_one() -> None:
    silence = fault(Kind.UNANSWERED, at_s=5, target="reqPositions", duration_s=20)
    async with floor(silence) as here:
        await asyncio.sleep(6)
        hear = here.broker._wire._client.conn.data_received
        asking = asyncio.ensure_future(here.broker.account.holdings())
        await asyncio.sleep(1)
        hear(position(1, "SPY", "STK", 100))
        with pytest.raises(Unanswered):
            await asking  # at 21 s, with its first half
        again = asyncio.ensure_future(here.broker.account.holdings())
        await asyncio.sleep(1)
        hear(position(2, "NVDA", "STK", 50) + told(62, 1))  # the second half of the first answer
        await asyncio.sleep(1)
        assert not again.done()
        hear(position(1, "SPY", "STK", 100) + position(2, "NVDA", "STK", 50) + told(62, 1))
        assert [held.holding.quantity for held in await again] == [100, 50]


async def test_what_was_asked_for_when_the_socket_went_fails_at_once_and_does_not_wait() -> None:
    silence = fault(Kind.UNANSWERED, at_s=5, target="reqContractDetails", duration_s=60)
    async with floor(silence, fault(Kind.SOCKET_DROP, at_s=10, target=str(CLIENT))) as here:
        await asyncio.sleep(6)
        with pytest.raises(NotReady):
            await here.broker.catalogue.stock("NVDA")
        assert 10 <= here.clock.monotonic() < 11


# -- the same on every run ---------------------------------------------------------------------------------------------


async def a_morning(log: list[str]) -> None:
    """Quotes, orders, fills and an outage."""
    faults = [fault(Kind.DISCONNECT_1101, at_s=60, duration_s=20), fault(Kind.FALSE_ERROR_105, at_s=30)]
    async with floor(*faults) as here:
        spy, (call, put) = await here.spy(), await here.straddle()
        await here.broker.feed.subscribe([spy, call, put, LISTED[1], LISTED[8]])
        for second in range(150):
            for con_id, bid in ((1, 599.0), (2, 179.0), (11, 4.0), (12, 3.9), (13, 1.0)):
                here.quote(con_id, bid + second / 100, bid + 0.1 + second / 100)
            if second % 20 == 5 and here.broker.link.link is Link.READY:
                await here.place(Side.BUY, 10, spy)
                await here.place(Side.SELL, 1, Combo((Leg(call, 1), Leg(put, 1))), lives_s=30)
            await asyncio.sleep(1)
        log.extend(map(str, (*here.said, *here.quoted, await here.broker.account.holdings())))


def digest() -> str:
    log: list[str] = []
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(a_morning(log))
    assert len(log) > 700
    return hashlib.sha256("\n".join(log).encode()).hexdigest()


def test_every_run_tells_the_same_under_any_seed_of_hashes_and_in_any_zone() -> None:
    here = Path(__file__).parent
    script = "import sys; sys.path[:0] = sys.argv[1:]; import test_ib_messages as t; print(t.digest())"
    elsewhere = subprocess.Popen(
        [sys.executable, "-c", script, str(here), str(here.parents[2])],
        env=os.environ | {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LOGURU_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert digest() == elsewhere.communicate()[0].strip()
