"""Who looks at what: each book is told its contracts, lines are shared, and a scan holds nobody up."""

from datetime import timedelta

import pytest
from attrs import evolve
from chain_at_work import (
    CHAIN,
    FOREIGN,
    MONDAY,
    SELECTION,
    SPY,
    SUNDAY,
    at_home,
    at_work,
    behind_a_gateway,
    option,
)
from loguru import logger

from gamma_scalper.domain.entries import FlattenAsked, Halted, HaltLifted, Mode, ModeChanged, Paused, Unpaused
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.instruments import Combo, Leg
from gamma_scalper.domain.ports import Standing
from gamma_scalper.domain.quotes import DataType
from gamma_scalper.risk.governance import HOUSE
from gamma_scalper.risk.parameters import QuoteParameters

CALL, PUT = option("C", 620), option("P", 620)  # not what a scan would choose
STRADDLE = Combo([Leg(CALL, 1), Leg(PUT, 1)])


def ids(*contracts) -> set[int]:
    return {each.con_id for each in contracts}


def best_of(home, book: str = "spy") -> set[int]:
    shortlist = home.universe(book).shortlist
    return {leg.instrument.con_id for leg in shortlist.best.legs}


@pytest.fixture
def log():
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="WARNING", format="{message}")
    yield lines
    logger.remove(sink)


# -- a book that holds nothing -----------------------------------------------------------------------------------------


async def test_the_underlying_is_looked_at_first_and_then_the_best_straddle():
    async with at_work() as world, at_home(world) as home:
        await world.clock.sleep(0.05)
        first = home.universe()
        assert (first.underlying, first.options, first.shortlist) == (SPY, (), None)
        await home.after(5)
        found = home.universe()
        assert ids(*found.options) == best_of(home) and len(found.options) == 2
        assert "is the best of" in found.shortlist.why
        assert world.lines == {SPY.con_id} | best_of(home)
        await home.after(2)
        home.universe()
        assert home.inboxes["spy"].quoted == {SPY.con_id} | best_of(home), "its contracts' quotes, and no others"


async def test_the_chain_is_looked_through_again_every_so_often():
    async with at_work() as world, at_home(world) as home:
        looks = set()
        for _ in range(10):
            await home.after(10)
            looks.add(home.universe().shortlist.at)
    assert len(looks) in (4, 5), "a hundred seconds, one look in twenty"


async def test_nothing_that_passes_is_told_too_and_logged_once(log):
    async with at_work(open_interest=1) as world, at_home(world) as home:
        await home.after(50)
        shortlist = home.universe().shortlist
    assert shortlist.best is None and "open interest below 100" in shortlist.why
    assert len([line for line in log if "no straddle passes" in line]) == 1


async def test_a_shortlist_that_is_old_is_forgotten():
    """A book that was paused for long starts from a new look, not from an old one."""
    async with at_work() as world, at_home(world) as home:
        await home.after(5)
        before = home.universe().shortlist
        home.house.take_down("spy", Paused("lunch", "me"))
        await home.after(40)
        assert home.universe().shortlist == before
        await home.after(12)
        assert home.universe().shortlist is None and world.lines == {SPY.con_id}
        home.house.take_down("spy", Unpaused("me"))
        await home.after(5)
        assert home.universe().shortlist.at > before.at


# -- when it is not looked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("barred", "lifted"),
    [
        (Paused("lunch", "me"), Unpaused("me")),
        (Halted("ring ended", "a mistake"), HaltLifted("ring ended", "me")),
        (ModeChanged(Mode.OBSERVE, "to see", "me"), ModeChanged(Mode.LIVE, "seen", "me")),
    ],
)
@pytest.mark.parametrize("book", ["spy", HOUSE])
async def test_nothing_is_looked_for_that_would_not_be_bought(book, barred, lifted):
    async with at_work(counts=True) as world, at_home(world) as home:
        home.house.take_down(book, barred)
        await home.after(10)
        assert home.universe().shortlist is None and world.most_lines == 1
        home.house.take_down(book, lifted)
        await home.after(5)
        assert home.universe().shortlist is not None


