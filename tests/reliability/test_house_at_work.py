"""A house among people and mishaps: trades by hand, commands, halts, failing books, failing disks, orders in doubt."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from busy_house import ACCOUNT, BOOK, CASH, CONTRACTS, House, Street
from scripted import Wish, script

from gamma_scalper.domain.entries import (
    Accepted,
    AmendFailed,
    CommandTaken,
    Halted,
    Ordered,
    Paused,
    PlanNotPermitted,
    Reconciled,
    SessionEnded,
    TakenOver,
)
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.fills import InferredFill
from gamma_scalper.domain.orders import Limit, Purpose, Side, Working
from gamma_scalper.domain.proposals import Approved, Plan, Proposal, Refused
from gamma_scalper.exchange.faults import Fault, FaultSchedule, Kind
from gamma_scalper.exchange.tickets import Deposit, Place, Ticket
from gamma_scalper.journal.failures import JournalFailed
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.kernel import LoopClock
from gamma_scalper.portfolio.ledger import holdings
from gamma_scalper.recovery import fold

START = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


WANTS_STRADDLES = script(START, [(0, 2, 0, 1_000, "take")])
HEDGES_LATER = script(START, [(0, 2, 0, 1_000, "take"), (3, 2, -40, 1_000, "take")])


@asynccontextmanager
async def market(faults: FaultSchedule = FaultSchedule()) -> AsyncIterator[Street]:
    street = Street(START, LoopClock(asyncio.get_running_loop(), START), faults)
    quoting = asyncio.create_task(street.quote())
    try:
        yield street
    finally:
        quoting.cancel()


@asynccontextmanager
async def at_work(house: House) -> AsyncIterator[None]:
    running = asyncio.create_task(house.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait((running,))


async def until(street: Street, moment: datetime) -> None:
    await street.clock.sleep((moment - street.clock.now()).total_seconds())


def by_hand(street: Street, shares: int) -> None:
    side = Side.BUY if shares > 0 else Side.SELL
    street.venue.do(
        Place(Ticket(account=ACCOUNT, what=1, side=side, quantity=Decimal(abs(shares)), order_ref="by hand"))
    )


def held(house: House, book: str = BOOK) -> dict[int, Decimal]:
    return {each.instrument.con_id: each.quantity for each in holdings(house.desk(book).ledger)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox.open(tmp_path / "inbox.db")


async def test_a_trade_by_hand_stops_trading_until_a_person_says_whose_it_is(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: HEDGES_LATER}, controls=inbox)
        async with at_work(house):
            await until(street, minutes(1))
            by_hand(street, 100)
            await until(street, minutes(5))
            (difference,) = house.entries(Reconciled)[-1].unexplained
            assert (difference.ours, difference.theirs) == (0, 100)
            assert held(house) == {11: 2, 12: 2}  # the hedge of minute three was refused
            assert "reconciled" in {refusal.guard for refusal in house.entries(PlanNotPermitted)[-1].refusals}
            number = inbox.put("accept", "me", street.clock.now(), argument=f"{difference.id} baseline:{BOOK}")
            await until(street, minutes(8))
            assert "settled" in inbox.outcome(number)
            assert [each.difference for each in house.entries(Accepted)] == [difference.id]
            assert held(house) == {1: -40, 11: 2, 12: 2}
            assert street.held == {1: 60, 11: 2, 12: 2}
        again = House(street, path, {BOOK: HEDGES_LATER})
        async with at_work(again):
            await until(street, minutes(10))
            assert again.trading.house.compared.unexplained == ()  # what is the user's own is remembered


async def test_shares_declared_the_users_own_are_never_touched(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        await until(street, START + timedelta(seconds=1))
        by_hand(street, 100)
        house = House(street, path, {BOOK: HEDGES_LATER}, controls=inbox, baseline=100)
        async with at_work(house):
            await until(street, minutes(4))
            assert street.held == {1: 60, 11: 2, 12: 2}
            inbox.put("flatten", "me", street.clock.now())
            await until(street, minutes(9))
            assert street.held == {1: 100}
            assert held(house) == {}


async def test_flatten_by_command_sells_all_of_the_book_and_says_so(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: HEDGES_LATER}, controls=inbox)
        async with at_work(house):
            await until(street, minutes(4))
            number = inbox.put("flatten", "me", street.clock.now(), argument="going home")
            await until(street, minutes(9))
            assert street.held == {} == held(house)
            assert inbox.outcome(number) == f"{BOOK} is being flattened, and paused until unpause"
            assert [(each.name, each.by) for each in house.entries(CommandTaken)] == [("flatten", "me")]
            assert [each.why for each in house.entries(Paused)] == ["going home"]
            orders = [intent for each in house.entries(Ordered) for intent in each.intents]
            assert {each.purpose for each in orders[3:]} == {Purpose.FLATTEN}


async def test_a_pause_outlives_the_process(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        first = House(street, path, {BOOK: HEDGES_LATER}, controls=inbox)
        async with at_work(first):
            await until(street, minutes(1))
            inbox.put("pause", "me", street.clock.now(), argument="to think")
            await until(street, minutes(2))
        second = House(street, path, {BOOK: HEDGES_LATER}, controls=inbox)
        async with at_work(second):
            await until(street, minutes(5))
            assert held(second) == {11: 2, 12: 2}
            assert [each.why for each in second.entries(Paused)] == ["to think"]
            inbox.put("unpause", "me", street.clock.now())
            await until(street, minutes(6))
            assert held(second) == {1: -40, 11: 2, 12: 2}


async def test_a_halt_outlives_the_process_and_is_lifted_by_its_name_alone(path: Path, inbox: Inbox) -> None:
    changed = FaultSchedule([Fault(minutes(2.9), Kind.PRESET_CHANGE)])
    async with market(changed) as street:
        first = House(street, path, {BOOK: HEDGES_LATER}, controls=inbox)
        async with at_work(first):
            await until(street, minutes(4))
            assert [each.breaker for each in first.entries(Halted)] == ["altered order"]
        second = House(street, path, {BOOK: HEDGES_LATER}, controls=inbox)
        async with at_work(second):
            await until(street, minutes(6))
            sold = street.held.get(1, Decimal(0))
            wrong = inbox.put("lift", "me", street.clock.now(), BOOK, "alterd order")
            await until(street, minutes(7))
            assert "standing: altered order" in inbox.outcome(wrong)
            assert street.held.get(1, Decimal(0)) == sold
            inbox.put("lift", "me", street.clock.now(), BOOK, "altered order")
            await until(street, minutes(9))
            assert street.held == held(second) == {1: -40, 11: 2, 12: 2}


async def test_an_order_that_was_lost_is_not_sent_again_and_another_is_decided_once_it_is_dead(path: Path) -> None:
    lost = FaultSchedule([Fault(minutes(2.9), Kind.LOST_ORDER)])
    async with market(lost) as street:
        house = House(street, path, {BOOK: HEDGES_LATER})
        async with at_work(house):
            await until(street, minutes(3.2))
            assert held(house) == {11: 2, 12: 2}
            assert [type(order.state).__name__ for order in (each.order for each in house.desk().living)] == ["Unknown"]
            await until(street, minutes(8))
            assert held(house) == street.held == {1: -40, 11: 2, 12: 2}
            sent = [what for what in house.deaths.done if what.startswith("after sending")]
            assert len(sent) == len(set(sent)) == 4


async def test_a_book_whose_own_code_fails_is_halted_and_the_other_goes_on(path: Path, inbox: Inbox) -> None:
    """Its desk stays at work: what it holds is known, and sold when somebody says so."""
    async with market() as street:
        before = House(street, path, {"other": WANTS_STRADDLES})
        await before.live_until(minutes(1))
        house = House(street, path, {BOOK: WANTS_STRADDLES, "other": WANTS_STRADDLES}, controls=inbox)
        house.dead_stages.add("other")
        async with at_work(house):
            await until(street, minutes(3))
            assert held(house) == held(house, "other") == {11: 2, 12: 2}
            assert [each.breaker for each in house.entries(Halted)] == ["ring ended"]
            inbox.put("flatten", "me", street.clock.now(), book="other")
            await until(street, minutes(8))
            assert held(house, "other") == {}
            assert held(house) == street.held == {11: 2, 12: 2}


async def test_two_books_can_trade_one_underlying_and_each_owns_its_own(path: Path) -> None:
    other = script(START, [(2, 1, 30, 1_000, "take")])
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES, "other": other})
        async with at_work(house):
            await until(street, minutes(6))
            assert held(house) == {11: 2, 12: 2}
            assert held(house, "other") == {1: 30, 11: 1, 12: 1}
            assert street.held == {1: 30, 11: 3, 12: 3}
            assert house.trading.house.compared.unexplained == ()


async def test_the_last_dollar_is_spent_once(path: Path) -> None:
    """Nine calls cost about 9,018 dollars at worst; each book has a budget of its own, the account is one."""
    async with market() as street:
        street.venue.do(Deposit(ACCOUNT, Decimal(15_000) - CASH))
        nothing: Sequence[Wish] = ()
        house = House(street, path, {BOOK: nothing, "other": nothing})
        async with at_work(house):
            await until(street, minutes(1))
            trading = house.trading.house
            plans = {book: entry(street, house, 9) for book in (BOOK, "other")}
            for book, plan in plans.items():
                await trading.preview(book, plan)
            answers = {book: trading.approve(book, plan) for book, plan in plans.items()}
            assert isinstance(answers[BOOK], Approved)
            refused = answers["other"]
            assert isinstance(refused, Refused)
            assert [refusal.guard for refusal in refused.refusals] == ["buying power"]


def entry(street: Street, house: House, contracts: int) -> Plan:
    quote = house.trading.house.quote(11)
    assert quote is not None
    proposal = Proposal(
        purpose=Purpose.ENTRY,
        instrument=CONTRACTS.call,
        side=Side.BUY,
        quantity=Decimal(contracts),
        pricing=Limit("10.02"),
        patience_s=10,
        snapshot_ids=[quote.snapshot_id],
        reason="a test",
    )
    return Plan(proposals=[proposal], decided_at=street.clock.now(), good_for_s=5, settled_through=0, quotes=[quote])


async def test_a_disk_that_fails_ends_trading_before_the_next_order_with_exit_code_5(path: Path) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: HEDGES_LATER})
        running = asyncio.create_task(house.run())
        await until(street, minutes(2.5))
        before = list(house.deaths.done)
        house.journal._connection.exec_driver_sql("PRAGMA query_only = 1")  # as a disk that has become read-only
        house.journal._connection.rollback()
        await asyncio.wait((running,), timeout=600)
        with pytest.raises(JournalFailed) as failed:
            running.result()
        assert failed.value.exit_code is ExitCode.JOURNAL_DAMAGED
        assert "\n" not in str(failed.value)
        sent = [what for what in house.deaths.done[len(before) :] if "sending" in what]
        assert sent == []


async def test_the_journal_folds_to_the_very_state_that_lived(path: Path) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: HEDGES_LATER})
        async with at_work(house):
            await until(street, minutes(5))
            house.journal.flush_now()
            again = fold(house.journal.rows())
            assert again.desks[BOOK] == house.trading.books[BOOK].manager.state
            assert again.governance == house.trading.house.governance
            assert not house.entries(InferredFill) and not house.entries(TakenOver) and not house.entries(SessionEnded)


# -- what a person said, and what a process that dies forgets ----------------------------------------------------------


async def test_a_command_is_answered_once_it_would_survive_a_power_cut_and_not_before(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES}, controls=inbox)
        seen = []
        answer = inbox.answer

        def watched(number: int, outcome: str, at: datetime) -> None:
            seen.extend(row.kind for row in house.journal.rows())  # what is durable by then
            answer(number, outcome, at)

        inbox.answer = watched
        async with at_work(house):
            await until(street, minutes(1))
            inbox.put("flatten", "me", street.clock.now())
            await until(street, minutes(2))
        assert [kind for kind in seen if kind in ("FlattenAsked", "CommandTaken")] == [
            "FlattenAsked",
            "CommandTaken",
        ]


async def test_a_command_that_was_carried_out_is_not_carried_out_again_after_a_death(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        first = House(street, path, {BOOK: WANTS_STRADDLES}, controls=inbox)
        answer, inbox.answer = inbox.answer, lambda *_: None  # it dies between the row and the answer
        async with at_work(first):
            await until(street, minutes(1))
            number = inbox.put("pause", "me", street.clock.now())
            await until(street, minutes(1.1))
        inbox.answer = answer
        second = House(street, path, {BOOK: WANTS_STRADDLES}, controls=inbox)
        async with at_work(second):
            await until(street, minutes(2))
            assert inbox.outcome(number).startswith("paused")
            assert len(second.entries(Paused)) == len(second.entries(CommandTaken)) == 1


async def test_a_command_for_a_book_that_is_not_there_is_answered_and_ends_nothing(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES}, controls=inbox)
        async with at_work(house):
            number = inbox.put("pause", "me", street.clock.now(), book="spx")
            await until(street, minutes(1))
            assert "there is no book spx at work" in inbox.outcome(number)
            assert held(house) == {11: 2, 12: 2}


async def test_stop_is_answered_before_whoever_runs_the_house_is_told_to_end_it(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES}, controls=inbox)
        stop_asked = house.trading.house.stop_asked
        async with at_work(house):
            await until(street, minutes(1))
            number = inbox.put("stop", "me", street.clock.now(), argument="going home")
            assert not stop_asked.is_set()
            await asyncio.wait_for(stop_asked.wait(), 10)
            assert "positions are kept" in inbox.outcome(number)
            assert house.trading.house.why_stop == "stop, by me: going home"


async def test_a_stop_that_nobody_took_does_not_end_the_next_session_at_its_beginning(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        before = inbox.put("stop", "me", street.clock.now())
        house = House(street, path, {BOOK: WANTS_STRADDLES}, controls=inbox)
        async with at_work(house):
            of_a_book = inbox.put("stop", "me", street.clock.now(), book=BOOK)
            await until(street, minutes(1))
            assert "before this session began" in inbox.outcome(before)
            assert "as a whole" in inbox.outcome(of_a_book)
            assert not house.trading.house.stop_asked.is_set() and held(house) == {11: 2, 12: 2}


async def test_a_book_that_goes_on_says_so_where_the_house_still_stands(path: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES}, controls=inbox)
        async with at_work(house):
            inbox.put("pause", "me", street.clock.now(), argument="lunch")
            inbox.put("pause", "me", street.clock.now(), book=BOOK)
            number = inbox.put("unpause", "me", street.clock.now(), book=BOOK)
            await until(street, minutes(1))
            assert inbox.outcome(number) == f"{BOOK} goes on once the house does, which is paused: lunch, by me"


async def test_a_halt_is_not_lost_by_a_death_beside_its_cause(path: Path) -> None:
    """It is written before its cause: whichever of the two was the last word, what was altered does not go on."""
    changed = FaultSchedule([Fault(minutes(2.9), Kind.PRESET_CHANGE)])
    async with market(changed) as street:
        living = House(street, path, {BOOK: HEDGES_LATER})
        await living.live_until(minutes(4))
    done = living.deaths.done
    assert done.index("append Halted") + 1 == done.index("append Altered")


async def test_an_amendment_is_looked_at_as_a_new_order_would_be(path: Path) -> None:
    """The panic file appears while a hedge rests: nothing more is sent of it."""
    patient = script(START, [(0, 2, 0, 1_000, "take"), (3, 2, -40, 1_000, "improve")])
    async with market() as street:
        house = House(street, path, {BOOK: patient})

        def panic() -> bool:
            return any(isinstance(ticket.order.state, Working) for ticket in house.desk().living)

        house.trading.house.panic = panic
        async with at_work(house):
            await until(street, minutes(3.1))
            assert not [what for what in house.deaths.done if "amending" in what]
            assert "panic file" in house.entries(AmendFailed)[0].why
            assert 1 not in street.held


async def test_the_later_parts_of_a_large_order_are_not_sent_after_a_halt(path: Path) -> None:
    large = script(START, [(0, 2, 0, 1_000, "take"), (3, 2, -90, 30, "take")])
    async with market() as street:
        house = House(street, path, {BOOK: large})
        async with at_work(house):
            await until(street, minutes(2.9))
            while not house.desk().live:
                await street.clock.sleep(0.02)
            house.trading.house.take_down(BOOK, Halted("daily loss", "a test"))
            await until(street, minutes(4))
            assert held(house) == {1: -30, 11: 2, 12: 2}


async def test_a_leg_that_nobody_bids_for_counts_to_the_loss_limits_what_the_model_says(path: Path) -> None:
    async with market() as street:
        house = House(street, path, {BOOK: WANTS_STRADDLES})
        async with at_work(house):
            await until(street, minutes(2))
            street.offers = {**street.offers, 11: (None, 10.02)}
            await until(street, minutes(3))
            house.trading.house.reckon_with(BOOK, None, None, {11: 9.9})
            await until(street, minutes(4))
            assert not house.entries(Halted), "that nobody bids for a moment is no loss"
            house.trading.house.reckon_with(BOOK, None, None, {11: 0.01})
            street.offers = {**street.offers, 12: (0.98, 1.02)}
            await until(street, minutes(5))
            assert {each.breaker for each in house.entries(Halted)} == {"daily loss", "drawdown"}


async def test_a_trade_by_hand_is_not_taken_for_the_fill_of_an_order_that_was_proved_dead(path: Path) -> None:
    lost = FaultSchedule([Fault(minutes(2.9), Kind.LOST_ORDER)])
    async with market(lost) as street:
        first = House(street, path, {BOOK: HEDGES_LATER})
        await first.live_until(minutes(8))
        assert street.held == {1: -40, 11: 2, 12: 2}  # the lost one was given up, another was filled
        by_hand(street, -40)
        await until(street, START + timedelta(days=1))
        second = House(street, path, {BOOK: HEDGES_LATER})
        async with at_work(second):
            await until(street, START + timedelta(days=1, minutes=3))
            assert not second.entries(InferredFill)
            assert [each.theirs for each in second.entries(Reconciled)[-1].unexplained] == [-80]
            assert street.held == {1: -80, 11: 2, 12: 2}
