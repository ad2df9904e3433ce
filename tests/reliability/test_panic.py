"""A panic file: everything stops and is sold, whoever dies meanwhile, and only a person leads back."""

import asyncio
from pathlib import Path

import pytest
from busy_house import BOOK, Deaths, Died, House
from scripted import script
from test_house_at_work import START, WANTS_STRADDLES, at_work, held, market, minutes, until
from typer.testing import CliRunner, Result

from config import load_config
from gamma_scalper import cli
from gamma_scalper.commands import panic as panicking
from gamma_scalper.domain.entries import CancelAsked, FlattenAsked, Mode, ModeChanged, Ordered, Paused
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.orders import Purpose, Working
from gamma_scalper.journal.inbox import Inbox
from gamma_scalper.journal.reader import JournalReader
from gamma_scalper.kernel import VirtualLoop
from gamma_scalper.risk.governance import BY_PANIC, HOUSE
from gamma_scalper.system import SystemParameters

HEDGE = 3  # the number of its order
RESTS_A_HEDGE = script(START, [(0, 2, 0, 1_000, "take"), (0.5, 2, -40, 1_000, "improve")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def inbox(folder: Path) -> Inbox:
    return Inbox.open(folder / "inbox.db")


def house_in(folder: Path, street, inbox: Inbox | None = None, wishes=WANTS_STRADDLES, deaths=None, **more) -> House:
    """One that minds a panic file in the folder."""
    scripts = wishes if isinstance(wishes, dict) else {BOOK: wishes}
    house = House(street, folder / "journal.db", scripts, controls=inbox, deaths=deaths, **more)
    house.trading.house.panic = (folder / "panic.flag").exists
    return house


def mode_of(house: House) -> Mode:
    return house.trading.house.governance.modes[HOUSE]


def put(folder: Path) -> None:
    panicking.put_file(folder, "anna", "a test", START)


async def test_a_panic_file_sells_every_book_and_only_unpause_leads_back(folder: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = house_in(folder, street, inbox, {BOOK: WANTS_STRADDLES, "other": WANTS_STRADDLES})
        async with at_work(house):
            await until(street, minutes(0.5))
            assert street.held == {11: 4, 12: 4}
            put(folder)
            await until(street, minutes(1.2))
            assert held(house) == held(house, "other") == street.held == {}
            assert mode_of(house) is Mode.EMERGENCY
            refused = inbox.put("unpause", "anna", street.clock.now())
            await until(street, minutes(1.6))
            assert "a panic file lies there" in inbox.outcome(refused)
            assert street.held == {}
            (folder / "panic.flag").unlink()
            await until(street, minutes(2))
            assert mode_of(house) is Mode.EMERGENCY and street.held == {}
            back = inbox.put("unpause", "anna", street.clock.now())
            await until(street, minutes(2.8))
            assert inbox.outcome(back) == "goes on; the panic is over, and the mode is live"
            assert held(house) == held(house, "other") == {11: 2, 12: 2}
        assert [each.mode for each in house_entries(folder, street, ModeChanged)] == [
            Mode.LIVE,
            Mode.EMERGENCY,
            Mode.LIVE,
        ]


def house_entries(folder: Path, street, kind: type) -> list:
    reader = JournalReader.open(f"sqlite:///{folder / 'journal.db'}")
    found = [row.entry for row in reader.rows() if isinstance(row.entry, kind)]
    reader.close()
    return found


async def test_it_is_taken_down_once_however_long_the_file_lies_there(folder: Path) -> None:
    async with market() as street:
        house = house_in(folder, street)
        async with at_work(house):
            await until(street, minutes(0.5))
            put(folder)
            await until(street, minutes(3))
            assert len([each for each in house.entries(ModeChanged) if each.by == BY_PANIC]) == 1
            assert len(house.entries(Paused)) == len(house.entries(FlattenAsked)) == 1


async def test_what_works_is_cancelled_and_nothing_but_flattening_is_ordered(folder: Path) -> None:
    """The file appears while a hedge rests at the near side."""
    async with market() as street:
        house = house_in(folder, street, wishes=RESTS_A_HEDGE)

        def panic() -> bool:
            hedge = house.desk().orders.get(HEDGE)
            if hedge is not None and isinstance(hedge.order.state, Working):
                put(folder)
            return (folder / "panic.flag").exists()

        house.trading.house.panic = panic
        async with at_work(house):
            await until(street, minutes(1))
            order = house.desk().orders[HEDGE].order
            assert (order.intent.purpose, order.alive, order.filled) == (Purpose.HEDGE, False, 0)
            orders = [intent for each in house.entries(Ordered) for intent in each.intents]
            assert {each.purpose for each in orders if each.id.number > HEDGE} == {Purpose.FLATTEN}
            assert street.held == {}


async def test_a_file_that_lies_there_at_the_start_is_heeded_before_anything_is_traded(folder: Path) -> None:
    async with market() as street:
        before = house_in(folder, street)
        await before.live_until(minutes(0.5))
        put(folder)
        house = house_in(folder, street, wishes=RESTS_A_HEDGE)
        async with at_work(house):
            await until(street, minutes(1.6))
            assert street.held == {}
            orders = [intent for each in house.entries(Ordered)[1:] for intent in each.intents]
            assert {each.purpose for each in orders} == {Purpose.FLATTEN}


async def test_a_restart_is_no_way_back_even_where_the_file_is_gone(folder: Path, inbox: Inbox) -> None:
    async with market() as street:
        first = house_in(folder, street, inbox)
        async with at_work(first):
            await until(street, minutes(0.5))
            put(folder)
            await until(street, minutes(1.2))
        (folder / "panic.flag").unlink()
        second = house_in(folder, street, inbox)
        async with at_work(second):
            await until(street, minutes(2))
            assert mode_of(second) is Mode.EMERGENCY and street.held == {}
            inbox.put("unpause", "anna", street.clock.now())
            await until(street, minutes(2.8))
            assert mode_of(second) is Mode.LIVE and street.held == {11: 2, 12: 2}


async def panics(folder: Path, at: int | None = None) -> tuple[list[str], dict]:
    """A life that panics after half a minute and dies at its so manyth deed, and one more; what is held in the end."""
    folder.mkdir()
    async with market() as street:
        deaths = Deaths(at=at)
        running = asyncio.create_task(house_in(folder, street, deaths=deaths).run())
        await until(street, minutes(0.5))
        put(folder)
        await until(street, minutes(1))
        running.cancel()
        await asyncio.wait((running,))
        if at is not None:
            assert isinstance(running.exception(), Died)
            again = house_in(folder, street)
            async with at_work(again):
                await until(street, minutes(2))
                assert mode_of(again) is Mode.EMERGENCY
                assert HOUSE in again.trading.house.governance.pauses
        return deaths.done, street.held


async def test_a_death_in_the_middle_of_a_panic_leaves_all_of_it_to_be_done(folder: Path) -> None:
    done, left = await panics(folder / "whole")
    assert left == {}
    asked = done.index("append FlattenAsked")
    paused = done.index("append Paused")
    sent = next(i for i, what in enumerate(done) if i > asked and what.startswith("after sending"))
    assert done[paused - 1] == "append ModeChanged" and paused < asked
    for index in (paused - 1, paused, asked, sent):
        _, left = await panics(folder / str(index), index + 1)
        assert left == {}, done[index]


async def test_the_mode_a_person_had_chosen_before_is_the_one_that_is_returned_to(folder: Path, inbox: Inbox) -> None:
    async with market() as street:
        house = house_in(folder, street, inbox)
        async with at_work(house):
            await until(street, minutes(0.5))
            inbox.put("mode", "anna", street.clock.now(), argument="degraded")
            await until(street, minutes(1))
            put(folder)
            await until(street, minutes(1.2))
            (folder / "panic.flag").unlink()
            inbox.put("unpause", "anna", street.clock.now())
            await until(street, minutes(2))
            assert mode_of(house) is Mode.DEGRADED
            assert street.held == {}


@pytest.mark.parametrize(("name", "argument"), [("mode", "live"), ("keep", "")])
async def test_nothing_is_undone_while_the_file_lies_there(
    folder: Path, inbox: Inbox, name: str, argument: str
) -> None:
    async with market() as street:
        house = house_in(folder, street, inbox)
        async with at_work(house):
            await until(street, minutes(0.5))
            put(folder)
            number = inbox.put(name, "anna", street.clock.now(), argument=argument)
            await until(street, minutes(1.6))
            assert "a panic file lies there" in inbox.outcome(number)
            assert mode_of(house) is Mode.EMERGENCY and street.held == {}


async def test_where_nobody_can_tell_whether_there_is_a_file_nothing_is_undone_and_nothing_sold(
    folder: Path, inbox: Inbox
) -> None:
    async with market() as street:
        house = house_in(folder, street, inbox)
        async with at_work(house):
            await until(street, minutes(0.5))
            house.trading.house.panic = lambda: None
            number = inbox.put("unpause", "anna", street.clock.now())
            await until(street, minutes(1))
            assert "nobody can tell" in inbox.outcome(number)
            assert street.held == {11: 2, 12: 2} and mode_of(house) is Mode.LIVE
            assert not house.entries(CancelAsked)


# -- the command -------------------------------------------------------------------------------------------------------


async def test_the_command_waits_for_the_trader_and_tells_what_came_of_it(folder: Path) -> None:
    address = f"sqlite:///{folder / 'journal.db'}"
    async with market() as street:
        house = house_in(folder, street, pace_s=0.5)
        async with at_work(house):
            await until(street, minutes(0.5))
            head = panicking.head_of(address)
            put(folder)
            outcome = await panicking.awaited(address, head, street.clock)
            assert outcome.taken
            words = list(panicking.in_words(outcome, folder / "panic.flag"))
            assert words[0].startswith("the trader has taken it")
            assert words[1] == "every book is flat, and no order works"
            assert "unpause" in words[-1]
            again = await panicking.awaited(address, panicking.head_of(address), street.clock)
            assert again.taken and not again.open_books


async def test_the_command_tells_what_is_still_held_where_nobody_buys_it(folder: Path) -> None:
    address = f"sqlite:///{folder / 'journal.db'}"
    async with market() as street:
        house = house_in(folder, street, pace_s=0.5)
        async with at_work(house):
            await until(street, minutes(0.5))
            street.offers = {**street.offers, 11: (None, 10.02)}
            await until(street, minutes(0.8))
            head = panicking.head_of(address)
            put(folder)
            outcome = await panicking.awaited(address, head, street.clock)
            assert outcome.taken
            assert any("book holds 2 SPY 2026-01-30 600 C" in line for line in panicking.in_words(outcome, folder))


def run(state: Path, *words: str) -> Result:
    def loader(overrides):
        return load_config([f"state_dir={state}", *overrides], environment={})

    return CliRunner().invoke(cli.app, list(words), obj=loader)


def test_without_a_trader_the_command_says_so_and_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = folder / "paper"
    paper.mkdir()

    async def lived() -> None:
        async with market() as street:
            await house_in(paper, street).live_until(minutes(0.5))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(lived())
    monkeypatch.setattr(panicking, "PATIENCE_S", 0.0)
    ran = run(folder, "panic", "the screen is black")
    assert ran.exit_code == ExitCode.NEEDS_A_PERSON
    assert "no trader has taken it" in ran.stdout and "or do it in TWS" in ran.stdout
    assert "book holds 2 SPY 2026-01-30 600 C, 2 SPY 2026-01-30 600 P; works: no order" in ran.stdout
    assert "the screen is black" in (paper / "panic.flag").read_text()
    again = run(folder, "panic")
    assert "lies there already" in again.stdout and "the screen is black" in (paper / "panic.flag").read_text()


@pytest.mark.parametrize(("words", "where"), [((), "paper"), (("--both",), "")])
def test_the_file_lies_where_the_trader_looks(folder: Path, words: tuple[str, ...], where: str) -> None:
    (folder / "paper").mkdir()
    assert run(folder, "panic", *words).exit_code == ExitCode.NEEDS_A_PERSON
    assert [path.name for path in (folder / where).iterdir() if path.is_file()] == ["panic.flag"]
    assert SystemParameters(state_dir=folder).panic()


def test_a_folder_where_no_trader_ever_ran_is_taken_for_a_mistake(folder: Path) -> None:
    ran = run(folder / "elsewhere", "panic")
    assert isinstance(ran.exception, UserError) and "no trader has ever run here" in str(ran.exception)
    assert not (folder / "elsewhere").exists()