async def test_a_closed_market_is_not_looked_through_until_it_opens():
    opens = MONDAY - timedelta(minutes=30)
    async with at_work(opens - timedelta(minutes=2), counts=True) as world, at_home(world) as home:
        await home.after(119)
        assert home.universe().shortlist is None and world.most_lines == 1
        await home.after(10)
        assert home.universe().shortlist.best is not None


async def test_nothing_is_looked_for_while_the_book_is_being_flattened():
    async with at_work() as world, at_home(world) as home:
        home.trades(SPY, 10)
        home.tell("spy", FlattenAsked(why="enough", by="me", within_s=600))
        await home.after(5)
        assert home.universe().shortlist is None


# -- a book with a position --------------------------------------------------------------------------------------------


async def test_a_book_that_holds_options_looks_at_these_and_for_no_others():
    async with at_work(counts=True) as world, at_home(world) as home:
        await home.after(5)
        assert home.universe().shortlist is not None
        home.trades(CALL, 2)
        home.trades(PUT, 2)
        await home.after(2)
        found = home.universe()
        assert ids(*found.options) == ids(CALL, PUT) and found.shortlist is None
        assert world.lines == ids(SPY, CALL, PUT)
        lines, world.most_lines = world.most_lines, 0
        await home.after(50)
        assert world.most_lines == 3 < lines, "and there was no further scan"


async def test_a_book_is_told_its_universe_only_when_it_has_changed():
    async with at_work() as world, at_home(world) as home:
        home.trades(CALL, 1)
        for _ in range(20):
            await home.after(1)
            home.universe()
        assert home.inboxes["spy"].universes == 1
        home.trades(PUT, 1)
        await home.after(2)
        home.universe()
        assert home.inboxes["spy"].universes == 2


async def test_once_it_is_flat_again_it_is_looked_at_once():
    async with at_work() as world, at_home(world, selection=evolve(SELECTION, rescan_s=3_600)) as home:
        await home.after(5)
        home.trades(CALL, 2)
        await home.after(5)
        home.trades(CALL, -2)
        sold_at = world.clock.now()
        await home.after(5)
        found = home.universe()
        assert found.shortlist.at > sold_at and CALL not in found.options


async def test_legs_of_a_living_order_are_looked_at_and_the_shortlist_stands_still():
    async with at_work() as world, at_home(world) as home:
        await home.after(5)
        before = home.universe().shortlist
        intent = home.orders(STRADDLE, 1)
        await home.after(70)
        found = home.universe()
        assert ids(*found.options) == ids(CALL, PUT) | best_of(home)
        assert found.shortlist == before, "an order was decided on it"
        home.dies(intent, Standing.CANCELLED)
        await home.after(5)
        assert home.universe().shortlist.at > before.at and CALL not in home.universe().options


async def test_a_half_filled_structure_keeps_both_legs_until_it_is_mended():
    async with at_work() as world, at_home(world) as home:
        intent = home.orders(STRADDLE, 1)
        home.fills(intent, CALL, 1)
        home.dies(intent, Standing.CANCELLED)
        assert home.house.states["spy"].repairing, "one leg lacks"
        await home.after(2)
        assert ids(*home.universe().options) == ids(CALL, PUT)
        assert ids(CALL, PUT) <= world.lines


async def test_options_on_something_else_are_quoted_for_the_desk_and_not_priced():
    async with at_work(chain=[*CHAIN, FOREIGN]) as world, at_home(world) as home:
        home.trades(FOREIGN, 1)
        await home.after(2)
        assert FOREIGN.con_id in world.lines
        assert home.universe().options == ()


# -- lines -------------------------------------------------------------------------------------------------------------


async def test_a_line_two_books_need_stays_open_until_the_last_lets_go():
    async with at_work() as world, at_home(world, ("nvda", "spy")) as home:
        home.trades(CALL, 1, "nvda")
        home.trades(CALL, 1, "spy")
        await home.after(3)
        home.trades(CALL, -1, "nvda")
        await home.after(3)
        assert CALL.con_id in world.lines and CALL in home.universe("spy").options
        assert CALL not in home.universe("nvda").options
        home.trades(CALL, -1, "spy")
        await home.after(3)
        assert CALL.con_id not in world.lines


async def test_what_is_held_gets_a_line_before_what_is_only_wanted():
    selection = evolve(SELECTION, lines=2, rescan_s=3_600)
    async with at_work(lines=4) as world, at_home(world, ("flat", "holds"), selection) as home:
        home.house.take_down("holds", Paused("no scans", "me"))
        await home.after(70)
        assert world.lines == {SPY.con_id} | best_of(home, "flat")
        home.trades(CALL, 1, "holds")
        home.trades(PUT, 1, "holds")
        await home.after(70)
        assert ids(SPY, CALL, PUT) <= world.lines and len(world.lines) == 4, "and one of the straddle's that is left"


async def test_what_no_broker_knows_any_more_costs_nobody_else_a_line(log):
    gone = evolve(CALL, con_id=999)
    async with at_work() as world, at_home(world, ("flat", "holds")) as home:
        home.trades(gone, 1, "holds")
        await home.after(5)
        wanted = best_of(home, "flat")
        for _ in range(70):
            await home.after(1)
            assert wanted <= world.lines
    assert len([line for line in log if "can't be looked at" in line]) == 1


async def test_a_refused_line_is_logged_once_and_asked_for_again_later(log):
    async with at_work(lines=2) as world, at_home(world) as home:
        home.house.take_down("spy", Paused("no scans", "me"))
        home.trades(CALL, 1)
        home.trades(PUT, 1)
        await home.after(70)
        assert len(world.lines) == 2
        assert len([line for line in log if "can't be looked at" in line]) == 1
        world.broker.seat.feed._most = 3  # another program has closed
        await home.after(61)
        assert world.lines == ids(SPY, CALL, PUT)


async def test_a_line_that_was_taken_and_then_refused_is_asked_for_again():
    """As the broker does it: beyond its number of lines the request is answered by an error."""
    async with behind_a_gateway(lines=2, chain=(CALL, PUT)) as world, at_home(world) as home:
        home.house.take_down("spy", Paused("no scans", "me"))
        home.trades(CALL, 1)
        home.trades(PUT, 1)
        await home.after(5)
        assert world.board.quote(CALL.con_id) is not None and world.board.quote(PUT.con_id) is None
        assert world.broker.feed.condition(PUT.con_id).frozen.startswith("101: ")
        home.trades(CALL, -1)
        await home.after(65)
        assert world.board.quote(PUT.con_id) is not None and not world.broker.feed.condition(PUT.con_id).frozen


# -- scans and the others ----------------------------------------------------------------------------------------------


async def test_a_slow_scan_does_not_hold_up_a_book_that_trades():
    slow = evolve(SELECTION, quotes_within_s=60)
    silent = [each.con_id for each in CHAIN if each not in (CALL, PUT)]
    async with at_work(silent=silent) as world, at_home(world, ("flat", "trades"), slow) as home:
        await home.after(10)
        assert len(world.lines) > 5, "the chain is being looked through"
        home.trades(CALL, 1, "trades")
        await home.after(1)
        assert CALL in home.universe("trades").options
        assert home.universe("flat").shortlist is None, "and the scan goes on"


async def test_a_scan_that_an_order_has_overtaken_changes_nothing():
    slow = evolve(SELECTION, quotes_within_s=20)
    async with at_work(silent=[each.con_id for each in CHAIN]) as world, at_home(world, selection=slow) as home:
        await home.after(5)
        home.orders(STRADDLE, 1)
        await home.after(30)
        assert home.universe().shortlist is None


async def test_trouble_in_a_scan_is_told_and_the_lookout_lives_on(log):
    async with at_work(silent=[SPY.con_id]) as world, at_home(world) as home:
        await home.after(10)
        assert "no quote of SPY within 5 s" in home.universe().shortlist.why
        world.silent.clear()
        await home.after(25)
        assert home.universe().shortlist.best is not None
    assert len([line for line in log if "no quote of SPY" in line]) == 1


# -- the first look ----------------------------------------------------------------------------------------------------


async def test_the_first_look_is_the_one_the_ring_starts_with():
    async with at_work() as world, at_home(world, runs=False) as home:
        shortlist = await home.lookout.first_look("spy")
        assert shortlist.best is not None
        await home.lookout.look()
        assert home.universe().shortlist == shortlist


async def test_the_first_look_waits_for_a_scan_that_goes_on_and_takes_what_it_found():
    """Of a chain in which one option is waited for in vain, five seconds long."""
    async with at_work(silent=[option("C", 590).con_id]) as world, at_home(world) as home:
        await world.clock.sleep(1)
        began = world.clock.now()
        shortlist = await home.lookout.first_look("spy")
        assert shortlist.best is not None
        assert 3 < (world.clock.now() - began).total_seconds() < 5, "it was not looked through twice"


async def test_trouble_of_a_scan_that_has_passed_is_no_reason_to_refuse_a_start():
    async with at_work(silent=[SPY.con_id]) as world, at_home(world) as home:
        await home.after(7)
        assert home.universe().shortlist.best is None
        world.silent.clear()
        world.quote([SPY.con_id])
        assert (await home.lookout.first_look("spy")).best is not None


@pytest.mark.parametrize("data_type", [DataType.DELAYED, DataType.FROZEN])
async def test_quotes_on_which_nothing_is_traded_need_a_person(data_type):
    async with at_work() as world, at_home(world, runs=False) as home:
        world.data_type = data_type
        world.quote([SPY.con_id])
        with pytest.raises(UserError, match=f"sends {data_type.name.lower()} quotes") as error:
            await home.lookout.first_look("spy")
        assert error.value.exit_code is ExitCode.NEEDS_A_PERSON
        practice = evolve(home.house.residents["spy"].risk, quotes=QuoteParameters(delayed=True))
        home.house.residents["spy"] = evolve(home.house.residents["spy"], risk=practice)
        assert (await home.lookout.first_look("spy")).best is not None


async def test_an_order_that_was_faster_than_the_first_look_is_no_reason_to_refuse_a_start():
    async with at_work() as world, at_home(world) as home:
        await home.after(3)
        listed = home.universe().shortlist
        home.orders(listed.best, 1)
        assert await home.lookout.first_look("spy") == listed


@pytest.mark.parametrize(
    ("start", "open_interest", "told"),
    [(SUNDAY, 500, "is closed, and it opens Mon"), (MONDAY, 1, "no straddle passes: 14 open interest below 100")],
)
async def test_a_start_that_would_be_pointless_is_refused(start, open_interest, told):
    async with at_work(start, open_interest=open_interest) as world, at_home(world, runs=False) as home:
        with pytest.raises(UserError, match=told) as error:
            await home.lookout.first_look("spy")
        assert error.value.exit_code is ExitCode.NOTHING_TRADABLE


@pytest.mark.parametrize("start", [SUNDAY, MONDAY])
async def test_a_book_with_a_position_or_orders_starts_whatever_the_chain_says(start):
    async with at_work(start, open_interest=1) as world, at_home(world, ("holds", "ordered"), runs=False) as home:
        home.trades(CALL, 1, "holds")
        home.orders(STRADDLE, 1, "ordered")
        for book in ("holds", "ordered"):
            assert (await home.lookout.first_look(book)).best is None
        await home.lookout.look()
        assert home.universe("holds").shortlist is None
